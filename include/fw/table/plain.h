/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Plain packets: a glance tells that the parser would find no fault in them. Most packets are plain. Where a packet's state
 * decides alone, nothing else of it has to be known.
 */
#ifndef FW_PLAIN_H
#define FW_PLAIN_H

#include "fw/table/packet.h"

/* So many bytes have to be readable, or all of a shorter packet. */
#define FW_PLAIN_BYTES 60

/* TCP without its options and UDP, of which @room bytes are there. */
static __always_inline int fw_l4_is_plain(const __u8 *l4, __u32 proto, __u32 room)
{
	__u32 header = (l4[offsetof(struct tcphdr, window) - 2] >> 4) * 4;

	if (proto == IPPROTO_UDP)
		return room >= sizeof(struct udphdr);
	return proto == IPPROTO_TCP && header >= sizeof(struct tcphdr) && header <= room;
}

/**
 * fw_ip_is_plain - is it TCP or UDP over IP without options, whole, and as long as its headers say?
 * @ip:        its first FW_PLAIN_BYTES; what is beyond a shorter packet has no meaning
 * @ethertype: ETH_P_IP or ETH_P_IPV6
 * @len:       of the whole packet
 *
 * Return: 1: fw_packet_parse() gives it no reason; 0: it may have one.
 */
static __always_inline int fw_ip_is_plain(const __u8 *ip, __u32 ethertype, __u32 len)
{
	__u32 header = ethertype == ETH_P_IP ? sizeof(struct iphdr) : sizeof(struct ipv6hdr), bytes;

	if (len < header + sizeof(struct tcphdr))
		return 0;
	if (ethertype == ETH_P_IP) {
		bytes = fw_get16(ip, struct iphdr, tot_len);
		return ip[0] == 0x45 && bytes >= header && bytes <= len &&
		       !(fw_get16(ip, struct iphdr, frag_off) & 0x3fff) &&
		       fw_l4_is_plain(ip + sizeof(struct iphdr), fw_get8(ip, struct iphdr, protocol), bytes - header);
	}
	bytes = fw_get16(ip, struct ipv6hdr, payload_len);
	return ip[0] >> 4 == 6 && bytes <= len - header &&
	       fw_l4_is_plain(ip + sizeof(struct ipv6hdr), fw_get8(ip, struct ipv6hdr, nexthdr), bytes);
}

#endif

/* SPDX-License-Identifier: GPL-2.0-only */
/* Fields that few rulesets name (FW_SOURCE_RARE). In BPF they are read by a call of their own, for rulesets that do. */
#ifndef FW_RARE_H
#define FW_RARE_H

#include "fw/table/headers.h"
#include "fw/table/options.h"

static __always_inline void fw_rare_mac(struct fw_key *key, const __u8 *mac)
{
	key->f[FW_F_MAC_HIGH] = (__u32)mac[0] << 16 | mac[1] << 8 | mac[2];
	key->f[FW_F_MAC_LOW] = (__u32)mac[3] << 16 | mac[4] << 8 | mac[5];
}

/* The frame's own fields: its type and who sent it. Without an Ethernet header a packet is the host's, as the kernel has it. */
static __always_inline void fw_rare_frame(struct fw_cursor c, const struct fw_meta *meta, struct fw_key *key)
{
	const __u8 *eth = meta->l3 ? NULL : fw_cursor_take(&c, ETH_HLEN);

	if (!(1u << (meta->hook & (FW_HOOK_ROWS - 1)) & FW_HOOKS_ARRIVED) || (!eth && !meta->l3))
		return;
	key->f[FW_F_PACKET_TYPE] = FW_PACKET_UNICAST;
	if (eth && eth[0] & 1)
		key->f[FW_F_PACKET_TYPE] = FW_PACKET_MULTICAST;
	if (eth && fw_load32(eth) == 0xffffffff && fw_load16(eth + 4) == 0xffff)
		key->f[FW_F_PACKET_TYPE] = FW_PACKET_BROADCAST;
	if (eth)
		fw_rare_mac(key, eth + ETH_ALEN);
}

static __always_inline void fw_rare_mark(struct fw_key *key)
{
	for (int i = 0; i < FW_MARK_BYTES; i++)
		key->f[FW_F_MARK_0 + i] = key->f[FW_F_MARK] >> 8 * i & 255;
}

/*
 * Moves to the IP header, which fw_packet_parse() has found: after the Ethernet header, and after that of a PPPoE session.
 * @scratch: a key that nobody reads.
 */
static __always_inline void fw_rare_to_network(struct fw_cursor *c, const struct fw_meta *meta, struct fw_key *scratch)
{
	const struct fw_meta untagged = { 0 };

	if (!meta->l3)
		fw_parse_ether(c, &untagged, scratch);
	fw_cursor_skip(c, 0);
	if (c->pos + 1 <= c->end && c->pos[0] == FW_PPPOE_BEGIN)
		fw_parse_pppoe(c, scratch);
	fw_cursor_skip(c, 0);
}

/* The options of an IPv4 header. 0, or -1: they cannot be read. */
static __always_inline int fw_rare_ip4(struct fw_cursor *c, struct fw_key *key, struct fw_options *o)
{
	const __u8 *ip = fw_cursor_take(c, sizeof(struct iphdr));
	__u32 bytes;

	if (!ip)
		return -1;
	bytes = (ip[0] & 15) * 4 - sizeof(struct iphdr);
	fw_cursor_skip(c, 0);
	if (fw_options_copy(c, bytes, o))
		return -1;
	key->f[FW_F_IP_OPTION] = fw_ip_options(o);
	fw_cursor_skip(c, bytes);
	return 0;
}

/* The header that follows, and the type of the first routing header. 0, or -1: the headers cannot be read. */
static __always_inline int fw_rare_ip6(struct fw_cursor *c, struct fw_key *key)
{
	const __u8 *ip = fw_cursor_take(c, sizeof(struct ipv6hdr)), *ext;
	__u8 type;

	if (!ip)
		return -1;
	type = fw_get8(ip, struct ipv6hdr, nexthdr);
	key->f[FW_F_NEXT_HEADER] = type;
	for (int i = 0; i < FW_EXT_HEADERS && fw_ext_kind[type]; i++) {
		ext = fw_cursor_take(c, 8);
		if (!ext)
			return -1;
		if (type == IPPROTO_ROUTING && key->f[FW_F_RT_TYPE] == FW_ABSENT_RT_TYPE)
			key->f[FW_F_RT_TYPE] = ext[2];
		if (type == IPPROTO_FRAGMENT && key->f[FW_F_FRAG] == FW_FRAG_LATER)
			return 0;
		fw_cursor_skip(c, (__u32)ext[1] << fw_ext_kind[type] & FW_EXT_MORE);
		type = ext[0];
	}
	return 0;
}

/* The options of a TCP header. 0, or -1: they cannot be read. */
static __always_inline int fw_rare_tcp(struct fw_cursor *c, struct fw_key *key, struct fw_options *o)
{
	const __u8 *tcp = fw_cursor_take(c, sizeof(struct tcphdr));
	__u32 bytes, options;

	if (!tcp)
		return -1;
	bytes = (tcp[offsetof(struct tcphdr, window) - 2] >> 4) * 4 - sizeof(struct tcphdr);
	fw_cursor_skip(c, 0);
	if (fw_options_copy(c, bytes, o))
		return -1;
	options = fw_tcp_options(o, bytes);
	key->f[FW_F_TCP_OPTION] = FW_TCP_OPTIONS_BITS(options);
	key->f[FW_F_MSS] = FW_TCP_OPTIONS_MSS(options);
	return 0;
}

/**
 * fw_packet_rare - the fields of FW_SOURCE_RARE of a packet that fw_packet_parse() has parsed
 * @c:       the beginning of the packet, as for fw_packet_parse()
 * @meta:    its hook, and whether it has an Ethernet header
 * @key:     of the packet; all rare fields are written
 * @scratch: overwritten, as is @o
 *
 * In BPF the packet is a copy in struct fw_cpu.
 * Return: 0, or -1: a part of the headers cannot be read, though the packet has it.
 */
static __always_inline int fw_packet_rare(struct fw_cursor *c, const struct fw_meta *meta, struct fw_key *key,
					  struct fw_key *scratch, struct fw_options *o)
{
#define FW_RARE_ABSENT(sym, kw, max, presence, layer, source, ...) \
	if (FW_SOURCE_##source == FW_SOURCE_RARE)                  \
		key->f[FW_F_##sym] = FW_ABSENT_##sym;
	FW_FIELDS(FW_RARE_ABSENT)
#undef FW_RARE_ABSENT
	fw_rare_mark(key);
	fw_rare_frame(*c, meta, key);
	if (key->reason != FW_R_NONE)
		return 0;
	fw_rare_to_network(c, meta, scratch);
	if (key->family == FW_IP4 ? fw_rare_ip4(c, key, o) : fw_rare_ip6(c, key))
		return -1;
	if (key->f[FW_F_PROTO] != IPPROTO_TCP || key->f[FW_F_FRAG] == FW_FRAG_LATER)
		return 0;
	return fw_rare_tcp(c, key, o);
}

#endif

/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The bytes of a reply: the link-layer headers of the packet, turned around, an IP header, and either a TCP segment, with the
 * numbers of RFC 9293 3.10.7.1, or an ICMP error. That quotes as much of the packet as the kernel's errors do: up to a length of
 * 576 bytes, RFC 1812 4.3.2.3, or 1,280 in ICMPv6, RFC 4443 2.4 (c).
 */
#ifndef FW_BPF_REPLY_MAKE_H
#define FW_BPF_REPLY_MAKE_H

#include "bpf/reply_sum.h"

#define REPLY_TTL 64
#define REPLY_DF 0x4000
#define REPLY_TOS 0x1e        /* bits that an ICMP error takes over, RFC 1812 4.3.2.5 */
#define REPLY_PRECEDENCE 0xc0 /* internetwork control, as it says */
#define REPLY_QUOTE4 (576 - sizeof(struct iphdr) - sizeof(struct fw_icmp))
#define REPLY_QUOTE6 (1280 - sizeof(struct ipv6hdr) - sizeof(struct fw_icmp))
_Static_assert(REPLY_IP + 1280 + SUM_CHUNK <= REPLY_FRAME, "replies have room");

#define REPLY_KINDS 8 /* a power of two */
_Static_assert(FW_NREJECTS <= REPLY_KINDS, "each kind has a row");

/* Type and code of the ICMP error of each kind. Not static, or else the compiler would put it where its BTF does not say. */
const struct {
	__u8 type, code;
} fw_reply_icmp[REPLY_KINDS][2] = {
#define FW_REPLY_ICMP(sym, word, type4, code4, type6, code6) { { type4, code4 }, { type6, code6 } },
	FW_REJECTS(FW_REPLY_ICMP)
#undef FW_REPLY_ICMP
};

/* The link-layer headers. 0, or -1: the frame was for a group, or they cannot be turned around. */
static __always_inline int fw_reply_link(const struct fw_rejected *p, struct fw_reply *r)
{
	__u64 bytes = r->network, start = REPLY_IP - bytes;
	__u8 *to, mac[ETH_ALEN];

	if (p->meta.l3)
		return bytes ? -1 : 0;
	if (!fw_is_between(&bytes, ETH_HLEN, REPLY_IP) || !fw_is_between(&start, 0, REPLY_IP))
		return -1;
	to = r->frame + start;
	if (fw_rejected_load(p, 0, to, bytes) || to[0] & 1)
		return -1;
	__builtin_memcpy(mac, to, ETH_ALEN);
	__builtin_memcpy(to, to + ETH_ALEN, ETH_ALEN);
	__builtin_memcpy(to + ETH_ALEN, mac, ETH_ALEN);
	return 0;
}

/* The IP header but for its length, and the sum of the addresses. 0, or -1: the packet's header has a wrong checksum. */
static __always_inline int fw_reply_ip4(const struct fw_rejected *p, struct fw_reply *r, int reset)
{
	struct iphdr *out = (struct iphdr *)(r->frame + REPLY_IP), in;

	if (fw_rejected_load(p, r->network, &in, sizeof(in)) ||
	    !fw_sum_right(p, r, r->network, r->transport - r->network, 0))
		return -1;
	*out = (struct iphdr){
		.version = 4,
		.ihl = sizeof(*out) / 4,
		.tos = reset ? 0 : (in.tos & REPLY_TOS) | REPLY_PRECEDENCE,
		.frag_off = bpf_htons(REPLY_DF),
		.ttl = REPLY_TTL,
		.protocol = reset ? IPPROTO_TCP : IPPROTO_ICMP,
		.saddr = in.daddr,
		.daddr = in.saddr,
	};
	r->sum = fw_sum_fold(fw_sum_add(&out->saddr, 2 * sizeof(out->saddr), 0));
	return 0;
}

static __always_inline int fw_reply_ip6(const struct fw_rejected *p, struct fw_reply *r, int reset)
{
	struct ipv6hdr *out = (struct ipv6hdr *)(r->frame + REPLY_IP), in;

	if (fw_rejected_load(p, r->network, &in, sizeof(in)))
		return -1;
	*out = (struct ipv6hdr){
		.version = 6,
		.nexthdr = reset ? IPPROTO_TCP : IPPROTO_ICMPV6,
		.hop_limit = REPLY_TTL,
		.saddr = in.daddr,
		.daddr = in.saddr,
	};
	r->sum = fw_sum_fold(fw_sum_add(&out->saddr, 2 * sizeof(out->saddr), 0));
	return 0;
}

/* The TCP segment, behind an IP header of @head bytes. Return: its bytes, or 0. */
static __always_inline __u32 fw_reply_reset(const struct fw_rejected *p, struct fw_reply *r, __u32 head)
{
	struct tcphdr *out = (struct tcphdr *)(r->frame + REPLY_IP + head), in;
	__u64 sum;

	if (fw_rejected_load(p, r->transport, &in, sizeof(in)))
		return 0;
	*out = (struct tcphdr){ .source = in.dest, .dest = in.source, .doff = sizeof(*out) / 4, .rst = 1 };
	if (in.ack) {
		out->seq = in.ack_seq;
	} else {
		out->ack = 1;
		out->ack_seq = bpf_htonl(bpf_ntohl(in.seq) + r->bytes - 4 * in.doff + in.syn + in.fin);
	}
	sum = fw_sum_pseudo(r->sum, IPPROTO_TCP, sizeof(*out));
	out->check = ~fw_sum_fold(fw_sum_add(out, sizeof(*out), sum));
	return sizeof(*out);
}

/* The sum of @bytes of the reply, which 0s follow, behind an IP header of @head bytes. */
static __always_inline __u64 fw_reply_sum(struct fw_reply *r, __u32 head, __u32 bytes, __u64 sum)
{
	for (__u32 at = 0; at < 3 * SUM_CHUNK && at < bytes; at += SUM_CHUNK) {
		__u64 n = bytes - at < SUM_CHUNK ? (bytes - at + 3) & ~3u : SUM_CHUNK;

		if (!fw_is_between(&n, 4, SUM_CHUNK))
			break;
		sum = fw_sum_add(r->frame + REPLY_IP + head + at, n, sum);
	}
	return sum;
}

/* The ICMP error and its quote, behind an IP header of @head bytes. Return: its bytes, or 0. */
static __always_inline __u32 fw_reply_error(const struct fw_rejected *p, struct fw_reply *r, __u32 head, __u32 most)
{
	struct fw_icmp *out = (struct fw_icmp *)(r->frame + REPLY_IP + head);
	__u64 quote = r->transport - r->network + r->bytes, kind = p->kind & (REPLY_KINDS - 1), sum = 0;
	int six = head != sizeof(struct iphdr);

	if (quote > most)
		quote = most;
	if (!fw_is_between(&quote, sizeof(struct iphdr), most) || fw_rejected_load(p, r->network, out + 1, quote))
		return 0;
	__builtin_memset((__u8 *)(out + 1) + quote, 0, 4);
	*out = (struct fw_icmp){ .type = fw_reply_icmp[kind][six].type, .code = fw_reply_icmp[kind][six].code };
	if (six)
		sum = fw_sum_pseudo(r->sum, IPPROTO_ICMPV6, sizeof(*out) + quote);
	out->check = ~fw_sum_fold(fw_reply_sum(r, head, sizeof(*out) + quote, sum));
	return sizeof(*out) + quote;
}

/* Enters the length of what follows the IP header wherever it belongs. */
static __always_inline void fw_reply_lengths(struct fw_reply *r, __u32 bytes)
{
	struct ipv6hdr *ip6 = (struct ipv6hdr *)(r->frame + REPLY_IP);
	struct iphdr *ip4 = (struct iphdr *)(r->frame + REPLY_IP);
	__u32 all = bytes + (r->key.family == FW_IP4 ? sizeof(*ip4) : sizeof(*ip6));

	if (r->key.family == FW_IP4) {
		ip4->tot_len = bpf_htons(all);
		ip4->check = ~fw_sum_fold(fw_sum_add(ip4, sizeof(*ip4), 0));
	} else {
		ip6->payload_len = bpf_htons(bytes);
	}
	if (r->pppoe) {
		__u64 behind = r->network - r->pppoe,
		      at = REPLY_IP - behind; /* the length, and one or two bytes of protocol */

		if (fw_is_between(&at, 0, REPLY_IP))
			*(__u16 *)(r->frame + at) = bpf_htons(behind - 2 + all);
	}
	r->len = r->network + all;
}

/* Makes a reply to a packet that was parsed and may be answered. 0, or -1: a checksum of it is wrong, or bytes cannot be read. */
static __always_inline int fw_reply_make(const struct fw_rejected *p, struct fw_reply *r, int reset)
{
	int six = r->key.family != FW_IP4;
	__u32 bytes;

	if ((six ? fw_reply_ip6(p, r, reset) : fw_reply_ip4(p, r, reset)) || !fw_sum_transport(p, r))
		return -1;
	if (reset)
		bytes = six ? fw_reply_reset(p, r, sizeof(struct ipv6hdr)) : fw_reply_reset(p, r, sizeof(struct iphdr));
	else
		bytes = six ? fw_reply_error(p, r, sizeof(struct ipv6hdr), REPLY_QUOTE6) :
			      fw_reply_error(p, r, sizeof(struct iphdr), REPLY_QUOTE4);
	if (!bytes)
		return -1;
	fw_reply_lengths(r, bytes);
	return 0;
}

#endif

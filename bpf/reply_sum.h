/* SPDX-License-Identifier: GPL-2.0-only */
/* Checksums, of the packet that is rejected and of the reply. RFC 1071. */
#ifndef FW_BPF_REPLY_SUM_H
#define FW_BPF_REPLY_SUM_H

#include "bpf/reply.h"

#define SUM_CHUNK 512u /* bytes that bpf_csum_diff() takes at once on every kernel */
#define SUM_CHUNKS ((FW_LENGTH_MAX + 1) / SUM_CHUNK)
#define SUM_RIGHT 0xffff /* a sum over bytes that include their right checksum */

/* A sum of 16-bit words as one, by one's complement. */
static __always_inline __u32 fw_sum_fold(__u64 sum)
{
	for (int i = 0; i < 4; i++)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

/* @sum and the sum of @bytes of memory, a multiple of 4, up to SUM_CHUNK. */
static __always_inline __u64 fw_sum_add(void *from, __u32 bytes, __u64 sum)
{
	return sum + fw_sum_fold((__u32)bpf_csum_diff(NULL, 0, from, bytes, 0));
}

/*
 * Adds up to SUM_CHUNK bytes of the frame to r->walk, with which it goes on. They are loaded into the reply, behind its IP header.
 * Return: 0, or -1 if that fails.
 */
static __always_inline int fw_sum_chunk(const struct fw_rejected *p, struct fw_reply *r)
{
	__u8 *to = r->frame + REPLY_IP + sizeof(struct ipv6hdr);
	__u64 n = FW_IN_MEMORY(r->walk.left);

	if (n > SUM_CHUNK)
		n = SUM_CHUNK;
	if (!fw_is_between(&n, 1, SUM_CHUNK) || fw_rejected_load(p, FW_IN_MEMORY(r->walk.at), to, n))
		return -1;
	__builtin_memset(to + n, 0, 4);
	r->walk.sum = fw_sum_add(to, (n + 3) & ~3ull, r->walk.sum);
	r->walk.at += n;
	r->walk.left -= n;
	return 0;
}

/* Adds what is left. */
static __always_inline int fw_sum_walk(const struct fw_rejected *p, struct fw_reply *r)
{
	if (!r)
		return 0;
	for (__u32 i = 0; i < SUM_CHUNKS && FW_IN_MEMORY(r->walk.left); i++)
		if (fw_sum_chunk(p, r))
			break;
	return 0;
}

FW_GLOBAL int fw_sum_walk_xdp(struct xdp_md *ctx, struct fw_reply *r)
{
	return fw_sum_walk(&(struct fw_rejected){ .ctx = ctx, .xdp = 1 }, r);
}

FW_GLOBAL int fw_sum_walk_skb(struct __sk_buff *skb, struct fw_reply *r)
{
	return fw_sum_walk(&(struct fw_rejected){ .ctx = skb }, r);
}

/* Is the sum of these bytes of the frame, and of @sum, that of bytes with a right checksum? */
static __always_inline int fw_sum_right(const struct fw_rejected *p, struct fw_reply *r, __u32 at, __u32 bytes,
					__u64 sum)
{
	r->walk = (struct fw_reply_walk){ .at = at, .left = bytes, .sum = sum };
	if (p->xdp)
		fw_sum_walk_xdp(p->ctx, r);
	else
		fw_sum_walk_skb(p->ctx, r);
	return !FW_IN_MEMORY(r->walk.left) && fw_sum_fold(FW_IN_MEMORY(r->walk.sum)) == SUM_RIGHT;
}

/* Where the header of a protocol has its checksum; -1: it is not examined. */
static __always_inline int fw_sum_offset(__u32 proto, __u32 family)
{
	if (proto == IPPROTO_TCP)
		return offsetof(struct tcphdr, check);
	if (proto == IPPROTO_UDP)
		return offsetof(struct udphdr, check);
	if (proto == (family == FW_IP4 ? IPPROTO_ICMP : IPPROTO_ICMPV6))
		return offsetof(struct fw_icmp, check);
	return -1;
}

/* The sum of a pseudo header, for addresses whose sum is @addresses. */
static __always_inline __u64 fw_sum_pseudo(__u32 addresses, __u32 proto, __u32 bytes)
{
	return (__u64)addresses + bpf_htons(proto) + bpf_htons(bytes >> 16) + bpf_htons(bytes & 0xffff);
}

/*
 * Is the checksum of the transport protocol right? It may be left to hardware, which then expects the sum of the pseudo header in
 * its place: packets of this machine have not passed any. What is fragmented cannot be told.
 */
static __always_inline int fw_sum_transport(const struct fw_rejected *p, struct fw_reply *r)
{
	int at = fw_sum_offset(r->proto, r->key.family);
	__u64 pseudo = 0;
	__u16 check;

	r->partial = 0;
	if (at < 0 || r->key.f[FW_F_FRAG] != FW_FRAG_NO)
		return 1;
	if (fw_rejected_load(p, r->transport + at, &check, sizeof(check)))
		return 0;
	if (r->proto == IPPROTO_UDP && !check)
		return r->key.family == FW_IP4;
	if (r->proto != IPPROTO_ICMP) {
		pseudo = fw_sum_pseudo(r->sum, r->proto, r->bytes);
		r->partial = check == fw_sum_fold(pseudo);
	}
	return r->partial || fw_sum_right(p, r, r->transport, r->bytes, pseudo);
}

#endif

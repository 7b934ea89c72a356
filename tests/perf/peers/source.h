/* SPDX-License-Identifier: GPL-2.0-only */
/* What the programs that know sources only share: the packet's source, and the keys of their tables. */
#ifndef FWBENCH_SOURCE_H
#define FWBENCH_SOURCE_H

#include <linux/types.h>

/* Of the trie, as the kernel wants it; and of the hash table. */
struct source_key {
	__u32 len;
	__be32 addr;
};
#define SOURCE_LENGTHS 33

#ifdef __bpf__
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <stdbool.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

/* The source of an IPv4 packet. */
static __always_inline bool source_of(const struct xdp_md *ctx, __be32 *out)
{
	const struct ethhdr *eth = (void *)(long)ctx->data;
	const struct iphdr *ip = (void *)(eth + 1);

	if ((void *)(ip + 1) > (void *)(long)ctx->data_end || eth->h_proto != bpf_htons(ETH_P_IP))
		return false;
	*out = ip->saddr;
	return true;
}
#endif

#endif

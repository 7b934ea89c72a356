// SPDX-License-Identifier: GPL-2.0-only
/* Nothing is faster: every packet is dropped unseen. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("xdp.frags")
int drop(struct xdp_md *ctx)
{
	return XDP_DROP;
}

char LICENSE[] SEC("license") = "GPL";

// SPDX-License-Identifier: GPL-2.0-only
/*
 * Feeds different packets to an XDP program under BPF_PROG_TEST_RUN: writes the
 * next header over the packet's bytes and tail-calls what is under test, or, for
 * the baseline, a program that does nothing.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#include "tests/perf/walk.h"

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct walk_header);
} headers SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 1);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, sizeof(__u32));
} under_test SEC(".maps");

__u32 next_header;
__u32 header_count;

SEC("xdp.frags")
int walk(struct xdp_md *ctx)
{
	__u64 *to = (void *)(long)ctx->data;
	__u32 at = next_header;
	struct walk_header *from = bpf_map_lookup_elem(&headers, &at);

	next_header = at + 1 < header_count ? at + 1 : 0;
	if (!from || (void *)to + sizeof(*from) > (void *)(long)ctx->data_end)
		return XDP_ABORTED;
	for (int i = 0; i < WALK_HEADER_WORDS; i++)
		to[i] = from->words[i];
	bpf_tail_call(ctx, &under_test, 0);
	return XDP_ABORTED;
}

SEC("xdp.frags")
int nothing(struct xdp_md *ctx)
{
	return XDP_DROP;
}

char LICENSE[] SEC("license") = "GPL";

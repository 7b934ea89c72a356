// SPDX-License-Identifier: GPL-2.0-only
/* Sources to drop, in the kernel's own trie of prefixes. */
#include "tests/perf/peers/source.h"

struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 1);
	__type(key, struct source_key);
	__type(value, __u32);
} blocked SEC(".maps");

SEC("xdp.frags")
int lpm(struct xdp_md *ctx)
{
	struct source_key key = { .len = 32 };

	if (source_of(ctx, &key.addr) && bpf_map_lookup_elem(&blocked, &key))
		return XDP_DROP;
	return XDP_PASS;
}

char LICENSE[] SEC("license") = "GPL";

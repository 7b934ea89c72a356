// SPDX-License-Identifier: GPL-2.0-only
/* Sources to drop, in a hash table of prefixes: one lookup for each length that occurs. */
#include "tests/perf/peers/source.h"

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__type(key, struct source_key);
	__type(value, __u32);
} blocked SEC(".maps");

/* The lengths, and how many there are. */
volatile const __u32 nlengths;
volatile const __u8 lengths[SOURCE_LENGTHS];

SEC("xdp.frags")
int hash(struct xdp_md *ctx)
{
	__be32 source;

	if (!source_of(ctx, &source))
		return XDP_PASS;
	for (__u32 i = 0; i < SOURCE_LENGTHS && i < nlengths; i++) {
		struct source_key key = { .len = lengths[i] };

		key.addr = source & bpf_htonl((__u32)(~0ull << (32 - (key.len & 63))));
		if (bpf_map_lookup_elem(&blocked, &key))
			return XDP_DROP;
	}
	return XDP_PASS;
}

char LICENSE[] SEC("license") = "GPL";

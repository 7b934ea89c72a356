/* SPDX-License-Identifier: GPL-2.0-only */
/* How many connections an address has: see fw/table/connections.h. */
#ifndef FW_BPF_CONNECTIONS_H
#define FW_BPF_CONNECTIONS_H

#include "fw/table/connections.h"

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, FW_CONNECTIONS_MAX);
	__type(key, struct fw_connections_key);
	__type(value, __u32);
} fw_connections SEC(".maps");

/* 0: fewer than any rule asks for. */
static __always_inline __u32 fw_connections_count(const struct fw_connections_key *key)
{
	__u32 *count = bpf_map_lookup_elem(&fw_connections, key);

	return count ? *count : 0;
}

#endif

/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What was sent lately: an address that a flood brings again and again is not worth an event for each packet. A table of hashes that
 * all CPUs share; two addresses with the same place displace each other, and then one is sent twice.
 */
#ifndef FW_BPF_RECENT_H
#define FW_BPF_RECENT_H

#include "bpf/cpu.h"

#include "fw/table/hash.h"

#define FW_RECENT 8192             /* places; a power of two */
#define FW_RECENT_UNIT 27          /* time is counted in 2^27 nanoseconds, 134 ms */
#define FW_RECENT_FOR 8            /* units, about a second */
#define FW_RECENT_TIME 0xffffffull /* bits of a place that hold the time; the others are of the hash */

struct fw_recent_table {
	__u64 place[FW_RECENT];
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct fw_recent_table);
} fw_recent_places SEC(".maps");

/*
 * Was the thing with this hash, of all that tells it apart from others, sent within the last second? If not, it counts as sent from
 * now on.
 */
static __always_inline int fw_recent(__u64 hash)
{
	__u64 now = fw_clock() >> FW_RECENT_UNIT & FW_RECENT_TIME, was;
	struct fw_recent_table *t;
	__u32 zero = 0;

	t = bpf_map_lookup_elem(&fw_recent_places, &zero);
	if (!t)
		return 0;
	was = t->place[hash & (FW_RECENT - 1)];
	if (was && !((was ^ hash) & ~FW_RECENT_TIME) && ((now - was) & FW_RECENT_TIME) < FW_RECENT_FOR)
		return 1;
	t->place[hash & (FW_RECENT - 1)] = (hash & ~FW_RECENT_TIME) | now;
	return 0;
}

#endif

/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The maps of the classifier, and the pool's accessor over map segments. User space creates the
 * inner maps; their sizes are those declared here.
 */
#ifndef FW_MAPS_H
#define FW_MAPS_H

#include "bpf/counters.h"

/* The pool: one value of FW_SEGMENT_BYTES per segment. */
/* clang-format off */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, FW_POOL_SEGMENTS);
	__type(key, __u32);
	__array(values, struct {
		__uint(type, BPF_MAP_TYPE_ARRAY);
		__uint(map_flags, BPF_F_MMAPABLE);
		__uint(max_entries, 1);
		__type(key, __u32);
		__uint(value_size, FW_SEGMENT_BYTES + FW_SLACK);
	});
} fw_pool SEC(".maps");
/* clang-format on */

/* CPU n has the states n and n + number of CPUs. User space sets max_entries. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, FW_CPU_STATES(1));
	__type(key, __u32);
	__type(value, struct fw_cpu);
} fw_cpus SEC(".maps");

/* Interface index -> number of its name in the ruleset. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 65536);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __u32);
	__type(value, __u32);
} fw_ifaces SEC(".maps");

struct fw_object {
	const __u8 *base; /* the segment */
	__u32 start;      /* the object's first byte in it */
};

static __always_inline const __u8 *fw_segment(__u32 line)
{
	__u32 index = line >> FW_SEGMENT_SHIFT, zero = 0;
	void *inner = bpf_map_lookup_elem(&fw_pool, &index);

	return inner ? bpf_map_lookup_elem(inner, &zero) : NULL;
}

static __always_inline struct fw_object fw_pool_object(__u32 line)
{
	return (struct fw_object){ fw_segment(line), (line & (FW_SEGMENT_LINES - 1)) * FW_LINE };
}

static __always_inline const void *fw_object_start(struct fw_object o)
{
	if (!o.base)
		return NULL;
	fw_opaque(o.base);
	return o.base + (o.start & (FW_SEGMENT_BYTES - FW_LINE));
}

static __always_inline const void *fw_pool_line(__u32 line)
{
	return fw_object_start(fw_pool_object(line));
}

static __always_inline __u32 fw_word32(struct fw_object o, __u32 offset)
{
	__u64 at = o.start + offset;

	fw_opaque(at);
	at &= FW_SEGMENT_BYTES - 4;
	return *(const __u32 *)(o.base + at);
}

static __always_inline __u64 fw_word64(struct fw_object o, __u32 offset)
{
	__u64 at = o.start + offset;

	fw_opaque(at);
	at &= FW_SEGMENT_BYTES - 8;
	return *(const __u64 *)(o.base + at);
}

#endif

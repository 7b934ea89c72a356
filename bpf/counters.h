/* SPDX-License-Identifier: GPL-2.0-only */
/* The maps of counters: the classifier writes them, the iterators print them. */
#ifndef FW_BPF_COUNTERS_H
#define FW_BPF_COUNTERS_H

#include "fw/table/format.h"
#include "fw/table/prog.h"

struct fw_counter_chunk {
	struct fw_counter counter[FW_COUNTER_CHUNK];
};

/* Column c of chunk n is at n * columns + c, see FW_COUNTER_COLUMNS(). User space sets max_entries. */
/* clang-format off */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, 1);
	__type(key, __u32);
	__array(values, struct {
		__uint(type, BPF_MAP_TYPE_ARRAY);
		__uint(map_flags, BPF_F_MMAPABLE);
		__uint(max_entries, 1);
		__type(key, __u32);
		__uint(value_size, sizeof(struct fw_counter_chunk));
	});
} fw_counters SEC(".maps");
/* clang-format on */

/* One table for each CPU. User space sets max_entries. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct fw_traffic_table);
} fw_traffic SEC(".maps");

/* Counter @counter of a column; NULL if there is no such column. */
static __always_inline struct fw_counter *fw_counter_at(__u32 counter, __u32 column, __u32 columns)
{
	__u32 index = (counter >> FW_COUNTER_CHUNK_SHIFT) * columns + column, zero = 0;
	void *inner = bpf_map_lookup_elem(&fw_counters, &index);
	struct fw_counter_chunk *chunk = inner ? bpf_map_lookup_elem(inner, &zero) : NULL;

	return chunk ? &chunk->counter[counter & (FW_COUNTER_CHUNK - 1)] : NULL;
}

#endif

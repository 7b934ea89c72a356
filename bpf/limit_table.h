/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The lines of limits per address for programs that must not touch a map with the kernel's locks: lines of their own, locked by a
 * word. Who holds the lock may be interrupted by a packet that wants it, so that must not wait for long.
 */
#ifndef FW_BPF_LIMIT_TABLE_H
#define FW_BPF_LIMIT_TABLE_H

#define FW_LIMIT_LOCK

#include "bpf/maps.h"

#include "fw/table/limit.h"

#define FW_LIMIT_TRIES 64

/* Without a type of its values, whose lock would be the kernel's. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, FW_LIMIT_LINES);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, sizeof(struct fw_limit_line));
} fw_table_limits SEC(".maps");

static __always_inline struct fw_limit_line *fw_limit_line_at(__u32 at)
{
	return bpf_map_lookup_elem(&fw_table_limits, &at);
}

/* 1: the line is locked. 0: others hold the lock. */
static __always_inline int fw_limit_lock(struct fw_limit_line *line)
{
	for (int i = 0; i < FW_LIMIT_TRIES; i++)
		if (!__sync_val_compare_and_swap(&line->lock.val, 0, 1))
			return 1;
	return 0;
}

static __always_inline void fw_limit_unlock(struct fw_limit_line *line)
{
	__sync_lock_test_and_set(&line->lock.val, 0);
}

#endif

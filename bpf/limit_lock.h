/* SPDX-License-Identifier: GPL-2.0-only */
/* The lines of limits per address, with the kernel's locks. */
#ifndef FW_BPF_LIMIT_LOCK_H
#define FW_BPF_LIMIT_LOCK_H

#include "bpf/maps.h"

#include "fw/table/limit.h"

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, FW_LIMIT_LINES);
	__type(key, __u32);
	__type(value, struct fw_limit_line);
} fw_limits SEC(".maps");

static __always_inline struct fw_limit_line *fw_limit_line_at(__u32 at)
{
	return bpf_map_lookup_elem(&fw_limits, &at);
}

/* 1: the line is locked. */
static __always_inline int fw_limit_lock(struct fw_limit_line *line)
{
	bpf_spin_lock(&line->lock);
	return 1;
}

static __always_inline void fw_limit_unlock(struct fw_limit_line *line)
{
	bpf_spin_unlock(&line->lock);
}

#endif

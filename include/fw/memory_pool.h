/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A pool in this process's memory, as fw/table/lookup.h asks for one of who includes it. fw_pool_base is set before each
 * lookup, since the shared code takes no pool argument.
 */
#ifndef FW_MEMORY_POOL_H
#define FW_MEMORY_POOL_H

#include "fw/table/format.h"

static _Thread_local const __u8 *fw_pool_base;

struct fw_object {
	const __u8 *base;
};

static __always_inline const void *fw_pool_line(__u32 line)
{
	return fw_pool_base + (__u64)line * FW_LINE;
}

static __always_inline struct fw_object fw_pool_object(__u32 line)
{
	return (struct fw_object){ fw_pool_line(line) };
}

static __always_inline const void *fw_object_start(struct fw_object o)
{
	return o.base;
}

/* Asked for conditions; set before each lookup. NULL: fw_action_quiet(). */
static _Thread_local int (*fw_pool_condition)(struct fw_cpu *cpu, const struct fw_action *a, __u32 what);

static __always_inline int fw_condition(struct fw_cpu *cpu, const struct fw_action *a, __u32 what)
{
	return fw_pool_condition ? fw_pool_condition(cpu, a, what) : fw_action_quiet(a);
}

static __always_inline __u32 fw_word32(struct fw_object o, __u32 offset)
{
	return *(const __u32 *)(o.base + offset);
}

static __always_inline __u64 fw_word64(struct fw_object o, __u32 offset)
{
	return *(const __u64 *)(o.base + offset);
}

#endif

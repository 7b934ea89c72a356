/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where the lookup continues after a match that skips other rules, as `return` skips the rest of its chain. Part of the lookup: see
 * lookup.h for what the includer provides.
 */
#ifndef FW_SKIP_H
#define FW_SKIP_H

#include "fw/table/bits.h"
#include "fw/table/format.h"

/* The floor after the match of cpu->hit; 0: the table does not know it. */
FW_GLOBAL __u64 fw_skip_floor(struct fw_cpu *cpu)
{
	struct fw_object o;
	__u32 rank, at = 0, step;

	if (!cpu)
		return 0;
	o = fw_pool_object(cpu->root.skips);
	if (!fw_object_start(o) || !cpu->root.skips)
		return 0;
	rank = FW_HIT_RANK(cpu->hit);
	step = sizeof(struct fw_skip) << (cpu->root.skip_steps & 31) >> 1;
	for (int i = 0; i < FW_SKIP_STEPS; i++) {
		if (step < sizeof(struct fw_skip))
			break;
		at += step & -(__u32)fw_sign((__u64)fw_word32(o, at + step - sizeof(struct fw_skip)) - rank);
		step >>= 1;
	}
	if (fw_word32(o, at) != rank)
		return 0;
	return FW_HIT((__u64)fw_word32(o, at + 4), 0, 0);
}

#endif

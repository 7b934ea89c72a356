/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The search of a block's bit vectors, and of a split for the block to search.
 * Part of the lookup: see lookup.h for what the includer provides.
 */
#ifndef FW_BLOCK_H
#define FW_BLOCK_H

#include "fw/table/bits.h"
#include "fw/table/format.h"

/*
 * The interval of a value: the number of ends below it. Ends are padded to a power of two with the largest value, so the
 * search needs no special case.
 */
static __always_inline __u32 fw_interval(struct fw_cpu *cpu, struct fw_object o, const struct fw_block_field *field,
					 __u64 value)
{
	/* Byte offsets; the search continues after the end at @at. */
	__u64 start = field->ends - 4, at = start, step = 4ull << (field->steps & 31) >> 1;

	for (int i = 0; i < FW_BLOCK_STEPS; i++) {
		if (step < 4)
			break;
		at += step & -fw_sign(fw_word32(o, at + step) - value);
		step >>= 1;
	}
	at = (at - start) >> 2;
	/* Through memory, so that the verifier treats searches of all lengths alike. */
	FW_IN_MEMORY(cpu->interval) = at;
	return FW_IN_MEMORY(cpu->interval);
}

/* The rules of word @w that match in every field. */
FW_GLOBAL __u64 fw_block_common(struct fw_cpu *cpu, __u32 line, __u32 w)
{
	struct fw_object o = fw_pool_object(line);
	const struct fw_block *b = fw_object_start(o);
	__u64 common = ~0ull;

	if (!cpu || !b)
		return 0;
	for (__u32 f = 0; f < FW_NFIELDS; f++) {
		if (f >= b->fields)
			break;
		__u64 below = cpu->vector[f] & ((1ull << (w & 63)) - 1);

		common &= fw_word64(o, cpu->words[f] + fw_popcount(below) * 8);
	}
	return common;
}

/*
 * Removes the rules below the floor from @common, whose bit i is rule @first + i of the block. If no field is compared, @common
 * has bits beyond the block's rules.
 */
FW_GLOBAL __u64 fw_block_above(struct fw_cpu *cpu, __u32 line, __u32 first, __u64 common)
{
	struct fw_object o = fw_pool_object(line);
	const struct fw_block *b = fw_object_start(o);

	if (!cpu || !b)
		return 0;
	for (int i = 0; i < 64; i++) {
		__u32 rule = first + fw_lowest_bit(common);

		if (!common || rule >= b->rules)
			return 0;
		if (fw_word64(o, b->hits + rule * 8) >= FW_IN_MEMORY(cpu->floor))
			break;
		common &= common - 1;
	}
	return common;
}

/*
 * A block of more than 64 rules: @words has a bit for each word in which every field has bits. The first word with a
 * bit common to all fields holds the first match, unless all of its matches are below the floor.
 */
FW_GLOBAL int fw_block_words(struct fw_cpu *cpu, __u32 line, __u64 words)
{
	struct fw_object o = fw_pool_object(line);
	const struct fw_block *b = fw_object_start(o);

	if (!cpu || !b)
		return -1;
	for (int i = 0; i < 64; i++) {
		if (!words)
			break;

		__u32 w = fw_lowest_bit(words);
		__u64 common = fw_block_common(cpu, line, w);

		if (common && cpu->floor)
			common = fw_block_above(cpu, line, w * 64, common);
		if (common) {
			cpu->hit = fw_min_hit(cpu->hit, fw_word64(o, b->hits + (w * 64 + fw_lowest_bit(common)) * 8));
			break;
		}
		words &= words - 1;
	}
	return 0;
}

/* Continues with the child of a split; its rest is appended to hits[]. */
static __always_inline __u64 fw_split_search(struct fw_cpu *cpu, __u64 child, __u64 rest)
{
	if (rest < cpu->hit) {
		__u32 n = cpu->nhits;

		cpu->hits[n & (FW_HITS - 1)] = rest;
		cpu->nhits = n + 1;
		cpu->second = fw_min_hit(cpu->second, rest);
	}
	return child;
}

/*
 * Stores the first match above the floor of a block in cpu->hit if its rank is lower. Returns the hit to continue with: that of
 * the block that follows.
 */
static __always_inline __u64 fw_block_search(struct fw_cpu *cpu, __u32 line)
{
	struct fw_object o = fw_pool_object(line);
	const struct fw_block *b = fw_object_start(o);
	__u64 common = ~0ull;

	if (!b)
		return FW_HIT_NONE;
	for (__u32 f = 0; f < FW_NFIELDS; f++) {
		if (f >= b->fields)
			break;

		const struct fw_block_field *field = &b->field[f];
		__u32 at = fw_interval(cpu, o, field, cpu->key.f[field->field & (FW_KEY_SLOTS - 1)]);
		__u64 vector = fw_word64(o, field->vectors + at * 8);

		cpu->vector[f] = vector;
		if (b->rules > 64)
			cpu->words[f] = fw_word32(o, field->words + at * 4);
		common &= vector;
	}
	if (b->rules > 64) {
		if (b->rules > FW_BLOCK_RULES)
			return fw_split_search(cpu, common, b->next);
		if (common)
			fw_block_words(cpu, line, common);
	} else {
		if (common && cpu->floor)
			common = fw_block_above(cpu, line, 0, common);
		if (common)
			cpu->hit = fw_min_hit(cpu->hit, fw_word64(o, b->hits + fw_lowest_bit(common) * 8));
	}
	return b->next;
}

FW_GLOBAL __u64 fw_block_more(struct fw_cpu *cpu, __u32 line)
{
	return cpu ? fw_block_search(cpu, line) : FW_HIT_NONE;
}

#endif

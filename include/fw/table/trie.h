/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The walk from an address to its class. Part of the lookup: see lookup.h for
 * what the includer provides.
 */
#ifndef FW_TRIE_H
#define FW_TRIE_H

#include "fw/table/trie_node.h"

/* The next reference of a node that is not a wide node, by the upper bits of @bits. */
static __always_inline __u32 fw_trie_node(const void *node, __u32 tag, __u64 bits)
{
	if (tag == FW_REF_RUNS32) {
		const struct fw_runs32 *r = node;

		return FW_READ(r->ref[fw_runs32_find(r, bits >> 32) & 7]);
	}
	if (tag == FW_REF_RUNS8) {
		const struct fw_runs8 *r = node;

		return FW_READ(r->ref[fw_runs8_find(r, bits >> 56) & 15]);
	}
	return FW_READ(((const __u32 *)node)[bits >> 56]);
}

/*
 * One step of a walk: from @ref, by the upper bits of @bits. A class is returned unchanged. 0 means that the tables are
 * inconsistent: line 0 of the pool never holds a class.
 */
static __always_inline __u32 fw_trie_step(__u32 ref, __u64 bits)
{
	__u32 tag = FW_REF_TAG(ref);
	const void *node;

	if (tag == FW_REF_CLASS)
		return ref;
	node = fw_pool_line(FW_REF_LINE(ref));
	if (tag == FW_REF_WIDE) {
		tag = FW_REF_RUNS32;
		node = node ? fw_pool_line(FW_REF_LINE(fw_trie_node(node, tag, bits))) : NULL;
	}
	return node ? fw_trie_node(node, tag, bits) : 0;
}

/* The first reference below the root, whose table is indexed by the upper 16 bits. */
static __always_inline __u32 fw_trie_root(__u32 line, __u64 bits)
{
	__u32 index = bits >> (64 - FW_TRIE_ROOT_BITS);
	const __u32 *row = fw_pool_line(line + index / (FW_LINE / 4));

	return row ? FW_READ(row[index % (FW_LINE / 4)]) : 0;
}

/* The classes of both addresses. The two walks advance together so that their cache misses overlap. */
static __always_inline void fw_walk_ip4(struct fw_cpu *cpu)
{
	/* Through memory, so that the verifier forgets which bits are 0. */
	const volatile struct fw_addr *src = &cpu->key.src, *dst = &cpu->key.dst;
	__u32 s = fw_trie_root(cpu->root.trie[0][FW_IP4], src->hi);
	__u32 d = fw_trie_root(cpu->root.trie[1][FW_IP4], dst->hi);

#pragma GCC unroll 2
	for (int bits = FW_TRIE_ROOT_BITS; bits < 32; bits += 8) {
		if (!(FW_REF_TAG(s) | FW_REF_TAG(d)))
			break;
		s = fw_trie_step(s, src->hi << bits);
		d = fw_trie_step(d, dst->hi << bits);
	}
	cpu->class_line[0] = FW_REF_LINE(s);
	cpu->class_line[1] = FW_REF_LINE(d);
}

/* Shifts an address in memory to the left. */
static __always_inline void fw_addr_shift(volatile struct fw_addr *a, __u32 bits)
{
	__u64 hi = a->hi, lo = a->lo;

	a->hi = hi << bits | lo >> (64 - bits);
	a->lo = lo << bits;
}

/* A step that consumes as many bits as its node examines: for 128 bits, jumps of 32 are worthwhile. */
static __always_inline __u32 fw_trie_step_on(__u32 ref, volatile struct fw_addr *rest)
{
	__u32 tag = FW_REF_TAG(ref), next = fw_trie_step(ref, rest->hi);

	if (tag == FW_REF_RUNS32 || tag == FW_REF_WIDE)
		fw_addr_shift(rest, 32);
	else
		fw_addr_shift(rest, 8);
	return next;
}

static __always_inline void fw_walk_ip6(struct fw_cpu *cpu)
{
	volatile struct fw_addr *rest = cpu->rest;
	__u32 s, d;

	rest[0].hi = cpu->key.src.hi;
	rest[0].lo = cpu->key.src.lo;
	rest[1].hi = cpu->key.dst.hi;
	rest[1].lo = cpu->key.dst.lo;
	s = fw_trie_root(cpu->root.trie[0][FW_IP6], rest[0].hi);
	d = fw_trie_root(cpu->root.trie[1][FW_IP6], rest[1].hi);
	fw_addr_shift(&rest[0], FW_TRIE_ROOT_BITS);
	fw_addr_shift(&rest[1], FW_TRIE_ROOT_BITS);
	for (int bits = FW_TRIE_ROOT_BITS; bits < 128; bits += 8) {
		if (!(FW_REF_TAG(s) | FW_REF_TAG(d)))
			break;
		s = fw_trie_step_on(s, &rest[0]);
		d = fw_trie_step_on(d, &rest[1]);
	}
	cpu->class_line[0] = FW_REF_LINE(s);
	cpu->class_line[1] = FW_REF_LINE(d);
}

static __always_inline void fw_walk(struct fw_cpu *cpu)
{
	if (cpu->key.family == FW_IP4) {
		fw_walk_ip4(cpu);
	} else if (cpu->key.family == FW_IP6) {
		fw_walk_ip6(cpu);
	} else {
		cpu->class_line[0] = cpu->root.trie[0][FW_FAMILY_NONE];
		cpu->class_line[1] = cpu->root.trie[1][FW_FAMILY_NONE];
	}
}

#endif

/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The walk from an address to its class. Part of the lookup: see lookup.h for
 * what the includer provides.
 */
#ifndef FW_TRIE_H
#define FW_TRIE_H

#include "fw/trie_node.h"

/* Moves bits out. The address is in memory, where the verifier forgets which bits are 0. IPv4 has none in @a->lo. */
static __always_inline void fw_addr_shift(volatile struct fw_addr *a, __u32 bits, int family)
{
	__u64 hi = a->hi, lo;

	if (family == FW_IP4) {
		a->hi = hi << bits;
		return;
	}
	lo = a->lo;
	a->hi = hi << bits | lo >> (64 - bits);
	a->lo = lo << bits;
}

/*
 * One step of a walk: @ref by the next bits of @rest, which move out. A class
 * stays as it is. 0 is line 0 of the pool, which holds no class, and means that the pool does not hold together.
 */
static __always_inline __u32 fw_trie_step(__u32 ref, volatile struct fw_addr *rest, int family)
{
	__u32 tag = FW_REF_TAG(ref);

	if (tag == FW_REF_CLASS)
		return ref;

	const void *node = fw_pool_line(FW_REF_LINE(ref));
	__u64 bits = rest->hi;

	if (!node)
		return 0;
	if (tag == FW_REF_RUNS32 || tag == FW_REF_SPLIT) {
		const struct fw_runs32 *r = node;

		ref = FW_READ(r->ref[fw_runs32_find(r, bits >> 32) & 7]);
		/* A split's nodes are all of runs of 32 bits; only an IPv6 walk goes on behind those. */
		if (family == FW_IP6 && tag == FW_REF_RUNS32)
			fw_addr_shift(rest, 32, family);
		return ref;
	}
	if (tag == FW_REF_RUNS8) {
		const struct fw_runs8 *r = node;

		ref = FW_READ(r->ref[fw_runs8_find(r, bits >> 56) & 15]);
	} else {
		const __u32 *table = node;

		ref = FW_READ(table[bits >> 56]);
	}
	fw_addr_shift(rest, 8, family);
	return ref;
}

/* The first reference below the root, whose table is indexed by the upper 16 bits. */
static __always_inline __u32 fw_trie_root(__u32 line, volatile struct fw_addr *rest, int family)
{
	__u32 index = rest->hi >> (64 - FW_TRIE_ROOT_BITS);
	const __u32 *row = fw_pool_line(line + index / (FW_LINE / 4));

	if (!row)
		return 0;
	fw_addr_shift(rest, FW_TRIE_ROOT_BITS, family);
	return FW_READ(row[index % (FW_LINE / 4)]);
}

/* Both addresses' classes; the two walks go in step, so that their cache misses overlap. */
static __always_inline void fw_walk_family(struct fw_cpu *cpu, int family, int steps)
{
	struct fw_addr *rest = cpu->rest;
	__u32 s, d;

	rest[0] = cpu->key.src;
	rest[1] = cpu->key.dst;
	s = fw_trie_root(cpu->root.trie[0][family], &rest[0], family);
	d = fw_trie_root(cpu->root.trie[1][family], &rest[1], family);
	for (int i = 0; i < steps; i++) {
		if (!(FW_REF_TAG(s) | FW_REF_TAG(d)))
			break;
		s = fw_trie_step(s, &rest[0], family);
		d = fw_trie_step(d, &rest[1], family);
	}
	cpu->class_line[0] = FW_REF_LINE(s);
	cpu->class_line[1] = FW_REF_LINE(d);
}

static __always_inline void fw_walk(struct fw_cpu *cpu)
{
	if (cpu->key.family == FW_IP4) {
		fw_walk_family(cpu, FW_IP4, FW_TRIE_STEPS4);
	} else if (cpu->key.family == FW_IP6) {
		fw_walk_family(cpu, FW_IP6, FW_TRIE_STEPS6);
	} else {
		cpu->class_line[0] = cpu->root.trie[0][FW_FAMILY_NONE];
		cpu->class_line[1] = cpu->root.trie[1][FW_FAMILY_NONE];
	}
}

#endif

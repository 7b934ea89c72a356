/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Addresses as numbers of 128 bits, IPv4 in the uppermost 32, and the spans of a
 * trie's references; how a node is taken apart. What the files that walk a trie share; private to lib/compile.
 */
#ifndef FW_TRIE_SPAN_H
#define FW_TRIE_SPAN_H

#include "fw/table/trie_node.h"
#include "lib/compile/tables.h"

typedef unsigned __int128 u128;

#define ALL_ONES (~(u128)0)

static inline u128 addr_wide(struct fw_addr a)
{
	return (u128)a.hi << 64 | a.lo;
}

/* The last address of a node's span, of which @depth bits are fixed. */
static inline u128 span_last(u128 base, unsigned depth)
{
	return depth >= 128 ? base : base | ALL_ONES >> depth;
}

/* @width bits of @a from bit @depth on. */
static inline uint32_t wide_bits(u128 a, unsigned depth, unsigned width)
{
	return (uint32_t)(a << depth >> (128 - width));
}

/* @value as the @width bits behind @depth. */
static inline u128 wide_value(uint32_t value, unsigned depth, unsigned width)
{
	return (u128)value << (128 - width) >> depth;
}

static inline uint32_t *trie_root(const struct fw_tables *t, int side, enum fw_family family)
{
	return fw_pool_ptr(t->heap.pool, t->root.trie[side][family]);
}

/* Where a class begins: what a node says, taken apart. */
struct flat {
	struct boundary *b;
	size_t n, cap;
	size_t nodes; /* taken apart */
	int err;
};

/* One more boundary; the class of the one before goes on. A failure is noted in @f->err. */
void trie_flat_put(struct flat *f, u128 start, uint32_t class);
/* What a reference says of its span, as the addresses at which the class changes. */
void trie_flatten(const struct fw_tables *t, struct flat *f, uint32_t ref, u128 base, unsigned depth);
/* The references of a node, which is no class: @n of them. */
uint32_t *trie_node_refs(const struct fw_tables *t, uint32_t ref, uint32_t *n);
/* A subtree is out of reach: its lines, and its references to classes. One that was not finished has references of 0. */
void trie_subtree_retire(struct fw_tables *t, int side, uint32_t ref);

#endif

/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Addresses as numbers of 128 bits (IPv4 in the uppermost 32), the spans of a trie's references, and taking nodes apart:
 * shared by the files that walk a trie, and private to them.
 */
#ifndef FW_TRIE_SPAN_H
#define FW_TRIE_SPAN_H

#include "address.h"
#include "fw/table/trie_node.h"

typedef unsigned __int128 u128;

#define ALL_ONES (~(u128)0)
#define TABLE8_LINES (256u * 4 / FW_LINE)

static inline u128 addr_wide(struct fw_addr a)
{
	return (u128)a.hi << 64 | a.lo;
}

/* @width bits of @a from bit @depth on. */
static inline uint32_t wide_bits(u128 a, unsigned depth, unsigned width)
{
	return (uint32_t)(a << depth >> (128 - width));
}

/* @value as the @width bits from bit @depth on. */
static inline u128 wide_value(uint32_t value, unsigned depth, unsigned width)
{
	return (u128)value << (128 - width) >> depth;
}

/* The addresses that a reference answers for: all whose first @depth bits are those of @base. */
struct trie_span {
	u128 base; /* the first of them */
	unsigned depth;
};

static inline u128 span_last(struct trie_span s)
{
	return s.depth >= 128 ? s.base : s.base | ALL_ONES >> s.depth;
}

/* The part of a span that has @value in its next @width bits. */
static inline struct trie_span span_below(struct trie_span s, uint32_t value, unsigned width)
{
	return (struct trie_span){ s.base | wide_value(value, s.depth, width), s.depth + width };
}

/* What a change of a range means for one reference. */
struct trie_scope {
	struct trie_span span; /* the reference's */
	u128 lo, hi;           /* the part of the range inside it, both included */
	unsigned bits;         /* of an address: 32 or 128 */
};

static inline bool scope_is_whole(const struct trie_scope *s)
{
	return s->lo == s->span.base && s->hi == span_last(s->span);
}

/* The same for a reference below, which has @value in the next @width bits. */
static inline struct trie_scope scope_below(const struct trie_scope *s, uint32_t value, unsigned width)
{
	struct trie_span span = span_below(s->span, value, width);
	u128 last = span_last(span);

	return (struct trie_scope){ span, s->lo > span.base ? s->lo : span.base, s->hi < last ? s->hi : last, s->bits };
}

/* The values of the next @width bits that the range begins and ends with. */
static inline uint32_t scope_first(const struct trie_scope *s, unsigned width)
{
	return wide_bits(s->lo, s->span.depth, width);
}
static inline uint32_t scope_end(const struct trie_scope *s, unsigned width)
{
	return wide_bits(s->hi, s->span.depth, width);
}

/* Of the root, whose references are told apart by the first FW_TRIE_ROOT_BITS bits. */
static inline struct trie_scope scope_of(struct trie_range r)
{
	return (struct trie_scope){ { 0, 0 }, r.lo, r.hi, r.family == FW_IP4 ? 32 : 128 };
}

static inline uint32_t *trie_root(const struct fw_tables *t, int side, enum fw_family family)
{
	return fw_pool_ptr(t->heap.pool, t->root.trie[side][family]);
}

/* trie_flat.c: nodes taken apart. */

/* The addresses at which the class changes, in ascending order. */
struct flat {
	const struct fw_tables *t;
	struct boundary *b;
	size_t n, cap;
	size_t nodes; /* taken apart */
	int err;
};

/* Appends a boundary, unless the class is that of the one before. A failure is noted in @f->err. */
void trie_flat_put(struct flat *f, u128 start, uint32_t class);
/* Appends the boundaries of what a reference leads to. */
void trie_flatten(struct flat *f, uint32_t ref, struct trie_span span);
/* The references of a node, which is not a class: @n of them. */
uint32_t *trie_node_refs(const struct fw_tables *t, uint32_t ref, uint32_t *n);
/* Retires an unreachable subtree: its lines, and its references to classes. References of 0 are skipped. */
void trie_subtree_retire(struct fw_tables *t, int side, uint32_t ref);

/* trie_span.c: a change of one reference, in place or in a copy of the trie. */

struct trie_editing {
	struct fw_tables *t;
	int side;
	const struct trie_delta *delta;
	/* The class that was changed last, and what it became: held while noted here, 0: none. */
	uint32_t from, to;
};

/* Forgets the class that was changed last. */
void trie_editing_end(struct trie_editing *e);
/* The class that the one at @line becomes. 0; -EAGAIN: it would be too full; -ENOMEM, -ENOSPC. */
int trie_class_edit(struct trie_editing *e, uint32_t line, uint32_t *out);
/* The class list without what the delta removes and with what it adds, in order. 0, or -EAGAIN: it would be too full. */
int trie_list_edit(struct class_list *list, const struct trie_delta *d);
/* What @ref becomes: a new subtree, or a class. Errors as of trie_class_edit(). */
int trie_span_write(struct trie_editing *e, uint32_t ref, const struct trie_scope *s, uint32_t *fresh);

#endif

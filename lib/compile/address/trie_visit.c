// SPDX-License-Identifier: GPL-2.0-only
/* A look at all classes that the addresses of a range have. */
#include "trie_span.h"

#define TABLE_PLACES 16 /* that a table of 256, copied as it is, counts as */

/* Calls @leaf for the class of each place under a reference that lies in the range, until it says no. */
struct visit {
	const struct fw_tables *t;
	u128 lo, hi;
	bool (*leaf)(struct visit *v, uint32_t line);
	struct trie_survey *sum;
	uint64_t limit;
	uint32_t identity;
	uint64_t bits;
};

static bool visit_ref(struct visit *v, uint32_t ref, u128 base, unsigned depth);

static bool visit_outside(const struct visit *v, u128 from, u128 to)
{
	return to < v->lo || from > v->hi;
}

/* @first: the value that the first run begins with. */
static bool visit_runs(struct visit *v, uint32_t ref, uint32_t first, u128 base, unsigned depth)
{
	const void *node = fw_pool_ptr(v->t->heap.pool, FW_REF_LINE(ref));
	const struct fw_runs32 *r32 = node;
	const struct fw_runs8 *r8 = node;
	unsigned width = FW_REF_TAG(ref) == FW_REF_RUNS8 ? 8 : 32, runs = width == 8 ? FW_RUNS8 : FW_RUNS32;
	uint32_t end = width == 8 ? 0xff : UINT32_MAX;

	for (unsigned i = 0; i < runs; i++) {
		uint32_t last = i == runs - 1 ? end : width == 8 ? r8->last[i] : r32->last[i];
		uint32_t below = width == 8 ? r8->ref[i] : r32->ref[i];
		u128 from = base | wide_value(first, depth, width);
		u128 to = span_last(base | wide_value(last, depth, width), depth + width);
		bool go = !visit_outside(v, from, to);

		if (go && FW_REF_TAG(ref) == FW_REF_WIDE)
			go = !visit_runs(v, below, first, base, depth);
		else if (go)
			go = !visit_ref(v, below, from, depth + width);
		if (go)
			return false;
		if (last == end)
			break;
		first = last + 1;
	}
	return true;
}

static bool visit_ref(struct visit *v, uint32_t ref, u128 base, unsigned depth)
{
	const uint32_t *table = fw_pool_ptr(v->t->heap.pool, FW_REF_LINE(ref));
	uint32_t last = 0;

	if (FW_REF_TAG(ref) == FW_REF_CLASS)
		return v->leaf(v, FW_REF_LINE(ref));
	if (FW_REF_TAG(ref) != FW_REF_TABLE8)
		return visit_runs(v, ref, 0, base, depth);
	for (uint32_t i = 0; i < 256; i++) {
		u128 from = base | wide_value(i, depth, 8);

		if (visit_outside(v, from, span_last(from, depth + 8)) ||
		    (table[i] == last && FW_REF_TAG(last) == FW_REF_CLASS))
			continue;
		last = table[i];
		if (!visit_ref(v, last, from, depth + 8))
			return false;
	}
	return true;
}

static void visit(struct visit *v, int side, struct trie_range r)
{
	const uint32_t *root = trie_root(v->t, side, r.family);

	v->lo = r.lo;
	v->hi = r.hi;
	for (uint32_t i = wide_bits(r.lo, 0, FW_TRIE_ROOT_BITS); i <= wide_bits(r.hi, 0, FW_TRIE_ROOT_BITS); i++)
		if (!visit_ref(v, root[i], wide_value(i, 0, FW_TRIE_ROOT_BITS), FW_TRIE_ROOT_BITS))
			return;
}

static bool leaf_survey(struct visit *v, uint32_t line)
{
	const struct fw_class *c = fw_pool_ptr(v->t->heap.pool, line);
	uint32_t n = (c->lines - 1u) * FW_CLASS_IDENTITIES + c[c->lines - 1].n;

	if (n > v->sum->identities_max)
		v->sum->identities_max = n;
	return ++v->sum->places <= v->limit;
}

void trie_survey(const struct fw_tables *t, int side, struct trie_range r, uint64_t limit, struct trie_survey *sum)
{
	struct visit v = { .t = t, .leaf = leaf_survey, .sum = sum, .limit = limit };

	visit(&v, side, r);
}

/* The places of a reference that a change of the range in a copy writes anew: those of the nodes that tables lead to. */
static void survey_copy(struct visit *v, uint32_t ref, u128 base, unsigned depth, u128 lo, u128 hi)
{
	const uint32_t *table = fw_pool_ptr(v->t->heap.pool, FW_REF_LINE(ref));

	if (FW_REF_TAG(ref) != FW_REF_TABLE8 || (lo == base && hi == span_last(base, depth))) {
		v->lo = base;
		v->hi = span_last(base, depth);
		visit_ref(v, ref, base, depth);
		return;
	}
	v->sum->places += TABLE_PLACES;
	for (uint32_t i = wide_bits(lo, depth, 8); i <= wide_bits(hi, depth, 8) && v->sum->places <= v->limit; i++) {
		u128 from = base | wide_value(i, depth, 8), to = span_last(from, depth + 8);

		survey_copy(v, table[i], from, depth + 8, lo > from ? lo : from, hi < to ? hi : to);
	}
}

void trie_copy_survey(const struct fw_tables *t, int side, struct trie_range r, uint64_t limit, struct trie_survey *sum)
{
	struct visit v = { .t = t, .leaf = leaf_survey, .sum = sum, .limit = limit };
	const uint32_t *root = trie_root(t, side, r.family);

	for (uint32_t i = wide_bits(r.lo, 0, FW_TRIE_ROOT_BITS);
	     i <= wide_bits(r.hi, 0, FW_TRIE_ROOT_BITS) && sum->places <= limit; i++) {
		u128 from = wide_value(i, 0, FW_TRIE_ROOT_BITS), to = span_last(from, FW_TRIE_ROOT_BITS);

		survey_copy(&v, root[i], from, FW_TRIE_ROOT_BITS, r.lo > from ? r.lo : from, r.hi < to ? r.hi : to);
	}
}

static bool leaf_sign(struct visit *v, uint32_t line)
{
	class_sign(v->t, line, v->identity, v->bits);
	return true;
}

void trie_sign(struct fw_tables *t, int side, struct trie_range r, uint32_t identity, uint64_t bits)
{
	struct visit v = { .t = t, .leaf = leaf_sign, .identity = identity, .bits = bits };

	visit(&v, side, r);
}

// SPDX-License-Identifier: GPL-2.0-only
/* Looks at the classes of all addresses in a range. */
#include "trie_span.h"

#define TABLE_PLACES 16 /* what copying a table of 256 counts as */

/* Calls @leaf for the class of each place under a reference that lies in the range, until it returns false. */
struct visit {
	const struct fw_tables *t;
	u128 lo, hi;
	bool (*leaf)(struct visit *v, uint32_t line);
	struct trie_survey *sum;
	uint64_t limit;
	uint32_t identity;
	uint64_t bits;
};

static bool visit_ref(struct visit *v, uint32_t ref, struct trie_span span);

static bool visit_outside(const struct visit *v, u128 from, u128 to)
{
	return to < v->lo || from > v->hi;
}

/* The runs of one node, or, of a wide node, of the nodes below it; @first: the value that the first run begins with. */
static bool visit_runs(struct visit *v, uint32_t ref, uint32_t first, struct trie_span span)
{
	const void *node = fw_pool_ptr(v->t->heap.pool, FW_REF_LINE(ref));
	const struct fw_runs32 *r32 = node;
	const struct fw_runs8 *r8 = node;
	unsigned width = FW_REF_TAG(ref) == FW_REF_RUNS8 ? 8 : 32, runs = width == 8 ? FW_RUNS8 : FW_RUNS32;
	uint32_t end = width == 8 ? 0xff : UINT32_MAX;

	for (unsigned i = 0; i < runs; i++) {
		uint32_t last = i == runs - 1 ? end : width == 8 ? r8->last[i] : r32->last[i];
		uint32_t below = width == 8 ? r8->ref[i] : r32->ref[i];
		struct trie_span from = span_below(span, first, width), to = span_below(span, last, width);
		bool stop = false;

		if (visit_outside(v, from.base, span_last(to)))
			;
		else if (FW_REF_TAG(ref) == FW_REF_WIDE)
			stop = !visit_runs(v, below, first, span);
		else
			stop = !visit_ref(v, below, from);
		if (stop)
			return false;
		if (last == end)
			break;
		first = last + 1;
	}
	return true;
}

static bool visit_ref(struct visit *v, uint32_t ref, struct trie_span span)
{
	const uint32_t *table = fw_pool_ptr(v->t->heap.pool, FW_REF_LINE(ref));
	uint32_t last = 0;

	if (FW_REF_TAG(ref) == FW_REF_CLASS)
		return v->leaf(v, FW_REF_LINE(ref));
	if (FW_REF_TAG(ref) != FW_REF_TABLE8)
		return visit_runs(v, ref, 0, span);
	for (uint32_t i = 0; i < 256; i++) {
		struct trie_span below = span_below(span, i, 8);

		if (visit_outside(v, below.base, span_last(below)) ||
		    (table[i] == last && FW_REF_TAG(last) == FW_REF_CLASS))
			continue;
		last = table[i];
		if (!visit_ref(v, last, below))
			return false;
	}
	return true;
}

static void visit(struct visit *v, int side, struct trie_range r)
{
	const uint32_t *root = trie_root(v->t, side, r.family);
	const struct trie_scope all = scope_of(r);

	v->lo = r.lo;
	v->hi = r.hi;
	for (uint32_t i = scope_first(&all, FW_TRIE_ROOT_BITS); i <= scope_end(&all, FW_TRIE_ROOT_BITS); i++)
		if (!visit_ref(v, root[i], span_below(all.span, i, FW_TRIE_ROOT_BITS)))
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

/* Counts the places that an update of the range in a copy would write: those of the nodes that tables lead to. */
static void survey_copy(struct visit *v, uint32_t ref, const struct trie_scope *s)
{
	const uint32_t *table = fw_pool_ptr(v->t->heap.pool, FW_REF_LINE(ref));

	if (FW_REF_TAG(ref) != FW_REF_TABLE8 || scope_is_whole(s)) {
		v->lo = s->span.base;
		v->hi = span_last(s->span);
		visit_ref(v, ref, s->span);
		return;
	}
	v->sum->places += TABLE_PLACES;
	for (uint32_t i = scope_first(s, 8); i <= scope_end(s, 8) && v->sum->places <= v->limit; i++) {
		const struct trie_scope below = scope_below(s, i, 8);

		survey_copy(v, table[i], &below);
	}
}

void trie_copy_survey(const struct fw_tables *t, int side, struct trie_range r, uint64_t limit, struct trie_survey *sum)
{
	struct visit v = { .t = t, .leaf = leaf_survey, .sum = sum, .limit = limit };
	const uint32_t *root = trie_root(t, side, r.family);
	const struct trie_scope all = scope_of(r);

	for (uint32_t i = scope_first(&all, FW_TRIE_ROOT_BITS);
	     i <= scope_end(&all, FW_TRIE_ROOT_BITS) && sum->places <= limit; i++) {
		const struct trie_scope below = scope_below(&all, i, FW_TRIE_ROOT_BITS);

		survey_copy(&v, root[i], &below);
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

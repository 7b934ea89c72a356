// SPDX-License-Identifier: GPL-2.0-only
/*
 * Ranks: numbers with gaps, ascending in the order of the rules, so that a rule
 * can be inserted between two others without changing them. When a gap is used up, the
 * rules nearby are spread evenly over the smallest aligned range of ranks that is
 * not yet dense: after Bender, Cole, Demaine, Farach-Colton and Zito, "Two
 * simplified algorithms for maintaining order in a list", ESA 2002.
 *
 * A range of 2^i ranks is dense from 2^(i * L / 30) rules on, where 2^30 is the
 * number of ranks and 2^L a bit more than the number of rules: small ranges may
 * be nearly full, the whole range never is. A rule then costs O(log n) new ranks
 * on the average of any sequence of insertions. A rule with several instances
 * takes as many ranks, and counts as so many rules.
 */
#include "lib/rule/internal.h"

#include "fw/table/format.h"

#define RANK_BITS 30

_Static_assert(FW_RANK_MAX < 1u << RANK_BITS, "ranks fit");

static uint32_t last_rank(const struct fw_rule *r)
{
	return r->inlined && r->inlined->n ? r->inlined->at[r->inlined->n - 1].instance.rank : r->rank;
}

bool fw_rank_between(const struct fw_rule *prev, const struct fw_rule *next, uint32_t *rank)
{
	uint32_t lo = prev ? last_rank(prev) : 0, hi = next ? next->rank : FW_RANK_MAX + 1, gap = hi - lo;

	if (gap < 2)
		return false;
	if (prev && !next && gap > FW_RANK_STEP)
		*rank = lo + FW_RANK_STEP;
	else if (next && !prev && gap > FW_RANK_STEP)
		*rank = hi - FW_RANK_STEP;
	else
		*rank = lo + gap / 2;
	return true;
}

void fw_rank_give(const struct fw_rank_window *w, struct fw_rule *r, uint32_t i)
{
	r->rank = fw_rank_of(w, i);
	for (uint32_t k = 0; r->inlined && k < r->inlined->n; k++)
		r->inlined->at[k].instance.rank = fw_rank_of(w, i + k);
}

void fw_rank_spread(struct fw_ruleset *rs)
{
	struct fw_rank_window w = { .lo = 1, .span = FW_RANK_MAX / 2 };
	uint32_t i = 0;

	for (const struct fw_rule *r = rs->first; r; r = r->next)
		w.n += fw_rule_ranks(r);
	for (struct fw_rule *r = rs->first; r; r = r->next) {
		fw_rank_give(&w, r, i);
		i += fw_rule_ranks(r);
	}
}

/* The rules from which on 2^@bits ranks are dense, in a ruleset of 2^@log rules. */
static uint64_t density(unsigned bits, unsigned log)
{
	uint64_t whole = 1ull << bits * log / RANK_BITS;

	return whole + whole * (bits * log % RANK_BITS) / RANK_BITS;
}

struct fw_rank_window fw_rank_window(const struct fw_ruleset *rs, struct fw_rule *prev, struct fw_rule *next,
				     uint32_t more)
{
	uint32_t at = prev ? prev->rank : next ? next->rank : 1;
	struct fw_rank_window w = { .more = more };
	uint64_t all = (rs->nrules > rs->ninstances ? rs->nrules : rs->ninstances) + more - 1;
	unsigned log = 2;

	while (log < RANK_BITS && all >> (log - 2))
		log++;
	for (unsigned bits = 1; bits <= RANK_BITS; bits++) {
		uint32_t hi = at | ((1u << bits) - 1);

		w.lo = at >> bits << bits;
		w.lo = w.lo ? w.lo : 1;
		hi = hi > FW_RANK_MAX ? FW_RANK_MAX : hi;
		w.span = hi - w.lo + 1;
		for (; prev && last_rank(prev) >= w.lo; prev = prev->prev, w.rules++)
			w.before += fw_rule_ranks(prev);
		for (; next && next->rank <= hi; next = next->next, w.rules++)
			w.n += fw_rule_ranks(next);
		if (w.before + w.n + more <= w.span && w.before + w.n + more <= density(bits, log))
			break;
	}
	w.n += w.before;
	w.first = prev ? prev->next : rs->first;
	return w;
}

uint32_t fw_rank_of(const struct fw_rank_window *w, uint32_t i)
{
	uint32_t n = w->n + w->more;

	return n ? w->lo + (uint32_t)((2ull * i + 1) * w->span / (2ull * n)) : w->lo;
}

uint32_t fw_rank_after(struct fw_ruleset *rs, struct fw_rule *prev)
{
	struct fw_rule *next = prev ? prev->next : rs->first, *r;
	struct fw_rank_window w;
	uint32_t rank = 0, i = 0;

	if (fw_rank_between(prev, next, &rank))
		return rank;
	if (!next) {
		fw_rank_spread(rs);
		fw_rank_between(prev, next, &rank);
		return rank;
	}
	w = fw_rank_window(rs, prev, next, 1);
	r = w.first;
	for (uint32_t k = 0; k < w.rules; k++, r = r->next) {
		fw_rank_give(&w, r, i < w.before ? i : i + 1);
		i += fw_rule_ranks(r);
	}
	return fw_rank_of(&w, w.before);
}

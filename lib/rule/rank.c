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
 * on the average of any sequence of insertions.
 */
#include "lib/rule/internal.h"

#include "fw/table/format.h"

#define RANK_BITS 30

_Static_assert(FW_RANK_MAX < 1u << RANK_BITS, "ranks fit");

bool fw_rank_between(const struct fw_rule *prev, const struct fw_rule *next, uint32_t *rank)
{
	uint32_t lo = prev ? prev->rank : 0, hi = next ? next->rank : FW_RANK_MAX + 1, gap = hi - lo;

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

void fw_rank_spread(struct fw_ruleset *rs)
{
	uint64_t i = 0;

	for (struct fw_rule *r = rs->first; r; r = r->next)
		r->rank = (uint32_t)(++i * (FW_RANK_MAX / 2) / (rs->nrules + 1));
}

/* The rules from which on 2^@bits ranks are dense, in a ruleset of 2^@log rules. */
static uint64_t density(unsigned bits, unsigned log)
{
	uint64_t whole = 1ull << bits * log / RANK_BITS;

	return whole + whole * (bits * log % RANK_BITS) / RANK_BITS;
}

struct fw_rank_window fw_rank_window(const struct fw_ruleset *rs, struct fw_rule *prev, struct fw_rule *next)
{
	uint32_t at = prev ? prev->rank : next ? next->rank : 1;
	struct fw_rank_window w = { .n = 0 };
	unsigned log = 2;

	while (log < RANK_BITS && rs->nrules >> (log - 2))
		log++;
	for (unsigned bits = 1; bits <= RANK_BITS; bits++) {
		uint32_t hi = at | ((1u << bits) - 1);

		w.lo = at >> bits << bits;
		w.lo = w.lo ? w.lo : 1;
		hi = hi > FW_RANK_MAX ? FW_RANK_MAX : hi;
		w.span = hi - w.lo + 1;
		for (; prev && prev->rank >= w.lo; prev = prev->prev, w.n++)
			w.before++;
		for (; next && next->rank <= hi; next = next->next)
			w.n++;
		if (w.n + 1 <= w.span && w.n + 1 <= density(bits, log))
			break;
	}
	w.first = prev ? prev->next : rs->first;
	return w;
}

uint32_t fw_rank_of(const struct fw_rank_window *w, uint32_t i)
{
	return w->lo + (uint32_t)((2ull * i + 1) * w->span / (2ull * (w->n + 1)));
}

uint32_t fw_rank_after(struct fw_ruleset *rs, struct fw_rule *prev)
{
	struct fw_rule *next = prev ? prev->next : rs->first, *r;
	struct fw_rank_window w;
	uint32_t rank;

	if (fw_rank_between(prev, next, &rank))
		return rank;
	if (!next) {
		fw_rank_spread(rs);
		fw_rank_between(prev, next, &rank);
		return rank;
	}
	w = fw_rank_window(rs, prev, next);
	r = w.first;
	for (uint32_t i = 0; i < w.n; i++, r = r->next)
		r->rank = fw_rank_of(&w, i < w.before ? i : i + 1);
	return fw_rank_of(&w, w.before);
}

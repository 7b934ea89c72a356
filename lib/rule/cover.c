// SPDX-License-Identifier: GPL-2.0-only
/*
 * Does one rule match every packet that another one matches? True only if that
 * is certain, whatever elements its sets may get: fields are compared one by one,
 * address expressions by their own ranges and by the names of their sets.
 */
#include "lib/rule/internal.h"

static bool ranges_cover(const struct fw_range *wide, size_t nwide, const struct fw_range *narrow, size_t n)
{
	for (size_t i = 0, k = 0; i < n; i++) {
		while (k < nwide && wide[k].hi < narrow[i].hi)
			k++;
		if (k == nwide || wide[k].lo > narrow[i].lo)
			return false;
	}
	return true;
}

/* A packet that @narrow matches has the field; without @narrow it may lack it. */
static bool match_covers(const struct fw_ruleset *rs, const struct fw_match *wide, const struct fw_match *narrow)
{
	fw_autofree struct fw_match *wider = NULL;
	fw_autofree struct fw_match *narrower = NULL;
	fw_autofree struct fw_range *a = NULL;
	fw_autofree struct fw_range *b = NULL;

	if (!narrow)
		return false;
	if (wide == narrow)
		return true;
	if (fw_match_widen(rs, wide, &wider) || fw_match_widen(rs, narrow, &narrower))
		return false;
	wide = wider ? wider : wide;
	narrow = narrower ? narrower : narrow;
	a = malloc(FW_MATCH_RANGES_MAX(wide) * sizeof(*a));
	b = malloc(FW_MATCH_RANGES_MAX(narrow) * sizeof(*b));
	return a && b && ranges_cover(a, fw_match_ranges(wide, a), b, fw_match_ranges(narrow, b));
}

static bool within(const struct fw_addr_range *r, const struct fw_addrs *a)
{
	size_t lo = 0, hi = a->nranges;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		const struct fw_addr_range *m = &a->ranges[mid];

		if (m->family < r->family || (m->family == r->family && fw_addr_cmp(m->hi, r->hi) < 0))
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo < a->nranges && a->ranges[lo].family == r->family && fw_addr_cmp(a->ranges[lo].lo, r->lo) <= 0;
}

/* Is the union of @inner's ranges and sets a part of @outer's? Whether both are negated makes no difference here. */
static bool union_covers(const struct fw_addrs *outer, const struct fw_addrs *inner)
{
	uint32_t k = 0;

	for (uint32_t i = 0; i < inner->nranges; i++)
		if (!within(&inner->ranges[i], outer))
			return false;
	for (uint32_t i = 0; i < inner->nsets; i++) {
		while (k < outer->nsets && outer->sets[k] < inner->sets[i])
			k++;
		if (k == outer->nsets || outer->sets[k] != inner->sets[i])
			return false;
	}
	return true;
}

static bool apart(const struct fw_addrs *a, const struct fw_addrs *b)
{
	uint32_t i = 0, k = 0;

	if (a->nsets || b->nsets)
		return false;
	while (i < a->nranges && k < b->nranges) {
		const struct fw_addr_range *x = &a->ranges[i], *y = &b->ranges[k];

		if (x->family < y->family || (x->family == y->family && fw_addr_cmp(x->hi, y->lo) < 0))
			i++;
		else if (y->family < x->family || fw_addr_cmp(y->hi, x->lo) < 0)
			k++;
		else
			return false;
	}
	return true;
}

static bool addrs_cover(const struct fw_ruleset *rs, uint32_t wide, uint32_t narrow)
{
	const struct fw_addrs *w = &rs->addrs[wide], *n = &rs->addrs[narrow];

	if (wide == narrow || wide == FW_ANY)
		return true;
	if (narrow == FW_ANY)
		return false;
	if (w->negated)
		return n->negated ? union_covers(n, w) : apart(w, n);
	return !n->negated && union_covers(w, n);
}

bool fw_rule_covers(const struct fw_ruleset *rs, const struct fw_rule *wide, const struct fw_rule *narrow)
{
	/* Frames that are not IP are matched only by rules that name an ethertype. */
	if (fw_rule_names_non_ip(narrow) && !fw_rule_names_non_ip(wide))
		return false;
	if (!addrs_cover(rs, wide->src, narrow->src) || !addrs_cover(rs, wide->dst, narrow->dst))
		return false;
	for (unsigned i = 0; i < wide->nmatches; i++)
		if (!match_covers(rs, wide->matches[i], fw_rule_match(narrow, wide->matches[i]->field)))
			return false;
	return true;
}

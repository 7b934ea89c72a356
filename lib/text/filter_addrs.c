// SPDX-License-Identifier: GPL-2.0-only
/* Addresses that a filter asks for, and an expression with sets of any size: what both hold, without a copy of the set. */
#include "lib/text/filter.h"

static bool overlap(const struct fw_addr_range *a, const struct fw_addr_range *b)
{
	return a->family == b->family && fw_addr_cmp(a->lo, b->hi) <= 0 && fw_addr_cmp(b->lo, a->hi) <= 0;
}

/* Some element of the union overlaps the range. */
static bool some_overlap(const struct fw_ruleset *rs, const struct fw_addrs *a, const struct fw_addr_range *r)
{
	for (uint32_t i = 0; i < a->nranges; i++)
		if (overlap(&a->ranges[i], r))
			return true;
	for (uint32_t s = 0; s < a->nsets; s++) {
		const struct fw_set *set = &rs->sets[a->sets[s]];
		size_t i, end;

		for (fw_set_near(set, r, &i, &end); i < end; i++)
			if (overlap(&set->elements[i], r))
				return true;
	}
	return false;
}

static bool reach(const struct fw_addr_range *element, const struct fw_addr_range *at, struct fw_addr *last)
{
	if (!overlap(element, at) || fw_addr_cmp(element->hi, *last) < 0)
		return false;
	*last = element->hi;
	return true;
}

/* Is the address @at->lo in the union? Then *last is the last one up to which the element goes that reaches farthest. */
static bool covers(const struct fw_ruleset *rs, const struct fw_addrs *a, const struct fw_addr_range *at,
		   struct fw_addr *last)
{
	const struct fw_addr_range point = { at->lo, at->lo, at->family };
	bool found = false;

	*last = at->lo;
	for (uint32_t i = 0; i < a->nranges; i++)
		found |= reach(&a->ranges[i], &point, last);
	for (uint32_t s = 0; s < a->nsets; s++) {
		const struct fw_set *set = &rs->sets[a->sets[s]];
		size_t i, end;

		for (fw_set_near(set, &point, &i, &end); i < end; i++)
			found |= reach(&set->elements[i], &point, last);
	}
	return found;
}

/* Some address of the range is outside of the union. */
static bool some_outside(const struct fw_ruleset *rs, const struct fw_addrs *a, struct fw_addr_range r)
{
	struct fw_addr last;

	while (covers(rs, a, &r, &last)) {
		if (fw_addr_cmp(last, r.hi) >= 0)
			return false;
		r.lo = fw_addr_next(r.family, last);
	}
	return true;
}

unsigned fw_filter_families(const struct fw_ruleset *rs, uint32_t number, const struct fw_addr_range *r, size_t n)
{
	const struct fw_addrs *a = &rs->addrs[number];
	unsigned families = 0;

	for (size_t i = 0; i < n; i++) {
		if (families & 1u << r[i].family)
			continue;
		if (number == FW_ANY || (a->negated ? some_outside(rs, a, r[i]) : some_overlap(rs, a, &r[i])))
			families |= 1u << r[i].family;
	}
	return families;
}

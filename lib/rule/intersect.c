// SPDX-License-Identifier: GPL-2.0-only
/*
 * What two matches, or two address expressions, have in common. Ranges are computed. Where sets are involved, whose elements
 * change, the address book gets an expression of its own: the addresses in both of two others.
 *
 *	10.0.0.0/8     and  10.1.0.0/16    10.1.0.0/16
 *	@office        and  10.0.0.0/8     both of @office, 10.0.0.0/8
 *	that           and  10.1.0.0/16    both of @office, 10.1.0.0/16
 *	not @bad       and  not @worse     not { @bad @worse }
 */
#include "lib/rule/internal.h"

static size_t values_and(const struct fw_range *a, size_t na, const struct fw_range *b, size_t nb, struct fw_range *out)
{
	size_t used = 0;

	for (size_t i = 0, k = 0; i < na && k < nb;) {
		struct fw_range r = { a[i].lo > b[k].lo ? a[i].lo : b[k].lo, a[i].hi < b[k].hi ? a[i].hi : b[k].hi };
		bool first = a[i].hi < b[k].hi;

		if (r.lo <= r.hi)
			out[used++] = r;
		i += first;
		k += !first;
	}
	return used;
}

/* A match on flags accepts single values, at most all 256. */
static size_t to_flags(const struct fw_range *r, size_t n, uint32_t all, struct fw_range *out)
{
	size_t used = 0;

	for (size_t i = 0; i < n; i++)
		for (uint32_t v = r[i].lo; v <= r[i].hi; v++)
			out[used++] = (struct fw_range){ all, v };
	return used;
}

static bool same_values(const struct fw_range *a, size_t na, const struct fw_range *b, size_t nb)
{
	return na == nb && !memcmp(a, b, na * sizeof(*a));
}

static int match_share(const struct fw_match *m, const struct fw_match **out)
{
	fw_blob_of(m)->refs++;
	*out = m;
	return 0;
}

/* Interns a match with these ranges of values. */
static int match_make(struct fw_ruleset *rs, uint8_t field, const struct fw_range *r, size_t n,
		      const struct fw_match **out)
{
	bool flags = fw_field_is_flags((enum fw_field)field);
	fw_autofree struct fw_match *m = malloc(sizeof(*m) + (flags ? 256 : n) * sizeof(*r));

	if (!m)
		return -ENOMEM;
	if (flags)
		n = to_flags(r, n, fw_field_info[field].max, m->r);
	else
		memcpy(m->r, r, n * sizeof(*r));
	if (n > UINT16_MAX)
		return -E2BIG;
	m->field = field;
	m->negated = 0;
	m->n = (uint16_t)n;
	*out = fw_intern(rs, m, sizeof(*m) + n * sizeof(*r));
	return *out ? 0 : -ENOMEM;
}

int fw_match_and(struct fw_ruleset *rs, const struct fw_match *a, const struct fw_match *b, const struct fw_match **out)
{
	size_t room_a = FW_MATCH_RANGES_MAX(a), room_b = FW_MATCH_RANGES_MAX(b), na, nb, n;
	fw_autofree struct fw_range *r = a == b ? NULL : malloc(2 * (room_a + room_b) * sizeof(*r));

	if (a == b)
		return match_share(a, out);
	if (!r)
		return -ENOMEM;

	struct fw_range *both = r + room_a + room_b;

	na = fw_match_ranges(a, r);
	nb = fw_match_ranges(b, r + room_a);
	n = values_and(r, na, r + room_a, nb, both);
	if (same_values(both, n, r, na))
		return match_share(a, out);
	if (same_values(both, n, r + room_a, nb))
		return match_share(b, out);
	*out = NULL;
	return n ? match_make(rs, a->field, both, n, out) : 0;
}

static int ranges_number(struct fw_ruleset *rs, const struct fw_addr_range *r, size_t n, uint32_t *out)
{
	if (!n) {
		*out = FW_NOWHERE;
		return 0;
	}
	return fw_ruleset_addrs(rs, r, n, NULL, 0, false, out);
}

/* Of expressions without sets. */
static int compute(struct fw_ruleset *rs, uint32_t a, uint32_t b, uint32_t *out)
{
	fw_autofree struct fw_addr_range *x = NULL;
	fw_autofree struct fw_addr_range *y = NULL;
	fw_autofree struct fw_addr_range *both = NULL;
	size_t nx, ny;
	int err = fw_addrs_ranges(&rs->book, a, &x, &nx);

	if (!err)
		err = fw_addrs_ranges(&rs->book, b, &y, &ny);
	both = err ? NULL : malloc((nx + ny + 1) * sizeof(*both));
	if (!both)
		return -ENOMEM;
	return ranges_number(rs, both, fw_addr_ranges_and(x, nx, y, ny, both), out);
}

/* Of two that are negated: outside both unions is outside their union. */
static int outside_both(struct fw_ruleset *rs, const struct fw_addrs *a, const struct fw_addrs *b, uint32_t *out)
{
	size_t nr = (size_t)a->nranges + b->nranges, ns = (size_t)a->nsets + b->nsets;
	fw_autofree struct fw_addr_range *r = malloc((nr + 1) * sizeof(*r));
	fw_autofree uint32_t *s = malloc((ns + 1) * sizeof(*s));

	if (!r || !s)
		return -ENOMEM;
	for (size_t i = 0; i < nr; i++)
		r[i] = i < a->nranges ? a->ranges[i] : b->ranges[i - a->nranges];
	for (size_t i = 0; i < ns; i++)
		s[i] = i < a->nsets ? a->sets[i] : b->sets[i - a->nsets];
	return fw_ruleset_addrs(rs, r, nr, s, ns, true, out);
}

/* An expression of its own, which refers to both. */
static int refer(struct fw_ruleset *rs, uint32_t first, uint32_t second, uint32_t *out)
{
	const struct fw_addrs *a = &rs->addrs[first], *b = &rs->addrs[second];
	size_t n = (size_t)a->nsets + b->nsets;
	fw_autofree uint32_t *s = malloc((n + 2) * sizeof(*s));
	struct fw_addrs both = { .both = 1, .sets = s };

	if (!s || n > FW_ADDRS_SETS_MAX)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++)
		s[i] = i < a->nsets ? a->sets[i] : b->sets[i - a->nsets];
	both.nsets = fw_u32_unique(s, n) & FW_ADDRS_SETS_MAX;
	s[both.nsets] = first < second ? first : second;
	s[both.nsets + 1] = first < second ? second : first;
	return fw_addrs_number(rs, both, out);
}

/* One and the same, or without another expression that refers to both? */
static bool folds(const struct fw_ruleset *rs, uint32_t number, uint32_t into)
{
	const struct fw_addrs *a = &rs->addrs[number], *b = &rs->addrs[into];

	if (b->both)
		return folds(rs, number, fw_addrs_part(b, 0)) || folds(rs, number, fw_addrs_part(b, 1));
	return number == into || (!a->nsets && !b->nsets) || (a->negated && b->negated);
}

/* In @a, in @b and in @c: of these, two fold. */
static int three(struct fw_ruleset *rs, uint32_t a, uint32_t b, uint32_t c, uint32_t *out)
{
	uint32_t step;
	int err = fw_ruleset_addrs_and(rs, a, b, &step);

	if (err || step == FW_NOWHERE) {
		*out = FW_NOWHERE;
		return err;
	}
	err = fw_ruleset_addrs_and(rs, step, c, out);
	if (*out != step)
		fw_addrs_put(rs, step);
	return err;
}

/* @a is no expression of both of two. */
static int into_both(struct fw_ruleset *rs, uint32_t a, uint32_t b, uint32_t *out)
{
	uint32_t first = fw_addrs_part(&rs->addrs[b], 0), second = fw_addrs_part(&rs->addrs[b], 1);

	if (folds(rs, a, first))
		return three(rs, a, first, second, out);
	if (folds(rs, a, second))
		return three(rs, a, second, first, out);
	return refer(rs, a, b, out);
}

int fw_ruleset_addrs_and(struct fw_ruleset *rs, uint32_t a, uint32_t b, uint32_t *out)
{
	const struct fw_addrs *x = &rs->addrs[a], *y = &rs->addrs[b];

	*out = a == FW_ANY ? b : a;
	if (a == b || a == FW_ANY || b == FW_ANY)
		return 0;
	if (x->both && y->both)
		return three(rs, a, fw_addrs_part(y, 0), fw_addrs_part(y, 1), out);
	if (y->both)
		return into_both(rs, a, b, out);
	if (x->both)
		return into_both(rs, b, a, out);
	if (!x->nsets && !y->nsets)
		return compute(rs, a, b, out);
	if (x->negated && y->negated)
		return outside_both(rs, x, y, out);
	return refer(rs, a, b, out);
}

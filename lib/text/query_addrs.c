// SPDX-License-Identifier: GPL-2.0-only
/*
 * Addresses that a query asks for, and an expression with sets of any size: what
 * both hold, without a copy of the set. Both are in order, so they are looked
 * through side by side, and each is searched for the next place where the other
 * one has something: a few comparisons for each element of the shorter one.
 *
 *	query      10.0.0.0/8                     10.3.0.0/16   192.0.2.1
 *	set         10.1.0.0/16, 10.1.2.3, ...     198.51.100.1
 *
 * Elements of a set may lie within each other, so what begins before an address
 * may reach beyond it: elements are looked at from the first that could, once,
 * and the farthest end of them is kept. Each list is passed once at most.
 *
 * That may take long. A comparison can be interrupted anywhere and resumed, even
 * if sets have changed in between. The result of a long one is kept, so that
 * later rules with the same expression do not repeat it.
 */
#include "lib/text/query.h"

#define SMALL 16      /* ranges of an expression that is compared at once, whatever work is left */
#define KNOWN 1024    /* results that are kept */
#define KNOWN_COST 64 /* comparisons that are worth it */

typedef unsigned __int128 u128;

void fw_query_side_init(struct fw_query_side *s, struct fw_addr_range *r, size_t n)
{
	s->r = r;
	s->n = n;
	for (size_t i = 0; i < n; i++)
		s->families |= 1u << r[i].family;
}

void fw_query_side_free(struct fw_query_side *s)
{
	free(s->r);
	free(s->known);
	free(s->walk.parts);
}

/* Keys are those of expressions, 2 * number, and of sets, 2 * number + 1. A row: key + 1 above four bits of result. */
static uint64_t *known_at(const struct fw_query_side *s, uint64_t key)
{
	size_t at = fw_mix64(key) % KNOWN;

	while (s->known[at] && s->known[at] >> 4 != key + 1)
		at = (at + 1) % KNOWN;
	return &s->known[at];
}

static bool known_get(struct fw_query_side *s, const struct fw_ruleset *rs, uint64_t key, unsigned *families)
{
	const uint64_t *row = s->known && s->recycled == rs->recycled ? known_at(s, key) : NULL;

	if (!row || !*row)
		return false;
	*families = *row & 15;
	return true;
}

static void known_put(struct fw_query_side *s, const struct fw_ruleset *rs, uint64_t key, unsigned families)
{
	if (s->recycled != rs->recycled || s->nknown >= KNOWN / 4 * 3) {
		memset(s->known, 0, KNOWN * sizeof(*s->known));
		s->nknown = 0;
	}
	s->recycled = rs->recycled;
	s->nknown++;
	*known_at(s, key) = (key + 1) << 4 | families;
}

static int place_cmp(const struct fw_addr_range *r, bool by_end, unsigned family, struct fw_addr a)
{
	return r->family != family ? (int)r->family - (int)family : fw_addr_cmp(by_end ? r->hi : r->lo, a);
}

/*
 * The first of the ranges from @from on that begins (@by_end: ends) at or after @a. Steps double, so that near ranges are
 * found fast. With @by_end the ranges must be disjoint.
 */
static size_t seek(const struct fw_addr_range *r, size_t n, size_t from, bool by_end, unsigned family, struct fw_addr a,
		   int64_t *work)
{
	size_t step = 1, end = from;

	while (end < n && place_cmp(&r[end], by_end, family, a) < 0) {
		from = end + 1;
		end = end + step < n ? end + step : n;
		step *= 2;
		--*work;
	}
	while (from < end) {
		size_t mid = from + (end - from) / 2;

		if (place_cmp(&r[mid], by_end, family, a) < 0)
			from = mid + 1;
		else
			end = mid;
		--*work;
	}
	--*work;
	return from;
}

/* A list of an expression's union: its own ranges, which are disjoint, or a set. */
struct list {
	const struct fw_addr_range *r;
	size_t n;
	uint8_t width; /* no element reaches 2^width addresses or more beyond its first; 0 and disjoint: see seek() */
	bool disjoint;
};

static size_t count_lists(const struct fw_addrs *a)
{
	return (a->nranges != 0) + a->nsets;
}

static struct list list_of(const struct fw_ruleset *rs, const struct fw_addrs *a, size_t part)
{
	const struct fw_set *set;

	if (a->nranges && !part)
		return (struct list){ a->ranges, a->nranges, 0, true };
	set = &rs->sets[a->sets[part - (a->nranges != 0)]];
	return (struct list){ set->elements, set->n, set->width, false };
}

static u128 wide(struct fw_addr a)
{
	return (u128)a.hi << 64 | a.lo;
}

/* The first element that may hold @at or begins after it. */
static size_t seek_near(const struct list *l, size_t from, unsigned family, struct fw_addr at, int64_t *work)
{
	u128 span = l->width < 128 ? ((u128)1 << l->width) - 1 : ~(u128)0;
	u128 first = wide(at) > span ? wide(at) - span : 0;

	if (l->disjoint)
		return seek(l->r, l->n, from, true, family, at, work);
	return seek(l->r, l->n, from, false, family, (struct fw_addr){ (uint64_t)(first >> 64), (uint64_t)first },
		    work);
}

/* The next address; false: it is the last of its family. */
static bool step_behind(unsigned family, struct fw_addr *a)
{
	if (!fw_addr_cmp(*a, fw_addr_last((enum fw_family)family)))
		return false;
	*a = fw_addr_next((enum fw_family)family, *a);
	return true;
}

/* The first range that ends (of a list that is not disjoint: begins) after @a, or is of the next family. */
static size_t seek_behind(const struct fw_addr_range *r, size_t n, size_t from, bool by_end, unsigned family,
			  struct fw_addr a, int64_t *work)
{
	if (step_behind(family, &a))
		return seek(r, n, from, by_end, family, a, work);
	return seek(r, n, from, by_end, family + 1, (struct fw_addr){ 0 }, work);
}

/* Of elements that begin at the same address the last one reaches farthest. */
static void look_at_next(struct fw_part *p, const struct list *l, unsigned family, int64_t *work)
{
	const struct fw_addr lo = l->r[p->next].lo;
	const struct fw_addr_range *e;

	p->next = seek_behind(l->r, l->n, p->next, false, family, lo, work);
	e = &l->r[p->next - 1];
	if (!p->any || fw_addr_cmp(p->last, e->hi) < 0)
		p->last = e->hi;
	p->any = true;
	p->seen = lo;
	step_behind(family, &p->seen);
}

/* Looks at the elements that begin at @at or before it: 0; -EAGAIN: at some of them. */
static int look(struct fw_part *p, const struct list *l, unsigned round, unsigned family, struct fw_addr at,
		int64_t *work)
{
	if (p->family != family)
		*p = (struct fw_part){ .family = family, .round = round - 1 }; /* from its first element */
	if (p->round != round)
		p->next = seek(l->r, l->n, 0, false, family, p->seen, work);
	p->round = round;
	p->next = seek_near(l, p->next, family, at, work);
	while (p->next < l->n && place_cmp(&l->r[p->next], false, family, at) <= 0) {
		look_at_next(p, l, family, work);
		if (*work < 0)
			return -EAGAIN;
	}
	return 0;
}

static bool reaches(const struct fw_part *p, struct fw_addr at)
{
	return p->any && fw_addr_cmp(p->last, at) >= 0;
}

/* What a list and the ranges have in common, on from where the walk is. 0 or -EAGAIN. */
static int meet_list(const struct fw_query_side *s, struct fw_walk *w, const struct list *l, int64_t *work)
{
	struct fw_part *p = &w->parts[0];

	while (w->i < s->n) {
		const struct fw_addr_range *r = &s->r[w->i], *e;
		int err = look(p, l, w->round, r->family, r->lo, work);

		if (err)
			return err;
		e = p->next < l->n && l->r[p->next].family == r->family ? &l->r[p->next] : NULL;
		if (reaches(p, r->lo) || (e && fw_addr_cmp(e->lo, r->hi) <= 0))
			w->list_families |= 1u << r->family;
		if (!e || w->list_families & 1u << r->family)
			w->i = seek(s->r, s->n, w->i, true, r->family + 1u, (struct fw_addr){ 0 }, work);
		else
			w->i = seek(s->r, s->n, w->i, true, r->family, e->lo, work);
		if (*work < 0 && w->i < s->n)
			return -EAGAIN;
	}
	return 0;
}

/* On with the next list of the expression. */
static void list_over(struct fw_walk *w)
{
	w->families |= w->list_families;
	w->list_families = 0;
	w->list_cost = 0;
	w->i = 0;
	w->parts[0] = (struct fw_part){ .round = 0 };
	w->part++;
}

/* One list after another, of which a set may be known. */
static int meet(struct fw_query_side *s, const struct fw_ruleset *rs, const struct fw_addrs *a, int64_t *work)
{
	struct fw_walk *w = &s->walk;

	while (w->part < count_lists(a) && w->families != s->families) {
		bool is_set = w->part || !a->nranges;
		uint64_t key = is_set ? 2ull * a->sets[w->part - (a->nranges != 0)] + 1 : 0;

		if (!is_set || !known_get(s, rs, key, &w->list_families)) {
			struct list l = list_of(rs, a, w->part);
			int64_t before = *work;
			int err = meet_list(s, w, &l, work);

			w->list_cost += before - *work;
			if (err)
				return err;
			if (is_set && w->list_cost >= KNOWN_COST)
				known_put(s, rs, key, w->list_families);
		}
		list_over(w);
		if (--*work < 0)
			return -EAGAIN;
	}
	return 0;
}

/* Looks for elements around w->at, in all lists. 0 or -EAGAIN. */
static int cover(struct fw_walk *w, const struct fw_ruleset *rs, const struct fw_addrs *a, unsigned family,
		 int64_t *work)
{
	for (; w->part < count_lists(a); w->part++) {
		struct fw_part *p = &w->parts[w->part];
		struct list l = list_of(rs, a, w->part);

		if (*work < 0 || look(p, &l, w->round, family, w->at, work))
			return -EAGAIN;
		if (reaches(p, w->at) && (!w->covered || fw_addr_cmp(w->best, p->last) < 0))
			w->best = p->last;
		w->covered |= reaches(p, w->at);
		--*work;
	}
	w->part = 0;
	return 0;
}

/* Which ranges have an address that no list holds: from one end of what covers them to the next. */
static int outside(const struct fw_query_side *s, const struct fw_ruleset *rs, const struct fw_addrs *a,
		   struct fw_walk *w, int64_t *work)
{
	while (w->i < s->n) {
		const unsigned family = s->r[w->i].family;

		if (cover(w, rs, a, family, work))
			return -EAGAIN;
		if (w->covered) {
			w->i = seek_behind(s->r, s->n, w->i, true, family, w->best, work);
		} else {
			w->families |= 1u << family;
			w->i = seek(s->r, s->n, w->i, true, family + 1, (struct fw_addr){ 0 }, work);
		}
		if (w->i < s->n) {
			const struct fw_addr_range *r = &s->r[w->i];

			w->at = r->lo;
			if (r->family == family && fw_addr_cmp(r->lo, w->best) <= 0 && w->covered) {
				w->at = w->best;
				step_behind(family, &w->at);
			}
		}
		w->covered = false;
	}
	return 0;
}

static bool is_small(const struct fw_addrs *a)
{
	return !a->nsets && a->nranges <= SMALL;
}

/* Starts a comparison of expression @number from its beginning; 0 or -ENOMEM. */
static int walk_begin(struct fw_query_side *s, const struct fw_ruleset *rs, uint32_t number)
{
	const struct fw_addrs *a = &rs->addrs[number];
	struct fw_walk *w = &s->walk;
	size_t nparts = a->negated ? count_lists(a) : 1;

	if (!s->known)
		s->known = calloc(KNOWN, sizeof(*s->known));
	if (nparts > w->cap) {
		free(w->parts);
		w->parts = malloc(nparts * sizeof(*w->parts));
		w->cap = w->parts ? nparts : 0;
	}
	if (!s->known || !w->parts)
		return -ENOMEM;
	memset(w->parts, 0, nparts * sizeof(*w->parts));
	*w = (struct fw_walk){ .begun = true,
			       .number = number,
			       .recycled = rs->recycled,
			       .parts = w->parts,
			       .cap = w->cap,
			       .at = s->n ? s->r[0].lo : (struct fw_addr){ 0 } };
	return 0;
}

/* Continues the comparison; starts it if there is none of @number or the ruleset reused numbers. 0, -EAGAIN (resume), -ENOMEM. */
static int walk_on(struct fw_query_side *s, const struct fw_ruleset *rs, uint32_t number, int64_t *work)
{
	const struct fw_addrs *a = &rs->addrs[number];
	struct fw_walk *w = &s->walk;
	int64_t before = *work;
	int err = 0;

	if (!w->begun || w->number != number || w->recycled != rs->recycled)
		err = walk_begin(s, rs, number);
	if (err)
		return err;
	w->round++;
	err = a->negated ? outside(s, rs, a, w, work) : meet(s, rs, a, work);
	w->cost += before - *work;
	w->begun = err;
	if (!err && w->cost >= KNOWN_COST && !is_small(a))
		known_put(s, rs, 2ull * number, w->families);
	return err;
}

/* An expression of few ranges that is not negated. */
static unsigned meet_few(const struct fw_query_side *s, const struct fw_addrs *a, int64_t *work)
{
	unsigned families = 0;

	for (uint32_t k = 0; k < a->nranges; k++) {
		const struct fw_addr_range *e = &a->ranges[k];
		size_t i = seek(s->r, s->n, 0, true, e->family, e->lo, work);

		if (i < s->n && s->r[i].family == e->family && fw_addr_cmp(s->r[i].lo, e->hi) <= 0)
			families |= 1u << e->family;
	}
	return families;
}

int fw_query_families(struct fw_query_side *s, const struct fw_ruleset *rs, uint32_t number, int64_t *work,
		      unsigned *out)
{
	const struct fw_addrs *a = &rs->addrs[number];
	bool small = is_small(a);
	int64_t enough = INT64_MAX;
	int err = 0;

	if (number == FW_ANY) {
		*out = s->families;
	} else if (small && !a->negated) {
		*out = meet_few(s, a, work);
	} else if (!known_get(s, rs, 2ull * number, out)) {
		err = walk_on(s, rs, number, small ? &enough : work);
		*work -= small ? INT64_MAX - enough : 0;
		*out = s->walk.families;
	}
	return err;
}

// SPDX-License-Identifier: GPL-2.0-only
/* Address ranges and address expressions: order, union, complement, and one number per expression. */
#include "lib/rule/internal.h"

struct fw_addr fw_addr_next(enum fw_family family, struct fw_addr a)
{
	if (family == FW_IP4)
		return (struct fw_addr){ a.hi + (1ull << 32), 0 };
	return (struct fw_addr){ a.hi + (a.lo == ~0ull), a.lo + 1 };
}

struct fw_addr fw_addr_prev(enum fw_family family, struct fw_addr a)
{
	if (family == FW_IP4)
		return (struct fw_addr){ a.hi - (1ull << 32), 0 };
	return (struct fw_addr){ a.hi - (a.lo == 0), a.lo - 1 };
}

static bool is_last(enum fw_family family, struct fw_addr a)
{
	return !fw_addr_cmp(a, fw_addr_last(family));
}

struct fw_addr_range fw_addr_prefix(enum fw_family family, struct fw_addr addr, unsigned len)
{
	uint64_t hi = len >= 64 ? ~0ull : len ? ~0ull << (64 - len) : 0;
	uint64_t lo = len >= 128 ? ~0ull : len > 64 ? ~0ull << (128 - len) : 0;
	struct fw_addr last = fw_addr_last(family);

	return (struct fw_addr_range){
		.lo = { addr.hi & hi & last.hi, addr.lo & lo & last.lo },
		.hi = { (addr.hi | ~hi) & last.hi, (addr.lo | ~lo) & last.lo },
		.family = family,
	};
}

int fw_addr_range_cmp(const struct fw_addr_range *a, const struct fw_addr_range *b)
{
	int c = (a->family > b->family) - (a->family < b->family);

	if (!c)
		c = fw_addr_cmp(a->lo, b->lo);
	return c ? c : fw_addr_cmp(a->hi, b->hi);
}

static int range_cmp(const void *a, const void *b)
{
	return fw_addr_range_cmp(a, b);
}

static void ranges_sort(struct fw_addr_range *r, size_t n)
{
	for (size_t i = 1; i < n; i++)
		if (range_cmp(&r[i - 1], &r[i]) > 0) {
			qsort(r, n, sizeof(*r), range_cmp);
			return;
		}
}

size_t fw_addr_ranges_merge(struct fw_addr_range *r, size_t n)
{
	size_t used = 0;

	ranges_sort(r, n);
	for (size_t i = 0; i < n; i++) {
		struct fw_addr_range *last = used ? &r[used - 1] : NULL;

		if (last && last->family == r[i].family &&
		    (is_last(last->family, last->hi) ||
		     fw_addr_cmp(r[i].lo, fw_addr_next(last->family, last->hi)) <= 0)) {
			if (fw_addr_cmp(last->hi, r[i].hi) < 0)
				last->hi = r[i].hi;
		} else {
			r[used++] = r[i];
		}
	}
	return used;
}

void fw_set_sort(struct fw_set *set)
{
	size_t used = 0;

	ranges_sort(set->elements, set->n);
	for (size_t i = 0; i < set->n; i++)
		if (!used || range_cmp(&set->elements[used - 1], &set->elements[i]))
			set->elements[used++] = set->elements[i];
		else
			set->elements[used - 1].until =
				fw_until_later(set->elements[used - 1].until, set->elements[i].until);
	set->n = used;
}

int fw_set_push(struct fw_set *set, const struct fw_addr_range *element)
{
	fw_set_widen(set, element);
	return fw_vec_push(set->elements, set->n, set->cap, *element);
}

static unsigned __int128 wide(struct fw_addr a)
{
	return (unsigned __int128)a.hi << 64 | a.lo;
}

void fw_set_widen(struct fw_set *set, const struct fw_addr_range *element)
{
	unsigned __int128 span = wide(element->hi) - wide(element->lo);

	while (set->width < 128 && span >> set->width)
		set->width++;
	if (element->until != FW_FOREVER && (set->soonest == FW_FOREVER || element->until < set->soonest))
		set->soonest = element->until;
}

/* How many elements begin before @at. */
static size_t begin_before(const struct fw_set *set, enum fw_family family, unsigned __int128 at)
{
	size_t lo = 0, hi = set->n;

	while (lo < hi) {
		const struct fw_addr_range *e = &set->elements[lo + (hi - lo) / 2];

		if (e->family < family || (e->family == family && wide(e->lo) < at))
			lo += (hi - lo) / 2 + 1;
		else
			hi = lo + (hi - lo) / 2;
	}
	return lo;
}

void fw_set_near(const struct fw_set *set, const struct fw_addr_range *r, size_t *first, size_t *end)
{
	unsigned __int128 span = set->width < 128 ? ((unsigned __int128)1 << set->width) - 1 : ~(unsigned __int128)0;
	unsigned __int128 lo = wide(r->lo), hi = wide(r->hi);

	*first = begin_before(set, r->family, lo > span ? lo - span : 0);
	/* A range that begins at the last address is before all ranges of the next family. */
	*end = hi + 1 ? begin_before(set, r->family, hi + 1) : begin_before(set, (enum fw_family)(r->family + 1), 0);
}

/* What @in, merged, leaves of both families; @out has room for @n + 2. */
static size_t complement(const struct fw_addr_range *in, size_t n, struct fw_addr_range *out)
{
	size_t used = 0, i = 0;

	for (enum fw_family f = FW_IP4; f <= FW_IP6; f++) {
		struct fw_addr from = { 0, 0 };
		bool done = false;

		for (; i < n && in[i].family == f; i++) {
			if (fw_addr_cmp(from, in[i].lo) < 0)
				out[used++] = (struct fw_addr_range){ from, fw_addr_prev(f, in[i].lo), .family = f };
			done = is_last(f, in[i].hi);
			if (!done)
				from = fw_addr_next(f, in[i].hi);
		}
		if (!done)
			out[used++] = (struct fw_addr_range){ from, fw_addr_last(f), .family = f };
	}
	return used;
}

size_t fw_addr_ranges_and(const struct fw_addr_range *a, size_t na, const struct fw_addr_range *b, size_t nb,
			  struct fw_addr_range *out)
{
	size_t used = 0;

	for (size_t i = 0, k = 0; i < na && k < nb;) {
		const struct fw_addr_range *x = &a[i], *y = &b[k];
		int order = (x->family > y->family) - (x->family < y->family);

		if (!order) {
			struct fw_addr lo = fw_addr_cmp(x->lo, y->lo) < 0 ? y->lo : x->lo;
			struct fw_addr hi = fw_addr_cmp(x->hi, y->hi) < 0 ? x->hi : y->hi;

			if (fw_addr_cmp(lo, hi) <= 0)
				out[used++] = (struct fw_addr_range){ lo, hi, .family = x->family };
			order = fw_addr_cmp(x->hi, y->hi);
		}
		i += order <= 0;
		k += order > 0;
	}
	return used;
}

static int both_ranges(const struct fw_address_book *book, const struct fw_addrs *a, struct fw_addr_range **out,
		       size_t *n)
{
	fw_autofree struct fw_addr_range *x = NULL;
	fw_autofree struct fw_addr_range *y = NULL;
	size_t nx = 0, ny = 0;
	int err = fw_addrs_ranges(book, fw_addrs_part(a, 0), &x, &nx);

	if (!err)
		err = fw_addrs_ranges(book, fw_addrs_part(a, 1), &y, &ny);
	*out = err ? NULL : malloc((nx + ny + 1) * sizeof(**out));
	if (!*out)
		return -ENOMEM;
	*n = fw_addr_ranges_and(x, nx, y, ny, *out);
	return 0;
}

int fw_addrs_ranges(const struct fw_address_book *book, uint32_t number, struct fw_addr_range **out, size_t *n)
{
	const struct fw_addrs *a = &book->addrs[number];
	bool outside = a->negated || number == FW_ANY;
	size_t used = a->nranges, total = used;

	if (a->both)
		return both_ranges(book, a, out, n);
	for (uint32_t i = 0; i < a->nsets; i++)
		total += book->sets[a->sets[i]].n;

	fw_autofree struct fw_addr_range *all = malloc((total + 1) * sizeof(*all));

	if (!all)
		return -ENOMEM;
	if (used)
		memcpy(all, a->ranges, used * sizeof(*all));
	for (uint32_t i = 0; i < a->nsets; i++) {
		const struct fw_set *set = &book->sets[a->sets[i]];

		if (set->n)
			memcpy(all + used, set->elements, set->n * sizeof(*all));
		used += set->n;
	}
	used = fw_addr_ranges_merge(all, used);
	if (outside) {
		struct fw_addr_range *rest = malloc((used + 2) * sizeof(*rest));

		if (!rest)
			return -ENOMEM;
		used = complement(all, used, rest);
		free(all);
		all = rest;
	}
	*out = fw_take(all);
	*n = used;
	return 0;
}

unsigned fw_addrs_families(const struct fw_addrs *a)
{
	unsigned some = 0, whole = 0;

	for (uint32_t i = 0; i < a->nranges; i++) {
		const struct fw_addr_range *r = &a->ranges[i];

		some |= 1u << r->family;
		if (!r->lo.hi && !r->lo.lo && is_last(r->family, r->hi))
			whole |= 1u << r->family;
	}
	if (a->negated)
		return (1u << FW_IP4 | 1u << FW_IP6) & ~whole;
	return a->nsets || !a->nranges ? 1u << FW_IP4 | 1u << FW_IP6 : some;
}

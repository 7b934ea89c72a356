// SPDX-License-Identifier: GPL-2.0-only
/* What a field may be, as ranges of numbers or as names: complements and intersections are exact. */
#include "lib/import/nft.h"

/* Room for one more in an array of the import's memory. */
static void *grow(struct nft *n, void *old, size_t used, size_t *cap, size_t size)
{
	size_t more = *cap ? 2 * *cap : 2;
	void *p;

	if (used < *cap)
		return old;
	p = nft_alloc(n, more * size);
	if (p && used)
		memcpy(p, old, used * size);
	if (p)
		*cap = more;
	return p;
}

int nft_values_add(struct nft *n, struct nft_values *v, nft_number lo, nft_number hi)
{
	struct nft_range *r = grow(n, v->ranges, v->n, &v->cap, sizeof(*r));

	if (!r)
		return -ENOMEM;
	v->ranges = r;
	r[v->n++] = (struct nft_range){ lo, hi };
	return 0;
}

int nft_values_name(struct nft *n, struct nft_values *v, const char *name)
{
	const char **names = grow(n, v->names, v->nnames, &v->names_cap, sizeof(*names));

	if (!names)
		return -ENOMEM;
	v->names = names;
	names[v->nnames++] = name;
	return 0;
}

static int by_lo(const void *a, const void *b)
{
	const struct nft_range *x = a, *y = b;

	return (x->lo > y->lo) - (x->lo < y->lo);
}

void nft_values_sort(struct nft_values *v)
{
	size_t last = 0;

	if (v->n < 2)
		return;
	qsort(v->ranges, v->n, sizeof(*v->ranges), by_lo);
	for (size_t i = 1; i < v->n; i++) {
		struct nft_range *a = &v->ranges[last], *b = &v->ranges[i];

		if (b->lo <= a->hi || b->lo == a->hi + 1) {
			if (b->hi > a->hi)
				a->hi = b->hi;
		} else {
			v->ranges[++last] = *b;
		}
	}
	v->n = last + 1;
}

int nft_values_not(struct nft *n, struct nft_values *v, nft_number max)
{
	struct nft_values out = { 0 };
	nft_number from = 0;
	bool full = false;
	int err = 0;

	if (v->nnames) {
		v->negated = !v->negated;
		return 0;
	}
	for (size_t i = 0; !err && i < v->n; i++) {
		if (v->ranges[i].lo > from)
			err = nft_values_add(n, &out, from, v->ranges[i].lo - 1);
		full = v->ranges[i].hi >= max;
		from = v->ranges[i].hi + 1;
	}
	if (!err && !full)
		err = nft_values_add(n, &out, from, max);
	if (!err)
		*v = out;
	return err;
}

static bool has_name(const struct nft_values *v, const char *name)
{
	for (size_t i = 0; i < v->nnames; i++)
		if (!strcmp(v->names[i], name))
			return true;
	return false;
}

/* Can two of these names mean the same without being the same? */
static bool comparable(const struct nft_values *v)
{
	for (size_t i = 0; i < v->nnames; i++)
		if (strpbrk(v->names[i], "*@/"))
			return false;
	return true;
}

/* The names of @a that @b has or, if @b are those that are excluded, lacks. */
static int and_names(struct nft *n, const struct nft_values *a, const struct nft_values *b, struct nft_values *out)
{
	int err = 0;

	for (size_t i = 0; !err && i < a->nnames; i++)
		if (has_name(b, a->names[i]) != b->negated)
			err = nft_values_name(n, out, a->names[i]);
	return err;
}

/* None of both. */
static int join_excluded(struct nft *n, const struct nft_values *a, const struct nft_values *b, struct nft_values *out)
{
	int err = 0;

	out->negated = true;
	for (size_t i = 0; !err && i < a->nnames; i++)
		err = nft_values_name(n, out, a->names[i]);
	for (size_t i = 0; !err && i < b->nnames; i++)
		if (!has_name(a, b->names[i]))
			err = nft_values_name(n, out, b->names[i]);
	return err;
}

int nft_values_and(struct nft *n, const struct nft_values *a, const struct nft_values *b, struct nft_values *out)
{
	struct nft_values both = { 0 };
	int err = 0;

	if (a->nnames || b->nnames) {
		if (!a->nnames || !b->nnames || !comparable(a) || !comparable(b))
			return -EAGAIN;
		if (a->negated && b->negated)
			err = join_excluded(n, a, b, &both);
		else
			err = a->negated ? and_names(n, b, a, &both) : and_names(n, a, b, &both);
	}
	for (size_t i = 0, k = 0; !err && i < a->n && k < b->n;) {
		const struct nft_range *x = &a->ranges[i], *y = &b->ranges[k];
		nft_number lo = x->lo > y->lo ? x->lo : y->lo, hi = x->hi < y->hi ? x->hi : y->hi;

		if (lo <= hi)
			err = nft_values_add(n, &both, lo, hi);
		if (x->hi < y->hi)
			i++;
		else
			k++;
	}
	if (!err)
		*out = both;
	return err;
}

bool nft_values_empty(const struct nft_values *v)
{
	return !v->n && !v->nnames;
}

bool nft_values_has(const struct nft_values *v, nft_number number)
{
	for (size_t i = 0; i < v->n; i++)
		if (number >= v->ranges[i].lo && number <= v->ranges[i].hi)
			return true;
	return false;
}

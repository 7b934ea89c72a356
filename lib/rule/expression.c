// SPDX-License-Identifier: GPL-2.0-only
/* Address expressions: each has a number, which is reused once nothing refers to it. */
#include "lib/rule/internal.h"

#include "lib/rule/undo.h"

/* Of sets, and of the two parts of an expression that has them. */
static uint32_t numbers(const struct fw_addrs *a)
{
	return a->nsets + 2u * a->both;
}

static uint32_t addrs_hash(const struct fw_addrs *a)
{
	uint64_t h = fw_mix64((uint64_t)a->nranges << 32 | (uint32_t)a->nsets << 2 | a->both << 1 | a->negated);

	for (uint32_t i = 0; i < a->nranges; i++) {
		const struct fw_addr_range *r = &a->ranges[i];

		h = fw_mix64(h ^ r->lo.hi) + r->lo.lo;
		h = fw_mix64(h ^ r->hi.hi) + r->hi.lo * 5 + r->family;
	}
	for (uint32_t i = 0; i < numbers(a); i++)
		h = fw_mix64(h ^ a->sets[i]);
	return (uint32_t)fw_mix64(h);
}

static bool addrs_same(const struct fw_addrs *a, const struct fw_addrs *b)
{
	if (a->negated != b->negated || a->both != b->both || a->nranges != b->nranges || a->nsets != b->nsets)
		return false;
	for (uint32_t i = 0; i < a->nranges; i++)
		if (!fw_addr_range_same(&a->ranges[i], &b->ranges[i]))
			return false;
	return !a->nsets || !memcmp(a->sets, b->sets, numbers(a) * sizeof(*a->sets));
}

static int64_t find(const struct fw_ruleset *rs, const struct fw_addrs *a, uint32_t hash)
{
	uint32_t v;

	for (uint32_t pos = hash; fw_table_next(&rs->index->addrs, hash, &pos, &v);)
		if (addrs_same(&rs->addrs[v], a))
			return v;
	return -ENOENT;
}

int64_t fw_addrs_find(const struct fw_ruleset *rs, const struct fw_addrs *a, uint32_t guess)
{
	if (guess < rs->naddrs && rs->addrs[guess].ranges && addrs_same(&rs->addrs[guess], a))
		return guess;
	return find(rs, a, addrs_hash(a));
}

void fw_addrs_prefetch(const struct fw_ruleset *rs, const struct fw_addr_range *range, bool negated)
{
	const struct fw_addrs a = { .negated = negated, .nranges = 1, .ranges = range };
	const struct fw_table *t = &rs->index->addrs;

	if (t->cap)
		__builtin_prefetch(&t->entries[addrs_hash(&a) & (t->cap - 1)]);
}

static size_t addrs_bytes(const struct fw_addrs *a)
{
	return a->nranges * sizeof(*a->ranges) + numbers(a) * sizeof(*a->sets);
}

/* Copies what @a points to. */
static int own_contents(struct fw_ruleset *rs, struct fw_addrs *a)
{
	size_t rbytes = a->nranges * sizeof(*a->ranges);
	char *copy = fw_region_alloc(&rs->region, addrs_bytes(a));

	if (!copy)
		return -ENOMEM;
	if (rbytes)
		memcpy(copy, a->ranges, rbytes);
	if (a->nsets)
		memcpy(copy + rbytes, a->sets, numbers(a) * sizeof(*a->sets));
	a->ranges = (const void *)copy;
	a->sets = (const void *)(copy + rbytes);
	return 0;
}

/* Reserves room for one more; in an edit also for the note that it may end up without a rule. */
static int reserve(struct fw_ruleset *rs)
{
	struct fw_rule_index *ix = rs->index;
	int err = fw_table_reserve(&ix->addrs);

	if (rs->naddrs == UINT32_MAX - 1)
		return -ENOMEM;
	if (!err && !ix->addrs_free)
		err = fw_vec_grow(&rs->addrs, rs->naddrs, &rs->addrs_cap, sizeof(*rs->addrs));
	if (!err && ix->edit)
		err = fw_vec_grow(&ix->edit->fresh, ix->edit->nfresh, &ix->edit->fresh_cap, sizeof(*ix->edit->fresh));
	return err;
}

static uint32_t take_number(struct fw_ruleset *rs)
{
	struct fw_rule_index *ix = rs->index;
	uint32_t number = ix->addrs_free;

	if (!number)
		return (uint32_t)rs->naddrs++;
	ix->addrs_free = rs->addrs[number].rules;
	return number;
}

int fw_addrs_number(struct fw_ruleset *rs, struct fw_addrs a, uint32_t *number)
{
	struct fw_rule_index *ix = rs->index;
	uint32_t hash = addrs_hash(&a);
	int64_t known = find(rs, &a, hash);

	if (known < 0) {
		if (reserve(rs) || own_contents(rs, &a))
			return -ENOMEM;
		known = take_number(rs);
		rs->addrs[known] = a;
		fw_table_put(&ix->addrs, hash, (uint32_t)known);
		for (uint32_t i = 0; i < a.nsets; i++)
			rs->sets[a.sets[i]].users++;
		for (unsigned i = 0; a.both && i < 2; i++)
			rs->addrs[fw_addrs_part(&a, i)].refs++;
		if (ix->edit)
			ix->edit->fresh[ix->edit->nfresh++] = (uint32_t)known;
	}
	*number = (uint32_t)known;
	return 0;
}

static int u32_cmp(const void *va, const void *vb)
{
	uint32_t a = *(const uint32_t *)va, b = *(const uint32_t *)vb;

	return (a > b) - (a < b);
}

uint32_t fw_u32_unique(uint32_t *v, size_t n)
{
	uint32_t used = 0;

	qsort(v, n, sizeof(*v), u32_cmp);
	for (size_t i = 0; i < n; i++)
		if (!used || v[used - 1] != v[i])
			v[used++] = v[i];
	return used;
}

int fw_ruleset_addrs(struct fw_ruleset *rs, const struct fw_addr_range *ranges, size_t nranges, const uint32_t *sets,
		     size_t nsets, bool negated, uint32_t *number)
{
	struct fw_addrs a = { .negated = negated, .nranges = 1, .ranges = ranges };

	if (nranges == 1 && !nsets)
		return fw_addrs_number(rs, a, number);
	if (nranges > UINT32_MAX || nsets > FW_ADDRS_SETS_MAX)
		return -ENOMEM;

	fw_autofree struct fw_addr_range *r = malloc((nranges + 1) * sizeof(*r));
	fw_autofree uint32_t *s = malloc((nsets + 1) * sizeof(*s));

	if (!r || !s)
		return -ENOMEM;
	if (nranges)
		memcpy(r, ranges, nranges * sizeof(*r));
	if (nsets)
		memcpy(s, sets, nsets * sizeof(*s));
	a.ranges = r;
	a.nranges = (uint32_t)fw_addr_ranges_merge(r, nranges);
	a.sets = s;
	a.nsets = fw_u32_unique(s, nsets) & FW_ADDRS_SETS_MAX;
	return fw_addrs_number(rs, a, number);
}

void fw_addrs_put(struct fw_ruleset *rs, uint32_t number)
{
	struct fw_addrs *a = &rs->addrs[number];
	uint32_t part[2] = { FW_ANY, FW_ANY };

	if (a->refs || !a->ranges)
		return;
	for (unsigned i = 0; a->both && i < 2; i++)
		part[i] = fw_addrs_part(a, i);
	rs->recycled += a->nsets || a->nranges != 1;
	fw_table_delete(&rs->index->addrs, addrs_hash(a), number);
	for (uint32_t i = 0; i < a->nsets; i++)
		rs->sets[a->sets[i]].users--;
	fw_region_recycle(&rs->region, a->ranges, addrs_bytes(a));
	*a = (struct fw_addrs){ .rules = rs->index->addrs_free };
	rs->index->addrs_free = number;
	for (unsigned i = 0; i < 2 && part[i] != FW_ANY; i++)
		fw_book_drop(&rs->book, part[i]);
}

void fw_book_hold(struct fw_address_book *book, uint32_t number)
{
	book->addrs[number].refs++;
}

void fw_book_drop(struct fw_address_book *book, uint32_t number)
{
	/* Every address book is a ruleset's. */
	struct fw_ruleset *rs = (void *)((char *)book - offsetof(struct fw_ruleset, book));

	rs->addrs[number].refs--;
	fw_addrs_put(rs, number);
}

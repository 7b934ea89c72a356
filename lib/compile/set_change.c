// SPDX-License-Identifier: GPL-2.0-only
/*
 * Elements come into a set or leave it. Rules go on referring to the same
 * identity; what changes is which addresses' classes hold it. An address's class
 * is found by one reference, so a packet sees the whole change where only one of its two addresses is concerned: a
 * change of sets that rules use on one side only. Anything more is compiled anew.
 */
#include "tables.h"

#include <string.h>

/* The identities that have something to do with the sets of an edit. */
struct concerned {
	uint32_t *ids;
	size_t n, cap;
	int side;
};

static int concern(struct concerned *c, const struct fw_tables *t, int side, uint32_t addrs)
{
	const struct side *s = &t->side[side];
	uint32_t id = addrs < s->naddrs ? s->identity_of[addrs] : NO_IDENTITY;

	if (id == NO_IDENTITY)
		return 0;
	if (c->n && c->side != side)
		return -EAGAIN;
	c->side = side;
	for (size_t i = 0; i < c->n; i++)
		if (c->ids[i] == id)
			return 0;
	return fw_vec_push(c->ids, c->n, c->cap, id);
}

static int concerned_find(const struct fw_tables *t, const struct fw_edit *e, struct concerned *out)
{
	int err = 0;

	for (size_t i = 0; !err && i < e->nsets; i++) {
		fw_autofree uint32_t *users = NULL;
		size_t n = 0;

		if (i && e->sets[i].set == e->sets[i - 1].set)
			continue;
		err = fw_ruleset_set_users(e->rs, e->sets[i].set, &users, &n);
		for (size_t k = 0; !err && k < n; k++) {
			err = concern(out, t, SRC, users[k]);
			if (!err)
				err = concern(out, t, DST, users[k]);
		}
	}
	return err;
}

/* Ranges that lie in @within, cut to it. */
struct cut {
	struct fw_addr_range *r;
	size_t n, cap;
	struct fw_addr_range within;
};

static int cut_put(struct cut *c, const struct fw_addr_range *r)
{
	struct fw_addr_range in = *r;

	if (r->family != c->within.family || fw_addr_cmp(r->hi, c->within.lo) < 0 ||
	    fw_addr_cmp(r->lo, c->within.hi) > 0)
		return 0;
	if (fw_addr_cmp(in.lo, c->within.lo) < 0)
		in.lo = c->within.lo;
	if (fw_addr_cmp(in.hi, c->within.hi) > 0)
		in.hi = c->within.hi;
	return fw_vec_push(c->r, c->n, c->cap, in);
}

/* What an expression's sets and ranges cover of a range, negation left out; merged. */
static int cut_expression(const struct fw_ruleset *rs, uint32_t addrs, struct cut *c)
{
	const struct fw_addrs *a = &rs->addrs[addrs];
	int err = 0;

	c->n = 0;
	for (uint32_t i = 0; !err && i < a->nranges; i++)
		err = cut_put(c, &a->ranges[i]);
	for (uint32_t s = 0; s < a->nsets; s++) {
		const struct fw_set *set = &rs->sets[a->sets[s]];

		for (size_t i = 0; !err && i < set->n; i++)
			err = cut_put(c, &set->elements[i]);
	}
	c->n = fw_addr_ranges_merge(c->r, c->n);
	return err;
}

/* The addresses at which something may change within a range, for all identities. */
struct edges {
	struct fw_addr *at;
	size_t n, cap;
};

static int compare_addr(const void *a, const void *b)
{
	const struct fw_addr *x = a, *y = b;

	return fw_addr_cmp(*x, *y);
}

static struct fw_addr after(struct fw_addr a, enum fw_family family)
{
	if (family == FW_IP4)
		a.hi += 1ull << 32;
	else if (!++a.lo)
		a.hi++;
	return a;
}

static struct fw_addr before(struct fw_addr a, enum fw_family family)
{
	if (family == FW_IP4)
		a.hi -= 1ull << 32;
	else if (!a.lo--)
		a.hi--;
	return a;
}

/* For each identity what its expression covers of the element. */
static int cuts_make(const struct fw_tables *t, const struct concerned *c, const struct fw_addr_range *element,
		     struct cut *cuts, struct edges *edges)
{
	int err = fw_vec_push(edges->at, edges->n, edges->cap, element->lo);

	for (size_t i = 0; !err && i < c->n; i++) {
		cuts[i].within = *element;
		err = cut_expression(t->rs, t->side[c->side].ids[c->ids[i]].addrs, &cuts[i]);
		for (size_t k = 0; !err && k < cuts[i].n; k++) {
			err = fw_vec_push(edges->at, edges->n, edges->cap, cuts[i].r[k].lo);
			if (!err && fw_addr_cmp(cuts[i].r[k].hi, element->hi))
				err = fw_vec_push(edges->at, edges->n, edges->cap,
						  after(cuts[i].r[k].hi, element->family));
		}
	}
	if (!err)
		qsort(edges->at, edges->n, sizeof(*edges->at), compare_addr);
	return err;
}

static bool cut_has(const struct cut *c, struct fw_addr a)
{
	for (size_t i = 0; i < c->n; i++)
		if (fw_addr_cmp(c->r[i].lo, a) <= 0 && fw_addr_cmp(a, c->r[i].hi) <= 0)
			return true;
	return false;
}

/* All that changes in one element's addresses: for each stretch of them one change with all identities. */
static int element_change(struct fw_tables *t, const struct concerned *c, const struct fw_addr_range *element)
{
	fw_autofree struct cut *cuts = calloc(c->n, sizeof(*cuts));
	fw_autofree uint32_t *ids = malloc(c->n * 2 * sizeof(*ids));
	struct edges edges = { 0 };
	int err = cuts && ids ? cuts_make(t, c, element, cuts, &edges) : -ENOMEM;

	for (size_t i = 0; !err && i < edges.n; i++) {
		struct fw_addr_range r = { edges.at[i], element->hi, element->family };
		struct trie_delta delta = { .add = ids, .remove = ids + c->n };

		if (i + 1 < edges.n && !fw_addr_cmp(edges.at[i], edges.at[i + 1]))
			continue;
		if (i + 1 < edges.n)
			r.hi = before(edges.at[i + 1], element->family);
		for (size_t k = 0; k < c->n; k++) {
			const struct fw_addrs *a = &t->rs->addrs[t->side[c->side].ids[c->ids[k]].addrs];

			if (cut_has(&cuts[k], r.lo) != a->negated)
				ids[delta.nadd++] = c->ids[k];
			else
				ids[c->n + delta.nremove++] = c->ids[k];
		}
		err = trie_change(t, c->side, trie_range_of(&r), &delta);
	}
	for (size_t i = 0; cuts && i < c->n; i++)
		free(cuts[i].r);
	free(edges.at);
	return err;
}

int sets_prepare(struct fw_tables *t, const struct fw_edit *e)
{
	struct concerned c = { 0 };
	struct trie_survey sum = { 0 };
	uint64_t limit = t->compiled_rules * 8 + 65536;
	int err = concerned_find(t, e, &c);

	free(c.ids);
	if (err || !c.n)
		return err;
	if (e->nrules || e->policies)
		return -EAGAIN;
	for (size_t i = 0; i < e->nsets; i++) {
		trie_survey(t, c.side, trie_range_of(&e->sets[i].element), limit, &sum);
		if (sum.places > limit || e->nsets > limit || sum.identities_max + c.n > FW_CLASS_MAX)
			return -EAGAIN;
	}
	/* A class of two lines and a node or two for each place, or a table of 16 lines where nodes are few. */
	return heap_reserve(&t->heap, sum.places * 4 + e->nsets * 64);
}

int sets_commit(struct fw_tables *t, const struct fw_edit *e)
{
	struct concerned c = { 0 };
	int err = concerned_find(t, e, &c);

	for (size_t i = 0; !err && c.n && i < e->nsets; i++)
		err = element_change(t, &c, &e->sets[i].element);
	free(c.ids);
	return err;
}

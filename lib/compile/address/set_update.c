// SPDX-License-Identifier: GPL-2.0-only
/*
 * Elements are added to a set or removed. Rules still refer to the same identities; what changes is which addresses' classes
 * hold them. A packet reads two classes, and both have to be of one generation: so the update goes to copies of the tries,
 * which the next root names.
 */
#include "address.h"

#include <string.h>

/* The identities of a side that depend on the sets of an edit. */
struct concerned {
	int side;
	uint32_t *ids;
	size_t n, cap;
};

static int concern(struct concerned *c, const struct fw_tables *t, uint32_t addrs)
{
	const struct side *s = &t->side[c->side];
	uint32_t id = addrs < s->naddrs ? s->identity_of[addrs] : NO_IDENTITY;

	if (id == NO_IDENTITY)
		return 0;
	for (size_t i = 0; i < c->n; i++)
		if (c->ids[i] == id)
			return 0;
	return fw_vec_push(c->ids, c->n, c->cap, id);
}

static int concerned_find(const struct fw_tables *t, const struct fw_lowered_edit *e, struct concerned *out)
{
	int err = 0;

	for (size_t i = 0; !err && i < e->nsets; i++) {
		fw_autofree uint32_t *users = NULL;
		size_t n = 0;

		if (i && e->sets[i].set == e->sets[i - 1].set)
			continue;
		err = fw_book_set_users(e->book, e->sets[i].set, &users, &n);
		for (size_t k = 0; !err && k < n; k++)
			err = concern(out, t, users[k]);
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

/* What the ranges, which are merged, leave of the range that they are cut to. */
static int cut_negate(struct cut *c)
{
	struct cut rest = { .within = c->within };
	struct fw_addr from = c->within.lo;
	bool left = true;
	int err = 0;

	for (size_t i = 0; i < c->n && !err; i++) {
		if (fw_addr_cmp(from, c->r[i].lo) < 0)
			err = cut_put(&rest, &(struct fw_addr_range){ from, fw_addr_prev(c->within.family, c->r[i].lo),
								      .family = c->within.family });
		left = fw_addr_cmp(c->r[i].hi, c->within.hi) < 0;
		if (left)
			from = fw_addr_next(c->within.family, c->r[i].hi);
	}
	if (left && !err)
		err = cut_put(&rest, &(struct fw_addr_range){ from, c->within.hi, .family = c->within.family });
	free(c->r);
	*c = rest;
	return err;
}

/* Puts what two cuts of one range have in common into the first. */
static int cut_and(struct cut *a, const struct cut *b)
{
	struct fw_addr_range *r = malloc((a->n + b->n + 1) * sizeof(*r));

	if (!r)
		return -ENOMEM;
	a->n = fw_addr_ranges_and(a->r, a->n, b->r, b->n, r);
	free(a->r);
	a->r = r;
	return 0;
}

static int cut_expression(const struct fw_address_book *book, uint32_t addrs, struct cut *c);

/* An expression of both of two. */
static int cut_both(const struct fw_address_book *book, const struct fw_addrs *a, struct cut *c)
{
	struct cut other = { .within = c->within };
	int err = cut_expression(book, fw_addrs_part(a, 0), c);

	if (!err)
		err = cut_expression(book, fw_addrs_part(a, 1), &other);
	if (!err)
		err = cut_and(c, &other);
	free(other.r);
	return err;
}

/* The parts of a range that an expression holds, merged. */
static int cut_expression(const struct fw_address_book *book, uint32_t addrs, struct cut *c)
{
	const struct fw_addrs *a = &book->addrs[addrs];
	int err = 0;

	if (a->both)
		return cut_both(book, a, c);
	for (uint32_t i = 0; !err && i < a->nranges; i++)
		err = cut_put(c, &a->ranges[i]);
	for (uint32_t s = 0; s < a->nsets; s++) {
		const struct fw_set *set = &book->sets[a->sets[s]];
		size_t i, end;

		for (fw_set_near(set, &c->within, &i, &end); !err && i < end; i++)
			err = cut_put(c, &set->elements[i]);
	}
	if (c->n)
		c->n = fw_addr_ranges_merge(c->r, c->n);
	return err || !a->negated ? err : cut_negate(c);
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

/* For each identity, the parts of the element that its expression covers. */
static int cuts_make(const struct fw_tables *t, const struct concerned *c, const struct fw_addr_range *element,
		     struct cut *cuts, struct edges *edges)
{
	int err = fw_vec_push(edges->at, edges->n, edges->cap, element->lo);

	for (size_t i = 0; !err && i < c->n; i++) {
		cuts[i].within = *element;
		err = cut_expression(t->book, t->side[c->side].ids[c->ids[i]].addrs, &cuts[i]);
		for (size_t k = 0; !err && k < cuts[i].n; k++) {
			err = fw_vec_push(edges->at, edges->n, edges->cap, cuts[i].r[k].lo);
			if (!err && fw_addr_cmp(cuts[i].r[k].hi, element->hi))
				err = fw_vec_push(edges->at, edges->n, edges->cap,
						  fw_addr_next(element->family, cuts[i].r[k].hi));
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

/* Updates the addresses of one element: each stretch of them once, with all identities. */
static int element_change(struct fw_tables *t, const struct concerned *c, const struct fw_addr_range *element,
			  const struct trie_copy *copy)
{
	fw_autofree struct cut *cuts = calloc(c->n, sizeof(*cuts));
	fw_autofree uint32_t *ids = malloc(c->n * 2 * sizeof(*ids));
	struct edges edges = { 0 };
	int err = cuts && ids ? cuts_make(t, c, element, cuts, &edges) : -ENOMEM;

	for (size_t i = 0; !err && i < edges.n; i++) {
		struct fw_addr_range r = { edges.at[i], element->hi, .family = element->family };
		struct trie_delta delta = { .add = ids, .remove = ids + c->n };

		if (i + 1 < edges.n && !fw_addr_cmp(edges.at[i], edges.at[i + 1]))
			continue;
		if (i + 1 < edges.n)
			r.hi = fw_addr_prev(element->family, edges.at[i + 1]);
		for (size_t k = 0; k < c->n; k++)
			if (cut_has(&cuts[k], r.lo))
				ids[delta.nadd++] = c->ids[k];
			else
				ids[c->n + delta.nremove++] = c->ids[k];
		err = trie_copy_update(t, copy, trie_range_of(&r), &delta);
	}
	for (size_t i = 0; cuts && i < c->n; i++)
		free(cuts[i].r);
	free(edges.at);
	return err;
}

#define NEAR_PER_PLACE 8 /* looking at this many elements of sets costs as much as writing a place */

/* The elements near one that have to be looked at for it, in all expressions concerned. */
static uint64_t near_all(const struct fw_tables *t, const struct concerned *c, const struct fw_addr_range *element)
{
	uint64_t n = 0;

	for (size_t k = 0; k < c->n; k++) {
		const struct fw_addrs *a = &t->book->addrs[t->side[c->side].ids[c->ids[k]].addrs];

		for (uint32_t s = 0; s < a->nsets; s++) {
			size_t first, end;

			fw_set_near(&t->book->sets[a->sets[s]], element, &first, &end);
			n += end - first;
		}
		n += a->nranges;
	}
	return n;
}

/* Compiling everything in another thread is better than letting everybody wait for that many places of the tries. */
static int size_check(const struct fw_tables *t, const struct fw_lowered_edit *e, const struct concerned *c)
{
	struct trie_survey sum = { 0 };

	if (e->nsets > UPDATE_PLACES)
		return -EAGAIN;
	for (size_t i = 0; i < e->nsets; i++) {
		const struct fw_addr_range *element = &e->sets[i].element;

		trie_copy_survey(t, c->side, trie_range_of(element), UPDATE_PLACES, &sum);
		sum.places += near_all(t, c, element) / NEAR_PER_PLACE;
		if (sum.places > UPDATE_PLACES)
			return -EAGAIN;
	}
	return 0;
}

static int side_change(struct fw_tables *t, const struct fw_lowered_edit *e, const struct concerned *c,
		       struct sets_update *out)
{
	int err = size_check(t, e, c);

	for (size_t i = 0; !err && i < e->nsets; i++) {
		const struct fw_addr_range *element = &e->sets[i].element;
		struct trie_copy *copy = &out->copy[c->side][element->family];

		if (!copy->line)
			err = trie_copy_begin(t, c->side, element->family, copy);
		if (!err)
			err = element_change(t, c, element, copy);
	}
	return err;
}

int sets_prepare(struct fw_tables *t, const struct fw_lowered_edit *e, struct sets_update *out)
{
	int err = 0;

	for (int side = SRC; !err && side <= DST; side++) {
		struct concerned c = { .side = side };

		err = concerned_find(t, e, &c);
		if (!err && c.n)
			err = side_change(t, e, &c, out);
		free(c.ids);
	}
	return err;
}

void sets_root(const struct sets_update *c, struct fw_root *root)
{
	for (int side = SRC; side <= DST; side++)
		for (int family = FW_IP4; family <= FW_IP6; family++)
			if (c->copy[side][family].line)
				root->trie[side][family] = c->copy[side][family].line;
}

void sets_end(struct fw_tables *t, const struct sets_update *c, bool commit)
{
	for (int side = SRC; side <= DST; side++)
		for (int family = FW_IP4; family <= FW_IP6; family++)
			if (c->copy[side][family].line)
				trie_copy_end(t, &c->copy[side][family], commit);
}

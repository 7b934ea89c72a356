// SPDX-License-Identifier: GPL-2.0-only
/*
 * A best-first search for the two classes whose packets cost the most. Classes of a side with the same identities that have
 * blocks are one group. Each group of the side that has more of them gets an upper bound of what a packet with its addresses
 * costs. The group with the highest bound is looked at more closely, until the highest bound is an exact one:
 *
 *	rough    the sum over its identities of all blocks that they have with any identity of the other side
 *	refined  the same, but for each identity only blocks with identities that one class of the other side has together
 *	exact    the blocks of all its identities with identities that one class has together: those of a packet
 *
 * Pairs without blocks are only counted, in the same way in all bounds: those that signatures can let pass. When the budget
 * runs out, the highest bound is the answer: perhaps too high, but never too low.
 */
#include "cost.h"

#include <string.h>

/* Additions; all of it takes some tens of milliseconds. */
#define BUDGET 10000000

/* Classes are all over memory: prefetch them this many ahead. */
#define AHEAD 8

enum level { ROUGH, REFINED, EXACT };

/* Classes that have the same identities with blocks. */
struct group {
	uint32_t class;         /* line of the one that costs the most without blocks */
	struct fw_cost outside; /* what it costs without blocks */
	struct fw_cost bound;
	enum level level;
};

/* One side: which of its identities have blocks, and its groups. */
struct half {
	const struct cost_side *side;
	bool *has; /* by identity; not those that are everywhere */
	struct group *group;
	size_t n, cap;
};

/* Blocks by group of the other side. */
struct meeting {
	struct fw_cost *sum; /* zero where nothing has been added up */
	uint32_t *touched;
	size_t n;
};

/* An identity's pairs that have blocks: row[first[id]] to row[first[id + 1] - 1]. */
struct search {
	const struct cost_field *f;
	int rows; /* the side whose groups have bounds */
	struct half half[2], *own, *other;
	uint32_t *first;
	struct cost_pair *row;
	struct fw_cost *
		most; /* of an identity's row: all of it or, once refined, what one group of the other side has of it */
	bool *refined;
	uint32_t *
		places; /* identity of the other side -> its groups: groups[places[id]] to groups[places[id + 1] - 1] */
	uint32_t *groups;
	struct meeting met;
	/* Of identities in every class: with others of that kind; with each group of the other side; the highest of these. */
	struct fw_cost always, *base, base_most;
	uint32_t base_group;
	uint32_t *heap; /* groups, the one with the highest bound first */
	int64_t budget;
};

/* Is it in every class of a family? */
static bool everywhere(uint32_t identity)
{
	return identity == FW_IDENTITY_ANY || identity == FW_IDENTITY_FRAME;
}

/* Makes the rows, of pairs whose identities are in classes of the family. */
static int rows_make(struct search *s)
{
	uint32_t n = s->own->side->identities, others = s->other->side->identities;

	s->first = calloc(n + 2ull, sizeof(*s->first));
	s->row = malloc(s->f->npairs * sizeof(*s->row) + 1);
	s->most = calloc(n + 1ull, sizeof(*s->most));
	s->refined = calloc(n + 1ull, sizeof(*s->refined));
	s->own->has = calloc(n + 1ull, sizeof(bool));
	s->other->has = calloc(others + 1ull, sizeof(bool));
	if (!s->first || !s->row || !s->most || !s->refined || !s->own->has || !s->other->has)
		return -ENOMEM;
	for (int pass = 0; pass < 2; pass++) {
		for (size_t i = 0; i < s->f->npairs; i++) {
			const struct cost_pair *p = &s->f->pairs[i];
			uint32_t id = p->id[s->rows], with = p->id[!s->rows];

			if (id >= n || with >= others)
				continue;
			if (!pass) {
				s->first[id + 2]++;
				continue;
			}
			s->row[s->first[id + 1]++] = *p;
			s->most[id] = cost_plus(s->most[id], p->cost);
			s->own->has[id] = !everywhere(id);
			s->other->has[with] = !everywhere(with);
		}
		for (uint32_t i = 2; !pass && i <= n + 1; i++)
			s->first[i] += s->first[i - 1];
	}
	return 0;
}

/* The identities of a class that have blocks. Returns how many. */
static uint32_t with_blocks(const struct search *s, const struct half *h, uint32_t class, uint32_t ids[FW_CLASS_MAX])
{
	struct cost_class c = cost_class_at(s->f->pool, class);
	uint32_t n = 0;

	for (uint32_t i = 0; i < c.n; i++)
		if (h->has[cost_identity(c, i)])
			ids[n++] = cost_identity(c, i);
	return n;
}

/* Group numbers + 1, by hash: a power of two of slots, 0: free. */
struct group_index {
	uint32_t *slots;
	size_t mask;
};

/* The group of a class; a new one is appended. 0 or -ENOMEM. */
static int group_intern(const struct search *s, struct half *h, struct group_index index, uint32_t class,
			struct group **out)
{
	uint32_t ids[FW_CLASS_MAX], others[FW_CLASS_MAX], n = with_blocks(s, h, class, ids);
	uint64_t hash = n;
	size_t at;

	for (uint32_t i = 0; i < n; i++)
		hash = fw_mix64(hash ^ ids[i]) + i;
	for (at = hash & index.mask; index.slots[at]; at = (at + 1) & index.mask) {
		*out = &h->group[index.slots[at] - 1];
		if (with_blocks(s, h, (*out)->class, others) == n && !memcmp(ids, others, n * sizeof(*ids)))
			return 0;
	}
	if (fw_vec_push(h->group, h->n, h->cap, ((struct group){ .class = class })))
		return -ENOMEM;
	index.slots[at] = (uint32_t)h->n;
	*out = &h->group[h->n - 1];
	return 0;
}

/* Pairs that the signature of one identity lets pass, with any class of the other side. */
static uint32_t passes(const struct cost_side *other, uint64_t signature)
{
	uint32_t n = 0;

	for (; signature && n < other->most; signature &= signature - 1)
		n += other->same_bit[__builtin_ctzll(signature)];
	return n < other->most ? n : other->most;
}

/* All that packets of a class may read, but for blocks. */
static struct fw_cost outside_of(const struct search *s, uint32_t class, const struct cost_side *other)
{
	struct cost_class c = cost_class_at(s->f->pool, class);
	uint32_t lines = (other->most + FW_CLASS_IDENTITIES - 1) / FW_CLASS_IDENTITIES;
	struct fw_cost cost;
	uint64_t pairs = 0;

	for (uint32_t i = 0; i < c.n; i++)
		pairs += passes(other, cost_signature(c, i));
	cost = cost_outside(s->f->side, c.lines->lines, lines, pairs);
	cost.lines += pairs * (s->f->root->displaced + 1);
	return cost;
}

/* @other: NULL: the cost without blocks does not matter, and the class with the most identities represents its group. */
static int groups_make(struct search *s, struct half *h, const struct cost_side *other)
{
	size_t nslots = 16;

	while (nslots < h->side->n * 2)
		nslots *= 2;

	fw_autofree uint32_t *slots = calloc(nslots, sizeof(*slots));

	if (!slots)
		return -ENOMEM;
	for (size_t i = 0; i < h->side->n; i++) {
		struct fw_cost outside;
		struct group *g;

		if (i + AHEAD < h->side->n)
			__builtin_prefetch(fw_pool_ptr(s->f->pool, h->side->class[i + AHEAD]));
		outside = other ? outside_of(s, h->side->class[i], other) :
				  (struct fw_cost){ cost_class_at(s->f->pool, h->side->class[i]).n, 0 };

		if (group_intern(s, h, (struct group_index){ slots, nslots - 1 }, h->side->class[i], &g))
			return -ENOMEM;
		if (fw_cost_price(outside) > fw_cost_price(g->outside)) {
			g->outside = outside;
			g->class = h->side->class[i];
		}
	}
	return 0;
}

/* Which groups of the other side hold an identity that has blocks. */
static int places_make(struct search *s)
{
	uint32_t ids[FW_CLASS_MAX], n = s->other->side->identities;

	s->places = calloc(n + 2ull, sizeof(*s->places));
	if (!s->places)
		return -ENOMEM;
	for (size_t g = 0; g < s->other->n; g++)
		for (uint32_t i = with_blocks(s, s->other, s->other->group[g].class, ids); i-- > 0;)
			s->places[ids[i] + 2]++;
	for (uint32_t i = 2; i <= n + 1; i++)
		s->places[i] += s->places[i - 1];
	s->groups = malloc(s->places[n + 1] * sizeof(*s->groups) + 1);
	if (!s->groups)
		return -ENOMEM;
	for (size_t g = 0; g < s->other->n; g++)
		for (uint32_t i = with_blocks(s, s->other, s->other->group[g].class, ids); i-- > 0;)
			s->groups[s->places[ids[i] + 1]++] = (uint32_t)g;
	return 0;
}

/* Adds up one identity's blocks by group of the other side. Returns those with identities in every class. */
static struct fw_cost row_meet(struct search *s, uint32_t id)
{
	struct fw_cost always = { 0 };

	for (uint32_t r = s->first[id]; r < s->first[id + 1]; r++) {
		uint32_t with = s->row[r].id[!s->rows];

		if (everywhere(with))
			always = cost_plus(always, s->row[r].cost);
		for (uint32_t k = s->places[with]; k < s->places[with + 1]; k++) {
			struct fw_cost *sum = &s->met.sum[s->groups[k]];

			if (!sum->lines)
				s->met.touched[s->met.n++] = s->groups[k];
			*sum = cost_plus(*sum, s->row[r].cost);
		}
		s->budget -= s->places[with + 1] - s->places[with];
	}
	return always;
}

/* Clears the sums. Returns the highest one, plus its @base, if it is above @most, and its group in @group. */
static struct fw_cost met_take(struct search *s, const struct fw_cost *base, struct fw_cost most, uint32_t *group)
{
	for (size_t i = 0; i < s->met.n; i++) {
		uint32_t g = s->met.touched[i];
		struct fw_cost sum = base ? cost_plus(s->met.sum[g], base[g]) : s->met.sum[g];

		if (fw_cost_price(sum) > fw_cost_price(most)) {
			most = sum;
			*group = g;
		}
		s->met.sum[g] = (struct fw_cost){ 0 };
	}
	s->met.n = 0;
	return most;
}

/* Adds up what identities in every class have with each group of the other side. */
static int base_make(struct search *s)
{
	size_t n = s->other->n;

	s->base = calloc(n + 1, sizeof(*s->base));
	s->met.sum = calloc(n + 1, sizeof(*s->met.sum));
	s->met.touched = calloc(n + 1, sizeof(*s->met.touched));
	if (!s->base || !s->met.sum || !s->met.touched)
		return -ENOMEM;
	for (uint32_t id = FW_IDENTITY_ANY; id <= FW_IDENTITY_FRAME && id < s->own->side->identities; id++)
		s->always = cost_plus(s->always, row_meet(s, id));
	memcpy(s->base, s->met.sum, n * sizeof(*s->base));
	s->base_most = met_take(s, NULL, s->base_most, &s->base_group);
	return 0;
}

static void refine(struct search *s, uint32_t id)
{
	struct fw_cost always = row_meet(s, id);
	uint32_t group;

	s->most[id] = cost_plus(always, met_take(s, NULL, (struct fw_cost){ 0 }, &group));
	s->refined[id] = true;
}

/* The highest cost of a group's identities with one group of the other side, which goes to @other. */
static struct fw_cost blocks_exact(struct search *s, const struct group *g, uint32_t *other)
{
	uint32_t ids[FW_CLASS_MAX], n = with_blocks(s, s->own, g->class, ids);
	struct fw_cost always = s->always;

	for (uint32_t i = 0; i < n; i++)
		always = cost_plus(always, row_meet(s, ids[i]));
	*other = s->base_group;
	return cost_plus(always, met_take(s, s->base, s->base_most, other));
}

/* The bound of a group, from what is known of its identities. */
static struct fw_cost bound_of(struct search *s, const struct group *g, bool refined)
{
	uint32_t ids[FW_CLASS_MAX], n = with_blocks(s, s->own, g->class, ids);
	struct fw_cost bound = cost_plus(g->outside, cost_plus(s->always, s->base_most));

	for (uint32_t i = 0; i < n; i++) {
		if (refined && !s->refined[ids[i]])
			refine(s, ids[i]);
		bound = cost_plus(bound, s->most[ids[i]]);
	}
	return bound;
}

static uint64_t price_at(const struct search *s, size_t at)
{
	return fw_cost_price(s->own->group[s->heap[at]].bound);
}

/* Moves a group of the heap down to where its bound belongs. */
static void sink(struct search *s, size_t at)
{
	uint32_t group = s->heap[at];
	uint64_t price = price_at(s, at);

	for (size_t child; (child = 2 * at + 1) < s->own->n; at = child) {
		if (child + 1 < s->own->n && price_at(s, child + 1) > price_at(s, child))
			child++;
		if (price_at(s, child) <= price)
			break;
		s->heap[at] = s->heap[child];
	}
	s->heap[at] = group;
}

static int heap_make(struct search *s)
{
	s->heap = calloc(s->own->n + 1, sizeof(*s->heap));
	if (!s->heap)
		return -ENOMEM;
	for (uint32_t i = 0; i < s->own->n; i++) {
		s->heap[i] = i;
		s->own->group[i].bound = bound_of(s, &s->own->group[i], false);
	}
	for (size_t at = s->own->n / 2; at-- > 0;)
		sink(s, at);
	return 0;
}

/* Looks more closely at the group on top of the heap. */
static void look(struct search *s)
{
	struct group *top = &s->own->group[s->heap[0]];
	uint32_t other;

	if (top->level == ROUGH)
		top->bound = bound_of(s, top, true);
	else
		top->bound = cost_plus(top->outside, blocks_exact(s, top, &other));
	top->level++;
	s->budget -= FW_CLASS_MAX;
	sink(s, 0);
}

static int search_make(struct search *s)
{
	int err = rows_make(s);

	if (!err)
		err = groups_make(s, s->own, s->other->side);
	if (!err)
		err = groups_make(s, s->other, NULL);
	if (!err)
		err = places_make(s);
	if (!err)
		err = base_make(s);
	return err ? err : heap_make(s);
}

static void search_free(struct search *s)
{
	for (int i = 0; i < 2; i++) {
		free(s->half[i].has);
		free(s->half[i].group);
	}
	free(s->first);
	free(s->row);
	free(s->most);
	free(s->refined);
	free(s->places);
	free(s->groups);
	free(s->met.sum);
	free(s->met.touched);
	free(s->base);
	free(s->heap);
}

int cost_search(const struct cost_field *f, struct cost_found *out)
{
	struct search s = { .f = f, .rows = f->side[COST_DST].n > f->side[COST_SRC].n, .budget = BUDGET };
	const struct group *top;
	uint32_t other;
	int err;

	for (int i = COST_SRC; i <= COST_DST; i++)
		s.half[i].side = &f->side[i];
	s.own = &s.half[s.rows];
	s.other = &s.half[!s.rows];
	err = search_make(&s);
	while (!err && s.own->group[s.heap[0]].level != EXACT && s.budget > 0)
		look(&s);
	if (!err) {
		top = &s.own->group[s.heap[0]];
		blocks_exact(&s, top, &other);
		out->most = top->bound;
		out->class[s.rows] = top->class;
		out->class[!s.rows] = s.other->group[other].class;
	}
	search_free(&s);
	return err;
}

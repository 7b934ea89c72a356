// SPDX-License-Identifier: GPL-2.0-only
/*
 * Splits: many rules of one pair, divided by the values of the field that divides them best, so that a packet searches one
 * small block. Six rules, split by their destination port into blocks of two:
 *
 *	rule 0  tcp 80           dport   0-399   400-8499   8500-
 *	rule 1  tcp 443          block   {0,4}   {1,2}      {2,3}     rest {5}
 *	rule 2  tcp 400-9000
 *	rule 3  tcp 8500
 *	rule 4  udp 53
 *	rule 5  icmp
 *
 * Rule 2 is cut in two and is in both blocks. Rule 5 has no match for the field and would be in every block; it is in the
 * rest, which packets search as well, unless they have already found a rule that precedes it. Blocks that the field does
 * not divide any further are split by another one.
 *
 * A cut is made where a sweep over the values has passed as many rules as a block is to have, and few of them go on. A field
 * is good if what a packet has to search, a block and the rest, is small, and few rules are in more than one block. If no
 * field is good, the rules become blocks that follow each other.
 */
#include "split.h"

#include <string.h>

/* Sizes of blocks to try after the one that is wanted, where more cuts would make too many copies. */
static const uint32_t larger[] = { 0, 1024, FW_BLOCK_RULES };
/* A field is good if a packet searches at most that share of the rules, in per cent. */
#define SEARCH_PERCENT 75
/* Looking at a rest at all costs as much as that many more rules in a block. */
#define REST_COST 16

static bool span_is_all(const struct spans *s, uint32_t i)
{
	return !s->r[s->first[i]].lo && s->r[s->first[i]].hi == UINT32_MAX;
}

/* One way to split rules, tried for blocks of @leaf of them; a rule that would be in more than @spread goes to the rest. */
struct plan {
	struct rule_list rules;
	uint32_t leaf, spread;
	struct spans spans;
	struct cuts cuts;
	bool *rest;       /* by rule */
	uint32_t *counts; /* by child */
	uint64_t nrest, entries, cost;
};

static void plan_free(struct plan *p)
{
	spans_free(&p->spans);
	free(p->cuts.ends);
	free(p->rest);
	free(p->counts);
}

/* The next children that a rule's values are in. */
static bool plan_next(const struct plan *p, uint32_t rule, struct stretch *s)
{
	size_t first = p->spans.first[rule], n = p->spans.first[rule + 1] - first;

	return stretch_next(s, p->cuts.ends, (uint32_t)p->cuts.n, p->spans.r + first, n);
}

static bool plan_is_rest(const struct plan *p, uint32_t rule)
{
	uint32_t n = 0;

	for (struct stretch s = { 0 }; plan_next(p, rule, &s);)
		n += s.end - s.from;
	return n > p->spread;
}

/* How many rules each child has, and what that costs. */
static int plan_count(struct plan *p)
{
	uint64_t squares = 0;

	p->counts = calloc(p->cuts.n + 1, sizeof(*p->counts));
	if (!p->counts)
		return -ENOMEM;
	p->entries = p->nrest = 0;
	for (uint32_t i = 0; i < p->rules.n; i++) {
		p->nrest += p->rest[i];
		for (struct stretch s = { 0 }; !p->rest[i] && plan_next(p, i, &s);)
			for (uint32_t child = s.from; child < s.end; child++)
				p->counts[child]++;
	}
	for (size_t i = 0; i <= p->cuts.n; i++) {
		p->entries += p->counts[i];
		squares += (uint64_t)p->counts[i] * p->counts[i];
	}
	p->cost = (p->entries ? squares / p->entries : 0) + p->nrest + (p->nrest ? REST_COST : 0);
	return 0;
}

/* Cuts for the rules that name the field; then again without those that would be in too many children. */
static int plan_make(struct plan *p, uint32_t field)
{
	struct cuts_wanted wanted = { { 0, UINT32_MAX }, p->leaf, NULL };
	uint32_t n = p->rules.n;
	bool changed = false;
	int err = spans_make(&p->spans, p->rules, field);

	p->cost = UINT64_MAX;
	p->rest = err ? NULL : malloc(n * sizeof(*p->rest));
	if (!p->rest)
		return -ENOMEM;
	wanted.skip = p->rest;
	for (uint32_t i = 0; i < n; i++)
		p->rest[i] = span_is_all(&p->spans, i);
	err = cuts_find(&p->spans, n, &wanted, &p->cuts);
	if (err || !p->cuts.n)
		return err;
	for (uint32_t i = 0; i < n; i++) {
		bool rest = plan_is_rest(p, i);

		changed |= rest != p->rest[i];
		p->rest[i] = rest;
	}
	if (changed)
		err = cuts_find(&p->spans, n, &wanted, &p->cuts);
	return err || !p->cuts.n || p->cuts.n >= CHILDREN_MAX ? err : plan_count(p);
}

static bool plan_is_good(const struct plan *p)
{
	uint64_t n = p->rules.n;

	return p->cost != UINT64_MAX && p->entries + p->nrest <= n * COPIES_MAX && p->cost * 100 <= n * SEARCH_PERCENT;
}

/* Tries every field for blocks of @leaf rules; the best plan replaces @best, if it is better. */
static int plan_choose_field(struct plan *best, struct rule_list rules, uint32_t leaf, uint32_t spread)
{
	uint32_t named[FW_NFIELDS] = { 0 };
	int err = 0;

	for (uint32_t i = 0; i < rules.n; i++)
		for (unsigned m = 0; m < rules.r[i]->nmatches; m++)
			named[rules.r[i]->matches[m]->field]++;
	for (uint32_t f = 0; !err && f < FW_NFIELDS; f++) {
		struct plan p = { .rules = rules, .leaf = leaf, .spread = spread, .cost = UINT64_MAX };

		/* The others are the rest, which would be too large. */
		if (named[f] < rules.n / 4 || !named[f])
			continue;
		err = plan_make(&p, f);
		if (!err && plan_is_good(&p) && p.cost < best->cost) {
			struct plan worse = *best;

			*best = p;
			p = worse;
		}
		plan_free(&p);
	}
	return err;
}

/* The smallest blocks that some field splits the rules into well. */
static int plan_choose(const struct fw_tables *t, struct plan *best, struct rule_list rules)
{
	int err = 0;

	for (size_t i = 0; !err && best->cost == UINT64_MAX && i < sizeof(larger) / sizeof(*larger); i++) {
		uint32_t leaf = i ? larger[i] : t->leaf_rules;

		if (leaf < t->leaf_rules || leaf >= rules.n)
			continue;
		err = plan_choose_field(best, rules, leaf, SPREAD_MAX);
		if (!err && best->cost == UINT64_MAX)
			err = plan_choose_field(best, rules, leaf, 1);
	}
	return err;
}

void split_draft_free(struct split_draft *d)
{
	free(d->ends);
	free(d->hits);
}

int split_write(struct fw_tables *t, const struct split_draft *d, __u64 *hit)
{
	uint32_t header = offsetof(struct fw_block, field) + (uint32_t)sizeof(struct fw_block_field), steps = 0, line;
	uint64_t lowest = d->rest; /* FW_HIT_NONE is above all others */
	struct fw_block head = { .rules = FW_SPLIT, .fields = 1, .next = d->rest, .entries = (uint32_t)d->entries };
	uint8_t *to;
	int err;

	*hit = FW_HIT_NONE;
	for (size_t i = 0; i < d->nhits; i++)
		lowest = d->hits[i] < lowest ? d->hits[i] : lowest;
	if (lowest == FW_HIT_NONE)
		return 0;
	while (1ull << steps < d->nhits)
		steps++;

	/* An end more than there are makes an even number of words, so that hits are aligned. */
	uint32_t ends = (4u << steps) + (steps ? 0 : 4), bytes = header + ends + 8 * (uint32_t)d->nhits;

	err = block_take(t, bytes, false, &line);
	if (err)
		return err;
	head.bytes = bytes;
	head.field[0] = (struct fw_block_field){ d->field, steps, header, header + ends, header, d->made };
	to = fw_pool_ptr(t->heap.pool, line);
	memcpy(to, &head, header);
	memset(to + header, 0xff, ends);
	if (d->nends)
		memcpy(to + header, d->ends, d->nends * sizeof(*d->ends));
	memcpy(to + header + ends, d->hits, d->nhits * sizeof(*d->hits));
	*hit = FW_HIT(FW_HIT_RANK(lowest), 1, line);
	return 0;
}

/* The rules of all children one after the other, then those of the rest, each in rank order; @at is where each begins. */
static void plan_deal(const struct plan *p, const struct fw_instance **dealt, size_t *at)
{
	size_t nchildren = p->cuts.n + 1;

	at[0] = 0;
	for (size_t i = 0; i < nchildren; i++)
		at[i + 1] = at[i] + p->counts[i];
	for (uint32_t i = 0; i < p->rules.n; i++) {
		if (p->rest[i])
			dealt[at[nchildren]++] = p->rules.r[i];
		for (struct stretch s = { 0 }; !p->rest[i] && plan_next(p, i, &s);)
			for (uint32_t child = s.from; child < s.end; child++)
				dealt[at[child]++] = p->rules.r[i];
	}
	/* Each at[i] has advanced to where the next one began. */
	memmove(at + 1, at, nchildren * sizeof(*at));
	at[0] = 0;
}

/* Writes the split of a plan, and the trees of its children and its rest before it. */
static int plan_write(struct fw_tables *t, struct plan *p, unsigned depth, __u64 *hit)
{
	size_t nchildren = p->cuts.n + 1, total = p->entries + p->nrest;
	fw_autofree const struct fw_instance **dealt = malloc(total * sizeof(*dealt) + 1);
	fw_autofree size_t *at = calloc(nchildren + 2, sizeof(*at));
	fw_autofree __u64 *hits = malloc(nchildren * sizeof(*hits));
	struct split_draft d = {
		.field = p->spans.field, .made = (uint32_t)total, .entries = total, .rest = FW_HIT_NONE
	};
	int err = dealt && at && hits ? 0 : -ENOMEM;

	if (err)
		return err;
	plan_deal(p, dealt, at);
	for (size_t i = 0; !err && i < nchildren; i++)
		err = tree_build(t, (struct rule_list){ dealt + at[i], p->counts[i] }, depth + 1, &hits[i]);
	if (!err)
		err = tree_build(t, (struct rule_list){ dealt + at[nchildren], (uint32_t)p->nrest }, depth + 1,
				 &d.rest);
	d.ends = p->cuts.ends;
	d.nends = p->cuts.n;
	d.hits = hits;
	d.nhits = nchildren;
	return err ? err : split_write(t, &d, hit);
}

int tree_build(struct fw_tables *t, struct rule_list rules, unsigned depth, __u64 *hit)
{
	struct plan p = { .cost = UINT64_MAX };
	int err = 0;

	*hit = FW_HIT_NONE;
	if (!rules.n)
		return 0;
	if (rules.n > t->leaf_rules && depth < FW_SPLIT_DEPTH)
		err = plan_choose(t, &p, rules);
	if (!err)
		err = p.cost == UINT64_MAX ? block_write(t, rules, hit) : plan_write(t, &p, depth, hit);
	plan_free(&p);
	return err;
}

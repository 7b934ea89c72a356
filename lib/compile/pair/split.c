// SPDX-License-Identifier: GPL-2.0-only
/*
 * Splits: the many rules of one pair, parted by the values of the field that
 * parts them best, so that a packet searches one small block. Six rules, parted
 * by their destination port so that two of them make a block:
 *
 *	rule 0  tcp 80           dport   0-399   400-8499   8500-
 *	rule 1  tcp 443          block   {0,4}   {1,2}      {2,3}     rest {5}
 *	rule 2  tcp 400-9000
 *	rule 3  tcp 8500
 *	rule 4  udp 53
 *	rule 5  icmp
 *
 * Rule 2 is cut in two, and stands in both blocks. Rule 5 says nothing of the field and would stand everywhere; it is in
 * the rest, which packets look at besides, unless what they have found stands before it. Blocks that the field parts no
 * further are parted by another.
 *
 * Cuts are made where a sweep over the values has passed as many rules as a block is to have, and few rules go on. A field
 * is good when what a packet has to search, a block and the rest, is small, and few rules stand twice. Where no field is
 * good, the rules make blocks that follow each other.
 */
#include "split.h"

#include <string.h>

/* Sizes of blocks to try beyond that which is wanted, where more cuts would make too many copies. */
static const uint32_t larger[] = { 0, 1024, FW_BLOCK_RULES };
/* A field parts rules well enough when a packet searches that share of them, in per cent. */
#define SEARCH_PERCENT 75
/* Looking at a rest at all costs as much as so many rules more in a block. */
#define REST_COST 16

int spans_make(struct spans *s, const struct fw_instance *const *rules, uint32_t n, uint32_t field)
{
	*s = (struct spans){ .field = field, .first = malloc((n + 1ull) * sizeof(*s->first)) };
	if (!s->first)
		return -ENOMEM;
	for (uint32_t i = 0; i < n; i++) {
		const struct fw_match *m = fw_instance_match(rules[i], field);
		size_t most = m ? FW_MATCH_RANGES_MAX(m) : 1;

		s->first[i] = s->n;
		if (!s->r || s->n + most > s->cap) {
			size_t cap = (s->n + most) * 2 + 64;
			struct fw_range *grown = realloc(s->r, cap * sizeof(*grown));

			if (!grown)
				return -ENOMEM;
			s->r = grown;
			s->cap = cap;
		}
		if (m)
			s->n += fw_match_ranges(m, s->r + s->n);
		else
			s->r[s->n++] = (struct fw_range){ 0, UINT32_MAX };
	}
	s->first[n] = s->n;
	return 0;
}

void spans_free(struct spans *s)
{
	free(s->first);
	free(s->r);
}

static bool span_is_all(const struct spans *s, uint32_t i)
{
	return !s->r[s->first[i]].lo && s->r[s->first[i]].hi == UINT32_MAX;
}

static int compare_u32(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

/* A sweep over the values: up to @at, so many ranges have begun, and so many ended. */
struct place {
	int64_t at;
	size_t begun, ended;
};

struct sweeping {
	uint32_t *begin, *end; /* of ranges, each ascending */
	size_t n;
	struct fw_range within;
};

/* The next value that a range ends at, or behind which one begins; the last one of all is that of the sweep. */
static void sweep_on(const struct sweeping *s, struct place *p)
{
	int64_t at = s->within.hi;
	size_t k = p->begun;

	while (k < s->n && s->begin[k] <= p->at + 1)
		k++;
	if (k < s->n && s->begin[k] - 1 < at)
		at = s->begin[k] - 1;
	while (p->ended < s->n && s->end[p->ended] <= p->at)
		p->ended++;
	if (p->ended < s->n && s->end[p->ended] < at)
		at = s->end[p->ended];
	p->at = at;
	while (p->begun < s->n && s->begin[p->begun] <= at)
		p->begun++;
	while (p->ended < s->n && s->end[p->ended] <= at)
		p->ended++;
}

/* Is a cut at @p better than one at @best, for a part that begins behind @from? At least half full; few that go on; late. */
static bool cut_is_better(const struct place *p, const struct place *best, const struct place *from, uint32_t leaf)
{
	if (best->at == from->at || (best->begun - from->ended) * 2 < leaf)
		return true;
	return p->begun - p->ended <= best->begun - best->ended;
}

static int sweep_cut(const struct sweeping *s, uint32_t leaf, struct cuts *out)
{
	struct place from = { (int64_t)s->within.lo - 1, 0, 0 }, p = from, best = from;

	while (p.at < s->within.hi) {
		sweep_on(s, &p);
		if (p.begun - from.ended > leaf && best.at != from.at) {
			p = best;
		} else if (p.begun - from.ended <= leaf) {
			if (p.at < s->within.hi && cut_is_better(&p, &best, &from, leaf))
				best = p;
			continue;
		}
		/* The part is full, or one value alone is more than that. */
		if (p.at == s->within.hi)
			break;
		if (fw_vec_push(out->ends, out->n, out->cap, (uint32_t)p.at))
			return -ENOMEM;
		from = best = p;
	}
	return 0;
}

int cuts_find(const struct spans *s, uint32_t n, const bool *skip, struct fw_range within, uint32_t leaf,
	      struct cuts *out)
{
	fw_autofree uint32_t *begin = malloc(s->n * sizeof(*begin) + 1), *end = malloc(s->n * sizeof(*end) + 1);
	struct sweeping sw = { begin, end, 0, within };

	out->n = 0;
	if (!begin || !end)
		return -ENOMEM;
	for (uint32_t i = 0; i < n; i++)
		for (size_t k = s->first[i]; k < s->first[i + 1] && !(skip && skip[i]); k++) {
			struct fw_range r = s->r[k];

			if (r.lo > within.hi || r.hi < within.lo)
				continue;
			begin[sw.n] = r.lo > within.lo ? r.lo : within.lo;
			end[sw.n++] = r.hi < within.hi ? r.hi : within.hi;
		}
	qsort(begin, sw.n, sizeof(*begin), compare_u32);
	qsort(end, sw.n, sizeof(*end), compare_u32);
	return sweep_cut(&sw, leaf, out);
}

/* One way to part rules. */
struct plan {
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

static bool plan_is_rest(const struct plan *p, uint32_t rule, uint32_t spread)
{
	uint32_t n = 0;

	for (struct stretch s = { 0 }; plan_next(p, rule, &s);)
		n += s.end - s.from;
	return n > spread;
}

/* How many rules each child has, and what that costs. */
static int plan_count(struct plan *p, uint32_t n)
{
	uint64_t squares = 0;

	p->counts = calloc(p->cuts.n + 1, sizeof(*p->counts));
	if (!p->counts)
		return -ENOMEM;
	p->entries = p->nrest = 0;
	for (uint32_t i = 0; i < n; i++) {
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

/* Cuts for the rules that name the field; then again without those that would stand in too many children. */
static int plan_make(struct plan *p, const struct fw_instance *const *rules, uint32_t n, uint32_t field, uint32_t leaf,
		     uint32_t spread)
{
	const struct fw_range all = { 0, UINT32_MAX };
	bool changed = false;
	int err = spans_make(&p->spans, rules, n, field);

	p->cost = UINT64_MAX;
	p->rest = err ? NULL : malloc(n * sizeof(*p->rest));
	if (!p->rest)
		return -ENOMEM;
	for (uint32_t i = 0; i < n; i++)
		p->rest[i] = span_is_all(&p->spans, i);
	err = cuts_find(&p->spans, n, p->rest, all, leaf, &p->cuts);
	if (err || !p->cuts.n)
		return err;
	for (uint32_t i = 0; i < n; i++) {
		bool rest = plan_is_rest(p, i, spread);

		changed |= rest != p->rest[i];
		p->rest[i] = rest;
	}
	if (changed)
		err = cuts_find(&p->spans, n, p->rest, all, leaf, &p->cuts);
	return err || !p->cuts.n || p->cuts.n >= CHILDREN_MAX ? err : plan_count(p, n);
}

static bool plan_is_good(const struct plan *p, uint32_t n)
{
	return p->cost != UINT64_MAX && p->entries + p->nrest <= (uint64_t)n * COPIES_MAX &&
	       p->cost * 100 <= (uint64_t)n * SEARCH_PERCENT;
}

/* The best field for blocks of @leaf rules goes to @best. */
static int plan_choose_field(struct plan *best, const struct fw_instance *const *rules, uint32_t n, uint32_t leaf,
			     uint32_t spread)
{
	uint32_t named[FW_NFIELDS] = { 0 };
	int err = 0;

	for (uint32_t i = 0; i < n; i++)
		for (unsigned m = 0; m < rules[i]->nmatches; m++)
			named[rules[i]->matches[m]->field]++;
	for (uint32_t f = 0; !err && f < FW_NFIELDS; f++) {
		struct plan p = { .cost = UINT64_MAX };

		/* The others are the rest, which would be too large. */
		if (named[f] < n / 4 || !named[f])
			continue;
		err = plan_make(&p, rules, n, f, leaf, spread);
		if (!err && plan_is_good(&p, n) && p.cost < best->cost) {
			struct plan worse = *best;

			*best = p;
			p = worse;
		}
		plan_free(&p);
	}
	return err;
}

/* The smallest blocks that some field parts the rules into well. */
static int plan_choose(const struct fw_tables *t, struct plan *best, const struct fw_instance *const *rules, uint32_t n)
{
	int err = 0;

	for (size_t i = 0; !err && best->cost == UINT64_MAX && i < sizeof(larger) / sizeof(*larger); i++) {
		uint32_t leaf = i ? larger[i] : t->leaf_rules;

		if (leaf < t->leaf_rules || leaf >= n)
			continue;
		err = plan_choose_field(best, rules, n, leaf, SPREAD_MAX);
		if (!err && best->cost == UINT64_MAX)
			err = plan_choose_field(best, rules, n, leaf, 1);
	}
	return err;
}

void split_node_free(struct split_node *nd)
{
	free(nd->ends);
	free(nd->hits);
}

int split_node_write(struct fw_tables *t, const struct split_node *nd, __u64 *hit)
{
	uint32_t header = offsetof(struct fw_block, field) + (uint32_t)sizeof(struct fw_block_field), steps = 0, line;
	uint64_t lowest = nd->rest; /* FW_HIT_NONE is above all others */
	struct fw_block head = { .rules = FW_SPLIT, .fields = 1, .next = nd->rest, .entries = (uint32_t)nd->entries };
	uint8_t *to;
	int err;

	*hit = FW_HIT_NONE;
	for (size_t i = 0; i < nd->nhits; i++)
		lowest = nd->hits[i] < lowest ? nd->hits[i] : lowest;
	if (lowest == FW_HIT_NONE)
		return 0;
	while (1ull << steps < nd->nhits)
		steps++;

	/* An end more than there are makes an even number of words, so that hits are aligned. */
	uint32_t ends = (4u << steps) + (steps ? 0 : 4), bytes = header + ends + 8 * (uint32_t)nd->nhits;

	err = block_take(t, bytes, false, &line);
	if (err)
		return err;
	head.bytes = bytes;
	head.field[0] = (struct fw_block_field){ nd->field, steps, header, header + ends, header, nd->made };
	to = fw_pool_ptr(t->heap.pool, line);
	memcpy(to, &head, header);
	memset(to + header, 0xff, ends);
	if (nd->nends)
		memcpy(to + header, nd->ends, nd->nends * sizeof(*nd->ends));
	memcpy(to + header + ends, nd->hits, nd->nhits * sizeof(*nd->hits));
	*hit = FW_HIT(FW_HIT_RANK(lowest), 1, line);
	return 0;
}

/* The rules of all children one after the other, then those of the rest, each in rank order; @at is where each begins. */
static void deal(const struct plan *p, const struct fw_instance *const *rules, uint32_t n,
		 const struct fw_instance **dealt, size_t *at)
{
	size_t nchildren = p->cuts.n + 1;

	at[0] = 0;
	for (size_t i = 0; i < nchildren; i++)
		at[i + 1] = at[i] + p->counts[i];
	for (uint32_t i = 0; i < n; i++) {
		if (p->rest[i])
			dealt[at[nchildren]++] = rules[i];
		for (struct stretch s = { 0 }; !p->rest[i] && plan_next(p, i, &s);)
			for (uint32_t child = s.from; child < s.end; child++)
				dealt[at[child]++] = rules[i];
	}
	/* Each has gone on to where the next began. */
	memmove(at + 1, at, nchildren * sizeof(*at));
	at[0] = 0;
}

static int split_write(struct fw_tables *t, struct plan *p, const struct fw_instance *const *rules, uint32_t n,
		       unsigned depth, __u64 *hit)
{
	size_t nchildren = p->cuts.n + 1, total = p->entries + p->nrest;
	fw_autofree const struct fw_instance **dealt = malloc(total * sizeof(*dealt) + 1);
	fw_autofree size_t *at = calloc(nchildren + 2, sizeof(*at));
	fw_autofree __u64 *hits = malloc(nchildren * sizeof(*hits));
	struct split_node nd = {
		.field = p->spans.field, .made = (uint32_t)total, .entries = total, .rest = FW_HIT_NONE
	};
	int err = dealt && at && hits ? 0 : -ENOMEM;

	if (err)
		return err;
	deal(p, rules, n, dealt, at);
	for (size_t i = 0; !err && i < nchildren; i++)
		err = tree_build(t, dealt + at[i], p->counts[i], depth + 1, &hits[i]);
	if (!err)
		err = tree_build(t, dealt + at[nchildren], (uint32_t)p->nrest, depth + 1, &nd.rest);
	nd.ends = p->cuts.ends;
	nd.nends = p->cuts.n;
	nd.hits = hits;
	nd.nhits = nchildren;
	return err ? err : split_node_write(t, &nd, hit);
}

int tree_build(struct fw_tables *t, const struct fw_instance *const *rules, uint32_t n, unsigned depth, __u64 *hit)
{
	struct plan p = { .cost = UINT64_MAX };
	int err = 0;

	*hit = FW_HIT_NONE;
	if (!n)
		return 0;
	if (n > t->leaf_rules && depth < FW_SPLIT_DEPTH)
		err = plan_choose(t, &p, rules, n);
	if (!err)
		err = p.cost == UINT64_MAX ? block_write(t, rules, n, hit) : split_write(t, &p, rules, n, depth, hit);
	plan_free(&p);
	return err;
}

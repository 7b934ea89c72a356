// SPDX-License-Identifier: GPL-2.0-only
/*
 * The instances of rules that are not their own: what several rules match together, and the ranks of instances.
 *
 * The instances of a rule have the ranks from its own on up to the next rule's. When a rule gets other ones, those that stay keep
 * their ranks, so that an update of the tables does not touch them:
 *
 *	rule 10  rank 1000   a 1000  b 1300  c 1600        d is inserted before c:   a 1000  b 1300  d 1450  c 1600
 *	rule 20  rank 2000
 */
#include "lib/rule/internal.h"

void fw_common_put(struct fw_ruleset *rs, const struct fw_common *c)
{
	fw_book_drop(&rs->book, c->src);
	fw_book_drop(&rs->book, c->dst);
	for (unsigned i = 0; i < c->n; i++)
		fw_intern_put(rs, c->m[i]);
}

/* Adds a match with a reference; what was there for its field is replaced. */
static void common_set(struct fw_ruleset *rs, struct fw_common *c, const struct fw_match *m)
{
	unsigned i = 0;

	while (i < c->n && c->m[i]->field < m->field)
		i++;
	if (i < c->n && c->m[i]->field == m->field) {
		fw_intern_put(rs, c->m[i]);
	} else {
		memmove(c->m + i + 1, c->m + i, (c->n - i) * sizeof(*c->m));
		c->n++;
	}
	c->m[i] = m;
}

static const struct fw_match *common_match(const struct fw_common *c, uint8_t field)
{
	for (unsigned i = 0; i < c->n; i++)
		if (c->m[i]->field == field)
			return c->m[i];
	return NULL;
}

/* 1: the packets that @c and the match have in common; 0: there are none; negative: an error. */
static int common_match_and(struct fw_ruleset *rs, struct fw_common *c, const struct fw_match *m)
{
	const struct fw_match *has = common_match(c, m->field), *both = m;
	int err = 0;

	if (has)
		err = fw_match_and(rs, has, m, &both);
	else
		fw_blob_of(m)->refs++;
	if (err || !both)
		return err;
	common_set(rs, c, both);
	return 1;
}

/* The same of a rule's own match, whose patterns stand for what rules use now. */
static int common_rule_and(struct fw_ruleset *rs, struct fw_common *c, const struct fw_match *m)
{
	fw_autofree struct fw_match *wide = NULL;
	const struct fw_match *shared;
	int left = fw_match_widen(rs, m, &wide);

	if (left || !wide)
		return left ? left : common_match_and(rs, c, m);
	shared = fw_intern(rs, wide, sizeof(*wide) + wide->n * sizeof(wide->r[0]));
	if (!shared)
		return -ENOMEM;
	left = common_match_and(rs, c, shared);
	fw_intern_put(rs, shared);
	return left;
}

/* The same of addresses; @side: of @c. */
static int common_addrs_and(struct fw_ruleset *rs, uint32_t *side, uint32_t addrs)
{
	uint32_t both;
	int err = fw_ruleset_addrs_and(rs, *side, addrs, &both);

	if (err || both == FW_NOWHERE)
		return err;
	fw_book_hold(&rs->book, both);
	fw_book_drop(&rs->book, *side);
	*side = both;
	return 1;
}

/* As common_match_and(), of the ethertypes of IP. */
static int common_ip(struct fw_ruleset *rs, struct fw_common *c)
{
	fw_autofree struct fw_match *m = malloc(sizeof(*m) + 2 * sizeof(m->r[0]));
	const struct fw_match *ip;
	int left;

	if (!m)
		return -ENOMEM;
	*m = (struct fw_match){ .field = FW_F_ETHERTYPE, .n = 2 };
	m->r[0] = (struct fw_range){ 0x0800, 0x0800 };
	m->r[1] = (struct fw_range){ 0x86dd, 0x86dd };
	ip = fw_intern(rs, m, sizeof(*m) + 2 * sizeof(m->r[0]));
	if (!ip)
		return -ENOMEM;
	left = common_match_and(rs, c, ip);
	fw_intern_put(rs, ip);
	return left;
}

static bool common_names_non_ip(const struct fw_common *c)
{
	return fw_instance_names_non_ip(&(struct fw_instance){ .matches = (void *)c->m, .nmatches = c->n });
}

int fw_common_and(struct fw_ruleset *rs, const struct fw_common *c, const struct fw_instance *in, struct fw_common *out)
{
	int left;

	*out = *c;
	fw_book_hold(&rs->book, out->src);
	fw_book_hold(&rs->book, out->dst);
	for (unsigned i = 0; i < out->n; i++)
		fw_blob_of(out->m[i])->refs++;
	left = common_addrs_and(rs, &out->src, in->src);
	if (left > 0)
		left = common_addrs_and(rs, &out->dst, in->dst);
	for (unsigned i = 0; i < in->nmatches && left > 0; i++)
		left = common_rule_and(rs, out, in->matches[i]);
	if (left > 0)
		left = common_names_non_ip(out) && !common_names_non_ip(c) && !c->all ? common_ip(rs, out) : 1;
	out->all = false;
	if (left > 0)
		left = (fw_addrs_families(&rs->addrs[out->src]) & fw_addrs_families(&rs->addrs[out->dst])) != 0;
	if (left <= 0)
		fw_common_put(rs, out);
	return left;
}

int fw_common_instance(struct fw_ruleset *rs, const struct fw_common *c, struct fw_instance *out)
{
	const struct fw_match **matches = c->n ? (void *)fw_intern(rs, c->m, c->n * sizeof(*c->m)) : NULL;

	if (c->n && !matches)
		return -ENOMEM;
	/* The array holds a reference to each of its matches, however many instances and rules share it. */
	for (unsigned i = 0; c->n && fw_blob_of(matches)->refs == 1 && i < c->n; i++)
		fw_blob_of(c->m[i])->refs++;
	fw_book_hold(&rs->book, c->src);
	fw_book_hold(&rs->book, c->dst);
	out->matches = matches;
	out->nmatches = c->n;
	out->src = c->src;
	out->dst = c->dst;
	return 0;
}

void fw_instance_put(struct fw_ruleset *rs, const struct fw_instance *in)
{
	if (in->nmatches && fw_blob_of(in->matches)->refs == 1)
		for (unsigned i = 0; i < in->nmatches; i++)
			fw_intern_put(rs, in->matches[i]);
	if (in->nmatches)
		fw_intern_put(rs, in->matches);
	fw_book_drop(&rs->book, in->src);
	fw_book_drop(&rs->book, in->dst);
}

static size_t inlined_bytes(uint32_t n)
{
	return sizeof(struct fw_inlined) + n * sizeof(struct fw_inlined_at);
}

struct fw_inlined *fw_inlined_new(struct fw_ruleset *rs, const struct fw_inlined_at *at, uint32_t n)
{
	struct fw_inlined *in = fw_region_alloc(&rs->region, inlined_bytes(n));

	if (!in)
		return NULL;
	in->n = n;
	in->npassing = in->asked = 0;
	if (n)
		memcpy(in->at, at, n * sizeof(*at));
	for (uint32_t i = 0; i < n; i++)
		in->npassing += !fw_action_ends(&rs->actions[at[i].instance.action]);
	return in;
}

void fw_inlined_free(struct fw_ruleset *rs, struct fw_inlined *in)
{
	if (!in)
		return;
	for (uint32_t i = 0; i < in->n; i++)
		fw_instance_put(rs, &in->at[i].instance);
	fw_region_recycle(&rs->region, in, inlined_bytes(in->n));
}

struct fw_inlined *fw_inlined_copy(struct fw_ruleset *rs, const struct fw_inlined *in)
{
	struct fw_inlined *copy = fw_inlined_new(rs, in->at, in->n);

	if (copy)
		copy->asked = in->asked;
	for (uint32_t i = 0; copy && i < copy->n; i++) {
		struct fw_instance *r = &copy->at[i].instance;

		if (r->nmatches)
			fw_blob_of(r->matches)->refs++;
		fw_book_hold(&rs->book, r->src);
		fw_book_hold(&rs->book, r->dst);
	}
	return copy;
}

static bool same(const struct fw_instance *a, const struct fw_instance *b)
{
	return a->slot == b->slot && a->action == b->action && a->src == b->src && a->dst == b->dst &&
	       a->nmatches == b->nmatches && (!a->nmatches || a->matches == b->matches);
}

#define LOOK_AHEAD 128 /* so many instances may be gone at once, and those after them still keep their ranks */

/* Instances that were there before, in the same order, keep their ranks if these are in [lo, hi); others get 0. */
static void keep_ranks(struct fw_inlined *in, const struct fw_inlined *old, uint32_t lo, uint32_t hi)
{
	uint32_t from = 0, until = old ? old->n : 0, end = in->n;

	for (uint32_t i = 0; i < in->n; i++)
		in->at[i].instance.rank = 0;
	while (until && end && same(&in->at[end - 1].instance, &old->at[until - 1].instance)) {
		until--;
		end--;
	}
	for (uint32_t i = 0; i < end; i++)
		for (uint32_t k = from; k < until && k - from < LOOK_AHEAD; k++)
			if (same(&in->at[i].instance, &old->at[k].instance)) {
				in->at[i].instance.rank = old->at[k].instance.rank;
				from = k + 1;
				break;
			}
	for (uint32_t i = end; i < in->n; i++)
		in->at[i].instance.rank = old->at[until + i - end].instance.rank;
	for (uint32_t i = 0; i < in->n; i++)
		if (in->at[i].instance.rank < lo || in->at[i].instance.rank >= hi)
			in->at[i].instance.rank = 0;
}

/* Gives ranks above @below and below @above to the instances @i to @end - 1. false: there are not enough. */
static bool fill(struct fw_inlined *in, uint32_t i, uint32_t end, uint32_t below, uint32_t above)
{
	uint64_t n = end - i, most = (n + 1) * FW_RANK_STEP, span = above - below;

	if (n >= span)
		return false;
	if (end == in->n && span > most)
		span = most;
	for (uint64_t k = 0; k < n; k++)
		in->at[i + k].instance.rank = below + (uint32_t)((k + 1) * span / (n + 1));
	return true;
}

static bool fill_gaps(struct fw_inlined *in, uint32_t lo, uint32_t hi)
{
	uint32_t below = lo - 1, from = 0;

	for (uint32_t i = 0; i <= in->n; i++) {
		uint32_t rank = i < in->n ? in->at[i].instance.rank : hi;

		if (!rank)
			continue;
		if (!fill(in, from, i, below, rank))
			return false;
		below = rank;
		from = i + 1;
	}
	return true;
}

bool fw_inlined_fit(struct fw_inlined *in, const struct fw_inlined *old, uint32_t lo, uint32_t hi)
{
	keep_ranks(in, old, lo, hi);
	if (fill_gaps(in, lo, hi))
		return true;
	keep_ranks(in, NULL, lo, hi);
	return fill_gaps(in, lo, hi);
}

uint32_t fw_inlined_end(const struct fw_inlined *in, uint32_t i)
{
	uint32_t to = in->at[i].to;

	if (to == FW_TO_POLICY)
		return FW_RANK_MAX + 1;
	return to < in->n ? in->at[to].instance.rank : in->at[in->n - 1].instance.rank + 1;
}

bool fw_inlined_same(const struct fw_inlined *a, const struct fw_inlined *b)
{
	bool is = a && b && a->n == b->n && a->asked == b->asked;

	for (uint32_t i = 0; is && i < a->n; i++)
		is = same(&a->at[i].instance, &b->at[i].instance) && a->at[i].to == b->at[i].to;
	return is;
}

void fw_instances_count(struct fw_ruleset *rs, const struct fw_rule *r, int by)
{
	uint32_t n = r->inlined ? r->inlined->n : 1;
	uint32_t passing = r->inlined ? r->inlined->npassing : !fw_action_ends(fw_rule_action(rs, r));

	if (r->chain != FW_MAIN)
		return;
	rs->ninstances += by > 0 ? n : 0 - (size_t)n;
	rs->npassing += by > 0 ? passing : 0 - passing;
}

void fw_rule_inline(struct fw_ruleset *rs, struct fw_rule *r, struct fw_inlined *in)
{
	fw_instances_count(rs, r, -1);
	fw_inlined_free(rs, r->inlined);
	r->inlined = in;
	fw_instances_count(rs, r, 1);
}

void fw_ruleset_inlined(struct fw_ruleset *rs)
{
	fw_rank_spread(rs);
}

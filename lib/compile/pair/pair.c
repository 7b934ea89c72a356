// SPDX-License-Identifier: GPL-2.0-only
/*
 * Pairs: the rules of each (source identity, destination identity), and the hash table in which packets look them up. Entries
 * are placed in the order of their home lines, which keeps each as near to its home as the load allows.
 */
#include "pair.h"

#include <string.h>

/* Lines for each hundred pairs. A line has room for two, so the table is 38% full, with room for more pairs. */
#define LINES_PERCENT 130
#define LINES_MORE_PERCENT 110
#define LINES_LEAST 128
/* The pairs of a compiled ruleset are nearer to their home than later ones may be. */
#define DISPLACEMENT_GOOD 7
#define GROWTHS_MAX 40
/* Below this many rules, the fields in use are not representative. */
#define USUAL_RULES 64

/* A pair and its rules, chained in rank order through next_rule[]. */
struct pair {
	uint64_t key;
	uint32_t first, last, n; /* rules */
	uint32_t home;
};

/* A pair table under construction. */
struct pairs {
	struct fw_tables *t;
	const struct fw_lowered *l;
	struct pair *p;
	size_t n, cap;
	uint32_t *next_rule;              /* rule -> the next one of its pair */
	const struct fw_instance **rules; /* room for those of the largest pair */
	uint32_t most;                    /* rules of one pair */
};

#define NO_RULE 0xffffffffu
#define AHEAD 16

uint64_t pair_key_of(const struct fw_tables *t, const struct fw_instance *r)
{
	if (fw_instance_names_non_ip(r) && r->src == FW_ANY && r->dst == FW_ANY)
		return FW_PAIR_KEY(FW_IDENTITY_FRAME, FW_IDENTITY_FRAME);
	return FW_PAIR_KEY(t->side[SRC].identity_of[r->src], t->side[DST].identity_of[r->dst]);
}

/* The pair with @key in the index of pair numbers + 1 (a power of two of slots); new ones are appended. */
static int pair_intern(struct pairs *ps, uint32_t *slots, size_t mask, uint64_t key, struct pair **out)
{
	size_t at = fw_mix64(key) & mask;

	for (; slots[at]; at = (at + 1) & mask) {
		*out = &ps->p[slots[at] - 1];
		if ((*out)->key == key)
			return 0;
	}
	if (fw_vec_push(ps->p, ps->n, ps->cap, ((struct pair){ .key = key, .first = NO_RULE })))
		return -ENOMEM;
	slots[at] = (uint32_t)ps->n;
	*out = &ps->p[ps->n - 1];
	return 0;
}

/* Rule @i belongs to the pair @key. */
static int pair_add(struct pairs *ps, uint32_t *slots, size_t mask, uint32_t i, uint64_t key)
{
	struct pair *p;

	if (pair_intern(ps, slots, mask, key, &p))
		return -ENOMEM;
	ps->next_rule[i] = NO_RULE;
	if (p->n++)
		ps->next_rule[p->last] = i;
	else
		p->first = i;
	p->last = i;
	if (p->n > ps->most)
		ps->most = p->n;
	return 0;
}

/* Chains the rules of each pair. 0 or -ENOMEM. */
static int pairs_collect(struct pairs *ps)
{
	const struct fw_lowered *l = ps->l;
	uint64_t keys[AHEAD] = { 0 };
	size_t nslots = 16;

	while (nslots < l->from.n * 2)
		nslots *= 2;

	fw_autofree uint32_t *slots = calloc(nslots, sizeof(*slots));

	ps->next_rule = malloc(l->from.n * sizeof(*ps->next_rule) + 1);
	if (!slots || !ps->next_rule)
		return -ENOMEM;
	fw_huge_pages(slots, nslots * sizeof(*slots));
	for (uint32_t i = 0; i < l->from.n + AHEAD; i++) {
		int err = i < AHEAD ? 0 : pair_add(ps, slots, nslots - 1, i - AHEAD, keys[i % AHEAD]);

		if (err)
			return err;
		if (i >= l->from.n)
			continue;
		/* Slots are all over memory: prefetch them a few rules ahead. */
		keys[i % AHEAD] = pair_key_of(ps->t, l->instances[i]);
		__builtin_prefetch(&slots[fw_mix64(keys[i % AHEAD]) & (nslots - 1)]);
	}
	ps->rules = malloc(ps->most * sizeof(*ps->rules) + 1);
	return ps->rules ? 0 : -ENOMEM;
}

static void sign_pairs(const struct pairs *ps)
{
	struct side *side = ps->t->side;

	for (size_t i = 0; i < ps->n; i++) {
		uint32_t s = ps->p[i].key & FW_IDENTITIES_MAX, d = (uint32_t)(ps->p[i].key >> FW_IDENTITY_BITS);

		side[SRC].ids[s].signature |= 1ull << fw_signature_bit(d);
		side[DST].ids[d].signature |= 1ull << fw_signature_bit(s);
	}
}

/* An entry whose lanes let every packet pass. */
static struct fw_pair entry_open(const struct fw_tables *t, uint64_t key)
{
	struct fw_pair e = { .key = key, .hi = root_lanes_open(&t->root) };

	return e;
}

/* Narrows the lane of @field to one range. Return: false if the field has no lane. */
static bool entry_constrain(const struct fw_root *root, struct fw_pair *e, uint32_t field, struct fw_range r)
{
	for (unsigned i = 0; i < root->lanes; i++) {
		unsigned shift = root->lane_shift[i];

		if (root->lane_field[i] != field)
			continue;
		e->lo |= (uint64_t)r.lo << shift;
		e->hi &= ~((uint64_t)fw_field_bits(field) << shift);
		e->hi |= (uint64_t)r.hi << shift;
		return true;
	}
	return false;
}

/* Puts a rule into the entry itself. Return: false if it does not fit; then the entry is undefined. */
static bool entry_rule(const struct fw_root *root, struct fw_pair *e, const struct fw_instance *r)
{
	for (unsigned i = 0; i < r->nmatches; i++) {
		const struct fw_match *m = r->matches[i];
		struct fw_range range[256];

		if (FW_MATCH_RANGES_MAX(m) > 256 || fw_match_ranges(m, range) != 1)
			return false;
		if (!entry_constrain(root, e, m->field, range[0]))
			return false;
	}
	e->hit = instance_hit(r);
	return true;
}

int pair_build(struct fw_tables *t, uint64_t key, struct rule_list rules, struct fw_pair *out)
{
	*out = entry_open(t, key);
	if (rules.n == 1 && entry_rule(&t->root, out, rules.r[0]))
		return 0;
	*out = entry_open(t, key);

	int err = tree_build(t, rules, 0, &out->hit);

	t->stats.blocks += !err;
	return err;
}

static int entry_write(struct pairs *ps, const struct pair *p, struct fw_pair *to)
{
	struct fw_pair e;
	uint32_t n = 0;
	int err;

	for (uint32_t i = p->first; i != NO_RULE; i = ps->next_rule[i])
		ps->rules[n++] = ps->l->instances[i];
	err = pair_build(ps->t, p->key, (struct rule_list){ ps->rules, n }, &e);
	if (err)
		return err;
	if (FW_HIT_BLOCK(e.hit) && n > ps->t->stats.block_rules_max)
		ps->t->stats.block_rules_max = n;
	e.key |= to->key & FW_PAIR_OVERFLOW;
	*to = e;
	return 0;
}

/* Sorts pairs by their homes (a counting sort); do all fit within DISPLACEMENT_GOOD lines of their home, placed one by one? */
static int order_by_home(struct pairs *ps, uint32_t *order, bool *fits)
{
	uint32_t lines = ps->t->root.pair_lines;
	fw_autofree uint32_t *count = calloc((size_t)lines + 1, sizeof(*count));
	uint64_t place = 0;

	if (!count)
		return -ENOMEM;
	for (size_t i = 0; i < ps->n; i++) {
		ps->p[i].home = fw_pair_home(&ps->t->root, ps->p[i].key);
		count[ps->p[i].home + 1]++;
	}
	for (uint32_t i = 0; i < lines; i++)
		count[i + 1] += count[i];
	for (size_t i = 0; i < ps->n; i++)
		order[count[ps->p[i].home]++] = (uint32_t)i;
	*fits = true;
	for (size_t i = 0; i < ps->n; i++, place++) {
		uint64_t home = ps->p[order[i]].home;

		if (place < home * FW_PAIRS_PER_LINE)
			place = home * FW_PAIRS_PER_LINE;
		if (place / FW_PAIRS_PER_LINE - home > DISPLACEMENT_GOOD)
			*fits = false;
	}
	return 0;
}

/* Frees every place of the table. */
static void table_clear(struct pairs *ps, uint32_t lines)
{
	struct fw_pair *e = fw_pool_ptr(ps->t->heap.pool, ps->t->root.pairs);

	for (uint64_t i = 0; i < (uint64_t)lines * FW_PAIRS_PER_LINE; i++)
		e[i] = (struct fw_pair){ .key = FW_PAIR_FREE, .hit = FW_HIT_NONE };
}

/* Pairs are in the order of their hashes, so their rules are all over memory: prefetch them a few pairs ahead. */
static void fetch_ahead(const struct pairs *ps, const uint32_t *order, size_t i)
{
	if (i + 24 < ps->n)
		__builtin_prefetch(&ps->p[order[i + 24]]);
	if (i + 16 < ps->n)
		__builtin_prefetch(&ps->l->instances[ps->p[order[i + 16]].first]);
	if (i + 8 < ps->n)
		__builtin_prefetch(ps->l->instances[ps->p[order[i + 8]].first]);
	if (i + 4 < ps->n)
		__builtin_prefetch(ps->l->instances[ps->p[order[i + 4]].first]->matches);
}

/* Places the pairs in the order given, and marks lines that one of their pairs did not fit into. */
static int table_fill(struct pairs *ps, const uint32_t *order)
{
	struct fw_pair *table = fw_pool_ptr(ps->t->heap.pool, ps->t->root.pairs);
	uint64_t place = 0;
	int err = 0;

	for (size_t i = 0; !err && i < ps->n; i++, place++) {
		const struct pair *p = &ps->p[order[i]];

		fetch_ahead(ps, order, i);
		if (place < (uint64_t)p->home * FW_PAIRS_PER_LINE)
			place = (uint64_t)p->home * FW_PAIRS_PER_LINE;
		for (uint64_t line = p->home; line < place / FW_PAIRS_PER_LINE; line++)
			table[line * FW_PAIRS_PER_LINE].key |= FW_PAIR_OVERFLOW;
		pair_displace(ps->t, p->home, (uint32_t)(place / FW_PAIRS_PER_LINE));
		err = entry_write(ps, p, &table[place]);
	}
	return err;
}

static bool lane_add(struct fw_root *root, unsigned field, unsigned *shift)
{
	unsigned bits = (unsigned)__builtin_popcount(fw_field_bits(field));

	if (*shift + bits + 1 > 64)
		return false;
	root->lane_field[root->lanes] = (uint8_t)field;
	root->lane_shift[root->lanes++] = (uint8_t)*shift;
	*shift += bits + 1;
	root->lane_guard |= 1ull << (*shift - 1);
	return true;
}

/*
 * Gives lanes to the fields that most rules constrain, as long as there are bits. A small ruleset will grow: it gets lanes for
 * what most rulesets use.
 */
static void choose_lanes(struct pairs *ps)
{
	static const uint8_t usual[] = { FW_F_HOOK, FW_F_SPORT, FW_F_PROTO, FW_F_DPORT };
	struct fw_root *root = &ps->t->root;
	uint32_t uses[FW_NFIELDS] = { 0 };
	unsigned shift = 0;

	for (size_t i = 0; i < ps->l->from.n; i++)
		for (unsigned m = 0; m < ps->l->instances[i]->nmatches; m++)
			uses[ps->l->instances[i]->matches[m]->field] += USUAL_RULES;
	for (uint32_t i = 0; ps->l->from.n < USUAL_RULES && i < sizeof(usual); i++)
		uses[usual[i]] += i + 1;
	while (root->lanes < FW_LANES) {
		unsigned best = 0;

		for (unsigned f = 1; f < FW_NFIELDS; f++)
			if (uses[f] > uses[best])
				best = f;
		if (!uses[best])
			break;
		uses[best] = 0;
		lane_add(root, best, &shift);
	}
}

/* Finds the size of a table that has a place for every pair, and the order to place them in. */
static int table_size(struct pairs *ps, uint32_t *order)
{
	uint64_t lines = ps->n * LINES_PERCENT / 100 + LINES_LEAST;
	bool fits = false;
	int err = 0;

	for (int i = 0; !err && !fits && i < GROWTHS_MAX; i++) {
		if (i)
			lines = lines * LINES_MORE_PERCENT / 100 + 1;
		if (lines > FW_POOL_SEGMENTS * (uint64_t)FW_SEGMENT_LINES)
			return -ENOSPC;
		ps->t->root.pair_lines = (uint32_t)lines;
		err = order_by_home(ps, order, &fits);
	}
	return !err && !fits ? -ENOSPC : err;
}

static int table_write(struct pairs *ps)
{
	fw_autofree uint32_t *order = calloc(ps->n + 1, sizeof(*order));
	struct fw_tables *t = ps->t;
	int err = order ? table_size(ps, order) : -ENOMEM;

	if (!err)
		err = tables_take(t, t->root.pair_lines + FW_PAIR_DISPLACEMENT, &t->stats.pair_bytes, &t->root.pairs);
	if (err)
		return err;
	table_clear(ps, t->root.pair_lines + FW_PAIR_DISPLACEMENT);
	return table_fill(ps, order);
}

int pairs_write(struct fw_tables *t, const struct fw_lowered *l)
{
	struct pairs ps = { .t = t, .l = l };
	int err = pairs_collect(&ps);

	if (!err) {
		sign_pairs(&ps);
		t->npairs = t->stats.pairs = ps.n;
		choose_lanes(&ps);
		err = table_write(&ps);
		t->root.displaced = t->displaced;
	}
	free(ps.p);
	free(ps.next_rule);
	free(ps.rules);
	return err;
}

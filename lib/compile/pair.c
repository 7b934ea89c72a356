// SPDX-License-Identifier: GPL-2.0-only
/*
 * Pairs: which rules each (source identity, destination identity) has, and the
 * hash table that packets ask. Entries are laid down in the order of their home
 * lines, which keeps every one as near to its home as the load allows.
 */
#include "tables.h"

#include <string.h>

/* Lines for so many pairs, in per cent: two pairs fit a line, so half full. */
#define LINES_PERCENT 100
#define LINES_MORE_PERCENT 110
#define GROWTHS_MAX 40

static uint64_t rule_pair_key(const struct compilation *c, const struct fw_rule *r)
{
	if (fw_rule_names_non_ip(r) && r->src == FW_ANY && r->dst == FW_ANY)
		return FW_PAIR_KEY(FW_IDENTITY_FRAME, FW_IDENTITY_FRAME);
	return FW_PAIR_KEY(c->side[SRC].identity_of[r->src], c->side[DST].identity_of[r->dst]);
}

/* The pair with @key in the index of pair numbers + 1 (a power of two of slots); new ones are appended. */
static int pair_intern(struct compilation *c, uint32_t *slots, size_t mask, uint64_t key, struct pair **out)
{
	size_t at = fw_mix64(key) & mask;

	for (; slots[at]; at = (at + 1) & mask) {
		*out = &c->pairs[slots[at] - 1];
		if ((*out)->key == key)
			return 0;
	}
	if (fw_vec_push(c->pairs, c->npairs, c->pairs_cap, ((struct pair){ .key = key, .first = NO_RULE })))
		return -ENOMEM;
	slots[at] = (uint32_t)c->npairs;
	*out = &c->pairs[c->npairs - 1];
	return 0;
}

int pairs_collect(struct compilation *c)
{
	const struct fw_ruleset *rs = c->rs;
	size_t nslots = 16;

	while (nslots < rs->nrules * 2)
		nslots *= 2;

	fw_autofree uint32_t *slots = calloc(nslots, sizeof(*slots));

	c->next_rule = malloc(rs->nrules * sizeof(*c->next_rule) + 1);
	if (!slots || !c->next_rule)
		return -ENOMEM;
	fw_huge_pages(slots, nslots * sizeof(*slots));
	for (uint32_t i = 0; i < rs->nrules; i++) {
		struct pair *p;

		if (pair_intern(c, slots, nslots - 1, rule_pair_key(c, rs->rules[i]), &p))
			return -ENOMEM;
		c->next_rule[i] = NO_RULE;
		if (p->n++)
			c->next_rule[p->last] = i;
		else
			p->first = i;
		p->last = i;
	}
	for (size_t i = 0; i < c->npairs; i++) {
		uint32_t s = c->pairs[i].key & FW_IDENTITIES_MAX, d = (uint32_t)(c->pairs[i].key >> FW_IDENTITY_BITS);

		c->side[SRC].signature[s] |= 1ull << fw_signature_bit(d);
		c->side[DST].signature[d] |= 1ull << fw_signature_bit(s);
	}
	c->stats.pairs = c->npairs;
	return 0;
}

/* An entry that any packet passes. */
static struct fw_pair entry_open(const struct compilation *c, uint64_t key)
{
	struct fw_pair e = { .key = key, .hi = c->root.lane_guard };

	for (unsigned i = 0; i < c->root.lanes; i++)
		e.hi |= (uint64_t)fw_field_bits(c->root.lane_field[i]) << c->root.lane_shift[i];
	return e;
}

/* Narrows the lane of @field to one range. Return: false if the field has no lane. */
static bool entry_constrain(const struct compilation *c, struct fw_pair *e, uint32_t field, struct fw_range r)
{
	for (unsigned i = 0; i < c->root.lanes; i++) {
		unsigned shift = c->root.lane_shift[i];

		if (c->root.lane_field[i] != field)
			continue;
		e->lo |= (uint64_t)r.lo << shift;
		e->hi &= ~((uint64_t)fw_field_bits(field) << shift);
		e->hi |= (uint64_t)r.hi << shift;
		return true;
	}
	return false;
}

/* A rule as the entry itself. Return: false if it does not fit, then the entry is undefined. */
static bool entry_rule(const struct compilation *c, struct fw_pair *e, const struct fw_rule *r)
{
	for (unsigned i = 0; i < r->nmatches; i++) {
		const struct fw_match *m = r->matches[i];
		struct fw_range range[256];

		if (FW_MATCH_RANGES_MAX(m) > 256 || fw_match_ranges(m, range) != 1)
			return false;
		if (!entry_constrain(c, e, m->field, range[0]))
			return false;
	}
	return true;
}

/* The blocks of a pair of more than one rule, or of one that does not fit an entry. */
static int entry_blocks(struct compilation *c, const struct pair *p, struct fw_pair *e)
{
	fw_autofree uint32_t *rules = malloc(p->n * sizeof(*rules));
	uint32_t n = 0;

	if (!rules)
		return -ENOMEM;
	for (uint32_t i = p->first; i != NO_RULE; i = c->next_rule[i])
		rules[n++] = i;
	if (n > c->stats.block_rules_max)
		c->stats.block_rules_max = n;
	c->stats.blocks++;
	*e = entry_open(c, p->key);
	return block_write(c, rules, n, &e->hit);
}

static int entry_write(struct compilation *c, const struct pair *p, struct fw_pair *to)
{
	struct fw_pair e = entry_open(c, p->key);
	int err = 0;

	if (p->n == 1 && entry_rule(c, &e, c->rs->rules[p->first]))
		e.hit = rule_hit(c, p->first);
	else
		err = entry_blocks(c, p, &e);
	e.key |= to->key & FW_PAIR_OVERFLOW;
	*to = e;
	return err;
}

/*
 * Pairs in the order of their homes (a counting sort), and whether each can
 * stand within FW_PAIR_DISPLACEMENT lines of its home when laid down one after the other.
 */
static int order_by_home(struct compilation *c, uint32_t *order, bool *fits)
{
	uint32_t lines = c->root.pair_lines;
	fw_autofree uint32_t *count = calloc((size_t)lines + 1, sizeof(*count));
	uint64_t place = 0;

	if (!count)
		return -ENOMEM;
	for (size_t i = 0; i < c->npairs; i++) {
		c->pairs[i].home = fw_pair_home(&c->root, c->pairs[i].key);
		count[c->pairs[i].home + 1]++;
	}
	for (uint32_t i = 0; i < lines; i++)
		count[i + 1] += count[i];
	for (size_t i = 0; i < c->npairs; i++)
		order[count[c->pairs[i].home]++] = (uint32_t)i;
	*fits = true;
	for (size_t i = 0; i < c->npairs; i++, place++) {
		uint64_t home = c->pairs[order[i]].home;

		if (place < home * FW_PAIRS_PER_LINE)
			place = home * FW_PAIRS_PER_LINE;
		if (place / FW_PAIRS_PER_LINE - home > FW_PAIR_DISPLACEMENT)
			*fits = false;
	}
	return 0;
}

/* Every place of the table free. */
static void table_clear(struct compilation *c, uint32_t lines)
{
	struct fw_pair *e = fw_pool_ptr(c->pool, c->root.pairs);

	for (uint64_t i = 0; i < (uint64_t)lines * FW_PAIRS_PER_LINE; i++)
		e[i] = (struct fw_pair){ .key = FW_PAIR_FREE, .hit = FW_HIT_NONE };
}

/* Pairs come in the order of their hashes, so their rules are all over memory: they are sent for a few pairs ahead. */
static void fetch_ahead(const struct compilation *c, const uint32_t *order, size_t i)
{
	if (i + 24 < c->npairs)
		__builtin_prefetch(&c->pairs[order[i + 24]]);
	if (i + 16 < c->npairs)
		__builtin_prefetch(&c->rs->rules[c->pairs[order[i + 16]].first]);
	if (i + 8 < c->npairs)
		__builtin_prefetch(c->rs->rules[c->pairs[order[i + 8]].first]);
	if (i + 4 < c->npairs)
		__builtin_prefetch(c->rs->rules[c->pairs[order[i + 4]].first]->matches);
}

/* Lays the pairs down in the order given; a line that one of its pairs had to leave says so. */
static int table_fill(struct compilation *c, const uint32_t *order)
{
	struct fw_pair *table = fw_pool_ptr(c->pool, c->root.pairs);
	uint64_t place = 0;
	int err = 0;

	for (size_t i = 0; !err && i < c->npairs; i++, place++) {
		const struct pair *p = &c->pairs[order[i]];

		fetch_ahead(c, order, i);
		if (place < (uint64_t)p->home * FW_PAIRS_PER_LINE)
			place = (uint64_t)p->home * FW_PAIRS_PER_LINE;
		for (uint64_t line = p->home; line < place / FW_PAIRS_PER_LINE; line++)
			table[line * FW_PAIRS_PER_LINE].key |= FW_PAIR_OVERFLOW;
		err = entry_write(c, p, &table[place]);
	}
	return err;
}

/* The fields that most rules constrain get lanes, as long as their bits suffice. */
static void choose_lanes(struct compilation *c)
{
	uint32_t uses[FW_NFIELDS] = { 0 };
	unsigned shift = 0;

	for (size_t i = 0; i < c->rs->nrules; i++)
		for (unsigned m = 0; m < c->rs->rules[i]->nmatches; m++)
			uses[c->rs->rules[i]->matches[m]->field]++;
	while (c->root.lanes < FW_LANES) {
		unsigned best = 0, bits;

		for (unsigned f = 1; f < FW_NFIELDS; f++)
			if (uses[f] > uses[best])
				best = f;
		if (!uses[best])
			break;
		uses[best] = 0;
		bits = (unsigned)__builtin_popcount(fw_field_bits(best));
		if (shift + bits + 1 > 64)
			continue;
		c->root.lane_field[c->root.lanes] = (uint8_t)best;
		c->root.lane_shift[c->root.lanes++] = (uint8_t)shift;
		shift += bits + 1;
		c->root.lane_guard |= 1ull << (shift - 1);
	}
}

int pairs_write(struct compilation *c)
{
	fw_autofree uint32_t *order = malloc(c->npairs * sizeof(*order) + 1);
	uint64_t lines = c->npairs * LINES_PERCENT / 100 + 1;
	bool fits = false;
	int err = order ? 0 : -ENOMEM;

	c->root.hash = 0x9e3779b97f4a7c15ull;
	choose_lanes(c);
	for (int i = 0; !err && !fits && i < GROWTHS_MAX; i++) {
		if (i)
			lines = lines * LINES_MORE_PERCENT / 100 + 1;
		if (lines > FW_POOL_SEGMENTS * (uint64_t)FW_SEGMENT_LINES)
			return -ENOSPC;
		c->root.pair_lines = (uint32_t)lines;
		err = order_by_home(c, order, &fits);
	}
	if (!err && !fits)
		err = -ENOSPC;
	if (!err)
		err = take_lines(c, c->root.pair_lines + FW_PAIR_DISPLACEMENT, &c->stats.pair_bytes, &c->root.pairs);
	if (err)
		return err;
	table_clear(c, c->root.pair_lines + FW_PAIR_DISPLACEMENT);
	return table_fill(c, order);
}

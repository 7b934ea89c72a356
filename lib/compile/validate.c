// SPDX-License-Identifier: GPL-2.0-only
/*
 * Does an image hold together? Everything that the lookup takes for granted is
 * checked here, over all that can be reached from the root.
 */
#include "fw/compile.h"
#include "fw/table/hash.h"

#include <string.h>

struct check {
	const struct fw_pool *pool;
	const struct fw_root *root;
	uint64_t *signature[2]; /* what the pairs demand, by identity */
	uint32_t identities[2]; /* above every identity of the pairs */
	uint32_t chained;       /* blocks that are not the first of their pair */
	uint32_t fields;        /* bit f: something compares field f */
	const char *reason;
};

/* Notes the reason. Return: 0, for `return wrong(...)` in functions that answer "is it right?". */
static bool wrong(struct check *c, const char *reason)
{
	if (!c->reason)
		c->reason = reason;
	return false;
}

static bool inside(const struct check *c, uint64_t line, uint64_t lines)
{
	if (!line || !lines || line + lines > (uint64_t)FW_POOL_SEGMENTS * FW_SEGMENT_LINES)
		return false;
	for (uint64_t i = line / FW_SEGMENT_LINES; i <= (line + lines - 1) / FW_SEGMENT_LINES; i++)
		if (!(c->pool->taken[i / 64] >> i % 64 & 1))
			return false;
	return true;
}

static bool inside_segment(const struct check *c, uint64_t line, uint64_t lines)
{
	return inside(c, line, lines) && line % FW_SEGMENT_LINES + lines <= FW_SEGMENT_LINES;
}

static bool hit_is_rule(const struct check *c, uint64_t hit)
{
	uint32_t counter = FW_WHAT_COUNTER((uint32_t)hit);

	return hit < FW_HIT_NONE && !FW_HIT_BLOCK(hit) && counter >= FW_COUNTER_RULES &&
	       counter - FW_COUNTER_RULES < c->root->slots;
}

/* A vector's word offsets and bits, in a block of more than 64 rules. */
static bool check_words(struct check *c, const struct fw_block *b, uint32_t offset, uint64_t which)
{
	const uint64_t *words = (const uint64_t *)((const uint8_t *)b + offset);
	uint32_t last = (b->rules - 1) / 64;

	if (offset % 8 || offset + 8ull * (uint32_t)__builtin_popcountll(which) > b->bytes)
		return wrong(c, "a vector's words lie outside the block");
	if (which >> last > 1)
		return wrong(c, "a vector names words beyond the block's rules");
	for (uint32_t w = 0, i = 0; w <= last; w++) {
		if (!(which >> w & 1))
			continue;
		if (!words[i] || (w == last && b->rules % 64 && words[i] >> b->rules % 64))
			return wrong(c, "a vector's word is empty, or names rules beyond the block's");
		i++;
	}
	return true;
}

/* The intervals of a field; how many ends there are goes to @nends. */
static bool check_ends(struct check *c, const struct fw_block *b, const struct fw_block_field *f, uint32_t *nends)
{
	uint64_t places = 1ull << (f->steps & 31);
	uint32_t n = 0;

	if (f->field >= FW_NFIELDS || f->steps > FW_BLOCK_STEPS)
		return wrong(c, "a block names a field or a search that does not exist");
	c->fields |= 1u << f->field;
	if (f->ends % 4 || f->ends + places * 4 > b->bytes || f->vectors % 8)
		return wrong(c, "a block's intervals lie outside of it");

	const uint32_t *ends = (const uint32_t *)((const uint8_t *)b + f->ends);

	while (n < places && ends[n] != UINT32_MAX)
		n++;
	for (uint32_t i = 1; i < n; i++)
		if (ends[i - 1] >= ends[i])
			return wrong(c, "a block's intervals are out of order");
	for (uint64_t i = n; i < places; i++)
		if (ends[i] != UINT32_MAX)
			return wrong(c, "a block's intervals go on behind their end");
	if (n == places || f->vectors + 8ull * (n + 1) > b->bytes)
		return wrong(c, "a block's intervals lack their end or their vectors");
	*nends = n;
	return true;
}

static bool check_field(struct check *c, const struct fw_block *b, const struct fw_block_field *f)
{
	const uint8_t *base = (const uint8_t *)b;
	const uint64_t *vectors = (const uint64_t *)(base + f->vectors);
	uint32_t n;

	if (!check_ends(c, b, f, &n))
		return false;
	for (uint32_t i = 0; i <= n; i++) {
		if (b->rules <= 64) {
			if (b->rules < 64 && vectors[i] >> b->rules)
				return wrong(c, "a vector names rules beyond the block's");
			continue;
		}
		if (f->words % 4 || f->words + 4ull * (n + 1) > b->bytes)
			return wrong(c, "a block's word offsets lie outside of it");
		if (!check_words(c, b, ((const uint32_t *)(base + f->words))[i], vectors[i]))
			return false;
	}
	return true;
}

/* The header of the block or split at @line; NULL: it is not inside a segment. */
static const struct fw_block *block_inside(const struct check *c, uint32_t line)
{
	const struct fw_block *b = inside_segment(c, line, 1) ? fw_pool_ptr(c->pool, line) : NULL;

	return b && inside_segment(c, line, (b->bytes + (uint64_t)FW_LINE - 1) / FW_LINE) ? b : NULL;
}

/* Blocks that follow each other; each goes on after the last rank of the one before. */
static bool check_blocks(struct check *c, uint64_t hit)
{
	uint64_t rank = 0;

	for (bool first = true; hit != FW_HIT_NONE; first = false) {
		const struct fw_block *b = block_inside(c, (uint32_t)hit);

		if (!b)
			return wrong(c, "a block lies outside the pool or crosses a segment");
		if (!b->rules || b->rules > FW_BLOCK_RULES || b->fields > FW_NFIELDS ||
		    b->hits + 8ull * b->rules > b->bytes || b->hits % 8)
			return wrong(c, "a block's header is wrong");

		const uint64_t *hits = (const uint64_t *)((const uint8_t *)b + b->hits);

		if (!FW_HIT_BLOCK(hit) || FW_HIT_RANK(hits[0]) != FW_HIT_RANK(hit))
			return wrong(c, "a block is referred to by another rank than its first rule's");
		for (uint32_t i = 0; i < b->rules; rank = FW_HIT_RANK(hits[i++]))
			if (!hit_is_rule(c, hits[i]) || FW_HIT_RANK(hits[i]) <= rank)
				return wrong(c, "a block's rules are out of order");
		for (uint32_t f = 0; f < b->fields; f++)
			if (!check_field(c, b, &b->field[f]))
				return false;
		if (!first && ++c->chained > FW_BLOCK_CHAIN)
			return wrong(c, "more chained blocks than the lookup visits");
		hit = b->next;
	}
	return true;
}

static bool check_tree(struct check *c, uint64_t hit, unsigned depth);

/* What a split leads to, and the lowest rank of that goes to @rank. */
static bool check_child(struct check *c, uint64_t hit, unsigned depth, uint64_t *rank)
{
	if (hit == FW_HIT_NONE)
		return true;
	if (!FW_HIT_BLOCK(hit) || FW_HIT_IS_VERSION(hit) || hit > FW_HIT_NONE)
		return wrong(c, "a split leads to something else than blocks");
	if (FW_HIT_RANK(hit) < *rank)
		*rank = FW_HIT_RANK(hit);
	return check_tree(c, hit, depth);
}

static bool check_split(struct check *c, uint64_t hit, const struct fw_block *b, unsigned depth)
{
	const struct fw_block_field *f = &b->field[0];
	uint64_t rank = UINT64_MAX;
	uint32_t n;

	if (depth == FW_SPLIT_DEPTH)
		return wrong(c, "splits are deeper than the lookup goes");
	if (b->fields != 1 || b->bytes < offsetof(struct fw_block, field) + sizeof(*f))
		return wrong(c, "a split's header is wrong");
	if (!check_ends(c, b, f, &n))
		return false;
	if (f->words % 4 || f->words + 4ull * (n + 1) > b->bytes)
		return wrong(c, "a split's words lie outside of it");
	for (uint32_t i = 0; i <= n; i++)
		if (!check_child(c, ((const uint64_t *)((const uint8_t *)b + f->vectors))[i], depth + 1, &rank))
			return false;
	if (!check_child(c, b->next, depth + 1, &rank))
		return false;
	return rank == FW_HIT_RANK(hit) || wrong(c, "a split is referred to by another rank than its first rule's");
}

/* All that a pair has, or what stands below @depth splits. */
static bool check_tree(struct check *c, uint64_t hit, unsigned depth)
{
	const struct fw_block *b = block_inside(c, (uint32_t)hit);

	if (b && b->rules == FW_SPLIT)
		return check_split(c, hit, b, depth);
	return check_blocks(c, hit);
}

/* The value in a lane of an entry's word. */
static uint64_t lane(const struct check *c, unsigned i, uint64_t word)
{
	return word >> c->root->lane_shift[i] & fw_field_bits(c->root->lane_field[i]);
}

static bool check_lanes(struct check *c)
{
	const struct fw_root *r = c->root;
	uint64_t used = 0, guards = 0;

	if (r->lanes > FW_LANES)
		return wrong(c, "more lanes than there can be");
	for (unsigned i = 0; i < r->lanes; i++) {
		unsigned bits;

		if (r->lane_field[i] >= FW_NFIELDS)
			return wrong(c, "a lane is for a field that does not exist");
		bits = (unsigned)__builtin_popcount(fw_field_bits(r->lane_field[i]));
		if (r->lane_shift[i] + bits > 63 || used >> r->lane_shift[i])
			return wrong(c, "lanes overlap");
		used |= ((2ull << bits) - 1) << r->lane_shift[i];
		guards |= 1ull << (r->lane_shift[i] + bits);
	}
	return guards == r->lane_guard || wrong(c, "guard bits are not where the lanes end");
}

/* Is an upper bound other than the one that everything is below? */
static bool lanes_differ(const struct check *c, uint64_t hi)
{
	for (unsigned i = 0; i < c->root->lanes; i++)
		if (lane(c, i, hi) != fw_field_bits(c->root->lane_field[i]))
			return true;
	return (hi & c->root->lane_guard) != c->root->lane_guard;
}

/* What a pair has: one rule inside the lanes, or blocks and no constraint. */
static bool check_value(struct check *c, uint64_t hit, uint64_t lo, uint64_t hi)
{
	bool open = true;
	uint64_t used = 0;

	if ((hi & c->root->lane_guard) != c->root->lane_guard || lo & c->root->lane_guard)
		return wrong(c, "a pair's guard bits are wrong");
	for (unsigned i = 0; i < c->root->lanes; i++) {
		bool all = !lane(c, i, lo) && lane(c, i, hi) == fw_field_bits(c->root->lane_field[i]);

		used |= (uint64_t)fw_field_bits(c->root->lane_field[i]) << c->root->lane_shift[i];
		if (lane(c, i, lo) > lane(c, i, hi))
			return wrong(c, "a pair's rule can never match");
		open &= all;
		c->fields |= (uint32_t)!all << c->root->lane_field[i];
	}
	if ((lo | (hi & ~c->root->lane_guard)) & ~used)
		return wrong(c, "a pair has bits outside the lanes");
	if (FW_HIT_BLOCK(hit) && !open)
		return wrong(c, "a pair with a block has constraints of its own");
	if (FW_HIT_BLOCK(hit))
		return hit == FW_HIT_NONE || check_tree(c, hit, 0);
	return hit_is_rule(c, hit) || wrong(c, "a pair's rule has no counter");
}

/* The newest version; those behind it may hold what is gone, and no packet that comes now takes it. */
static bool check_version(struct check *c, const struct fw_pair *e)
{
	const struct fw_version *v = fw_pool_ptr(c->pool, (uint32_t)e->hit);

	if (!inside_segment(c, (uint32_t)e->hit, 1))
		return wrong(c, "a pair's version lies outside the pool");
	if (v->depth > FW_VERSION_DEPTH)
		return wrong(c, "a pair has more versions than the lookup visits");
	if (FW_HIT_IS_VERSION(v->after.hit))
		return wrong(c, "a pair's newest version refers to another");
	if (v->depth && (e->lo || lanes_differ(c, e->hi)))
		return wrong(c, "a pair's lanes hide its version");
	if (!v->depth && (e->lo != v->after.lo || e->hi != v->after.hi))
		return wrong(c, "a pair's lanes are not its version's");
	return check_value(c, v->after.hit, v->after.lo, v->after.hi);
}

static bool check_entry(struct check *c, const struct fw_pair *e)
{
	if (FW_HIT_IS_VERSION(e->hit))
		return check_version(c, e);
	return e->hit == FW_HIT_NONE || check_value(c, e->hit, e->lo, e->hi);
}

/* Does a packet that comes now find a rule there? */
static bool entry_says(const struct check *c, const struct fw_pair *e)
{
	const struct fw_version *v = fw_pool_ptr(c->pool, (uint32_t)e->hit);

	return e->hit != FW_HIT_NONE && (!FW_HIT_IS_VERSION(e->hit) || v->after.hit != FW_HIT_NONE);
}

/* Is every line from the pair's home to the one before its own marked, and the pair there only once? */
static bool check_place(struct check *c, const struct fw_pair *table, uint32_t line, uint64_t key)
{
	uint32_t home = fw_pair_home(c->root, key), found = 0;

	if (line < home || line - home > c->root->displaced)
		return wrong(c, "a pair stands where the lookup does not look");
	for (uint32_t l = home; l <= line; l++) {
		const struct fw_pair *e = &table[(uint64_t)l * FW_PAIRS_PER_LINE];

		if (l < line && !(e->key & FW_PAIR_OVERFLOW))
			return wrong(c, "a pair stands behind a line that does not say so");
		for (unsigned i = 0; i < FW_PAIRS_PER_LINE; i++)
			found += (e[i].key & FW_PAIR_KEY_MASK) == key;
	}
	return found == 1 || wrong(c, "a pair is there twice");
}

static uint32_t pair_identity(uint64_t key, int side)
{
	return (uint32_t)(key >> (side ? FW_IDENTITY_BITS : 0)) & FW_IDENTITIES_MAX;
}

/* Room for what the pairs demand of every identity that they name. */
static bool signatures_new(struct check *c, const struct fw_pair *table, uint64_t n)
{
	for (uint64_t i = 0; i < n; i++)
		for (int side = 0; side < 2; side++) {
			uint32_t id = pair_identity(table[i].key, side);

			if ((table[i].key & FW_PAIR_KEY_MASK) != FW_PAIR_FREE && id >= c->identities[side])
				c->identities[side] = id + 1;
		}
	for (int side = 0; side < 2; side++)
		c->signature[side] = calloc((size_t)c->identities[side] + 1, sizeof(uint64_t));
	return (c->signature[0] && c->signature[1]) || wrong(c, "no memory to check with");
}

static bool check_pairs(struct check *c)
{
	const struct fw_root *r = c->root;
	const struct fw_pair *table = fw_pool_ptr(c->pool, r->pairs);
	uint64_t lines = (uint64_t)r->pair_lines + FW_PAIR_DISPLACEMENT;

	if (!r->pair_lines || r->displaced > FW_PAIR_DISPLACEMENT || !inside(c, r->pairs, lines))
		return wrong(c, "the pair table lies outside the pool");
	if (!signatures_new(c, table, lines * FW_PAIRS_PER_LINE))
		return false;
	for (uint32_t line = 0; line < lines; line++) {
		for (unsigned i = 0; i < FW_PAIRS_PER_LINE; i++) {
			const struct fw_pair *e = &table[(uint64_t)line * FW_PAIRS_PER_LINE + i];
			uint64_t key = e->key & FW_PAIR_KEY_MASK;

			if (key == FW_PAIR_FREE)
				continue;
			if (!check_place(c, table, line, key) || !check_entry(c, e))
				return false;
			for (int side = 0; side < 2 && entry_says(c, e); side++)
				c->signature[side][pair_identity(key, side)] |=
					1ull << fw_signature_bit(pair_identity(key, !side));
		}
	}
	return true;
}

/* @first is the identity that all classes of the trie begin with. */
static bool check_class(struct check *c, int side, uint32_t line, uint32_t first)
{
	const struct fw_class *k = inside_segment(c, line, 1) ? fw_pool_ptr(c->pool, line) : NULL;
	uint32_t places = k ? k->lines * FW_CLASS_IDENTITIES : 0, before = 0;

	if (!k || !k->lines || k->lines > FW_CLASS_LINES || !inside_segment(c, line, k->lines))
		return wrong(c, "a class lies outside the pool, or its size is wrong");
	if (k->identity[0] != first ||
	    (!first && c->root->frame_rules && (k->n < 2 || k->identity[1] != FW_IDENTITY_FRAME)))
		return wrong(c, "a class lacks the identities that all addresses have");
	for (uint32_t i = 0; i < k->lines; i++)
		if (!k[i].n || k[i].n > FW_CLASS_IDENTITIES || (i + 1u < k->lines && k[i].n < FW_CLASS_IDENTITIES))
			return wrong(c, "a class's line holds the wrong number of identities");
	for (uint32_t i = 0; i < places; i++) {
		uint32_t id = k[i / FW_CLASS_IDENTITIES].identity[i % FW_CLASS_IDENTITIES];
		uint64_t signature = k[i / FW_CLASS_IDENTITIES].signature[i % FW_CLASS_IDENTITIES];

		if (i % FW_CLASS_IDENTITIES >= k[i / FW_CLASS_IDENTITIES].n) {
			if (signature || id)
				return wrong(c, "a class's unused place is not empty");
			continue;
		}
		if (i && id <= before)
			return wrong(c, "a class's identities are out of order");
		if (id < c->identities[side] && c->signature[side][id] & ~signature)
			return wrong(c, "a signature hides a pair");
		before = id;
	}
	return true;
}

static bool check_ref(struct check *c, int side, uint32_t ref, unsigned bits);

static bool check_runs8(struct check *c, int side, const struct fw_runs8 *n, unsigned bits)
{
	unsigned i = 0;

	for (; i < FW_RUNS8 - 1 && n->last[i] != 0xff; i++) {
		if (i && n->last[i - 1] >= n->last[i])
			return wrong(c, "a node's runs are out of order");
		if (!check_ref(c, side, n->ref[i], bits - 8))
			return false;
	}
	for (unsigned k = i; k < FW_RUNS8 - 1; k++)
		if (n->last[k] != 0xff)
			return wrong(c, "a node's runs go on behind their end");
	return check_ref(c, side, n->ref[i], bits - 8);
}

/* @wide: the references are nodes of runs over the same bits. */
static bool check_runs32(struct check *c, int side, const struct fw_runs32 *n, bool wide, unsigned bits)
{
	unsigned runs = 1, rest = wide ? bits : bits > 32 ? bits - 32 : 0;

	while (runs < FW_RUNS32 && n->last[runs - 1] != UINT32_MAX)
		runs++;
	for (unsigned i = 1; i < FW_RUNS32 - 1; i++)
		if (i < runs - 1 ? n->last[i - 1] >= n->last[i] : i >= runs - 1 && n->last[i] != UINT32_MAX)
			return wrong(c, "a node's runs are out of order");
	for (unsigned i = 0; i < runs; i++) {
		if (wide && FW_REF_TAG(n->ref[i]) != FW_REF_RUNS32)
			return wrong(c, "a wide node refers to something else than runs");
		if (!check_ref(c, side, n->ref[i], rest))
			return false;
	}
	return true;
}

static bool check_table8(struct check *c, int side, const uint32_t *table, unsigned bits)
{
	for (unsigned i = 0; i < 256; i++)
		if ((!i || table[i] != table[i - 1]) && !check_ref(c, side, table[i], bits - 8))
			return false;
	return true;
}

/* A reference with @bits of the address left to look at. */
static bool check_ref(struct check *c, int side, uint32_t ref, unsigned bits)
{
	uint32_t tag = FW_REF_TAG(ref), line = FW_REF_LINE(ref);

	if (tag == FW_REF_CLASS)
		return check_class(c, side, line, FW_IDENTITY_ANY);
	if (!bits)
		return wrong(c, "a trie is deeper than an address");
	if (!inside_segment(c, line, tag == FW_REF_TABLE8 ? 256 * 4 / FW_LINE : 1))
		return wrong(c, "a node lies outside the pool or crosses a segment");
	if (tag == FW_REF_RUNS8)
		return check_runs8(c, side, fw_pool_ptr(c->pool, line), bits);
	if (tag == FW_REF_RUNS32 || tag == FW_REF_WIDE)
		return check_runs32(c, side, fw_pool_ptr(c->pool, line), tag == FW_REF_WIDE, bits);
	if (tag == FW_REF_TABLE8)
		return check_table8(c, side, fw_pool_ptr(c->pool, line), bits);
	return wrong(c, "a reference has an unknown tag");
}

static bool check_trie(struct check *c, int side, enum fw_family family)
{
	uint32_t line = c->root->trie[side][family];
	unsigned bits = (family == FW_IP4 ? 32 : 128) - FW_TRIE_ROOT_BITS;
	const uint32_t *table = fw_pool_ptr(c->pool, line);

	if (!inside(c, line, FW_TRIE_ROOT_LINES))
		return wrong(c, "a trie's root lies outside the pool");
	for (uint32_t i = 0; i < 1u << FW_TRIE_ROOT_BITS; i++)
		if ((!i || table[i] != table[i - 1]) && !check_ref(c, side, table[i], bits))
			return false;
	return true;
}

/* The flow cache may only forget fields that nothing in the image looks at. */
static bool check_fields(struct check *c)
{
	const struct fw_root *r = c->root;

	if (c->fields & ~r->fields_used)
		return wrong(c, "a field is compared that the root does not know to be used");
	for (uint32_t f = 0; f < FW_NFIELDS; f++) {
		struct fw_flow_place place = fw_flow_place(f);

		if ((r->fields_used >> f & 1 || f == FW_F_HOOK) &&
		    ~r->flow_mask[place.word] & (uint64_t)fw_field_bits(f) << place.shift)
			return wrong(c, "the flow cache forgets a field that is used");
	}
	return !(~r->flow_mask[0] & 3ull << FW_FLOW_FAMILY_SHIFT) || wrong(c, "the flow cache forgets the family");
}

static bool check_image(struct check *c)
{
	if (!(c->root->hash & 1))
		return wrong(c, "the hash multiplier is even");
	if (!check_lanes(c) || !check_pairs(c) || !check_fields(c))
		return false;
	for (int side = 0; side < 2; side++) {
		if (!check_trie(c, side, FW_IP4) || !check_trie(c, side, FW_IP6))
			return false;
		if (c->root->frame_rules &&
		    !check_class(c, side, c->root->trie[side][FW_FAMILY_NONE], FW_IDENTITY_FRAME))
			return false;
	}
	return true;
}

int fw_image_validate(const struct fw_pool *pool, uint32_t root, const char **reason)
{
	struct check c = { .pool = pool, .root = fw_pool_ptr(pool, root) };

	*reason = NULL;
	if (!inside(&c, root, sizeof(struct fw_root) / FW_LINE)) {
		*reason = "the root lies outside the pool";
		return -EINVAL;
	}
	check_image(&c);
	free(c.signature[0]);
	free(c.signature[1]);
	*reason = c.reason;
	return c.reason ? -EINVAL : 0;
}

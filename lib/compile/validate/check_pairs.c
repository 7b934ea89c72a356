// SPDX-License-Identifier: GPL-2.0-only
/* Does what the lookup assumes of the pair table hold? */
#include "check.h"

/* The value in a lane of an entry's word. */
static uint64_t lane(const struct check *c, unsigned i, uint64_t word)
{
	return word >> c->root->lane_shift[i] & fw_field_bits(c->root->lane_field[i]);
}

bool check_lanes(struct check *c)
{
	const struct fw_root *r = c->root;
	uint64_t used = 0, guards = 0;

	if (r->lanes > FW_LANES)
		return check_wrong(c, "too many lanes");
	for (unsigned i = 0; i < r->lanes; i++) {
		unsigned bits;

		if (r->lane_field[i] >= FW_NFIELDS)
			return check_wrong(c, "a lane is for a field that does not exist");
		bits = (unsigned)__builtin_popcount(fw_field_bits(r->lane_field[i]));
		if (r->lane_shift[i] + bits > 63 || used >> r->lane_shift[i])
			return check_wrong(c, "lanes overlap");
		used |= ((2ull << bits) - 1) << r->lane_shift[i];
		guards |= 1ull << (r->lane_shift[i] + bits);
	}
	return guards == r->lane_guard || check_wrong(c, "guard bits are not at the ends of the lanes");
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
		return check_wrong(c, "a pair's guard bits are wrong");
	for (unsigned i = 0; i < c->root->lanes; i++) {
		bool all = !lane(c, i, lo) && lane(c, i, hi) == fw_field_bits(c->root->lane_field[i]);

		used |= (uint64_t)fw_field_bits(c->root->lane_field[i]) << c->root->lane_shift[i];
		if (lane(c, i, lo) > lane(c, i, hi))
			return check_wrong(c, "a pair's rule can never match");
		open &= all;
		c->fields |= (uint32_t)!all << c->root->lane_field[i];
	}
	if ((lo | (hi & ~c->root->lane_guard)) & ~used)
		return check_wrong(c, "a pair has bits outside the lanes");
	if (FW_HIT_BLOCK(hit) && !open)
		return check_wrong(c, "a pair with a block has constraints of its own");
	if (FW_HIT_BLOCK(hit))
		return hit == FW_HIT_NONE || check_tree(c, hit, 0);
	return check_hit_is_rule(c, hit) || check_wrong(c, "a pair's rule has no counter");
}

/* The newest version. Older ones may refer to freed memory; no packet takes them any more. */
static bool check_version(struct check *c, const struct fw_pair *e)
{
	const struct fw_version *v = fw_pool_ptr(c->pool, (uint32_t)e->hit);

	if (!check_inside_segment(c, (uint32_t)e->hit, 1))
		return check_wrong(c, "a pair's version is outside the pool");
	if (v->depth > FW_VERSION_DEPTH)
		return check_wrong(c, "a pair has more versions than the lookup visits");
	if (FW_HIT_IS_VERSION(v->after.hit))
		return check_wrong(c, "a pair's newest version refers to another one");
	if (v->depth && (e->lo || lanes_differ(c, e->hi)))
		return check_wrong(c, "a pair's lanes hide its version");
	if (!v->depth && (e->lo != v->after.lo || e->hi != v->after.hi))
		return check_wrong(c, "a pair's lanes are not its version's");
	return check_value(c, v->after.hit, v->after.lo, v->after.hi);
}

static bool check_entry(struct check *c, const struct fw_pair *e)
{
	if (FW_HIT_IS_VERSION(e->hit))
		return check_version(c, e);
	return e->hit == FW_HIT_NONE || check_value(c, e->hit, e->lo, e->hi);
}

/* Does a packet of the newest generation find a rule in the entry? */
static bool entry_says(const struct check *c, const struct fw_pair *e)
{
	const struct fw_version *v = fw_pool_ptr(c->pool, (uint32_t)e->hit);

	return e->hit != FW_HIT_NONE && (!FW_HIT_IS_VERSION(e->hit) || v->after.hit != FW_HIT_NONE);
}

/* Is every line from the pair's home to the one before its own marked, and is the pair in the table only once? */
static bool check_place(struct check *c, const struct fw_pair *table, uint32_t line, uint64_t key)
{
	uint32_t home = fw_pair_home(c->root, key), found = 0;

	if (line < home || line - home > c->root->displaced)
		return check_wrong(c, "a pair is where the lookup does not look");
	for (uint32_t l = home; l <= line; l++) {
		const struct fw_pair *e = &table[(uint64_t)l * FW_PAIRS_PER_LINE];

		if (l < line && !(e->key & FW_PAIR_OVERFLOW))
			return check_wrong(c, "a pair follows a line that is not marked for that");
		for (unsigned i = 0; i < FW_PAIRS_PER_LINE; i++)
			found += (e[i].key & FW_PAIR_KEY_MASK) == key;
	}
	return found == 1 || check_wrong(c, "a pair is in the table twice");
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
	return (c->signature[0] && c->signature[1]) || check_wrong(c, "no memory to check with");
}

bool check_pairs(struct check *c)
{
	const struct fw_root *r = c->root;
	const struct fw_pair *table = fw_pool_ptr(c->pool, r->pairs);
	uint64_t lines = (uint64_t)r->pair_lines + FW_PAIR_DISPLACEMENT;

	if (!r->pair_lines || r->displaced > FW_PAIR_DISPLACEMENT || !check_inside(c, r->pairs, lines))
		return check_wrong(c, "the pair table is outside the pool");
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

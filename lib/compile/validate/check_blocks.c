// SPDX-License-Identifier: GPL-2.0-only
/* Does what the lookup assumes of blocks and splits hold? */
#include "check.h"

#include <string.h>

/* Is there an action of this number, for rules? */
static bool check_action_used(const struct check *c, uint32_t number)
{
	static const struct fw_action unused;
	const struct fw_action *a = (const struct fw_action *)fw_pool_ptr(c->pool, c->root->actions) + number;

	return number == FW_DROP || (fw_verdict_is(a->verdict, FW_OF_RULES) && memcmp(a, &unused, sizeof(*a)));
}

/* Is the rule in the table of skips, if its action asks for that? */
static bool check_skip(const struct check *c, uint64_t hit)
{
	uint32_t number = FW_WHAT_ACTION((uint32_t)hit), lo = 0, hi = (1u << c->root->skip_steps) - 1;
	const struct fw_action *a = (const struct fw_action *)fw_pool_ptr(c->pool, c->root->actions) + number;
	const struct fw_skip *s = fw_pool_ptr(c->pool, c->root->skips);

	if (!fw_action_skips(number, a))
		return true;
	while (c->root->skips && lo < hi) {
		uint32_t mid = lo + (hi - lo) / 2;

		if (s[mid].rank < FW_HIT_RANK(hit))
			lo = mid + 1;
		else
			hi = mid;
	}
	return c->root->skips && s[lo].rank == FW_HIT_RANK(hit);
}

bool check_hit_is_rule(const struct check *c, uint64_t hit)
{
	uint32_t counter = FW_WHAT_COUNTER((uint32_t)hit);

	return hit < FW_HIT_NONE && !FW_HIT_BLOCK(hit) && counter >= FW_COUNTER_RULES &&
	       counter - FW_COUNTER_RULES < c->root->slots && check_action_used(c, FW_WHAT_ACTION((uint32_t)hit)) &&
	       check_skip(c, hit);
}

/* A vector's word offsets and bits, in a block of more than 64 rules. */
static bool check_words(struct check *c, const struct fw_block *b, uint32_t offset, uint64_t which)
{
	const uint64_t *words = (const uint64_t *)((const uint8_t *)b + offset);
	uint32_t last = (b->rules - 1) / 64;

	if (offset % 8 || offset + 8ull * (uint32_t)__builtin_popcountll(which) > b->bytes)
		return check_wrong(c, "a vector's words are outside the block");
	if (which >> last > 1)
		return check_wrong(c, "a vector names words beyond the block's rules");
	for (uint32_t w = 0, i = 0; w <= last; w++) {
		if (!(which >> w & 1))
			continue;
		if (!words[i] || (w == last && b->rules % 64 && words[i] >> b->rules % 64))
			return check_wrong(c, "a vector's word is empty, or names rules beyond the block's");
		i++;
	}
	return true;
}

/* The intervals of a field; their number of ends is returned in @nends. */
static bool check_ends(struct check *c, const struct fw_block *b, const struct fw_block_field *f, uint32_t *nends)
{
	uint64_t places = 1ull << (f->steps & 31);
	uint32_t n = 0;

	if (f->field >= FW_NFIELDS || f->steps > FW_BLOCK_STEPS)
		return check_wrong(c, "a block names a field or a search that does not exist");
	c->fields |= FW_FIELD_BIT(f->field);
	if (f->ends % 4 || f->ends + places * 4 > b->bytes || f->vectors % 8)
		return check_wrong(c, "a block's intervals are outside of it");

	const uint32_t *ends = (const uint32_t *)((const uint8_t *)b + f->ends);

	while (n < places && ends[n] != UINT32_MAX)
		n++;
	for (uint32_t i = 1; i < n; i++)
		if (ends[i - 1] >= ends[i])
			return check_wrong(c, "a block's intervals are out of order");
	for (uint64_t i = n; i < places; i++)
		if (ends[i] != UINT32_MAX)
			return check_wrong(c, "a block's intervals continue after their end");
	if (n == places || f->vectors + 8ull * (n + 1) > b->bytes)
		return check_wrong(c, "a block's intervals lack their end or their vectors");
	*nends = n;
	return true;
}

static bool check_field(struct check *c, const struct fw_block *b, const struct fw_block_field *f)
{
	const uint8_t *base = (const uint8_t *)b;
	const uint64_t *vectors = (const uint64_t *)(base + f->vectors);
	uint32_t n = 0;

	if (!check_ends(c, b, f, &n))
		return false;
	for (uint32_t i = 0; i <= n; i++) {
		if (b->rules <= 64) {
			if (b->rules < 64 && vectors[i] >> b->rules)
				return check_wrong(c, "a vector names rules beyond the block's");
			continue;
		}
		if (f->words % 4 || f->words + 4ull * (n + 1) > b->bytes)
			return check_wrong(c, "a block's word offsets are outside of it");
		if (!check_words(c, b, ((const uint32_t *)(base + f->words))[i], vectors[i]))
			return false;
	}
	return true;
}

/* The header of the block or split at @line; NULL: it is not inside a segment. */
static const struct fw_block *block_inside(const struct check *c, uint32_t line)
{
	const struct fw_block *b = check_inside_segment(c, line, 1) ? fw_pool_ptr(c->pool, line) : NULL;

	return b && check_inside_segment(c, line, (b->bytes + (uint64_t)FW_LINE - 1) / FW_LINE) ? b : NULL;
}

/* Blocks that follow each other; the ranks ascend from one to the next. */
static bool check_blocks(struct check *c, uint64_t hit)
{
	uint64_t rank = 0;

	for (bool first = true; hit != FW_HIT_NONE; first = false) {
		const struct fw_block *b = block_inside(c, (uint32_t)hit);

		if (!b)
			return check_wrong(c, "a block is outside the pool or crosses a segment");
		if (!b->rules || b->rules > FW_BLOCK_RULES || b->fields > FW_NFIELDS ||
		    b->hits + 8ull * b->rules > b->bytes || b->hits % 8)
			return check_wrong(c, "a block's header is wrong");

		const uint64_t *hits = (const uint64_t *)((const uint8_t *)b + b->hits);

		if (!FW_HIT_BLOCK(hit) || FW_HIT_RANK(hits[0]) != FW_HIT_RANK(hit))
			return check_wrong(c, "a block is referred to by another rank than its first rule's");
		for (uint32_t i = 0; i < b->rules; rank = FW_HIT_RANK(hits[i++]))
			if (!check_hit_is_rule(c, hits[i]) || FW_HIT_RANK(hits[i]) <= rank)
				return check_wrong(c, "a block's rules are out of order");
		for (uint32_t f = 0; f < b->fields; f++)
			if (!check_field(c, b, &b->field[f]))
				return false;
		if (!first && ++c->chained > FW_BLOCK_CHAIN)
			return check_wrong(c, "more chained blocks than the lookup visits");
		hit = b->next;
	}
	return true;
}

/* What a split leads to; lowers @rank to its rank. */
static bool check_child(struct check *c, uint64_t hit, unsigned depth, uint64_t *rank)
{
	if (hit == FW_HIT_NONE)
		return true;
	if (!FW_HIT_BLOCK(hit) || FW_HIT_IS_VERSION(hit) || hit > FW_HIT_NONE)
		return check_wrong(c, "a split leads to something other than blocks");
	if (FW_HIT_RANK(hit) < *rank)
		*rank = FW_HIT_RANK(hit);
	return check_tree(c, hit, depth);
}

/* A split, and all below it: its header, intervals, depth, and that its hit has the lowest rank below it. */
static bool check_split(struct check *c, uint64_t hit, const struct fw_block *b, unsigned depth)
{
	const struct fw_block_field *f = &b->field[0];
	uint64_t rank = UINT64_MAX;
	uint32_t n = 0;

	if (depth == FW_SPLIT_DEPTH)
		return check_wrong(c, "splits are deeper than the lookup goes");
	if (b->fields != 1 || b->bytes < offsetof(struct fw_block, field) + sizeof(*f))
		return check_wrong(c, "a split's header is wrong");
	if (!check_ends(c, b, f, &n))
		return false;
	if (f->words % 4 || f->words + 4ull * (n + 1) > b->bytes)
		return check_wrong(c, "a split's words are outside of it");
	for (uint32_t i = 0; i <= n; i++)
		if (!check_child(c, ((const uint64_t *)((const uint8_t *)b + f->vectors))[i], depth + 1, &rank))
			return false;
	if (!check_child(c, b->next, depth + 1, &rank))
		return false;
	return rank == FW_HIT_RANK(hit) ||
	       check_wrong(c, "a split is referred to by another rank than its first rule's");
}

bool check_tree(struct check *c, uint64_t hit, unsigned depth)
{
	const struct fw_block *b = block_inside(c, (uint32_t)hit);

	if (b && b->rules == FW_SPLIT)
		return check_split(c, hit, b, depth);
	return check_blocks(c, hit);
}

// SPDX-License-Identifier: GPL-2.0-only
/* What searching the blocks of a pair costs, whatever the packet's fields. */
#include "cost.h"

#define PAGE 4096

/* Lines that @bytes from an offset on may touch. */
static uint32_t lines_of(uint32_t offset, uint64_t bytes)
{
	return bytes ? (uint32_t)((offset % FW_LINE + bytes - 1) / FW_LINE) + 1 : 0;
}

/* Lines of a binary search: each step reads another one, until 16 ends are left, which touch two. */
static uint32_t search_lines(const struct fw_block_field *f)
{
	uint32_t all = lines_of(f->ends, 4ull << f->steps), far = f->steps > 4 ? f->steps - 4 : 0;

	if (!f->steps)
		return 0;
	return far + 2 < all ? far + 2 : all;
}

static const void *block_at(const struct fw_block *b, uint32_t offset)
{
	return (const uint8_t *)b + offset;
}

/* The number of intervals of a field: UINT32_MAX follows its ends. */
static uint32_t intervals(const struct fw_block *b, const struct fw_block_field *f)
{
	const uint32_t *ends = block_at(b, f->ends);
	uint32_t n = 0;

	while (n < (1u << f->steps) - 1 && ends[n] != UINT32_MAX)
		n++;
	return n + 1;
}

/* The most words other than zero that an interval of a field has. */
static uint32_t most_words(const struct fw_block *b, const struct fw_block_field *f)
{
	const uint64_t *which = block_at(b, f->vectors);
	uint32_t most = 0;

	for (uint32_t i = 0, n = intervals(b, f); i < n; i++) {
		uint32_t words = (uint32_t)__builtin_popcountll(which[i]);

		most = words > most ? words : most;
	}
	return most;
}

/*
 * The lines of words in a block of more than one word: those of all fields, which do not wait for each other. @words: how many
 * words all fields may have in common, each of which costs a look at the block.
 */
static uint32_t words_lines(const struct fw_block *b, uint32_t *words)
{
	uint32_t lines = 0;

	*words = (b->rules + 63) / 64;
	for (uint32_t f = 0; f < b->fields; f++) {
		uint32_t most = most_words(b, &b->field[f]);

		*words = most < *words ? most : *words;
	}
	for (uint32_t f = 0; f < b->fields; f++) {
		uint32_t all = most_words(b, &b->field[f]) / (FW_LINE / 8) + 2;

		lines += all < *words ? all : *words;
	}
	return lines;
}

/*
 * The cost of a block, or of a split without what it leads to. The searches of its fields do not wait for each other, either:
 * the longest one counts.
 */
static struct fw_cost block_cost(const struct fw_block *b)
{
	uint32_t lines = lines_of(0, offsetof(struct fw_block, field) + sizeof(b->field[0]) * b->fields);
	uint32_t all = lines_of(0, b->bytes), longest = 0, words = 0;
	bool split = b->rules == FW_SPLIT, large = b->rules > 64 && !split;

	for (uint32_t f = 0; f < b->fields; f++) {
		uint32_t search = search_lines(&b->field[f]);

		lines += search + 1 + large;
		longest = search + 1 > longest ? search + 1 : longest;
	}
	if (large)
		lines += words_lines(b, &words);
	lines += !split;
	return (struct fw_cost){ (lines < all ? lines : all) + words + large,
				 (1 + longest + large + !split) * (b->bytes > PAGE ? COST_FAR_ROUNDS : 1) };
}

static struct fw_cost children_cost(const struct fw_pool *pool, const struct fw_block *b)
{
	const uint64_t *child = block_at(b, b->field[0].vectors);
	struct fw_cost most = { 0 };

	for (uint32_t i = 0, n = intervals(b, &b->field[0]); i < n; i++)
		most = cost_dearer(cost_tree(pool, child[i]), most);
	return most;
}

struct fw_cost cost_tree(const struct fw_pool *pool, uint64_t hit)
{
	struct fw_cost c = { 0 };

	while (hit != FW_HIT_NONE && FW_HIT_BLOCK(hit)) {
		const struct fw_block *b = fw_pool_ptr(pool, (uint32_t)hit);

		c = cost_plus(c, block_cost(b));
		if (b->rules == FW_SPLIT)
			c = cost_plus(c, children_cost(pool, b));
		hit = b->next;
	}
	return c;
}

uint32_t cost_first_slot(const struct fw_pool *pool, uint64_t hit)
{
	while (FW_HIT_BLOCK(hit)) {
		const struct fw_block *b = fw_pool_ptr(pool, (uint32_t)hit);
		const uint64_t *hits;

		if (b->rules != FW_SPLIT) {
			hit = *(const uint64_t *)block_at(b, b->hits);
			break;
		}
		/* A split's hit has the lowest rank below it. */
		hits = block_at(b, b->field[0].vectors);
		hit = b->next;
		for (uint32_t i = 0, n = intervals(b, &b->field[0]); i < n; i++)
			hit = hits[i] < hit ? hits[i] : hit;
	}
	return FW_WHAT_COUNTER((uint32_t)hit) - FW_COUNTER_RULES;
}

// SPDX-License-Identifier: GPL-2.0-only
/* fw/table/lookup.h over a pool that notes which of its lines are read. */
#include "tests/unit/counted.h"

#include "fw/table/format.h"

#include <string.h>

static struct {
	const struct fw_pool *pool;
	struct fw_cost cost;
	uint32_t line[COUNTED_LINES]; /* all that were read */
	size_t n;
	uint32_t seen[1 << 18];      /* the same, by hash; 0: none */
	uint32_t object;             /* that is being searched */
	uint32_t search[FW_NFIELDS]; /* lines of its searches */
	bool words, hit;             /* of it were read */
} count;

/* Notes a line. Returns true the first time. */
static bool note(uint32_t line)
{
	size_t mask = sizeof(count.seen) / sizeof(*count.seen) - 1, at = line * 2654435761u & mask;

	for (; count.seen[at]; at = (at + 1) & mask)
		if (count.seen[at] == line)
			return false;
	if (count.n == COUNTED_LINES)
		abort();
	count.seen[at] = line;
	count.line[count.n++] = line;
	return true;
}

struct fw_object {
	const __u8 *base;
};

static const void *fw_pool_line(__u32 line)
{
	note(line);
	count.cost.lines++;
	return fw_pool_ptr(count.pool, line);
}

/* The searches of a block's fields do not wait for each other: the longest counts. */
static void object_end(void)
{
	uint32_t longest = 0;

	for (uint32_t f = 0; f < FW_NFIELDS; f++)
		longest = count.search[f] > longest ? count.search[f] : longest;
	count.cost.rounds += longest + count.words + count.hit;
	memset(count.search, 0, sizeof(count.search));
	count.words = count.hit = false;
}

/* Its header is read with it. */
static struct fw_object fw_pool_object(__u32 line)
{
	const struct fw_block *b = fw_pool_ptr(count.pool, line);
	uint64_t bytes = offsetof(struct fw_block, field) + sizeof(b->field[0]) * b->fields;

	if (line != count.object)
		object_end();
	count.object = line;
	count.cost.lines++;
	count.cost.rounds += note(line);
	for (uint32_t i = 1; i < (bytes + FW_LINE - 1) / FW_LINE; i++)
		count.cost.lines += note(line + i);
	return (struct fw_object){ (const __u8 *)b };
}

static const void *fw_object_start(struct fw_object o)
{
	return o.base;
}

/* Is an offset in an array of so many bytes? */
static bool in(__u32 offset, uint64_t array, uint64_t bytes)
{
	return offset >= array && offset < array + bytes;
}

/* Counts a read inside a block as the line that it is in, by what the line holds. */
static const void *word_at(struct fw_object o, __u32 offset)
{
	const struct fw_block *b = (const void *)o.base;
	const __u8 *at = o.base + offset;

	if (!note((uint32_t)((size_t)(at - count.pool->base) / FW_LINE)))
		return at;
	count.cost.lines++;
	if (b->rules != FW_SPLIT && in(offset, b->hits, 8ull * b->rules)) {
		count.hit = true;
		return at;
	}
	/* The offsets of words are next to the vectors, and are fetched with them. */
	for (uint32_t f = 0; f < b->fields; f++) {
		const struct fw_block_field *field = &b->field[f];

		if (in(offset, field->ends, 4ull << field->steps) || in(offset, field->vectors, 8ull << field->steps)) {
			count.search[f]++;
			return at;
		}
	}
	count.words = true;
	return at;
}

static __u32 fw_word32(struct fw_object o, __u32 offset)
{
	return *(const __u32 *)word_at(o, offset);
}

static __u64 fw_word64(struct fw_object o, __u32 offset)
{
	return *(const __u64 *)word_at(o, offset);
}

/* Conditions cost another turn at most if they are not met. */
static int fw_condition(struct fw_cpu *cpu, const struct fw_action *a, __u32 what)
{
	return 0;
}

#include "fw/table/flow.h"

static struct fw_cpu cpu __attribute__((aligned(FW_LINE)));

struct fw_result counted_lookup(const struct fw_pool *pool, uint32_t root, const struct fw_key *key,
				struct fw_cost *cost)
{
	memset(count.seen, 0, sizeof(count.seen));
	count.pool = pool;
	count.n = 0;
	cpu.control = 0;
	cpu.key = *key;
	fw_begin(&cpu, FW_CONTROL(root, 1));
	count.cost = (struct fw_cost){ 0 };
	count.object = 0;
	fw_classify(&cpu, false);
	object_end();
	*cost = count.cost;
	return fw_result_of(&cpu.answer);
}

const uint32_t *counted_lines(size_t *n)
{
	*n = count.n;
	return count.line;
}

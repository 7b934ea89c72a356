// SPDX-License-Identifier: GPL-2.0-only
/*
 * The longest-prefix-match tries, built from the sorted list of addresses at
 * which the class changes. A node looks at the next 32 or 8 bits and holds
 * runs of equal answers. Up to 8 runs of 32 bits are one node, up to 64 are a
 * wide node and the nodes under it, as in a B-tree; with more, the node looks at 8 bits.
 *
 * After the multibit tries with run compression of Degermark et al., "Small forwarding tables for fast routing lookups",
 * SIGCOMM 1997; nodes searched by byte-wise compare inside one cache line.
 */
#include "address.h"

#include <string.h>

#define WIDE_RUNS (FW_RUNS32 * FW_RUNS32)

/* Values of a node's bits that have one answer: from the end of the run before up to @last. */
struct run {
	uint32_t last;
	uint32_t class;    /* of the whole run, if it has no node below */
	uint32_t from, to; /* boundaries of the node below, none when equal */
};

/* @width bits of @a from bit @depth on. */
static uint32_t addr_bits(struct fw_addr a, unsigned depth, unsigned width)
{
	unsigned __int128 all = (unsigned __int128)a.hi << 64 | a.lo;

	return (uint32_t)(all << depth >> (128 - width));
}

/* Are all bits of @a from @depth on 0? */
static bool addr_rest_zero(struct fw_addr a, unsigned depth)
{
	unsigned __int128 all = (unsigned __int128)a.hi << 64 | a.lo;

	return depth >= 128 || !(all << depth);
}

/* Appends a run, or extends the one before if both are the same class. Return: runs, or 0 if there are more than @max. */
static unsigned run_add(struct run *runs, unsigned n, unsigned max, struct run r)
{
	if (n && r.from == r.to && runs[n - 1].from == runs[n - 1].to && runs[n - 1].class == r.class) {
		runs[n - 1].last = r.last;
		return n;
	}
	if (n == max)
		return 0;
	runs[n] = r;
	return n + 1;
}

/* The runs of a node that looks at @width bits. Return: how many, or 0 if there are more than @max. */
static unsigned runs_collect(const struct trie_builder *tb, const struct trie_draft *d, unsigned width,
			     struct run *runs, unsigned max)
{
	uint32_t end = (uint32_t)((1ull << width) - 1), before = d->before, value;
	unsigned depth = d->level.depth, n = 0;

	for (uint32_t i = d->from; i < d->to;) {
		uint32_t first = i;

		value = addr_bits(tb->b[i].start, depth, width);
		while (i < d->to && addr_bits(tb->b[i].start, depth, width) == value)
			i++;
		if (value && (!n || runs[n - 1].last != value - 1)) {
			n = run_add(runs, n, max, (struct run){ value - 1, before, 0, 0 });
			if (!n)
				return 0;
		}
		if (i - first == 1 && addr_rest_zero(tb->b[first].start, depth + width))
			n = run_add(runs, n, max, (struct run){ value, tb->b[first].class, 0, 0 });
		else
			n = run_add(runs, n, max, (struct run){ value, before, first, i });
		if (!n)
			return 0;
		before = tb->b[i - 1].class;
	}
	if (!n || runs[n - 1].last != end)
		n = run_add(runs, n, max, (struct run){ end, before, 0, 0 });
	return n;
}

/* The reference for a run, to be stored at @places: a class, or the node below, at @level. */
static int run_write(struct trie_builder *tb, const struct run *r, struct trie_level level, unsigned places,
		     uint32_t *ref)
{
	const struct trie_draft below = { r->from, r->to, r->class, level };

	return r->from != r->to ? trie_node_write(tb, &below, ref) : tb->class_ref(tb, r->class, places, ref);
}

/* The level below a node that looks at @width bits. */
static struct trie_level level_below(struct trie_level l, unsigned width)
{
	return (struct trie_level){ l.depth + width, l.bits };
}

static int runs32_write(struct trie_builder *tb, const struct run *runs, unsigned n, struct trie_level level,
			uint32_t *ref)
{
	uint32_t line;
	int err = tables_take(tb->t, 1, &tb->t->stats.trie_bytes, &line);
	struct fw_runs32 *node = err ? NULL : fw_pool_ptr(tb->t->heap.pool, line);

	if (err)
		return err;
	memset(node->last, 0xff, sizeof(node->last));
	for (unsigned i = 0; !err && i < n; i++) {
		if (i < n - 1)
			node->last[i] = runs[i].last;
		err = run_write(tb, &runs[i], level_below(level, 32), 1, &node->ref[i]);
	}
	*ref = FW_REF(line, FW_REF_RUNS32);
	return err;
}

/* More runs than one node holds: nodes with an equal share each, under a wide node that selects one of them. */
static int wide_write(struct trie_builder *tb, const struct run *runs, unsigned n, struct trie_level level,
		      uint32_t *ref)
{
	unsigned nodes = (n + FW_RUNS32 - 1) / FW_RUNS32;
	uint32_t line;
	int err = tables_take(tb->t, 1, &tb->t->stats.trie_bytes, &line);
	struct fw_runs32 *wide = err ? NULL : fw_pool_ptr(tb->t->heap.pool, line);

	if (err)
		return err;
	memset(wide->last, 0xff, sizeof(wide->last));
	for (unsigned i = 0; !err && i < nodes; i++) {
		unsigned from = n * i / nodes, to = n * (i + 1) / nodes;

		if (i < nodes - 1)
			wide->last[i] = runs[to - 1].last;
		err = runs32_write(tb, runs + from, to - from, level, &wide->ref[i]);
	}
	*ref = FW_REF(line, FW_REF_WIDE);
	return err;
}

static int runs8_write(struct trie_builder *tb, const struct run *runs, unsigned n, struct trie_level level,
		       uint32_t *ref)
{
	uint32_t line;
	int err = tables_take(tb->t, 1, &tb->t->stats.trie_bytes, &line);
	struct fw_runs8 *node = err ? NULL : fw_pool_ptr(tb->t->heap.pool, line);

	if (err)
		return err;
	memset(node->last, 0xff, sizeof(node->last));
	for (unsigned i = 0; !err && i < n; i++) {
		if (i < n - 1)
			node->last[i] = (uint8_t)runs[i].last;
		err = run_write(tb, &runs[i], level_below(level, 8), 1, &node->ref[i]);
	}
	*ref = FW_REF(line, FW_REF_RUNS8);
	return err;
}

static int table8_write(struct trie_builder *tb, const struct run *runs, unsigned n, struct trie_level level,
			uint32_t *ref)
{
	uint32_t line, value = 0;
	int err = tables_take(tb->t, 256 * 4 / FW_LINE, &tb->t->stats.trie_bytes, &line);
	uint32_t *table = err ? NULL : fw_pool_ptr(tb->t->heap.pool, line);

	if (err)
		return err;
	for (unsigned i = 0; !err && i < n; i++) {
		uint32_t child = 0;

		/* Each place counts as a reference, since each can be changed alone. */
		err = run_write(tb, &runs[i], level_below(level, 8), runs[i].last - value + 1, &child);
		/* After a failure, an unfinished child is stored once, so that it can be found and freed. */
		do
			table[value++] = child;
		while (!err && value <= runs[i].last);
	}
	*ref = FW_REF(line, FW_REF_TABLE8);
	return err;
}

int trie_node_write(struct trie_builder *tb, const struct trie_draft *d, uint32_t *ref)
{
	struct run runs[256];
	/* The rest of an IPv4 address reads as if zeros followed, so 32 bits serve it, too. */
	unsigned n = runs_collect(tb, d, 32, runs, WIDE_RUNS);

	if (n && n <= FW_RUNS32)
		return runs32_write(tb, runs, n, d->level, ref);
	if (n > FW_RUNS8 || (n && d->level.bits - d->level.depth > 8))
		return wide_write(tb, runs, n, d->level, ref);
	n = runs_collect(tb, d, 8, runs, 256);
	if (n <= FW_RUNS8)
		return runs8_write(tb, runs, n, d->level, ref);
	return table8_write(tb, runs, n, d->level, ref);
}

int trie_write(struct trie_builder *tb, const struct boundaries *map, enum fw_family family)
{
	struct fw_tables *t = tb->t;
	uint32_t *line = &t->root.trie[tb->side][family], i = 0, class = 0;
	const struct trie_level level = { FW_TRIE_ROOT_BITS, family == FW_IP4 ? 32 : 128 };
	int err = tables_take(t, FW_TRIE_ROOT_LINES, &t->stats.trie_bytes, line);
	uint32_t *root = err ? NULL : fw_pool_ptr(t->heap.pool, *line);

	tb->b = map->b;
	for (uint32_t v = 0; !err && v < 1u << FW_TRIE_ROOT_BITS; v++) {
		uint32_t from = i;

		while (i < map->n && addr_bits(map->b[i].start, 0, FW_TRIE_ROOT_BITS) == v)
			i++;
		if (i - from == 1 && addr_rest_zero(map->b[from].start, FW_TRIE_ROOT_BITS))
			err = tb->class_ref(tb, map->b[from].class, 1, &root[v]);
		else if (i != from)
			err = trie_node_write(tb, &(struct trie_draft){ from, i, class, level }, &root[v]);
		else
			err = tb->class_ref(tb, class, 1, &root[v]);
		if (i)
			class = map->b[i - 1].class;
	}
	return err;
}

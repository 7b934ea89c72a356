// SPDX-License-Identifier: GPL-2.0-only
/* Walks a trie: all of its classes, in the order of their addresses, and an address of one of them. */
#include "cost.h"

#include <string.h>

struct walk {
	const struct fw_pool *pool;
	struct cost_side *out;
	uint64_t *seen; /* a bit per line of the pool: nodes and classes */
	uint32_t want;  /* the class to find, 0: collect all */
	struct fw_addr found;
	int err;
};

/* Marks a line as seen. Returns true the first time. */
static bool see(struct walk *w, uint32_t line)
{
	uint64_t bit = 1ull << line % 64, *word = &w->seen[line / 64];
	bool first = !(*word & bit);

	*word |= bit;
	return first;
}

static void class_note(struct walk *w, uint32_t line)
{
	struct cost_class c = cost_class_at(w->pool, line);
	struct cost_side *s = w->out;
	uint8_t same[64] = { 0 };

	if (fw_vec_push(s->class, s->n, s->cap, line)) {
		w->err = -ENOMEM;
		return;
	}
	for (uint32_t i = 0; i < c.n; i++) {
		uint32_t id = cost_identity(c, i), bit = fw_signature_bit(id);

		if (id >= s->identities)
			s->identities = id + 1;
		if (++same[bit] > s->same_bit[bit])
			s->same_bit[bit] = same[bit];
	}
	if (c.n > s->most)
		s->most = c.n;
}

/* @value as the @width bits after the first @depth of an address. */
static struct fw_addr addr_with(struct fw_addr a, uint32_t value, unsigned depth, unsigned width)
{
	unsigned __int128 bits = (unsigned __int128)value << (128 - width) >> depth;

	a.hi |= (uint64_t)(bits >> 64);
	a.lo |= (uint64_t)bits;
	return a;
}

/* Where a walk is: at addresses that begin with the first @depth bits of @at, after reading @lines. */
struct position {
	struct fw_addr at;
	unsigned depth;
	uint32_t lines;
};

/* One reference further, to the part that has @value in the next @width bits. */
static struct position position_below(struct position p, uint32_t value, unsigned width)
{
	return (struct position){ addr_with(p.at, value, p.depth, width), p.depth + width, p.lines };
}

/* Walks the subtree of a reference. Returns true once the class is found. */
static bool walk_ref(struct walk *w, uint32_t ref, struct position p);

/* The runs of one node or, of a wide node, of the nodes below it; @first: the value that the first run begins with. */
static bool walk_runs32(struct walk *w, const struct fw_runs32 *node, bool wide, uint32_t first, struct position p)
{
	for (unsigned i = 0; i < FW_RUNS32; i++) {
		uint32_t last = i < FW_RUNS32 - 1 ? node->last[i] : UINT32_MAX, ref = node->ref[i];
		struct position below = p;
		bool found;

		below.lines++;
		found = wide ? walk_runs32(w, fw_pool_ptr(w->pool, FW_REF_LINE(ref)), false, first, below) :
			       walk_ref(w, ref, position_below(p, first, 32));
		if (found)
			return true;
		if (last == UINT32_MAX)
			break;
		first = last + 1;
	}
	return false;
}

static bool walk_runs8(struct walk *w, const struct fw_runs8 *node, struct position p)
{
	uint32_t first = 0;

	for (unsigned i = 0; i < FW_RUNS8; i++) {
		uint32_t last = i < FW_RUNS8 - 1 ? node->last[i] : 0xff;

		if (walk_ref(w, node->ref[i], position_below(p, first, 8)))
			return true;
		if (last == 0xff)
			break;
		first = last + 1;
	}
	return false;
}

/* A table of 1 << @width references. */
static bool walk_table(struct walk *w, const uint32_t *table, unsigned width, struct position p)
{
	for (uint32_t i = 0; i < 1u << width; i++)
		if ((!i || table[i] != table[i - 1]) && walk_ref(w, table[i], position_below(p, i, width)))
			return true;
	return false;
}

/*
 * Follows a reference with all that it leads to. Return: whether the walk is to end, because of an error or at the
 * class that is looked for.
 */
static bool walk_ref(struct walk *w, uint32_t ref, struct position p)
{
	uint32_t tag = FW_REF_TAG(ref), line = FW_REF_LINE(ref);
	const void *node = fw_pool_ptr(w->pool, line);

	if (p.lines > w->out->walk)
		w->out->walk = p.lines;
	if (!see(w, line))
		return false;
	if (tag == FW_REF_CLASS) {
		if (!w->want)
			class_note(w, line);
		w->found = p.at;
		return w->err || line == w->want;
	}
	p.lines++;
	if (tag == FW_REF_RUNS8)
		return walk_runs8(w, node, p);
	if (tag == FW_REF_TABLE8)
		return walk_table(w, node, 8, p);
	return walk_runs32(w, node, tag == FW_REF_WIDE, 0, p);
}

static int walk_all(struct walk *w, const struct fw_root *root, int side, enum fw_family family)
{
	uint32_t line = root->trie[side][family];
	fw_autofree uint64_t *seen = calloc((size_t)FW_POOL_SEGMENTS * FW_SEGMENT_LINES / 64, sizeof(*seen));

	w->seen = seen;
	if (!seen)
		return -ENOMEM;
	if (family == FW_FAMILY_NONE)
		walk_ref(w, FW_REF(line, FW_REF_CLASS), (struct position){ { 0 }, 0, 0 });
	else
		walk_table(w, fw_pool_ptr(w->pool, line), FW_TRIE_ROOT_BITS, (struct position){ { 0 }, 0, 1 });
	return w->err;
}

int cost_side_read(const struct fw_pool *pool, const struct fw_root *root, int side, enum fw_family family,
		   struct cost_side *out)
{
	struct walk w = { .pool = pool, .out = out };

	*out = (struct cost_side){ 0 };
	return walk_all(&w, root, side, family);
}

void cost_side_free(struct cost_side *s)
{
	free(s->class);
}

struct fw_cost cost_outside(const struct cost_side side[2], uint32_t src_lines, uint32_t dst_lines, uint64_t pairs)
{
	uint32_t walk = side[0].walk > side[1].walk ? side[0].walk : side[1].walk;
	/* A batch is full when the pairs of two more lines may not find room. */
	uint64_t batches = pairs / (FW_BATCH - FW_CLASS_IDENTITIES * FW_CLASS_IDENTITIES) + 1;
	struct fw_cost c = { side[0].walk + side[1].walk + 2, (walk + 1 + batches) * COST_FAR_ROUNDS };

	/* Of more lines than one, each is paired with each, after a look at the first ones. */
	if (src_lines > 1 || dst_lines > 1)
		c.lines += 2 + 2ull * src_lines * dst_lines;
	return c;
}

struct fw_addr cost_side_address(const struct fw_pool *pool, const struct fw_root *root, int side,
				 enum fw_family family, uint32_t class)
{
	struct cost_side none = { 0 };
	struct walk w = { .pool = pool, .out = &none, .want = class };

	walk_all(&w, root, side, family);
	return w.found;
}

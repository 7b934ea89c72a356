/* SPDX-License-Identifier: GPL-2.0-only */
/* The parts of the search for the most expensive packet. Private to lib/compile. */
#ifndef FW_COST_PARTS_H
#define FW_COST_PARTS_H

#include "fw/cost.h"
#include "fw/table/hash.h"

enum { COST_SRC, COST_DST };

/* A line in another page than the one before costs two rounds: the page's address has to be read, too. */
#define COST_FAR_ROUNDS 2

static inline struct fw_cost cost_plus(struct fw_cost a, struct fw_cost b)
{
	return (struct fw_cost){ a.lines + b.lines, a.rounds + b.rounds };
}

static inline struct fw_cost cost_dearer(struct fw_cost a, struct fw_cost b)
{
	return fw_cost_price(a) > fw_cost_price(b) ? a : b;
}

/* cost_tree.c: the cost of searching what a hit leads to, whatever the packet's fields; nothing for a rule. */
struct fw_cost cost_tree(const struct fw_pool *pool, uint64_t hit);
/* The slot of the first rule that a hit leads to. */
uint32_t cost_first_slot(const struct fw_pool *pool, uint64_t hit);

/* cost_side.c: the classes that addresses of a family lead to, each once. */
struct cost_side {
	uint32_t *class; /* lines */
	size_t n, cap;
	uint32_t walk;         /* lines of the longest walk */
	uint32_t identities;   /* above every identity */
	uint32_t most;         /* identities of a class */
	uint32_t same_bit[64]; /* the most identities of one class that share this signature bit */
};
int cost_side_read(const struct fw_pool *pool, const struct fw_root *root, int side, enum fw_family family,
		   struct cost_side *out);
void cost_side_free(struct cost_side *s);
/* An address whose class it is. */
struct fw_addr cost_side_address(const struct fw_pool *pool, const struct fw_root *root, int side,
				 enum fw_family family, uint32_t class);

/* Everything but the lines of pairs and blocks: walks, lines of the two classes, and waiting for the pairs. */
struct fw_cost cost_outside(const struct cost_side side[2], uint32_t src_lines, uint32_t dst_lines, uint64_t pairs);

/* The identities of a class. */
struct cost_class {
	const struct fw_class *lines;
	uint32_t n;
};
static inline struct cost_class cost_class_at(const struct fw_pool *pool, uint32_t line)
{
	const struct fw_class *c = fw_pool_ptr(pool, line);

	return (struct cost_class){ c, (c->lines - 1u) * FW_CLASS_IDENTITIES + c[c->lines - 1].n };
}
static inline uint32_t cost_identity(struct cost_class c, uint32_t i)
{
	return c.lines[i / FW_CLASS_IDENTITIES].identity[i % FW_CLASS_IDENTITIES];
}
static inline uint64_t cost_signature(struct cost_class c, uint32_t i)
{
	return c.lines[i / FW_CLASS_IDENTITIES].signature[i % FW_CLASS_IDENTITIES];
}

/* cost_search.c */

/* A pair with blocks, and what they cost. */
struct cost_pair {
	uint32_t id[2];
	struct fw_cost cost;
};

/* Everything that the search looks at, of one family. */
struct cost_field {
	const struct fw_pool *pool;
	const struct fw_root *root;
	const struct cost_side *side; /* [2] */
	const struct cost_pair *pairs;
	size_t npairs;
};
/* The source class and destination class whose packets cost the most, and an upper bound of that. */
struct cost_found {
	struct fw_cost most;
	uint32_t class[2]; /* lines */
};
int cost_search(const struct cost_field *f, struct cost_found *out);

#endif

/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the steps of a compilation hand to each other. Private to lib/compile.
 */
#ifndef FW_TABLES_H
#define FW_TABLES_H

#include "fw/compile.h"
#include "fw/hash.h"

enum { SRC, DST };

#define NO_IDENTITY 0xffffffffu

/* From @start on (to the next boundary), addresses have this class. */
struct boundary {
	struct fw_addr start;
	uint32_t class;
};

struct boundaries {
	struct boundary *b;
	size_t n, cap;
};

/* Interned lists of identities, ascending, `any` (and `frame`) not included: they are in every class. */
/* clang-format off */
struct class {
	uint32_t first, n; /* in ids[] */
	uint32_t line;     /* in the pool; 0: not written yet */
	uint64_t hash;
};
/* clang-format on */

struct classes {
	struct class *c;
	size_t n, cap;
	uint32_t *ids;
	size_t nids, ids_cap;
	uint32_t *slots; /* open addressing: class + 1, 0 free */
	size_t nslots;
};

/* One direction of address: source or destination. */
struct side {
	uint32_t *identity_of; /* address expression -> identity, NO_IDENTITY: not used on this side */
	uint32_t *addrs_of;    /* identity -> address expression */
	uint32_t nidentities;
	uint64_t *signature;    /* by identity */
	struct classes classes; /* [0] is the empty list */
	struct boundaries map[FW_NFAMILIES];
	uint32_t nesting_max;
};

/* A pair and its rules, chained in rank order through next_rule[]. */
struct pair {
	uint64_t key;
	uint32_t first, last, n; /* rules */
	uint32_t home;
};

struct compilation {
	const struct fw_ruleset *rs;
	struct fw_pool *pool;
	struct fw_diags *ds;
	struct side side[2];
	struct pair *pairs;
	size_t npairs, pairs_cap;
	uint32_t *next_rule; /* rule -> the next one of its pair */
	uint32_t rank_step;
	bool frame_rules;
	uint32_t extra_blocks; /* beyond the first of their pair */
	uint32_t fields_used;
	uint8_t *block; /* room to build a block in */
	struct fw_root root;
	struct fw_compile_stats stats;
};

#define NO_RULE 0xffffffffu

/* Rank of rule number @i: sparse, so that rules can come between. */
static inline uint32_t rule_rank(const struct compilation *c, uint32_t i)
{
	return (i + 1) * c->rank_step;
}

static inline uint64_t rule_hit(const struct compilation *c, uint32_t i)
{
	const struct fw_rule *r = c->rs->rules[i];

	return FW_HIT(rule_rank(c, i), 0, FW_WHAT(r->slot + FW_COUNTER_RULES, r->verdict));
}

/* Takes @lines of the pool and adds their bytes to a statistic. */
int take_lines(struct compilation *c, uint32_t lines, uint64_t *bytes, uint32_t *line);
/* A diagnostic about rule @i. Return: -E2BIG. */
int refuse_rule(const struct compilation *c, uint32_t i, const char *hint, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

/* Identities in use, and for each side and family the classes of its addresses. */
int identities_build(struct compilation *c);
/* Pairs with their rules, and signatures. */
int pairs_collect(struct compilation *c);
/* Pair table and blocks, into the pool. */
int pairs_write(struct compilation *c);
/* The reference to a class of a side, which is written into the pool the first time. */
int class_ref(struct compilation *c, int side, uint32_t number, uint32_t *ref);
/* The class of frames that are not IP: no identity but that of every frame. */
int frame_class_write(struct compilation *c, int side);
/* The trie of a side and family, with the classes that it leads to, into the pool. */
int trie_write(struct compilation *c, int side, enum fw_family family);
/* The blocks of one pair's @n rules; the hit of the first goes to @hit. */
int block_write(struct compilation *c, const uint32_t *rules, uint32_t n, __u64 *hit);

#endif

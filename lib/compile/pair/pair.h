/* SPDX-License-Identifier: GPL-2.0-only */
/* Pairs of identities, and the blocks and splits that hold the rules of each. Private to lib/compile. */
#ifndef FW_PAIR_H
#define FW_PAIR_H

#include "lib/compile/tables.h"

/* Rules in rank order. */
struct rule_list {
	const struct fw_instance *const *r;
	uint32_t n;
};

/* pair.c */

/* The key of the pair that a rule belongs to; its identities must exist. */
uint64_t pair_key_of(const struct fw_tables *t, const struct fw_instance *r);
/* The entry of pair @key: its one rule, or a reference to blocks. 0, -E2BIG with a diagnostic, -ENOMEM, -ENOSPC. */
int pair_build(struct fw_tables *t, uint64_t key, struct rule_list rules, struct fw_pair *out);
/* Writes the pair table of a ruleset, and signs its identities. Errors as of pair_build(). */
int pairs_write(struct fw_tables *t, const struct fw_lowered *l);
/* Notes that a pair whose home is line @home of the table is at @line. */
static inline void pair_displace(struct fw_tables *t, uint32_t home, uint32_t line)
{
	t->displaced = line - home > t->displaced ? line - home : t->displaced;
}

/* pair_update.c */

/* A pair's entry as it is, or is to be: without rules its hit is FW_HIT_NONE. */
struct pair_value {
	uint64_t hit, lo, hi;
};
/* The entry of a pair and its newest value; false: there is none. */
bool pair_find(const struct fw_tables *t, uint64_t key, uint32_t *entry, struct pair_value *value);
/* The next value of one pair, on its way into the table. */
struct pair_step {
	uint64_t key;
	struct pair_value value, before;
	uint32_t version; /* line */
	uint32_t entry;   /* its number in the table */
	bool fresh;       /* the entry is new */
};
/*
 * Takes a line for the version and, for a new pair, an entry, in which packets find nothing yet. 0; -EBUSY: too many
 * versions wait for a grace period; -EAGAIN: no place in the table; -ENOMEM, -ENOSPC.
 */
int pair_step_prepare(struct fw_tables *t, struct pair_step *step);
void pair_step_abort(struct fw_tables *t, const struct pair_step *step);
/* The value holds from generation @since on. */
void pair_step_commit(struct fw_tables *t, const struct pair_step *step, uint32_t since);
/* A grace period is over for a pair. */
void pair_settle(struct fw_tables *t, struct retired r);

/* block.c */

/* Writes the rules as blocks that follow each other; the hit of the first goes to @hit. Errors as of pair_build(). */
int block_write(struct fw_tables *t, struct rule_list rules, __u64 *hit);
/* A rule's values of a field as plain ranges; one of all values where it has no match. free() them. NULL: no memory. */
struct fw_range *instance_ranges(const struct fw_instance *r, uint32_t field, size_t *n);
/* Takes lines for a block or split, and notes them in t->made. 0, -ENOMEM, -ENOSPC. */
int block_take(struct fw_tables *t, uint32_t bytes, bool extra, uint32_t *line);
void block_free(struct fw_tables *t, const struct block_lines *b);

/* split.c and split_update.c: the tree of a pair's blocks, below splits where these pay. */

/* The tree of the rules, below @depth splits; its hit, FW_HIT_NONE without rules, goes to @hit. Errors as of pair_build(). */
int tree_build(struct fw_tables *t, struct rule_list rules, unsigned depth, __u64 *hit);

/* A rule that is added to a pair, or removed from it. */
struct part {
	uint64_t key;
	const struct fw_instance *rule;
	bool added;
};
struct parts {
	struct part *p; /* functions below change their order */
	size_t n;
};
/* Updates of trees: blocks that were made, and those that they replace. */
struct tree_update {
	struct fw_tables *t;
	struct block_list made, gone;
};
/*
 * The tree that the one at @old (or the single rule there, or FW_HIT_NONE) becomes. Both share what stays the same; new
 * blocks are added to u->made, those that are not needed any more to u->gone. Errors as of pair_build().
 */
int tree_update(struct tree_update *u, uint64_t old, struct parts parts, __u64 *hit);
/* Releases or keeps what was made. Before a commit, retire_reserve() for each of u->gone. */
void tree_update_commit(struct tree_update *u);
void tree_update_abort(struct tree_update *u);

/* tree.c */

/* The rules of a tree, or of a single rule's hit, after the parts: in rank order, each once. 0 or -ENOMEM. */
struct rules {
	const struct fw_instance **r;
	size_t n, cap;
};
int tree_rules(const struct tree_update *u, uint64_t old, struct parts parts, struct rules *out);
/* Adds every block and split of a tree to u->gone. 0 or -ENOMEM. */
int tree_drop(struct tree_update *u, uint64_t hit);

#endif

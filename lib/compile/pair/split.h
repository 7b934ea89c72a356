/* SPDX-License-Identifier: GPL-2.0-only */
/* Splits: where a field is cut, and reading and writing their tables. Shared by the files of trees, and private to them. */
#ifndef FW_SPLIT_H
#define FW_SPLIT_H

#include "pair.h"

/* A rule that would be in more children of a split belongs to its rest. */
#define SPREAD_MAX 8
/* Entries of a split for one of its rules, on average. */
#define COPIES_MAX 2
#define CHILDREN_MAX 65536u

/* split_cuts.c */

/* The values of rules in one field: those of rule i are r[first[i]] to r[first[i + 1] - 1], ascending and disjoint. */
struct spans {
	uint32_t field;
	size_t *first;
	struct fw_range *r;
	size_t n, cap;
};
/* 0 or -ENOMEM; ended by spans_free() in both cases. */
int spans_make(struct spans *s, struct rule_list rules, uint32_t field);
void spans_free(struct spans *s);

/* Where a field is cut: child i has the values after ends[i - 1], up to ends[i]; the last one has no end. */
struct cuts {
	uint32_t *ends;
	size_t n, cap;
};
/* What cuts are wanted: between two values, so that about @leaf rules, and few more than once, fall into each part. */
struct cuts_wanted {
	struct fw_range within;
	uint32_t leaf;
	const bool *skip; /* by rule: it is left out; NULL: none is */
};
/* Of @n rules. 0 or -ENOMEM; in both cases the caller frees out->ends. */
int cuts_find(const struct spans *s, uint32_t n, const struct cuts_wanted *wanted, struct cuts *out);

/* The child that has a value. */
static inline uint32_t split_child(const uint32_t *ends, uint32_t n, uint32_t value)
{
	uint32_t lo = 0, hi = n;

	while (lo < hi) {
		uint32_t mid = (lo + hi) / 2;

		if (ends[mid] < value)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

/*
 * The children that ranges (ascending and disjoint) lie in: for each range those from @from to @end - 1, none of them twice.
 * Begins with zeros.
 */
struct stretch {
	size_t next; /* range */
	uint32_t from, end;
};
static inline bool stretch_next(struct stretch *s, const uint32_t *ends, uint32_t nends, const struct fw_range *r,
				size_t n)
{
	uint32_t from;

	if (s->next == n)
		return false;
	from = split_child(ends, nends, r[s->next].lo);
	s->from = from > s->end ? from : s->end;
	s->end = split_child(ends, nends, r[s->next++].hi) + 1;
	return true;
}

/* split.c */

/* A split to be written: the intervals and hits of its children (one more than ends), and its rest. */
struct split_draft {
	uint32_t field;
	uint32_t made;
	uint64_t entries;
	__u64 rest;
	uint32_t *ends;
	__u64 *hits;
	size_t nends, ends_cap, nhits, hits_cap;
};
/* The hit of the split, or FW_HIT_NONE if nothing is below it. 0, -ENOMEM, -ENOSPC. */
int split_write(struct fw_tables *t, const struct split_draft *d, __u64 *hit);
void split_draft_free(struct split_draft *d);

/* tree.c: reading blocks and splits. */

static inline const struct fw_block *block_at(const struct fw_tables *t, uint64_t hit)
{
	return fw_pool_ptr(t->heap.pool, (uint32_t)hit);
}

static inline bool hit_is_split(const struct fw_tables *t, uint64_t hit)
{
	return hit != FW_HIT_NONE && FW_HIT_BLOCK(hit) && block_at(t, hit)->rules == FW_SPLIT;
}

static inline const uint32_t *split_ends(const struct fw_block *b)
{
	return (const uint32_t *)((const uint8_t *)b + b->field[0].ends);
}

static inline const __u64 *split_hits(const struct fw_block *b)
{
	return (const __u64 *)((const uint8_t *)b + b->field[0].vectors);
}

static inline uint32_t split_nends(const struct fw_block *b)
{
	return split_child(split_ends(b), 1u << b->field[0].steps, UINT32_MAX);
}

/* Rules in the blocks of a tree, every copy counted. */
uint64_t tree_entries(const struct fw_tables *t, uint64_t hit);
/* 1: the rule is in the tree; 0: it is not; -ENOMEM. */
int tree_has(const struct fw_tables *t, uint64_t hit, const struct fw_instance *rule);
/* Adds one block or split to u->gone; @extra: it is not the first of those that it follows. 0 or -ENOMEM. */
int tree_drop_block(struct tree_update *u, uint64_t hit, bool extra);

#endif

/* SPDX-License-Identifier: GPL-2.0-only */
/* What the files that make splits and change them share: where a field is cut. Private to lib/compile. */
#ifndef FW_SPLIT_H
#define FW_SPLIT_H

#include "lib/compile/tables.h"

/* A rule that would stand in more children of a split belongs to its rest. */
#define SPREAD_MAX 8
/* Copies of rules in the children, those themselves included, for one rule. */
#define COPIES_MAX 2
#define CHILDREN_MAX 65536u

/* What rules say of one field: those of rule i are r[first[i]] to r[first[i + 1] - 1], ascending and disjoint. */
struct spans {
	uint32_t field;
	size_t *first;
	struct fw_range *r;
	size_t n, cap;
};
/* 0 or -ENOMEM; ended by spans_free() in both cases. */
int spans_make(struct spans *s, const struct fw_instance *const *rules, uint32_t n, uint32_t field);
void spans_free(struct spans *s);

/* Where a field is cut: child i begins behind ends[i - 1] and has the values up to ends[i]; the last one has no end. */
struct cuts {
	uint32_t *ends;
	size_t n, cap;
};
/*
 * Cuts between @within.lo and @within.hi, so that about @leaf rules, and few more than once, fall into each part; those
 * with a mark in @skip (NULL: none has) are not looked at. 0 or -ENOMEM; frees nothing.
 */
int cuts_find(const struct spans *s, uint32_t n, const bool *skip, struct fw_range within, uint32_t leaf,
	      struct cuts *out);

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

/* A split as it is to be written: its children's intervals and hits (one more than ends), its rest. */
struct split_node {
	uint32_t field;
	uint32_t made;
	uint64_t entries;
	__u64 rest;
	uint32_t *ends;
	__u64 *hits;
	size_t nends, ends_cap, nhits, hits_cap;
};
/* The hit of the split, or FW_HIT_NONE if nothing is below it. 0, -ENOMEM, -ENOSPC. */
int split_node_write(struct fw_tables *t, const struct split_node *nd, __u64 *hit);
void split_node_free(struct split_node *nd);

static inline const struct fw_block *block_at(const struct fw_tables *t, uint64_t hit)
{
	return fw_pool_ptr(t->heap.pool, (uint32_t)hit);
}

static inline bool hit_is_split(const struct fw_tables *t, uint64_t hit)
{
	return hit != FW_HIT_NONE && FW_HIT_BLOCK(hit) && block_at(t, hit)->rules == FW_SPLIT;
}

#endif

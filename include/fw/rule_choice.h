/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which rules are exported one by one, and what the others add up to: of the marked ones (see fw_rule_line_marked()) those
 * with the lowest ids, of the others those with the most packets. One pass over all rules, in any order; memory is bounded
 * by what is chosen. Pure.
 */
#ifndef FW_RULE_CHOICE_H
#define FW_RULE_CHOICE_H

#include "fw/pinned.h"

/* What rows are compared by. A caller's row begins with it, and may hold more. */
struct fw_rule_row {
	uint64_t id;
	struct fw_count count;
};

/* A better than B? No two rows are equally good. */
typedef bool fw_rule_order(const struct fw_rule_row *a, const struct fw_rule_row *b);
bool fw_rule_by_packets(const struct fw_rule_row *a,
			const struct fw_rule_row *b);                         /* most first; of equals the lower id */
bool fw_rule_by_id(const struct fw_rule_row *a, const struct fw_rule_row *b); /* lowest first */

/* The best of any number of rows: once there are @room of them, a heap with the worst row first. */
struct fw_rule_heap {
	fw_rule_order *better;
	char *rows;
	size_t n, cap, room, size; /* @size: bytes of a row */
	bool failed;               /* memory ran out: some row is missing */
};
void fw_rule_heap_init(struct fw_rule_heap *h, size_t room, size_t size, fw_rule_order *better);
/* @row is copied. */
void fw_rule_heap_add(struct fw_rule_heap *h, const void *row);
/* Sorts the rows, best first. No further row may be added. */
void fw_rule_heap_sort(struct fw_rule_heap *h);
/* Removes those rows for which @keep is false. No further row may be added. */
void fw_rule_heap_filter(struct fw_rule_heap *h, bool (*keep)(const void *row, void *ctx), void *ctx);
void fw_rule_heap_free(struct fw_rule_heap *h);
static inline const void *fw_rule_heap_at(const struct fw_rule_heap *h, size_t i)
{
	return h->rows + i * h->size;
}

/* Rules, and what they counted together. */
struct fw_rule_sum {
	uint64_t rules;
	struct fw_count count;
};
void fw_rule_sum_add(struct fw_rule_sum *sum, struct fw_count count);
/* What is in @all but not in @part. */
struct fw_rule_sum fw_rule_sum_rest(const struct fw_rule_sum *all, const struct fw_rule_sum *part);

struct fw_rule_choice {
	struct fw_rule_heap marked, top; /* after fw_rule_choice_end(): @marked has all chosen rows, by id */
	uint64_t nmarked;                /* of all rules */
	struct fw_rule_sum all, chosen;
	uint64_t marked_left_out;
};
/* @limit: of marked rules; @top: of others; @size: bytes of a row */
void fw_rule_choice_init(struct fw_rule_choice *c, size_t limit, size_t top, size_t size);
/* @row is copied. */
void fw_rule_choice_add(struct fw_rule_choice *c, const void *row, bool marked);
/*
 * All rules were added. @keep as in fw_rule_heap_filter(), or NULL: rows that turned out not to be shown count as left out.
 * 0 or -ENOMEM.
 */
int fw_rule_choice_end(struct fw_rule_choice *c, bool (*keep)(const void *row, void *ctx), void *ctx);
void fw_rule_choice_free(struct fw_rule_choice *c);

#endif

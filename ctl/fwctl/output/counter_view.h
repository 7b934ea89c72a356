/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Counters of rules and policies, since the last reading and in all: as a table on the terminal, as lines or as JSON.
 * The caller reads them, from the kernel's maps or from fwd.
 */
#ifndef FWCTL_COUNTER_VIEW_H
#define FWCTL_COUNTER_VIEW_H

#include "fw/pinned.h"
#include "fw/text.h"

#include <jansson.h>

#define COUNTER_VIEW_TOP 100 /* rules of a reading that are kept, at most */

/* A rule or a policy, and its counter. */
struct counter_line {
	struct fw_count total, moved;
	const void *rule;      /* the source's; NULL: a policy */
	enum fw_reason reason; /* of a policy */
	enum fw_verdict verdict;
};

/* How the rules of a caller are printed. */
struct counter_source {
	void (*rule_text)(const void *ctx, const struct counter_line *l, struct fw_buf *out);
	json_t *(*rule_json)(const void *ctx, const struct counter_line *l); /* as ctl_json_rule() */
	const void *ctx;
};

struct counter_output;
struct counter_view {
	struct counter_source source;
	const struct counter_output *output;
	double start, last, interval; /* seconds */
	struct counter_line top[COUNTER_VIEW_TOP], policies[2 * FW_NREASONS];
	size_t ntop, max;        /* rules kept, busiest first, and at most */
	size_t npolicies;        /* one line for each verdict that a policy has or had */
	size_t active;           /* rules that ever decided on a packet */
	struct counter_line sum; /* of all rules and policies */
};

/* Counts from now. The output is JSON, or a table on a terminal, or lines. */
void counter_view_init(struct counter_view *v, const struct counter_source *source, bool json);
/* Is it a table that is drawn over? */
bool counter_view_is_table(const struct counter_view *v);
/*
 * A line for a counter that is @now: how far it moved since *@was, which becomes @now. A counter that went back was reset.
 */
struct counter_line counter_step(struct fw_count *was, struct fw_count now);

/* One reading: begin; every rule, in order; every policy with each verdict that is to be shown; then show. */
void counter_view_begin(struct counter_view *v, size_t max);
void counter_view_rule(struct counter_view *v, const struct counter_line *l);
void counter_view_policy(struct counter_view *v, const struct counter_line *l);
/* How many rules a reading that is shown has room for. */
size_t counter_view_fits(const struct counter_view *v);
/* @title: of the table. */
void counter_view_show(const struct counter_view *v, const char *title);
/* The totals of the rules and policies that decided on a packet, at the end. */
void counter_view_total(const struct counter_view *v);

#endif

/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Counters on the screen: what rules and policies did since the last reading and
 * in all, as a table that is drawn over, as lines or as JSON. Where the numbers
 * come from is the caller's: the kernel's maps, or fwd.
 */
#ifndef FWCTL_COUNTER_VIEW_H
#define FWCTL_COUNTER_VIEW_H

#include "fw/pinned.h"
#include "fw/text.h"

#include <jansson.h>

#define COUNTER_VIEW_TOP 100 /* rules of one reading that are kept, at most */

/* A rule or a policy, and its counter. */
struct counter_line {
	struct fw_count total, moved;
	const void *rule;      /* the source's; NULL: a policy */
	enum fw_reason reason; /* of a policy */
	enum fw_verdict verdict;
};

struct counter_source {
	void (*rule_text)(const void *ctx, const struct counter_line *l, struct fw_buf *out);
	json_t *(*rule_json)(const void *ctx, const struct counter_line *l); /* {"id", "name", "verdict", "text"} */
	const void *ctx;
};

struct counter_view {
	struct counter_source source;
	double start, last, interval; /* seconds */
	bool json, terminal;
	struct counter_line top[COUNTER_VIEW_TOP], policies[2 * FW_NREASONS];
	size_t ntop, max;        /* rules kept, busiest first, and at most */
	size_t npolicies;        /* more than there are where one had another verdict before */
	size_t active;           /* rules that ever decided on a packet */
	struct counter_line sum; /* of all rules and policies */
};

/* Counts from now. */
void counter_view_init(struct counter_view *v, const struct counter_source *source, bool json);
/* A new value of a counter: what it is, and how far it moved. A counter that went back was reset. */
struct counter_line counter_step(struct fw_count *was, struct fw_count now);

/* One reading: begin, every rule in order, every policy with each verdict that is to be shown, then show. */
void counter_view_begin(struct counter_view *v, size_t max);
void counter_view_rule(struct counter_view *v, const struct counter_line *l);
void counter_view_policy(struct counter_view *v, const struct counter_line *l);
/* How many rules fit into a reading that is to be shown. */
size_t counter_view_fits(const struct counter_view *v);
void counter_view_show(const struct counter_view *v, const char *title);
/* The rules and policies that decided on a packet, as the last word. */
void counter_view_total(const struct counter_view *v);

#endif

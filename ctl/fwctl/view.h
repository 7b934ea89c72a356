/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Counters on the screen: what rules and policies did since the last reading and
 * in all, as a table that is drawn over, as lines or as JSON. Where the numbers
 * come from is the caller's: the kernel's maps, or fwd.
 */
#ifndef FWCTL_VIEW_H
#define FWCTL_VIEW_H

#include "ctl.h"

#define VIEW_TOP 100 /* rules of one reading that are kept, at most */

/* A rule or a policy, and its counter. */
struct view_line {
	struct fw_count total, moved;
	const void *rule;      /* the source's; NULL: a policy */
	enum fw_reason reason; /* of a policy */
	enum fw_verdict verdict;
};

struct view_source {
	void (*rule_text)(const void *ctx, const struct view_line *l, struct fw_buf *out);
	json_t *(*rule_json)(const void *ctx, const struct view_line *l); /* {"id", "name", "verdict", "text"} */
	const void *ctx;
};

struct view {
	struct view_source source;
	double start, last, interval; /* seconds */
	bool json, terminal;
	struct view_line top[VIEW_TOP], policies[2 * FW_NREASONS];
	size_t ntop, max;     /* rules kept, busiest first, and at most */
	size_t npolicies;     /* more than there are where one had another verdict before */
	size_t active;        /* rules that ever decided on a packet */
	struct view_line sum; /* of all rules and policies */
};

/* Counts from now. */
void view_init(struct view *v, const struct view_source *source, bool json);
/* A new value of a counter: what it is, and how far it moved. A counter that went back was reset. */
struct view_line view_step(struct fw_count *was, struct fw_count now);

/* One reading: begin, every rule in order, every policy with each verdict that is to be shown, then show. */
void view_begin(struct view *v, size_t max);
void view_rule(struct view *v, const struct view_line *l);
void view_policy(struct view *v, const struct view_line *l);
/* How many rules fit into a reading that is to be shown. */
size_t view_fits(const struct view *v);
void view_show(const struct view *v, const char *title);
/* The rules and policies that decided on a packet, as the last word. */
void view_total(const struct view *v);

#endif

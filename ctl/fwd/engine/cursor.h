/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A place in the list of rules that stays right while the ruleset changes: the
 * rule that comes next. A change tells here which rules it touched; only when
 * the very rule of a cursor was deleted or moved is its place looked for anew.
 */
#ifndef FWD_CURSOR_H
#define FWD_CURSOR_H

#include "fw/edit.h"

struct cursor {
	bool touched; /* set when the rule that stands here was changed or went */
	struct cursor *next;
	struct fw_rule *rule; /* that comes next; NULL: the end */
	bool lost;            /* the ruleset was replaced: there is nothing to go on with */
};

struct touched;
struct cursors {
	struct cursor *first;
	struct touched *rows;
	size_t n, cap;
	bool failed; /* memory ran out for a row */
};

void cursor_open(struct cursors *cs, struct cursor *c, struct fw_rule *at);
void cursor_close(struct cursors *cs, struct cursor *c); /* one that was not opened is fine */
/* For each row of an edit, while old and new rule are there. */
void cursors_row(struct cursors *cs, const struct fw_rule_change *row);
/*
 * The edit is done. A rule that it did not touch, and that was still to come, is still to come; none that was passed
 * comes again.
 */
void cursors_settle(struct cursors *cs, const struct fw_ruleset *rs);
/* Another ruleset took the place of theirs. */
void cursors_lose(struct cursors *cs);

#endif

/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A place in the list of rules that stays valid while the ruleset changes: the rule that is next. Changes report which rules they touch.
 * Only if the next rule itself is deleted or moved does a cursor search for its place.
 */
#ifndef FWD_CURSOR_H
#define FWD_CURSOR_H

#include "fw/edit.h"

struct cursor {
	bool touched; /* set when the next rule was changed or deleted */
	struct cursor *next;
	struct fw_rule *rule; /* the next one; NULL: the end */
	bool lost;            /* the ruleset was replaced: the cursor cannot go on */
};

struct touched;
struct cursors {
	struct cursor *first;
	struct touched *rows;
	size_t n, cap;
	bool failed; /* out of memory for a row */
};

void cursor_open(struct cursors *cs, struct cursor *c, struct fw_rule *at);
void cursor_close(struct cursors *cs, struct cursor *c); /* fine if it was not opened */
/* For each row of an edit, while the rule before and after are both there. */
void cursors_row(struct cursors *cs, const struct fw_rule_change *row);
/* The edit is done. Untouched rules that were ahead of a cursor still are, and no rule that it has passed appears again. */
void cursors_settle(struct cursors *cs, const struct fw_ruleset *rs);
/* The ruleset of the cursors was replaced. */
void cursors_lose(struct cursors *cs);

#endif

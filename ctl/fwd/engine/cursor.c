// SPDX-License-Identifier: GPL-2.0-only
/* Cursors, and how one finds its place again after a change. */
#include "cursor.h"

struct touched {
	const struct fw_rule *before, *after; /* before: only to compare with, it may have been freed */
	uint32_t rank;                        /* of the rule before; 0: added */
};

void cursor_open(struct cursors *cs, struct cursor *c, struct fw_rule *at)
{
	*c = (struct cursor){ .next = cs->first, .rule = at };
	cs->first = c;
}

void cursor_close(struct cursors *cs, struct cursor *c)
{
	for (struct cursor **p = &cs->first; *p; p = &(*p)->next)
		if (*p == c) {
			*p = c->next;
			return;
		}
}

void cursors_row(struct cursors *cs, const struct fw_rule_change *row)
{
	struct touched t = { .before = row->before, .after = row->after, .rank = row->before ? row->before->rank : 0 };

	if (cs->first && fw_vec_push(cs->rows, cs->n, cs->cap, t))
		cs->failed = true;
}

static int by_new(const void *a, const void *b)
{
	uintptr_t x = (uintptr_t)((const struct touched *)a)->after, y = (uintptr_t)((const struct touched *)b)->after;

	return x < y ? -1 : x > y;
}

static const struct touched *touched_new(const struct cursors *cs, const struct fw_rule *new)
{
	struct touched key = { .after = new };

	return bsearch(&key, cs->rows, cs->n, sizeof(key), by_new);
}

/*
 * The first rule now of those that were at @rank or after it. Untouched rules have kept rank and order, so the place is between two
 * of them. Rules of this edit between them are passed over if they were before @rank, or are new.
 *
 * 	before     10  20  30* 40  50        * the cursor; the edit deletes 30 and moves 50 and 10 after 20
 * 	after      20  50' 10' 40            20 and 40 are untouched: go on with 50', which was still ahead
 */
static struct fw_rule *find_again(const struct cursors *cs, const struct fw_ruleset *rs, uint32_t rank)
{
	struct fw_rule *found = NULL;

	for (struct fw_rule *r = rs->first; r; r = r->next) {
		const struct touched *t = touched_new(cs, r);

		if (!t && r->rank > rank)
			return found ? found : r;
		if (!t)
			found = NULL;
		else if (!found && t->rank >= rank)
			found = r;
	}
	return found;
}

static void settle(struct cursors *cs, struct cursor *c, const struct fw_ruleset *rs)
{
	for (size_t i = 0; i < cs->n; i++) {
		const struct touched *t = &cs->rows[i];

		if (t->before != c->rule)
			continue;
		c->touched = true;
		if (t->after && t->after->rank == t->rank)
			c->rule = (struct fw_rule *)t->after;
		else
			c->rule = find_again(cs, rs, t->rank);
		return;
	}
}

void cursors_settle(struct cursors *cs, const struct fw_ruleset *rs)
{
	if (cs->failed)
		cursors_lose(cs);
	if (cs->n)
		qsort(cs->rows, cs->n, sizeof(*cs->rows), by_new);
	for (struct cursor *c = cs->first; c; c = c->next)
		if (c->rule && !c->lost)
			settle(cs, c, rs);
	free(fw_take(cs->rows));
	cs->n = cs->cap = 0;
	cs->failed = false;
}

void cursors_lose(struct cursors *cs)
{
	for (struct cursor *c = cs->first; c; c = c->next) {
		c->lost = true;
		c->rule = NULL;
	}
}

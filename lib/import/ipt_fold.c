// SPDX-License-Identifier: GPL-2.0-only
/* `-j LOG` before a rule that matches the same and ends a packet's way: one rule that does both. */
#include "lib/import/ipt.h"

static bool is_log(const struct ipt_text *t)
{
	return *t->log && !*t->verdict && !t->asks && !t->aux;
}

static bool is_foldable(const struct ipt_text *log, const struct ipt_text *end)
{
	return end->ends && !*end->log && !end->asks && !end->aux && !strcmp(log->match, end->match) &&
	       log->family_implied == end->family_implied;
}

void ipt_fold_logs(struct ipt_chain *chain)
{
	for (struct ipt_rule *r = chain->first; r && r->next; r = r->next) {
		struct ipt_rule *next = r->next;

		if (r->refused || next->refused || !r->text || !next->text || !is_log(r->text) ||
		    !is_foldable(r->text, next->text))
			continue;
		next->text->log = r->text->log;
		if (!*next->text->comment)
			next->text->comment = r->text->comment;
		next->text->folded = r->note;
		r->text = NULL;
	}
}

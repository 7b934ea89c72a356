// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which rules may be left out without letting packets pass: those that accept, or do nothing but log, and calls of chains that
 * have no others. All else may keep packets from an ACCEPT after it: DROP, RETURN, goto, and what fills a set.
 */
#include "lib/import/ipt_match.h"

/* Does the rule change what later packets meet? */
static bool remembers(const struct ipt_rule *r)
{
	for (const struct ipt_use *use = r->uses; use; use = use->next)
		if (use->module == &ipt_recent || use->module == &ipt_set_target || use->module == &ipt_mark_target)
			return true;
	return false;
}

static bool is_harmless_chain(struct ipt_chain *chain);

static bool is_harmless(const struct ipt_rule *r)
{
	static const char *const targets[] = { "ACCEPT", "LOG", "NFLOG", "ULOG", "TRACE", "AUDIT", "TEE" };

	if (remembers(r) || r->go)
		return false;
	if (r->to)
		return is_harmless_chain((struct ipt_chain *)r->to);
	for (size_t i = 0; r->target && i < sizeof(targets) / sizeof(*targets); i++)
		if (!strcmp(targets[i], r->target))
			return true;
	return !r->target;
}

/* A chain that is looked at already is not harmless: it calls itself. */
static bool is_harmless_chain(struct ipt_chain *chain)
{
	if (chain->judged)
		return chain->harmless;
	chain->judged = true;
	for (const struct ipt_rule *r = chain->first; r; r = r->next)
		if (!is_harmless(r) && !(r->target && !strcmp(r->target, "RETURN")))
			return false;
	chain->harmless = true;
	return true;
}

void ipt_find_opens(struct ipt *c)
{
	struct fw_import_line *lines = c->im->report->lines;

	for (int f = 0; f < IPT_NFAMILIES; f++)
		for (const struct ipt_chain *chain = c->tables[f][IPT_FILTER].first; chain; chain = chain->next)
			for (const struct ipt_rule *r = chain->first; r; r = r->next)
				if (r->note != SIZE_MAX)
					lines[r->note].opens = r->refused && !is_harmless(r);
}

// SPDX-License-Identifier: GPL-2.0-only
/* -m recent, as far as a dynamic set can remember for it. */
#include <strings.h>

#include "lib/import/ipt_match.h"
#include "lib/import/ipt_out.h"
#include "lib/import/ipt_recent.h"
#include "lib/import/ipt_set.h"
#include "lib/import/ipt_values.h"

static const char *name_of(const struct ipt_use *use)
{
	const struct ipt_given *g = said_given(use, "name");

	return g ? g->value : "DEFAULT";
}

static struct ipt_recent *list_of(struct ipt *c, const char *name)
{
	struct ipt_recent *list = import_names_get(&c->recent, name);

	if (list)
		return list;
	list = fw_region_alloc(&c->im->mem, sizeof(*list));
	if (!list || import_names_put(&c->recent, name, list)) {
		c->failed = true;
		return NULL;
	}
	*list = (struct ipt_recent){ .name = name, .out = ipt_out_name(c, '@', name) };
	*c->end_recent = list;
	c->end_recent = &list->next;
	return list;
}

static void scan(struct ipt *c, const struct ipt_use *use)
{
	struct ipt_recent *list = list_of(c, name_of(use));
	const struct ipt_given *g = said_given(use, "seconds");
	uint64_t seconds = 0;

	if (!list || (!said_given(use, "rcheck") && !said_given(use, "update")) ||
	    (g && !ipt_number(g->value, UINT32_MAX, &seconds)))
		return;
	list->mixed |= list->asked && list->seconds != seconds;
	list->seconds = seconds;
	list->asked = true;
}

void ipt_recent_scan(struct ipt *c, const struct ipt_rule *rule)
{
	for (const struct ipt_use *use = rule->uses; use && !c->failed; use = use->next)
		if (use->module == &ipt_recent)
			scan(c, use);
}

void ipt_recent_print(const struct ipt *c, struct fw_buf *b)
{
	for (const struct ipt_recent *list = c->first_recent; list; list = list->next) {
		if (!list->used)
			continue;
		fw_buf_printf(b, "set %s dynamic", list->out);
		if (list->seconds)
			fw_buf_printf(b, " timeout %llu", (unsigned long long)list->seconds);
		fw_buf_printf(b, " { }\n");
	}
}

/* Is it the mask of all bits? */
static bool is_whole(const struct ipt_given *g)
{
	return !g || !strcmp(g->value, "255.255.255.255") ||
	       !strcasecmp(g->value, "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff");
}

/* What no set remembers. true: refused. */
static bool refuse(struct ipt_said *s, const struct ipt_use *use, const struct ipt_recent *list)
{
	const struct ipt_given *hits = said_given(use, "hitcount"), *ttl = said_given(use, "rttl");
	const struct ipt_given *mask = said_given(use, "mask"), *remove = said_given(use, "remove");
	const struct ipt_given *seconds = said_given(use, "seconds");
	uint64_t n;

	if (hits && (!ipt_number(hits->value, UINT32_MAX, &n) || n > 1))
		said_refuse(
			s, FW_IMPORT_AS_STATE, hits->column,
			"packets of an address are not counted in a sliding window: `limit over N/minute per from` is near");
	else if (ttl)
		said_refuse(s, FW_IMPORT_AS_STATE, ttl->column, "sets do not remember the TTL of packets");
	else if (!is_whole(mask))
		said_refuse(s, FW_IMPORT_AS_STATE, mask->column, "packets add whole addresses to a set");
	else if (remove)
		said_refuse(s, FW_IMPORT_AS_STATE, remove->column, "packets do not delete from a set");
	else if (seconds && (!ipt_number(seconds->value, TIMEOUT_MAX, &n) || !n))
		said_refuse(s, FW_IMPORT_AS_VALUE, seconds->column, "%.32s is no time that a set keeps",
			    seconds->value);
	else if (list->mixed)
		said_refuse(s, FW_IMPORT_AS_STATE, use->column, "rules look back differently far in the list %.64s",
			    list->name);
	return s->rule->refused;
}

static void say_recent(struct ipt_said *s, const struct ipt_use *use)
{
	struct ipt_recent *list = import_names_get(&s->c->recent, name_of(use));
	const struct ipt_given *set = said_given(use, "set"), *update = said_given(use, "update");
	const struct ipt_given *check = said_given(use, "rcheck"), *how = set ? set : update ? update : check;
	const char *side = said_given(use, "rdest") ? "to" : "from";

	if (!list || refuse(s, use, list))
		return;
	if (!how || (!!set + !!update + !!check) > 1 || (how->negated && how != check))
		return said_refuse(s, FW_IMPORT_AS_STATE, use->column,
				   "-m recent is said with --set, --rcheck or --update");
	list->used = true;
	if (!set)
		said_match(s, side[0] == 't' ? SAID_TO : SAID_FROM, " %s %s@%s", side, said_not(how), list->out);
	if (!check)
		said_effect(s, " update %s to @%s", side, list->out);
}

static const struct ipt_option options[] = {
	{ "set", 0, 0, true },      { "rcheck", 0, 0, true },   { "update", 0, 0, true },    { "remove", 0, 0, true },
	{ "seconds", 0, 1, false }, { "reap", 0, 0, false },    { "hitcount", 0, 1, false }, { "rttl", 0, 0, false },
	{ "name", 0, 1, false },    { "rsource", 0, 0, false }, { "rdest", 0, 0, false },    { "mask", 0, 1, false },
	{ NULL, 0, 0, false },
};
const struct ipt_module ipt_recent = { "recent", 0, options, say_recent };

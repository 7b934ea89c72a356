// SPDX-License-Identifier: GPL-2.0-only
/*
 * The tables besides filter. NAT stays in the kernel, and so does a table that drops nothing. Of the others, what raw and
 * mangle do before filter becomes chains that are called at the hooks where the same packets are seen:
 *
 *	raw PREROUTING          rule in jump raw-prerouting             (ACCEPT there is `return`)
 *	mangle PREROUTING       the same; with connection states        rule input forward jump mangle-prerouting
 *	raw, mangle OUTPUT      rule output jump raw-output
 *	mangle INPUT, FORWARD   rule input jump mangle-input
 */
#include <ctype.h>

#include "lib/import/ipt_match.h"
#include "lib/import/ipt_out.h"

static bool is_target(const struct ipt_rule *r, const char *name)
{
	return r->target && !strcmp(r->target, name);
}

static bool drops(const struct ipt_table *t)
{
	for (const struct ipt_chain *chain = t->first; chain; chain = chain->next) {
		if (chain->drops)
			return true;
		for (const struct ipt_rule *r = chain->first; r; r = r->next)
			if (is_target(r, "DROP") || is_target(r, "REJECT") || is_target(r, "QUEUE") ||
			    is_target(r, "NFQUEUE") || is_target(r, "TARPIT"))
				return true;
	}
	return false;
}

static void keep_policy(struct ipt *c, const struct ipt_chain *chain)
{
	if (chain->note != SIZE_MAX)
		c->im->report->lines[chain->note].reason = FW_IMPORT_AS_KERNEL;
}

static void keep_table(struct ipt *c, const struct ipt_table *t)
{
	for (const struct ipt_chain *chain = t->first; chain; chain = chain->next) {
		keep_policy(c, chain);
		for (struct ipt_rule *r = chain->first; r; r = r->next)
			ipt_keep(c, r);
	}
}

/* Does a rule of the chain have this module? */
static bool has_module(const struct ipt_chain *chain, const struct ipt_module *m)
{
	for (const struct ipt_rule *r = chain->first; r; r = r->next)
		for (const struct ipt_use *use = r->uses; use; use = use->next)
			if (use->module == m)
				return true;
	return false;
}

/* Are addresses translated between PREROUTING and the hooks input and forward? */
static bool is_translated(const struct ipt *c, enum ipt_family f)
{
	for (const struct ipt_chain *chain = c->tables[f][IPT_NAT].first; chain; chain = chain->next)
		for (const struct ipt_rule *r = chain->first; r; r = r->next)
			if (is_target(r, "DNAT") || is_target(r, "REDIRECT") || is_target(r, "NETMAP"))
				return true;
	return false;
}

/* Where our rules see what the chain saw. NULL: nowhere. */
static const char *place_of(const struct ipt_chain *chain, enum ipt_hook *hook)
{
	*hook = (enum ipt_hook)chain->hook;
	if (chain->table == IPT_SECURITY)
		return NULL;
	switch (chain->hook) {
	case IPT_PREROUTING:
		return has_module(chain, &ipt_conntrack) || has_module(chain, &ipt_state) ? "input forward" : "in";
	case IPT_INPUT:
		return "input";
	case IPT_FORWARD:
		return "forward";
	case IPT_OUTPUT:
		return "output";
	default:
		return NULL;
	}
}

/* Is there an option that asks for what the kernel changes between PREROUTING and the other hooks? */
static const struct ipt_given *changed_option(const struct ipt_rule *r, bool translated)
{
	for (const struct ipt_use *use = r->uses; use; use = use->next)
		for (const struct ipt_given *g = use->first; g; g = g->next) {
			const char *name = g->option->name;

			if (use->module == &ipt_ttl || use->module == &ipt_hl)
				return g;
			if (translated &&
			    (!strncmp(name, "dst", 3) || !strncmp(name, "dest", 4) || !strncmp(name, "dport", 5)))
				return g;
		}
	return NULL;
}

static void check_rule(struct ipt *c, struct ipt_rule *r, const char *place)
{
	const struct ipt_given *g;

	if (r->target && ipt_is_changing(r->target))
		return ipt_keep(c, r);
	if (!place)
		return ipt_refuse(c, r, FW_IMPORT_AS_PLACE, 1, "rules do not see packets where this chain does");
	if (is_target(r, "ACCEPT") && r->chain->hook < 0)
		return ipt_refuse(c, r, FW_IMPORT_AS_PLACE, r->target_column,
				  "ACCEPT ends the table, from within a chain that another one calls");
	if (strchr(place, ' ') == NULL)
		return;
	g = changed_option(r, is_translated(c, r->chain->family));
	if (g)
		ipt_refuse(c, r, FW_IMPORT_AS_PLACE, g->column,
			   "the kernel changes this before states are known to rules");
}

/* Makes the chain one of ours. */
static void move_chain(struct ipt *c, struct ipt_chain *chain)
{
	static const char *const tables[IPT_NTABLES] = { "raw", "mangle", "nat", "filter", "security" };
	struct ipt_table *filter = &c->tables[chain->family][IPT_FILTER];
	char name[IPT_NAME_MAX + 16];
	size_t i;

	snprintf(name, sizeof(name), "%s-%s", tables[chain->table], chain->name);
	for (i = 0; name[i] && chain->hook >= 0; i++)
		name[i] = (char)tolower((unsigned char)name[i]);
	chain->name = fw_region_strdup(&c->im->mem, name, strlen(name));
	chain->table = IPT_FILTER;
	chain->outer = true;
	chain->next = NULL;
	if (!filter->end)
		filter->end = &filter->first;
	*filter->end = chain;
	filter->end = &chain->next;
	c->failed |= !chain->name;
}

/* The list of rules at these hooks; that of `input forward` has the name POSTROUTING, where filter has no chain. */
static struct ipt_chain *list_at(struct ipt *c, enum ipt_family f, const char *place)
{
	for (size_t i = 0; i < IPT_NHOOKS; i++)
		if (!strcmp(ipt_hook_words[i], place))
			return ipt_chain_get(c, f, IPT_FILTER, ipt_hook_names[i]);
	return NULL;
}

/* Calls the chain at its hooks, before the rules that are there. */
static void call_chain(struct ipt *c, struct ipt_chain *chain, const char *place)
{
	struct ipt_chain *list = list_at(c, chain->family, place);
	struct ipt_rule *rule = fw_region_alloc(&c->im->mem, sizeof(*rule));

	if (!list || !rule) {
		c->failed = true;
		return;
	}
	*rule = (struct ipt_rule){ .chain = list, .to = chain, .note = SIZE_MAX, .proto = -1, .next = list->first };
	rule->end = &rule->uses;
	if (!list->first)
		list->end = &rule->next;
	list->first = rule;
}

static void take_table(struct ipt *c, struct ipt_table *t)
{
	struct ipt_chain *chain = t->first, *next;
	enum ipt_hook hook;

	t->first = NULL;
	for (; chain; chain = next) {
		const char *place = chain->hook < 0 ? "input" : place_of(chain, &hook);

		next = chain->next;
		for (struct ipt_rule *r = chain->first; r; r = r->next)
			check_rule(c, r, place);
		if (chain->hook >= 0 && !chain->first && !chain->drops) {
			keep_policy(c, chain);
			continue;
		}
		move_chain(c, chain);
		if (place && chain->hook >= 0)
			call_chain(c, chain, place);
	}
}

void ipt_take_tables(struct ipt *c)
{
	static const enum ipt_table_number order[] = { IPT_NAT, IPT_SECURITY, IPT_MANGLE, IPT_RAW };

	for (int f = 0; f < IPT_NFAMILIES; f++)
		for (size_t i = 0; i < sizeof(order) / sizeof(*order); i++) {
			struct ipt_table *t = &c->tables[f][order[i]];

			if (order[i] == IPT_NAT || !drops(t))
				keep_table(c, t);
			else
				take_table(c, t);
		}
}

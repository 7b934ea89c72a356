// SPDX-License-Identifier: GPL-2.0-only
/* Files of iptables, ip6tables and ipset: read all, say all, print all. */
#include "lib/import/ipt_match.h"
#include "lib/import/ipt_out.h"
#include "lib/import/ipt_recent.h"
#include "lib/import/ipt_set.h"

/* Does a line name the other family, or its program? Then the file is for both. */
static bool is_for_both(const struct fw_import_file *f)
{
	static const char *const words[IPT_NFAMILIES][3] = { { "-4", "--ipv4", "iptables" },
							     { "-6", "--ipv6", "ip6tables" } };
	struct import_lines lines = { .at = f->text, .end = f->text + f->len };
	unsigned found = 0;
	const char *s;
	size_t len;

	while (import_next_line(&lines, &s, &len))
		for (int k = 0; k < IPT_NFAMILIES; k++)
			for (int i = 0; i < 3; i++) {
				size_t n = strlen(words[k][i]);

				if (len > n && !memcmp(s, words[k][i], n) && s[n] == ' ')
					found |= IPT_FAMILY_BIT(k);
			}
	return found == IPT_BOTH;
}

static int read_all(struct ipt *c)
{
	const struct import *im = c->im;
	int err = 0;

	for (size_t i = 0; i < im->nfiles && !err; i++)
		if (im->files[i].format == FW_IMPORT_IPSET)
			err = ipt_set_read(c, &im->files[i]);
	for (size_t i = 0; i < im->nfiles && !err; i++) {
		const struct fw_import_file *f = &im->files[i];
		bool both = f->format != FW_IMPORT_IPSET && is_for_both(f);

		if (f->format == FW_IMPORT_IPTABLES || both)
			err = ipt_read(c, f, IPT_V4);
		if (!err && (f->format == FW_IMPORT_IP6TABLES || both))
			err = ipt_read(c, f, IPT_V6);
	}
	return err;
}

/* Chains of one name of both families have one name here. */
static void name_chains(struct ipt *c)
{
	for (int f = 0; f < IPT_NFAMILIES; f++)
		for (struct ipt_chain *chain = c->tables[f][IPT_FILTER].first; chain; chain = chain->next) {
			struct ipt_chain *twin = import_names_get(&c->twins, chain->name);

			if (chain->hook >= 0 && !chain->outer) {
				chain->place = chain->place ? chain->place : ipt_hook_words[chain->hook];
				continue;
			}
			if (twin && twin->family != chain->family) {
				chain->out = twin->out;
				twin->twin = chain;
				chain->twin = twin;
				continue;
			}
			chain->out = ipt_out_name(c, '>', chain->name);
			c->failed |= import_names_put(&c->twins, chain->name, chain) != 0;
		}
}

static void each_rule(struct ipt *c, void (*act)(struct ipt *c, struct ipt_rule *rule))
{
	for (int f = 0; f < IPT_NFAMILIES; f++)
		for (struct ipt_chain *chain = c->tables[f][IPT_FILTER].first; chain; chain = chain->next)
			for (struct ipt_rule *r = chain->first; r && !c->failed; r = r->next)
				act(c, r);
}

/* What rules ask for that others bring about. */
static void scan(struct ipt *c, struct ipt_rule *rule)
{
	ipt_recent_scan(c, rule);
	for (const struct ipt_use *use = rule->uses; use; use = use->next)
		if (use->module == &ipt_mark)
			c->mark_hooks |= rule->chain->reached;
}

static void say(struct ipt *c, struct ipt_rule *rule)
{
	if (!rule->refused && !rule->kept)
		ipt_say_rule(c, rule);
}

static void make(struct ipt *c)
{
	ipt_take_tables(c);
	name_chains(c);
	ipt_find_calls(c);
	each_rule(c, scan);
	each_rule(c, say);
	ipt_find_depths(c);
	ipt_find_opens(c);
	for (int f = 0; f < IPT_NFAMILIES; f++)
		for (struct ipt_chain *chain = c->tables[f][IPT_FILTER].first; chain; chain = chain->next)
			ipt_fold_logs(chain);
	if (!c->failed)
		ipt_print(c);
}

int import_iptables(struct import *im)
{
	struct ipt c = { .im = im };
	int err;

	c.end_set = &c.first_set;
	c.end_recent = &c.first_recent;
	err = read_all(&c);
	if (!err)
		make(&c);
	ipt_set_free(&c);
	free(c.chains.slots);
	free(c.sets.slots);
	free(c.recent.slots);
	free(c.limits.slots);
	free(c.outs.slots);
	free(c.twins.slots);
	return c.failed ? -ENOMEM : err;
}

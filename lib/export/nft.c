// SPDX-License-Identifier: GPL-2.0-only
/*
 * A ruleset as the table `inet fw_rules` of nftables: the rules of the main list in a base chain for each hook that they name, and
 * each chain once.
 */
#include <string.h>

#include "lib/export/nft.h"

#include "fw/text.h"

/* Elements of one family. */
static void print_elements(struct export *e, const struct fw_set *set, enum fw_family family, struct fw_buf *out)
{
	uint32_t now = fw_ruleset_now(e->rs);
	const char *between = "\t\telements = { ";

	for (size_t i = 0; i < set->n; i++) {
		const struct fw_addr_range *r = &set->elements[i];

		if (r->family != family)
			continue;
		fw_buf_printf(out, "%s", between);
		fw_text_print_addr_range(out, r);
		if (r->until != FW_FOREVER)
			fw_buf_printf(out, " timeout %us", r->until > now ? r->until - now : 1);
		between = ",\n\t\t\t     ";
	}
	if (*between == ',')
		fw_buf_printf(out, " }\n");
}

/* Packets can add only to a set without prefixes. */
static int check_set(struct export *e, const struct fw_set *set)
{
	for (size_t i = 0; set->actions && i < set->n; i++)
		if (memcmp(&set->elements[i].lo, &set->elements[i].hi, sizeof(set->elements[i].lo)) != 0)
			return export_refuse_set(e, set, "packets add to it, so in nftables it cannot hold prefixes");
	return 0;
}

static void print_set(struct export *e, const struct fw_set *set, enum fw_family family)
{
	struct fw_buf *b = &e->sets;

	if (check_set(e, set))
		return;
	fw_buf_printf(b, "\tset %s%s {\n\t\ttype %s\n", set->name, EXPORT_SUFFIX(family),
		      family == FW_IP4 ? "ipv4_addr" : "ipv6_addr");
	if (set->dynamic)
		fw_buf_printf(b, "\t\tsize %u\n", fw_set_size(set));
	fw_buf_printf(b, "\t\tflags %s%s\n", set->actions ? "dynamic" : "interval", set->dynamic ? ", timeout" : "");
	if (!set->actions)
		fw_buf_printf(b, "\t\tauto-merge\n");
	if (set->timeout)
		fw_buf_printf(b, "\t\ttimeout %us\n", set->timeout);
	print_elements(e, set, family, b);
	fw_buf_printf(b, "\t}\n");
}

static void print_sets(struct export *e)
{
	for (size_t i = 0; i < e->rs->nsets; i++) {
		const struct fw_set *set = &e->rs->sets[i];

		for (unsigned f = FW_IP4; set->name && !export_builtin(set) && f <= FW_IP6; f++)
			print_set(e, set, (enum fw_family)f);
	}
}

/* In a chain a rule must hold wherever the chain is called: nft does not ask for the hook. */
static int check_hooks(struct export *e, unsigned at)
{
	return at & ~fw_rule_hooks(e->rule) ? export_refuse(e, "its chain is called at a hook where it does not hold") :
					      0;
}

static int print_rule(struct export *e, const struct fw_rule *r, enum fw_hook hook, unsigned at, struct fw_buf *chain)
{
	struct export_matches m = { 0 };
	int err;

	e->rule = r;
	err = check_hooks(e, at);
	if (!err)
		err = export_check_rule(e);
	if (!err)
		err = export_match(e, hook, &m);
	if (!err)
		err = export_action(e, &m, chain);
	export_matches_free(&m);
	return err == -ENOMEM ? err : 0;
}

/* The rules of a chain, or of a hook. */
static int print_rules(struct export *e, uint16_t number, enum fw_hook hook, struct fw_buf *chain)
{
	unsigned at = number == FW_MAIN ? 0 : e->reach[FW_IP4][number] | e->reach[FW_IP6][number];
	int err = 0;

	for (const struct fw_rule *r = e->rs->first; r && !err; r = r->next)
		if (r->chain == number && (number != FW_MAIN || fw_rule_hooks(r) & 1u << hook))
			err = print_rule(e, r, hook, at, chain);
	return err;
}

static int print_chain(struct export *e, uint16_t number)
{
	struct fw_buf chain = { 0 };
	int err = print_rules(e, number, FW_NHOOKS, &chain);

	fw_buf_printf(&e->chains, "\tchain %s {\n%s\t}\n", e->rs->chains[number].name, chain.len ? chain.text : "");
	fw_buf_free(&chain);
	return err;
}

static int print_hook(struct export *e, enum fw_hook hook)
{
	const char *policy = fw_policy_verdict(e->rs, (enum fw_reason)hook) == FW_ACCEPT ? "accept" : "drop";
	struct fw_buf chain = { 0 };
	int err = print_rules(e, FW_MAIN, hook, &chain);

	fw_buf_printf(&e->chains,
		      "\tchain " EXPORT_OWN "%s {\n\t\ttype filter hook %s priority filter; policy %s;\n%s\t}\n",
		      fw_hook_name(hook), fw_hook_name(hook), policy, chain.len ? chain.text : "");
	fw_buf_free(&chain);
	return err;
}

int export_nft(struct export *e, struct fw_buf *out)
{
	int err = 0;

	print_sets(e);
	for (size_t i = 1; i < e->rs->nchains && !err; i++)
		if (e->rs->chains[i].name)
			err = print_chain(e, (uint16_t)i);
	for (size_t i = 0; i < sizeof(export_hooks) / sizeof(*export_hooks) && !err; i++)
		err = print_hook(e, export_hooks[i]);
	if (!err && (e->chains.failed || e->sets.failed))
		err = -ENOMEM;
	if (!err)
		fw_buf_printf(out,
			      "table inet " EXPORT_TABLE "\ndelete table inet " EXPORT_TABLE
			      "\ntable inet " EXPORT_TABLE " {\n%s%s}\n",
			      e->sets.len ? e->sets.text : "", e->chains.text);
	return err;
}

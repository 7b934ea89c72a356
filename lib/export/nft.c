// SPDX-License-Identifier: GPL-2.0-only
/*
 * A ruleset as the table `inet fw_rules` of nftables: the rules of the main list in a base chain for each hook that they name, and
 * each chain once.
 */
#include <string.h>

#include "lib/export/nft.h"

#include "fw/text.h"

static const enum fw_hook hooks[] = { FW_INPUT, FW_FORWARD, FW_OUTPUT };

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
		if (memcmp(&set->elements[i].lo, &set->elements[i].hi, sizeof(set->elements[i].lo)) != 0) {
			e->refused = true;
			return fw_diag_add(e->ds, (struct fw_place){ e->rs->file, set->line, 0 }, NULL,
					   "set %s: packets add to it, so in nftables it cannot hold prefixes",
					   set->name);
		}
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

/* Which hooks lead to each chain: rules follow their callers at most FW_CHAIN_DEPTH times. */
static void find_hooks(struct export *e)
{
	e->reach[FW_MAIN] = EXPORT_HOOKS;
	for (int depth = 0; depth < FW_CHAIN_DEPTH; depth++)
		for (const struct fw_rule *r = e->rs->first; r; r = r->next)
			if (r->target != FW_MAIN)
				e->reach[r->target] |= e->reach[r->chain] & fw_rule_hooks(r);
}

/* In a chain a rule must hold wherever the chain is called: nft does not ask for the hook. */
static int check_hooks(struct export *e, unsigned at)
{
	return at & ~fw_rule_hooks(e->rule) ? export_refuse(e, "its chain is called at a hook where it does not hold") :
					      0;
}

/* Rules of the main list hold at the hooks of nftables alone. */
static void check_wire(struct export *e)
{
	for (e->rule = e->rs->first; e->rule; e->rule = e->rule->next)
		if (e->rule->chain == FW_MAIN && fw_rule_hooks(e->rule) & ~EXPORT_HOOKS)
			export_refuse(e, "it also holds on the wire: name the hooks input, forward or output");
}

static int print_rule(struct export *e, const struct fw_rule *r, enum fw_hook hook, unsigned at, struct fw_buf *chain)
{
	struct export_matches m = { 0 };
	int err;

	e->rule = r;
	err = check_hooks(e, at);
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
	unsigned at = number == FW_MAIN ? 0 : e->reach[number];
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

	fw_buf_printf(&e->chains, "\tchain fw.%s {\n\t\ttype filter hook %s priority filter; policy %s;\n%s\t}\n",
		      fw_hook_name(hook), fw_hook_name(hook), policy, chain.len ? chain.text : "");
	fw_buf_free(&chain);
	return err;
}

/* Policies of the other hooks and reasons have no place in nftables. */
static void check_policies(struct export *e)
{
	for (unsigned i = 0; i < FW_NREASONS; i++) {
		const struct fw_action *a = &e->rs->actions[e->rs->policy[i]];
		bool ours = i == FW_INPUT || i == FW_FORWARD || i == FW_OUTPUT;
		bool plain = !a->flags && (a->verdict == FW_ACCEPT || a->verdict == FW_DROP);

		if (ours ? plain : a->verdict == fw_reason_info[i].verdict)
			continue;
		e->refused = true;
		fw_diag_note(e->ds, (struct fw_place){ e->rs->file, 0, 0 }, NULL, "nftables has no policy %s like this",
			     fw_reason_info[i].name);
	}
}

static int export_all(struct export *e)
{
	int err = 0;

	check_policies(e);
	check_wire(e);
	find_hooks(e);
	print_sets(e);
	for (size_t i = 1; i < e->rs->nchains && !err; i++)
		if (e->rs->chains[i].name)
			err = print_chain(e, (uint16_t)i);
	for (size_t i = 0; i < sizeof(hooks) / sizeof(*hooks) && !err; i++)
		err = print_hook(e, hooks[i]);
	return err;
}

int fw_export_nft(const struct fw_ruleset *rs, struct fw_diags *ds, struct fw_buf *out)
{
	struct export e = { .rs = rs, .ds = ds, .reach = calloc(rs->nchains + 1, sizeof(*e.reach)) };
	int err = e.reach ? export_all(&e) : -ENOMEM;

	if (!err && (e.chains.failed || e.sets.failed))
		err = -ENOMEM;
	if (!err && e.refused)
		err = -EINVAL;
	if (!err)
		fw_buf_printf(out,
			      "table inet " EXPORT_TABLE "\ndelete table inet " EXPORT_TABLE
			      "\ntable inet " EXPORT_TABLE " {\n%s%s}\n",
			      e.sets.len ? e.sets.text : "", e.chains.text);
	if (!err && out->failed)
		err = -ENOMEM;
	if (err)
		fw_buf_free(out);
	free(e.reach);
	fw_buf_free(&e.sets);
	fw_buf_free(&e.chains);
	return err;
}

// SPDX-License-Identifier: GPL-2.0-only
/* A ruleset as the table filter of iptables or ip6tables. */
#include <string.h>

#include "lib/export/ipt.h"

#define CHAIN_MAX 28 /* bytes of a chain's name that iptables takes */

/* The chains that are there, targets, and what iptables takes for one. */
static bool is_taken(const char *name)
{
	static const char *const names[] = {
		"INPUT",    "FORWARD", "OUTPUT",  "PREROUTING", "POSTROUTING", "ACCEPT",      "DROP",      "RETURN",
		"REJECT",   "LOG",     "NFLOG",   "MARK",       "SET",         "QUEUE",       "AUDIT",     "CHECKSUM",
		"CLASSIFY", "CT",      "DSCP",    "ECN",        "HL",          "HMARK",       "IDLETIMER", "LED",
		"NFQUEUE",  "NOTRACK", "RATEEST", "SECMARK",    "SYNPROXY",    "TCPMSS",      "TEE",       "TOS",
		"TPROXY",   "TRACE",   "TTL",     "CONNMARK",   "CONNSECMARK", "TCPOPTSTRIP", NULL,
	};

	for (size_t i = 0; names[i]; i++)
		if (!strcmp(names[i], name))
			return true;
	return false;
}

static int check_chain(struct export *e, const struct fw_chain *c)
{
	if (strlen(c->name) <= CHAIN_MAX && !is_taken(c->name))
		return 0;
	e->refused = true;
	return fw_diag_add(e->ds, (struct fw_place){ e->rs->file, c->line, 0 },
			   "give it another name with up to 28 bytes", "chain %s: %s takes no such name", c->name,
			   e->tool);
}

/*
 * The hooks where a rule of a chain can match. An interface that a packet does not have is none that a rule names, as in
 * iptables, so a rule with such a field holds everywhere.
 */
static unsigned hooks_of(const struct fw_rule *r)
{
	unsigned hooks = fw_rule_hooks_named(r);

	for (unsigned i = 0; i < r->nmatches; i++) {
		enum fw_field f = (enum fw_field)r->matches[i]->field;

		if (r->matches[i]->negated || (f != FW_F_FROM_IF && f != FW_F_TO_IF))
			hooks &= fw_field_hooks(f);
	}
	return hooks;
}

/* Once for each protocol that lines have to name, or else once. */
static int print_rule(struct export *e, const struct ipt_place *at, struct fw_buf *chain)
{
	uint8_t protos[256];
	int n = ipt_match_protos(e->rule, at->family, protos), err = export_check_rule(e);

	if (!err && n > 1 && fw_rule_action(e->rs, e->rule)->limit.interval)
		err = export_refuse(e, "its protocols share one limit: write a rule for each");
	for (int i = 0; !err && i < (n < 0 ? 1 : n); i++) {
		struct ipt_match m = { 0 };

		err = ipt_match(e, at, n < 0 ? -1 : protos[i], &m);
		if (!err && !m.never)
			err = ipt_action(e, at, &m, chain);
		if (m.failed)
			err = -ENOMEM;
		ipt_match_free(&m);
	}
	return err == -ENOMEM ? err : 0;
}

/* The rules of a chain, or of a hook. */
static int print_rules(struct export *e, uint16_t number, const struct ipt_place *at, struct fw_buf *chain)
{
	int err = 0;

	for (const struct fw_rule *r = e->rs->first; r && !err; r = r->next) {
		if (r->chain != number || !(export_families(r) & 1u << at->family) || !(fw_rule_hooks(r) & at->hooks))
			continue;
		e->rule = r;
		e->helpers = 0;
		if (at->hooks & ~hooks_of(r))
			export_refuse(e, "its chain is called at a hook where it does not hold");
		else
			err = print_rule(e, at, chain);
	}
	return err;
}

static int print_chains(struct export *e, enum fw_family family, struct fw_buf *rules)
{
	int err = 0;

	for (size_t i = 1; i < e->rs->nchains && !err; i++) {
		const struct fw_chain *c = &e->rs->chains[i];
		struct ipt_place at = { family, c->name, e->reach[family][i], '.' };

		if (!c->name || !at.hooks || check_chain(e, c))
			continue;
		fw_buf_printf(&e->sets, ":%s - [0:0]\n", c->name);
		err = print_rules(e, (uint16_t)i, &at, rules);
	}
	return err;
}

static int print_hook(struct export *e, enum fw_family family, enum fw_hook hook, struct fw_buf *out,
		      struct fw_buf *rules)
{
	static const char *const names[FW_NHOOKS] = {
		[FW_INPUT] = "INPUT", [FW_FORWARD] = "FORWARD", [FW_OUTPUT] = "OUTPUT"
	};
	const struct ipt_place at = { family, names[hook], 1u << hook, "..ifo"[hook] };

	fw_buf_printf(out, ":%s %s [0:0]\n", at.chain,
		      fw_policy_verdict(e->rs, (enum fw_reason)hook) == FW_ACCEPT ? "ACCEPT" : "DROP");
	return print_rules(e, FW_MAIN, &at, rules);
}

/* e->sets gets the lines that declare chains, e->chains the rules of those that only the export needs. */
int export_iptables(struct export *e, enum fw_family family, struct fw_buf *out)
{
	fw_cleanup(fw_buf_free) struct fw_buf rules = { 0 };
	int err = 0;

	fw_buf_printf(out, "# for %s-restore\n*filter\n", e->tool);
	for (size_t i = 0; i < sizeof(export_hooks) / sizeof(*export_hooks) && !err; i++)
		err = print_hook(e, family, export_hooks[i], out, &rules);
	if (!err)
		err = print_chains(e, family, &rules);
	if (!err && (rules.failed || e->sets.failed || e->chains.failed))
		err = -ENOMEM;
	if (!err)
		fw_buf_printf(out, "%s%s%sCOMMIT\n", e->sets.len ? e->sets.text : "", rules.len ? rules.text : "",
			      e->chains.len ? e->chains.text : "");
	return err;
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * Checks of chains together with the rules that call them. Packets that get to a chain are known by hooks and protocols: for
 * rules with `state`, which is not known of all packets at the hook in, and for rules that no packet gets to.
 */
#include "fw/chains.h"
#include "fw/table/packet.h"

#include <netinet/in.h>

#include "lib/rule/internal.h"

/* Kinds of packets at the hook in: by protocol, those of ICMP and ICMPv6 by their types. */
#define KINDS 768
#define WORDS (KINDS / 64)
struct kinds {
	uint64_t has[WORDS];
};

static void add_types(struct kinds *k, const struct fw_rule *r, unsigned from)
{
	const struct fw_match *type = fw_rule_match(r, FW_F_ICMP_TYPE);

	for (unsigned t = 0; t < 256; t++)
		if (!type || fw_match_has(type, t))
			k->has[(from + t) / 64] |= 1ull << (from + t) % 64;
}

/* Those that a rule may match. */
static struct kinds kinds_of(const struct fw_rule *r)
{
	const struct fw_match *proto = fw_rule_match(r, FW_F_PROTO);
	struct kinds k = { { 0 } };

	if (!(fw_rule_hooks(r) & FW_HOOK_BIT(IN)))
		return k;
	for (unsigned p = 0; p < 256; p++)
		if ((!proto || fw_match_has(proto, p)) && p != IPPROTO_ICMP && p != IPPROTO_ICMPV6)
			k.has[p / 64] |= 1ull << p % 64;
	if (!proto || fw_match_has(proto, IPPROTO_ICMP))
		add_types(&k, r, 256);
	if (!proto || fw_match_has(proto, IPPROTO_ICMPV6))
		add_types(&k, r, 512);
	return k;
}

/* Is the state of all these packets known? */
static bool all_known(const struct kinds *k)
{
	for (unsigned i = 0; i < KINDS; i++) {
		unsigned proto = i < 256 ? i : i < 512 ? IPPROTO_ICMP : IPPROTO_ICMPV6;

		if (k->has[i / 64] >> i % 64 & 1 && !fw_state_at_in(i < 512 ? FW_IP4 : FW_IP6, proto, i % 256))
			return false;
	}
	return true;
}

/* What gets to the chain of a rule, and matches the rule. */
static struct kinds passed(const struct kinds *at, const struct fw_rule *r)
{
	struct kinds k = kinds_of(r);

	for (unsigned i = 0; i < WORDS; i++)
		k.has[i] &= at[r->chain].has[i];
	return k;
}

/* What gets to each chain, by any way. */
static void spread_kinds(const struct fw_ruleset *rs, const uint16_t *order, struct kinds *at)
{
	memset(at, 0, rs->nchains * sizeof(*at));
	memset(&at[FW_MAIN], 0xff, sizeof(*at));
	for (size_t i = 1; i <= fw_ruleset_chains(rs); i++) {
		const struct fw_chain *c = &rs->chains[order[i]];

		for (uint32_t k = 0; k < c->calls; k++) {
			struct kinds in = passed(at, fw_ruleset_by_slot(rs, c->callers[k]));

			for (unsigned w = 0; w < WORDS; w++)
				at[order[i]].has[w] |= in.has[w];
		}
	}
}

/* The rule through which packets whose state is not known get to rule @r of a chain. */
static const struct fw_rule *caller_of(const struct fw_ruleset *rs, const struct kinds *at, const struct fw_rule *r)
{
	const struct fw_chain *c = &rs->chains[r->chain];
	const struct kinds own = kinds_of(r);

	for (uint32_t i = 0; i < c->calls; i++) {
		const struct fw_rule *caller = fw_ruleset_by_slot(rs, c->callers[i]);
		struct kinds k = passed(at, caller);

		for (unsigned w = 0; w < WORDS; w++)
			k.has[w] &= own.has[w];
		if (!all_known(&k))
			return caller;
	}
	return NULL;
}

static int check_rule(const struct fw_ruleset *rs, const struct kinds *kinds, const struct fw_rule *r,
		      const struct fw_place *at, struct fw_diags *ds)
{
	struct kinds k = passed(kinds, r);
	char rule[FW_RULE_LABEL], by[FW_RULE_LABEL];
	const struct fw_rule *caller;

	if (all_known(&k))
		return 0;
	caller = caller_of(rs, kinds, r);
	return fw_diag_add(
		ds, fw_chain_place(rs, at, r->line),
		"name the hooks (input forward output), or proto { tcp, udp }, or icmp or icmp6 with types of errors, in either rule",
		"'state' is known at in for TCP, UDP and ICMP errors only, and rule %s of chain %s is asked there for others, by rule %s",
		fw_rule_label(r, rule, sizeof(rule)), rs->chains[r->chain].name, fw_rule_label(caller, by, sizeof(by)));
}

static int check_state(const struct fw_ruleset *rs, const uint16_t *order, const struct fw_place *at,
		       struct fw_diags *ds)
{
	fw_autofree struct kinds *kinds = NULL;
	int err = 0;

	if (!rs->nstateful)
		return 0;
	kinds = malloc(rs->nchains * sizeof(*kinds));
	if (!kinds)
		return -ENOMEM;
	spread_kinds(rs, order, kinds);
	for (size_t i = 1; i < rs->nchains; i++)
		for (const struct fw_rule *r = rs->chains[i].first; r && r->chain == i && !err; r = r->next)
			if (fw_rule_match(r, FW_F_STATE))
				err = check_rule(rs, kinds, r, at, ds);
	return err;
}

int fw_chains_check(const struct fw_ruleset *rs, const struct fw_place *at, struct fw_diags *ds)
{
	fw_autofree uint16_t *order = malloc(rs->nchains * sizeof(*order));
	int err = order ? 0 : -ENOMEM;

	if (rs->nchains == 1)
		return 0;
	if (!err)
		err = fw_chains_order(rs, at, ds, order);
	return err ? err : check_state(rs, order, at, ds);
}

/* Can a change of a rule make a check fail that the ruleset passed before? */
static bool touches(const struct fw_rule_change *row)
{
	const struct fw_rule *r = row->after, *before = row->before;

	if (!r || (r->chain == FW_MAIN && r->target == FW_MAIN))
		return false;
	return !before || before->target != r->target || before->matches != r->matches || before->action != r->action;
}

int fw_chains_check_edit(const struct fw_edit *e, const struct fw_place *at, struct fw_diags *ds)
{
	bool touched = false;

	for (size_t i = 0; i < e->nrules && !touched; i++)
		touched = touches(&e->rules[i]);
	return touched ? fw_chains_check(e->rs, at, ds) : 0;
}

int fw_chains_hooks(const struct fw_ruleset *rs, uint8_t *out)
{
	fw_autofree uint16_t *order = malloc(rs->nchains * sizeof(*order));
	int err = order ? fw_chains_order(rs, NULL, NULL, order) : -ENOMEM;

	if (err)
		return err;
	memset(out, 0, rs->nchains);
	out[FW_MAIN] = FW_HOOKS_ALL;
	for (size_t i = 1; i <= fw_ruleset_chains(rs); i++) {
		const struct fw_chain *c = &rs->chains[order[i]];

		for (uint32_t k = 0; k < c->calls; k++) {
			const struct fw_rule *caller = fw_ruleset_by_slot(rs, c->callers[k]);

			out[order[i]] |= out[caller->chain] & (uint8_t)fw_rule_hooks(caller);
		}
	}
	return 0;
}

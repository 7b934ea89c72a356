// SPDX-License-Identifier: GPL-2.0-only
/*
 * The oracle: linear search, read straight from the rules, into chains and back as their callers say. It shares nothing with
 * lowering, the compiler and the lookup, and defines what their answers must be.
 */
#include "fw/oracle.h"

#include <string.h>

static bool in_range(const struct fw_addr_range *r, const struct fw_addr *a, uint32_t family)
{
	return r->family == family && fw_addr_cmp(r->lo, *a) <= 0 && fw_addr_cmp(*a, r->hi) <= 0;
}

static bool in_union(const struct fw_ruleset *rs, const struct fw_addrs *e, const struct fw_addr *a, uint32_t family)
{
	for (uint32_t i = 0; i < e->nranges; i++)
		if (in_range(&e->ranges[i], a, family))
			return true;
	for (uint32_t s = 0; s < e->nsets; s++)
		for (size_t i = 0; i < rs->sets[e->sets[s]].n; i++)
			if (in_range(&rs->sets[e->sets[s]].elements[i], a, family))
				return true;
	return false;
}

static bool addr_matches(const struct fw_ruleset *rs, uint32_t number, const struct fw_addr *a, uint32_t family)
{
	if (number == FW_ANY)
		return true;
	return family != FW_FAMILY_NONE && in_union(rs, &rs->addrs[number], a, family) != rs->addrs[number].negated;
}

static bool field_matches(const struct fw_match *m, uint32_t value)
{
	bool inside = false;

	if (value > fw_field_info[m->field].max)
		return false;
	for (unsigned i = 0; i < m->n && !inside; i++)
		inside = fw_field_is_flags(m->field) ? (value & m->r[i].lo) == m->r[i].hi :
						       m->r[i].lo <= value && value <= m->r[i].hi;
	return inside != m->negated;
}

/* Does a pattern of the match match the name whose number this is? */
static bool pattern_matches(const struct fw_ruleset *rs, const struct fw_match *m, uint32_t number)
{
	if (number >= rs->nifaces || !rs->ifaces[number].rules)
		return false;
	for (unsigned i = 0; i < m->n; i++)
		for (uint32_t v = m->r[i].lo; v <= m->r[i].hi; v++) {
			const char *pattern = rs->ifaces[v].name, *rest = strchr(pattern, FW_IFACE_REST);

			if (rest && !strncmp(rs->ifaces[number].name, pattern, (size_t)(rest - pattern)))
				return true;
		}
	return false;
}

static bool match_matches(const struct fw_ruleset *rs, const struct fw_match *m, uint32_t value)
{
	if (fw_field_is_iface(m->field) && pattern_matches(rs, m, value))
		return !m->negated;
	return field_matches(m, value);
}

/* What the rule says of fields and addresses. */
static bool rule_matches(const struct fw_ruleset *rs, const struct fw_rule *rule, const struct fw_key *key)
{
	for (unsigned i = 0; i < rule->nmatches; i++)
		if (!match_matches(rs, rule->matches[i], key->f[rule->matches[i]->field]))
			return false;
	return addr_matches(rs, rule->src, &key->src, key->family) &&
	       addr_matches(rs, rule->dst, &key->dst, key->family);
}

bool fw_oracle_rule(const struct fw_ruleset *rs, const struct fw_rule *rule, const struct fw_key *key)
{
	return (key->family != FW_FAMILY_NONE || fw_rule_names_non_ip(rule)) && rule_matches(rs, rule, key);
}

long fw_oracle_next(const struct fw_ruleset *rs, const struct fw_key *key, long after)
{
	if (!fw_reason_has_rules(key->reason))
		return -1;
	for (size_t i = (size_t)(after + 1); i < rs->nrules; i++)
		if (fw_oracle_rule(rs, rs->rules[i], key))
			return (long)i;
	return -1;
}

/* A rule that is asked, and the one that called its chain. */
struct asked {
	long index; /* of the rule, in the ruleset */
	const struct fw_rule *rule;
	const struct asked *by; /* NULL: it is in the main list */
};

/* A packet on its way. */
struct walk {
	const struct fw_ruleset *rs;
	const struct fw_key *key;
	struct fw_oracle_state *s;
	uint32_t turns; /* rules that matched and did not decide */
	struct fw_way way;
	/* What the walk is for, if it asks only rules that lead somewhere: the rule, and where the calls go that led to it. */
	const struct fw_rule *to, **calls;
};

/* Is there an ethertype other than those of IP that the rule and those that led to it all accept, as one of them names some? */
static bool names_non_ip(const struct asked *of)
{
	bool named = false, all = false;

	for (const struct asked *a = of; a; a = a->by)
		named |= fw_rule_match(a->rule, FW_F_ETHERTYPE) != NULL;
	for (uint32_t v = 0; v <= 0xffff && named && !all; v++) {
		all = v != 0x0800 && v != 0x86dd;
		for (const struct asked *a = of; a && all; a = a->by) {
			const struct fw_match *m = fw_rule_match(a->rule, FW_F_ETHERTYPE);

			all = !m || field_matches(m, v);
		}
	}
	return all;
}

/* One more rule matched that does not decide. true: no packet may match more of them. */
static bool is_last_turn(struct walk *w)
{
	if (++w->turns < FW_TURNS)
		return false;
	w->way.rule = -1;
	w->way.reason = FW_R_TURNS;
	return true;
}

static bool ask_chain(struct walk *w, uint16_t chain, const struct asked *by);

/* Where a packet goes from a rule: it is decided on; it goes on with the next rule, or to the end of the rule's chain. */
enum onward { DECIDED, NEXT, END };

static void decided_by(struct walk *w, const struct asked *a)
{
	w->way.rule = a->index;
	for (a = a->by; a; a = a->by) {
		if (w->calls)
			w->calls[w->way.ncalls] = a->rule;
		w->way.calls[w->way.ncalls++] = a->index;
	}
}

/* Does it take the rule to find the way? */
static bool is_asked(const struct walk *w, const struct fw_rule *r)
{
	return !w->to || r == w->to || r->target != FW_MAIN || fw_rule_verdict(w->rs, r) == FW_RETURN;
}

static enum onward ask_rule(struct walk *w, const struct asked *a)
{
	const struct fw_rule *r = a->rule;
	enum fw_verdict verdict = fw_rule_verdict(w->rs, r);

	if (!is_asked(w, r) || !rule_matches(w->rs, r, w->key) ||
	    (w->key->family == FW_FAMILY_NONE && !names_non_ip(a)))
		return NEXT;
	if (r == w->to) {
		decided_by(w, a);
		return DECIDED;
	}
	if (!fw_rule_is_plain_call(r)) {
		if (!fw_oracle_condition(w->rs, r, w->key, w->s))
			return is_last_turn(w) ? DECIDED : NEXT;
		if (fw_verdict_is(verdict, FW_TERMINAL)) {
			decided_by(w, a);
			return DECIDED;
		}
		w->way.passed[w->way.npassed++] = a->index;
		if (is_last_turn(w))
			return DECIDED;
	}
	if ((verdict == FW_JUMP || verdict == FW_GOTO) && ask_chain(w, r->target, a))
		return DECIDED;
	return verdict == FW_GOTO || verdict == FW_RETURN ? END : NEXT;
}

/* The index of the first rule of a chain, or of a later one: all are in the order of their chains. */
static long first_of(const struct fw_ruleset *rs, uint16_t chain)
{
	long before = 0;

	while (chain--)
		before += rs->chains[chain].nrules;
	return before;
}

/* Asks the rules of a chain. true: the packet is decided on; false: it has come to the end of the chain. */
static bool ask_chain(struct walk *w, uint16_t chain, const struct asked *by)
{
	enum onward to = NEXT;
	struct asked a = { first_of(w->rs, chain), w->rs->chains[chain].first, by };

	for (; a.rule && a.rule->chain == chain && to == NEXT; a.index++, a.rule = a.rule->next)
		to = ask_rule(w, &a);
	return to == DECIDED;
}

struct fw_way fw_oracle_way_at(const struct fw_ruleset *rs, const struct fw_key *key, struct fw_oracle_state *s)
{
	struct walk w = { .rs = rs, .key = key, .s = s, .way = { .rule = -1, .reason = FW_R_NONE } };
	bool decided = fw_reason_has_rules(key->reason) && ask_chain(&w, FW_MAIN, NULL);

	if (w.way.reason == FW_R_TURNS) {
		w.way.verdict = fw_ruleset_policy(rs, FW_R_TURNS, (enum fw_hook)key->f[FW_F_HOOK]);
		return w.way;
	}
	if (!decided)
		w.way.reason = key->reason == FW_R_NONE ? key->f[FW_F_HOOK] : key->reason;
	w.way.verdict = fw_oracle_verdict(rs, w.way.rule, key);
	return w.way;
}

uint32_t fw_oracle_calls(const struct fw_ruleset *rs, const struct fw_key *key, const struct fw_rule *rule,
			 const struct fw_rule *calls[FW_CHAIN_DEPTH])
{
	struct walk w = { .rs = rs, .key = key, .to = rule, .calls = calls };

	if (rule->chain != FW_MAIN)
		ask_chain(&w, FW_MAIN, NULL);
	return w.way.ncalls;
}

struct fw_way fw_oracle_way(const struct fw_ruleset *rs, const struct fw_key *key)
{
	return fw_oracle_way_at(rs, key, NULL);
}

long fw_oracle(const struct fw_ruleset *rs, const struct fw_key *key)
{
	return fw_oracle_way(rs, key).rule;
}

enum fw_verdict fw_oracle_verdict(const struct fw_ruleset *rs, long index, const struct fw_key *key)
{
	if (index >= 0)
		return fw_rule_verdict(rs, rs->rules[index]);
	if (key->reason == FW_R_NONE)
		return fw_policy_verdict(rs, (enum fw_reason)key->f[FW_F_HOOK]);
	return fw_ruleset_policy(rs, (enum fw_reason)key->reason, (enum fw_hook)key->f[FW_F_HOOK]);
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * The oracle: linear search, read straight from the rules. It shares nothing with lowering, the compiler and the lookup,
 * and defines what their answers must be.
 */
#include "fw/oracle.h"

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

bool fw_oracle_rule(const struct fw_ruleset *rs, const struct fw_rule *rule, const struct fw_key *key)
{
	if (key->family == FW_FAMILY_NONE && !fw_rule_names_non_ip(rule))
		return false;
	for (unsigned i = 0; i < rule->nmatches; i++)
		if (!field_matches(rule->matches[i], key->f[rule->matches[i]->field]))
			return false;
	return addr_matches(rs, rule->src, &key->src, key->family) &&
	       addr_matches(rs, rule->dst, &key->dst, key->family);
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

/* The next rule that matches and whose conditions are met. *@turns counts the rules that matched. */
static long next_met(const struct fw_ruleset *rs, const struct fw_key *key, long after, struct fw_oracle_state *s,
		     uint32_t *turns)
{
	long i = fw_oracle_next(rs, key, after);

	while (i >= 0 && *turns < FW_TURNS && !fw_oracle_condition(rs, rs->rules[i], key, s)) {
		++*turns;
		i = fw_oracle_next(rs, key, i);
	}
	return i;
}

struct fw_way fw_oracle_way_at(const struct fw_ruleset *rs, const struct fw_key *key, struct fw_oracle_state *s)
{
	struct fw_way way = { .reason = FW_R_NONE };
	uint32_t turns = 0;

	way.rule = next_met(rs, key, -1, s, &turns);
	while (way.rule >= 0 && turns < FW_TURNS &&
	       !fw_verdict_is(fw_rule_verdict(rs, rs->rules[way.rule]), FW_TERMINAL)) {
		way.passed[way.npassed++] = way.rule;
		turns++;
		way.rule = next_met(rs, key, way.rule, s, &turns);
	}
	if (turns == FW_TURNS) {
		way.rule = -1;
		way.reason = FW_R_TURNS;
		way.verdict = fw_ruleset_policy(rs, FW_R_TURNS, (enum fw_hook)key->f[FW_F_HOOK]);
		return way;
	}
	if (way.rule < 0)
		way.reason = key->reason == FW_R_NONE ? key->f[FW_F_HOOK] : key->reason;
	way.verdict = fw_oracle_verdict(rs, way.rule, key);
	return way;
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

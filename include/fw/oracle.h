/* SPDX-License-Identifier: GPL-2.0-only */
/* The oracle: what a ruleset does with a packet, by linear search through its rules. It defines the right answer. */
#ifndef FW_ORACLE_H
#define FW_ORACLE_H

#include "fw/rule.h"
#include "fw/table/format.h"

/**
 * fw_oracle_next - the next rule that matches, by linear search
 * @key:   as the packet parser makes it
 * @after: index of a rule; -1: from the first rule on
 * Return: index into rs->rules, or -1: no further rule matches.
 */
long fw_oracle_next(const struct fw_ruleset *rs, const struct fw_key *key, long after);

/* A packet's way through the rules: those that only count it, and what decides. Rules by their index in rs->rules. */
struct fw_way {
	long rule;       /* that decides; -1: a policy does */
	uint32_t reason; /* of that policy; FW_R_NONE: a rule decides */
	enum fw_verdict verdict;
	uint32_t npassed;
	long passed[FW_TURNS];
};
struct fw_way fw_oracle_way(const struct fw_ruleset *rs, const struct fw_key *key);
/* The rule that decides; -1: the policy of key->reason or of the hook does. */
long fw_oracle(const struct fw_ruleset *rs, const struct fw_key *key);
/* Does this one rule match? */
bool fw_oracle_rule(const struct fw_ruleset *rs, const struct fw_rule *rule, const struct fw_key *key);
/* The verdict for fw_oracle()'s answer. */
enum fw_verdict fw_oracle_verdict(const struct fw_ruleset *rs, long index, const struct fw_key *key);

#endif

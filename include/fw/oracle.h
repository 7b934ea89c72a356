/* SPDX-License-Identifier: GPL-2.0-only */
/* The oracle: what a ruleset does with a packet, by linear search through its rules. It defines the right answer. */
#ifndef FW_ORACLE_H
#define FW_ORACLE_H

#include "fw/rule.h"

/**
 * fw_oracle - the first rule that matches, by linear search
 * @key: as the packet parser makes it
 * Return: index into rs->rules, or -1: the policy of key->reason or of the hook decides.
 */
long fw_oracle(const struct fw_ruleset *rs, const struct fw_key *key);
/* Does this one rule match? */
bool fw_oracle_rule(const struct fw_ruleset *rs, const struct fw_rule *rule, const struct fw_key *key);
/* The verdict for fw_oracle()'s answer. */
enum fw_verdict fw_oracle_verdict(const struct fw_ruleset *rs, long index, const struct fw_key *key);

#endif

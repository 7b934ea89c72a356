/* SPDX-License-Identifier: GPL-2.0-only */
/* Replacing the rules of one chain: which of the new ones continue old ones, as in fw_ruleset_adopt(). */
#ifndef FW_CHAIN_RULES_H
#define FW_CHAIN_RULES_H

#include "fw/draft.h"

/* A rule that the chain is to have. */
struct fw_chain_rule {
	struct fw_rule *made; /* the rule, checked, without id and name, and in no list; owned */
	uint64_t id;          /* id that the user chose; 0: none */
	char *name;           /* from malloc(), owned; NULL: the user gave no name */
	struct fw_place at;
	struct fw_rule *old; /* the rule of the chain that it continues; NULL: it is new */
	bool stays;          /* the old rule need not be moved */
};

struct fw_chain_rules {
	struct fw_ruleset *rs;
	uint16_t chain;
	struct fw_chain_rule *rules; /* the new rules, in order; owned */
	size_t n, cap;
	struct fw_rule **gone; /* old rules that no new rule continues; the array is owned */
	size_t ngone;
};

/* Checks @draft and appends a rule made from it. 0, -EINVAL with a diagnostic, -ENOMEM. */
int fw_chain_rules_add(struct fw_chain_rules *c, const struct fw_rule *draft, const struct fw_rule_places *at,
		       struct fw_diags *ds);
void fw_chain_rules_free(struct fw_chain_rules *c);
/**
 * fw_chain_rules_match - finds @old and @stays of all new rules, and the old ones that are gone
 *
 * A rule with an id continues the rule with this id if both have the same name or the same matches; else it continues the rule of
 * the same name; else the n-th rule continues the n-th old one with the same matches, action and comment. Those that stay are a
 * longest sequence that is in order already.
 * Return: 0 or -ENOMEM.
 */
int fw_chain_rules_match(struct fw_chain_rules *c);
/* Does it differ from the rule that it continues? A rule without a name keeps the name of the old one. */
bool fw_chain_rule_differs(const struct fw_chain_rule *r);

#endif

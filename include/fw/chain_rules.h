/* SPDX-License-Identifier: GPL-2.0-only */
/* The rules of one chain are replaced by others: which of them are the same, as in fw_ruleset_adopt(). */
#ifndef FW_CHAIN_RULES_H
#define FW_CHAIN_RULES_H

#include "fw/draft.h"

/* A rule that a chain is to have. */
struct fw_chain_rule {
	struct fw_rule *made; /* checked, without id and name, in no list */
	uint64_t id;          /* given by the user; 0: none */
	char *name;           /* malloc()ed; NULL: none */
	struct fw_place at;
	struct fw_rule *old; /* the rule of the chain that it continues; NULL: it is new */
	bool stays;          /* it need not be moved */
};

struct fw_chain_rules {
	struct fw_ruleset *rs;
	uint16_t chain;
	struct fw_chain_rule *rules; /* in order */
	size_t n, cap;
	struct fw_rule **gone; /* rules of the chain that none continues */
	size_t ngone;
};

/* Appends a rule as @draft says, which is checked. 0, -EINVAL with a diagnostic, -ENOMEM. */
int fw_chain_rules_add(struct fw_chain_rules *c, const struct fw_rule *draft, const struct fw_rule_places *at,
		       struct fw_diags *ds);
void fw_chain_rules_free(struct fw_chain_rules *c);
/**
 * fw_chain_rules_match - sets @old and @stays of all, and finds those that are gone
 *
 * The same rule: with an id, the rule of this id, if it has the same name or matches; else that of the same name; else the n-th
 * of the same matches, action and comment. Those that stay are a longest sequence that is in order already.
 * Return: 0 or -ENOMEM.
 */
int fw_chain_rules_match(struct fw_chain_rules *c);
/* Does it say something else than the rule that it continues? One without a name keeps the name that the rule has. */
bool fw_chain_rule_differs(const struct fw_chain_rule *r);

#endif

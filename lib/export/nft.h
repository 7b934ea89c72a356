/* SPDX-License-Identifier: GPL-2.0-only */
/* Shared by the files that write rulesets of nftables. */
#ifndef FW_EXPORT_NFT_H
#define FW_EXPORT_NFT_H

#include "fw/export.h"

#define EXPORT_HOOKS (FW_HOOK_BIT(INPUT) | FW_HOOK_BIT(FORWARD) | FW_HOOK_BIT(OUTPUT))

#define EXPORT_TABLE "fw_rules"

/* An export that goes on. */
struct export
{
	const struct fw_ruleset *rs;
	struct fw_diags *ds;
	struct fw_buf sets, chains; /* what the table has */
	uint32_t *reach;            /* by chain: the hooks that lead to it */
	const struct fw_rule *rule; /* that is being written */
	unsigned helpers, limits;   /* chains and sets that only the export needs */
	bool refused;
};

/* The ways in which a packet can match a rule, each as the words of nft. */
struct export_matches {
	char *text[64];
	size_t n;
	bool overlap; /* a packet may match in two of them */
};
void export_matches_free(struct export_matches *m);

/* Notes that the rule cannot be said. Return: -EINVAL. */
int export_refuse(struct export *e, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* A set's name; NULL of those that the kernel has itself. */
const char *export_builtin(const struct fw_set *set);
#define EXPORT_SUFFIX(family) ((family) == FW_IP4 ? "_v4" : "_v6")

/* nft_match.c: what the rule matches at @hook; FW_NHOOKS: in a chain. 0, -EINVAL or -ENOMEM. */
int export_match(struct export *e, enum fw_hook hook, struct export_matches *out);
/* nft_action.c: the lines of a rule, into @chain. */
int export_action(struct export *e, const struct export_matches *m, struct fw_buf *chain);

#endif

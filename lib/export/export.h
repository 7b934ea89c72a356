/* SPDX-License-Identifier: GPL-2.0-only */
/* Shared by the files that write rulesets of other packet filters. */
#ifndef FW_EXPORT_INTERNAL_H
#define FW_EXPORT_INTERNAL_H

#include "fw/export.h"

#define EXPORT_HOOKS (FW_HOOK_BIT(INPUT) | FW_HOOK_BIT(FORWARD) | FW_HOOK_BIT(OUTPUT))
extern const enum fw_hook export_hooks[3];

/* Chains and tables that only the export needs have names that begin so: no name of ours has a slash. */
#define EXPORT_OWN "fw/"

/* An export that goes on. */
struct export
{
	const struct fw_ruleset *rs;
	struct fw_diags *ds;
	const char *tool;              /* for messages */
	struct fw_buf sets, chains;    /* what the table has */
	unsigned *reach[FW_NFAMILIES]; /* by chain: the hooks from which packets of the family come to it */
	unsigned mark_hooks;           /* where rules match on the mark */
	const struct fw_rule *rule;    /* that is being written */
	unsigned helpers, limits;      /* chains and sets that only the export needs */
	bool refused;
};

/* Refuses the rule with this message. Return: -EINVAL. */
int export_refuse(struct export *e, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* The same of a set. */
int export_refuse_set(struct export *e, const struct fw_set *set, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* A set's name; NULL of those that the kernel has itself. */
const char *export_builtin(const struct fw_set *set);
#define EXPORT_SUFFIX(family) ((family) == FW_IP4 ? "_v4" : "_v6")

/* The families whose packets a rule can match, bit 1 << family. */
unsigned export_families(const struct fw_rule *r);
/* The hooks where packets come to a rule, bit 1 << hook. */
unsigned export_hooks_at(const struct export *e, const struct fw_rule *r);
/*
 * Can the rule be written once, wherever it holds, at the hooks @at? Rules of the main list are written for each hook, those
 * of a chain once. 0 or -EINVAL.
 */
int export_check_rule(struct export *e);

/* The formats: the text into @out. 0, also if something was refused; -ENOMEM. */
int export_nft(struct export *e, struct fw_buf *out);
int export_iptables(struct export *e, enum fw_family family, struct fw_buf *out);
int export_ipset(struct export *e, struct fw_buf *out);

#endif

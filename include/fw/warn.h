/* SPDX-License-Identifier: GPL-2.0-only */
/* Warnings about a ruleset, found by its tables: rules that can never decide, and packets that cost too much. */
#ifndef FW_WARN_H
#define FW_WARN_H

#include "fw/cost.h"
#include "fw/rule.h"

/*
 * A rule that precedes @r in the same chain and covers it (fw_rule_covers()), so that no packet gets to @r; NULL: none was found.
 * Rules that do so only together, or in other chains, are not found. @c: has tables of @rs, with @r or from before @r was added.
 */
const struct fw_rule *fw_rule_shadow(struct fw_classifier *c, const struct fw_ruleset *rs, const struct fw_rule *r);
/* Adds a warning that @r is shadowed by @by. @file: the file of both; NULL: none. */
void fw_warn_shadowed(const char *file, const struct fw_rule *r, const struct fw_rule *by, const struct fw_ruleset *rs,
		      struct fw_diags *out);
/* Warns of all shadowed rules. @root: of the ruleset's tables. 0 or -ENOMEM. */
int fw_warn_all_shadowed(const struct fw_ruleset *rs, const struct fw_pool *pool, uint32_t root, struct fw_diags *out);

/* Warns if a packet may take longer than FW_COST_WARN_SECONDS, with the rules that cause it. @rs: the ruleset of the tables. */
void fw_cost_warn(const struct fw_ruleset *rs, const struct fw_cost_worst *w, struct fw_diags *out);
/* The same as an error: -E2BIG if a packet may take longer than @most seconds, else 0. */
int fw_cost_refuse(const struct fw_ruleset *rs, const struct fw_cost_worst *w, double most, struct fw_diags *out);

#endif

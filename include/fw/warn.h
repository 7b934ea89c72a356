/* SPDX-License-Identifier: GPL-2.0-only */
/* What a ruleset's author is warned of, once its tables exist: rules that can never decide, and packets that cost too much. */
#ifndef FW_WARN_H
#define FW_WARN_H

#include "fw/cost.h"
#include "fw/rule.h"

/*
 * A rule before @r that covers it (fw_rule_covers()), so that @r can never decide; NULL: none was found. Rules that do so only
 * together are not looked for. @c: has tables of @rs, from before or after @r came.
 */
const struct fw_rule *fw_rule_shadow(struct fw_classifier *c, const struct fw_ruleset *rs, const struct fw_rule *r);
/* That as a warning. @file: that both stand in; NULL: none. */
void fw_warn_shadowed(const char *file, const struct fw_rule *r, const struct fw_rule *by, const struct fw_ruleset *rs,
		      struct fw_diags *out);
/* The same of all rules. @root: of the ruleset's tables. 0 or -ENOMEM. */
int fw_warn_all_shadowed(const struct fw_ruleset *rs, const struct fw_pool *pool, uint32_t root, struct fw_diags *out);

/* Warnings with the rules that make it, if a packet may take longer than that. @rs: the ruleset of the tables. */
void fw_cost_warn(const struct fw_ruleset *rs, const struct fw_cost_worst *w, struct fw_diags *out);
/* The same as errors: -E2BIG if a packet may take longer than @most seconds, else 0. */
int fw_cost_refuse(const struct fw_ruleset *rs, const struct fw_cost_worst *w, double most, struct fw_diags *out);

#endif

/* SPDX-License-Identifier: GPL-2.0-only */
/* From rules to the instances that tables are compiled from. */
#ifndef FW_LOWER_H
#define FW_LOWER_H

#include "fw/edit.h"
#include "fw/instance.h"

/**
 * fw_lower - a ruleset as instances
 * @rs:  borrowed, with rs->rules in order; @out points into it. Rules that call chains get their instances, if they have none: then
 *       no tables of the ruleset are in use
 * @ds:  too many instances, or chains that call each other
 * @out: ended by fw_lowered_free(); untouched on failure
 * Return: 0, -E2BIG or -EINVAL with a diagnostic, -ENOMEM.
 */
int fw_lower(struct fw_ruleset *rs, struct fw_diags *ds, struct fw_lowered *out);
void fw_lowered_free(struct fw_lowered *l); /* of zeros is fine */

/**
 * fw_lower_edit - what an edit changes, as instances
 * @e:   borrowed and settled (fw_edit_settle()); @out points into it and into its ruleset, until it ends. Rules that call chains
 *       get their instances in it, and so rows
 * @ds:  as of fw_lower()
 * @out: ended by fw_lowered_edit_free(); untouched on failure
 * Return: 0, -E2BIG or -EINVAL with a diagnostic, -ENOMEM.
 */
int fw_lower_edit(struct fw_edit *e, struct fw_diags *ds, struct fw_lowered_edit *out);
void fw_lowered_edit_free(struct fw_lowered_edit *l); /* of zeros is fine */

/**
 * fw_turns_check - can each packet be looked up until a rule or policy decides?
 *
 * At most FW_TURNS - 1 instances with a verdict that is not terminal may match one packet on its way. Exact, but for rulesets with
 * so many of them that it takes too long to tell: these are refused.
 * @rs: lowered
 * Return: 0, -E2BIG with a diagnostic, or -ENOMEM.
 */
int fw_turns_check(const struct fw_ruleset *rs, struct fw_diags *ds);
/* The same after an edit, which may be one that has nothing to do with it. */
int fw_turns_check_edit(const struct fw_edit *e, struct fw_diags *ds);

#endif

/* SPDX-License-Identifier: GPL-2.0-only */
/* The instances of one rule. Private to lib/lower. */
#ifndef FW_EXPAND_H
#define FW_EXPAND_H

#include "fw/inlined.h"

/* Instances that jumps make of a ruleset, at most. */
#define FW_INLINED_MAX (1u << 20)
/* Rules of chains that are looked at for that, at most: also for chains whose rules match nothing that their callers do. */
#define FW_ASKED_MAX (1u << 24)

/* How much of both is left. */
struct fw_expand_room {
	uint32_t instances, asked;
};

/* Does the rule become instances other than its own? */
static inline bool fw_expands(const struct fw_ruleset *rs, const struct fw_rule *r)
{
	return r->target != FW_MAIN || fw_instance_names_pattern(rs, &r->instance);
}

/**
 * fw_expand - the instances of a rule of the main list that expands, without ranks
 * @room: borrowed; what is allowed
 * @out:  untouched on failure
 * Return: 0; -E2BIG or -EINVAL with a diagnostic: too many, or chains that call themselves; -ENOMEM.
 */
int fw_expand(struct fw_ruleset *rs, const struct fw_rule *r, const struct fw_expand_room *room, struct fw_diags *ds,
	      struct fw_inlined **out);

#endif

// SPDX-License-Identifier: GPL-2.0-only
/* Counts instances by what they need of an attachment: a rule of a chain holds where its callers do, which instances know. */
#include "fw/attach_needs.h"

static void count(struct fw_attach_needs *needs, const struct fw_ruleset *rs, const struct fw_instance *in, int step)
{
	size_t by = (size_t)step; /* -1 wraps around, which subtracts */
	unsigned hooks = fw_instance_hooks(in);

	if (hooks & FW_HOOK_BIT(OUT))
		needs->out += by;
	if (!(hooks & FW_HOOKS_FRAMES))
		needs->host += by;
	if (!(hooks & FW_HOOK_BIT(IN)))
		return;
	if (rs->actions[in->action].flags & FW_ACTION_MARK)
		needs->mark += by;
	if (rs->actions[in->action].verdict == FW_REJECT)
		needs->reject += by;
	for (unsigned i = 0; i < in->nmatches; i++) {
		enum fw_field field = in->matches[i]->field;
		enum fw_source source = fw_field_info[field].source;

		needs->mark += source == FW_SOURCE_SKB || fw_field_is_mark_byte(field) ? by : 0;
		needs->vlan += source == FW_SOURCE_TAG ? by : 0;
	}
}

static void count_rule(struct fw_attach_needs *needs, const struct fw_ruleset *rs, const struct fw_rule *r, int step)
{
	if (r->chain != FW_MAIN)
		return;
	if (!r->inlined)
		count(needs, rs, &r->instance, step);
	for (uint32_t i = 0; r->inlined && i < r->inlined->n; i++)
		count(needs, rs, &r->inlined->at[i].instance, step);
}

void fw_attach_needs_of(const struct fw_ruleset *rs, struct fw_attach_needs *out)
{
	*out = (struct fw_attach_needs){ 0 };
	for (const struct fw_rule *r = rs->first; r; r = r->next)
		count_rule(out, rs, r, 1);
}

void fw_attach_needs_change(struct fw_attach_needs *needs, const struct fw_ruleset *rs, const struct fw_rule *before,
			    const struct fw_rule *after)
{
	if (before)
		count_rule(needs, rs, before, -1);
	if (after)
		count_rule(needs, rs, after, 1);
}

bool fw_attach_needs_out(const struct fw_attach_needs *needs, const struct fw_ruleset *rs)
{
	return needs->out || rs->policy_set[FW_R_OUT];
}

bool fw_attach_needs_replies(const struct fw_attach_needs *needs, const struct fw_ruleset *rs)
{
	bool policy = fw_policy_verdict(rs, FW_R_IN) == FW_REJECT;

	for (int r = FW_NHOOKS; r < FW_NREASONS; r++)
		policy = policy || fw_policy_verdict(rs, (enum fw_reason)r) == FW_REJECT;
	return needs->reject || policy;
}

bool fw_attach_needs_host(const struct fw_attach_needs *needs, const struct fw_ruleset *rs)
{
	return needs->host || rs->policy_set[FW_R_INPUT] || rs->policy_set[FW_R_FORWARD] || rs->policy_set[FW_R_OUTPUT];
}

// SPDX-License-Identifier: GPL-2.0-only
/* Counting rules by what they ask of an attachment. */
#include "facts.h"

static void count(struct facts *f, const struct fw_rule *rule, int step)
{
	size_t by = (size_t)step; /* wraps for -1, as it should */

	if (fw_rule_on_hook(rule, FW_OUT))
		f->out += by;
	if (!fw_rule_on_hook(rule, FW_IN))
		return;
	if (fw_rule_match(rule, FW_F_MARK))
		f->mark += by;
	if (fw_rule_match(rule, FW_F_VLAN))
		f->vlan += by;
}

void facts_of(const struct fw_ruleset *rs, struct facts *out)
{
	*out = (struct facts){ 0 };
	for (const struct fw_rule *r = rs->first; r; r = r->next)
		count(out, r, 1);
}

void facts_change(struct facts *f, const struct fw_rule *old, const struct fw_rule *new)
{
	if (old)
		count(f, old, -1);
	if (new)
		count(f, new, 1);
}

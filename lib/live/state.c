// SPDX-License-Identifier: GPL-2.0-only
/* Rules with `state` or `connections` need connection tracking: it is on before packets see the first of them, and off after the last. */
#include "fw/conntrack.h"

#include "internal.h"

static int refuse(const struct fw_ruleset *rs, const char *why, struct fw_diags *ds)
{
	const struct fw_rule *r = rs->first;
	char name[FW_RULE_LABEL];

	while (r && !fw_rule_is_stateful(rs, r))
		r = r->next;
	if (r)
		fw_diag_add(ds, (struct fw_place){ rs->file, r->line, 0 }, NULL,
			    "rule %s: the kernel cannot tell of connections: %s", fw_rule_label(r, name, sizeof(name)),
			    why);
	return -EOPNOTSUPP;
}

int live_state_ready(const struct fw_live *live, const struct fw_ruleset *rs, struct fw_diags *ds)
{
	const char *why = "";

	if (!rs->nstateful || !fw_conntrack_begin(live->kern, &why))
		return 0;
	return refuse(rs, why, ds);
}

void live_state_settle(const struct fw_live *live)
{
	if (live->kern && live->now && !live->now->rs->nstateful)
		fw_conntrack_end(live->kern);
}

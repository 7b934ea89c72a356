// SPDX-License-Identifier: GPL-2.0-only
/* What a change of the ruleset means for the other parts of the daemon. */
#include "ctl/fwd/fwd.h"

#include "ctl/fwd/devices/devices.h"
#include "ctl/fwd/tracked.h"

void fwd_ruleset_changed(struct fwd *d)
{
	const struct fw_ruleset *rs = engine_ruleset(d->engine);
	const struct fw_attach_needs *attach = engine_needs(d->engine);
	unsigned needs;

	if (rs != d->ruleset) {
		cursors_lose(&d->cursors);
		d->ruleset = rs;
	}
	tracked_look(d);
	needs = fw_attach_needs_out(attach, rs) | (attach->mark != 0) << 1 | (attach->vlan != 0) << 2 |
		fw_attach_needs_replies(attach, rs) << 3;
	if (needs == d->needs)
		return;
	d->needs = needs;
	devices_recheck(d);
}

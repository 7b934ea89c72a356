// SPDX-License-Identifier: GPL-2.0-only
/* fwctl rollout status: how far a rollout is, by ring and by host. */
#include "rows.h"
#include "ctl/fwctl/rollout/follow.h"
#include "ctl/fwctl/rollout/session.h"
#include "ctl/fwctl/rollout/show.h"

#include <stdio.h>

static const struct ctl_option *const options[] = { &ctl_opt_config, &ctl_opt_hosts, &ctl_opt_until, NULL };

static int print(const struct ctl_settings *s, const struct fleet_state *state)
{
	if (s->json)
		return show_json(state, s->hosts) ? CTL_FAILED : CTL_OK;
	show_rollout(state);
	show_rings(state);
	show_hosts(state, s->hosts);
	return CTL_OK;
}

static int run(const struct ctl_settings *s, int n, char **operands)
{
	fw_cleanup(fleet_state_free) struct fleet_state state = { .n = 0 };
	fw_cleanup(session_close) struct session session;
	int code;

	if (session_open(s, &session) || session_read(&session, &state))
		return CTL_FAILED;
	session_find_silent(&session, &state);
	code = print(s, &state);
	return s->follow && !code ? follow(&session, s) : code;
}

const struct ctl_command ctl_rollout_status = {
	.name = "rollout status",
	.operands = "",
	.summary = "show how far a rollout is, and which hosts lag, are worse or do not take part",
	.details =
		"For each ring: the generation that its hosts are to run, and how many of those that report have confirmed it, are busy,\n"
		"are worse (refused it, were taken back, or do worse than before), or are left (overruled by a file of their own, or\n"
		"changed by others than the fleet). Silent: reported before the ring was moved on, and do not now; they count as not\n"
		"confirmed. Then the hosts that have not confirmed, up to 20 of each kind, and why; --hosts shows all hosts.\n\n"
		"--follow prints each further step until the rollout has ended. While etcd does not answer it goes on trying. Exit\n"
		"code then: 0 done, 1 failed or aborted.\n\n"
		"JSON: {rollout (its state, or null), from, to, runs (what the fleet runs without it) {generation, manifest}, ring,\n"
		"since, well (since when the ring's share has confirmed, or 0), why, by, leader (or null)}; for each ring {ring, head,\n"
		"moved, hosts, confirmed, busy, worse, left, silent, needs (how many have to confirm; 0 unless it is its turn)}; for\n"
		"each host {host, ring, is (worse, silent, busy, left, no ring, confirmed), state, running, wanted, worse, dropped, since,\n"
		"why}; with --follow the first object again for each step.\n",
	.options = options,
	.run = run,
};

/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A simulated host: fw-agent's own core with its own connections, and around it a fwd, targets and a folder that are made up. fwd
 * takes as long as it is told to; the folder does not keep objects.
 */
#ifndef FLEET_HOST_H
#define FLEET_HOST_H

#include "ctl/agent/agent.h"

struct sim {
	struct fw_loop *loop;
	struct fw_fleet_config *config;
	struct fw_public_keys keys;
	struct fw_etcd_settings etcd;
	double change, load; /* seconds that fwd takes for a delta, and for checking or loading a snapshot */
};

struct host;
/* Starts a host's agent. 0 or -errno. */
int host_open(struct sim *sim, unsigned number, struct host **out);
void host_close(struct host *h); /* NULL is fine */
/* Forgets the times of the last rollout. */
void host_reset(struct host *h);
/* When fwd filtered by the next ruleset, and when that was confirmed, by fw_now(); 0: not yet. */
double host_applied(const struct host *h);
double host_confirmed(const struct host *h);
const struct agent_status *host_status(const struct host *h);

#endif

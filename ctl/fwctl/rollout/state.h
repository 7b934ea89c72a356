/* SPDX-License-Identifier: GPL-2.0-only */
/* All that a fleet keeps in etcd, as it was read at one moment. */
#ifndef FWCTL_STATE_H
#define FWCTL_STATE_H

#include "fw/fleet/etcd.h"
#include "fw/fleet/lead.h"
#include "fw/fleet/promote.h"

struct fleet_state {
	struct fw_rings rings;
	uint64_t rings_modified; /* 0: there are none */
	struct fw_rollout rollout;
	uint64_t rollout_modified;               /* 0: there has been none */
	char leader[FW_LEADER_NAME];             /* empty: nobody leads */
	struct fw_generation head[FW_RINGS_MAX]; /* by ring; number 0: it has none */
	uint64_t head_modified[FW_RINGS_MAX];
	struct fw_report *reports;
	size_t n;
	unsigned unreadable; /* reports that are none */
	/* Reports of hosts that have been silent since their ring was moved on. */
	struct fw_report *silent;
	size_t nsilent;
	struct fw_ring_progress progress[FW_RINGS_MAX];
};

/* @prefix: of all keys, /fw/FLEET/. @why: what cannot be read. 0, -EPROTO, -ENOMEM; @out is untouched then. */
int fleet_state_read(const char *prefix, const struct fw_etcd_answer *a, struct fleet_state *out, char why[400]);
void fleet_state_free(struct fleet_state *s);

/* Sets silent: those of @past, from before the ring was moved on, that report no more. */
void fleet_state_silent(struct fleet_state *now, const struct fleet_state *past);

/* Is a rollout under way? */
bool fleet_state_active(const struct fleet_state *s);
/* What the fleet runs when no rollout is under way: number 0: nothing. */
const struct fw_generation *fleet_state_runs(const struct fleet_state *s);

#endif

/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which step a rollout takes next. Pure: whoever leads reads from etcd, asks, and writes what changed in one transaction.
 *
 * A ring's share is of the hosts that reported when the ring was moved on, or report now, whichever are more: a host that falls silent
 * then counts as one that has not confirmed, since the ruleset may have cut it off. Hosts that were silent before are down, or not
 * there yet, and do not count. Nor do those that are overruled or drifted.
 *
 * A ring without hosts to count moves on after its soak, and after FW_RING_EMPTY seconds at least; but not while no host reports in the
 * whole fleet.
 */
#ifndef FW_FLEET_PROMOTE_H
#define FW_FLEET_PROMOTE_H

#include "fw/fleet/rings.h"

#define FW_RING_EMPTY 30

/* How the hosts of a ring are doing, by their reports about its head. */
struct fw_ring_progress {
	unsigned hosts;                /* that report: all below */
	unsigned confirmed;            /* run the wanted generation, and are well */
	unsigned worse;                /* refused it, were taken back, or run it and are worse */
	unsigned left;                 /* overruled or drifted: the fleet does not decide there */
	unsigned busy;                 /* on their way, or have not heard of it */
	const struct fw_report *worst; /* the first that is worse, of the reports; NULL: none is */
};
/* @out: by ring. Reports of hosts in no ring are left out. */
void fw_progress(const struct fw_rings *rings, const struct fw_rollout *rollout, const struct fw_report *reports,
		 size_t n, struct fw_ring_progress out[FW_RINGS_MAX]);
/* How many hosts of a ring have to confirm; 0: there are none to count. @before: hosts that reported when it was moved on. */
unsigned fw_ring_needs(const struct fw_ring *ring, const struct fw_ring_progress *progress, unsigned before);
/* Begins a rollout: its first ring is moved on. The rest of @rollout is set: from, to, by. */
void fw_rollout_begin(struct fw_rollout *rollout, const struct fw_ring_progress *progress, uint64_t now);
/**
 * fw_promote - the next step
 * @rollout: changed in place
 * @now:     seconds since 1970, by the clock that @rollout's times are of
 *
 * Moves to the next ring if the share of the last one has confirmed for its soak and no host is worse; fails, with all rings back to
 * from, if a host is worse or the time of the ring is over; done after the last ring. A paused rollout can only fail, by a host that
 * is worse.
 * Return: did the rollout change?
 */
bool fw_promote(const struct fw_rings *rings, struct fw_rollout *rollout, const struct fw_ring_progress *progress,
		uint64_t now);
/* The head of a ring while this rollout is as it is; its number is 0 for none. */
const struct fw_generation *fw_rollout_head(const struct fw_rollout *rollout, unsigned ring);
/* What the fleet runs when no rollout is under way; @rollout NULL: none has ever been. Its number is 0 for none. */
const struct fw_generation *fw_rollout_runs(const struct fw_rollout *rollout);

#endif

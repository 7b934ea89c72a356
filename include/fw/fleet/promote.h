/* SPDX-License-Identifier: GPL-2.0-only */
/* Which step a rollout takes next. Pure: whoever leads reads from etcd, asks, and writes what changed in one transaction. */
#ifndef FW_FLEET_PROMOTE_H
#define FW_FLEET_PROMOTE_H

#include "fw/fleet/rings.h"

/* How the hosts of a ring are doing, by their reports. Hosts that do not report are not counted: they are down, or not there yet. */
struct fw_ring_progress {
	unsigned hosts;     /* that report */
	unsigned confirmed; /* run the wanted generation, and are well */
	unsigned worse;     /* refused it, were taken back, or run it and are worse */
	unsigned left;      /* overruled or drifted: the fleet does not decide there */
	unsigned busy;      /* on their way, or have not heard of it */
};
/* @out: by ring. Reports of hosts in no ring are left out. */
void fw_progress(const struct fw_rings *rings, const struct fw_rollout *rollout, const struct fw_report *reports,
		 size_t n, struct fw_ring_progress out[FW_RINGS_MAX]);
/**
 * fw_promote - the next step
 * @rollout: changed in place
 * @now:     seconds since 1970
 *
 * Moves to the next ring if the share of the last one has confirmed for its soak and no host is worse; fails, with all rings back to
 * from, if a host is worse or the time of the ring is over; done after the last ring.
 * Return: did the rollout change?
 */
bool fw_promote(const struct fw_rings *rings, struct fw_rollout *rollout, const struct fw_ring_progress *progress,
		uint64_t now);
/* The head of a ring while this rollout is as it is. */
const struct fw_generation *fw_rollout_head(const struct fw_rollout *rollout, unsigned ring);

#endif

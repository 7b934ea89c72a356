/* SPDX-License-Identifier: GPL-2.0-only */
/* A run of fwbench peers: one work, and the actors that have it. */
#ifndef FWBENCH_PEERS_RUN_H
#define FWBENCH_PEERS_RUN_H

#include "tests/perf/peers/peers.h"

#define PEERS_MAX 32
/* The first two are the reference for the others. */
enum { PEERS_NO_FILTER, PEERS_DROP };

struct peers_run {
	struct peers_shared shared;
	struct peers_actor actors[PEERS_MAX];
	bool off[PEERS_MAX]; /* it failed once, and is measured no more */
	size_t n;
	const struct peer *heavy[PEERS_MAX]; /* takes too long or too much to load */
	size_t nheavy;
	uint64_t wrong; /* verdicts */
};

/* Starts the first two. 0, or -errno after printing why. */
int peers_run_base(struct peers_run *run);
/* One more: loads it, and says how that went. 0, also when it does not load; or -errno after printing why: there is no room for actors. */
int peers_run_add(struct peers_run *run, const struct peer *p);
/* All measures. 0, or -errno: those that others are compared with failed, said. */
int peers_run_measure(struct peers_run *run);
void peers_run_end(struct peers_run *run);

#endif

// SPDX-License-Identifier: GPL-2.0-only
/*
 * Nanoseconds of lookups without a network: over all packets of a kind of traffic, again and again. In the kernel its own
 * figure is taken, which leaves out the time that others had the CPU.
 */
#include "tests/perf/peers/peers.h"

#include <string.h>

#define MOST_PACKETS (1u << 30) /* of one system call */

int peers_time_walk(const struct peers_shared *shared, int prog, enum work_traffic t, uint64_t *packets, double *ns)
{
	struct bench_walk walk = { 0 };
	uint64_t n = *packets ? *packets : WORK_PACKETS;
	int err = bench_walker_run(shared->walkers[t], prog, WORK_PACKETS, n, &walk);

	while (!err && !*packets && walk.seconds < shared->seconds && n < MOST_PACKETS) {
		n *= 2;
		err = bench_walker_run(shared->walkers[t], prog, WORK_PACKETS, n, &walk);
	}
	*packets = n;
	*ns = walk.ns;
	return err;
}

int peers_time_calls(const struct peers_shared *shared,
		     void (*lookup)(void *ctx, const struct work_packet *p, size_t n, bool *accept), void *ctx,
		     enum work_traffic t, uint64_t *packets, double *ns)
{
	static bool accept[WORK_PACKETS];
	uint64_t n = 0;
	double start = fw_now(), took;

	do {
		lookup(ctx, shared->work->packets[t], WORK_PACKETS, accept);
		n += WORK_PACKETS;
		took = fw_now() - start;
	} while (*packets ? n < *packets : took < shared->seconds);
	*packets = n;
	*ns = took * 1e9 / (double)n;
	return 0;
}

void peers_lookup_nothing(void *ctx, const struct work_packet *p, size_t n, bool *accept)
{
	for (size_t i = 0; i < n; i++)
		*(volatile bool *)&accept[i] = (p[i].src ^ p[i].dst ^ p[i].proto ^ p[i].sport ^ p[i].dport) & 1;
}

int peers_time_nothing(const struct peers_shared *shared, enum peer_kind kind, enum work_traffic t, double *ns)
{
	static uint64_t packets[2][WORK_TRAFFICS];

	return kind == PEER_XDP ? peers_time_walk(shared, -1, t, &packets[0][t], ns) :
				  peers_time_calls(shared, peers_lookup_nothing, NULL, t, &packets[1][t], ns);
}

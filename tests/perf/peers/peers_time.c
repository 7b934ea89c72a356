// SPDX-License-Identifier: GPL-2.0-only
/*
 * Nanoseconds of lookups without a network: over all packets of a kind of traffic, again and again. In the kernel its own
 * figure is taken, which leaves out the time that others had the CPU.
 */
#include "tests/perf/peers/peers.h"

#include <string.h>

#define MOST_PACKETS (1u << 30) /* of one system call */
#define ALL_SECONDS 1.0         /* more than that, and all packets are too many */
#define FEW_PACKETS 1024
#define FEW_TRIES 3

/* How many, when a few have taken so long: 0, all of them, over and over, until the time is up. */
static uint64_t packets_for(const struct peers_shared *shared, double few_seconds)
{
	double wanted = FEW_PACKETS * shared->seconds / few_seconds;

	if (few_seconds * WORK_PACKETS < ALL_SECONDS * FEW_PACKETS)
		return 0;
	return wanted > FEW_PACKETS ? (uint64_t)wanted : FEW_PACKETS;
}

static int walk_packets(const struct peers_shared *shared, int prog, enum work_traffic t, uint64_t *packets)
{
	struct bench_walk walk = { 0 };
	uint64_t n = FEW_PACKETS;
	int err = bench_walker_run(shared->walkers[t], prog, WORK_PACKETS, n, &walk);

	if (err)
		return err;
	*packets = packets_for(shared, walk.ns * 1e-9 * FEW_PACKETS);
	if (*packets)
		return 0;
	for (n = WORK_PACKETS; !err; n *= 2) {
		err = bench_walker_run(shared->walkers[t], prog, WORK_PACKETS, n, &walk);
		*packets = n;
		if (walk.seconds >= shared->seconds || n >= MOST_PACKETS)
			break;
	}
	return err;
}

int peers_time_walk(const struct peers_shared *shared, int prog, enum work_traffic t, uint64_t *packets, double *ns)
{
	struct bench_walk walk = { 0 };
	int err = *packets ? 0 : walk_packets(shared, prog, t, packets);

	if (!err)
		err = bench_walker_run(shared->walkers[t], prog, WORK_PACKETS, *packets, &walk);
	*ns = walk.ns;
	return err;
}

/* The fastest: in others somebody else may have had the CPU. */
static uint64_t call_packets(const struct peers_shared *shared,
			     void (*lookup)(void *ctx, const struct work_packet *p, size_t n, bool *accept), void *ctx,
			     enum work_traffic t, bool *accept)
{
	double best = ALL_SECONDS;

	for (int i = 0; i < FEW_TRIES; i++) {
		double start = fw_now(), took;

		lookup(ctx, shared->work->packets[t], FEW_PACKETS, accept);
		took = fw_now() - start;
		best = took < best ? took : best;
	}
	return packets_for(shared, best);
}

int peers_time_calls(const struct peers_shared *shared,
		     void (*lookup)(void *ctx, const struct work_packet *p, size_t n, bool *accept), void *ctx,
		     enum work_traffic t, uint64_t *packets, double *ns)
{
	static bool accept[WORK_PACKETS];
	const struct work_packet *all = shared->work->packets[t];
	double start, took;
	uint64_t n = 0;
	size_t count;

	if (!*packets)
		*packets = call_packets(shared, lookup, ctx, t, accept);
	count = *packets && *packets < WORK_PACKETS ? *packets : WORK_PACKETS;
	start = fw_now();
	do {
		lookup(ctx, all, count, accept);
		n += count;
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

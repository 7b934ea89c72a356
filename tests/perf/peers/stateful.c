// SPDX-License-Identifier: GPL-2.0-only
/*
 * fwbench stateful: filters that accept the packets of known connections first,
 * with rules of the shape `policy` for all others, at netfilter's forward hook;
 * and a flood of SYNs at XDP. All are loaded at once and measured by turns.
 */
#include "tests/perf/bench.h"
#include "tests/perf/peers/peer_stack.h"
#include "tests/perf/peers/peer_xdp.h"
#include "tests/perf/peers/peers.h"

#include <jansson.h>
#include <string.h>

struct settings {
	const char *seconds;
	unsigned rules, repeats;
	bool linear, json;
};

#define AT(member) offsetof(struct settings, member)
static const struct bench_option options[] = {
	{ "--rules", "N", "how many, up to 1000000 (default 1000)", AT(rules), 1000000 },
	{ "--linear", NULL, "also filters that compare rule after rule", AT(linear), 0 },
	{ "--seconds", "S", "of each measurement, approximately (default 0.02)", AT(seconds), 0 },
	{ "--repeats", "N", "of each measurement (default 25)", AT(repeats), 1000 },
	{ "--json", NULL, "lines of JSON instead of a table", AT(json), 0 },
};
static const struct bench_command_line command_line = { "stateful [OPTION...]", options,
							sizeof(options) / sizeof(*options) };

/* Connection tracking, and nothing that a forwarded packet sees: a chain at input. */
static int tracked_load(const struct work *w, struct stage *st, void **out)
{
	static const char *const argv[] = { "nft", "-f", "-", NULL };
	static const char text[] = "table ip fwbench { chain track { type filter hook input priority 0;"
				   " ct state established accept\n}\n}\n";

	*out = st;
	return peer_feed(st, (char *const *)argv, text, sizeof(text) - 1);
}

static void tracked_unload(void *ctx)
{
	static const char *const argv[] = { "nft", "-f", "-", NULL };
	static const char text[] = "table ip fwbench\ndelete table ip fwbench\n";

	if (ctx)
		peer_feed(ctx, (char *const *)argv, text, sizeof(text) - 1);
}

static const struct peer tracked = {
	.name = "tracked",
	.label = "no filter, connections tracked",
	.kind = PEER_STACK,
	.reference = true,
	.load = tracked_load,
	.unload = tracked_unload,
};

/* No filter and no tracking. */
static int nothing_load(const struct work *w, struct stage *st, void **out)
{
	*out = NULL;
	return 0;
}

static void nothing_unload(void *ctx)
{
}

static const struct peer nothing = {
	.name = "nothing",
	.label = "no filter",
	.kind = PEER_STACK,
	.reference = true,
	.load = nothing_load,
	.unload = nothing_unload,
};

static const struct filter {
	const struct peer *peer;
	bool wire, linear; /* it is at XDP, where the flood is; it compares rule after rule */
} filters[] = {
	{ &tracked, false, false },
	{ &nothing, false, false },
	{ &peer_fwd_forward, false, false },
	{ &peer_fwd_forward_plain, false, false },
	{ &peer_nft_stateful_concat, false, false },
	{ &peer_nft_stateful_vmap, false, false },
	{ &peer_nft_stateful_linear, false, true },
	{ &peer_iptables_stateful, false, true },
	{ &peer_drop, true, false },
	{ &peer_fwd_syn, true, false },
	{ &peer_fwd_arena, true, false },
};
#define NFILTERS (sizeof(filters) / sizeof(*filters))
/* The first of either: what the others are compared with. */
enum { TRACKED = 0, DROP = NFILTERS - 3 };

struct stateful {
	struct peers_shared shared;
	struct peers_actor actors[NFILTERS];
	bool loaded[NFILTERS], json;
	struct bench_sample way[NFILTERS][PEERS_NFLOWS];   /* ns a packet */
	struct bench_sample share[NFILTERS][PEERS_NFLOWS]; /* of the speed of DROP in the same turn */
	uint64_t wrong;
};

static int filter_do(struct stateful *s, size_t i, const struct peers_task *task, struct peers_result *r)
{
	int err = peers_actor_do(&s->actors[i], task, r);
	char why[400];

	if (!err)
		return 0;
	peers_actor_why(&s->actors[i], err, why, sizeof(why));
	fprintf(stderr, "fwbench: %s: %s\n", filters[i].peer->name, why);
	return err;
}

/* Right verdicts of the hits and the misses. */
static int filter_judge(struct stateful *s, size_t i)
{
	int err = 0;

	for (int t = WORK_HITS; !err && t <= WORK_MISSES; t++) {
		struct peers_task judge = { .kind = PEERS_JUDGE, .traffic = (enum work_traffic)t };
		struct peers_result r;

		err = filter_do(s, i, &judge, &r);
		s->wrong += r.wrong;
		if (r.wrong)
			fprintf(stderr, "fwbench: %s: %llu of %llu verdicts are wrong\n", filters[i].peer->name,
				(unsigned long long)r.wrong, (unsigned long long)r.checked);
	}
	return err;
}

static void absent_say(const struct stateful *s, size_t i, const char *why)
{
	if (s->json)
		peers_json_absent(s->shared.work, filters[i].peer, NULL, "does_not_load", why);
	fprintf(stderr, "fwbench: %s does not load: %s\n", filters[i].peer->name, why);
}

/* One that does not load is left out, unless it is what the others are compared with. */
static int filter_add(struct stateful *s, size_t i)
{
	static const struct peers_task load = { .kind = PEERS_LOAD };
	struct peers_result r;
	char why[400];
	int err = peers_actor_start(&s->shared, filters[i].peer, &s->actors[i]);

	if (err)
		return err;
	err = peers_actor_do(&s->actors[i], &load, &r);
	if (err) {
		peers_actor_why(&s->actors[i], err, why, sizeof(why));
		absent_say(s, i, why);
		peers_actor_end(&s->actors[i]);
		return i == TRACKED || i == DROP ? err : 0;
	}
	s->loaded[i] = true;
	return filters[i].peer->reference ? 0 : filter_judge(s, i);
}

static int filters_add(struct stateful *s, bool linear)
{
	int err = 0;

	for (size_t i = 0; !err && i < NFILTERS; i++)
		if (linear || !filters[i].linear)
			err = filter_add(s, i);
	return err;
}

static int measure(struct stateful *s, size_t i, enum peers_flows kind, double *ns)
{
	struct peers_task task = { .kind = PEERS_FLOWS, .flows = kind };
	struct peers_result r;
	int err = filter_do(s, i, &task, &r);

	if (err)
		return err;
	s->wrong += r.wrong;
	if (r.wrong)
		fprintf(stderr, "fwbench: %s, %s: %llu of %llu packets went wrong\n", filters[i].peer->name,
			peers_flows_name[kind], (unsigned long long)r.wrong, (unsigned long long)r.checked);
	*ns = r.v[0];
	return 0;
}

/* Each filter of a place once. @keep: else it is the warm-up. */
static int turn(struct stateful *s, enum peers_flows kind, bool keep)
{
	double ns, drop = 0;
	int err = 0;

	for (size_t i = 0; !err && i < NFILTERS; i++) {
		if (!s->loaded[i] || filters[i].wire != (kind == PEERS_SYN))
			continue;
		err = measure(s, i, kind, &ns);
		drop = i == DROP ? ns : drop;
		if (!err && keep)
			err = bench_sample_add(&s->way[i][kind], ns);
		if (!err && keep && filters[i].wire)
			err = bench_sample_add(&s->share[i][kind], drop / ns);
	}
	return err;
}

static int measure_all(struct stateful *s, enum peers_flows kind)
{
	int err = turn(s, kind, false);

	for (unsigned i = 0; !err && i < s->shared.repeats; i++)
		err = turn(s, kind, true);
	return err;
}

static void sample_json(const struct stateful *s, size_t i, enum peers_flows kind, const char *what,
			struct bench_sample *sample)
{
	peers_json_measure(s->shared.work, filters[i].peer, peers_flows_name[kind], what, sample, NULL);
}

static void sample_print(const struct bench_sample *sample, const char *format)
{
	printf(format, bench_sample_quantile(sample, 0), bench_sample_quantile(sample, 0.5));
}

/* The whole way; then what of it is the filter's, less the fastest way without one. */
static void forward_say(struct stateful *s, size_t i, enum peers_flows kind)
{
	struct bench_sample own = { 0 }, *way = &s->way[i][kind];
	double nothing_ns = bench_sample_quantile(&s->way[TRACKED][kind], 0);
	int err = 0;

	for (size_t k = 0; !err && k < way->n; k++)
		err = bench_sample_add(&own, way->v[k] - nothing_ns);
	if (s->json) {
		sample_json(s, i, kind, "way_ns", way);
		if (!filters[i].peer->reference)
			sample_json(s, i, kind, "own_ns", &own);
	} else {
		printf("%-18s %-32s", peers_flows_name[kind], filters[i].peer->label);
		sample_print(way, " %9.0f %9.0f");
		if (!filters[i].peer->reference)
			sample_print(&own, " %9.0f %9.0f");
		printf("\n");
	}
	bench_sample_free(&own);
}

static void flood_say(struct stateful *s, size_t i, enum peers_flows kind)
{
	struct bench_sample *way = &s->way[i][kind], *share = &s->share[i][kind];

	bench_sample_sort(share);
	if (s->json) {
		sample_json(s, i, kind, "way_ns", way);
		sample_json(s, i, kind, "share", share);
		return;
	}
	printf("%-18s %-32s", peers_flows_name[kind], filters[i].peer->label);
	sample_print(way, " %9.0f %9.0f");
	printf("    share of XDP_DROP: %.2f of the fastest, %.2f median\n",
	       bench_sample_quantile(&s->way[DROP][kind], 0) / bench_sample_quantile(way, 0),
	       bench_sample_quantile(share, 0.5));
}

static void say_all(struct stateful *s)
{
	if (!s->json)
		printf("%-18s %-32s %9s %9s %9s %9s\n", "connections", "ns a packet", "way, min", "median", "own, min",
		       "median");
	for (int kind = 0; kind < PEERS_NFLOWS; kind++)
		for (size_t i = 0; i < NFILTERS; i++)
			if (s->way[i][kind].n) {
				bench_sample_sort(&s->way[i][kind]);
				(filters[i].wire ? flood_say : forward_say)(s, i, (enum peers_flows)kind);
			}
}

static void stateful_end(struct stateful *s)
{
	for (size_t i = 0; i < NFILTERS; i++) {
		if (s->loaded[i])
			peers_actor_end(&s->actors[i]);
		for (int kind = 0; kind < PEERS_NFLOWS; kind++) {
			bench_sample_free(&s->way[i][kind]);
			bench_sample_free(&s->share[i][kind]);
		}
	}
	work_free(s->shared.work);
}

/* The exit status. */
static int stateful_main(const struct settings *settings, double seconds)
{
	struct stateful s = { .shared = { .seconds = seconds, .repeats = settings->repeats }, .json = settings->json };
	int err = work_new(WORK_POLICY, settings->rules, 1, &s.shared.work);

	peers_cgroup_sweep();
	if (!err)
		err = filters_add(&s, settings->linear);
	for (int kind = 0; !err && kind < PEERS_NFLOWS; kind++)
		err = measure_all(&s, (enum peers_flows)kind);
	if (!err)
		say_all(&s);
	if (err == -ENOMEM)
		fprintf(stderr, "fwbench: memory is out\n");
	bool wrong = s.wrong;

	stateful_end(&s);
	return err || wrong ? 1 : 0;
}

int bench_stateful(int argc, char **argv)
{
	struct settings s = { .seconds = "0.02", .rules = 1000, .repeats = 25 };
	int err = bench_options(&command_line, &s, argc, argv);
	double seconds;
	char *end;

	if (err)
		return err < 0 ? 2 : 0;
	seconds = strtod(s.seconds, &end);
	if (!(seconds >= 0.001 && seconds <= 60) || *end)
		return bench_wrong_usage(&command_line, "--seconds is a number from 0.001 to 60"), 2;
	if (!s.rules || !s.repeats)
		return bench_wrong_usage(&command_line, "--rules and --repeats are 1 or more"), 2;
	if (peers_guard())
		return 1;
	if (bench_pin_cpu())
		fprintf(stderr, "fwbench: cannot stay on one CPU; times will be less even\n");
	return stateful_main(&s, seconds);
}

// SPDX-License-Identifier: GPL-2.0-only
/* Measures of one work, from one actor after the other. */
#include "tests/perf/peers/peers_run.h"

#include "tests/perf/peers/peer_xdp.h"

#include <jansson.h>
#include <string.h>

#define WHY 400
#define ADD_SECONDS 2.0 /* rules are added for so long, but not more often than */
#define ADDS 20

static const char *const task_name[PEERS_NTASKS] = {
#define TASK_NAME(sym, name) [PEERS_##sym] = name,
	PEERS_TASKS(TASK_NAME)
#undef TASK_NAME
};

static const char *const memory_name[] = {
	[PEERS_CGROUP] = "cgroup",
	[PEERS_MEMINFO] = "meminfo",
	[PEERS_ITSELF] = "itself",
};

static const char *const part_measure[PEERS_PARTS] = { "drop_pps", "forward_pps" };

/* The result that a failed task would have had. */
static const char *task_measure(const struct peers_task *task)
{
	static const char *const measures[PEERS_NTASKS] = { [PEERS_TIME] = "ns", [PEERS_ADD] = "add_seconds" };

	return task->kind == PEERS_FLOOD ? part_measure[task->part] : measures[task->kind];
}

static const char *actor_name(const struct peers_actor *a)
{
	return a->peer ? a->peer->name : "no filter";
}

/* 0 or -errno after printing why: then the actor is measured no more. */
static int task_do(struct peers_run *run, size_t i, const struct peers_task *task, struct peers_result *r)
{
	struct peers_actor *a = &run->actors[i];
	int err = run->off[i] ? -ECANCELED : peers_actor_do(a, task, r);
	char why[WHY];

	if (!err || run->off[i])
		return err;
	run->off[i] = true;
	peers_actor_why(a, err, why, sizeof(why));
	fprintf(stderr, "fwbench: %s cannot %s: %s\n", actor_name(a), task_name[task->kind], why);
	if (a->peer)
		peers_json_absent(run->shared.work, a->peer, task_measure(task), "failed", why);
	return err;
}

/* A sample of the results of a task. */
static int sample_add(struct bench_sample *s, const struct peers_result *r)
{
	int err = 0;

	for (unsigned i = 0; !err && i < r->n; i++)
		err = bench_sample_add(s, r->v[i]);
	return err;
}

static void figure_say(struct peers_run *run, const struct peer *p, const char *measure, double value, json_t *extra)
{
	struct bench_sample s = { &value, 1, 1 };

	peers_json_measure(run->shared.work, p, NULL, measure, &s, extra);
}

static void load_say(struct peers_run *run, const struct peer *p, struct peers_result *r)
{
	struct bench_sample s = { r->v, r->n, r->n };

	peers_json_measure(run->shared.work, p, NULL, "load_seconds", &s, NULL);
	if (p->start)
		figure_say(run, p, "start_seconds", r->start_seconds, NULL);
	figure_say(run, p, "kernel_bytes", (double)r->kernel_bytes, json_pack("{s:s}", "by", memory_name[r->by]));
	figure_say(run, p, "user_bytes", (double)r->user_bytes, NULL);
}

/* Starts a process for a peer and lets it load the rules. A peer that cannot is noted in the results and left out. */
static int actor_add(struct peers_run *run, const struct peer *p, struct peers_result *r)
{
	static const struct peers_task load = { .kind = PEERS_LOAD };
	struct peers_actor *a = &run->actors[run->n];
	int err;

	if (run->n == PEERS_MAX)
		return bench_said("have so many peers", -ENOSPC);
	err = peers_actor_start(&run->shared, p, a);
	if (err)
		return err;
	run->n++;
	err = peers_actor_do(a, &load, r);
	if (!err)
		return 0;

	char why[WHY];

	peers_actor_why(a, err, why, sizeof(why));
	fprintf(stderr, "fwbench: %s cannot %s: %s\n", actor_name(a), task_name[PEERS_LOAD], why);
	if (p)
		peers_json_absent(run->shared.work, p, NULL, "does_not_load", why);
	if (p && peers_actor_limited(a, err) && run->nheavy < PEERS_MAX)
		run->heavy[run->nheavy++] = p;
	peers_actor_end(a);
	run->n--;
	return err;
}

int peers_run_base(struct peers_run *run)
{
	struct peers_result r;
	int err;

	peers_cgroup_sweep();
	err = actor_add(run, NULL, &r);

	return err ? err : actor_add(run, &peer_drop, &r);
}

/* Is it known that it will not load? Prints that. */
static bool heavy_say(struct peers_run *run, const struct peer *p)
{
	char why[WHY];

	for (size_t i = 0; i < run->nheavy; i++)
		if (p->loads_as == run->heavy[i]) {
			snprintf(why, sizeof(why), "takes over 120 s or 8 GiB, as %s", p->loads_as->label);
			peers_json_absent(run->shared.work, p, NULL, "does_not_load", why);
			return true;
		}
	return false;
}

int peers_run_add(struct peers_run *run, const struct peer *p)
{
	const char *why = p->cannot ? p->cannot(run->shared.work) : NULL;
	struct peers_result r;
	int err;

	if (why) {
		peers_json_absent(run->shared.work, p, NULL, "cannot", why);
		return 0;
	}
	if (heavy_say(run, p))
		return 0;
	if (run->n == PEERS_MAX)
		return bench_said("have so many peers", -ENOSPC);
	err = actor_add(run, p, &r);
	if (!err)
		load_say(run, p, &r);
	return err == -ENOMEM ? err : 0;
}

void peers_run_end(struct peers_run *run)
{
	while (run->n)
		peers_actor_end(&run->actors[--run->n]);
}

static void judge_all(struct peers_run *run)
{
	for (size_t i = PEERS_DROP + 1; i < run->n; i++)
		for (int t = 0; t < WORK_TRAFFICS; t++) {
			struct peers_task judge = { .kind = PEERS_JUDGE, .traffic = (enum work_traffic)t };
			struct peers_result r;

			if (task_do(run, i, &judge, &r))
				continue;
			run->wrong += r.wrong;
			peers_json_errors(run->shared.work, run->actors[i].peer, work_traffics[t], r.wrong, r.checked);
		}
}

/* Samples of each actor, for one measure. */
struct round {
	struct bench_sample base[2], of[PEERS_MAX];
};

static void round_free(struct round *r)
{
	for (size_t i = 0; i < 2; i++)
		bench_sample_free(&r->base[i]);
	for (size_t i = 0; i < PEERS_MAX; i++)
		bench_sample_free(&r->of[i]);
}

/* Lookups alone. base: of XDP programs, of calls. */
static int time_once(struct peers_run *run, enum work_traffic t, struct round *round)
{
	static const enum peer_kind kinds[] = { PEER_XDP, PEER_USER };
	struct peers_task task = { .kind = PEERS_TIME, .traffic = t };
	int err = 0;

	for (size_t k = 0; !err && k < 2; k++) {
		double ns;

		err = peers_time_nothing(&run->shared, kinds[k], t, &ns);
		if (!err)
			err = bench_sample_add(&round->base[k], ns);
	}
	for (size_t i = PEERS_DROP; !err && i < run->n; i++) {
		struct peers_result r;

		if (run->actors[i].peer->kind != PEER_STACK && !task_do(run, i, &task, &r))
			err = sample_add(&round->of[i], &r);
	}
	return err;
}

/* Subtracts the fastest time without the lookup: noise must not make a lookup look faster. */
static void times_say(struct peers_run *run, enum work_traffic t, struct round *round)
{
	for (size_t k = 0; k < 2; k++)
		bench_sample_sort(&round->base[k]);
	for (size_t i = PEERS_DROP; i < run->n; i++) {
		const struct peer *p = run->actors[i].peer;
		struct bench_sample *base = &round->base[p->kind == PEER_USER], *s = &round->of[i];
		double nothing = bench_sample_quantile(base, 0), most = bench_sample_quantile(base, 1);

		if (run->off[i] || !s->n)
			continue;
		for (size_t k = 0; k < s->n; k++)
			s->v[k] -= nothing;
		peers_json_measure(run->shared.work, p, work_traffics[t], "ns", s,
				   json_pack("{s:f,s:f}", "nothing", nothing, "nothing_spread", most / nothing - 1));
	}
}

static int time_all(struct peers_run *run, enum work_traffic t)
{
	struct round round = { 0 };
	int err = 0;

	for (unsigned repeat = 0; !err && repeat < run->shared.repeats; repeat++)
		err = time_once(run, t, &round);
	if (!err)
		times_say(run, t, &round);
	round_free(&round);
	return err;
}

/* Packets at full rate. base[0]: the generator alone. */
static int flood_once(struct peers_run *run, struct peers_task task, struct round *round)
{
	struct peers_result r;
	int err = 0;

	task.generator = true;
	if (!task_do(run, PEERS_NO_FILTER, &task, &r))
		err = sample_add(&round->base[0], &r);
	task.generator = false;
	for (size_t i = 0; !err && i < run->n; i++)
		if ((!run->actors[i].peer || run->actors[i].peer->kind != PEER_USER) && !task_do(run, i, &task, &r))
			err = sample_add(&round->of[i], &r);
	return err;
}

/*
 * CPU time: what a packet's way takes, all of it on one CPU, beyond the fastest way without a filter: of packets that are
 * forwarded that without any program, of packets that are dropped that of XDP_DROP.
 */
static void cpu_say(struct peers_run *run, size_t i, const struct peers_task *task, struct round *round)
{
	size_t base = task->part == PEERS_PASSED ? PEERS_NO_FILTER : PEERS_DROP;
	double way = 1e9 / bench_sample_quantile(&round->of[base], 1);
	struct bench_sample s = { 0 };
	int err = 0;

	for (size_t k = 0; !err && k < round->of[i].n; k++)
		err = bench_sample_add(&s, 1e9 / round->of[i].v[k] - way);
	if (!err)
		peers_json_measure(run->shared.work, run->actors[i].peer, work_traffics[task->traffic], "cpu_ns", &s,
				   json_pack("{s:s}", "of", task->part == PEERS_PASSED ? "forwarded" : "dropped"));
	bench_sample_free(&s);
}

static void floods_say(struct peers_run *run, const struct peers_task *task, bool cpu, struct round *round)
{
	const char *traffic = work_traffics[task->traffic];

	peers_json_baseline(run->shared.work, "generator", traffic, &round->base[0]);
	peers_json_baseline(run->shared.work, "pass", traffic, &round->of[PEERS_NO_FILTER]);
	peers_json_baseline(run->shared.work, "drop", traffic, &round->of[PEERS_DROP]);
	for (size_t i = PEERS_DROP; i < run->n; i++) {
		const struct peer *p = run->actors[i].peer;

		if (run->off[i] || !round->of[i].n || (p->reference && task->part == PEERS_PASSED))
			continue;
		peers_json_measure(run->shared.work, p, traffic, part_measure[task->part], &round->of[i], NULL);
		if (cpu && !p->reference)
			cpu_say(run, i, task, round);
	}
}

/* @cpu: whether CPU time is taken from these packets. */
static int flood_all(struct peers_run *run, enum work_traffic t, enum peers_part part, bool cpu)
{
	struct peers_task task = { .kind = PEERS_FLOOD, .traffic = t, .part = part };
	struct round round = { 0 };
	int err = 0;

	for (unsigned repeat = 0; !err && repeat < run->shared.repeats; repeat++)
		err = flood_once(run, task, &round);
	if (!err && (run->off[PEERS_NO_FILTER] || run->off[PEERS_DROP]))
		err = -EIO;
	if (!err)
		floods_say(run, &task, cpu, &round);
	round_free(&round);
	return err;
}

/* Parts with few packets are not representative. */
#define PART_LEAST (WORK_PACKETS / 16)

static int floods_all(struct peers_run *run, enum work_traffic t)
{
	bool cpu = true;
	int err = 0;

	for (int part = PEERS_PARTS - 1; !err && part >= 0; part--) {
		fw_autofree struct work_packet *p = NULL;

		if (peers_part_of(run->shared.work, t, (enum peers_part)part, &p) < PART_LEAST)
			continue;
		err = flood_all(run, t, (enum peers_part)part, cpu);
		/* Forwarded packets, where there are any. */
		cpu = false;
	}
	return err;
}

static int adds(struct peers_run *run, size_t i, struct bench_sample *s)
{
	double spent = 0;
	int err = 0;

	for (unsigned k = 0; !err && k < ADDS && spent < ADD_SECONDS; k++) {
		struct peers_task add = { .kind = PEERS_ADD, .index = k };
		struct peers_result r;

		err = task_do(run, i, &add, &r);
		if (err)
			return err;
		run->wrong += r.wrong;
		if (r.wrong)
			peers_json_errors(run->shared.work, run->actors[i].peer, "added", r.wrong, r.checked);
		spent += r.v[0];
		err = sample_add(s, &r);
	}
	return err;
}

static void add_all(struct peers_run *run)
{
	for (size_t i = PEERS_DROP + 1; i < run->n; i++) {
		struct bench_sample s = { 0 };
		const struct peer *p = run->actors[i].peer;

		if (p->add && !adds(run, i, &s))
			peers_json_measure(run->shared.work, p, NULL, "add_seconds", &s, NULL);
		bench_sample_free(&s);
	}
}

int peers_run_measure(struct peers_run *run)
{
	int err = 0;

	judge_all(run);
	for (int t = 0; !err && t < WORK_TRAFFICS; t++)
		err = time_all(run, (enum work_traffic)t);
	for (int t = 0; !err && t < WORK_TRAFFICS; t++)
		err = floods_all(run, (enum work_traffic)t);
	if (!err)
		add_all(run);
	return err;
}

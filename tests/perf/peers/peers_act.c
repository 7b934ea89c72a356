// SPDX-License-Identifier: GPL-2.0-only
/* An actor's inside: a stage, a peer on it, and tasks. */
#include "tests/perf/peers/peers.h"

#include <bpf/bpf.h>
#include <linux/bpf.h>
#include <string.h>
#include <unistd.h>

#define LOAD_AGAIN_SECONDS 1.0 /* as long as another load ends within this, it is repeated */
#define JUDGED 256             /* packets that are judged together on the wire */
#define JUDGED_LEAST 768       /* of each kind of traffic, unless it is slower than this: */
#define JUDGE_SECONDS 2.0

struct act {
	const struct peers_shared *shared;
	const struct peer *peer; /* NULL: nothing filters */
	struct stage *stage;     /* NULL: of a peer in user space */
	void *ctx;
	struct peers_cgroup cgroup;
	/* That a measurement takes: of lookups, of floods, of the generator's. */
	uint64_t packets[WORK_TRAFFICS], sent[WORK_TRAFFICS][PEERS_PARTS], made[WORK_TRAFFICS][PEERS_PARTS];
};

size_t peers_part_of(const struct work *w, enum work_traffic t, enum peers_part part, struct work_packet **out)
{
	struct work_packet *p = malloc(WORK_PACKETS * sizeof(*p));
	size_t n = 0;

	*out = p;
	for (size_t i = 0; p && i < WORK_PACKETS; i++)
		if (w->packets[t][i].accept == (part == PEERS_PASSED))
			p[n++] = w->packets[t][i];
	return n;
}

/* Before and after a load: the difference is its cost. */
static int64_t kernel_bytes(const struct act *a, enum peers_memory *by)
{
	int64_t bytes = a->peer->kernel_bytes ? -1 : peers_cgroup_bytes(&a->cgroup);

	if (a->peer->kernel_bytes) {
		*by = PEERS_ITSELF;
		return a->ctx ? a->peer->kernel_bytes(a->ctx) : 0;
	}
	*by = bytes >= 0 ? PEERS_CGROUP : PEERS_MEMINFO;
	return bytes >= 0 ? bytes : peers_kernel_bytes();
}

/* @r: gets the time, and once the memory. */
static int load_once(struct act *a, struct peers_result *r)
{
	int64_t kernel = kernel_bytes(a, &r->by), user = peers_user_bytes();
	double start = fw_now();
	int err = a->peer->start ? a->peer->start(&a->ctx) : 0;

	if (err)
		return err;
	r->start_seconds = fw_now() - start;
	/* A library in this process: what it uses for itself, whatever the rules. */
	if (a->peer->kind == PEER_USER)
		user = peers_user_bytes();
	start = fw_now();
	err = a->peer->load(a->shared->work, a->stage, &a->ctx);
	r->v[r->n] = fw_now() - start;
	if (err || r->n++)
		return err;
	r->user_bytes = peers_user_bytes() - user;
	r->kernel_bytes = kernel_bytes(a, &r->by) - kernel;
	return r->by == PEERS_ITSELF && r->kernel_bytes < 0 ? (int)r->kernel_bytes : 0;
}

static int do_load(struct act *a, const struct peers_task *task, struct peers_result *r)
{
	double start = fw_now(), last;
	int err;

	if (!a->peer)
		return 0;
	do {
		last = fw_now();
		if (a->ctx)
			a->peer->unload(fw_take(a->ctx));
		err = load_once(a, r);
	} while (!err && r->n < PEERS_LOADS && 2 * fw_now() - last - start < LOAD_AGAIN_SECONDS);
	return err;
}

static int judge_by_test_run(struct act *a, const struct work_packet *p, size_t n, bool *accept)
{
	int prog = a->peer->prog(a->ctx);

	for (size_t i = 0; i < n; i++) {
		uint8_t frame[WORK_FRAME];
		LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = frame, .data_size_in = sizeof(frame), .repeat = 1);

		work_frame(&p[i], (uint32_t)i, frame);
		if (bpf_prog_test_run_opts(prog, &opts))
			return bench_said("run a packet through the program", -errno);
		if (opts.retval != XDP_PASS && opts.retval != XDP_DROP)
			return bench_said("understand what the program says", -EPROTO);
		accept[i] = opts.retval == XDP_PASS;
	}
	return 0;
}

static int judge(struct act *a, const struct work_packet *p, size_t n, bool *accept)
{
	if (a->peer->kind == PEER_XDP)
		return judge_by_test_run(a, p, n, accept);
	if (a->peer->kind == PEER_STACK)
		return stage_judge(a->stage, p, n, accept);
	a->peer->lookup(a->ctx, p, n, accept);
	return 0;
}

static void wrong_say(const struct act *a, const struct work_packet *p)
{
	uint32_t s = p->src, d = p->dst;

	fprintf(stderr, "fwbench: %s: proto %u %u.%u.%u.%u:%u > %u.%u.%u.%u:%u: want %s\n", a->peer->name, p->proto,
		s >> 24, s >> 16 & 255, s >> 8 & 255, s & 255, p->sport, d >> 24, d >> 16 & 255, d >> 8 & 255, d & 255,
		p->dport, p->accept ? "accept" : "drop");
}

static int judge_and_compare(struct act *a, const struct work_packet *p, size_t n, struct peers_result *r)
{
	bool accept[JUDGED];
	int err = judge(a, p, n, accept);

	for (size_t i = 0; !err && i < n; i++) {
		r->checked++;
		if (accept[i] != p[i].accept && !r->wrong++)
			wrong_say(a, &p[i]);
	}
	return err;
}

/* All packets of a kind, as many as there is time for; on the wire that is little. */
static int do_judge(struct act *a, const struct peers_task *task, struct peers_result *r)
{
	double start = fw_now(), took;
	int err = 0;

	for (size_t i = 0; !err && i < WORK_PACKETS; i += JUDGED) {
		took = fw_now() - start;
		if (took > JUDGE_SECONDS ||
		    (a->peer->kind == PEER_STACK && i >= JUDGED_LEAST && took > a->shared->seconds))
			break;
		err = judge_and_compare(a, &a->shared->work->packets[task->traffic][i], JUDGED, r);
	}
	return err;
}

static int do_time(struct act *a, const struct peers_task *task, struct peers_result *r)
{
	uint64_t *packets = &a->packets[task->traffic];

	r->n = 1;
	if (a->peer->kind == PEER_XDP)
		return peers_time_walk(a->shared, a->peer->prog(a->ctx), task->traffic, packets, &r->v[0]);
	return peers_time_calls(a->shared, a->peer->lookup, a->ctx, task->traffic, packets, &r->v[0]);
}

/* The number of packets that get through must show the effect of the filter. */
static int flood_check(const struct act *a, const struct peers_task *task, const struct stage_count *count)
{
	bool pass = task->part == PEERS_PASSED || !a->peer;

	if (a->peer && a->peer->reference)
		pass = false;
	if (count->sent && count->passed == (pass ? count->sent : 0))
		return 0;
	fprintf(stderr, "fwbench: %s: %llu of %llu packets came through, which should all %s\n",
		a->peer ? a->peer->name : "no filter", (unsigned long long)count->passed,
		(unsigned long long)count->sent, pass ? "pass" : "be dropped");
	return -EBADMSG;
}

/*
 * Sends packets for the agreed time; the result is packets per second. What was received is checked unless only the
 * generator is measured.
 */
static int do_flood(struct act *a, const struct peers_task *task, struct peers_result *r)
{
	fw_autofree struct work_packet *p = NULL;
	size_t n = peers_part_of(a->shared->work, task->traffic, task->part, &p);
	uint64_t *sent = &(task->generator ? a->made : a->sent)[task->traffic][task->part];
	struct stage_flood f = {
		.packets = p,
		.n = n,
		.generator = task->generator,
		.seconds = a->shared->seconds,
		.sent = *sent,
	};
	int err;

	if (!n)
		return -ENOMEM;
	err = stage_flood(a->stage, &f);
	*sent = f.sent;
	if (!err && !task->generator)
		err = flood_check(a, task, &f.count);
	r->n = 1;
	r->v[0] = (double)f.count.sent / f.took;
	return err;
}

static int do_flows(struct act *a, const struct peers_task *task, struct peers_result *r)
{
	return peers_flows_send(a->shared, a->stage, task->flows, r);
}

/* A packet of the rule must have been judged by the policy before, and by the rule from now on. */
static int do_add(struct act *a, const struct peers_task *task, struct peers_result *r)
{
	struct work_rule rule = work_extra(a->shared->work, task->index);
	struct work_packet p = work_inside(&rule);
	double start;
	int err;

	p.accept = a->shared->work->accept;
	err = judge_and_compare(a, &p, 1, r);
	if (err)
		return err;
	start = fw_now();
	err = a->peer->add(a->ctx, &rule);
	r->v[0] = fw_now() - start;
	r->n = 1;
	p.accept = rule.accept;
	return err ? err : judge_and_compare(a, &p, 1, r);
}

static int (*const tasks[PEERS_NTASKS])(struct act *a, const struct peers_task *task, struct peers_result *r) = {
	[PEERS_LOAD] = do_load,   [PEERS_JUDGE] = do_judge, [PEERS_TIME] = do_time,
	[PEERS_FLOOD] = do_flood, [PEERS_ADD] = do_add,     [PEERS_FLOWS] = do_flows,
};

/* Error messages are written to a file, which the other side reads when it needs them. */
static int task_do(struct act *a, const struct peers_task *task, int complaints, struct peers_result *r)
{
	int keep = dup(STDERR_FILENO), err;

	fflush(stderr);
	if (keep < 0 || ftruncate(complaints, 0) || lseek(complaints, 0, SEEK_SET) < 0 ||
	    dup2(complaints, STDERR_FILENO) < 0) {
		close(keep);
		return -errno;
	}
	err = tasks[task->kind](a, task, r);
	fflush(stderr);
	dup2(keep, STDERR_FILENO);
	close(keep);
	return err;
}

void peers_act(const struct peers_shared *shared, const struct peer *peer, int fd, int complaints)
{
	struct act a = { .shared = shared, .peer = peer };
	struct peers_task task;
	int err = 0;

	/* First: the stage has mounts of its own. */
	peers_cgroup_enter(&a.cgroup);
	if (!peer || peer->kind != PEER_USER)
		err = stage_open(&a.stage);

	while (read(fd, &task, sizeof(task)) == (ssize_t)sizeof(task)) {
		struct peers_result r = { 0 };

		r.err = err ? err : task_do(&a, &task, complaints, &r);
		if (write(fd, &r, sizeof(r)) != (ssize_t)sizeof(r))
			break;
	}
	if (peer && a.ctx)
		peer->unload(a.ctx);
	stage_close(a.stage);
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * Packets at full rate, and the verdict of each. They are made by a program that
 * BPF_PROG_TEST_RUN runs for live frames: batch after batch leaves fwb-out
 * and is polled in at fwb-in before the next begins, all on this CPU, so that
 * queues, which hold several batches, do not fill. That is checked by the
 * devices' counters nevertheless.
 */
#include "tests/perf/peers/stage.h"

#include "tests/perf/bench.h"
#include "tests/perf/peers/stage_frame.h"
#include "tests/perf/peers/stage_net.h"

#include "tests/perf/peers/stage.skel.h"

#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <net/if.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

_Static_assert(STAGE_FRAME == WORK_FRAME && STAGE_FRAMES >= WORK_PACKETS, "all packets fit as they are");

#define QUIET_SECONDS 0.002 /* all is through when nothing has moved for so long */
#define STUCK_SECONDS 10
#define MAX_PACKETS 1000000000u /* of a call */
#define BATCH 64                /* as many as are polled at once */
#define BATCHES 16 /* at least, for the time; there are filters that take a hundredth of a second for a packet */
#define FEW 128    /* of these there is room for twice as many in every queue */

struct stage {
	struct stage_net net;
	struct stage_bpf *bpf;
	struct bpf_link *end;
	struct stage_frame *frames; /* those of the map */
	uint32_t ifindex;
};

static int map_frames(struct stage *st)
{
	size_t bytes = STAGE_FRAMES * sizeof(*st->frames);
	void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, bpf_map__fd(st->bpf->maps.frames), 0);

	if (p == MAP_FAILED)
		return -errno;
	st->frames = p;
	return 0;
}

/* Devices are named by their index in the namespace that this thread is in. */
static int programs_place(struct stage *st)
{
	uint32_t slot = 0, device;
	int err = stage_net_go(&st->net, STAGE_SOURCE);

	if (err)
		return err;
	device = if_nametoindex(STAGE_SOURCE_DEVICE);
	if (bpf_map_update_elem(bpf_map__fd(st->bpf->maps.out), &slot, &device, BPF_ANY))
		return bench_said("send by " STAGE_SOURCE_DEVICE, -errno);
	err = stage_net_go(&st->net, STAGE_SINK);
	if (err)
		return err;
	st->end = bpf_program__attach_xdp(st->bpf->progs.end, (int)if_nametoindex(STAGE_SINK_DEVICE));
	if (!st->end)
		return bench_said("listen at " STAGE_SINK_DEVICE, -errno);
	err = stage_net_go(&st->net, STAGE_TEST);
	st->ifindex = if_nametoindex(STAGE_DEVICE);
	return err;
}

static int stage_make(struct stage *st)
{
	int err = bench_pin_cpu();

	if (err)
		return bench_said("stay on one CPU", err);
	err = stage_net_open(&st->net);
	if (err)
		return err;
	st->bpf = stage_bpf__open_and_load();
	if (!st->bpf)
		return bench_said("load the stage's programs", -errno);
	err = map_frames(st);
	return err ? bench_said("see the stage's frames", err) : programs_place(st);
}

int stage_open(struct stage **out)
{
	struct stage *st = calloc(1, sizeof(*st));
	int err;

	if (!st)
		return -ENOMEM;
	err = stage_make(st);
	if (err)
		stage_close(st);
	else
		*out = st;
	return err;
}

void stage_close(struct stage *st)
{
	if (!st)
		return;
	if (st->frames)
		munmap(st->frames, STAGE_FRAMES * sizeof(*st->frames));
	bpf_link__destroy(st->end);
	stage_bpf__destroy(st->bpf);
	stage_net_close(&st->net);
	free(st);
}

uint32_t stage_ifindex(const struct stage *st)
{
	return st->ifindex;
}

static void frame_put(struct stage *st, size_t at, const struct work_packet *p, uint32_t id)
{
	uint8_t *frame = (uint8_t *)&st->frames[at];

	work_frame(p, id, frame);
	memcpy(frame, STAGE_ETHERNET, sizeof(STAGE_ETHERNET) - 1);
}

/* The counts up to now. */
struct state {
	uint64_t sent, passed;
	uint64_t refused; /* sent, and found no room at the device under test */
	uint64_t lost;    /* later, other than by a filter */
	uint64_t arrived;
	double end;  /* when all was through: seconds */
	bool lagged; /* that was after the last was sent */
};

/* How many packets were sent, refused, lost and received so far, by the interfaces' own counters. */
static int state_read(const struct stage *st, struct state *out)
{
	struct stage_device from, in, forward, end;
	int err = stage_net_count(&st->net, STAGE_SOURCE, STAGE_SOURCE_DEVICE, &from);

	if (!err)
		err = stage_net_count(&st->net, STAGE_TEST, STAGE_DEVICE, &in);
	if (!err)
		err = stage_net_count(&st->net, STAGE_TEST, STAGE_FORWARD_DEVICE, &forward);
	if (!err)
		err = stage_net_count(&st->net, STAGE_SINK, STAGE_SINK_DEVICE, &end);
	if (err)
		return err;
	/* Packets without room are counted on both sides. */
	in.received_dropped -= in.received_dropped < from.sent_dropped ? in.received_dropped : from.sent_dropped;
	*out = (struct state){
		.sent = __atomic_load_n(&st->bpf->bss->sent, __ATOMIC_RELAXED),
		.passed = __atomic_load_n(&st->bpf->bss->passed, __ATOMIC_RELAXED),
		.refused = from.sent_dropped,
		.lost = in.received_dropped + forward.sent_dropped + end.received_dropped,
		.arrived = in.received,
	};
	return 0;
}

static struct state state_since(const struct state *before, const struct state *now)
{
	return (struct state){
		.sent = now->sent - before->sent,
		.passed = now->passed - before->passed,
		.refused = now->refused - before->refused,
		.lost = now->lost - before->lost,
		.arrived = now->arrived - before->arrived,
	};
}

static bool state_same(const struct state *a, const struct state *b)
{
	return a->passed == b->passed && a->arrived == b->arrived && a->refused == b->refused && a->lost == b->lost;
}

/*
 * What a batch leaves undone when its time is up, the kernel's thread for that does on this CPU while we sleep. We never
 * run amidst it.
 */
static int drain(const struct stage *st, const struct state *before, struct state *out)
{
	struct state last = { 0 }, now;
	double moved = fw_now();

	out->lagged = false;
	for (;; usleep(100)) {
		double at = fw_now();
		int err = state_read(st, &now);

		if (err)
			return err;
		bool lagged = out->lagged;

		*out = state_since(before, &now);
		out->lagged = lagged || out->arrived + out->refused < out->sent || out->refused;
		out->end = moved;
		if (!state_same(&now, &last))
			moved = at;
		else if (out->arrived + out->refused >= out->sent && at - moved > QUIET_SECONDS)
			return 0;
		else if (at - moved > STUCK_SECONDS)
			return bench_said("get all packets to " STAGE_DEVICE, -EIO);
		last = now;
	}
}

/* One call to the generator: @n packets, over and over the first @count frames. Takes some hundredths of a second besides. */
static int generate(struct stage *st, size_t count, uint64_t n, uint32_t batch)
{
	struct stage_bpf__bss *g = st->bpf->bss;
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = st->frames, .data_size_in = STAGE_FRAME, .repeat = (int)n,
		    .flags = BPF_F_TEST_XDP_LIVE_FRAMES, .batch_size = batch);

	g->frame_count = (uint32_t)count;
	g->batch = batch;
	g->batch_left = 0;
	g->began.at = 0;
	g->batches = 0;
	if (bpf_prog_test_run_opts(bpf_program__fd(st->bpf->progs.generate), &opts))
		return bench_said("send live frames (Linux 5.18 or later is needed)", -errno);
	return 0;
}

static int generate_through(struct stage *st, size_t count, uint64_t n, uint32_t batch, struct state *out)
{
	struct state before;
	int err = state_read(st, &before);

	if (!err)
		err = generate(st, count, n, batch);
	return err ? err : drain(st, &before, out);
}

static int compare(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

/* Seconds that the median of the last batches took. */
static double batch_median(const struct stage_bpf__bss *g)
{
	uint32_t n = g->batches < STAGE_BATCHES ? g->batches : STAGE_BATCHES, ns[STAGE_BATCHES];
	uint32_t middle = n / 2;

	memcpy(ns, g->batch_ns, n * sizeof(*ns));
	qsort(ns, n, sizeof(*ns), compare);
	return n ? ns[middle] / 1e9 : 0;
}

/*
 * Whole batches, from the beginning of the first to that of the last, so that no call's begin and end is in it. Older kernels
 * may leave work to their thread and go on sending: then it is the whole time, until all is through.
 */
static int way_time(struct stage *st, struct stage_flood *f, uint64_t n)
{
	uint32_t batch = n / BATCH < BATCHES ? (uint32_t)(n / BATCHES) : BATCH;
	const struct stage_bpf__bss *g = st->bpf->bss;
	struct state s = { 0 };
	int err;

	st->bpf->bss->nowhere = f->generator;
	err = f->generator ? generate(st, f->n, n, batch) : generate_through(st, f->n, n, batch, &s);
	st->bpf->bss->nowhere = 0;
	if (err)
		return err;
	if (s.lost)
		return bench_said("flood: packets were lost after the device under test", -EIO);
	f->all = (struct stage_count){ .sent = s.sent - s.refused, .passed = s.passed };
	if (s.lagged) {
		f->took = s.end - (double)g->began.at / 1e9;
		f->count = f->all;
		f->each = f->took / (double)f->count.sent;
		return 0;
	}
	f->each = batch_median(g) / batch;
	f->took = (double)(g->latest.at - g->began.at) / 1e9;
	f->count = (struct stage_count){
		.sent = g->latest.sent - g->began.sent,
		.passed = g->latest.passed - g->began.passed,
	};
	return 0;
}

/*
 * Begins with few packets, since some filters are slow, then sends more and more, until it is clear how many fill the time. The number
 * is used again the next time, unless it was far too small.
 */
static int run(struct stage *st, struct stage_flood *f)
{
	uint64_t n = f->sent ? f->sent : BATCHES;
	int err = way_time(st, f, n);

	while (!err && f->took < f->seconds / 64 && n < MAX_PACKETS / 8) {
		n *= 8;
		err = way_time(st, f, n);
	}
	if (!err && f->took < (f->sent ? f->seconds / 2 : f->seconds)) {
		double wanted = (double)n * f->seconds / f->took;

		n = wanted < MAX_PACKETS ? (uint64_t)wanted : MAX_PACKETS;
		err = way_time(st, f, n);
	}
	if (!err)
		f->sent = n;
	return err;
}

/* The CPU is ours, as far as others let us. */
int stage_flood(struct stage *st, struct stage_flood *f)
{
	int nice = getpriority(PRIO_PROCESS, 0), err;

	if (!f->n || f->n > STAGE_FRAMES)
		return bench_said("send so many different packets", -EINVAL);
	for (size_t i = 0; i < f->n; i++)
		frame_put(st, i, &f->packets[i], (uint32_t)i);
	st->bpf->bss->next_frame = 0;
	setpriority(PRIO_PROCESS, 0, -20);
	err = run(st, f);
	setpriority(PRIO_PROCESS, 0, nice);
	return err;
}

/* Each of @n frames from @first on once. Return: were some lost? -errno. */
static int send_once(struct stage *st, size_t first, size_t n)
{
	struct state s = { 0 };
	int err;

	st->bpf->bss->next_frame = (uint32_t)first;
	err = generate_through(st, first + n, n, BATCH, &s);
	return err ? err : s.lost || s.refused || s.sent != n;
}

/* So few at a time that all of them have room, even if nothing is polled meanwhile. */
static int send_slowly(struct stage *st, size_t n)
{
	int err = 0;

	for (size_t i = 0; !err && i < n; i += FEW)
		err = send_once(st, i, n - i < FEW ? n - i : FEW);
	return err;
}

static bool seen(const struct stage *st, size_t id)
{
	return st->bpf->bss->seen[htons((uint16_t)id)];
}

static int judge_some(struct stage *st, const struct work_packet *packets, size_t n, bool *accept)
{
	size_t missing = 0;
	int err;

	for (size_t i = 0; i < n; i++)
		frame_put(st, i, &packets[i], (uint32_t)i);
	memset(st->bpf->bss->seen, 0, sizeof(st->bpf->bss->seen));
	err = send_once(st, 0, n);
	if (err > 0) {
		for (size_t i = 0; i < n; i++)
			if (!seen(st, i))
				frame_put(st, missing++, &packets[i], (uint32_t)i);
		err = send_slowly(st, missing);
	}
	if (err)
		return err < 0 ? err : bench_said("tell packets that were dropped from packets that were lost", -EIO);
	for (size_t i = 0; i < n; i++)
		accept[i] = seen(st, i);
	return 0;
}

int stage_judge(struct stage *st, const struct work_packet *packets, size_t n, bool *accept)
{
	int err = 0;

	for (size_t i = 0; !err && i < n; i += STAGE_FRAMES)
		err = judge_some(st, packets + i, n - i < STAGE_FRAMES ? n - i : STAGE_FRAMES, accept + i);
	return err;
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * fwbench scrape, packets on their way: one thread walks the program that fwd
 * has loaded on the highest CPU, while pages are scraped in a loop by all others,
 * where fwd and fw-exporter run too. Windows of all kinds take turns, and those
 * next to a loop that touches no memory show what the machine itself does.
 */
#include "tests/perf/scrape.h"

#include <bpf/bpf.h>
#include <glob.h>
#include <pthread.h>
#include <sched.h>
#include <string.h>
#include <unistd.h>

#define PACKETS "20000"
#define WINDOW_SECONDS 0.5

struct walk {
	struct bench_walker *walker;
	size_t packets;
	int prog;
	struct bench_sample *ns, *empty;
	cpu_set_t may;
	bool done; /* atomic */
	int err;
};

/* All CPUs of @may but the highest, where there are two. */
static void others_of(const cpu_set_t *may, cpu_set_t *others)
{
	*others = *may;
	for (int cpu = CPU_SETSIZE - 1; cpu >= 0 && CPU_COUNT(may) > 1; cpu--)
		if (CPU_ISSET(cpu, may)) {
			CPU_CLR(cpu, others);
			return;
		}
}

/* All threads of a process, and those that they will start. */
static void confine(pid_t pid, const cpu_set_t *to)
{
	char path[64];
	glob_t g = { 0 };

	snprintf(path, sizeof(path), "/proc/%d/task/*", (int)pid);
	if (!glob(path, 0, NULL, &g))
		for (size_t i = 0; i < g.gl_pathc; i++)
			sched_setaffinity((pid_t)strtol(strrchr(g.gl_pathv[i], '/') + 1, NULL, 10), sizeof(*to), to);
	globfree(&g);
}

static void *walk_packets(void *arg)
{
	struct walk *w = arg;
	double start = fw_now();

	sched_setaffinity(0, sizeof(w->may), &w->may);
	bench_pin_cpu();
	while (!w->err && fw_now() - start < WINDOW_SECONDS) {
		struct bench_walk out = { 0 };

		w->err = bench_walker_run(w->walker, w->prog, w->packets, w->packets, &out);
		w->err = w->err ? w->err : bench_sample_add(w->ns, out.ns);
		w->err = w->err ? w->err : bench_walker_run(w->walker, -1, w->packets, w->packets, &out);
		w->err = w->err ? w->err : bench_sample_add(w->empty, out.ns);
	}
	__atomic_store_n(&w->done, true, __ATOMIC_SEQ_CST);
	return NULL;
}

struct windows {
	struct walk walk;
	const struct scrape_exporter *exporters;
	struct scrape_lookup *out;
};

/* Until the walk is done. */
static int run_with(struct windows *w, enum scrape_load load)
{
	unsigned choice = load - LOAD_PAGES;
	uint64_t bytes;
	double seconds;
	int err = 0;

	while (load != LOAD_NOTHING && !err && !__atomic_load_n(&w->walk.done, __ATOMIC_SEQ_CST)) {
		if (load == LOAD_LOOP)
			continue;
		err = scrape_once(&w->exporters[choice], true, &seconds, &bytes);
		w->out->scrapes[choice]++;
	}
	return err;
}

static int window(struct windows *w, enum scrape_load load)
{
	pthread_t thread;
	int err;

	w->walk.done = false;
	w->walk.ns = &w->out->ns[load];
	err = -pthread_create(&thread, NULL, walk_packets, &w->walk);
	if (err)
		return err;
	err = run_with(w, load);
	pthread_join(thread, NULL);
	return err ? err : w->walk.err;
}

/* Packets that lean to the rules, as fwgen makes them; those that can be walked. */
static int trace_make(const struct sandbox *box, const char *rules, const char *format, struct bench_trace *out)
{
	const char *const argv[] = {
		"fwgen", "trace", "--rules", rules, "--format", format, "--packets", PACKETS, NULL
	};
	const char *path = sandbox_path(box, "trace");
	struct sandbox_answer a = { 0 };
	struct fw_ruleset *rs = fw_ruleset_new(NULL);
	int err = !rs ? -ENOMEM : sandbox_run(box, argv, &a);
	FILE *f = err ? NULL : fopen(path, "we");

	if (!err && (!f || fwrite(a.out.text, 1, a.out.len, f) != a.out.len))
		err = bench_said("write a trace", -EIO);
	if (f && fclose(f) && !err)
		err = bench_said("write a trace", -EIO);
	sandbox_answer_free(&a);
	if (!err)
		err = bench_trace_read(path, FW_FORMAT_RULES, rs, out);
	fw_ruleset_free(rs);
	return err;
}

/* fwd's own program, from its pins. */
static int program_open(const struct sandbox *box)
{
	glob_t g = { 0 };
	int fd = -ENOENT;

	if (!glob(sandbox_path(box, "bpf/fwd/*/progs/xdp"), 0, NULL, &g))
		fd = bpf_obj_get(g.gl_pathv[0]);
	globfree(&g);
	return fd < 0 ? bench_said("get at fwd's program", fd) : fd;
}

int scrape_lookup_run(const struct sandbox *box, const struct scrape_lookup_input *in, struct scrape_lookup *out)
{
	struct windows w = { .walk = { .prog = -1, .empty = &out->empty }, .exporters = in->exporters, .out = out };
	struct bench_trace trace = { 0 };
	struct walk *walk = &w.walk;
	cpu_set_t others;
	int err;

	err = trace_make(box, in->rules, in->format, &trace);
	if (!err)
		err = bench_walker_new(&trace, &walk->walker, &walk->packets);
	if (!err)
		walk->prog = program_open(box);
	if (!err)
		err = walk->prog < 0 ? walk->prog : 0;
	if (!err && !sched_getaffinity(0, sizeof(walk->may), &walk->may)) {
		others_of(&walk->may, &others);
		confine(box->fwd, &others);
		for (int i = 0; i < SCRAPE_NCHOICES; i++)
			confine(in->exporters[i].pid, &others);
		sched_setaffinity(0, sizeof(others), &others);
		for (unsigned i = 0; !err && i < in->windows * NLOADS; i++)
			err = window(&w, (enum scrape_load)(i % NLOADS));
		sched_setaffinity(0, sizeof(walk->may), &walk->may);
	}
	out->packets = walk->packets;
	if (walk->prog >= 0)
		close(walk->prog);
	bench_walker_free(walk->walker);
	bench_trace_free(&trace);
	return err;
}

void scrape_lookup_free(struct scrape_lookup *l)
{
	bench_sample_free(&l->empty);
	for (int i = 0; i < NLOADS; i++)
		bench_sample_free(&l->ns[i]);
}

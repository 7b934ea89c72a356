/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the parts of fwbench share. A benchmark reads a ruleset and a trace, gets
 * an engine ready (the kernel's program, or the same lookup here), checks every
 * verdict and then takes the time.
 */
#ifndef FWBENCH_BENCH_H
#define FWBENCH_BENCH_H

#include "fw/compile.h"
#include "fw/text.h"
#include "tests/perf/walk.h"

/* One packet: its first bytes (headers included; zeros follow), and what the bytes do not say. */
struct bench_header {
	struct walk_header head;
	uint32_t len; /* of the whole frame */
	uint32_t hook, mark;
	uint32_t iface; /* number in the ruleset, or FW_IFACE_OTHER */
};

struct bench_trace {
	struct bench_header *headers;
	size_t n, cap;
	uint32_t len_max;
};

/* Errors are said on standard error. ClassBench: `src dst sport dport proto X`, decimal. @rs learns interface names. */
int bench_trace_read(const char *path, enum fw_format format, struct fw_ruleset *rs, struct bench_trace *out);
void bench_trace_free(struct bench_trace *t);
/* The first matches, one a line: @n numbers from -1 to @nrules - 1, freed by the caller. */
int bench_truth_read(const char *path, size_t n, size_t nrules, long **out);

void bench_say(const struct fw_diags *ds);

/* What an engine needs to start. Borrowed, but for stats and the like, which it fills in. */
struct bench_setup {
	const struct fw_ruleset *rs;
	const struct bench_trace *trace;
	bool flow_cache;
	struct fw_compile_stats stats; /* filled in */
	double compile_seconds;        /* filled in */
};

/* Where a ruleset is looked up. Functions return 0 or -errno after saying what is wrong. */
struct bench_engine {
	const char *name;
	int (*open)(struct bench_setup *setup, void **out);
	int (*lookup)(void *ctx, const struct bench_header *h, struct fw_result *out);
	/* Gets the walks ready: how many headers can be walked is put into @n. */
	int (*prepare)(void *ctx, const struct bench_trace *t, size_t *n);
	/* @packets lookups, over and over the first @count headers; @empty: everything but the lookup. */
	int (*walk)(void *ctx, bool empty, size_t count, uint64_t packets, double *seconds);
	uint64_t (*memory)(void *ctx);
	void (*close)(void *ctx);
};
extern const struct bench_engine bench_kernel, bench_user;

/* Nanoseconds a packet, the empty walk subtracted. */
struct bench_time {
	double min, median;
};

#define BENCH_HOT 512
/* Warms up, then takes the time of five walks interleaved with five empty ones. */
int bench_measure(const struct bench_engine *e, void *ctx, size_t count, struct bench_time *out);
/* To the highest CPU that we may use. 0 or -errno. */
int bench_pin_cpu(void);

int bench_lookup(int argc, char **argv);

#endif

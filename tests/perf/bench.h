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

/* One packet: its first bytes (with all headers; zeros follow), and what the bytes do not contain. */
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

/* Prints errors to standard error. ClassBench: `src dst sport dport proto X`, decimal. @rs learns interface names. */
int bench_trace_read(const char *path, enum fw_format format, struct fw_ruleset *rs, struct bench_trace *out);
void bench_trace_free(struct bench_trace *t);
/* The first matches, one a line: @n numbers from -1 to @nrules - 1, freed by the caller. */
int bench_truth_read(const char *path, size_t n, size_t nrules, long **out);

/* The packet as the lookup sees it. */
void bench_header_key(const struct bench_header *h, struct fw_key *key);

/* Walks of XDP programs over a trace, as many packets as wanted in one system call. Prints errors. 0 or -errno. */
struct bench_walker;
/* How long a walk took: seconds for the system call, and ns a packet according to the kernel, without the overhead of the call. */
struct bench_walk {
	double seconds;
	uint32_t ns;
};
/* Does XDP get the packet: is it incoming and not marked? Others are left out. */
bool bench_walkable(const struct bench_header *h);
/* @n: packets that can be walked. */
int bench_walker_new(const struct bench_trace *trace, struct bench_walker **out, size_t *n);
/* @packets lookups by the XDP program @prog (-1: none, everything but the lookup), over and over the first @count. */
int bench_walker_run(struct bench_walker *w, int prog, size_t count, uint64_t packets, struct bench_walk *out);
void bench_walker_free(struct bench_walker *w); /* NULL is fine */

void bench_say(const struct fw_diags *ds);
/* "cannot WHAT: reason" on standard error; returns @err. */
int bench_said(const char *what, int err);

/* An option of a command: a text, with @max a number (unsigned), without argument a flag (bool). */
struct bench_option {
	const char *name, *argument, *help;
	size_t offset; /* in the command's settings */
	unsigned max;
};
struct bench_command_line {
	const char *usage;
	const struct bench_option *options;
	size_t noptions;
};
/* argv[0] is the command. 0; 1: help was printed; -EINVAL after printing why. */
int bench_options(const struct bench_command_line *cl, void *settings, int argc, char **argv);
/* Prints @what and the usage. Return: -EINVAL. */
int bench_wrong_usage(const struct bench_command_line *cl, const char *what);
/* 0 or -EINVAL. */
int bench_format(const char *name, enum fw_format *out);
/* A ruleset from a file; prints errors. 0 or -errno. */
int bench_rules_read(const char *path, enum fw_format format, struct fw_ruleset **out);

/* What an engine needs to start: borrowed, except for what it fills in. */
struct bench_setup {
	struct fw_ruleset *rs;
	const struct bench_trace *trace;
	bool flow_cache;
	unsigned pool;                 /* enum fw_kern_pool, for the kernel */
	struct fw_compile_stats stats; /* filled in */
	double compile_seconds;        /* filled in */
};

/* Where packets are looked up. Functions return 0, or -errno after printing why. */
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
/* Warms up, then times five walks and five empty ones by turns. */
int bench_measure(const struct bench_engine *e, void *ctx, size_t count, struct bench_time *out);
/* To the highest CPU that we may use. 0 or -errno. */
int bench_pin_cpu(void);

/* Many figures of one kind. Zero-initialised is empty. */
struct bench_sample {
	double *v;
	size_t n, cap;
};
/* 0 or -ENOMEM. */
int bench_sample_add(struct bench_sample *s, double value);
void bench_sample_sort(struct bench_sample *s);
/* The smallest figure that a share @q (0 to 1) of all figures does not exceed, of a sample that is sorted. Empty: 0. */
double bench_sample_quantile(const struct bench_sample *s, double q);
void bench_sample_free(struct bench_sample *s);

int bench_cost(int argc, char **argv);
int bench_lookup(int argc, char **argv);
int bench_update(int argc, char **argv);
int bench_reload(int argc, char **argv);
int bench_peers(int argc, char **argv);
int bench_scrape(int argc, char **argv);
int bench_stateful(int argc, char **argv);

#endif

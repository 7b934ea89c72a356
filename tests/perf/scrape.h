/* SPDX-License-Identifier: GPL-2.0-only */
/* Shared between the parts of fwbench scrape. */
#ifndef FWBENCH_SCRAPE_H
#define FWBENCH_SCRAPE_H

#include "tests/perf/bench.h"
#include "tests/perf/sandbox.h"

/* fw-exporter, once for each choice of rules. */
enum scrape_choice { SCRAPE_SELECTED, SCRAPE_ALL, SCRAPE_NCHOICES };
extern const char *const scrape_choice_name[SCRAPE_NCHOICES];

struct scrape_exporter {
	pid_t pid; /* 0: does not run */
	unsigned short port;
};
/* Starts it, and waits until it answers. 0, or -errno after printing why. */
int scrape_exporter_start(const struct sandbox *box, enum scrape_choice choice, struct scrape_exporter *out);
void scrape_exporter_stop(struct scrape_exporter *e);
/* A line of /proc/PID/status, in bytes. */
uint64_t scrape_exporter_memory(const struct scrape_exporter *e, const char *what);

/* One page, from connecting to its last byte: seconds. It must be whole and say that fwd is up, or not. 0, or -errno after printing why. */
int scrape_once(const struct scrape_exporter *e, bool up, double *seconds, uint64_t *bytes);

/*
 * What else runs while packets are looked up: nothing; a loop that touches no memory, which shows what any other process
 * costs on this machine (CPUs share cores and clocks); or pages of one exporter that are scraped in a loop.
 */
enum scrape_load { LOAD_NOTHING, LOAD_LOOP, LOAD_PAGES, NLOADS = LOAD_PAGES + SCRAPE_NCHOICES };

/* Lookups by the program that fwd has loaded: ns a packet, of each walk. */
struct scrape_lookup {
	struct bench_sample ns[NLOADS], empty;
	size_t packets, scrapes[SCRAPE_NCHOICES];
};
struct scrape_lookup_input {
	const char *rules, *format;
	unsigned windows;                        /* of each kind */
	const struct scrape_exporter *exporters; /* SCRAPE_NCHOICES */
};
/* 0, or -errno after printing why; scrape_lookup_free() in any case. */
int scrape_lookup_run(const struct sandbox *box, const struct scrape_lookup_input *in, struct scrape_lookup *out);
void scrape_lookup_free(struct scrape_lookup *l);

#endif

/* SPDX-License-Identifier: GPL-2.0-only */
/* Shared between the parts of fwbench update. */
#ifndef FWBENCH_UPDATE_H
#define FWBENCH_UPDATE_H

#include "tests/perf/changes.h"
#include "tests/perf/sandbox.h"

struct update_settings {
	const char *rules, *format;
	unsigned changes, batches, requests, windows, seed;
	bool json;
};

/* What is measured: a change of each kind, and whole batches. */
enum update_row { UPDATE_SINGLES = BENCH_NKINDS, UPDATE_BATCH_ADD, UPDATE_BATCH_MIXED, UPDATE_NROWS };
#define UPDATE_BATCH 1000 /* changes of a batch */
extern const char *const update_row_name[UPDATE_NROWS];

/* Draws the kind of the change that is to be measured next as one of @row. */
enum bench_kind update_kind(struct bench_changes *c, enum update_row row);
/* The text of the next transaction of @row. 0, or -errno after printing why. */
int update_write(struct bench_changes *c, enum update_row row, struct fw_buf *out);

/* In the controller, without the disk: seconds. */
struct update_inside {
	struct bench_sample total[UPDATE_NROWS];
	struct bench_sample parse, compile, kernel, after; /* of singles */
	size_t rebuilt[UPDATE_NROWS], waited[UPDATE_NROWS];
};
int update_inside_run(const struct update_settings *s, struct fw_ruleset *rs, struct update_inside *out);
void update_inside_print(struct update_inside *u);
json_t *update_inside_json(struct update_inside *u);
void update_inside_free(struct update_inside *u);

/* By fwctl and fwd, on the disk: seconds. */
struct update_daemon {
	struct bench_sample trip[UPDATE_NROWS];   /* from fwctl's start to its exit */
	struct bench_sample inside[UPDATE_NROWS]; /* according to fwd: parse, compile, store, swap */
	struct bench_sample store[UPDATE_NROWS];  /* of that, the store */
	size_t rebuilt[UPDATE_NROWS];
};
/* -EBADMSG: fwd has another ruleset than it should have, said. */
int update_daemon_run(const struct update_settings *s, const struct sandbox *box, struct update_daemon *out);
void update_daemon_print(struct update_daemon *u);
json_t *update_daemon_json(struct update_daemon *u);
void update_daemon_free(struct update_daemon *u);
/* Of batches that took so long: changes a second. */
double update_batch_rate(struct bench_sample *trip);

/* Packets on their way while changes are made: lookups, changes, and answers that were wrong. */
struct update_traffic {
	struct {
		double hot[2], cold[2]; /* ns a packet: [0] idle, [1] while changes are made; medians over walks */
		double rate;            /* changes a second that were made */
		size_t checked, wrong, changed; /* lookups; of those, while the answer changed */
		struct bench_sample change;     /* seconds, as struct bench_stages has them in total */
		size_t rebuilt;
	} cache[2]; /* without, with the flow cache */
	size_t packets;
};
/* @rs: the rules of the file; changed. */
int update_traffic_run(const struct update_settings *s, const struct sandbox *box, struct fw_ruleset *rs,
		       struct update_traffic *out);
void update_traffic_print(struct update_traffic *u);
json_t *update_traffic_json(struct update_traffic *u);
void update_traffic_free(struct update_traffic *u);

/* A line of the table: quantiles in units of @unit seconds. */
void update_print_row(const char *name, struct bench_sample *s, double unit);
json_t *update_json_row(struct bench_sample *s);

#endif

/* SPDX-License-Identifier: GPL-2.0-only */
/* fwbench update: what its parts share. */
#ifndef FWBENCH_UPDATE_H
#define FWBENCH_UPDATE_H

#include "tests/perf/changes.h"

#include <jansson.h>

struct update_settings {
	const char *rules, *format;
	unsigned changes, batches, seed;
	bool json;
};

/* What is measured: a change of each kind, and whole batches. */
enum update_row { UPDATE_SINGLES = BENCH_NKINDS, UPDATE_BATCH_ADD, UPDATE_BATCH_MIXED, UPDATE_NROWS };
#define UPDATE_BATCH 1000 /* changes of a batch */
extern const char *const update_row_name[UPDATE_NROWS];

/* Draws the kind of the change that is to be measured next as one of @row. */
enum bench_kind update_kind(struct bench_changes *c, enum update_row row);
/* The text of the next transaction of @row. 0 or -errno, said. */
int update_write(struct bench_changes *c, enum update_row row, struct fw_buf *out);

/* In the controller, without the disk: seconds. */
struct update_inside {
	struct bench_sample total[UPDATE_NROWS];
	struct bench_sample parse, compile, kernel, after; /* of singles */
	size_t anew[UPDATE_NROWS], waited[UPDATE_NROWS];
};
int update_inside_run(const struct update_settings *s, struct fw_ruleset *rs, struct update_inside *out);
void update_inside_print(struct update_inside *u);
json_t *update_inside_json(struct update_inside *u);
void update_inside_free(struct update_inside *u);

/* A line of the table: quantiles in units of @unit seconds. */
void update_print_row(const char *name, struct bench_sample *s, double unit);
json_t *update_json_row(struct bench_sample *s);

#endif

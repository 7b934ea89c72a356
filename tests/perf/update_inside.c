// SPDX-License-Identifier: GPL-2.0-only
/* fwbench update, inside the controller: from having a change's text to having published it, without the disk. */
#include "tests/perf/update.h"

#include <sched.h>

/* One change of the kind of @row, timed by stages and added to the samples. 0 or -errno. */
static int measure(struct bench_controller *controller, struct bench_changes *c, enum update_row row,
		   struct update_inside *out)
{
	struct fw_buf text = { 0 };
	struct bench_stages at;
	int err = update_write(c, row, &text);

	if (!err)
		err = bench_controller_change(controller, &text, NULL, NULL, &at);
	fw_buf_free(&text);
	if (err)
		return err;
	out->rebuilt[row] += at.rebuilt;
	out->waited[row] += at.waited;
	err = bench_sample_add(&out->total[row], at.total);
	if (err || row >= UPDATE_SINGLES)
		return err;
	out->rebuilt[UPDATE_SINGLES] += at.rebuilt;
	out->waited[UPDATE_SINGLES] += at.waited;
	err = bench_sample_add(&out->total[UPDATE_SINGLES], at.total);
	if (!err)
		err = bench_sample_add(&out->parse, at.parse);
	if (!err)
		err = bench_sample_add(&out->compile, at.compile);
	if (!err)
		err = bench_sample_add(&out->kernel, at.kernel);
	return err ? err : bench_sample_add(&out->after, at.after);
}

static int measure_all(const struct update_settings *s, struct bench_controller *controller, struct bench_changes *c,
		       struct update_inside *out)
{
	int err = 0;

	for (unsigned i = 0; !err && i < s->changes; i++)
		err = measure(controller, c, (enum update_row)update_kind(c, UPDATE_SINGLES), out);
	for (unsigned i = 0; !err && i < s->batches; i++)
		err = measure(controller, c, UPDATE_BATCH_ADD, out);
	for (unsigned i = 0; !err && i < s->batches; i++)
		err = measure(controller, c, UPDATE_BATCH_MIXED, out);
	return err;
}

int update_inside_run(const struct update_settings *s, struct fw_ruleset *rs, struct update_inside *out)
{
	struct bench_changes changes = { .rs = rs, .random = { s->seed } };
	struct bench_controller *controller = NULL;
	cpu_set_t before;
	struct fw_kern_options options = { 0 };
	int err = bench_controller_new(rs, &options, &controller);

	sched_getaffinity(0, sizeof(before), &before);
	bench_pin_cpu();
	if (!err)
		err = measure_all(s, controller, &changes, out);
	sched_setaffinity(0, sizeof(before), &before);
	bench_controller_free(controller);
	bench_changes_free(&changes);
	return err;
}

void update_inside_print(struct update_inside *u)
{
	struct bench_sample *stages[] = { &u->parse, &u->compile, &u->kernel, &u->after };
	static const char *const names[] = { "  parse and edit", "  tables", "  counters, segments, store",
					     "after it, frees" };

	printf("  inside the controller, us       n      p50      p99    p99.9       max  rebuilt  waited\n");
	for (int row = 0; row < UPDATE_NROWS; row++) {
		update_print_row(update_row_name[row], &u->total[row], 1e-6);
		printf(" %8zu %7zu\n", u->rebuilt[row], u->waited[row]);
		for (int i = 0; row == UPDATE_SINGLES && i < 4; i++) {
			update_print_row(names[i], stages[i], 1e-6);
			printf("\n");
		}
	}
}

static json_t *row_json(struct update_inside *u, int row)
{
	json_t *j = update_json_row(&u->total[row]);

	json_object_set_new(j, "rebuilt", json_integer((json_int_t)u->rebuilt[row]));
	json_object_set_new(j, "waited", json_integer((json_int_t)u->waited[row]));
	return j;
}

json_t *update_inside_json(struct update_inside *u)
{
	json_t *j = json_object();

	for (int row = 0; row < UPDATE_NROWS; row++)
		json_object_set_new(j, update_row_name[row], row_json(u, row));
	json_object_set_new(j, "parse", update_json_row(&u->parse));
	json_object_set_new(j, "tables", update_json_row(&u->compile));
	json_object_set_new(j, "kernel", update_json_row(&u->kernel));
	json_object_set_new(j, "after", update_json_row(&u->after));
	return j;
}

void update_inside_free(struct update_inside *u)
{
	for (int row = 0; row < UPDATE_NROWS; row++)
		bench_sample_free(&u->total[row]);
	bench_sample_free(&u->parse);
	bench_sample_free(&u->compile);
	bench_sample_free(&u->kernel);
	bench_sample_free(&u->after);
}

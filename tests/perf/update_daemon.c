// SPDX-License-Identifier: GPL-2.0-only
/*
 * fwbench update, durable: each change is a process of fwctl's over the socket of
 * a running fwd, and on the disk when that process ends. A ruleset here is
 * changed in the same way; in the end both must say the same.
 */
#include "tests/perf/update.h"

#include <string.h>

struct daemon_run {
	const struct update_settings *set;
	const struct sandbox *sandbox;
	struct bench_changes changes;
	struct fw_ruleset *rs;
	struct sandbox_answer answer;
	struct update_daemon *out;
};

/* The same change to the ruleset here. */
static int mirror(struct fw_ruleset *rs, const struct fw_buf *text)
{
	fw_autofree struct fw_diags *ds = calloc(1, sizeof(*ds));
	struct fw_edit e;
	int err = ds ? fw_edit_begin(rs, &e) : -ENOMEM;

	if (err)
		return err;
	err = fw_text_edit(&e, text->text, text->len, "change", ds, NULL);
	if (err) {
		bench_say(ds);
		fw_edit_abort(&e);
		return err;
	}
	for (size_t i = 0; !err && i < e.nrules; i++)
		if (!e.rules[i].after)
			err = fw_ruleset_slot_release(rs, e.rules[i].slot);
	fw_edit_commit(&e);
	return err;
}

static int text_store(const char *path, const struct fw_buf *text)
{
	FILE *f = fopen(path, "we");
	int err = !f || fwrite(text->text, 1, text->len, f) != text->len ? -EIO : 0;

	if (f && fclose(f))
		err = -EIO;
	return err ? bench_said("write a batch", err) : 0;
}

static int batch_send(struct daemon_run *d, const struct fw_buf *text)
{
	const char *path = sandbox_path(d->sandbox, "batch");
	const char *const args[] = { "batch", path, NULL };
	int err = text_store(path, text);

	return err ? err : sandbox_fwctl(d->sandbox, args, &d->answer);
}

/* A single change as a user makes it: fwctl add rule before 12 from ... */
static int single_send(struct daemon_run *d, const struct fw_buf *text)
{
	const char *args[SANDBOX_ARGS + 1] = { 0 };
	fw_autofree char *words = strndup(text->text, text->len - 1);
	char *rest = words;
	size_t n = 0;

	while (rest && n < SANDBOX_ARGS)
		args[n++] = strsep(&rest, " ");
	if (!words)
		return -ENOMEM;
	/* Change the rest by a file. */
	return rest || strchr(text->text, '"') ? batch_send(d, text) : sandbox_fwctl(d->sandbox, args, &d->answer);
}

/* The time that fwd reports. */
static int daemon_seconds(struct daemon_run *d, double *sum, double *store)
{
	double parse, compile, swap;

	if (json_unpack(d->answer.end, "{s:{s:F,s:F,s:F,s:F}}", "seconds", "parse", &parse, "compile", &compile,
			"store", store, "swap", &swap))
		return bench_said("read seconds from what fwctl says", -EPROTO);
	*sum = parse + compile + *store + swap;
	return 0;
}

/* One change, in seconds. */
struct figures {
	double trip, inside, store;
	bool rebuilt;
};

static int note(struct update_daemon *out, enum update_row row, const struct figures *f)
{
	int err = bench_sample_add(&out->trip[row], f->trip);

	out->rebuilt[row] += f->rebuilt;
	if (!err)
		err = bench_sample_add(&out->inside[row], f->inside);
	return err ? err : bench_sample_add(&out->store[row], f->store);
}

static int measure(struct daemon_run *d, enum update_row row)
{
	struct fw_buf text = { 0 };
	struct figures f = { 0 };
	int err = update_write(&d->changes, row, &text);

	if (!err)
		err = row < UPDATE_SINGLES ? single_send(d, &text) : batch_send(d, &text);
	if (!err)
		err = mirror(d->rs, &text);
	if (!err)
		err = daemon_seconds(d, &f.inside, &f.store);
	fw_buf_free(&text);
	if (err)
		return err;
	f.trip = d->answer.seconds;
	f.rebuilt = json_is_true(json_object_get(d->answer.end, "rebuilt"));
	err = note(d->out, row, &f);
	return err || row >= UPDATE_SINGLES ? err : note(d->out, UPDATE_SINGLES, &f);
}

/* Asks fwd for its rules; they are in the out of the answer. */
static int save(struct daemon_run *d)
{
	const char *const argv[] = { "fwctl", "save", "--socket", sandbox_path(d->sandbox, "sock"), NULL };

	return sandbox_run(d->sandbox, argv, &d->answer);
}

/* The ruleset here begins with the ids that fwd gave. */
static int begin(struct daemon_run *d)
{
	const char *const load[] = { "load", d->set->rules, "--format", d->set->format, NULL };
	fw_autofree struct fw_diags *ds = calloc(1, sizeof(*ds));
	int err = sandbox_fwctl(d->sandbox, load, &d->answer);

	d->rs = fw_ruleset_new(NULL);
	if (!ds || !d->rs)
		return -ENOMEM;
	if (!err)
		err = save(d);
	if (!err)
		err = fw_text_parse(d->rs, d->answer.out.text, d->answer.out.len, "save", ds);
	bench_say(ds);
	d->changes.rs = d->rs;
	return err;
}

/* Does fwd have the rules that it should have by now? 0 or -EBADMSG. */
static int compare(struct daemon_run *d)
{
	struct fw_buf want = { 0 };
	int err = save(d);

	fw_text_print(&want, d->rs);
	if (!err && want.failed)
		err = -ENOMEM;
	if (!err && (want.len != d->answer.out.len || memcmp(want.text, d->answer.out.text, want.len))) {
		fprintf(stderr, "fwbench: after all changes fwd does not have the ruleset that it should have\n");
		err = -EBADMSG;
	}
	fw_buf_free(&want);
	return err;
}

static int measure_all(struct daemon_run *d)
{
	int err = begin(d);

	for (unsigned i = 0; !err && i < d->set->requests; i++)
		err = measure(d, (enum update_row)update_kind(&d->changes, UPDATE_SINGLES));
	for (unsigned i = 0; !err && i < d->set->batches; i++)
		err = measure(d, UPDATE_BATCH_ADD);
	for (unsigned i = 0; !err && i < d->set->batches; i++)
		err = measure(d, UPDATE_BATCH_MIXED);
	return err ? err : compare(d);
}

int update_daemon_run(const struct update_settings *s, const struct sandbox *box, struct update_daemon *out)
{
	struct daemon_run d = { .set = s, .sandbox = box, .changes = { .random = { s->seed } }, .out = out };
	int err = measure_all(&d);

	sandbox_answer_free(&d.answer);
	bench_changes_free(&d.changes);
	fw_ruleset_free(d.rs);
	return err;
}

double update_batch_rate(struct bench_sample *trip)
{
	double sum = 0;

	for (size_t i = 0; i < trip->n; i++)
		sum += trip->v[i];
	return sum > 0 ? (double)trip->n * UPDATE_BATCH / sum : 0;
}

void update_daemon_print(struct update_daemon *u)
{
	printf("  durable: a process of fwctl, ms   n      p50      p99    p99.9       max  rebuilt\n");
	for (int row = 0; row < UPDATE_NROWS; row++) {
		update_print_row(update_row_name[row], &u->trip[row], 1e-3);
		printf(" %8zu\n", u->rebuilt[row]);
	}
	printf("  of which fwd says, ms           n      p50      p99    p99.9       max\n");
	for (int row = UPDATE_SINGLES; row < UPDATE_NROWS; row++) {
		update_print_row(update_row_name[row], &u->inside[row], 1e-3);
		printf("\n");
		update_print_row("  store", &u->store[row], 1e-3);
		printf("\n");
	}
	for (int row = UPDATE_BATCH_ADD; row < UPDATE_NROWS; row++)
		printf("    %-25s %.0f rules/s (as fwd says: %.0f)\n", update_row_name[row],
		       update_batch_rate(&u->trip[row]), update_batch_rate(&u->inside[row]));
}

json_t *update_daemon_json(struct update_daemon *u)
{
	json_t *j = json_object();

	for (int row = 0; row < UPDATE_NROWS; row++)
		json_object_set_new(j, update_row_name[row],
				    json_pack("{s:o,s:o,s:o,s:I}", "trip", update_json_row(&u->trip[row]), "fwd",
					      update_json_row(&u->inside[row]), "store",
					      update_json_row(&u->store[row]), "rebuilt", (json_int_t)u->rebuilt[row]));
	json_object_set_new(j, "batch_rules_per_second",
			    json_pack("{s:f,s:f}", "adds", update_batch_rate(&u->trip[UPDATE_BATCH_ADD]), "mixed",
				      update_batch_rate(&u->trip[UPDATE_BATCH_MIXED])));
	return j;
}

void update_daemon_free(struct update_daemon *u)
{
	for (int row = 0; row < UPDATE_NROWS; row++) {
		bench_sample_free(&u->trip[row]);
		bench_sample_free(&u->inside[row]);
		bench_sample_free(&u->store[row]);
	}
}

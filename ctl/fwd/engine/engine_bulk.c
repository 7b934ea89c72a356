// SPDX-License-Identifier: GPL-2.0-only
/*
 * Changes that would take long, mostly of sets with very many elements. The worker reads the ruleset from the
 * store once more, as a restart would, makes the change in that copy, compiles
 * it and writes the change down; then it takes the place of the live one, as what
 * is loaded does. Others read the live ruleset meanwhile.
 */
#include "ctl/fwd/engine/transaction.h"

#include <string.h>

/* What takes the engine some ten milliseconds: of text, of changes, of elements in sets that are emptied. */
#define BULK_BYTES 65536
#define BULK_LINES 2000
#define BULK_ELEMENTS 16384

struct bulk_job {
	struct job job;
	struct engine_edit asked;
	struct transaction t;
	struct live *next;
	struct later *before;
	struct labels labels;
	struct engine_result result;
	void (*done)(const struct engine_result *result, void *ctx);
	double start;
	bool stored; /* from here on it cannot fail */
};

/* Elements of the sets that a line empties or fills anew. @s: from the line's beginning. */
static size_t elements_of_line(const struct fw_ruleset *rs, const char *s, const char *end)
{
	static const char *const verbs[] = { "set flush ", "set destroy ", "set replace " };
	char name[FW_NAME_MAX + 1] = "";
	int set;

	for (size_t i = 0; i < sizeof(verbs) / sizeof(*verbs) && !name[0]; i++) {
		size_t len = strlen(verbs[i]), n = 0;

		if ((size_t)(end - s) <= len || memcmp(s, verbs[i], len))
			continue;
		for (s += len; s < end && *s == ' '; s++)
			;
		while (n < FW_NAME_MAX && s + n < end && !strchr(" \t\r\n{", s[n]))
			n++;
		memcpy(name, s, n);
	}
	set = name[0] ? fw_ruleset_set_find(rs, name) : -ENOENT;
	return set < 0 ? 0 : rs->sets[set].n;
}

/* What the whole text is about is known when it is read; here only what is plain: blanks may be others. */
bool engine_edit_is_bulk(const struct engine *e, const struct engine_edit *edit)
{
	const char *end = edit->text + edit->len;
	size_t bytes = edit->len, elements = 0, lines = 0;

	for (size_t i = 0; i < edit->nfiles; i++)
		bytes += edit->files[i].len;
	if (bytes >= BULK_BYTES)
		return true;
	for (const char *s = edit->text; s && s < end; s = memchr(s, '\n', (size_t)(end - s)), s += s != NULL) {
		elements += elements_of_line(e->live->rs, s, end);
		lines++;
	}
	return elements >= BULK_ELEMENTS || lines >= BULK_LINES;
}

static int bulk_compile(struct engine *e, struct bulk_job *j)
{
	struct engine_result *r = &j->result;
	double start = fw_now();
	int err = fw_ruleset_order(j->next->rs);

	err = err ? err : live_compile(e, j->next, &r->ds);
	if (!err && !j->asked.check)
		err = engine_kernel_ready(e, j->next->rs, &r->ds);
	if (!err && !j->asked.check)
		err = labels_prepare(e, j->next->rs, &j->labels);
	r->rebuilt = true;
	r->seconds.compile = fw_now() - start;
	return err;
}

static bool names_interfaces(const struct fw_edit *edit)
{
	for (size_t i = 0; i < edit->nrules; i++)
		if (edit->rules[i].after && fw_rule_match(edit->rules[i].after, FW_F_IFACE))
			return true;
	return false;
}

static int bulk_build(struct engine *e, struct bulk_job *j)
{
	struct stored st = { .rs = NULL };
	int err = stored_read(e, j->next->arena, e->live->rs, false, &st, &j->result.ds);

	j->next->rs = st.rs;
	err = err ? err : fw_edit_begin(j->next->rs, &j->t.edit);
	err = err ? err : transaction_read(&j->t);
	err = err ? err : bulk_compile(e, j);
	/* What interfaces are called is for the engine's thread to settle first. */
	if (!err && !j->asked.check && !names_interfaces(&j->t.edit)) {
		err = transaction_store(&j->t);
		j->stored = !err;
	}
	return err;
}

static void bulk_run(struct engine *e, struct job *job)
{
	struct bulk_job *j = (struct bulk_job *)job;

	j->next->arena = memory_new();
	j->result.err = bulk_build(e, j);
}

static void bulk_swap(struct engine *e, struct bulk_job *j)
{
	double start = fw_now();

	j->before->live = e->live;
	e->live = fw_take(j->next);
	e->live->image.generation = engine_next_generation(e);
	engine_publish(e, &e->live->image);
	labels_commit(e, &j->labels);
	transaction_tell(&j->t);
	fw_edit_commit(&j->t.edit);
	transaction_retire(&j->t, j->before);
	grace_later(e, fw_take(j->before));
	record_tell(e, &j->t.record);
	j->result.seconds.swap = fw_now() - start;
}

/* What is left to fail. */
static int bulk_ready(struct engine *e, struct bulk_job *j)
{
	struct fw_diags *ds = &j->result.ds;
	int err = e->jobs.quit ? -ECANCELED : ifaces_check(e, j->next->rs, ds);

	if (err || j->asked.check)
		return err;
	err = engine_make_ready(e, j->next->rs, ds);
	return err ? err : transaction_store(&j->t);
}

static void bulk_failed(struct engine *e, struct bulk_job *j)
{
	struct engine_result *r = &j->result;

	engine_explain(r->err, "make the change", &r->ds);
	if (!j->asked.check && !e->jobs.quit)
		record_refused(e, RECORD_CHANGE, &j->asked.cause, r->err, &r->ds);
	e->failures[ENGINE_FAILED_CHANGE] += !j->asked.check;
}

static void bulk_finish(struct engine *e, struct job *job)
{
	struct bulk_job *j = (struct bulk_job *)job;
	struct engine_result *r = &j->result;

	if (!r->err && !j->stored)
		r->err = bulk_ready(e, j);
	if (!r->err && !j->asked.check)
		bulk_swap(e, j);
	else if (!r->err)
		transaction_tell(&j->t);
	else
		bulk_failed(e, j);
	if (j->t.edit.rs)
		fw_edit_abort(&j->t.edit);
	live_free(e, j->next);
	r->rules = e->live->rs->nrules;
	r->generation = e->live->image.generation;
	r->confirm_by = e->confirm.by;
	r->seconds.total = fw_now() - j->start;
	if (!r->err && !j->asked.check)
		histogram_add(&e->transaction_seconds, r->seconds.total);
	j->done(r, j->asked.ctx);
	transaction_free(&j->t);
	labels_free(&j->labels);
	free(j->before);
	free(j);
}

int engine_bulk_start(struct engine *e, const struct engine_edit *edit,
		      void (*done)(const struct engine_result *result, void *ctx), struct fw_diags *ds)
{
	struct bulk_job *j = NULL;
	int err = e->swapping ? -EAGAIN : 0;

	if (!err && (e->confirm.undoing || edit->cause.confirm))
		err = engine_waits(e, ds);
	if (err)
		return err;
	j = calloc(1, sizeof(*j));
	if (j) {
		j->next = calloc(1, sizeof(*j->next));
		j->before = calloc(1, sizeof(*j->before));
	}
	if (!j || !j->next || !j->before) {
		if (j)
			free(j->next);
		free(j ? j->before : NULL);
		free(j);
		return -ENOMEM;
	}
	j->job = (struct job){ .swaps = true, .run = bulk_run, .finish = bulk_finish };
	j->asked = *edit;
	j->t = (struct transaction){ .e = e, .asked = &j->asked, .out = &j->result };
	j->done = done;
	j->start = fw_now();
	job_queue(e, &j->job);
	return 0;
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * Changes that take long, mostly of sets with very many elements. The worker reads the ruleset from the store, as a restart would,
 * applies the change to that copy, compiles it and writes the change to the store. Then the copy replaces the live ruleset, as a
 * load does, which can be read meanwhile.
 */
#include "transaction.h"

#include <string.h>

/* Applying as much takes some ten milliseconds. */
#define BULK_BYTES 65536
#define BULK_LINES 2000

struct bulk_job {
	struct job job;
	struct engine_edit asked;
	struct engine *e;
	struct transaction t;
	struct fw_edit edit; /* of the copy */
	struct fw_swap swap;
	struct engine_result result;
	void (*done)(const struct engine_result *result, void *ctx);
	double start;
	bool stored; /* it cannot fail any more */
};

bool engine_edit_is_bulk(const struct engine_edit *edit)
{
	const struct store_text *t = &edit->source;
	const char *end = t->text + t->len;
	size_t bytes = t->len, lines = 0;

	for (size_t i = 0; i < t->nfiles; i++)
		bytes += t->files[i].len;
	if (bytes >= BULK_BYTES)
		return true;
	for (const char *s = t->text; s && s < end; s = memchr(s, '\n', (size_t)(end - s)), s += s != NULL)
		lines++;
	return lines >= BULK_LINES;
}

static int bulk_compile(struct engine *e, struct bulk_job *j)
{
	struct loaded *next = (struct loaded *)j->swap.next;
	struct engine_result *r = &j->result;
	double start = fw_now();
	int err = loaded_compile(e, next, &r->ds);

	if (!err)
		err = loaded_cost(e, next);
	if (!err && !j->asked.check)
		err = fw_swap_ready(e->live, &j->swap, &r->ds);
	r->rebuilt = true;
	r->seconds.compile = fw_now() - start;
	return err;
}

static bool names_interfaces(const struct fw_edit *edit)
{
	for (size_t i = 0; i < edit->nrules; i++) {
		const struct fw_rule *after = edit->rules[i].after;

		for (unsigned m = 0; after && m < after->nmatches; m++)
			if (fw_field_is_iface(after->matches[m]->field))
				return true;
	}
	return false;
}

/* In the worker: the copy with the change, compiled and, if no interface has to be numbered first, stored. 0 or -errno with diagnostics. */
static int bulk_build(struct engine *e, struct bulk_job *j)
{
	struct loaded *next = (struct loaded *)j->swap.next;
	struct stored st = { .rs = NULL };
	int err = stored_read(e, &(struct stored_options){ .arena = next->arena, .like = e->live->now->rs }, &st,
			      &j->result.ds);

	next->compiled.rs = st.rs;
	if (!err)
		err = fw_edit_begin(st.rs, &j->edit);
	if (!err)
		err = transaction_read(&j->t);
	if (!err)
		err = own_fill_edit(e, &j->edit, &j->result.ds);
	if (!err)
		err = fw_live_deleted_slots(&j->edit, &j->swap.slots, &j->swap.nslots);
	if (!err)
		err = bulk_compile(e, j);
	/* If rules name interfaces, their numbers are stored first, by the engine's thread. */
	if (!err && !j->asked.check && !names_interfaces(&j->edit)) {
		err = transaction_store(&j->t);
		j->stored = !err;
	}
	return err;
}

static void bulk_run(struct engine *e, struct job *job)
{
	struct bulk_job *j = (struct bulk_job *)job;
	struct loaded *next = loaded_new();

	j->swap.next = next ? &next->compiled : NULL;
	j->result.err = next ? bulk_build(e, j) : -ENOMEM;
}

static int bulk_journal(void *ctx)
{
	struct bulk_job *j = ctx;
	int err;

	if (j->stored)
		return 0;
	err = ifaces_number(j->e, j->edit.rs, &j->result.ds);
	return err ? err : transaction_store(&j->t);
}

/* It is live, and its rows are still there. Takes @slots. */
static void bulk_committed(struct engine *e, struct bulk_job *j, uint32_t *slots, size_t nslots)
{
	transaction_tell(&j->t);
	fw_edit_commit(&j->edit);
	if (j->asked.cause.confirm)
		confirm_begin(e, &j->asked.cause, e->live->now->rs->nrules, slots, nslots);
	grace_work(e);
	if (!j->asked.own)
		record_tell(e, &j->t.record);
}

/* Stores and publishes what is ready. 0, or -errno with diagnostics, and nothing has changed. */
static int bulk_commit(struct engine *e, struct bulk_job *j)
{
	double start = fw_now();
	uint32_t *kept = NULL;
	size_t nkept = j->swap.nslots;
	int err;

	/* Rules that may come back keep their slots. */
	if (j->asked.cause.confirm) {
		kept = fw_take(j->swap.slots);
		j->swap.nslots = 0;
	}
	err = fw_swap_commit(e->live, &j->swap, bulk_journal, j, &j->result.ds);
	if (err)
		free(kept);
	else
		bulk_committed(e, j, kept, nkept);
	j->result.seconds.swap = fw_now() - start;
	return err;
}

/* What may still refuse the change before it is stored. */
static int bulk_check(struct engine *e, struct bulk_job *j)
{
	if (j->stored)
		return 0;
	return e->jobs.quit ? -ECANCELED : ifaces_check(e, j->edit.rs, &j->result.ds);
}

static void bulk_failed(struct engine *e, struct bulk_job *j)
{
	struct engine_result *r = &j->result;

	engine_explain(r->err, "make the change", &r->ds);
	if (!j->asked.check && !j->asked.own && !e->jobs.quit)
		record_refused(e, RECORD_CHANGE, &j->asked.cause, r->err, &r->ds);
	e->failures[ENGINE_FAILED_CHANGE] += !j->asked.check;
}

/* In the engine's thread: commits, unless something failed or the change is only checked, reports to the client, and frees the job. */
static void bulk_finish(struct engine *e, struct job *job)
{
	struct bulk_job *j = (struct bulk_job *)job;
	struct engine_result *r = &j->result;

	if (!r->err)
		r->err = bulk_check(e, j);
	if (!r->err && !j->asked.check)
		r->err = bulk_commit(e, j);
	else if (!r->err)
		transaction_tell(&j->t);
	if (r->err)
		bulk_failed(e, j);
	if (j->edit.rs)
		fw_edit_abort(&j->edit);
	fw_swap_free(&j->swap);
	r->rules = e->live->now->rs->nrules;
	r->generation = e->live->now->image.generation;
	e->edits += !r->err && !j->asked.check && !j->asked.own && !j->t.dynamic;
	r->edits = e->edits;
	r->confirm_by = e->confirm.by;
	r->seconds.total = fw_now() - j->start;
	if (!r->err && !j->asked.check)
		histogram_add(&e->transaction_seconds, r->seconds.total);
	j->done(r, j->asked.ctx);
	transaction_free(&j->t);
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
	if (!j)
		return -ENOMEM;
	j->job = (struct job){ .swaps = true, .run = bulk_run, .finish = bulk_finish };
	j->asked = *edit;
	j->e = e;
	j->t = (struct transaction){ .e = e, .asked = &j->asked, .edit = &j->edit, .out = &j->result };
	j->done = done;
	j->start = fw_now();
	job_queue(e, &j->job);
	return 0;
}

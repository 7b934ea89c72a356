// SPDX-License-Identifier: GPL-2.0-only
/*
 * One transaction: the ruleset is edited, the tables are prepared, the store
 * writes it down, packets see it. Until the store has it, all can be taken back;
 * from then on nothing can fail.
 */
#include "fw/tables.h"

#include "ctl/fwd/engine/transaction.h"

#include <string.h>

#define LARGE 10000 /* rules and elements, which take some 10 ms to compile */

static void transaction_abort(struct transaction *t)
{
	if (t->change)
		fw_update_abort(t->change);
	fw_image_free(&t->image);
	fw_edit_abort(&t->edit);
}

void transaction_free(struct transaction *t)
{
	fw_buf_free(&t->log);
	free(t->added);
	free(t->deleted);
}

static double lap(double *since)
{
	double now = fw_now(), passed = now - *since;

	*since = now;
	return passed;
}

/* The tables of the edited ruleset: what differs, or all of them. */
static int prepare(struct transaction *t)
{
	struct engine *e = t->e;
	struct fw_diags *ds = &t->out->ds;
	struct fw_image *image = &e->live->image;
	int err = -EAGAIN;

	if (image->generation < UINT32_MAX)
		err = fw_tables_update(image, &t->edit, ds, &t->change);
	if (err != -EAGAIN)
		return err;
	t->out->bulk = engine_is_large(e);
	if (t->out->bulk)
		return err;
	t->out->rebuilt = true;
	err = fw_ruleset_order(e->live->rs);
	err = err ? err : fw_tables_compile(e->live->rs, fw_kern_pool(e->kern), NULL, ds, &t->image);
	return err ? err : fw_cost_worst(fw_kern_pool(e->kern), t->image.root, &t->cost);
}

/* Slots of the rules that came, in the order of the log, and of those that went; a rule may have done both. */
static int collect_slots(struct transaction *t)
{
	const struct fw_edit *edit = &t->edit;

	t->added = malloc((edit->nrules + 1) * sizeof(*t->added));
	t->deleted = malloc((edit->nrules + 1) * sizeof(*t->deleted));
	if (!t->added || !t->deleted)
		return -ENOMEM;
	for (size_t i = 0; i < edit->nrules; i++) {
		const struct fw_rule_change *row = &edit->rules[i];

		if (!row->before)
			t->added[t->nadded++] = row->slot | (row->after && row->after->own_id ? STORED_OWN_ID : 0);
		if (!row->after)
			t->deleted[t->ndeleted++] = row->slot;
	}
	return 0;
}

int transaction_read(struct transaction *t)
{
	const struct engine_edit *asked = t->asked;
	struct finder finder = { asked->files, asked->nfiles };
	const struct fw_files files = { .find = finder_find, .ctx = &finder };
	struct engine_result *out = t->out;
	struct fw_diags *warnings = t->edit.rs->warnings;
	double start = fw_now();
	int err;

	if (warnings)
		*warnings = (struct fw_diags){ .n = 0 }; /* those of before were told */
	err = fw_text_edit_with(&t->edit, asked->text, asked->len, asked->name, &files, &out->ds, &t->log);
	if (t->edit.rs->warnings)
		out->warnings = *t->edit.rs->warnings;
	if (!err && t->log.failed)
		err = -ENOMEM;
	/* What fills a dynamic set does not stop when somebody tries something. */
	if (!err && !fw_edit_only_dynamic(&t->edit))
		err = engine_waits(t->e, &out->ds);
	err = err ? err : collect_slots(t);
	if (!err)
		fw_edit_counts(&t->edit, &out->counts);
	out->seconds.parse = fw_now() - start;
	return err;
}

/* All that can fail. */
static int transaction_prepare(struct transaction *t)
{
	struct engine *e = t->e;
	struct engine_result *out = t->out;
	int err = transaction_read(t);
	double since = fw_now();

	err = err ? err : ifaces_check(e, e->live->rs, &out->ds);
	err = err ? err : prepare(t);
	out->seconds.compile = lap(&since);
	err = err ? err : engine_make_ready(e, e->live->rs, &out->ds);
	out->seconds.swap = lap(&since);
	return err;
}

/* Tables that were written anew take the place of the old ones, which go a grace period later. */
static void replace_image(struct transaction *t, struct later *old)
{
	struct engine *e = t->e;
	struct fw_image *image = &e->live->image;

	t->image.generation = engine_next_generation(e);
	old->image = *image;
	*image = t->image;
	e->live->cost = t->cost;
	t->image = (struct fw_image){ .root = 0 };
	e->graces.ticket_of = NULL; /* a grace period that runs now is that of the old image */
}

int transaction_store(struct transaction *t)
{
	const struct engine_cause *cause = &t->asked->cause;
	fw_cleanup(fw_buf_free) struct fw_buf b = { 0 };
	struct store_note note;
	const struct store_change change = {
		.text = t->log.text ? t->log.text : "",
		.len = t->log.len,
		.slots = t->added,
		.nslots = t->nadded,
		.keep = cause->confirm,
		.note = &note,
	};
	double since = fw_now();
	int err;

	t->record = record_of(RECORD_CHANGE, cause);
	t->record.counts = t->out->counts;
	t->record.rules = t->edit.rs->nrules;
	err = record_write(&t->record, &b, &note);
	if (!err && cause->confirm)
		err = confirm_prepare(t->e, cause, t->edit.rs->nrules, &t->out->ds);
	err = err ? err : store_change(t->e->store, &change, &t->out->ds);
	t->out->seconds.store = lap(&since);
	return err;
}

void transaction_retire(struct transaction *t, struct later *old)
{
	const struct engine_cause *cause = &t->asked->cause;

	if (cause->confirm) {
		confirm_begin(t->e, cause, t->e->live->rs->nrules, fw_take(t->deleted), t->ndeleted);
	} else if (t->ndeleted) {
		old->slots = fw_take(t->deleted);
		old->nslots = t->ndeleted;
	}
}

void transaction_tell(struct transaction *t)
{
	for (size_t i = 0; t->asked->each && i < t->edit.nrules; i++)
		t->asked->each(t->edit.rs, &t->edit.rules[i], t->asked->ctx);
	warn_edit(t->e, &t->edit, &t->out->warnings);
}

static void transaction_commit(struct transaction *t, struct later *old)
{
	struct engine *e = t->e;
	double since = fw_now();

	e->live->changed = t->change;
	if (t->change)
		fw_update_commit(fw_take(t->change));
	else
		replace_image(t, old);
	t->out->seconds.compile += lap(&since);
	engine_publish(e, &e->live->image);
	labels_edit(e, &t->edit);
	t->out->seconds.swap += lap(&since);
	for (size_t i = 0; i < t->edit.nrules; i++)
		facts_change(&e->live->facts, t->edit.rules[i].before, t->edit.rules[i].after);
	transaction_tell(t);
	fw_edit_commit(&t->edit);
	transaction_retire(t, old);
	if (old->nslots || old->image.root)
		grace_later(e, old);
	else
		free(old);
	grace_work(e);
}

static int attempt(struct engine *e, const struct engine_edit *asked, struct engine_result *out)
{
	fw_cleanup(transaction_free) struct transaction t = { .e = e, .asked = asked, .out = out };
	struct later *old = calloc(1, sizeof(*old));
	int err = old ? fw_edit_begin(e->live->rs, &t.edit) : -ENOMEM;

	if (err) {
		free(old);
		return err;
	}
	err = transaction_prepare(&t);
	if (!err && !asked->check)
		err = transaction_store(&t);
	if (err || asked->check)
		free(old);
	if (!err && asked->check)
		transaction_tell(&t);
	if (err || asked->check)
		transaction_abort(&t);
	else
		transaction_commit(&t, old);
	if (!err && !asked->check)
		record_tell(e, &t.record);
	return err;
}

/*
 * What was replaced just now still takes room, or was replaced too often since the last grace period, or numbers of interfaces
 * are not given back yet?
 */
static bool grace_helps(const struct engine *e, int err, const struct engine_result *out)
{
	bool may = err == -ENOSPC || (err == -EBUSY && !out->ds.n) || (err == -E2BIG && names_wanted(e));

	return may && grace_pending(e);
}

bool engine_is_large(const struct engine *e)
{
	const struct fw_ruleset *rs = e->live->rs;
	size_t n = rs->nrules;

	for (size_t i = 0; i < rs->nsets; i++)
		n += rs->sets[i].n;
	return n > LARGE;
}

int engine_change(struct engine *e, const struct engine_edit *asked, struct engine_result *out)
{
	bool check = asked->check;
	double start = fw_now();
	int err;

	*out = (struct engine_result){ .err = 0 };
	err = e->swapping ? -EAGAIN : 0;
	if (!err && (e->confirm.undoing || asked->cause.confirm))
		err = engine_waits(e, &out->ds);
	if (err) {
		if (err != -EAGAIN && !check)
			record_refused(e, RECORD_CHANGE, &asked->cause, err, &out->ds);
		return out->err = err;
	}
	err = attempt(e, asked, out);
	/* Nobody else waits meanwhile: at first it comes again when no grace period is pending, and then it is one for the worker. */
	if (!out->bulk && grace_helps(e, err, out) && engine_is_large(e)) {
		*out = (struct engine_result){ .bulk = asked->waited };
		e->awaits_grace = !asked->waited;
		grace_work(e);
		return out->err = -EAGAIN;
	}
	if (out->bulk)
		return out->err = -EAGAIN;
	if (grace_helps(e, err, out)) {
		grace_wait(e);
		*out = (struct engine_result){ .err = 0 };
		err = attempt(e, asked, out);
	}
	if (err)
		engine_explain(err, "make the change", &out->ds);
	if (err && !check)
		record_refused(e, RECORD_CHANGE, &asked->cause, err, &out->ds);
	e->failures[ENGINE_FAILED_CHANGE] += err && !check;
	out->err = err;
	out->rules = e->live->rs->nrules;
	out->generation = e->live->image.generation;
	out->confirm_by = asked->cause.confirm ? e->confirm.by : 0;
	out->seconds.total = fw_now() - start;
	if (!err && !check)
		histogram_add(&e->transaction_seconds, out->seconds.total);
	grace_work(e);
	engine_upkeep(e);
	return err;
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * One transaction in the live ruleset: edit, tables, store, publication. Until the store has the change everything can be undone;
 * from then on nothing can fail.
 */
#include "engine_text.h"
#include "snapshot.h"
#include "owners.h"
#include "transaction.h"

#include <string.h>

#define EMPTIED_MAX 16384 /* elements: emptying sets with more of them takes some ten milliseconds */

void transaction_free(struct transaction *t)
{
	fw_buf_free(&t->log);
	free(t->added);
}

/* Slots of added rules in the order of the log, including those of rules that the edit deleted again. 0 or -ENOMEM. */
static int collect_slots(struct transaction *t)
{
	const struct fw_edit *edit = t->edit;

	t->added = malloc((edit->nrules + 1) * sizeof(*t->added));
	if (!t->added)
		return -ENOMEM;
	for (size_t i = 0; i < edit->nrules; i++) {
		const struct fw_rule_change *row = &edit->rules[i];

		if (!row->before)
			t->added[t->nadded++] = row->slot | (row->after && row->after->own_id ? SNAPSHOT_OWN_ID : 0);
	}
	return 0;
}

/* The text makes the change. 0, -EINVAL with a diagnostic, -ENOMEM. */
static int read_text(struct transaction *t)
{
	const struct store_text *source = &t->asked->source;
	const struct fw_chain_text chain = { t->asked->chain, source->text, source->len, source->name };
	const struct fw_files files = { .find = text_find_file, .ctx = (void *)source };

	if (chain.chain)
		return fw_text_edit_chain(t->edit, &chain, &t->out->ds, &t->log);
	return fw_text_edit_with(t->edit, source->text, source->len, source->name, &files, &t->out->ds, &t->log);
}

int transaction_read(struct transaction *t)
{
	struct engine_result *out = t->out;
	struct fw_diags *warnings = t->edit->rs->warnings;
	double start = fw_now();
	int err;

	t->edit->rs->now = engine_now(t->e);
	if (warnings)
		*warnings = (struct fw_diags){ .n = 0 }; /* earlier ones were reported */
	if (t->asked->make)
		err = t->asked->make(t->edit, &t->log, t->asked->ctx);
	else
		err = read_text(t);
	if (!err && t->asked->rights)
		err = owners_check(t->edit, t->asked->rights, &out->ds);
	if (t->edit->rs->warnings)
		out->warnings = *t->edit->rs->warnings;
	if (!err && t->log.failed)
		err = -ENOMEM;
	/* Elements of dynamic sets change even while something waits to be confirmed. */
	t->dynamic = !err && fw_edit_only_dynamic(t->edit);
	if (!err && !t->dynamic)
		err = engine_waits(t->e, &out->ds);
	if (!err)
		err = collect_slots(t);
	if (!err)
		fw_edit_counts(t->edit, &out->counts);
	out->seconds.parse = fw_now() - start;
	return err;
}

int transaction_store(struct transaction *t)
{
	const struct engine_cause *cause = &t->asked->cause;
	fw_cleanup(fw_buf_free) struct fw_buf b = { 0 };
	struct store_note note = { 0 };
	const struct store_change change = {
		.text = t->log.text ? t->log.text : "",
		.len = t->log.len,
		.slots = t->added,
		.nslots = t->nadded,
		.keep = cause->confirm,
		.note = t->asked->own ? NULL : &note,
		.lazy = t->asked->own,
	};
	double since = fw_now();
	int err;

	if (t->asked->own && !change.len)
		return 0;
	t->record = record_of(RECORD_CHANGE, cause);
	t->record.counts = t->out->counts;
	t->record.rules = t->edit->rs->nrules;
	err = record_write(&t->record, &b, &note);
	if (!err && cause->confirm)
		err = confirm_prepare(t->e, cause, t->edit->rs->nrules, &t->out->ds);
	if (!err)
		err = store_change(t->e->store, &change, &t->out->ds);
	t->out->seconds.store = fw_now() - since;
	return err;
}

void transaction_tell(struct transaction *t)
{
	for (size_t i = 0; t->asked->each && i < t->edit->nrules; i++)
		t->asked->each(t->edit->rs, &t->edit->rules[i], t->asked->ctx);
	warn_edit(t->e, t->edit, &t->out->warnings);
}

/* A change of the live ruleset. */
struct live_change {
	struct fw_transaction t;
	struct transaction asked;
	struct fw_cost_worst cost; /* if all tables are written again */
};

/* Everything that can fail, except for the journal. */
static int live_prepare(struct live_change *c)
{
	struct engine *e = c->asked.e;
	struct engine_result *out = c->asked.out;
	int err;

	c->t.edit.emptied_max = EMPTIED_MAX;
	err = transaction_read(&c->asked);
	if (!err)
		err = own_fill_edit(e, &c->t.edit, &out->ds);
	if (err == -EAGAIN)
		out->bulk = true;
	if (!err)
		err = ifaces_check(e, e->live->now->rs, &out->ds);
	if (!err) {
		err = fw_transaction_prepare(&c->t, &out->ds);
		out->bulk = err == -EAGAIN;
		out->rebuilt = c->t.rebuilt;
	}
	if (!err && c->t.rebuilt)
		err = fw_cost_worst(e->live->pool, c->t.image.root, &c->cost);
	return err;
}

static int live_journal(void *ctx)
{
	struct live_change *c = ctx;
	struct engine *e = c->asked.e;
	int err = ifaces_number(e, e->live->now->rs, &c->asked.out->ds);

	return err ? err : transaction_store(&c->asked);
}

/* It is live, and its rows are still there. */
static void live_committed(struct live_change *c)
{
	struct engine *e = c->asked.e;
	struct loaded *now = loaded_now(e);
	const struct engine_cause *cause = &c->asked.asked->cause;
	uint32_t *slots;
	size_t nslots;

	now->changed = !c->t.rebuilt;
	if (c->t.rebuilt) {
		now->cost = c->cost;
		fw_attach_needs_of(now->compiled.rs, &now->needs);
	}
	for (size_t i = 0; i < c->t.edit.nrules && !c->t.rebuilt; i++)
		fw_attach_needs_change(&now->needs, c->t.edit.rs, c->t.edit.rules[i].before, c->t.edit.rules[i].after);
	e->edits += !c->asked.asked->own && !c->asked.dynamic;
	transaction_tell(&c->asked);
	fw_transaction_end(&c->t, cause->confirm ? &slots : NULL, &nslots);
	if (cause->confirm)
		confirm_begin(e, cause, now->compiled.rs->nrules, slots, nslots);
	grace_work(e);
	if (!c->asked.asked->own)
		record_tell(e, &c->asked.record);
}

/* Makes the change, or checks it. 0, or -errno with diagnostics, and nothing has changed. */
static int attempt(struct engine *e, const struct engine_edit *asked, struct engine_result *out)
{
	struct live_change c = { .asked = { .e = e, .asked = asked, .edit = &c.t.edit, .out = out } };
	int err = fw_transaction_begin(e->live, &c.t);

	if (err)
		return err;
	err = live_prepare(&c);
	if (!err && asked->check)
		transaction_tell(&c.asked);
	else if (!err)
		err = fw_transaction_commit(&c.t, live_journal, &c);
	out->seconds.compile = c.t.compile;
	out->seconds.swap = c.t.kernel;
	if (err || asked->check)
		fw_transaction_abort(&c.t);
	else
		live_committed(&c);
	transaction_free(&c.asked);
	return err;
}

/*
 * May a grace period help? Memory that was replaced is still in use, or tables were replaced too often since the last one, or
 * numbers of interfaces were not given back yet.
 */
static bool grace_helps(const struct engine *e, int err, const struct engine_result *out)
{
	bool may = err == -ENOSPC || (err == -EBUSY && !out->ds.n) || (err == -E2BIG && names_wanted(e));

	return may && fw_live_grace_pending(e->live);
}

/* 0: it may be attempted; -EAGAIN: busy; -EBUSY with a diagnostic: something waits to be confirmed. */
static int may_change(struct engine *e, const struct engine_edit *asked, struct engine_result *out)
{
	int err = 0;

	if (e->swapping)
		return -EAGAIN;
	if (e->confirm.undoing || asked->cause.confirm)
		err = engine_waits(e, &out->ds);
	if (err && !asked->check && !asked->own)
		record_refused(e, RECORD_CHANGE, &asked->cause, err, &out->ds);
	return err;
}

/* It is done, refused or checked: 0 or -errno. */
static void change_end(struct engine *e, const struct engine_edit *asked, int err, struct engine_result *out)
{
	if (err)
		engine_explain(err, "make the change", &out->ds);
	if (err && !asked->check && !asked->own)
		record_refused(e, RECORD_CHANGE, &asked->cause, err, &out->ds);
	e->failures[ENGINE_FAILED_CHANGE] += err && !asked->check;
	out->err = err;
	out->rules = e->live->now->rs->nrules;
	out->generation = e->live->now->image.generation;
	out->edits = e->edits;
	out->confirm_by = asked->cause.confirm ? e->confirm.by : 0;
}

int engine_change(struct engine *e, const struct engine_edit *asked, struct engine_result *out)
{
	double start = fw_now();
	int err;

	*out = (struct engine_result){ .err = 0 };
	out->err = may_change(e, asked, out);
	if (out->err)
		return out->err;
	err = attempt(e, asked, out);
	/*
	 * Others need not wait for a grace period: the change is made again when none is pending, and then by the worker. Nobody
	 * waits for fwd's own.
	 */
	if (!out->bulk && grace_helps(e, err, out) && (asked->own || fw_live_is_large(e->live))) {
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
	change_end(e, asked, err, out);
	out->seconds.total = fw_now() - start;
	if (!err && !asked->check)
		histogram_add(&e->transaction_seconds, out->seconds.total);
	clock_arm(e);
	grace_work(e);
	engine_upkeep(e);
	return err;
}

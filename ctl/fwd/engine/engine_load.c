// SPDX-License-Identifier: GPL-2.0-only
/*
 * A whole ruleset replaces the live one. The worker parses and compiles it, while a thread of its own writes the text into the store. Then the
 * engine's thread makes both current, the store first.
 */
#include "fw/warn.h"

#include "engine_internal.h"
#include "engine_text.h"
#include "snapshot.h"

#include <stdatomic.h>
#include <string.h>

enum stage { STAGE_NONE, STAGE_PARSE, STAGE_COMPILE, STAGE_STORE, STAGE_SWAP };
static const char *const stage_names[] = {
	[STAGE_PARSE] = "parse", [STAGE_COMPILE] = "compile", [STAGE_STORE] = "store", [STAGE_SWAP] = "swap"
};

/* Writes a part of the snapshot, in a thread of its own. */
struct writer {
	pthread_t thread;
	bool started;
	struct store *store;
	const struct store_text *source;
	const struct fw_ruleset *rs; /* write the numbers of its rules; NULL: write the text */
	const struct fw_buf *carried;
	struct fw_diags ds;
	double seconds;
	int err;
};

struct ruleset_load {
	struct job job;
	struct engine_load load;
	struct engine *e;
	struct fw_swap swap;
	struct fw_adoption adoption;
	struct record record;
	struct engine_result result;
	struct writer writer;
	_Atomic int stage;
	enum stage told;
	double start;
	bool stored;           /* a snapshot was begun in the store */
	struct fw_buf carried; /* changes that restore the elements of dynamic sets */
};

static void *write_part(void *arg)
{
	struct writer *w = arg;
	double start = fw_now();

	w->err = w->rs ? snapshot_write_numbers(w->store, w->rs, w->carried, &w->ds) :
			 snapshot_write_text(w->store, w->source, &w->ds);
	w->seconds += fw_now() - start;
	return NULL;
}

static int writer_start(struct writer *w)
{
	int err = -pthread_create(&w->thread, NULL, write_part, w);

	w->started = !err;
	return err;
}

/* Waits for the thread. Return: its result. */
static int writer_join(struct writer *w)
{
	if (w->started)
		pthread_join(w->thread, NULL);
	w->started = false;
	return w->err;
}

static void set_stage(struct engine *e, struct ruleset_load *j, enum stage stage)
{
	atomic_store(&j->stage, stage);
	engine_wake(e);
}

/* Counts what the load changes and shows it to the client, if it asked for that. 0 or -ENOMEM. */
static int diff(struct engine *e, struct ruleset_load *j)
{
	struct fw_diff d;
	int err = fw_diff(e->live->now->rs, j->swap.next->rs, j->load.diff ? ENGINE_DIFF_MAX : 0, &d);

	if (err)
		return err;
	j->result.counts = d.counts;
	if (j->load.diff)
		j->load.diff(&d, j->load.ctx);
	fw_diff_free(&d);
	return 0;
}

static int parse_into(struct engine *e, struct ruleset_load *j, struct fw_compiled *next)
{
	const struct fw_ruleset *old = e->live->now->rs;
	int err;

	next->rs = fw_ruleset_new(j->load.source.name);
	if (next->rs)
		next->rs->now = engine_now(e);
	err = next->rs ? fw_ruleset_follow(next->rs, old) : -ENOMEM;
	if (!err)
		err = text_parse(&j->load.source, false, next->rs, &j->result.ds);
	if (!err)
		err = text_check_empty(&j->load, next->rs, old, &j->result.ds);
	if (!err)
		err = fw_ruleset_adopt(next->rs, old, &j->result.ds, &j->adoption);
	if (!err)
		fw_ruleset_expire(next->rs, next->rs->now);
	return err ? err : own_fill(e, next->rs, &j->result.ds);
}

static int parse(struct engine *e, struct ruleset_load *j)
{
	struct loaded *next = (struct loaded *)j->swap.next;
	double start = fw_now();
	int err;

	memory_use(next->arena);
	err = parse_into(e, j, &next->compiled);
	memory_use(0);
	if (!err)
		fw_text_print_dynamic(&j->carried, next->compiled.rs, e->live->now->rs);
	if (!err && j->carried.failed)
		err = -ENOMEM;
	j->result.seconds.parse = fw_now() - start;
	return err;
}

static int compile(struct engine *e, struct ruleset_load *j)
{
	struct loaded *next = (struct loaded *)j->swap.next;
	double start = fw_now();
	int err = loaded_compile(e, next, &j->result.ds);

	if (!err)
		err = loaded_cost(e, next);
	j->result.cost = next->cost;
	if (!err && j->load.max_cost)
		err = fw_cost_refuse(next->compiled.rs, &next->cost, 1e-9 * (double)j->load.max_cost, &j->result.ds);
	j->result.seconds.compile = fw_now() - start;
	return err;
}

/* Comparing needs the rules in order, and nothing else. 0 or -ENOMEM. */
static int order(struct ruleset_load *j)
{
	const struct loaded *next = (struct loaded *)j->swap.next;
	int err;

	memory_use(next->arena);
	err = fw_ruleset_order(next->compiled.rs);
	memory_use(0);
	return err;
}

static void take_writer_diags(struct ruleset_load *j)
{
	if (j->writer.ds.n && !j->result.ds.n)
		j->result.ds = j->writer.ds;
}

/* Everything except for the text in the store, which another thread writes. 0 or -errno. */
static int load_build(struct engine *e, struct ruleset_load *j)
{
	struct writer *w = &j->writer;
	int err = parse(e, j);

	if (!err && j->stored) {
		err = writer_join(w); /* its text is written; the numbers are written while tables are compiled */
		w->rs = j->swap.next->rs;
		w->carried = &j->carried;
		if (!err)
			err = writer_start(w);
	}
	set_stage(e, j, STAGE_COMPILE);
	if (!err)
		err = j->load.compare ? order(j) : compile(e, j);
	if (!err && !j->load.compare)
		warn_load(e, (struct loaded *)j->swap.next, &j->result.warnings);
	/* Announcing many segments and counters to the kernel takes time. */
	return err || j->load.check ? err : fw_swap_ready(e->live, &j->swap, &j->result.ds);
}

/* In the worker: everything except for the swap. result.err says how it went. */
static void load_run(struct engine *e, struct job *job)
{
	struct ruleset_load *j = (struct ruleset_load *)job;
	struct writer *w = &j->writer;
	struct loaded *next = loaded_new();
	int err = next ? 0 : -ENOMEM, stored;

	j->swap.next = next ? &next->compiled : NULL;
	set_stage(e, j, STAGE_PARSE);
	if (!err && !j->load.check) {
		*w = (struct writer){ .store = e->store, .source = &j->load.source };
		err = writer_start(w);
		j->stored = !err;
	}
	if (!err)
		err = load_build(e, j);
	if (!err)
		err = diff(e, j);
	set_stage(e, j, STAGE_STORE);
	stored = writer_join(w);
	take_writer_diags(j);
	if (!err)
		err = stored;
	j->result.seconds.store = w->seconds;
	j->result.err = err;
}

static void tell_stages(struct ruleset_load *j, enum stage upto)
{
	for (; j->told < upto; j->told++)
		if (j->load.progress)
			j->load.progress(stage_names[j->told + 1], j->load.ctx);
}

void load_tell(struct engine *e)
{
	if (e->loading)
		tell_stages(e->loading, (enum stage)atomic_load(&e->loading->stage));
}

static enum record_action action_of(const struct engine_load *l)
{
	return l->kind == ENGINE_FLUSH ? RECORD_FLUSH : RECORD_LOAD;
}

/* The store makes the snapshot that it has been given the current one. */
static int load_journal(void *ctx)
{
	fw_cleanup(fw_buf_free) struct fw_buf b = { 0 };
	struct ruleset_load *j = ctx;
	struct engine *e = j->e;
	struct record *r = &j->record;
	struct store_note note;
	struct fw_diags *ds = &j->result.ds;
	int err = ifaces_number(e, j->swap.next->rs, ds);

	*r = record_of(action_of(&j->load), &j->load.cause);
	if (!err && j->load.cause.confirm)
		err = confirm_prepare(e, &j->load.cause, j->result.rules, ds);
	r->counts = j->result.counts;
	r->rules = j->result.rules;
	if (!err)
		err = record_write(r, &b, &note);
	return err ? err : store_snapshot_commit(e->store, j->load.cause.confirm, &note, ds);
}

/* Stores and publishes what is ready. 0, or -errno with diagnostics, and nothing has changed. */
static int load_commit(struct engine *e, struct ruleset_load *j)
{
	struct begun begun = { .n = 0 };
	double start = fw_now();
	int err = counts_prepare(e, j->swap.next->rs, &j->load, &begun);

	/* Rules that may come back keep their slots. */
	if (!j->load.cause.confirm) {
		j->swap.slots = fw_take(j->adoption.freed);
		j->swap.nslots = j->adoption.nfreed;
	}
	if (!err)
		err = fw_swap_commit(e->live, &j->swap, load_journal, j, &j->result.ds);
	if (!err)
		counts_begin(e, &begun);
	free(begun.rows);
	if (err)
		return err;
	if (j->load.cause.confirm)
		confirm_begin(e, &j->load.cause, e->live->now->rs->nrules, fw_take(j->adoption.freed),
			      j->adoption.nfreed);
	grace_work(e);
	j->result.seconds.swap = fw_now() - start;
	record_tell(e, &j->record);
	return 0;
}

/* In the engine's thread: commits, unless something failed or the text is only checked, reports to the client, and frees the job. */
static void load_finish(struct engine *e, struct job *job)
{
	struct ruleset_load *j = (struct ruleset_load *)job;
	struct engine_result *r = &j->result;
	const struct fw_ruleset *rs = j->swap.next ? j->swap.next->rs : NULL;
	bool check = j->load.check;

	e->loading = NULL;
	if (!r->err && e->jobs.quit)
		r->err = -ECANCELED;
	if (!r->err)
		r->err = ifaces_check(e, rs, &r->ds);
	tell_stages(j, r->err || check ? (enum stage)atomic_load(&j->stage) : STAGE_SWAP);
	r->rules = rs ? rs->nrules : 0;
	if (!r->err && !check)
		r->err = load_commit(e, j);
	if (r->err && j->stored)
		store_snapshot_abort(e->store);
	if (r->err)
		engine_explain(r->err, "load the ruleset", &r->ds);
	if (r->err && !check && !e->jobs.quit)
		record_refused(e, action_of(&j->load), &j->load.cause, r->err, &r->ds);
	fw_swap_free(&j->swap);
	e->reloads[j->load.kind] += !r->err && !check;
	e->failures[ENGINE_FAILED_LOAD] += r->err && !check;
	r->generation = e->live->now->image.generation;
	e->edits += !r->err && !check;
	r->edits = e->edits;
	r->confirm_by = e->confirm.by;
	r->seconds.total = fw_now() - j->start;
	if (!r->err && !check)
		histogram_add(&e->reload_seconds, r->seconds.total);
	if (j->load.done)
		j->load.done(r, j->load.ctx);
	free(j->adoption.freed);
	fw_buf_free(&j->carried);
	engine_load_free(&j->load);
	free(j);
}

int engine_load_start(struct engine *e, struct engine_load *load)
{
	struct ruleset_load *j = NULL;
	struct fw_diags ds = { .n = 0 };
	int err = e->swapping ? -EAGAIN : engine_waits(e, &ds);

	if (!err) {
		j = calloc(1, sizeof(*j));
		err = j ? 0 : -ENOMEM;
	}
	if (err) {
		if (err == -EBUSY && !load->check)
			record_refused(e, action_of(load), &load->cause, err, &ds);
		engine_load_free(load);
		return err;
	}
	j->e = e;
	j->job = (struct job){ .swaps = true, .run = load_run, .finish = load_finish };
	j->load = *load;
	j->start = fw_now();
	e->loading = j;
	job_queue(e, &j->job);
	return 0;
}

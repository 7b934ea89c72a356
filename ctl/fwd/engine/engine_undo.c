// SPDX-License-Identifier: GPL-2.0-only
/*
 * Goes back to the ruleset before. The store goes back first, so that a restart from then on finds that ruleset; then the worker
 * compiles it. What fails is tried again until it works.
 */
#include "engine_internal.h"

#include <string.h>

#define TRY_AGAIN 5 /* seconds */

struct undo_job {
	struct job job;
	struct fw_swap swap;          /* with the slots that only rules of the replaced ruleset have */
	struct fw_diff_counts counts; /* what going back changes */
	struct fw_diags ds;
	double start;
	int err;
};

int slots_hold(struct engine *e, struct loaded *next, const struct fw_ruleset *of, uint32_t **slots, size_t *nslots)
{
	struct fw_ruleset *rs = next->compiled.rs;
	uint32_t end = of ? of->next_slot : fw_kern_counter_slots(e->kern);
	int err = fw_ruleset_slots_missing(rs, of, end, slots, nslots);

	if (err)
		return err;
	memory_use(next->arena);
	err = fw_ruleset_slots_hold(rs, *slots, *nslots);
	memory_use(0);
	if (err) {
		free(fw_take(*slots));
		*nslots = 0;
	}
	return err;
}

int store_back(struct engine *e, const struct fw_ruleset *rs, struct fw_diags *ds)
{
	fw_cleanup(fw_buf_free) struct fw_buf carried = { 0 };

	if (rs)
		fw_text_print_dynamic(&carried, rs, NULL);
	if (carried.failed)
		return -ENOMEM;
	return store_rollback(e->store, &(struct store_change){ .text = carried.text, .len = carried.len }, ds);
}

/* In the worker: the store goes back, and what it has then is compiled. 0, or -errno with diagnostics. */
static int undo_build(struct engine *e, struct undo_job *j)
{
	struct loaded *next = (struct loaded *)j->swap.next;
	const struct fw_ruleset *now = e->live->now->rs;
	struct stored st = { 0 };
	const char *reason = NULL;
	int err = store_keeps(e->store) ? store_back(e, now, &j->ds) : 0;

	if (!err)
		err = stored_read(e, &(struct stored_options){ .arena = next->arena, .like = now }, &st, &j->ds);
	next->compiled.rs = st.rs;
	next->compiled.restored = true;
	/* After a restart it is only known which slots have no rule, not which rules were deleted. */
	if (!err)
		err = slots_hold(e, next, e->confirm.slots ? now : NULL, &j->swap.slots, &j->swap.nslots);
	if (!err)
		err = loaded_compile(e, next, &j->ds);
	if (!err && fw_image_validate(e->live->pool, next->compiled.image.root, &reason)) {
		fw_diag_add(&j->ds, (struct fw_place){ 0 }, NULL, "the tables of the ruleset before are wrong: %s",
			    reason);
		err = -EIO;
	}
	if (!err)
		err = loaded_cost(e, next);
	return err ? err : fw_swap_ready(e->live, &j->swap, &j->ds);
}

/* Both are from the same store: a rule that is in both has the same slot in both. 0 or -ENOMEM. */
static int undo_count(const struct engine *e, struct undo_job *j)
{
	struct fw_diff d;
	int err = fw_diff(e->live->now->rs, j->swap.next->rs, 0, &d);

	if (err)
		return err;
	j->counts = d.counts;
	fw_diff_free(&d);
	return 0;
}

static void undo_run(struct engine *e, struct job *job)
{
	struct undo_job *j = (struct undo_job *)job;

	struct loaded *next = loaded_new();

	j->swap.next = next ? &next->compiled : NULL;
	j->err = next ? undo_build(e, j) : -ENOMEM;
	if (!j->err)
		j->err = undo_count(e, j);
}

static void undo_swapped(struct engine *e, struct undo_job *j)
{
	confirm_end(e);
	free(fw_take(e->confirm.slots)); /* their rules are back */
	grace_work(e);
	e->reloads[ENGINE_ROLLBACK]++;
	e->edits++;
	histogram_add(&e->reload_seconds, fw_now() - j->start);
	undone_note(e, (int64_t)e->live->now->rs->nrules, e->undone.reason);
	e->undone.counts = j->counts;
	record_undone(e);
}

/* Notes why it failed, for the status, and sets the timer for another try. Return: @err. */
static int undo_failed(struct engine *e, int err, struct fw_diags *ds)
{
	engine_explain(err, "bring back what was before", ds);
	snprintf(e->confirm.error, sizeof(e->confirm.error), "%.150s", ds->d[0].message);
	e->failures[ENGINE_FAILED_LOAD]++;
	confirm_timer(e, TRY_AGAIN);
	return err;
}

struct numbering {
	struct engine *e;
	struct undo_job *j;
};

/* The store has gone back already. Only numbers of interfaces may be missing there. */
static int undo_number(void *ctx)
{
	struct numbering *n = ctx;

	return ifaces_number(n->e, n->j->swap.next->rs, &n->j->ds);
}

/* In the engine's thread: publishes the former ruleset, or notes why that failed, and frees the job. */
static void undo_finish(struct engine *e, struct job *job)
{
	struct undo_job *j = (struct undo_job *)job;
	struct numbering n = { e, j };
	int err = j->err;

	if (!err && e->jobs.quit)
		err = -ECANCELED;
	if (!err) {
		grace_wait(e); /* waiting slots belong to the ruleset that is replaced */
		err = fw_swap_commit(e->live, &j->swap, undo_number, &n, &j->ds);
	}
	if (err)
		undo_failed(e, err, &j->ds);
	else
		undo_swapped(e, j);
	fw_swap_free(&j->swap);
	free(j);
}

static int ruleset_back(struct engine *e)
{
	struct undo_job *j = calloc(1, sizeof(*j));

	if (!j)
		return -ENOMEM;
	j->start = fw_now();
	j->job = (struct job){ .swaps = true, .run = undo_run, .finish = undo_finish };
	job_queue(e, &j->job);
	return 0;
}

static int outside_back(struct engine *e, struct fw_diags *ds)
{
	fw_autofree char *before = NULL;
	int err = e->outside_undo ? confirm_before(e, &before) : -ENOSYS;

	if (!err)
		err = e->outside_undo(before, e->outside_ctx, ds);
	if (!err)
		err = engine_outside_end(e, ds);
	if (!err)
		record_undone(e);
	return err;
}

int undo_start(struct engine *e, const struct record_who *who, const char *why, struct fw_diags *ds)
{
	struct fw_diags unseen = { .n = 0 };
	int err;

	/* Written first: if the process is killed from here on, nobody must believe that the change is in force. */
	undone_note(e, e->confirm.outside ? (int64_t)e->live->now->rs->nrules : -1, why);
	e->confirm.undoing = true;
	e->confirm.undoer = *who;
	ds = ds ? ds : &unseen;
	err = e->confirm.outside ? outside_back(e, ds) : ruleset_back(e);
	return err ? undo_failed(e, err, ds) : 0;
}

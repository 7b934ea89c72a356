// SPDX-License-Identifier: GPL-2.0-only
/*
 * Whether what waits stays: somebody confirms it or takes it back, its time is over, or it was over before this process
 * started.
 */
#include "engine_internal.h"

#include <string.h>
#include <unistd.h>

/* The ruleset stays: what only the one before needs goes away. */
static int ruleset_stays(struct engine *e, struct fw_diags *ds)
{
	uint32_t *slots;
	size_t nslots;
	int err = store_forget(e->store, ds);

	if (err)
		return err;
	confirm_end(e);
	nslots = e->confirm.nslots;
	slots = fw_take(e->confirm.slots);
	/* Without memory for that a deleted rule's count may show up at a new one: better than not to go on. */
	if (slots || !slots_hold(e, loaded_now(e), NULL, &slots, &nslots))
		fw_live_retire_slots(e->live, slots, nslots);
	grace_work(e);
	engine_upkeep(e);
	return 0;
}

static void record_confirmed(struct engine *e, const struct record_who *who)
{
	struct record r = { .action = RECORD_CONFIRM, .who = *who };
	char what[RECORD_WHAT + 16];

	snprintf(what, sizeof(what), "confirm: %s", e->confirm.what);
	record_text(r.what, sizeof(r.what), what, strlen(what));
	engine_record(e, &r);
}

int engine_confirm(struct engine *e, const struct record_who *who, struct fw_diags *ds)
{
	int err;

	if (!e->confirm.by)
		return confirm_nothing_waits(e, "confirmed", ds);
	if (e->confirm.undoing)
		return engine_waits(e, ds);
	err = store_writable(e->store, ds);
	if (err)
		return err;
	err = e->confirm.outside ? engine_outside_end(e, ds) : ruleset_stays(e, ds);
	if (!err)
		record_confirmed(e, who);
	if (!err)
		undone_forget(e);
	return err;
}

int engine_undo(struct engine *e, const struct record_who *who, struct fw_diags *ds)
{
	if (!e->confirm.by)
		return confirm_nothing_waits(e, "undone", ds);
	if (e->confirm.undoing)
		return engine_waits(e, ds);
	return undo_start(e, who, "taken back by `fwctl undo`", ds);
}

void confirm_work(struct engine *e)
{
	char why[160];
	uint64_t n;

	if (read(e->confirm.timer, &n, sizeof(n)) != sizeof(n) || !e->confirm.by)
		return;
	if (e->swapping) {
		confirm_timer(e, 1); /* a large change is under way: when it is done */
		return;
	}
	confirm_late(e, why, sizeof(why));
	if (e->confirm.undoing)
		undo_start(e, &e->confirm.undoer, e->undone.reason, NULL); /* another try */
	else
		undo_start(e, &(struct record_who){ 0 }, why, NULL);
}

/* Back before anything is live. What cannot be read carries nothing over. */
static int open_back(struct engine *e, struct fw_diags *ds)
{
	struct stored st = { .rs = NULL };
	int err = stored_read(e, &(struct stored_options){ .arena = 0 }, &st, NULL);

	err = store_back(e, err ? NULL : st.rs, ds);
	stored_free(&st);
	return err;
}

int confirm_open(struct engine *e, struct fw_diags *ds)
{
	struct confirm *c = &e->confirm;
	fw_autofree char *before = NULL;
	bool keeps = store_keeps(e->store);
	int64_t left;
	int err;

	undone_read(e);
	c->outside = !keeps && !confirm_before(e, &before);
	if (!keeps && !c->outside)
		return 0;
	err = confirm_read_deadline(e, &left);
	if (err)
		return err;
	/* What is outside the ruleset is undone when it is there. */
	if (left || c->outside) {
		confirm_resume(e, left);
		return 0;
	}
	err = open_back(e, ds);
	if (err && !store_into_memory(e->store, err, ds))
		err = open_back(e, ds); /* a full disk does not keep what nobody confirmed */
	e->rolled_back = !err;
	return err;
}

void confirm_opened(struct engine *e)
{
	struct engine_undone *u = &e->undone;
	char why[160];

	/* A process that was killed in the middle had not done it yet, or had all but said so. */
	if (u->at && u->restored < 0 && e->confirm.by)
		*u = (struct engine_undone){ .at = 0 };
	else if (u->restored < 0)
		u->restored = (int64_t)e->live->now->rs->nrules;
	if (!e->rolled_back)
		return;
	confirm_late(e, why, sizeof(why));
	undone_note(e, (int64_t)e->live->now->rs->nrules, why);
	record_undone(e);
	confirm_end(e);
}

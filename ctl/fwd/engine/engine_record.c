// SPDX-License-Identifier: GPL-2.0-only
/* What was done is reported to the daemon and kept in the store: in the transaction that it describes, or after it. */
#include "engine_internal.h"

#include <string.h>
#include <time.h>

static double epoch(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

struct record record_of(enum record_action action, const struct engine_cause *cause)
{
	struct record r = { .at = epoch(), .action = action, .who = cause->who };

	memcpy(r.what, cause->what, sizeof(r.what));
	if (cause->confirm)
		r.confirm_by = (int64_t)r.at + cause->confirm;
	return r;
}

bool record_tell(struct engine *e, const struct record *r)
{
	return !e->record || e->record(r, e->record_ctx);
}

int record_write(const struct record *r, struct fw_buf *b, struct store_note *out)
{
	record_json(b, r);
	*out = (struct store_note){ record_ring(r), b->text, b->len };
	return b->failed ? -ENOMEM : 0;
}

void engine_record(struct engine *e, struct record *r)
{
	fw_cleanup(fw_buf_free) struct fw_buf b = { 0 };
	struct store_note note;

	r->at = epoch();
	r->rules = e->live->now->rs->nrules;
	if (record_tell(e, r) && !record_write(r, &b, &note))
		store_note(e->store, &note);
}

void record_refused(struct engine *e, enum record_action action, const struct engine_cause *cause, int err,
		    const struct fw_diags *ds)
{
	struct record r = record_of(action, cause);

	r.refused = true;
	r.confirm_by = 0;
	record_diag(r.why, sizeof(r.why), ds, err);
	engine_record(e, &r);
}

void record_undone(struct engine *e)
{
	const struct engine_undone *u = &e->undone;
	struct record r = { .action = e->confirm.undoer.pid ? RECORD_UNDO : RECORD_ROLLBACK, .who = e->confirm.undoer };
	char what[RECORD_WHAT + 16];

	snprintf(what, sizeof(what), "%s: %s", r.action == RECORD_UNDO ? "undo" : "rollback", u->what);
	record_text(r.what, sizeof(r.what), what, strlen(what));
	snprintf(r.why, sizeof(r.why), "%s", u->reason);
	engine_record(e, &r);
}

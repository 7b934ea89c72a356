// SPDX-License-Identifier: GPL-2.0-only
/* Confirming and undoing what waits to be confirmed. */
#include "ctl/fwd/engine/diff.h"
#include "ctl/fwd/owner.h"
#include "handlers.h"
#include "status.h"

/* May who asks decide about what waits? 0, or -EPERM with a diagnostic. */
static int check_owner(struct request *req, const struct engine_status *st, enum record_action action,
		       struct fw_diags *ds)
{
	const struct history_event e = { .action = action, .who = request_who(req), .what = st->confirm_what };

	if (!st->confirm_by)
		return 0;
	return owner_check_waiting(req->fwd, &e, action == RECORD_UNDO ? "undo" : "confirm", st->confirm_uid, ds);
}

void handle_confirm(struct request *req)
{
	struct engine_status st;
	struct fw_diags ds = { .n = 0 };
	const struct record_who who = request_who(req);
	int err;

	engine_status(req->fwd->engine, &st);
	err = check_owner(req, &st, RECORD_CONFIRM, &ds);
	if (!err)
		err = engine_confirm(req->fwd->engine, &who, &ds);
	if (err)
		reply_fail_errno(&req->reply, &ds, "cannot confirm", err);
	else
		reply_end(&req->reply, json_pack("{so}", "what", fw_json_text(st.confirm_what)));
}

/* The undo is over: replies with what it did. */
static void undone(struct request *req)
{
	struct engine_status st;
	struct fw_diags ds = { .n = 0 };
	json_t *end;

	engine_status(req->fwd->engine, &st);
	if (engine_waits(req->fwd->engine, &ds)) {
		reply_fail_errno(&req->reply, &ds, "cannot undo", -EBUSY);
		return;
	}
	end = diff_counts(&st.undone.counts);
	json_object_set_new(end, "what", fw_json_text(st.undone.what));
	json_object_set_new(end, "rules", status_undone(&st.undone, st.undone.rules));
	json_object_set_new(end, "restored", status_undone(&st.undone, st.undone.restored));
	reply_end(&req->reply, end);
}

/* Asks the engine to. 0, or -errno with a diagnostic. */
static int undo(struct request *req, struct fw_diags *ds)
{
	const struct record_who who = request_who(req);
	struct engine_status st;
	int err;

	engine_status(req->fwd->engine, &st);
	err = check_owner(req, &st, RECORD_UNDO, ds);
	return err ? err : engine_undo(req->fwd->engine, &who, ds);
}

/* Asks the engine, and runs again when it is done. */
void handle_undo(struct request *req)
{
	struct fw_diags ds = { .n = 0 };
	int err = req->asked ? 0 : undo(req, &ds);

	if (err) {
		reply_fail_errno(&req->reply, &ds, "cannot undo", err);
	} else if (!req->asked && engine_busy(req->fwd->engine)) {
		req->asked = true;
		req->again = true;
	} else {
		undone(req);
	}
}

// SPDX-License-Identifier: GPL-2.0-only
/* Confirming and undoing what waits to be confirmed. */
#include "ctl/fwd/engine/diff.h"
#include "handlers.h"
#include "status.h"

void handle_confirm(struct request *req)
{
	struct engine_status st;
	struct fw_diags ds = { .n = 0 };
	int err;

	const struct record_who who = request_who(req);

	engine_status(req->fwd->engine, &st);
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

/* Asks the engine, and runs again when it is done. */
void handle_undo(struct request *req)
{
	struct fw_diags ds = { .n = 0 };
	const struct record_who who = request_who(req);
	int err = req->asked ? 0 : engine_undo(req->fwd->engine, &who, &ds);

	if (err) {
		reply_fail_errno(&req->reply, &ds, "cannot undo", err);
	} else if (!req->asked && engine_busy(req->fwd->engine)) {
		req->asked = true;
		req->again = true;
	} else {
		undone(req);
	}
}

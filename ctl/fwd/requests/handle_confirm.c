// SPDX-License-Identifier: GPL-2.0-only
/* What waits to be confirmed: it stays, or it is taken back. */
#include "ctl/fwd/engine/diff.h"
#include "ctl/fwd/connections/request.h"
#include "status.h"

void handle_confirm(struct client *c)
{
	struct engine_status st;
	struct fw_diags ds = { .n = 0 };
	int err;

	const struct record_who who = client_who(c);

	engine_status(c->fwd->engine, &st);
	err = engine_confirm(c->fwd->engine, &who, &ds);
	if (err)
		client_fail_errno(c, &ds, "cannot confirm", err);
	else
		client_end(c, json_pack("{so}", "what", to_json_text(st.confirm_what)));
}

/* It is over: how it went. */
static void undone(struct client *c)
{
	struct engine_status st;
	struct fw_diags ds = { .n = 0 };
	json_t *end;

	engine_status(c->fwd->engine, &st);
	if (engine_waits(c->fwd->engine, &ds)) {
		client_fail_errno(c, &ds, "cannot undo", -EBUSY);
		return;
	}
	end = diff_counts(&st.undone.counts);
	json_object_set_new(end, "what", to_json_text(st.undone.what));
	json_object_set_new(end, "rules", status_undone(&st.undone, st.undone.rules));
	json_object_set_new(end, "restored", status_undone(&st.undone, st.undone.restored));
	client_end(c, end);
}

/* Runs again when the engine is done. */
void handle_undo(struct client *c)
{
	struct fw_diags ds = { .n = 0 };
	const struct record_who who = client_who(c);
	int err = c->asked ? 0 : engine_undo(c->fwd->engine, &who, &ds);

	if (err) {
		client_fail_errno(c, &ds, "cannot undo", err);
	} else if (!c->asked && engine_busy(c->fwd->engine)) {
		c->asked = true;
		request_wait(c);
	} else {
		undone(c);
	}
}

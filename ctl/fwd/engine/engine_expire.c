// SPDX-License-Identifier: GPL-2.0-only
/*
 * Elements leave dynamic sets when their time is over: all of one second together, in one transaction without the store, which
 * knows the times anyway. A load or a large change that is under way comes first.
 */
#include "engine_internal.h"

#include <unistd.h>

#define AT_ONCE 16384u /* elements: the tables are changed within some milliseconds */
#define FEWER 16       /* times fewer if these are too much for a change of the live tables */

/* Up to @most elements leave. 0; -EAGAIN: these are too many for the live tables; -errno. */
static int leave(struct engine *e, uint32_t now, size_t most)
{
	struct fw_diags ds = { .n = 0 };
	struct fw_transaction t;
	size_t n;
	int err = fw_transaction_begin(e->live, &t);

	if (err)
		return err;
	err = fw_edit_expire(&t.edit, now, most);
	n = t.edit.nsets;
	if (!err && n)
		err = fw_transaction_prepare(&t, &ds);
	if (!err && n)
		err = fw_transaction_commit(&t, NULL, NULL);
	if (err || !n) {
		fw_transaction_abort(&t);
		return err;
	}
	loaded_now(e)->changed |= !t.rebuilt;
	fw_transaction_end(&t, NULL, NULL);
	e->expiry.elements += n;
	e->expiry.transactions++;
	clock_left(e, now);
	grace_work(e);
	return 0;
}

static void rebuilt(const struct engine_result *result, void *ctx)
{
}

/* One element covers too much of the tables: the worker compiles all of them, from the store without what has left. */
static int rebuild(struct engine *e)
{
	static const struct engine_edit nothing = { .source = { .text = "" }, .own = true };

	return engine_bulk_start(e, &nothing, rebuilt, NULL);
}

void expire_work(struct engine *e)
{
	uint32_t now = engine_now(e);
	uint64_t n;
	int err = -EAGAIN;

	if (read(e->expiry.timer, &n, sizeof(n)) == sizeof(n))
		e->expiry.armed = FW_FOREVER;
	if (engine_busy(e) || !fw_until_over(fw_ruleset_soonest(e->live->now->rs), now)) {
		clock_arm(e);
		return;
	}
	for (size_t most = AT_ONCE; err == -EAGAIN && most; most /= FEWER)
		err = leave(e, now, most);
	if (err == -EAGAIN)
		err = rebuild(e);
	/* Packets may still be reading what was replaced: when they are done, engine_work() is called. */
	if ((err == -EBUSY || err == -ENOSPC) && fw_live_grace_pending(e->live)) {
		e->awaits_grace = true;
		grace_work(e);
		return;
	}
	/* There may be more; what failed is tried again after a second. */
	e->expiry.armed = FW_FOREVER;
	if (!err && !e->swapping && fw_until_over(fw_ruleset_soonest(e->live->now->rs), now))
		engine_wake(e);
	else
		clock_arm(e);
}

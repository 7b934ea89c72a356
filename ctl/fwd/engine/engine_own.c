// SPDX-License-Identifier: GPL-2.0-only
/*
 * The built-in sets of addresses follow this network namespace. Nothing of them is stored: whatever makes a ruleset fills them with
 * the addresses of that moment (engine_fill.c), and each change of these is a transaction of the live ruleset without the store,
 * also while something waits to be confirmed. A load that is under way comes first.
 */
#include "engine_internal.h"

#include "fw/own_addresses.h"

#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#define TRY_AGAIN 1 /* seconds */

int own_open(struct engine *e, const struct engine_addresses *fake)
{
	struct epoll_event in = { .events = EPOLLIN };

	e->own.fake = fake ? fake->read : NULL;
	e->own.watch = fake ? dup(fake->watch) : fw_own_addresses_watch();
	e->own.timer = timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC | TFD_NONBLOCK);
	if (e->own.watch < 0)
		return fake ? -errno : e->own.watch;
	if (e->own.timer < 0 || epoll_ctl(e->poll, EPOLL_CTL_ADD, e->own.watch, &in) ||
	    epoll_ctl(e->poll, EPOLL_CTL_ADD, e->own.timer, &in))
		return -errno;
	return 0;
}

/* The live ruleset gets the addresses of now. 0; -EAGAIN: that is too much for the live tables; -errno. */
static int renew(struct engine *e, const struct fw_own_addresses *own)
{
	struct fw_diags ds = { .n = 0 };
	struct fw_transaction t;
	int err = fw_transaction_begin(e->live, &t);
	bool any;

	if (err)
		return err;
	err = fw_edit_fill(&t.edit, own);
	any = t.edit.nsets;
	if (!err && any)
		err = fw_transaction_prepare(&t, &ds);
	if (!err && any)
		err = fw_transaction_commit(&t, NULL, NULL);
	if (err || !any) {
		fw_transaction_abort(&t);
		return err;
	}
	loaded_now(e)->changed |= !t.rebuilt;
	fw_transaction_end(&t, NULL, NULL);
	grace_work(e);
	return 0;
}

static void rebuilt(const struct engine_result *result, void *ctx)
{
	struct engine *e = ctx;

	if (result->err)
		e->own.stale = true;
}

static int follow(struct engine *e)
{
	static const struct engine_edit nothing = { .source = { .text = "" }, .own = true };
	struct engine_edit edit = nothing;
	struct fw_own_addresses own = { 0 };
	int err;

	if (!fw_ruleset_wants_own(e->live->now->rs, false))
		return 0;
	edit.ctx = e;
	err = own_read(e, &own, NULL);
	if (!err)
		err = renew(e, &own);
	fw_own_addresses_free(&own);
	/* The worker compiles all tables, from the store and with the addresses that there are then. */
	return err == -EAGAIN ? engine_bulk_start(e, &edit, rebuilt, NULL) : err;
}

/* Reads all that there is. true: there was something. */
static bool drain(int fd)
{
	char buf[8192];
	bool any = false;

	while (read(fd, buf, sizeof(buf)) >= 0 || errno == ENOBUFS || errno == EINTR)
		any = true;
	return any;
}

void own_work(struct engine *e)
{
	const struct itimerspec later = { .it_value = { .tv_sec = TRY_AGAIN } };
	int err;

	e->own.stale |= drain(e->own.watch);
	if (drain(e->own.timer))
		e->own.waits = false;
	if (!e->own.stale || e->own.waits || engine_busy(e))
		return;
	err = follow(e);
	e->own.stale = err != 0;
	if (!err)
		return;
	/* Packets may still be reading what was replaced: when they are done, engine_work() is called. */
	if ((err == -EBUSY || err == -ENOSPC) && fw_live_grace_pending(e->live)) {
		e->awaits_grace = true;
		grace_work(e);
		return;
	}
	e->own.waits = !timerfd_settime(e->own.timer, 0, &later, NULL);
}

void own_close(struct engine *e)
{
	if (e->own.watch >= 0)
		close(e->own.watch);
	if (e->own.timer >= 0)
		close(e->own.timer);
}

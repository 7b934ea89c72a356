// SPDX-License-Identifier: GPL-2.0-only
#include "ctl/fwd/tracking.h"

#include "ctl/fwd/devices/devices.h"

#include "fw/conntrack.h"
#include "fw/log.h"

#include <string.h>

static void mend(struct fwd *d)
{
	struct fw_kern *k = engine_kern(d->engine);
	uint64_t restored = fw_conntrack_restored(k);
	int err = fw_conntrack_look(k);

	if (fw_conntrack_restored(k) != restored)
		fw_log("the table fwd_track of nftables was deleted, which keeps connection tracking on: it is back");
	else if (err && err != d->tracking_err)
		fw_log("cannot put back the table fwd_track of nftables, which keeps connection tracking on when fwd ends: %s",
		       strerror(-err));
	d->tracking_err = err;
}

static void tables_changed(struct fw_loop_source *s, uint32_t events)
{
	struct fwd *d = (struct fwd *)((char *)s - offsetof(struct fwd, tracking));

	mend(d);
	devices_tables_changed(d);
}

/* The descriptor stays the same once there is one. */
static void watch(struct fwd *d)
{
	int fd = fw_conntrack_fd(engine_kern(d->engine));

	if (fd < 0 || d->tracking.ready)
		return;
	d->tracking = (struct fw_loop_source){ .fd = fd, .name = "nftables", .ready = tables_changed };
	fw_loop_add(&d->loop, &d->tracking, EPOLLIN);
}

void tracking_look(struct fwd *d)
{
	/* A load may have switched it on, and failed later. */
	if (!engine_busy(d->engine) && !engine_ruleset(d->engine)->nstateful)
		fw_conntrack_end(engine_kern(d->engine));
	watch(d);
	mend(d);
}

static json_t *number(bool known, uint64_t v)
{
	return known ? json_integer((json_int_t)v) : json_null();
}

json_t *tracking_json(const struct fwd *d)
{
	struct fw_conntrack c;

	fw_conntrack_read(engine_kern(d->engine), &c);
	if (!c.ours)
		return json_null();
	return json_pack("{so so so so so so so}", "entries", number(c.known, c.entries), "max", number(c.known, c.max),
			 "early_drops", number(c.known, c.early_drops), "drops", number(c.known, c.drops),
			 "insert_failures", number(c.known, c.insert_failures), "restored", number(true, c.restored),
			 "error", d->tracking_err ? json_string(strerror(-d->tracking_err)) : json_null());
}

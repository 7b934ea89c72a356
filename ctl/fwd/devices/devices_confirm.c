// SPDX-License-Identifier: GPL-2.0-only
/* attach and detach that wait to be confirmed. The way back is the list of devices as it was stored before. */
#include "devices_internal.h"

#include <string.h>

int devices_wait(struct fwd *d, const struct engine_cause *cause, struct fw_diags *ds)
{
	fw_autofree char *saved = NULL;
	int err = store_writable(engine_store(d->engine), ds);

	if (err || !cause->confirm)
		return err ? err : engine_waits(d->engine, ds);
	err = devices_saved(d, &saved);
	return err ? err : engine_outside_begin(d->engine, cause, saved, ds);
}

/* Is it, or the device because of which it is there, one that nobody had asked for before? */
static bool is_new(struct devices *before, const struct device *dev)
{
	return !devices_find(before, dev->wish ? dev->name : dev->from);
}

static void drop_new(struct fwd *d, struct devices *before)
{
	struct devices *devs = d->devices;

	for (size_t i = devs->n; i-- > 0;) {
		struct device *dev = &devs->d[i];

		if (!is_new(before, dev))
			continue;
		devices_release(d, dev);
		devices_drop(devs, dev);
	}
}

/* Puts back those that were asked for before, with their modes. 0 or -ENOMEM. */
static int want_old(struct fwd *d, const struct devices *before)
{
	for (size_t i = 0; i < before->n; i++) {
		const struct device *was = &before->d[i];
		struct device *dev = devices_find(d->devices, was->name);

		dev = dev ? dev : devices_add(d->devices, was->name);
		if (!dev)
			return -ENOMEM;
		dev->wish = true;
		dev->asked = dev->wanted != was->wanted;
		dev->from[0] = '\0';
		dev->wanted = was->wanted;
		dev->wanted_out = was->wanted_out;
	}
	return 0;
}

/* For engine_outside(). An interface that cannot be attached again is no failure: its state shows it. */
static int undo(const char *text, void *ctx, struct fw_diags *ds)
{
	struct fwd *d = ctx;
	struct devices before = { .n = 0 };
	int err = devices_parse(&before, text, ds);

	devices_look(d);
	if (!err)
		drop_new(d, &before);
	if (!err)
		err = want_old(d, &before);
	if (!err && d->devices->host.wish != before.host.wish) {
		struct fw_diags ignored = { .n = 0 };

		d->devices->host.wish = before.host.wish;
		host_apply(d, &d->devices->host, &ignored);
	}
	if (!err)
		err = devices_save(d, ds);
	free(before.d);
	devices_follow(d);
	devices_recheck(d);
	return err;
}

void devices_wait_open(struct fwd *d)
{
	engine_outside(d->engine, undo, d);
}

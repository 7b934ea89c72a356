// SPDX-License-Identifier: GPL-2.0-only
/* What rtnetlink and the kernel report. */
#include "devices_internal.h"

#include "fw/log.h"

#include <string.h>

void devices_on_interface(const struct fw_interface *link, void *ctx)
{
	struct fwd *d = ctx;
	int err = engine_interface_told(d->engine, link);

	d->devices->known |= !link->ifindex;
	if (err)
		fw_log("%s: rules that name it may not match: %s", FW_NAME(link->name), strerror(-err));
}

struct reading {
	struct fwd *d;
	bool any;
};

static void on_message(const struct fw_interface *link, void *ctx)
{
	struct reading *r = ctx;

	r->any = true;
	devices_on_interface(link, r->d);
}

bool devices_read_interfaces(struct fwd *d)
{
	struct reading r = { .d = d };

	/* If messages were lost, everything is reported again. */
	fw_interfaces_read(d->devices->interfaces, on_message, &r);
	return r.any;
}

void devices_look(struct fwd *d)
{
	if (devices_read_interfaces(d)) {
		devices_follow(d);
		return;
	}
	fw_kern_look(engine_kern(d->engine));
	for (size_t i = 0; i < d->devices->n; i++)
		device_look(d, &d->devices->d[i]);
}

void devices_recheck(struct fwd *d)
{
	for (size_t i = 0; d->devices && i < d->devices->n; i++) {
		struct device *dev = &d->devices->d[i];
		struct fw_diags ds = { .n = 0 };

		if (dev->index && device_apply(d, dev, &ds))
			fw_log("%s", dev->error);
	}
}

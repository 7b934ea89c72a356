// SPDX-License-Identifier: GPL-2.0-only
/* The beginning and the end of devices, and what is done from time to time. */
#include "devices_internal.h"

/* Seconds between two looks: nobody reports attached programs, nor altnames of interfaces that are down. */
#define LOOK_EVERY 2.0
#define ASK_EVERY 10.0

static void interfaces_ready(struct fw_loop_source *s, uint32_t events)
{
	struct fwd *d = (struct fwd *)((char *)s - offsetof(struct fwd, interfaces));

	if (devices_read_interfaces(d))
		devices_follow(d);
}

int devices_open(struct fwd *d, struct fw_diags *ds)
{
	int err;

	d->devices = calloc(1, sizeof(*d->devices));
	if (!d->devices)
		return -ENOMEM;
	err = devices_load(d, ds);
	if (!err)
		err = fw_interfaces_open(&d->devices->interfaces);
	if (err)
		return err;
	devices_wait_open(d);
	d->interfaces = (struct fw_loop_source){ .fd = fw_interfaces_fd(d->devices->interfaces),
						 .name = "interfaces",
						 .ready = interfaces_ready };
	interfaces_ready(&d->interfaces, 0);
	return fw_loop_add(&d->loop, &d->interfaces, EPOLLIN);
}

void devices_close(struct fwd *d)
{
	if (!d->devices)
		return;
	fw_interfaces_close(d->devices->interfaces);
	free(d->devices->d);
	free(fw_take(d->devices));
}

void devices_tables_changed(struct fwd *d)
{
	if (d->devices)
		host_settle(d, &d->devices->host);
}

void devices_tick(struct fwd *d, double now)
{
	struct devices *devs = d->devices;

	if (!devs || now < devs->look)
		return;
	devs->look = now + LOOK_EVERY;
	if (now >= devs->ask) {
		devs->ask = now + ASK_EVERY;
		fw_interfaces_ask(devs->interfaces);
	}
	devices_follow(d);
}

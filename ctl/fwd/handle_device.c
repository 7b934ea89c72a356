// SPDX-License-Identifier: GPL-2.0-only
/* Which interfaces are filtered. */
#include "ctl/fwd/devices.h"
#include "ctl/fwd/objects.h"
#include "ctl/fwd/request.h"

void handle_attach(struct client *c)
{
	fw_cleanup(fw_buf_free) struct fw_buf b = { 0 };
	struct fw_diags ds = { .n = 0 };
	json_t *devices = NULL, *dev;
	int err = devices_attach(c->fwd, &c->args, &ds, &devices);
	size_t i;

	if (err) {
		c->fwd->attach_failures++;
		client_fail_errno(c, &ds, "cannot attach", err);
		return;
	}
	json_array_foreach(devices, i, dev) objects_json(&b, json_incref(dev));
	json_decref(devices);
	client_lines(c, &b);
	client_end(c, NULL);
}

void handle_detach(struct client *c)
{
	struct fw_diags ds = { .n = 0 };
	int err = devices_detach(c->fwd, &c->args, &ds);

	if (err)
		client_fail_errno(c, &ds, "cannot detach", err);
	else
		client_end(c, NULL);
}

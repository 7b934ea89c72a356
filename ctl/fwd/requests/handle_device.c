// SPDX-License-Identifier: GPL-2.0-only
/* Which interfaces are filtered. */
#include "ctl/fwd/devices/devices.h"
#include "ctl/fwd/base/to_json.h"
#include "ctl/fwd/connections/request.h"

#include <string.h>

/* "attach eth0 eth1" */
static struct engine_cause cause_of(const struct client *c, const char *verb)
{
	struct engine_cause cause = { .who = client_who(c), .confirm = (unsigned)c->args.confirm };
	fw_cleanup(fw_buf_free) struct fw_buf b = { 0 };
	const char *name;

	fw_buf_printf(&b, "%s", verb);
	for (size_t i = 0; (name = args_dev(&c->args, i)); i++)
		fw_buf_printf(&b, " %s", name);
	if (!b.failed)
		record_text(cause.what, sizeof(cause.what), b.text, b.len);
	return cause;
}

static int64_t confirm_by(const struct client *c)
{
	struct engine_status st;

	engine_status(c->fwd->engine, &st);
	return st.confirm_by;
}

static void record(struct client *c, enum record_action action, const struct engine_cause *cause, int err,
		   const struct fw_diags *ds, const char *how)
{
	struct record r = { .action = action, .who = cause->who, .refused = err };

	memcpy(r.what, cause->what, sizeof(r.what));
	if (err)
		record_diag(r.why, sizeof(r.why), ds, err);
	else
		record_text(r.why, sizeof(r.why), how, strlen(how));
	if (!err && cause->confirm)
		r.confirm_by = confirm_by(c);
	engine_record(c->fwd->engine, &r);
}

static int attach(struct client *c, const struct engine_cause *cause, struct fw_diags *ds, json_t **devices)
{
	struct fwd *d = c->fwd;
	int err = devices_wait(d, cause, ds);

	if (err)
		return err;
	err = devices_attach(d, &c->args, ds, devices);
	if (err && cause->confirm)
		engine_beside_end(d->engine, NULL);
	d->attach_failures += err != 0;
	return err;
}

/* "eth0 attached (native), eth1 missing" */
static void add_state(struct fw_buf *b, const json_t *dev)
{
	const char *mode = json_string_value(json_object_get(dev, "mode"));

	fw_buf_printf(b, "%s%s %s", b->len ? ", " : "", json_string_value(json_object_get(dev, "dev")),
		      json_string_value(json_object_get(dev, "state")));
	if (mode)
		fw_buf_printf(b, " (%s)", mode);
}

static json_t *end_of(const struct client *c)
{
	return c->args.confirm ? json_pack("{sI}", "confirm_by", (json_int_t)confirm_by(c)) : NULL;
}

void handle_attach(struct client *c)
{
	const struct engine_cause cause = cause_of(c, "attach");
	fw_cleanup(fw_buf_free) struct fw_buf b = { 0 };
	fw_cleanup(fw_buf_free) struct fw_buf how = { 0 };
	struct fw_diags ds = { .n = 0 };
	json_t *devices = NULL, *dev;
	int err = attach(c, &cause, &ds, &devices);
	size_t i;

	json_array_foreach(devices, i, dev)
	{
		to_json_line(&b, json_incref(dev));
		add_state(&how, dev);
	}
	json_decref(devices);
	record(c, RECORD_ATTACH, &cause, err, &ds, how.text ? how.text : "");
	if (err) {
		client_fail_errno(c, &ds, "cannot attach", err);
		return;
	}
	client_lines(c, &b);
	client_end(c, end_of(c));
}

void handle_detach(struct client *c)
{
	const struct engine_cause cause = cause_of(c, "detach");
	struct fw_diags ds = { .n = 0 };
	int err = devices_wait(c->fwd, &cause, &ds);

	if (!err) {
		err = devices_detach(c->fwd, &c->args, &ds);
		if (err && cause.confirm)
			engine_beside_end(c->fwd->engine, NULL);
	}
	record(c, RECORD_DETACH, &cause, err, &ds, "");
	if (err)
		client_fail_errno(c, &ds, "cannot detach", err);
	else
		client_end(c, end_of(c));
}

// SPDX-License-Identifier: GPL-2.0-only
/* Attaching and detaching interfaces. */
#include "ctl/fwd/devices/devices.h"
#include "fw/json.h"
#include "handlers.h"

#include <string.h>

/* "attach eth0 eth1" */
static struct engine_cause cause_of(const struct request *req, const char *verb)
{
	struct engine_cause cause = { .who = request_who(req), .confirm = (unsigned)req->args.confirm };
	fw_cleanup(fw_buf_free) struct fw_buf b = { 0 };
	const char *name;

	fw_buf_printf(&b, "%s%s", verb, req->args.host ? " --host" : "");
	for (size_t i = 0; (name = args_dev(&req->args, i)); i++)
		fw_buf_printf(&b, " %s", name);
	if (!b.failed)
		record_text(cause.what, sizeof(cause.what), b.text, b.len);
	return cause;
}

static int64_t confirm_by(const struct request *req)
{
	struct engine_status st;

	engine_status(req->fwd->engine, &st);
	return st.confirm_by;
}

/* The result of a request. */
struct outcome {
	enum record_action action;
	const struct engine_cause *cause;
	int err;
	const struct fw_diags *ds;
	const char *how; /* what was done, unless @err */
};

static void record(struct request *req, const struct outcome *o)
{
	struct record r = { .action = o->action, .who = o->cause->who, .refused = o->err };

	memcpy(r.what, o->cause->what, sizeof(r.what));
	if (o->err)
		record_diag(r.why, sizeof(r.why), o->ds, o->err);
	else
		record_text(r.why, sizeof(r.why), o->how, strlen(o->how));
	if (!o->err && o->cause->confirm)
		r.confirm_by = confirm_by(req);
	engine_record(req->fwd->engine, &r);
}

/* Counts failures, and ends what devices_wait() began when nothing came of it. @devices: as of devices_attach(). */
static int attach(struct request *req, const struct engine_cause *cause, struct fw_diags *ds, json_t **devices)
{
	struct fwd *d = req->fwd;
	int err = devices_wait(d, cause, ds);

	if (err)
		return err;
	err = devices_attach(d, &req->args, ds, devices);
	if (err && cause->confirm)
		engine_outside_end(d->engine, NULL);
	d->attach_failures += err != 0;
	return err;
}

/* "eth0 attached (native), eth1 missing" */
static void add_state(struct fw_buf *b, const json_t *dev)
{
	const char *mode = json_string_value(json_object_get(dev, "mode"));
	const json_t *host = json_object_get(dev, "host");

	fw_buf_printf(b, "%s%s %s", b->len ? ", " : "",
		      host ? "the host's hooks" : json_string_value(json_object_get(dev, "dev")),
		      json_string_value(json_object_get(host ? host : dev, "state")));
	if (mode)
		fw_buf_printf(b, " (%s)", mode);
}

static json_t *end_of(const struct request *req)
{
	return req->args.confirm ? json_pack("{sI}", "confirm_by", (json_int_t)confirm_by(req)) : NULL;
}

void handle_attach(struct request *req)
{
	const struct engine_cause cause = cause_of(req, "attach");
	fw_cleanup(fw_buf_free) struct fw_buf b = { 0 };
	fw_cleanup(fw_buf_free) struct fw_buf how = { 0 };
	struct fw_diags ds = { .n = 0 };
	json_t *devices = NULL, *dev;
	int err = attach(req, &cause, &ds, &devices);
	size_t i;

	json_array_foreach(devices, i, dev)
	{
		fw_json_line(&b, json_incref(dev));
		add_state(&how, dev);
	}
	json_decref(devices);
	record(req, &(struct outcome){ RECORD_ATTACH, &cause, err, &ds, how.text ? how.text : "" });
	if (err) {
		reply_fail_errno(&req->reply, &ds, "cannot attach", err);
		return;
	}
	reply_lines(&req->reply, &b);
	reply_end(&req->reply, end_of(req));
}

void handle_detach(struct request *req)
{
	const struct engine_cause cause = cause_of(req, "detach");
	struct fw_diags ds = { .n = 0 };
	int err = devices_wait(req->fwd, &cause, &ds);

	if (!err) {
		err = devices_detach(req->fwd, &req->args, &ds);
		if (err && cause.confirm)
			engine_outside_end(req->fwd->engine, NULL);
	}
	record(req, &(struct outcome){ RECORD_DETACH, &cause, err, &ds, "" });
	if (err)
		reply_fail_errno(&req->reply, &ds, "cannot detach", err);
	else
		reply_end(&req->reply, end_of(req));
}

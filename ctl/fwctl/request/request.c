// SPDX-License-Identifier: GPL-2.0-only
/* Sends a request to fwd and passes on the parts of the answer; prints why there is none. */
#include "request.h"
#include "ctl/fwctl/output/json.h"
#include "ctl/fwctl/output/message.h"
#include "ctl/fwctl/output/progress.h"

#include <string.h>

static void print_cannot_connect(const char *path, int error)
{
	if (error == EACCES || error == EPERM) {
		ctl_error("%s: you may not connect to fwd", path);
		ctl_hint("root and members of the group fwd may connect");
		return;
	}
	ctl_error("fwd is not running: %s: %s", path, strerror(error));
	ctl_hint("start it (as root: `fwd`), or give its socket with --socket or FWD_SOCKET");
}

static const char *path_of(const struct ctl_settings *s)
{
	const char *env = getenv("FWD_SOCKET");

	return s->socket ? s->socket : env && env[0] ? env : FW_CLIENT_SOCKET;
}

int ctl_connect_try(const struct ctl_settings *s, struct fw_client **out)
{
	return fw_client_open(path_of(s), 0, out);
}

enum ctl_exit ctl_connect(const struct ctl_settings *s, struct fw_client **out)
{
	int err = ctl_connect_try(s, out);

	if (err == -ENOMEM) {
		ctl_error("out of memory");
		return CTL_FAILED;
	}
	if (err)
		print_cannot_connect(path_of(s), -err);
	return !err ? CTL_OK : err == -EACCES || err == -EPERM ? CTL_FAILED : CTL_NO_DAEMON;
}

static int send_request(struct fw_client *c, const struct ctl_request *request, const char *args)
{
	fw_autofree struct fw_part *parts = calloc(request->nparts + 1, sizeof(*parts));

	if (!parts)
		return -ENOMEM;
	parts[0] = (struct fw_part){ args, (uint32_t)strlen(args) };
	if (request->nparts)
		memcpy(parts + 1, request->parts, request->nparts * sizeof(*parts));
	return fw_client_send(c, request->kind, parts, request->nparts + 1);
}

static int print_raw(const struct fw_part *p)
{
	ctl_json_put(p->data, p->len);
	if (p->len && p->data[p->len - 1] != '\n')
		putchar('\n');
	return ferror(stdout) ? -EIO : 0;
}

static int pass_line(void *ctx, json_t *o)
{
	const struct ctl_request *request = ctx;

	ctl_json_clean(o);
	return request->line(request->ctx, o);
}

static int pass_progress(const struct ctl_request *request, const struct fw_part *p)
{
	json_t *o = json_loadb(p->data, p->len, 0, NULL);

	ctl_json_clean(o);
	if (o && request->progress)
		request->progress(request->ctx, o);
	json_decref(o);
	return 0;
}

/* Passes a part of the answer. Return: 0 or -errno: that of the caller, or -EPROTO. */
static int pass_message(const struct fw_message *m, struct ctl_request *request)
{
	switch (m->kind) {
	case FW_REPLY_LINES:
		if (request->raw && (print_raw(&m->part[0]) || !request->raw_too))
			return ferror(stdout) ? -EIO : 0;
		return request->line ? fw_json_lines(m->part[0].data, m->part[0].len, pass_line, request) : 0;
	case FW_REPLY_TEXT:
		if (m->nparts < 2)
			return -EPROTO;
		return request->text ? request->text(request->ctx, m->part[1].data, m->part[1].len) : 0;
	case FW_REPLY_PROGRESS:
		return pass_progress(request, &m->part[0]);
	default:
		return -EPROTO;
	}
}

/* The diagnostics of a refusal, or its error. */
static void print_refused(const struct ctl_request *request, const json_t *end)
{
	struct fw_diags ds = { 0 };
	const char *error = ctl_field_text(end, "error");

	ctl_diags_of(json_object_get(end, "diags"), &ds);
	if (ctl_field_u64(end, "diags_total") > ds.total)
		ds.total = (unsigned)ctl_field_u64(end, "diags_total");
	if (ds.total) {
		ctl_print_diags(&ds, request->sources);
		return;
	}
	ctl_error("%s", error[0] ? error : "fwd refused it and gave no reason");
	if (json_is_true(json_object_get(end, "denied")))
		ctl_hint("root and members of the group fwd-admin may");
}

/* An answer that did not arrive, or that is not one. */
static void print_broken(const struct ctl_request *request, int err)
{
	static const struct {
		int err;
		const char *text;
	} texts[] = {
		{ -ECONNRESET, "fwd ended before it answered" },
		{ -EPROTO, "fwd's answer cannot be read: are fwd and fwctl the same version?" },
		{ -EMSGSIZE, "this is more than fwd accepts in one request" },
	};
	const char *text = strerror(-err);

	ctl_progress_end();
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (texts[i].err == err)
			text = texts[i].text;
	ctl_error("%s: %s", fw_request_info[request->kind].name, text);
}

/* The last message, END: sets @end, or prints the refusal. */
static enum ctl_exit finish(const struct fw_part *p, struct ctl_request *request, json_t **end)
{
	json_t *o = json_loadb(p->data, p->len, 0, NULL);
	bool ok = json_is_true(json_object_get(o, "ok"));

	if (!json_is_object(o)) {
		json_decref(o);
		print_broken(request, -EPROTO);
		return CTL_FAILED;
	}
	ctl_progress_end();
	if (request->raw) {
		print_raw(p);
		ctl_json_failure_answered();
	}
	ctl_json_clean(o);
	request->refused = !ok;
	if (!ok && !request->quiet)
		print_refused(request, o);
	if (ok && end)
		*end = json_incref(o);
	json_decref(o);
	return ok ? CTL_OK : CTL_FAILED;
}

enum ctl_exit ctl_request_send(struct fw_client *c, struct ctl_request *request, json_t **end)
{
	const struct fw_message *m;
	fw_autofree char *args = json_dumps(request->args, JSON_COMPACT);
	int err = request->args && !args ? -ENOMEM : send_request(c, request, args ? args : "{}");

	json_decref(fw_take(request->args));
	while (!err) {
		err = fw_client_next(c, &m);
		if (!err && m->kind == FW_REPLY_END)
			return finish(&m->part[0], request, end);
		if (!err)
			err = pass_message(m, request);
	}
	request->lost = err == -ECONNRESET || err == -EPIPE;
	if (!request->lost || !request->patient)
		print_broken(request, err);
	return CTL_FAILED;
}

enum ctl_exit ctl_request_run(const struct ctl_settings *s, struct ctl_request *request, json_t **end)
{
	fw_cleanup(fw_client_closep) struct fw_client *c = NULL;
	enum ctl_exit code = ctl_connect(s, &c);

	if (code != CTL_OK) {
		json_decref(fw_take(request->args));
		return code;
	}
	request->raw = s->json;
	return ctl_request_send(c, request, end);
}

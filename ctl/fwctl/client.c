// SPDX-License-Identifier: GPL-2.0-only
/* What a command asks fwd, what becomes of the parts of the answer, and what is said when there is none. */
#include "client.h"

#include <string.h>

static void say_cannot_connect(const char *path, int error)
{
	if (error == EACCES || error == EPERM) {
		ctl_error("%s: you may not speak to fwd", path);
		ctl_hint("root and the group fwd may");
		return;
	}
	ctl_error("fwd is not running: %s: %s", path, strerror(error));
	ctl_hint("start it (as root: `fwd`), or say where its socket is with --socket or FWD_SOCKET");
}

static const char *path_of(const struct ctl_settings *s)
{
	const char *env = getenv("FWD_SOCKET");

	return s->socket ? s->socket : env && env[0] ? env : FW_CLIENT_SOCKET;
}

int ctl_client_try(const struct ctl_settings *s, struct fw_client **out)
{
	return fw_client_open(path_of(s), 0, out);
}

enum ctl_exit ctl_client_open(const struct ctl_settings *s, struct fw_client **out)
{
	int err = ctl_client_try(s, out);

	if (err == -ENOMEM) {
		ctl_error("out of memory");
		return CTL_FAILED;
	}
	if (err)
		say_cannot_connect(path_of(s), -err);
	return !err ? CTL_OK : err == -EACCES || err == -EPERM ? CTL_FAILED : CTL_NO_DAEMON;
}

static int send_request(struct fw_client *c, const struct ctl_call *call, const char *args)
{
	fw_autofree struct fw_part *parts = calloc(call->nparts + 1, sizeof(*parts));

	if (!parts)
		return -ENOMEM;
	parts[0] = (struct fw_part){ args, (uint32_t)strlen(args) };
	if (call->nparts)
		memcpy(parts + 1, call->parts, call->nparts * sizeof(*parts));
	return fw_client_send(c, call->kind, parts, call->nparts + 1);
}

static int print_raw(const struct fw_part *p)
{
	ctl_put_json(p->data, p->len);
	if (p->len && p->data[p->len - 1] != '\n')
		putchar('\n');
	return ferror(stdout) ? -EIO : 0;
}

/* Each line of a part is an object. */
static int pass_lines(const struct ctl_call *call, const struct fw_part *p)
{
	const char *end = p->data + p->len;
	int err = 0;

	for (const char *s = p->data; s < end && !err;) {
		const char *newline = memchr(s, '\n', (size_t)(end - s));
		size_t len = (size_t)((newline ? newline : end) - s);
		json_t *o = len ? json_loadb(s, len, 0, NULL) : NULL;

		if (len && !o)
			return -EPROTO;
		ctl_json_clean(o);
		if (o)
			err = call->line(call->ctx, o);
		json_decref(o);
		s += len + 1;
	}
	return err;
}

static int pass_progress(const struct ctl_call *call, const struct fw_part *p)
{
	json_t *o = json_loadb(p->data, p->len, 0, NULL);

	ctl_json_clean(o);
	if (o && call->progress)
		call->progress(call->ctx, o);
	json_decref(o);
	return 0;
}

static int pass_message(const struct fw_message *m, const struct ctl_call *call)
{
	switch (m->kind) {
	case FW_REPLY_LINES:
		if (call->raw)
			return print_raw(&m->part[0]);
		return call->line ? pass_lines(call, &m->part[0]) : 0;
	case FW_REPLY_TEXT:
		if (m->nparts < 2)
			return -EPROTO;
		return call->text ? call->text(call->ctx, m->part[1].data, m->part[1].len) : 0;
	case FW_REPLY_PROGRESS:
		return pass_progress(call, &m->part[0]);
	default:
		return -EPROTO;
	}
}

static void say_refused(const struct ctl_call *call, const json_t *end)
{
	struct fw_diags ds = { 0 };
	const char *error = ctl_field_text(end, "error");

	ctl_diags_of(json_object_get(end, "diags"), &ds);
	if (ctl_field_u64(end, "diags_total") > ds.total)
		ds.total = (unsigned)ctl_field_u64(end, "diags_total");
	if (ds.total) {
		ctl_print_diags(&ds, call->sources);
		return;
	}
	ctl_error("%s", error[0] ? error : "fwd refused, without a reason");
	if (json_is_true(json_object_get(end, "denied")))
		ctl_hint("root and members of the group fwd-admin may change things");
}

static void say_broken(const struct ctl_call *call, int err)
{
	static const struct {
		int err;
		const char *text;
	} texts[] = {
		{ -ECONNRESET, "fwd ended before it answered" },
		{ -EPROTO, "fwd speaks another language: are fwd and fwctl of the same version?" },
		{ -EMSGSIZE, "this is more than fwd takes at once" },
	};
	const char *text = strerror(-err);

	ctl_progress_end();
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (texts[i].err == err)
			text = texts[i].text;
	ctl_error("%s: %s", fw_request_info[call->kind].name, text);
}

/* The last message. */
static enum ctl_exit finish(const struct fw_part *p, struct ctl_call *call, json_t **end)
{
	json_t *o = json_loadb(p->data, p->len, 0, NULL);
	bool ok = json_is_true(json_object_get(o, "ok"));

	if (!json_is_object(o)) {
		json_decref(o);
		say_broken(call, -EPROTO);
		return CTL_FAILED;
	}
	ctl_progress_end();
	if (call->raw) {
		print_raw(p);
		ctl_note_answer();
	}
	ctl_json_clean(o);
	call->refused = !ok;
	if (!ok && !call->quiet)
		say_refused(call, o);
	if (ok && end)
		*end = json_incref(o);
	json_decref(o);
	return ok ? CTL_OK : CTL_FAILED;
}

enum ctl_exit ctl_client_call(struct fw_client *c, struct ctl_call *call, json_t **end)
{
	const struct fw_message *m;
	fw_autofree char *args = json_dumps(call->args, JSON_COMPACT);
	int err = call->args && !args ? -ENOMEM : send_request(c, call, args ? args : "{}");

	json_decref(fw_take(call->args));
	while (!err) {
		err = fw_client_next(c, &m);
		if (!err && m->kind == FW_REPLY_END)
			return finish(&m->part[0], call, end);
		if (!err)
			err = pass_message(m, call);
	}
	call->lost = err == -ECONNRESET || err == -EPIPE;
	if (!call->lost || !call->patient)
		say_broken(call, err);
	return CTL_FAILED;
}

enum ctl_exit ctl_request(const struct ctl_settings *s, struct ctl_call *call, json_t **end)
{
	fw_cleanup(fw_client_closep) struct fw_client *c = NULL;
	enum ctl_exit code = ctl_client_open(s, &c);

	if (code != CTL_OK) {
		json_decref(fw_take(call->args));
		return code;
	}
	call->raw = s->json;
	return ctl_client_call(c, call, end);
}

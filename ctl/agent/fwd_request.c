// SPDX-License-Identifier: GPL-2.0-only
#include "fwd_request.h"

#include "fw/fleet/snapshot.h"
#include "fw/json.h"
#include "fw/table/verdict.h"

#include <string.h>

#define ARGS 512

static uint64_t number(const json_t *o, const char *name)
{
	json_int_t v = json_integer_value(json_object_get(o, name));

	return v > 0 ? (uint64_t)v : 0;
}

static void copy_text(char out[LOCAL_TEXT], const json_t *text)
{
	const char *s = json_string_value(text);

	snprintf(out, LOCAL_TEXT, "%s", s ? s : "");
}

/* Of fwd's status: the object, and those of interfaces. */
static int take_object(void *ctx, json_t *o)
{
	struct local_answer *out = ctx;

	if (json_object_get(o, "version")) {
		out->version = number(o, "edits");
		out->started = json_number_value(json_object_get(o, "started"));
		out->rules = number(o, "rules");
		copy_text(out->waiting, json_object_get(o, "confirm_what"));
		copy_text(out->undone, json_object_get(json_object_get(o, "rollback"), "what"));
	}
	if (!json_object_get(o, "interface") || !json_object_get(o, "hook"))
		return 0;
	for (unsigned v = 0; v < FW_NTERMINAL; v++) {
		const json_t *by = json_object_get(o, fw_verdict_name((enum fw_verdict)v));
		uint64_t n = number(by, "rule") + number(by, "policy");

		out->packets += n;
		out->dropped += v == FW_ACCEPT ? 0 : n;
	}
	return 0;
}

static bool differs(const json_t *end)
{
	static const char *const counts[] = { "added", "removed", "changed", "moved", "policies" };
	static const char *const groups[] = { "sets", "chains", "elements" };
	const json_t *v;
	const char *key;

	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++)
		if (number(end, counts[i]))
			return true;
	for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++)
		json_object_foreach(json_object_get(end, groups[i]), key, v) if (json_integer_value(v)) return true;
	return false;
}

/* Why fwd refused: its first diagnostic, with its line. Return: is it about what the text contains? */
static bool copy_refusal(const json_t *end, char out[LOCAL_TEXT])
{
	const json_t *d = json_array_get(json_object_get(end, "diags"), 0);
	const char *file = json_string_value(json_object_get(d, "file"));
	uint64_t line = number(d, "line");

	copy_text(out, json_object_get(d ? d : end, d ? "message" : "error"));
	if (line)
		snprintf(out, LOCAL_TEXT, "%s%sline %llu: %s", file ? file : "", file ? ", " : "",
			 (unsigned long long)line, json_string_value(json_object_get(d, "message")));
	return line != 0;
}

/* Messages up to the end. @end: json_decref() it. 0 or -errno. */
static int receive(struct fw_client *c, struct local_answer *out, json_t **end)
{
	const struct fw_message *m;
	int err;

	while (!(err = fw_client_next(c, &m))) {
		if (m->kind == FW_REPLY_LINES && out)
			err = fw_json_lines(m->part[0].data, m->part[0].len, take_object, out);
		if (m->kind != FW_REPLY_END && !err)
			continue;
		*end = err ? NULL : json_loadb(m->part[0].data, m->part[0].len, 0, NULL);
		return err ? err : *end ? 0 : -EPROTO;
	}
	return err;
}

static int exchange(struct fw_client *c, enum fw_request kind, struct fw_part *parts, unsigned n,
		    struct local_answer *lines, json_t **end)
{
	int err = fw_client_send(c, kind, parts, n);

	return err ? err : receive(c, lines, end);
}

static uint64_t available_memory(void)
{
	fw_autofree char *text = NULL;
	const char *at;
	size_t len;

	if (fw_file_read("/proc/meminfo", FW_FILE_ANY, 1 << 16, &text, &len))
		return UINT64_MAX;
	at = strstr(text, "MemAvailable:");
	return at ? strtoull(at + strlen("MemAvailable:"), NULL, 10) << 10 : UINT64_MAX;
}

static int ask_status(struct fw_client *c, struct local_answer *out)
{
	struct fw_part part = { "{\"rules\":\"none\"}", strlen("{\"rules\":\"none\"}") };
	json_t *end = NULL;
	int err = exchange(c, FW_REQ_METRICS, &part, 1, out, &end);

	if (!err && !json_is_true(json_object_get(end, "ok"))) {
		copy_refusal(end, out->why);
		err = -EBUSY;
	}
	json_decref(end);
	out->memory = available_memory();
	return err;
}

/* What kind of refusal it is: because of the text, or because it is not the time. */
static int refusal(struct fw_client *c, const json_t *end, struct local_answer *out)
{
	const char *error = json_string_value(json_object_get(end, "error"));
	struct local_answer now = { .err = 0 };
	bool text = copy_refusal(end, out->why);

	if (text)
		return -EINVAL;
	if (json_is_true(json_object_get(end, "denied")))
		return -EACCES;
	if (error && !strncmp(error, "busy:", 5))
		return -EBUSY;
	return ask_status(c, &now) || now.waiting[0] ? -EBUSY : -EINVAL;
}

static int finish(struct fw_client *c, const struct local_request *r, const json_t *end, struct local_answer *out)
{
	if (!json_is_true(json_object_get(end, "ok")))
		return refusal(c, end, out);
	out->version = number(end, "edits");
	out->differs = r->check && differs(end);
	return 0;
}

static const char *arguments(const struct local_request *r, char out[ARGS])
{
	int n = snprintf(out, ARGS, "{\"name\":\"%s\"", r->name);

	if (r->check)
		n += snprintf(out + n, ARGS - (size_t)n, ",\"check\":true");
	if (r->kind == LOCAL_LOAD)
		n += snprintf(out + n, ARGS - (size_t)n, ",\"empty\":true");
	if (r->confirm)
		n += snprintf(out + n, ARGS - (size_t)n, ",\"confirm\":%u", r->confirm);
	snprintf(out + n, ARGS - (size_t)n, "}");
	return out;
}

static int load(struct fw_client *c, const struct local_request *r, struct local_answer *out)
{
	fw_autofree struct fw_message *m = calloc(1, sizeof(*m));
	char args[ARGS];
	json_t *end = NULL;
	int err = m ? fw_snapshot_unpack(r->bytes, r->len, m) : -ENOMEM;

	if (err)
		return err == -EPROTO ? -EINVAL : err;
	arguments(r, args);
	m->part[0] = (struct fw_part){ args, (uint32_t)strlen(args) };
	err = exchange(c, FW_REQ_LOAD, m->part, m->nparts, NULL, &end);
	err = err ? err : finish(c, r, end, out);
	json_decref(end);
	return err;
}

/* fwd names a change of one line by the line, so there is one more, which is a comment. */
static int change(struct fw_client *c, const struct local_request *r, struct local_answer *out)
{
	fw_cleanup(fw_buf_free) struct fw_buf text = { 0 };
	struct fw_part parts[2];
	char args[ARGS];
	json_t *end = NULL;
	int err;

	fw_buf_printf(&text, "# %s\n", r->name);
	fw_buf_add(&text, r->bytes, r->len);
	if (text.failed || text.len > UINT32_MAX)
		return -ENOMEM;
	arguments(r, args);
	parts[0] = (struct fw_part){ args, (uint32_t)strlen(args) };
	parts[1] = (struct fw_part){ text.text, (uint32_t)text.len };
	err = exchange(c, FW_REQ_CHANGE, parts, 2, NULL, &end);
	err = err ? err : finish(c, r, end, out);
	json_decref(end);
	return err;
}

/* Only if what waits is what the request names. */
static int end_waiting(struct fw_client *c, const struct local_request *r, struct local_answer *out)
{
	struct fw_part part = { "{}", 2 };
	size_t len = strlen(r->name), waits;
	json_t *end = NULL;
	int err = ask_status(c, out);

	waits = strlen(out->waiting);
	if (!err && (waits < len || strcmp(out->waiting + waits - len, r->name))) {
		snprintf(out->why, sizeof(out->why), "it does not wait to be confirmed any more");
		return -ENOENT;
	}
	if (!err)
		err = exchange(c, r->kind == LOCAL_CONFIRM ? FW_REQ_CONFIRM : FW_REQ_UNDO, &part, 1, NULL, &end);
	err = err ? err : finish(c, r, end, out);
	json_decref(end);
	return err;
}

static int ask(struct fw_client *c, const struct local_request *r, struct local_answer *out)
{
	switch (r->kind) {
	case LOCAL_STATUS:
		return ask_status(c, out);
	case LOCAL_LOAD:
		return load(c, r, out);
	case LOCAL_CHANGE:
		return change(c, r, out);
	default:
		return end_waiting(c, r, out);
	}
}

void fwd_request(struct fw_client *c, const struct local_request *request, struct local_answer *out)
{
	out->err = ask(c, request, out);
	if (out->err && !out->why[0])
		snprintf(out->why, sizeof(out->why), "%s", strerror(-out->err));
}

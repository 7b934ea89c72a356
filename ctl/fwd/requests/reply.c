// SPDX-License-Identifier: GPL-2.0-only
/* Messages of a reply, encoded. */
#include "reply.h"

#include "fw/json.h"

#include <stdarg.h>
#include <string.h>

static void append(struct reply *r, const char *bytes, size_t len)
{
	if (r->from) {
		memmove(r->out, r->out + r->from, r->len - r->from);
		r->len -= r->from;
		r->from = 0;
	}
	if (r->room - r->len < len) {
		char *grown = realloc(r->out, r->len + len);

		if (!grown) {
			r->broken = true;
			return;
		}
		r->out = grown;
		r->room = r->len + len;
	}
	memcpy(r->out + r->len, bytes, len);
	r->len += len;
}

static void parts(struct reply *r, enum fw_reply kind, const struct fw_part *part, uint16_t n)
{
	fw_autofree char *bytes = NULL;
	size_t size;

	if (fw_wire_encode((uint16_t)kind, part, n, &bytes, &size))
		r->broken = true;
	else
		append(r, bytes, size);
}

static void message(struct reply *r, enum fw_reply kind, const char *text, size_t len)
{
	struct fw_part part = { text, (uint32_t)len };

	if (len > UINT32_MAX)
		r->broken = true;
	else
		parts(r, kind, &part, 1);
}

void reply_text(struct reply *r, const char *head, const char *text, size_t len)
{
	struct fw_part both[] = { { head, (uint32_t)strlen(head) }, { text, (uint32_t)len } };

	parts(r, FW_REPLY_TEXT, both, 2);
}

void reply_lines(struct reply *r, struct fw_buf *b)
{
	if (b->failed)
		r->broken = true;
	else if (b->len)
		message(r, FW_REPLY_LINES, b->text, b->len);
	b->len = 0;
}

void reply_lines_of(struct reply *r, const char *text, size_t len)
{
	message(r, FW_REPLY_LINES, text, len);
}

size_t reply_some_lines(const char *text, size_t len)
{
	const char *newline = len <= REPLY_CHUNK ? NULL : memrchr(text, '\n', REPLY_CHUNK);

	/* A longer line is a message by itself. */
	if (!newline && len > REPLY_CHUNK)
		newline = memchr(text + REPLY_CHUNK, '\n', len - REPLY_CHUNK);
	return newline ? (size_t)(newline + 1 - text) : len;
}

static void object(struct reply *r, enum fw_reply kind, json_t *fields)
{
	fw_autofree char *text = fields ? json_dumps(fields, JSON_COMPACT) : NULL;

	json_decref(fields);
	if (text)
		message(r, kind, text, strlen(text));
	else
		r->broken = true;
}

void reply_progress(struct reply *r, const char *stage)
{
	object(r, FW_REPLY_PROGRESS, json_pack("{ss}", "stage", stage));
}

void reply_end(struct reply *r, json_t *fields)
{
	json_t *end = json_pack("{sb}", "ok", 1);

	if (fields && json_object_update(end, fields))
		r->broken = true;
	json_decref(fields);
	object(r, FW_REPLY_END, end);
	r->ended = true;
}

static json_t *failure(const char *error, const struct fw_diags *ds)
{
	json_t *end = json_pack("{sb so}", "ok", 0, "error", fw_json_text(error));

	if (end && ds && ds->n)
		json_object_set_new(end, "diags", fw_json_diags(ds));
	if (end && ds && ds->total > ds->n)
		json_object_set_new(end, "diags_total", json_integer(ds->total));
	return end;
}

void reply_fail(struct reply *r, const struct fw_diags *ds, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	object(r, FW_REPLY_END, failure(text, ds));
	r->ended = true;
}

void reply_fail_errno(struct reply *r, const struct fw_diags *ds, const char *what, int err)
{
	if (ds && ds->n)
		reply_fail(r, ds, "%s", ds->d[0].message);
	else
		reply_fail(r, NULL, "%s: %s", what, strerror(-err));
}

void reply_deny(struct reply *r, const char *fmt, ...)
{
	char text[512];
	json_t *end;
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	end = failure(text, NULL);
	if (end)
		json_object_set_new(end, "denied", json_true());
	object(r, FW_REPLY_END, end);
	r->ended = r->last = true;
}

int reply_refusal(const char *why, char **out, size_t *len)
{
	json_t *end = failure(why, NULL);
	fw_autofree char *text = end ? json_dumps(end, JSON_COMPACT) : NULL;
	struct fw_part part = { text, text ? (uint32_t)strlen(text) : 0 };

	json_decref(end);
	return text ? fw_wire_encode(FW_REPLY_END, &part, 1, out, len) : -ENOMEM;
}

void reply_stop(struct reply *r)
{
	if (r->stream)
		r->stream->free(r->stream);
	r->stream = NULL;
	r->stream_bytes = 0;
	r->stream_waits = false;
}

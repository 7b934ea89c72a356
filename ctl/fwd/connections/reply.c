// SPDX-License-Identifier: GPL-2.0-only
/* Messages on their way to a client. */
#include "client.h"
#include "ctl/fwd/base/to_json.h"

#include <stdarg.h>
#include <string.h>
#include <sys/socket.h>

static void append(struct client *c, const char *bytes, size_t len)
{
	if (c->out_from) {
		memmove(c->out, c->out + c->out_from, c->out_len - c->out_from);
		c->out_len -= c->out_from;
		c->out_from = 0;
	}
	if (c->out_room - c->out_len < len) {
		char *grown = realloc(c->out, c->out_len + len);

		if (!grown) {
			c->broken = true;
			return;
		}
		c->out = grown;
		c->out_room = c->out_len + len;
	}
	memcpy(c->out + c->out_len, bytes, len);
	c->out_len += len;
}

static void parts(struct client *c, enum fw_reply kind, const struct fw_part *part, uint16_t n)
{
	fw_autofree char *bytes = NULL;
	size_t size;

	if (fw_wire_encode((uint16_t)kind, part, n, &bytes, &size))
		c->broken = true;
	else
		append(c, bytes, size);
}

static void message(struct client *c, enum fw_reply kind, const char *text, size_t len)
{
	struct fw_part part = { text, (uint32_t)len };

	if (len > UINT32_MAX)
		c->broken = true;
	else
		parts(c, kind, &part, 1);
}

void client_text(struct client *c, const char *head, const char *text, size_t len)
{
	struct fw_part both[] = { { head, (uint32_t)strlen(head) }, { text, (uint32_t)len } };

	parts(c, FW_REPLY_TEXT, both, 2);
}

void client_lines(struct client *c, struct fw_buf *b)
{
	if (b->failed)
		c->broken = true;
	else if (b->len)
		message(c, FW_REPLY_LINES, b->text, b->len);
	b->len = 0;
}

void client_lines_of(struct client *c, const char *text, size_t len)
{
	message(c, FW_REPLY_LINES, text, len);
}

size_t client_some_lines(const char *text, size_t len)
{
	const char *newline = len <= CLIENT_CHUNK ? NULL : memrchr(text, '\n', CLIENT_CHUNK);

	/* A line that is longer than that goes out by itself. */
	if (!newline && len > CLIENT_CHUNK)
		newline = memchr(text + CLIENT_CHUNK, '\n', len - CLIENT_CHUNK);
	return newline ? (size_t)(newline + 1 - text) : len;
}

static void object(struct client *c, enum fw_reply kind, json_t *fields)
{
	fw_autofree char *text = fields ? json_dumps(fields, JSON_COMPACT) : NULL;

	json_decref(fields);
	if (text)
		message(c, kind, text, strlen(text));
	else
		c->broken = true;
}

void client_progress(struct client *c, const char *stage)
{
	object(c, FW_REPLY_PROGRESS, json_pack("{ss}", "stage", stage));
}

void client_end(struct client *c, json_t *fields)
{
	json_t *end = json_pack("{sb}", "ok", 1);

	if (fields && json_object_update(end, fields))
		c->broken = true;
	json_decref(fields);
	object(c, FW_REPLY_END, end);
	c->ended = true;
}

static json_t *failure(const char *error, const struct fw_diags *ds)
{
	json_t *end = json_pack("{sb so}", "ok", 0, "error", to_json_text(error));

	if (end && ds && ds->n)
		json_object_set_new(end, "diags", to_json_diags(ds));
	if (end && ds && ds->total > ds->n)
		json_object_set_new(end, "diags_total", json_integer(ds->total));
	return end;
}

void client_fail(struct client *c, const struct fw_diags *ds, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	object(c, FW_REPLY_END, failure(text, ds));
	c->ended = true;
}

void client_fail_errno(struct client *c, const struct fw_diags *ds, const char *what, int err)
{
	if (ds && ds->n)
		client_fail(c, ds, "%s", ds->d[0].message);
	else
		client_fail(c, NULL, "%s: %s", what, strerror(-err));
}

void client_deny(struct client *c, const char *fmt, ...)
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
	object(c, FW_REPLY_END, end);
	c->ended = c->closing = true;
}

void client_turn_away(int fd, const char *why)
{
	json_t *end = failure(why, NULL);
	fw_autofree char *text = end ? json_dumps(end, JSON_COMPACT) : NULL;
	struct fw_part part = { text, text ? (uint32_t)strlen(text) : 0 };
	fw_autofree char *bytes = NULL;
	size_t size;

	json_decref(end);
	if (text && !fw_wire_encode(FW_REPLY_END, &part, 1, &bytes, &size))
		(void)send(fd, bytes, size, MSG_NOSIGNAL | MSG_DONTWAIT);
}

// SPDX-License-Identifier: GPL-2.0-only
/* What the child process of a long reply sends. */
#include "long_reply.h"

#include "reply.h"

#include <poll.h>
#include <string.h>
#include <sys/socket.h>

int long_reply_bytes(const struct long_writer *w, const char *bytes, size_t len)
{
	while (len) {
		struct pollfd p = { .fd = w->fd, .events = POLLOUT };
		ssize_t n = send(w->fd, bytes, len, MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n < 0 && errno != EAGAIN && errno != EINTR)
			return -errno;
		if (n < 0 && poll(&p, 1, w->timeout) == 0)
			return -ETIMEDOUT;
		if (n > 0) {
			bytes += n;
			len -= (size_t)n;
		}
	}
	return 0;
}

static int send_message(const struct long_writer *w, enum fw_reply kind, const struct fw_part *parts, uint16_t n)
{
	fw_autofree char *bytes = NULL;
	size_t len;
	int err = fw_wire_encode((uint16_t)kind, parts, n, &bytes, &len);

	return err ? err : long_reply_bytes(w, bytes, len);
}

int long_reply_lines(const struct long_writer *w, const struct fw_buf *b)
{
	const struct fw_part lines = { b->text, (uint32_t)b->len };

	return b->failed ? -ENOMEM : send_message(w, FW_REPLY_LINES, &lines, 1);
}

int long_reply_text(struct long_writer *w, const char *head, bool all)
{
	const struct fw_part parts[] = { { head, (uint32_t)strlen(head) }, { w->b.text, (uint32_t)w->b.len } };
	int err;

	if (w->b.failed)
		return -ENOMEM;
	if (!w->b.len || (w->b.len < REPLY_CHUNK && !all))
		return 0;
	err = send_message(w, FW_REPLY_TEXT, parts, 2);
	w->b.len = 0;
	return err;
}

int long_reply_end(const struct long_writer *w, json_t *fields)
{
	fw_autofree char *text = NULL;
	struct fw_part part;

	if (!fields || json_object_set_new(fields, "ok", json_true())) {
		json_decref(fields);
		return -ENOMEM;
	}
	text = json_dumps(fields, JSON_COMPACT);
	json_decref(fields);
	if (!text)
		return -ENOMEM;
	part = (struct fw_part){ text, (uint32_t)strlen(text) };
	return send_message(w, FW_REPLY_END, &part, 1);
}

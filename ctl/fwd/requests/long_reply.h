/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Long replies that must be of one moment, however slow the client is and whatever changes meanwhile. A child process writes
 * them: fork() preserves the moment, and costs memory only for what changes. The child begins after the round, and first sends
 * what is in the reply already. While there is no place for it, it waits a few seconds, after those of users whose last long
 * reply was longer ago; then the request fails.
 */
#ifndef FWD_LONG_REPLY_H
#define FWD_LONG_REPLY_H

#include "fw/base.h"
#include "fw/wire.h"

#include <jansson.h>

struct fwd;

/* In the child process. */
struct long_writer {
	int fd, timeout; /* milliseconds */
	struct fw_buf b; /* text that has not been sent yet */
};

struct long_reply {
	const char *verb; /* for errors: "save" */
	/* Called in the child: sends all of it, END too. 0, or -errno: the connection is closed. */
	int (*write)(struct long_writer *w, const struct fwd *d, void *ctx);
	void *ctx;
};

/* All of these return 0 or -errno. */
int long_reply_bytes(const struct long_writer *w, const char *bytes, size_t len);
int long_reply_lines(const struct long_writer *w, const struct fw_buf *b);
/* TEXT with @head as part 0: what is in w->b, if that is enough for a message; or @all of it. */
int long_reply_text(struct long_writer *w, const char *head, bool all);
/* END with ok:true. Takes @fields, further fields. */
int long_reply_end(const struct long_writer *w, json_t *fields);

#endif

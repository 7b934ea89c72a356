/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A reply as it is made: messages, encoded, that the connection sends as its socket takes them. Memory that runs out makes the
 * reply @broken, and the connection is closed.
 */
#ifndef FWD_REPLY_H
#define FWD_REPLY_H

#include "fw/base.h"
#include "fw/wire.h"

#include <jansson.h>

#define REPLY_CHUNK 65536 /* bytes of a long reply that are made at once */

struct request;

/* A reply that is made while it is sent. */
struct stream {
	/* Adds a part of it, or does a part of the work for it. At the end it calls reply_end() or reply_fail(). */
	void (*step)(struct request *req, struct stream *s);
	void (*free)(struct stream *s);
};

struct reply {
	char *out;
	size_t from, len, room; /* out[from] to out[len - 1] have not been sent yet */
	bool ended;             /* END is in it, or a child process has sent it */
	bool last;              /* the connection serves no further request */
	bool broken;            /* it cannot be completed */
	struct stream *stream;  /* NULL: none, or it has ended */
	bool stream_waits;      /* it has nothing for now, and is asked again after request_wake() */
	size_t stream_bytes;    /* held by the stream, where they are many */
};

/* LINES: the text of @b, which is emptied. */
void reply_lines(struct reply *r, struct fw_buf *b);
void reply_lines_of(struct reply *r, const char *text, size_t len);
/* How many of the bytes make one message: whole lines, of about REPLY_CHUNK. */
size_t reply_some_lines(const char *text, size_t len);
/* TEXT: @head is part 0. */
void reply_text(struct reply *r, const char *head, const char *text, size_t len);
void reply_progress(struct reply *r, const char *stage);
/* END with ok:true. Takes @fields, further fields; NULL: none. */
void reply_end(struct reply *r, json_t *fields);
/* END with ok:false. @ds may be NULL. */
void reply_fail(struct reply *r, const struct fw_diags *ds, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/* END with ok:false: by the diagnostics where there are any, else "WHAT: text of the errno". */
void reply_fail_errno(struct reply *r, const struct fw_diags *ds, const char *what, int err);
/* END with denied:true: the caller has not the right. The connection closes after it. */
void reply_deny(struct reply *r, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* END with ok:false as bytes, for a connection that is not served: free() *out. 0 or -errno. */
int reply_refusal(const char *why, char **out, size_t *len);
/* Ends the stream, if there is one. */
void reply_stop(struct reply *r);

#endif

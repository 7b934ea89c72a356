/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One connection: a request comes in piece by piece, a reply goes out piece by
 * piece, then the next request. Whatever the other end does, a client costs at
 * most one request that it has the right to send, and one chunk of a reply; what
 * all clients cost together, see shares.h.
 */
#ifndef FWD_CLIENT_H
#define FWD_CLIENT_H

#include "ctl/fwd/requests/args.h"
#include "ctl/fwd/fwd.h"
#include "shares.h"
#include "fw/text.h"

#include <sys/types.h>

#define CLIENT_CHUNK 65536 /* bytes of a long reply that are made at once */

enum client_state {
	CLIENT_READ,  /* a request, or what there is of it */
	CLIENT_REPLY, /* the request is being carried out, or its reply goes out */
	CLIENT_DRAIN, /* the last reply is out; what still comes in is thrown away until the other end closes */
	CLIENT_DEAD,  /* freed when the round is over */
};

/* A reply that is made while it goes out. */
struct stream {
	/* Some more of it, by client_lines() and so on; a part of the work, however little comes of it. Done: client_end(). */
	void (*step)(struct client *c, struct stream *s);
	void (*free)(struct stream *s);
};

struct client {
	struct source source;
	struct fwd *fwd;
	struct client *next;  /* of all, or of the dead */
	struct client *waits; /* behind it in fwd->waiting or waiting_long */
	struct share *share;  /* of its user */
	uint64_t held[SHARE_NTHINGS];
	enum client_state state;
	double progress; /* when bytes last went either way */
	double begun;    /* when its request did, or the child process that writes the reply */

	/* turns.c */
	bool queued;
	uint32_t pending;     /* events that it is queued for */
	enum share_rank turn; /* with whom it takes turns */
	struct client *ready_next;

	/* The request. */
	char head[FW_WIRE_HEADER];
	struct fw_wire_head header;
	size_t got; /* bytes of header and body */
	char *body;
	struct fw_message *message;
	struct args args;

	/* The reply. */
	char *out;
	size_t out_from, out_len, out_room; /* out[out_from] to out[out_len - 1] are still to be sent */
	bool ended;                         /* END is in it */
	bool closing;                       /* no further request */
	bool broken;                        /* memory ran out: it cannot be completed */
	struct stream *stream;              /* NULL: somebody else will end it, or has */
	size_t stream_bytes;                /* that it holds, where they are many */
	struct client **reporter;           /* where a job that reports to this client has it; NULL: none */
	struct child *child;                /* that writes the reply; NULL: none */
	struct forked_work *forked;         /* what the child writes, or is to write when there is a place */
	bool asked;                         /* the engine was asked for it, and the reply waits until it is done */
	bool waited;                        /* for a grace period, which the change was in need of */
};

/* A new connection of a user; @fd is taken. @s NULL: there was no memory for it. 0 or -errno. */
int client_new(struct fwd *d, struct share *s, int fd);
/* Has the right to change. */
bool client_is_admin(const struct client *c);
/* What it is at changes nothing: others come first. */
bool client_only_reads(const struct client *c);
/* One step, when @events are there. */
void client_turn(struct client *c, uint32_t events);
/* The process at the other end, while it waits for an answer. */
struct record_who client_who(const struct client *c);
/* Not freed at once: see client_bury(). */
void client_close(struct client *c);
/* Frees those that were closed. */
void client_bury(struct fwd *d);
/* Goes on with whatever the client is at: called after something was added to its reply. */
void client_pump(struct client *c);
/* true: it has stopped in the middle of something for too long. */
bool client_stuck(const struct client *c, double now);

/*
 * Parts of a reply. Memory that runs out closes the connection.
 * client_lines: the text of @b, which is emptied. client_end: takes @fields, further fields of END, or NULL.
 */
void client_lines(struct client *c, struct fw_buf *b);
void client_lines_of(struct client *c, const char *text, size_t len);
/* How many of the bytes make one message: whole lines, of about CLIENT_CHUNK. */
size_t client_some_lines(const char *text, size_t len);
/* TEXT: @head is part 0. */
void client_text(struct client *c, const char *head, const char *text, size_t len);
void client_progress(struct client *c, const char *stage);
void client_end(struct client *c, json_t *fields);
/* END with ok:false. @ds may be NULL. */
void client_fail(struct client *c, const struct fw_diags *ds, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* END with ok:false by errno, or by diagnostics where there are any. */
void client_fail_errno(struct client *c, const struct fw_diags *ds, const char *what, int err);
/* END with denied:true: the caller has not the right; then the connection closes. */
void client_deny(struct client *c, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* END for a connection that will not be served; @fd stays the caller's. */
void client_turn_away(int fd, const char *why);

#endif

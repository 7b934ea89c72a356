/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Long replies that must be of one moment, however slow the client is and
 * whatever changes meanwhile. A child process writes them: fork() keeps the
 * moment, and memory only for what changes.
 */
#ifndef FWD_FORKED_H
#define FWD_FORKED_H

#include "client.h"

#define FORKED_LOOK 0.02

struct forked {
	int fd, timeout; /* milliseconds */
	struct fw_buf b; /* text that is not sent yet */
};

/**
 * forked_reply - lets a child write the rest of the reply
 * @verb:  for errors: "save"
 * @write: called in the child: all of it, END too; 0, or -errno: the connection is closed
 *
 * What is in the client's reply already goes out first. It begins when the round is over; while other long replies are in
 * the way it waits, for some seconds, behind those of users who had one longer ago; then the request fails.
 */
void forked_reply(struct client *c, const char *verb, int (*write)(struct forked *f, const struct fwd *d, void *ctx),
		  void *ctx);
/* A child process has ended: the reply that it wrote is over, or cannot be completed. */
void forked_over(struct fwd *d, pid_t pid, bool well);
/* Begins those of the replies that wait which can have a place now: after each round, FORKED_LOOK seconds apart at most. */
void forked_resume(struct fwd *d);
/* The client wants no more of it: its child process is killed. */
void forked_forget(struct client *c);
/* The daemon ends: no child is waited for. */
void forked_stop(struct fwd *d);

/* For the child. One message: 0 or -errno. */
int forked_send(const struct forked *f, enum fw_reply kind, const struct fw_part *parts, uint16_t n);
/* END with ok:true; takes @fields, further fields. 0 or -errno. */
int forked_end(const struct forked *f, json_t *fields);
/* The text that there is in f->b, with @head as part 0, when it is worth a message; or @all of it. 0 or -errno. */
int forked_text(struct forked *f, const char *head, bool all);

#endif

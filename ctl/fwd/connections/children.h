/* SPDX-License-Identifier: GPL-2.0-only */
/* The child processes that write long replies, see requests/long_reply.h. */
#ifndef FWD_CHILDREN_H
#define FWD_CHILDREN_H

#include "connection.h"

/* Forks one that writes request.long_reply: what is in the reply already is its to send. 0 or -errno. */
int child_start(struct connection *c);
/* Nobody wants the reply any more: kills the child that writes it. None is fine. */
void child_kill(struct connection *c);
/*
 * A child has ended; @well: with exit code 0. Return: the connection whose reply it wrote, which has ended or is broken now;
 * NULL: it is closed, or the process was none of these.
 */
struct connection *child_reap(struct fwd *d, pid_t pid, bool well);
/* One of this rank was killed and has not ended yet: its place is about to be free. */
bool children_ending(const struct fwd *d, enum share_rank rank);
/* The daemon ends and waits for none of them. */
void children_forget(struct fwd *d);

#endif

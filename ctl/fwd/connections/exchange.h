/* SPDX-License-Identifier: GPL-2.0-only */
/* Requests and replies over connections, in pieces as the sockets take them. */
#ifndef FWD_EXCHANGE_H
#define FWD_EXCHANGE_H

#include "connection.h"

/* Seconds between two looks at long replies that wait for a place. */
#define EXCHANGE_LOOK 0.02

/* One step of a connection, whose socket is ready for @events. */
void exchange_turn(struct connection *c, uint32_t events);
/* Sends what was added to replies outside of their connections' turns. */
void exchange_wake(struct fwd *d);
/*
 * Carries out some of the requests that waited for a load to be over, until one of them starts another. true: there are more
 * that could go on at once.
 */
bool exchange_resume(struct fwd *d);
/* Begins those of the long replies that wait which can have a place now: after each round, EXCHANGE_LOOK seconds apart at most. */
void exchange_resume_long(struct fwd *d);
/* A child process has ended: the reply that it wrote is over, or cannot be completed. */
void exchange_reap(struct fwd *d, pid_t pid, bool well);

#endif

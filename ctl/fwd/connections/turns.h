/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Whose turn it is. In each round of the loop root's clients come first, then
 * those of the admin group, then all that only read, whoever they are. Within
 * these, users take turns, each with one step of one client, until the time of the
 * kind is over; who is left comes first in the next round. So nobody waits for
 * more than some steps of others, however many connections they have and however
 * much they ask.
 */
#ifndef FWD_TURNS_H
#define FWD_TURNS_H

#include "client.h"

/* Something can be done for a client: it gets a turn. */
void turns_queue(struct client *c, uint32_t events);
void turns_leave(struct client *c);
/* One round. */
void turns_serve(struct fwd *d);

#endif

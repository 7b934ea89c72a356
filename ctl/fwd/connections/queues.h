/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Connections that wait.
 *
 * For their turn: in each round of the loop root's connections come first, then those of the admin group, then all that only
 * read, whoever they are. Within these, users take turns, each with one step of one connection, until the time of the kind
 * is over; whoever is left comes first in the next round. So nobody waits for more than some steps of others, however many
 * connections they have and however much they ask.
 *
 * For a load to be over, and for a place among the long replies.
 */
#ifndef FWD_QUEUES_H
#define FWD_QUEUES_H

#include "connection.h"

/* What the connection is doing changes nothing: others come first. */
bool turns_only_reads(const struct connection *c);
/* Something can be done for a connection: it gets a turn. */
void turns_queue(struct connection *c, uint32_t events);
void turns_leave(struct connection *c);
/* The connection whose turn it is, which leaves the queue, and its user the head of the line; NULL: there is none. */
struct connection *turns_next(struct fwd *d, enum share_rank turn);

/* Until the engine is not busy any more: root's come first, then others in the order in which they came. */
void waits_for_engine(struct connection *c);
/* Until there is a place for a long reply: after those of users who had one longer ago. */
void waits_for_child(struct connection *c);
/* Not to be in the list is fine. */
void waits_leave(struct connection **list, struct connection *c);

#endif

/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Connections that wait.
 *
 * For their turn: each round of the loop serves root's connections first, then those of the admin group, then all that only
 * read, regardless of their user. Within each group, users take turns, each with one step of one connection, until the time
 * of the group is up; users that are left are first in the next round. So nobody waits for more than a few steps of others,
 * however many connections and requests those have.
 *
 * Or for a load to be over, or for a place among the long replies.
 */
#ifndef FWD_QUEUES_H
#define FWD_QUEUES_H

#include "connection.h"

/* Does the connection only read? Those that change something go first. */
bool turns_only_reads(const struct connection *c);
/* Something can be done for a connection: it gets a turn. */
void turns_queue(struct connection *c, uint32_t events);
void turns_leave(struct connection *c);
/* Takes the connection whose turn it is from its queue, and moves its user behind all others. NULL: there is none. */
struct connection *turns_next(struct fwd *d, enum share_rank turn);

/* Waits until the engine is not busy any more: root's go first, then others in the order of their requests. */
void waits_for_engine(struct connection *c);
/* Waits for a place for a long reply: after those of users whose last one was longer ago. */
void waits_for_child(struct connection *c);
/* Removes it from a waiting list; not to be in it is fine. */
void waits_leave(struct connection **list, struct connection *c);

#endif

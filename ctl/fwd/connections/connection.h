/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One accepted socket: a request is read piece by piece, its reply is written piece by piece, and then the next one is read.
 * Whatever the client does, its connection costs at most one request that it has the right to send, and one chunk of a reply;
 * for what all connections cost together, see base/shares.h.
 */
#ifndef FWD_CONNECTION_H
#define FWD_CONNECTION_H

#include "ctl/fwd/base/shares.h"
#include "ctl/fwd/requests/request.h"

enum connection_state {
	CONNECTION_READ,  /* a request, or as much of it as there is */
	CONNECTION_REPLY, /* the request is being carried out, or its reply sent */
	CONNECTION_DRAIN, /* the last reply was sent; what is still received is thrown away until the client closes */
	CONNECTION_DEAD,  /* freed when the round is over */
};

struct connection {
	struct fw_loop_source source; /* first: see the function that the loop calls */
	struct fwd *fwd;
	struct connection *next; /* of all, or of the dead */
	struct share *share;     /* of its user */
	uint64_t held[SHARE_NTHINGS];
	enum connection_state state;
	double progress; /* when bytes were last received or sent */
	double begun;    /* when its request was, or the child process that writes the reply */
	struct request request;
	char head[FW_WIRE_HEADER];
	size_t got;          /* bytes of the request's header and body */
	struct child *child; /* that writes the reply; NULL: none */

	/* queues.c */
	bool queued;
	uint32_t pending;     /* events that it is queued for */
	enum share_rank turn; /* whose time its turn uses */
	struct connection *ready_next;
	struct connection *waits; /* the next one in a waiting list */
};

/* A new connection of a user; @fd is taken. @s NULL: there was no memory for it. 0 or -errno. */
int connection_new(struct fwd *d, struct share *s, int fd);
/* Its user may make changes. */
static inline bool connection_is_admin(const struct connection *c)
{
	return c->share->rank != SHARE_READER;
}
/* Sets what the connection holds of a thing. */
static inline void connection_hold(struct connection *c, enum share_thing thing, uint64_t amount)
{
	shares_add(&c->fwd->server.shares, c->share, thing, (int64_t)(amount - c->held[thing]));
	c->held[thing] = amount;
}
/* Lets go of everything but its own memory, see connection_bury(). */
void connection_close(struct connection *c);
/* Frees those that were closed. */
void connection_bury(struct fwd *d);
/* Nothing was asked for, or everything was answered. */
bool connection_is_idle(const struct connection *c);
/* It has stopped in the middle of a request or a reply for too long. */
bool connection_is_stuck(const struct connection *c, double now);

#endif

/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Connections, and what keeps those that are slow from being in the way of the
 * others: who takes too long to ask or to read the answer is cut off, one
 * connection more than there may be costs the one that has waited longest, and
 * few scrapes go on at once. All of that goes by where they come from: who has
 * most gives way to who has less.
 */
#ifndef EXPORTER_CLIENTS_H
#define EXPORTER_CLIENTS_H

#include "fw/base.h"

#include <pthread.h>

#define CLIENTS_SCRAPES 3 /* at once */
#define CLIENTS_QUEUE 8.0 /* seconds that one more waits for its turn */
#define CLIENTS_STALL \
	1.0 /* seconds in which a client takes nothing, after which its scrape has to make room for another */
#define CLIENTS_GRACE 10.0 /* seconds after which any has to */

#define CLIENTS_PATIENCE 2.0 /* seconds that one from elsewhere waits while others have several scrapes */

/* Where clients come from: an IPv4 address, an IPv6 network of 64 bits, a user of a Unix socket. */
struct origin {
	struct origin *next;
	uint64_t key;
	unsigned n;       /* connections, those that are cut off too */
	unsigned open;    /* of them: that are not */
	unsigned scrapes; /* that go on */
};

struct client {
	struct client *next, **link;
	struct origin *origin;
	int fd;
	double since;    /* by fw_now(): it is to ask, or to read, since then */
	bool reading;    /* it has asked */
	uint64_t ticket; /* its place in the queue for a scrape; 0: it does not wait */
	double scrape;   /* its scrape goes on since then; 0: none does */
	double moved;    /* it took something last; 0: it was given nothing yet */
	bool cut;
};

struct clients {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	struct client *first;
	struct origin *origins;
	unsigned n, max;
	unsigned scrapes;
	uint64_t tickets; /* given out */
	double timeout;   /* seconds */
	bool closing;
};

/* 0 or -ENOMEM. */
int clients_init(struct clients *all, unsigned max, double timeout);
void clients_fini(struct clients *all);

/* A connection is there. @fd stays open until clients_close(). NULL: no memory. */
struct client *clients_open(struct clients *all, int fd);
void clients_close(struct clients *all, struct client *c); /* NULL is fine */
/* It has asked, or it is to ask again: its time begins anew. */
void clients_reading(struct clients *all, struct client *c, bool reading);
/* Cuts those off whose time is over. Now and then. */
void clients_sweep(struct clients *all);
/* Nobody waits for a scrape any more, and no one gets one. */
void clients_stop(struct clients *all);

/* Waits for its turn. 0, or -EBUSY: it did not come. */
int clients_scrape_begin(struct clients *all, struct client *c);
/* A piece of the page is being made for it, or has gone out to it. */
void clients_scrape_piece(struct clients *all, struct client *c, bool made);
void clients_scrape_end(struct clients *all, struct client *c); /* also when none goes on */

#endif

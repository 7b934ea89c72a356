/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Connections, and what keeps slow ones from blocking the others. A client that takes too long to ask or to read the answer
 * is cut off; when there are too many connections, the one that has waited longest is closed; and only a few scrapes run at
 * once. All of this depends on where connections come from: an origin with many gives way to one with fewer.
 */
#ifndef EXPORTER_CONNECTIONS_H
#define EXPORTER_CONNECTIONS_H

#include "fw/base.h"

#include <pthread.h>

#define CONNECTIONS_SCRAPES 3  /* at once */
#define CONNECTIONS_QUEUE 8.0  /* seconds that another scrape waits for its turn */
#define CONNECTIONS_STALL 1.0  /* seconds without progress, after which a scrape has to make room for another */
#define CONNECTIONS_GRACE 10.0 /* seconds after which any scrape has to */

#define CONNECTIONS_PATIENCE 2.0 /* seconds that a scrape of another origin waits for one that runs several */

/* Where connections come from: an IPv4 address, a /64 of IPv6, a user of a Unix socket. */
struct origin {
	struct origin *next;
	uint64_t key;
	unsigned n;       /* connections, including those that were cut off */
	unsigned open;    /* of them, those that were not */
	unsigned scrapes; /* that are running */
};

struct connection {
	struct connection *next, **link;
	struct origin *origin;
	int fd;
	double since;    /* by fw_now(): when it was to ask, or to read */
	bool reading;    /* it has asked, and reads the answer */
	uint64_t ticket; /* its place in the queue for a scrape; 0: it is not waiting */
	double scrape;   /* when its scrape began; 0: none is running */
	double moved;    /* when a piece was made that it has not taken; 0: none is waiting */
	bool cut;        /* shut down, but not closed yet */
};

struct connections {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	struct connection *first;
	struct origin *origins;
	unsigned n, max;
	unsigned scrapes;
	uint64_t tickets; /* given out */
	double timeout;   /* seconds */
	bool closing;
};

/* Return: 0 or -ENOMEM. */
int connections_init(struct connections *all, unsigned max, double timeout);
void connections_fini(struct connections *all);

/* A new connection. @fd stays open until connections_close(). Return: NULL: out of memory. */
struct connection *connections_open(struct connections *all, int fd);
void connections_close(struct connections *all, struct connection *c); /* NULL is fine */
/* It has asked, or is to ask again: restarts its time limit. */
void connections_reading(struct connections *all, struct connection *c, bool reading);
/* Cuts off connections that are over their time limit; to be called at intervals. */
void connections_sweep(struct connections *all);
/* Ends all waiting for scrapes; no more are granted. */
void connections_stop(struct connections *all);

/* Waits for its turn to scrape. Return: 0, or -EBUSY: it was not granted. */
int connections_scrape_begin(struct connections *all, struct connection *c);
/* A piece of the page is requested for it, or @made for it. */
void connections_scrape_piece(struct connections *all, struct connection *c, bool made);
void connections_scrape_end(struct connections *all, struct connection *c); /* even when none is running */

#endif

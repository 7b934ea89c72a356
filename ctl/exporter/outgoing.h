/* SPDX-License-Identifier: GPL-2.0-only */
/* A page on its way to a client, compressed or not: whole, or piece by piece while it is made. */
#ifndef EXPORTER_OUTGOING_H
#define EXPORTER_OUTGOING_H

#include "scrape.h"

#include <sys/types.h>

struct outgoing;

/* @scrape: taken, also on failure. NULL: no memory. */
struct outgoing *outgoing_new(struct scrape *scrape, bool gzip);
void outgoing_free(struct outgoing *o); /* NULL is fine */
/* All of a page that is made already, to be freed; NULL: no memory. */
char *outgoing_whole(struct outgoing *o, size_t *len);
/* The next bytes, at most @max. 0: there are no more; -errno: what came before is no page. */
ssize_t outgoing_next(struct outgoing *o, char *buf, size_t max);

#endif

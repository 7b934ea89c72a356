/* SPDX-License-Identifier: GPL-2.0-only */
/* A page that is sent to a client, compressed or not: whole, or piece by piece while it is made. */
#ifndef EXPORTER_OUTGOING_H
#define EXPORTER_OUTGOING_H

#include "ctl/exporter/scrape/scrape.h"

#include <sys/types.h>

struct outgoing;

/* @scrape: taken, even on failure. Return: NULL: out of memory. */
struct outgoing *outgoing_new(struct scrape *scrape, bool gzip);
void outgoing_free(struct outgoing *o); /* NULL is fine */
/* All of a page that is complete. Return: its text, to be freed; NULL: out of memory. */
char *outgoing_whole(struct outgoing *o, size_t *len);
/* The next bytes. Return: how many, at most @max; 0: the page is complete; -errno: it cannot be completed. */
ssize_t outgoing_next(struct outgoing *o, char *buf, size_t max);

#endif

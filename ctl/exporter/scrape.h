/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One page of metrics, made piece by piece while it is taken away. From fwd; and
 * when fwd does not answer and nothing of the page was taken yet, from the pinned maps.
 */
#ifndef EXPORTER_SCRAPE_H
#define EXPORTER_SCRAPE_H

#include "source.h"

/* What all scrapes share. Zero-initialised is none yet. */
struct scrapes {
	_Atomic uint64_t ended[SCRAPE_NRESULTS];
	_Atomic unsigned last; /* enum scrape_result of the last one; what differs from it is said */
};

struct scrape;

/* 0 or -ENOMEM. @c and @all are borrowed until scrape_free(). */
int scrape_new(const struct settings *c, struct scrapes *all, enum page_format format, struct scrape **out);
/* NULL is fine. One whose page is not complete counts as failed. */
void scrape_free(struct scrape *s);
void scrape_freep(struct scrape **s);

/**
 * scrape_fill - makes more of the page
 * @want: stops when that many bytes wait to be taken
 * @done: it is complete
 * Return: 0, or -errno; what was taken before is no page then.
 */
int scrape_fill(struct scrape *s, size_t want, bool *done);
/* What waits: whoever reads it calls scrape_take() with how many bytes of it are not needed any more. */
const char *scrape_text(const struct scrape *s, size_t *len);
void scrape_take(struct scrape *s, size_t bytes);
/* Hands over all of it: free() it. */
char *scrape_steal(struct scrape *s, size_t *len);
/* Why scrape_fill() failed. */
const char *scrape_why(const struct scrape *s);

#endif

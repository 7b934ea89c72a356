/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One page of metrics, made piece by piece while the caller takes it. The numbers are fwd's; or, if fwd does not answer and
 * nothing of the page was taken yet, those of the pinned maps.
 */
#ifndef EXPORTER_SCRAPE_H
#define EXPORTER_SCRAPE_H

#include "source.h"

/* What all scrapes share. Zero-initialised: none has ended. */
struct scrapes {
	_Atomic uint64_t ended[SCRAPE_NRESULTS];
	_Atomic unsigned last; /* enum scrape_result of the last one; a different one is logged */
};

struct scrape;

/* @c and @all are borrowed until scrape_free(). Return: 0 or -ENOMEM. */
int scrape_new(const struct settings *c, struct scrapes *all, enum page_format format, struct scrape **out);
/* NULL is fine. One whose page is not complete counts as failed. */
void scrape_free(struct scrape *s);
void scrape_freep(struct scrape **s);

/**
 * scrape_fill - makes more of the page
 * @want: stop when that many bytes wait to be taken
 * @done: set when the page is complete
 * Return: 0, or -errno: the page cannot be completed.
 */
int scrape_fill(struct scrape *s, size_t want, bool *done);
/* The bytes that wait to be taken. The caller removes those that it has used by scrape_take(). */
const char *scrape_text(const struct scrape *s, size_t *len);
void scrape_take(struct scrape *s, size_t bytes);
/* The same, transferred to the caller, who frees it. */
char *scrape_steal(struct scrape *s, size_t *len);
/* Why scrape_fill() failed. */
const char *scrape_why(const struct scrape *s);

#endif

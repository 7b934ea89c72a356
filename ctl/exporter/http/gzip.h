/* SPDX-License-Identifier: GPL-2.0-only */
/* Compression of a page, piece by piece. */
#ifndef EXPORTER_GZIP_H
#define EXPORTER_GZIP_H

#include "fw/text.h"

struct gzip;

/* Return: 0 or -ENOMEM. */
int gzip_new(struct gzip **out);
void gzip_free(struct gzip *g); /* NULL is fine */
void gzip_freep(struct gzip **g);
/* Compresses @len bytes, and appends to @out. @last: they end the page. Return: 0 or -ENOMEM. */
int gzip_add(struct gzip *g, const char *text, size_t len, bool last, struct fw_buf *out);

#endif

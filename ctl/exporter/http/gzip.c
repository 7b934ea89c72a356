// SPDX-License-Identifier: GPL-2.0-only
/*
 * Compression of a page. Pages are so repetitive that the fastest level makes them small; higher levels take several times
 * as long.
 */
#include "gzip.h"

#include <zlib.h>

#define LEVEL 1
#define WINDOW_BITS (15 + 16) /* the largest window, and gzip's header and trailer */
#define MEMORY 8
#define PIECE 16384
#define INPUT_MAX (1u << 30)

struct gzip {
	z_stream z;
};

int gzip_new(struct gzip **out)
{
	struct gzip *g = calloc(1, sizeof(*g));

	if (!g)
		return -ENOMEM;
	if (deflateInit2(&g->z, LEVEL, Z_DEFLATED, WINDOW_BITS, MEMORY, Z_DEFAULT_STRATEGY) != Z_OK) {
		free(g);
		return -ENOMEM;
	}
	*out = g;
	return 0;
}

void gzip_free(struct gzip *g)
{
	if (!g)
		return;
	deflateEnd(&g->z);
	free(g);
}

void gzip_freep(struct gzip **g)
{
	gzip_free(*g);
}

/* At most INPUT_MAX bytes: zlib counts them in an unsigned. */
static void add_some(struct gzip *g, const char *text, size_t len, bool last, struct fw_buf *out)
{
	char piece[PIECE];

	g->z.next_in = (unsigned char *)text;
	g->z.avail_in = (unsigned)len;
	do {
		g->z.next_out = (unsigned char *)piece;
		g->z.avail_out = sizeof(piece);
		deflate(&g->z, last ? Z_FINISH : Z_NO_FLUSH);
		fw_buf_add(out, piece, sizeof(piece) - g->z.avail_out);
	} while (!g->z.avail_out);
}

int gzip_add(struct gzip *g, const char *text, size_t len, bool last, struct fw_buf *out)
{
	for (; len > INPUT_MAX; text += INPUT_MAX, len -= INPUT_MAX)
		add_some(g, text, INPUT_MAX, false, out);
	add_some(g, text, len, last, out);
	return out->failed ? -ENOMEM : 0;
}

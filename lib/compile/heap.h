/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Lines of the pool for the objects of one image. Private to lib/compile.
 *
 * A bit per line says which are in use; the search goes on where it last found
 * something, so that a compilation lays objects down one after the other. An object of up to a segment stays inside one,
 * because the lookup reads it from there; a larger one has segments of its own.
 */
#ifndef FW_HEAP_H
#define FW_HEAP_H

#include "fw/compile.h"

struct heap_segment {
	uint32_t index;  /* in the pool */
	uint32_t used;   /* lines */
	uint32_t next;   /* where the search goes on */
	uint32_t misses; /* objects of so many lines, or more, did not fit when last tried */
	uint32_t span;   /* segments of a larger object that starts here; 0: small objects */
	bool dirty;      /* lines were freed: they are not zero */
	uint64_t map[FW_SEGMENT_LINES / 64];
};

struct heap {
	struct fw_pool *pool;
	struct heap_segment **segments;
	size_t n, cap;
	size_t current;                            /* the one that was allocated from last */
	uint64_t used;                             /* lines */
	bool live;                                 /* packets may be led to what is allocated next, at once */
	struct heap_segment *of[FW_POOL_SEGMENTS]; /* by the segment's index; NULL: not this heap's, or inside a span */
};

/* @lines that stand together, zeroed. 0, -ENOMEM, -ENOSPC when the pool is full. */
int heap_alloc(struct heap *h, uint32_t lines, uint32_t *line);
void heap_free(struct heap *h, uint32_t line, uint32_t lines);
/* Gives all segments back. */
void heap_end(struct heap *h);

#endif

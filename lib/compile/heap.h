/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Lines of the pool for the objects of one image. Private to lib/compile.
 *
 * A bit per line tells which are in use. The search goes on where it last found room, so that a compilation places objects one
 * after the other. An object of up to a segment is inside a single one, as the lookup requires; a larger one has segments of
 * its own.
 */
#ifndef FW_HEAP_H
#define FW_HEAP_H

#include "fw/compile.h"

struct heap_segment {
	uint32_t index;  /* in the pool */
	uint32_t used;   /* lines */
	uint32_t next;   /* where the next search begins */
	uint32_t misses; /* an object of this many lines or more will not fit */
	uint32_t span;   /* segments of a larger object that starts here; 0: small objects */
	bool dirty;      /* lines were freed: they are not zero */
	uint64_t map[FW_SEGMENT_LINES / 64];
};

struct heap {
	struct fw_pool *pool;
	struct heap_segment **segments;
	size_t n, cap;
	size_t current;                            /* the segment of the last allocation */
	uint64_t used;                             /* lines */
	bool live;                                 /* packets may be led to new objects at once */
	struct heap_segment *of[FW_POOL_SEGMENTS]; /* by index in the pool; NULL: not of this heap, or inside a span */
};

/* Allocates @lines adjacent lines, zeroed. 0, -ENOMEM, -ENOSPC: the pool is full. */
int heap_alloc(struct heap *h, uint32_t lines, uint32_t *line);
void heap_free(struct heap *h, uint32_t line, uint32_t lines);
/* Gives all segments back. */
void heap_end(struct heap *h);

#endif

/* SPDX-License-Identifier: GPL-2.0-only */
/* An arena of jemalloc's for each ruleset: see memory.c. */
#ifndef FWD_MEMORY_H
#define FWD_MEMORY_H

#include "engine.h"

unsigned memory_new(void); /* 0: there is none */
/* From now on this thread allocates from @arena; 0: from the usual one. */
void memory_use(unsigned arena);
/* Everything in it was freed; 0 is fine. */
void memory_free(unsigned arena);

/* Memory of the process, without arenas. false: this is another allocator. */
bool memory_read(struct engine_memory *out);
/* Adds an arena to them; 0 is fine. @generation: see struct engine_memory. */
void memory_add_arena(struct engine_memory *out, unsigned arena, uint32_t generation);

#endif

// SPDX-License-Identifier: GPL-2.0-only
/*
 * An arena of jemalloc's for each ruleset. Its memory goes back to the system as a whole when the ruleset is freed, and leaves no
 * holes between what lives on. Programs that are linked without jemalloc have one heap for everything.
 */
#include "memory.h"

int mallctl(const char *name, void *oldp, size_t *oldlenp, void *newp, size_t newlen) __attribute__((weak));

static int get(const char *name, void *out, size_t size)
{
	return mallctl(name, out, &size, NULL, 0);
}

static int get_of(const char *format, unsigned arena, void *out, size_t size)
{
	char name[64];

	snprintf(name, sizeof(name), format, arena);
	return get(name, out, size);
}

static void do_with(const char *format, unsigned arena)
{
	char name[64];

	snprintf(name, sizeof(name), format, arena);
	mallctl(name, NULL, NULL, NULL, 0);
}

/* The thread's cache of freed memory would otherwise hold some of an arena that it leaves, or that goes away. */
static void cache_flush(void)
{
	mallctl("thread.tcache.flush", NULL, NULL, NULL, 0);
}

static void refresh(void)
{
	uint64_t epoch = 1;
	size_t size = sizeof(epoch);

	mallctl("epoch", &epoch, &size, &epoch, size);
}

unsigned memory_new(void)
{
	unsigned arena = 0;

	if (mallctl && get("arenas.create", &arena, sizeof(arena)))
		arena = 0;
	return arena;
}

void memory_use(unsigned arena)
{
	if (!mallctl)
		return;
	cache_flush();
	mallctl("thread.arena", NULL, NULL, &arena, sizeof(arena));
}

/* Only an arena that holds nothing is destroyed; of one in which something lives on, the free pages go. */
void memory_free(unsigned arena)
{
	size_t small = 1, large = 1;

	if (!arena)
		return;
	cache_flush();
	refresh();
	get_of("stats.arenas.%u.small.allocated", arena, &small, sizeof(small));
	get_of("stats.arenas.%u.large.allocated", arena, &large, sizeof(large));
	do_with(small || large ? "arena.%u.purge" : "arena.%u.destroy", arena);
}

bool memory_read(struct engine_memory *out)
{
	size_t value[4] = { 0 };

	*out = (struct engine_memory){ .known = false };
	if (!mallctl)
		return false;
	refresh();
	if (get("stats.allocated", &value[0], sizeof(size_t)) || get("stats.active", &value[1], sizeof(size_t)) ||
	    get("stats.resident", &value[2], sizeof(size_t)) || get("stats.retained", &value[3], sizeof(size_t)))
		return false;
	*out = (struct engine_memory){ true, value[0], value[1], value[2], value[3], .narenas = 0 };
	return true;
}

void memory_add_arena(struct engine_memory *out, unsigned arena, uint32_t generation)
{
	size_t pages = 0, page = 0;

	if (!arena || out->narenas == ENGINE_ARENAS)
		return;
	get_of("stats.arenas.%u.pactive", arena, &pages, sizeof(pages));
	get("arenas.page", &page, sizeof(page));
	out->arena[out->narenas].generation = generation;
	out->arena[out->narenas++].active = pages * page;
}

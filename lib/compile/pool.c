// SPDX-License-Identifier: GPL-2.0-only
/*
 * The pool's lines are handed out one after the other. An object of up to a
 * segment stays inside one, because the lookup reads it from there.
 */
#include "fw/compile.h"

#include <string.h>
#include <sys/mman.h>

#define RESERVED ((size_t)FW_POOL_SEGMENTS * FW_SEGMENT_BYTES + FW_SLACK)

int fw_pool_init(struct fw_pool *pool)
{
	void *base = mmap(NULL, RESERVED, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (base == MAP_FAILED)
		return -ENOMEM;
	memset(pool, 0, sizeof(*pool));
	pool->base = base;
	pool->used = 1;
	pool->limit = FW_POOL_SEGMENTS;
	return 0;
}

void fw_pool_fini(struct fw_pool *pool)
{
	munmap(pool->base, RESERVED);
}

static int memory_grow(struct fw_pool *pool)
{
	uint8_t *at = pool->base + (uint64_t)pool->nsegments * FW_SEGMENT_BYTES;

	if (pool->nsegments == pool->limit)
		return -ENOSPC;
	if (mprotect(at, FW_SEGMENT_BYTES + FW_SLACK, PROT_READ | PROT_WRITE))
		return -ENOMEM;
	pool->nsegments++;
	return 0;
}

int fw_pool_new(struct fw_pool **out)
{
	struct fw_pool *pool = malloc(sizeof(*pool));
	int err = pool ? fw_pool_init(pool) : -ENOMEM;

	if (err) {
		free(pool);
		return err;
	}
	pool->grow = memory_grow;
	*out = pool;
	return 0;
}

void fw_pool_free(struct fw_pool *pool)
{
	if (!pool)
		return;
	fw_pool_fini(pool);
	free(pool);
}

int fw_pool_alloc(struct fw_pool *pool, uint32_t lines, uint32_t *line)
{
	uint64_t first = pool->used, last;

	if (!lines)
		return -EINVAL;
	if (lines <= FW_SEGMENT_LINES && first % FW_SEGMENT_LINES + lines > FW_SEGMENT_LINES)
		first = (first / FW_SEGMENT_LINES + 1) * FW_SEGMENT_LINES;
	last = first + lines - 1;
	if (last / FW_SEGMENT_LINES >= pool->limit)
		return -ENOSPC;
	while (pool->nsegments <= last / FW_SEGMENT_LINES) {
		int err = pool->grow(pool);

		if (err)
			return err;
	}
	pool->used = (uint32_t)last + 1;
	*line = (uint32_t)first;
	return 0;
}

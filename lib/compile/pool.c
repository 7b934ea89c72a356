// SPDX-License-Identifier: GPL-2.0-only
/* The pool: which segments are taken and, for a pool of plain memory, how they are provided. */
#include "fw/compile.h"

#include <string.h>
#include <sys/mman.h>

#define RESERVED ((size_t)FW_POOL_SEGMENTS * FW_SEGMENT_BYTES + FW_SLACK)

int fw_pool_init(struct fw_pool *pool)
{
	void *base = mmap(NULL, RESERVED, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (base == MAP_FAILED)
		return -ENOMEM;
	memset(pool, 0, sizeof(*pool));
	pool->base = base;
	pool->limit = FW_POOL_SEGMENTS;
	return 0;
}

void fw_pool_fini(struct fw_pool *pool)
{
	munmap(pool->base, RESERVED);
}

static int memory_add(struct fw_pool *pool, uint32_t index)
{
	uint8_t *at = pool->base + (uint64_t)index * FW_SEGMENT_BYTES;

	return mprotect(at, FW_SEGMENT_BYTES, PROT_READ | PROT_WRITE) ? -ENOMEM : 0;
}

static void memory_drop(struct fw_pool *pool, uint32_t index)
{
	uint8_t *at = pool->base + (uint64_t)index * FW_SEGMENT_BYTES;

	madvise(at, FW_SEGMENT_BYTES, MADV_DONTNEED);
	mprotect(at, FW_SEGMENT_BYTES, PROT_READ);
}

int fw_pool_new(struct fw_pool **out)
{
	struct fw_pool *pool = malloc(sizeof(*pool));
	int err = pool ? fw_pool_init(pool) : -ENOMEM;

	if (err) {
		free(pool);
		return err;
	}
	pool->add = memory_add;
	pool->drop = memory_drop;
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

static bool is_taken(const struct fw_pool *pool, uint32_t index)
{
	return pool->taken[index / 64] >> index % 64 & 1;
}

/* The first of @n adjacent free segments, or FW_POOL_SEGMENTS. */
static uint32_t find_free(const struct fw_pool *pool, uint32_t n)
{
	uint32_t run = 0;

	for (uint32_t i = 0; i < FW_POOL_SEGMENTS; i++) {
		run = is_taken(pool, i) ? 0 : run + 1;
		if (run == n)
			return i + 1 - n;
	}
	return FW_POOL_SEGMENTS;
}

int fw_pool_take(struct fw_pool *pool, uint32_t n, uint32_t *index)
{
	uint32_t first = pool->limit - pool->nsegments < n ? FW_POOL_SEGMENTS : find_free(pool, n);

	if (!n || first == FW_POOL_SEGMENTS)
		return -ENOSPC;
	for (uint32_t i = 0; i < n; i++) {
		int err = pool->add(pool, first + i);

		if (err) {
			fw_pool_give(pool, first, i);
			return err;
		}
		fw_pool_occupy(pool, first + i);
	}
	*index = first;
	return 0;
}

void fw_pool_give(struct fw_pool *pool, uint32_t index, uint32_t n)
{
	for (uint32_t i = index; i < index + n; i++) {
		pool->drop(pool, i);
		pool->taken[i / 64] &= ~(1ull << i % 64);
		pool->nsegments--;
	}
}

void fw_pool_occupy(struct fw_pool *pool, uint32_t index)
{
	pool->taken[index / 64] |= 1ull << index % 64;
	pool->nsegments++;
}

// SPDX-License-Identifier: GPL-2.0-only
/* Regions and growing arrays. */
#include "fw/base.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define CHUNK_BYTES (256u * 1024)
#define HUGE_BYTES (8u << 20)

struct fw_arena_chunk {
	struct fw_arena_chunk *next;
	size_t used, size;
	_Alignas(16) unsigned char data[];
};

static struct fw_arena_chunk *chunk_new(struct fw_arena *a, size_t size)
{
	size_t room = size > CHUNK_BYTES ? size : CHUNK_BYTES;
	struct fw_arena_chunk *c = calloc(1, sizeof(*c) + room);

	if (!c)
		return NULL;
	c->size = room;
	c->next = a->chunks;
	a->chunks = c;
	a->bytes += sizeof(*c) + room;
	return c;
}

void *fw_arena_alloc(struct fw_arena *a, size_t size)
{
	struct fw_arena_chunk *c = a->chunks;

	if (size > SIZE_MAX / 2)
		return NULL;
	size = (size + 7) & ~(size_t)7;
	if (!c || c->size - c->used < size)
		c = chunk_new(a, size);
	if (!c)
		return NULL;
	c->used += size;
	return c->data + c->used - size;
}

char *fw_arena_strdup(struct fw_arena *a, const char *s, size_t len)
{
	char *copy = fw_arena_alloc(a, len + 1);

	if (copy)
		memcpy(copy, s, len);
	return copy;
}

void fw_arena_free(struct fw_arena *a)
{
	while (a->chunks) {
		struct fw_arena_chunk *c = a->chunks;

		a->chunks = c->next;
		free(c);
	}
	a->bytes = 0;
}

void fw_huge_pages(void *p, size_t size)
{
	uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE), from = ((uintptr_t)p + page - 1) & ~(page - 1);

	if (p && size >= HUGE_BYTES)
		madvise((void *)from, ((uintptr_t)p + size - from) & ~(page - 1), MADV_HUGEPAGE);
}

int fw_vec_grow(void *ptr, size_t n, size_t *cap, size_t size)
{
	if (n < *cap)
		return 0;

	size_t want = *cap ? *cap * 2 : 16;
	void *grown = want > SIZE_MAX / size ? NULL : realloc(*(void **)ptr, want * size);

	if (!grown)
		return -ENOMEM;
	fw_huge_pages(grown, want * size);
	*(void **)ptr = grown;
	*cap = want;
	return 0;
}

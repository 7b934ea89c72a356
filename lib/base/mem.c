// SPDX-License-Identifier: GPL-2.0-only
/* Regions and growing arrays. */
#include "fw/base.h"

#include <sanitizer/asan_interface.h> /* does nothing in a build without it */
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define CHUNK_BYTES_MIN 4096u
#define CHUNK_BYTES (256u * 1024)
#define CHUNK_BYTES_MAX (16u << 20)
#define HUGE_BYTES (8u << 20)
#define SMALL_BYTES (8u * FW_REGION_CLASSES)

struct fw_region_chunk {
	struct fw_region_chunk *next;
	size_t used, size;
	_Alignas(16) unsigned char data[];
};

/* A separate allocation, so that it can be given back to malloc. */
struct fw_region_large {
	struct fw_region_large *next, **link; /* link: the pointer to this one */
	_Alignas(16) unsigned char data[];
};

/* Chunks grow with the region: large ones cause few page faults, small ones waste little. */
static size_t chunk_room(size_t bytes)
{
	if (bytes < CHUNK_BYTES)
		return bytes < CHUNK_BYTES_MIN ? CHUNK_BYTES_MIN : bytes;
	return bytes / 4 < CHUNK_BYTES ? CHUNK_BYTES : bytes / 4 > CHUNK_BYTES_MAX ? CHUNK_BYTES_MAX : bytes / 4;
}

static struct fw_region_chunk *chunk_new(struct fw_region *a)
{
	size_t room = chunk_room(a->bytes);
	struct fw_region_chunk *c = calloc(1, sizeof(*c) + room);

	if (!c)
		return NULL;
	fw_huge_pages(c, sizeof(*c) + room);
	c->size = room & ~(size_t)7;
	c->next = a->chunks;
	a->chunks = c;
	a->bytes += sizeof(*c) + c->size;
	return c;
}

static void *large_new(struct fw_region *a, size_t size)
{
	struct fw_region_large *l = calloc(1, sizeof(*l) + size);

	if (!l)
		return NULL;
	l->next = a->large;
	l->link = &a->large;
	if (l->next)
		l->next->link = &l->next;
	a->large = l;
	a->bytes += sizeof(*l) + size;
	return l->data;
}

static size_t round_up(size_t size)
{
	return size ? (size + 7) & ~(size_t)7 : 8;
}

void *fw_region_alloc(struct fw_region *a, size_t size)
{
	struct fw_region_chunk *c = a->chunks;

	if (size > SIZE_MAX / 2)
		return NULL;
	size = round_up(size);
	if (size > SMALL_BYTES)
		return large_new(a, size);

	void **list = &a->free[size / 8 - 1], *p = *list;

	if (p) {
		ASAN_UNPOISON_MEMORY_REGION(p, size);
		*list = *(void **)p;
		return memset(p, 0, size);
	}
	if (!c || c->size - c->used < size)
		c = chunk_new(a);
	if (!c)
		return NULL;
	c->used += size;
	return c->data + c->used - size;
}

char *fw_region_strdup(struct fw_region *a, const char *s, size_t len)
{
	char *copy = fw_region_alloc(a, len + 1);

	if (copy)
		memcpy(copy, s, len);
	return copy;
}

void fw_region_recycle(struct fw_region *a, const void *given, size_t size)
{
	void *p = (void *)given;

	size = round_up(size);
	if (!p)
		return;
	if (size > SMALL_BYTES) {
		struct fw_region_large *l = (void *)((char *)p - offsetof(struct fw_region_large, data));

		*l->link = l->next;
		if (l->next)
			l->next->link = l->link;
		a->bytes -= sizeof(*l) + size;
		free(l);
		return;
	}
	*(void **)p = a->free[size / 8 - 1];
	a->free[size / 8 - 1] = p;
	ASAN_POISON_MEMORY_REGION(p, size);
}

void fw_region_free(struct fw_region *a)
{
	while (a->chunks) {
		struct fw_region_chunk *c = a->chunks;

		a->chunks = c->next;
		ASAN_UNPOISON_MEMORY_REGION(c->data, c->size);
		free(c);
	}
	while (a->large) {
		struct fw_region_large *l = a->large;

		a->large = l->next;
		free(l);
	}
	*a = (struct fw_region){ 0 };
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

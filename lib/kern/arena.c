// SPDX-License-Identifier: GPL-2.0-only
/*
 * The pool as an arena: memory that the programs read without looking up each
 * segment in a map, and see as soon as it is allocated. Two small programs
 * allocate and free its pages. An arena has the same addresses in every process
 * that maps it. Its last segment is not part of the pool: it records which
 * segments are allocated.
 */
#include "kern.h"

#include "bpf/arena.skel.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define ARENA_BYTES ((size_t)FW_POOL_SEGMENTS * FW_SEGMENT_BYTES)
#define ARENA_LAST (FW_POOL_SEGMENTS - 1)
/* Candidate addresses, 4 GiB apart, far from programs, libraries, stacks and sanitizers: the first free one is used. */
#define ARENA_FIRST 0x200000000000ull
#define ARENA_PLACES 16
#define GIVE_BACK_PAGES 64

_Static_assert(ARENA_BYTES == 1ull << 32, "addresses in an arena differ only in their low 32 bits");

struct arena {
	struct arena_bpf *skel;                  /* allocates and frees pages */
	uint64_t *placed;                        /* in the arena: a bit for each allocated segment */
	uint64_t dropped[FW_POOL_SEGMENTS / 64]; /* given back, but not freed yet */
	uint32_t leaving;                        /* the segment whose pages are being freed; ARENA_LAST: none */
	uint32_t gone;                           /* how many of them are */
};

static int map_at(int fd, uint64_t address)
{
	void *at = mmap((void *)(uintptr_t)address, ARENA_BYTES, PROT_READ | PROT_WRITE,
			MAP_SHARED | MAP_FIXED_NOREPLACE, fd, 0);

	if (at == MAP_FAILED)
		return -errno;
	if ((uintptr_t)at == address)
		return 0;
	munmap(at, ARENA_BYTES);
	return -EEXIST;
}

/* Creates an arena that has @address in every process. Return: its descriptor; -EEXIST: the address is in use; -errno. */
static int arena_at(uint64_t address)
{
	LIBBPF_OPTS(bpf_map_create_opts, opts, .map_flags = BPF_F_MMAPABLE, .map_extra = address);
	uint32_t pages = (uint32_t)(ARENA_BYTES / (size_t)sysconf(_SC_PAGESIZE));
	int fd = bpf_map_create((enum bpf_map_type)FW_MAP_TYPE_ARENA, "fw_arena", 0, 0, pages, &opts), err;

	if (fd < 0)
		return -errno;
	err = map_at(fd, address);
	if (!err)
		return fd;
	close(fd);
	return err;
}

int kern_arena_new(struct fw_kern *k)
{
	int fd = -EEXIST;

	for (uint64_t i = 0; i < ARENA_PLACES && fd == -EEXIST; i++) {
		uint64_t address = ARENA_FIRST + i * ARENA_BYTES;

		fd = arena_at(address);
		if (fd >= 0)
			munmap((void *)(uintptr_t)address, ARENA_BYTES);
	}
	if (fd < 0)
		return fd;
	k->maps[MAP_ARENA] = fd;
	return 0;
}

static int load(struct fw_kern *k, struct arena *a)
{
	a->skel = arena_bpf__open();
	if (!a->skel)
		return -errno;

	int err = bpf_map__reuse_fd(a->skel->maps.fw_arena, k->maps[MAP_ARENA]);

	return err ? err : arena_bpf__load(a->skel);
}

static uint32_t segment_pages(void)
{
	return (uint32_t)(FW_SEGMENT_BYTES / (size_t)sysconf(_SC_PAGESIZE));
}

static int pages_run(const struct fw_kern *k, const struct bpf_program *prog, uint32_t index, uint32_t first,
		     uint32_t pages)
{
	struct fw_arena_range range = {
		.address = (uintptr_t)(k->pool.base + (uint64_t)index * FW_SEGMENT_BYTES) +
			   first * (uintptr_t)sysconf(_SC_PAGESIZE),
		.pages = pages,
	};
	LIBBPF_OPTS(bpf_test_run_opts, opts, .ctx_in = &range, .ctx_size_in = sizeof(range));

	if (bpf_prog_test_run_opts(bpf_program__fd(prog), &opts))
		return -errno;
	return opts.retval ? -ENOMEM : 0;
}

/* Takes any segment that was given back, to free its pages. Return: ARENA_LAST: there is none. */
static uint32_t take_dropped(struct arena *a)
{
	for (uint32_t w = 0; w < FW_POOL_SEGMENTS / 64; w++)
		if (a->dropped[w]) {
			uint32_t i = w * 64 + (uint32_t)__builtin_ctzll(a->dropped[w]);

			kern_bit_set(a->dropped, i, false);
			return i;
		}
	return ARENA_LAST;
}

/* Freeing a page interrupts all CPUs, which takes 2 to 20 us: a segment takes several calls. */
bool kern_arena_give_back(struct fw_kern *k)
{
	struct arena *a = k->arena;
	uint32_t pages;

	if (a->leaving == ARENA_LAST) {
		a->leaving = take_dropped(a);
		a->gone = 0;
	}
	if (a->leaving == ARENA_LAST)
		return false;
	pages = segment_pages() - a->gone < GIVE_BACK_PAGES ? segment_pages() - a->gone : GIVE_BACK_PAGES;
	if (pages_run(k, a->skel->progs.fw_arena_free, a->leaving, a->gone, pages))
		return false; /* the next call tries again */
	a->gone += pages;
	if (a->gone == segment_pages()) {
		kern_bit_set(a->placed, a->leaving, false);
		a->leaving = ARENA_LAST;
	}
	return true;
}

/*
 * Allocates the pages now, because a process that touches a page without memory for it is killed. Sets the bit first: if this
 * process is killed here, the next one knows of the pages.
 */
static int segment_add(struct fw_pool *pool, uint32_t index)
{
	struct fw_kern *k = (struct fw_kern *)pool;
	struct arena *a = k->arena;
	int err;

	while (index == a->leaving)
		kern_arena_give_back(k);
	if (kern_bit(a->dropped, index)) {
		kern_bit_set(a->dropped, index, false);
		memset(pool->base + (uint64_t)index * FW_SEGMENT_BYTES, 0, FW_SEGMENT_BYTES);
		return 0;
	}
	kern_bit_set(a->placed, index, true);
	err = pages_run(k, a->skel->progs.fw_arena_alloc, index, 0, segment_pages());
	if (err)
		kern_bit_set(a->placed, index, false);
	return err;
}

/* Only kern_arena_give_back() frees the memory: a process that ends must not free tables that packets still see. */
static void segment_drop(struct fw_pool *pool, uint32_t index)
{
	kern_bit_set(((struct fw_kern *)pool)->arena->dropped, index, true);
}

/* Keeps the segments of an earlier process occupied until fw_kern_retire(). */
static void adopt(struct fw_kern *k)
{
	for (uint32_t i = 0; i < ARENA_LAST; i++) {
		if (!kern_bit(k->arena->placed, i))
			continue;
		kern_bit_set(k->inherited, i, true);
		fw_pool_occupy(&k->pool, i);
	}
}

static int pool_over(struct fw_kern *k)
{
	struct bpf_map_info info = { 0 };
	uint32_t len = sizeof(info);
	int err = bpf_obj_get_info_by_fd(k->maps[MAP_ARENA], &info, &len) ? -errno : 0;

	if (!err)
		err = map_at(k->maps[MAP_ARENA], info.map_extra);
	if (err)
		return err;
	fw_pool_fini(&k->pool);
	k->pool = (struct fw_pool){
		.base = (uint8_t *)(uintptr_t)info.map_extra,
		.limit = ARENA_LAST,
		.add = segment_add,
		.drop = segment_drop,
	};
	return 0;
}

int kern_arena_open(struct fw_kern *k)
{
	struct arena *a = calloc(1, sizeof(*a));
	int err = a ? load(k, a) : -ENOMEM;

	if (!err)
		err = pool_over(k);
	if (err) {
		if (a)
			arena_bpf__destroy(a->skel);
		free(a);
		return err;
	}
	k->arena = a;
	a->leaving = ARENA_LAST;
	a->placed = (uint64_t *)(void *)(k->pool.base + (size_t)ARENA_LAST * FW_SEGMENT_BYTES);
	kern_bit_set(k->pool.taken, ARENA_LAST, true);
	pages_run(k, a->skel->progs.fw_arena_alloc, ARENA_LAST, 0,
		  1); /* fails if it is allocated already, which is fine */
	adopt(k);
	return 0;
}

void kern_arena_close(struct fw_kern *k)
{
	if (!k->arena)
		return;
	munmap(k->pool.base, ARENA_BYTES);
	arena_bpf__destroy(k->arena->skel);
	free(k->arena);
	k->arena = NULL;
}

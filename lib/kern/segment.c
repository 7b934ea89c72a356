// SPDX-License-Identifier: GPL-2.0-only
/*
 * The pool's segments: each is the value of a map, mapped into this process at
 * its place in the pool. The programs find them in a map of maps. Each update of
 * that map waits for a grace period, so updates are collected in a batch. The
 * kernel can only delete entries one by one, so segments that were given back
 * are overwritten by a single map of zeros instead.
 */
#include "kern.h"

#include <bpf/bpf.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* Name of the map of zeros, by which the next process recognises it. */
#define HOLE "fw_hole"

int kern_value_map(const char *name, uint32_t bytes)
{
	LIBBPF_OPTS(bpf_map_create_opts, opts, .map_flags = BPF_F_MMAPABLE);
	int fd = bpf_map_create(BPF_MAP_TYPE_ARRAY, name, sizeof(__u32), bytes, 1, &opts);

	return fd < 0 ? -errno : fd;
}

void kern_close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

int kern_inner_map(int outer, uint32_t index, uint32_t *id)
{
	int fd = bpf_map_lookup_elem(outer, &index, id) ? -1 : bpf_map_get_fd_by_id(*id);

	return fd < 0 ? -errno : fd;
}

static void *place(const struct fw_pool *pool, uint32_t index)
{
	return pool->base + (uint64_t)index * FW_SEGMENT_BYTES;
}

/* Updates of the pool's map. */
struct changes {
	uint32_t index[FW_POOL_SEGMENTS];
	int fd[FW_POOL_SEGMENTS];
	uint32_t n;
};

static void change(struct changes *c, uint32_t index, int fd)
{
	c->index[c->n] = index;
	c->fd[c->n++] = fd;
}

static int changes_make(int map, const struct changes *c)
{
	uint32_t n = c->n;

	if (!n || !bpf_map_update_batch(map, c->index, c->fd, &n, NULL))
		return 0;
	/* Older kernels have no batch for this type of map. */
	for (uint32_t i = 0; i < c->n; i++)
		if (bpf_map_update_elem(map, &c->index[i], &c->fd[i], 0))
			return -errno;
	return 0;
}

/* Overwrites the segments that were given back and not taken again. */
static int collect_holes(struct fw_kern *k, struct changes *c)
{
	for (uint32_t i = 0; i < FW_POOL_SEGMENTS; i++) {
		if (!kern_bit(k->known, i) || kern_bit(k->pool.taken, i))
			continue;
		if (k->hole < 0)
			k->hole = kern_value_map(HOLE, FW_SEGMENT_BYTES + FW_SLACK);
		if (k->hole < 0)
			return k->hole;
		change(c, i, k->hole);
	}
	return 0;
}

int fw_kern_sync(struct fw_kern *k)
{
	fw_autofree struct changes *c = k->arena ? NULL : malloc(sizeof(*c));
	int err;

	if (k->arena)
		return 0;
	if (!c)
		return -ENOMEM;
	c->n = 0;
	err = collect_holes(k, c);
	for (uint32_t i = 0; i < k->npending; i++)
		change(c, k->pending[i].index, k->pending[i].fd);
	if (!err)
		err = changes_make(k->maps[MAP_POOL], c);
	if (err)
		return err;
	for (uint32_t i = 0; i < c->n; i++)
		kern_bit_set(k->known, c->index[i], false);
	for (; k->npending; k->npending--) {
		struct segment *s = &k->pending[k->npending - 1];

		kern_bit_set(k->known, s->index, true);
		kern_close_fd(&s->fd);
	}
	return 0;
}

bool fw_kern_give_back(struct fw_kern *k)
{
	return k->arena && kern_arena_give_back(k);
}

static int segment_add(struct fw_pool *pool, uint32_t index)
{
	struct fw_kern *k = (struct fw_kern *)pool;
	int fd, err = k->npending == PENDING_MAX ? fw_kern_sync(k) : 0;

	if (err)
		return err;
	fd = kern_value_map("fw_segment", FW_SEGMENT_BYTES + FW_SLACK);
	if (fd < 0)
		return fd;
	if (mmap(place(pool, index), FW_SEGMENT_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd, 0) ==
	    MAP_FAILED) {
		err = -errno;
		close(fd);
		return err;
	}
	k->pending[k->npending++] = (struct segment){ index, fd };
	return 0;
}

/* If the segment is not in the program's map yet, it is simply closed; else fw_kern_sync() overwrites its entry. */
static void segment_drop(struct fw_pool *pool, uint32_t index)
{
	struct fw_kern *k = (struct fw_kern *)pool;

	/* On failure the old mapping stays until the place is used again. */
	(void)mmap(place(pool, index), FW_SEGMENT_BYTES, PROT_READ,
		   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0);
	for (uint32_t i = 0; i < k->npending; i++) {
		if (k->pending[i].index != index)
			continue;
		kern_close_fd(&k->pending[i].fd);
		k->pending[i] = k->pending[--k->npending];
		return;
	}
}

/* Takes over a place: the map of zeros for our own holes; a segment keeps it occupied until fw_kern_retire(). */
static int place_adopt(struct fw_kern *k, uint32_t index)
{
	struct bpf_map_info info = { 0 };
	uint32_t len = sizeof(info), id;
	int fd = kern_inner_map(k->maps[MAP_POOL], index, &id), err;

	if (fd < 0)
		return fd == -ENOENT ? 0 : fd;
	err = bpf_obj_get_info_by_fd(fd, &info, &len) ? -errno : 0;
	if (!err && !strcmp(info.name, HOLE)) {
		kern_close_fd(&k->hole);
		k->hole = fd;
		return 0;
	}
	close(fd);
	if (err)
		return err;
	kern_bit_set(k->known, index, true);
	kern_bit_set(k->inherited, index, true);
	fw_pool_occupy(&k->pool, index);
	return 0;
}

int kern_segments_adopt(struct fw_kern *k)
{
	int err = 0;

	for (uint32_t i = 0; !k->arena && i < FW_POOL_SEGMENTS && !err; i++)
		err = place_adopt(k, i);
	return err;
}

void fw_kern_retire(struct fw_kern *k)
{
	for (uint32_t i = 0; i < FW_POOL_SEGMENTS; i++)
		if (kern_bit(k->inherited, i))
			fw_pool_give(&k->pool, i, 1);
	memset(k->inherited, 0, sizeof(k->inherited));
	/* On failure the next fw_kern_sync() does it. */
	fw_kern_sync(k);
}

static int segments_sync(struct fw_pool *pool)
{
	return fw_kern_sync((struct fw_kern *)pool);
}

void kern_segments_init(struct fw_kern *k)
{
	k->pool.add = segment_add;
	k->pool.drop = segment_drop;
	k->pool.sync = segments_sync;
	k->hole = -1;
}

void kern_segments_fini(struct fw_kern *k)
{
	while (k->npending)
		kern_close_fd(&k->pending[--k->npending].fd);
	kern_close_fd(&k->hole);
	if (k->arena)
		kern_arena_close(k);
	else
		fw_pool_fini(&k->pool);
}

struct fw_pool *fw_kern_pool(struct fw_kern *k)
{
	return &k->pool;
}

enum fw_kern_pool fw_kern_pool_kind(const struct fw_kern *k)
{
	return k->arena ? FW_POOL_ARENA : FW_POOL_MAPS;
}

// SPDX-License-Identifier: GPL-2.0-only
/* Counters: per CPU, in chunks that are map values mapped into this process. */
#include "kern.h"

#include "fw/prog.h"

#include <bpf/bpf.h>
#include <sys/mman.h>
#include <unistd.h>

#define CHUNK_BYTES (sizeof(struct fw_counter) * FW_COUNTER_CHUNK)

static int chunk_mmap(struct fw_kern *k, uint32_t index, int fd)
{
	void *at = mmap(NULL, CHUNK_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (at == MAP_FAILED)
		return -errno;
	k->chunks[index] = at;
	return 0;
}

/* Chunks that the program does not know yet. Each update of its map waits for a grace period, a batch for one. */
struct new_chunks {
	uint32_t index[PENDING_MAX];
	int fd[PENDING_MAX];
	uint32_t n;
};

static int new_chunks_tell(struct fw_kern *k, struct new_chunks *c)
{
	uint32_t n = c->n;
	int err = 0;

	if (n && bpf_map_update_batch(k->maps[MAP_COUNTERS], c->index, c->fd, &n, NULL))
		/* Kernels without the batch for this type of map. */
		for (uint32_t i = 0; i < c->n && !err; i++)
			err = bpf_map_update_elem(k->maps[MAP_COUNTERS], &c->index[i], &c->fd[i], 0) ? -errno : 0;
	for (uint32_t i = 0; i < c->n; i++) {
		close(c->fd[i]);
		if (err) {
			munmap(k->chunks[c->index[i]], CHUNK_BYTES);
			k->chunks[c->index[i]] = NULL;
		}
	}
	c->n = 0;
	return err;
}

static int chunk_new(struct fw_kern *k, uint32_t index, struct new_chunks *c)
{
	int fd, err = c->n == PENDING_MAX ? new_chunks_tell(k, c) : 0;

	if (err)
		return err;
	fd = kern_value_map("fw_counter_chunk", CHUNK_BYTES);
	if (fd < 0)
		return fd;
	err = chunk_mmap(k, index, fd);
	if (err) {
		close(fd);
		return err;
	}
	c->index[c->n] = index;
	c->fd[c->n++] = fd;
	return 0;
}

int kern_counters_adopt(struct fw_kern *k)
{
	uint32_t index = 0, id;
	int err = 0;

	for (; index < COUNTER_CHUNKS * k->ncpus && !err; index++) {
		int fd = kern_inner_map(k->maps[MAP_COUNTERS], index, &id);

		if (fd == -ENOENT)
			break;
		err = fd < 0 ? fd : chunk_mmap(k, index, fd);
		kern_close_fd(&fd);
	}
	k->nchunks = index / k->ncpus;
	return err;
}

int fw_kern_counters_reserve(struct fw_kern *k, uint32_t slots)
{
	uint32_t chunks =
		(uint32_t)(((uint64_t)slots + FW_COUNTER_RULES + FW_COUNTER_CHUNK - 1) >> FW_COUNTER_CHUNK_SHIFT);

	struct new_chunks new = { .n = 0 };
	int err = 0, told;

	if (chunks > COUNTER_CHUNKS)
		return -ENOSPC;
	/* On every CPU; a process that was killed at it may have made some. */
	for (uint32_t i = k->nchunks * k->ncpus; i < chunks * k->ncpus && !err; i++)
		err = k->chunks[i] ? 0 : chunk_new(k, i, &new);
	told = new_chunks_tell(k, &new);
	err = err ? err : told;
	if (!err && k->nchunks < chunks)
		__atomic_store_n(&k->nchunks, chunks, __ATOMIC_RELEASE);
	return err;
}

uint32_t fw_kern_counter_slots(const struct fw_kern *k)
{
	uint32_t n = __atomic_load_n(&k->nchunks, __ATOMIC_ACQUIRE);

	return n ? n * FW_COUNTER_CHUNK - FW_COUNTER_RULES : 0;
}

void kern_counters_fini(struct fw_kern *k)
{
	for (uint32_t i = 0; k->chunks && i < COUNTER_CHUNKS * k->ncpus; i++)
		if (k->chunks[i])
			munmap(k->chunks[i], CHUNK_BYTES);
	free(k->chunks);
}

static struct fw_counter *counter_of(const struct fw_kern *k, uint32_t counter, uint32_t cpu)
{
	uint32_t chunk = counter >> FW_COUNTER_CHUNK_SHIFT;

	return chunk < __atomic_load_n(&k->nchunks, __ATOMIC_ACQUIRE) ?
		     &k->chunks[chunk * k->ncpus + cpu][counter & (FW_COUNTER_CHUNK - 1)] :
		     NULL;
}

static struct fw_count count(const struct fw_kern *k, uint32_t counter)
{
	struct fw_count sum = { 0 };

	for (uint32_t cpu = 0; cpu < k->ncpus; cpu++) {
		const struct fw_counter *c = counter_of(k, counter, cpu);

		sum.packets += c ? __atomic_load_n(&c->packets, __ATOMIC_RELAXED) : 0;
		sum.bytes += c ? __atomic_load_n(&c->bytes, __ATOMIC_RELAXED) : 0;
	}
	return sum;
}

void fw_kern_counter_clear(struct fw_kern *k, uint32_t slot)
{
	for (uint32_t cpu = 0; cpu < k->ncpus; cpu++) {
		struct fw_counter *c = counter_of(k, slot + FW_COUNTER_RULES, cpu);

		if (c)
			*c = (struct fw_counter){ 0 };
	}
}

struct fw_count fw_kern_rule_count(const struct fw_kern *k, uint32_t slot)
{
	return count(k, slot + FW_COUNTER_RULES);
}

struct fw_count fw_kern_reason_count(const struct fw_kern *k, enum fw_reason reason)
{
	return count(k, reason);
}

uint64_t fw_kern_memory(const struct fw_kern *k)
{
	return (uint64_t)k->pool.nsegments * (FW_SEGMENT_BYTES + FW_SLACK) +
	       (uint64_t)__atomic_load_n(&k->nchunks, __ATOMIC_ACQUIRE) * k->ncpus * CHUNK_BYTES +
	       (uint64_t)FW_CPU_STATES(k->ncpus) * sizeof(struct fw_cpu);
}

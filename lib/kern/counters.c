// SPDX-License-Identifier: GPL-2.0-only
/* Counters: per CPU, in chunks that are map values mapped into this process. */
#include "kern.h"

#include <bpf/bpf.h>
#include <sys/mman.h>

#define CHUNK_BYTES (sizeof(struct fw_counter) * FW_COUNTER_CHUNK)

/* One more chunk of counters on every CPU. */
static int chunk_add(struct fw_kern *k)
{
	for (uint32_t cpu = 0; cpu < k->ncpus; cpu++) {
		uint32_t index = k->nchunks * k->ncpus + cpu;
		int fd = kern_value_map("fw_counter_chunk", CHUNK_BYTES), err = 0;
		void *at = fd < 0 ? MAP_FAILED : mmap(NULL, CHUNK_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

		if (fd < 0)
			return fd;
		if (at == MAP_FAILED || bpf_map_update_elem(k->maps[MAP_COUNTERS], &index, &fd, 0))
			err = -errno;
		kern_close_fd(&fd);
		if (err && at != MAP_FAILED)
			munmap(at, CHUNK_BYTES);
		if (err)
			return err;
		k->chunks[index] = at;
	}
	k->nchunks++;
	return 0;
}

int fw_kern_counters_reserve(struct fw_kern *k, uint32_t slots)
{
	uint32_t chunks =
		(uint32_t)(((uint64_t)slots + FW_COUNTER_RULES + FW_COUNTER_CHUNK - 1) >> FW_COUNTER_CHUNK_SHIFT);

	if (chunks > COUNTER_CHUNKS)
		return -ENOSPC;
	while (k->nchunks < chunks) {
		int err = chunk_add(k);

		if (err)
			return err;
	}
	return 0;
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

	return chunk < k->nchunks ? &k->chunks[chunk * k->ncpus + cpu][counter & (FW_COUNTER_CHUNK - 1)] : NULL;
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
	       (uint64_t)k->nchunks * k->ncpus * CHUNK_BYTES + 2ull * k->ncpus * sizeof(struct fw_cpu);
}

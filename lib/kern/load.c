// SPDX-License-Identifier: GPL-2.0-only
/*
 * Loading: the program, its maps, and the pool whose segments are map values
 * mapped into this process one after the other.
 */
#include "kern.h"

#include "bpf/fw.skel.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* An mmap-able array of one value; its descriptor. */
static int one_value_map(const char *name, uint32_t bytes)
{
	LIBBPF_OPTS(bpf_map_create_opts, opts, .map_flags = BPF_F_MMAPABLE);
	int fd = bpf_map_create(BPF_MAP_TYPE_ARRAY, name, sizeof(__u32), bytes, 1, &opts);

	return fd < 0 ? -errno : fd;
}

/* Tells the program of the segments made since the last time; one system call, since each waits for a grace period. */
static int segments_flush(struct fw_kern *k)
{
	uint32_t keys[PENDING_MAX], n = k->npending;

	if (!n)
		return 0;
	for (uint32_t i = 0; i < n; i++)
		keys[i] = k->pool.nsegments - n + i;
	if (bpf_map_update_batch(bpf_map__fd(k->skel->maps.fw_pool), keys, k->pending, &n, NULL)) {
		/* Kernels without the batch for this map type. */
		for (uint32_t i = 0; i < k->npending; i++)
			if (bpf_map_update_elem(bpf_map__fd(k->skel->maps.fw_pool), &keys[i], &k->pending[i], 0))
				return -errno;
	}
	for (uint32_t i = 0; i < k->npending; i++)
		close(k->pending[i]);
	k->npending = 0;
	return 0;
}

static int segment_grow(struct fw_pool *pool)
{
	struct fw_kern *k = (struct fw_kern *)pool;
	uint8_t *at = pool->base + (uint64_t)pool->nsegments * FW_SEGMENT_BYTES;
	int fd, err = k->npending == PENDING_MAX ? segments_flush(k) : 0;

	if (err)
		return err;
	if (pool->nsegments == pool->limit)
		return -ENOSPC;
	fd = one_value_map("fw_segment", FW_SEGMENT_BYTES + FW_SLACK);
	if (fd < 0)
		return fd;
	if (mmap(at, FW_SEGMENT_BYTES + FW_SLACK, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd, 0) ==
	    MAP_FAILED) {
		err = -errno;
		close(fd);
		return err;
	}
	k->pending[k->npending++] = fd;
	pool->nsegments++;
	return 0;
}

static int map_mmap(const struct bpf_map *map, size_t bytes, void *out)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	void *p = mmap(NULL, (bytes + page - 1) / page * page, PROT_READ | PROT_WRITE, MAP_SHARED, bpf_map__fd(map), 0);

	if (p == MAP_FAILED)
		return -errno;
	*(void **)out = p;
	return 0;
}

static int load_error(int err, struct fw_diags *ds)
{
	const char *hint = NULL;

	if (err == -EPERM)
		hint = "run as root, or with CAP_BPF, CAP_NET_ADMIN and CAP_PERFMON";
	else if (err == -EINVAL || err == -ENOTSUP || err == -EACCES)
		hint = "Linux 6.1 or newer is needed";
	fw_diag_add(ds, (struct fw_place){ 0 }, hint, "cannot load the BPF program: %s", strerror(-err));
	return err;
}

static int load(struct fw_kern *k, const struct fw_kern_options *opts)
{
	double start = fw_now();
	int err;

	k->skel = fw_bpf__open();
	if (!k->skel)
		return -errno;
	k->skel->rodata->fw_ncpus = k->ncpus;
	k->skel->rodata->fw_flow_cache = !(opts && opts->no_flow_cache);
	bpf_map__set_max_entries(k->skel->maps.fw_cpus, 2 * k->ncpus);
	bpf_map__set_max_entries(k->skel->maps.fw_counters, COUNTER_CHUNKS * k->ncpus);
	err = fw_bpf__load(k->skel);
	if (err)
		return err;
	k->load_seconds = fw_now() - start;
	return map_mmap(k->skel->maps.fw_cpus, 2ull * k->ncpus * sizeof(*k->cpus), &k->cpus);
}

int fw_kern_open(const struct fw_kern_options *opts, struct fw_diags *ds, struct fw_kern **out)
{
	struct fw_kern *k = calloc(1, sizeof(*k));
	int err, ncpus = libbpf_num_possible_cpus();

	if (!k)
		return -ENOMEM;
	libbpf_set_print(NULL);
	err = fw_pool_init(&k->pool);
	if (err) {
		free(k);
		return err;
	}
	k->pool.grow = segment_grow;
	k->ncpus = ncpus > 0 ? (uint32_t)ncpus : 1;
	k->chunks = calloc((size_t)COUNTER_CHUNKS * k->ncpus, sizeof(*k->chunks));
	err = k->chunks ? load(k, opts) : -ENOMEM;
	if (!err)
		err = fw_kern_counters_reserve(k, 0);
	if (err) {
		fw_kern_close(k);
		return load_error(err, ds);
	}
	*out = k;
	return 0;
}

void fw_kern_close(struct fw_kern *k)
{
	if (!k)
		return;
	kern_detach_all(k);
	for (uint32_t i = 0; i < k->npending; i++)
		close(k->pending[i]);
	for (uint32_t i = 0; i < k->nchunks * k->ncpus; i++)
		munmap(k->chunks[i], sizeof(struct fw_counter) * FW_COUNTER_CHUNK);
	if (k->cpus)
		munmap(k->cpus, 2ull * k->ncpus * sizeof(*k->cpus));
	free(k->chunks);
	fw_bpf__destroy(k->skel);
	fw_pool_fini(&k->pool);
	free(k->attached);
	free(k);
}

struct fw_pool *fw_kern_pool(struct fw_kern *k)
{
	return &k->pool;
}

int fw_kern_publish(struct fw_kern *k, uint32_t root)
{
	int err = segments_flush(k);

	if (err)
		return err;
	/* Generation 0 marks free places of the flow caches. */
	if (!++k->generation)
		k->generation++;
	__atomic_store_n(&k->skel->bss->fw_control, FW_CONTROL(root, k->generation), __ATOMIC_RELEASE);
	return 0;
}

int fw_kern_iface_set(struct fw_kern *k, uint32_t ifindex, uint32_t number)
{
	return bpf_map_update_elem(bpf_map__fd(k->skel->maps.fw_ifaces), &ifindex, &number, 0) ? -errno : 0;
}

int fw_kern_prog_fd(const struct fw_kern *k, enum fw_kern_prog prog)
{
	const struct bpf_program *p[FW_NPROGS] = {
		[FW_PROG_XDP] = k->skel->progs.fw_xdp,
		[FW_PROG_TC_INGRESS] = k->skel->progs.fw_tc_ingress,
		[FW_PROG_TC_EGRESS] = k->skel->progs.fw_tc_egress,
	};

	return bpf_program__fd(p[prog]);
}

double fw_kern_load_seconds(const struct fw_kern *k)
{
	return k->load_seconds;
}

uint64_t fw_kern_memory(const struct fw_kern *k)
{
	return (uint64_t)k->pool.nsegments * (FW_SEGMENT_BYTES + FW_SLACK) +
	       (uint64_t)k->nchunks * k->ncpus * sizeof(struct fw_counter) * FW_COUNTER_CHUNK +
	       2ull * k->ncpus * sizeof(struct fw_cpu);
}

/* One more chunk of counters on every CPU. */
static int chunk_add(struct fw_kern *k)
{
	int counters = bpf_map__fd(k->skel->maps.fw_counters);
	uint32_t bytes = sizeof(struct fw_counter) * FW_COUNTER_CHUNK;

	for (uint32_t cpu = 0; cpu < k->ncpus; cpu++) {
		uint32_t index = k->nchunks * k->ncpus + cpu;
		int fd = one_value_map("fw_counter_chunk", bytes), err = 0;
		void *at = fd < 0 ? MAP_FAILED : mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

		if (fd < 0)
			return fd;
		if (at == MAP_FAILED || bpf_map_update_elem(counters, &index, &fd, 0))
			err = -errno;
		close(fd);
		if (err && at != MAP_FAILED)
			munmap(at, bytes);
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

static struct fw_count count(const struct fw_kern *k, uint32_t counter)
{
	uint32_t chunk = counter >> FW_COUNTER_CHUNK_SHIFT;
	struct fw_count sum = { 0 };

	for (uint32_t cpu = 0; chunk < k->nchunks && cpu < k->ncpus; cpu++) {
		const struct fw_counter *c = &k->chunks[chunk * k->ncpus + cpu][counter & (FW_COUNTER_CHUNK - 1)];

		sum.packets += __atomic_load_n(&c->packets, __ATOMIC_RELAXED);
		sum.bytes += __atomic_load_n(&c->bytes, __ATOMIC_RELAXED);
	}
	return sum;
}

struct fw_count fw_kern_rule_count(const struct fw_kern *k, uint32_t slot)
{
	return count(k, slot + FW_COUNTER_RULES);
}

struct fw_count fw_kern_reason_count(const struct fw_kern *k, enum fw_reason reason)
{
	return count(k, reason);
}

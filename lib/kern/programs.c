// SPDX-License-Identifier: GPL-2.0-only
/* The BPF programs: loading them from the built-in object file, as descriptors that outlive its skeleton. */
#include "kern.h"

#include "bpf/fw.skel.h"
#include "fw/table/prog.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* By index in fw_kern.progs and fw_kern.maps; NULL: the object file has no such program, the programs do not use the map. */
struct parts {
	struct bpf_program *prog[PROG_L3];
	struct bpf_map *map[NMAPS];
};

static struct parts parts_of(const struct fw_bpf *skel)
{
	return (struct parts){
		.prog = { [FW_PROG_XDP] = skel->progs.fw_xdp,
			  [FW_PROG_TC_INGRESS] = skel->progs.fw_tc_ingress,
			  [FW_PROG_TC_EGRESS] = skel->progs.fw_tc_egress,
			  [PROG_DRY_RUN] = skel->progs.fw_dry_run },
		.map = { [MAP_POOL] = skel->maps.fw_pool,
			 [MAP_ARENA] = skel->maps.fw_arena,
			 [MAP_COUNTERS] = skel->maps.fw_counters,
			 [MAP_TRAFFIC] = skel->maps.fw_traffic,
			 [MAP_CPUS] = skel->maps.fw_cpus,
			 [MAP_IFACES] = skel->maps.fw_ifaces,
			 [MAP_CONTROL] = skel->maps.bss,
			 [MAP_RING] = skel->maps.fw_ring,
			 [MAP_EVENT_COUNTS] = skel->maps.fw_event_counts },
	};
}

/* Duplicates a descriptor, so that the skeleton, with its copy of the object file, can be freed. */
static int keep_fd(int *to, int fd)
{
	kern_close_fd(to);
	*to = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	return *to < 0 ? -errno : 0;
}

static int keep_fds(struct fw_kern *k, const struct fw_bpf *skel)
{
	struct parts parts = parts_of(skel);
	int err = 0;

	for (int i = 0; i < PROG_L3 && !err; i++)
		if (parts.prog[i])
			err = keep_fd(&k->progs[i], bpf_program__fd(parts.prog[i]));
	for (int i = 0; i < NMAPS && !err; i++)
		if (parts.map[i])
			err = keep_fd(&k->maps[i], bpf_map__fd(parts.map[i]));
	return err;
}

static void skel_freep(struct fw_bpf **skel)
{
	fw_bpf__destroy(*skel);
}

/* The map of classic filters, which only user space uses. */
static int filters_new(struct fw_kern *k)
{
	LIBBPF_OPTS(bpf_map_create_opts, opts, .map_flags = BPF_F_NO_PREALLOC);

	k->maps[MAP_FILTERS] = bpf_map_create(BPF_MAP_TYPE_HASH, "fw_filters", sizeof(struct filter_key),
					      sizeof(struct filter_value), FILTERS_MAX, &opts);
	return k->maps[MAP_FILTERS] < 0 ? -errno : 0;
}

/* Counting continues in the map of another version if it has the same name and shape. */
static int inherit(const struct fw_kern *k, enum kern_map which, struct bpf_map *map, uint32_t inner_size)
{
	int fd = kern_pins_inherit(k, which, bpf_map__max_entries(map), bpf_map__value_size(map), inner_size);
	int err = fd >= 0 ? bpf_map__reuse_fd(map, fd) : 0;

	kern_close_fd(&fd);
	return err;
}

/* What outlives a version of the programs. */
static int inherit_all(const struct fw_kern *k, struct fw_bpf *skel)
{
	int err = inherit(k, MAP_COUNTERS, skel->maps.fw_counters, sizeof(struct fw_counter) * FW_COUNTER_CHUNK);

	if (!err)
		err = inherit(k, MAP_TRAFFIC, skel->maps.fw_traffic, 0);
	if (!err)
		err = inherit(k, MAP_RING, skel->maps.fw_ring, 0);
	if (!err)
		err = inherit(k, MAP_EVENT_COUNTS, skel->maps.fw_event_counts, 0);
	return err;
}

/* The map of the program that netfilter's links call: of all versions one, since their links refer to it for good. */
static int hooks_new(struct fw_kern *k)
{
	int fd = k->pins ? kern_pins_inherit(k, MAP_HOOKS, 1, sizeof(uint32_t), 0) : -ENOENT;

	k->maps[MAP_HOOKS] = fd < 0 ? kern_hooks_new() : fd;
	return k->maps[MAP_HOOKS] < 0 ? k->maps[MAP_HOOKS] : 0;
}

/* The arena, or a small map that replaces it. */
static int arena_prepare(struct fw_kern *k, bool arena)
{
	kern_close_fd(&k->maps[MAP_ARENA]);
	if (arena)
		return kern_arena_new(k);
	k->maps[MAP_ARENA] = kern_value_map("fw_no_arena", sizeof(uint64_t));
	return k->maps[MAP_ARENA] < 0 ? k->maps[MAP_ARENA] : 0;
}

static struct fw_bpf *open_skel(const struct fw_kern *k, bool arena)
{
	struct fw_bpf *skel = fw_bpf__open();

	if (!skel)
		return NULL;
	skel->rodata->fw_ncpus = k->ncpus;
	skel->rodata->fw_flow_cache = k->flow_cache;
	skel->rodata->fw_use_arena = arena;
	return skel;
}

int kern_programs_load(struct fw_kern *k, bool arena)
{
	fw_cleanup(skel_freep) struct fw_bpf *skel = open_skel(k, arena);
	int err = 0;

	if (!skel)
		return -errno;
	err = arena_prepare(k, arena);
	if (!err)
		err = bpf_map__reuse_fd(skel->maps.fw_arena, k->maps[MAP_ARENA]);
	bpf_map__set_max_entries(skel->maps.fw_cpus, FW_CPU_STATES(k->ncpus));
	bpf_map__set_max_entries(skel->maps.fw_traffic, k->ncpus);
	bpf_map__set_max_entries(skel->maps.fw_counters, FW_COUNTER_CHUNKS * k->columns);
	bpf_map__set_max_entries(skel->maps.fw_event_counts, k->ncpus);
	if (!err && k->pins)
		err = inherit_all(k, skel);
	if (!err)
		err = fw_bpf__load(skel);
	if (!err)
		err = keep_fds(k, skel);
	if (!err)
		err = filters_new(k);
	return err ? err : hooks_new(k);
}

/* Loads one more program over the existing maps. */
static int load_l3(struct fw_kern *k, enum fw_prog prog)
{
	fw_cleanup(skel_freep) struct fw_bpf *skel = open_skel(k, fw_kern_pool_kind(k) == FW_POOL_ARENA);
	struct parts parts;
	int err = 0;

	if (!skel)
		return -errno;
	skel->rodata->fw_l3 = 1;
	parts = parts_of(skel);
	for (int i = 0; i < PROG_L3; i++)
		if (parts.prog[i])
			bpf_program__set_autoload(parts.prog[i], i == (int)prog);
	for (int i = 0; i < NMAPS && !err; i++)
		if (parts.map[i])
			err = bpf_map__reuse_fd(parts.map[i], k->maps[i]);
	if (!err)
		err = fw_bpf__load(skel);
	return err ? err : keep_fd(&k->progs[PROG_L3 + prog], bpf_program__fd(parts.prog[prog]));
}

int kern_programs_need(struct fw_kern *k, enum fw_prog prog, bool l3)
{
	int err;

	if (fw_prog_is_nf(prog))
		return kern_programs_nf(k);
	if (!l3 || k->progs[PROG_L3 + prog] >= 0)
		return 0;
	err = load_l3(k, prog);
	if (!err && k->pins)
		err = kern_pins_add(k, PROG_L3 + (int)prog);
	if (err)
		kern_close_fd(&k->progs[PROG_L3 + prog]);
	return err;
}

static uint64_t hash_bytes(uint64_t hash, const char *bytes, size_t n)
{
	uint64_t word;

	for (size_t i = 0; i < n; i += sizeof(word)) {
		word = 0;
		memcpy(&word, bytes + i, n - i < sizeof(word) ? n - i : sizeof(word));
		hash = fw_mix64(hash + word) + i;
	}
	return hash;
}

void kern_fingerprint(const struct fw_kern *k, bool arena, struct folder *out)
{
	uint64_t hash = (uint64_t)k->ncpus << 32 | FW_COUNTER_CHUNKS << 2 | arena << 1 | k->flow_cache;
	size_t n, nf_n;
	const void *elf = fw_bpf__elf_bytes(&n), *nf = kern_programs_nf_elf(&nf_n);

	hash = hash_bytes(hash_bytes(hash, elf, n), nf, nf_n);
	snprintf(out->name, sizeof(out->name), "%016llx", (unsigned long long)hash);
}

uint64_t *kern_control_map(const struct fw_kern *k)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	uint8_t *control = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_SHARED, k->maps[MAP_CONTROL], 0);

	_Static_assert(sizeof(struct fw_bpf__bss) <= 4096, "one page");
	return control == MAP_FAILED ? NULL : (uint64_t *)(void *)(control + offsetof(struct fw_bpf__bss, fw_control));
}

void kern_control_unmap(uint64_t *control)
{
	uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);

	if (control)
		munmap((void *)((uintptr_t)control & ~(page - 1)), page);
}

int fw_kern_prog_fd(const struct fw_kern *k, enum fw_prog prog)
{
	return k->progs[prog];
}

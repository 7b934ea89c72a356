// SPDX-License-Identifier: GPL-2.0-only
/* Loading the programs of the hooks, and what identifies a version of them. */
#include "kern.h"

#include "fw/table/limit.h"
#include "fw/table/prog.h"

#include <bpf/bpf.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <unistd.h>

/* The map of classic filters, which only user space uses. */
static int filters_new(struct fw_kern *k)
{
	LIBBPF_OPTS(bpf_map_create_opts, opts, .map_flags = BPF_F_NO_PREALLOC);

	k->maps[MAP_FILTERS] = bpf_map_create(BPF_MAP_TYPE_HASH, "fw_filters", sizeof(struct filter_key),
					      sizeof(struct filter_value), FILTERS_MAX, &opts);
	return k->maps[MAP_FILTERS] < 0 ? -errno : 0;
}

/* The secret of the hash of limits. */
static int limit_key_new(const struct fw_kern *k)
{
	struct fw_limit_key key;
	uint32_t zero = 0;

	if (getrandom(&key, sizeof(key), 0) != sizeof(key))
		return -EIO;
	return bpf_map_update_elem(k->maps[MAP_LIMIT_KEYS], &zero, &key, 0) ? -errno : 0;
}

/* The map of the program that netfilter's links call: of all versions one, since their links refer to it for good. */
static int hooks_new(struct fw_kern *k)
{
	int fd = k->pins ? kern_pins_inherit(k, MAP_HOOKS, 2, sizeof(uint32_t), 0) : -ENOENT;

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

int kern_programs_load(struct fw_kern *k, bool arena)
{
	int err = arena_prepare(k, arena);

	if (!err)
		err = kern_object_load(k, OBJECT_FW, &(struct kern_variant){ .arena = arena });
	if (!err)
		err = limit_key_new(k);
	if (!err)
		err = filters_new(k);
	return err ? err : hooks_new(k);
}

int kern_programs_need(struct fw_kern *k, enum fw_prog prog, bool l3)
{
	const struct kern_variant v = { .arena = fw_kern_pool_kind(k) == FW_POOL_ARENA, .l3 = true, .prog = prog };
	int err;

	if (fw_prog_is_nf(prog))
		return kern_object_need(k, OBJECT_NF);
	if (!l3 || k->progs[PROG_L3 + prog] >= 0)
		return 0;
	err = kern_object_load(k, OBJECT_FW, &v);
	if (!err && k->pins)
		err = kern_pins_add(k, PROG_L3 + (int)prog);
	if (err)
		kern_close_fd(&k->progs[PROG_L3 + prog]);
	return err;
}

static uint64_t hash_bytes(uint64_t hash, const uint8_t *bytes, size_t n)
{
	for (size_t i = 0; i < n; i += sizeof(uint64_t)) {
		uint64_t word = 0;

		memcpy(&word, bytes + i, n - i < sizeof(word) ? n - i : sizeof(word));
		hash = fw_mix64(hash + word) + i;
	}
	return hash;
}

void kern_fingerprint(const struct fw_kern *k, bool arena, struct folder *out)
{
	uint64_t hash = (uint64_t)k->ncpus << 32 | FW_COUNTER_CHUNKS << 2 | arena << 1 | k->flow_cache;

	for (int i = 0; i < NOBJECTS; i++) {
		size_t n;
		const void *elf = kern_objects[i].elf(&n);

		hash = hash_bytes(hash, elf, n);
	}
	snprintf(out->name, sizeof(out->name), "%016llx", (unsigned long long)hash);
}

uint64_t *kern_control_map(const struct fw_kern *k)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	void *control = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_SHARED, k->maps[MAP_CONTROL], 0);

	return control == MAP_FAILED ? NULL : control;
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

// SPDX-License-Identifier: GPL-2.0-only
/* The program of netfilter's hooks: an object file of its own, loaded over the maps that there are. */
#include "kern.h"

#include "bpf/nf.skel.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <fcntl.h>

/* From bpf(2), for systems with older headers. */
#define PROG_TYPE_NETFILTER 32
#define ATTACH_TYPE_NETFILTER 45

static void skel_freep(struct nf_bpf **skel)
{
	nf_bpf__destroy(*skel);
}

/* Makes it use the maps of the other programs. */
static int share_maps(const struct fw_kern *k, const struct nf_bpf *skel)
{
	const struct {
		struct bpf_map *map;
		enum kern_map is;
	} maps[] = {
		{ skel->maps.fw_pool, MAP_POOL },         { skel->maps.fw_arena, MAP_ARENA },
		{ skel->maps.fw_counters, MAP_COUNTERS }, { skel->maps.fw_traffic, MAP_TRAFFIC },
		{ skel->maps.fw_cpus, MAP_CPUS },         { skel->maps.fw_ifaces, MAP_IFACES },
		{ skel->maps.bss, MAP_CONTROL },
	};
	int err = 0;

	_Static_assert(sizeof(struct nf_bpf__bss) == sizeof(uint64_t), "only the control word");
	for (size_t i = 0; i < sizeof(maps) / sizeof(maps[0]) && !err; i++)
		err = bpf_map__reuse_fd(maps[i].map, k->maps[maps[i].is]);
	return err;
}

static int load(const struct fw_kern *k, struct nf_bpf *skel)
{
	int err;

	skel->rodata->fw_ncpus = k->ncpus;
	skel->rodata->fw_flow_cache = k->flow_cache;
	skel->rodata->fw_use_arena = fw_kern_pool_kind(k) == FW_POOL_ARENA;
	bpf_program__set_type(skel->progs.fw_nf, (enum bpf_prog_type)PROG_TYPE_NETFILTER);
	bpf_program__set_expected_attach_type(skel->progs.fw_nf, (enum bpf_attach_type)ATTACH_TYPE_NETFILTER);
	err = share_maps(k, skel);
	return err ? err : nf_bpf__load(skel);
}

/* One program counts for three hooks: it is known by the names of all. */
static int keep(struct fw_kern *k, int prog)
{
	int err = 0;

	for (int i = FW_PROG_NF_INPUT; i <= FW_PROG_NF_OUTPUT && !err; i++) {
		kern_close_fd(&k->progs[i]);
		k->progs[i] = fcntl(prog, F_DUPFD_CLOEXEC, 3);
		err = k->progs[i] < 0 ? -errno : 0;
		if (!err && k->pins)
			err = kern_pins_add(k, i);
	}
	return err;
}

int kern_programs_nf(struct fw_kern *k)
{
	fw_cleanup(skel_freep) struct nf_bpf *skel = NULL;
	int err;

	if (k->progs[FW_PROG_NF_OUTPUT] >= 0)
		return 0;
	skel = nf_bpf__open();
	err = skel ? load(k, skel) : -errno;
	if (!err)
		err = keep(k, bpf_program__fd(skel->progs.fw_nf));
	for (int i = FW_PROG_NF_INPUT; i <= FW_PROG_NF_OUTPUT && err; i++)
		kern_close_fd(&k->progs[i]);
	return err;
}

const void *kern_programs_nf_elf(size_t *n)
{
	return nf_bpf__elf_bytes(n);
}

// SPDX-License-Identifier: GPL-2.0-only
/* Loading: the program and its maps, as descriptors of their own, and what of them is mapped into this process. */
#include "kern.h"

#include "bpf/fw.skel.h"
#include "fw/table/prog.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

const char *const fw_kern_pool_names[FW_NPOOLS] = { "auto", "arena", "maps" };

static size_t whole_pages(size_t bytes)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	return (bytes + page - 1) / page * page;
}

static size_t cpus_bytes(const struct fw_kern *k)
{
	return whole_pages((size_t)FW_CPU_STATES(k->ncpus) * sizeof(*k->cpus));
}

static size_t traffic_bytes(const struct fw_kern *k)
{
	return whole_pages(k->ncpus * sizeof(*k->traffic));
}

static int map_mmap(int fd, size_t bytes, void *out)
{
	void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

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

/* By index in fw_kern.progs and fw_kern.maps; NULL: the program does not know the map. */
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
			 [MAP_CONTROL] = skel->maps.bss },
	};
}

/* A descriptor that outlives the skeleton, which holds a copy of the object file. */
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

/* Filters are user space's own business: the program does not know their map. */
static int filters_new(struct fw_kern *k)
{
	LIBBPF_OPTS(bpf_map_create_opts, opts, .map_flags = BPF_F_NO_PREALLOC);

	k->maps[MAP_FILTERS] = bpf_map_create(BPF_MAP_TYPE_HASH, "fw_filters", sizeof(struct filter_key),
					      sizeof(struct filter_value), FILTERS_MAX, &opts);
	return k->maps[MAP_FILTERS] < 0 ? -errno : 0;
}

/* What was counted under another version goes on, where its map has the same name and shape. */
static int inherit(const struct fw_kern *k, enum kern_map which, struct bpf_map *map, uint32_t inner_size)
{
	int fd = kern_pins_inherit(k, which, bpf_map__max_entries(map), bpf_map__value_size(map), inner_size);
	int err = fd >= 0 ? bpf_map__reuse_fd(map, fd) : 0;

	kern_close_fd(&fd);
	return err;
}

/* The arena, or what stands in its place. */
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

static int load(struct fw_kern *k, bool arena)
{
	fw_cleanup(skel_freep) struct fw_bpf *skel = open_skel(k, arena);
	int err = 0;

	if (!skel)
		return -errno;
	err = arena_prepare(k, arena);
	err = err ? err : bpf_map__reuse_fd(skel->maps.fw_arena, k->maps[MAP_ARENA]);
	bpf_map__set_max_entries(skel->maps.fw_cpus, FW_CPU_STATES(k->ncpus));
	bpf_map__set_max_entries(skel->maps.fw_traffic, k->ncpus);
	bpf_map__set_max_entries(skel->maps.fw_counters, FW_COUNTER_CHUNKS * k->columns);
	if (!err && k->pins) {
		err = inherit(k, MAP_COUNTERS, skel->maps.fw_counters, sizeof(struct fw_counter) * FW_COUNTER_CHUNK);
		err = err ? err : inherit(k, MAP_TRAFFIC, skel->maps.fw_traffic, 0);
	}
	if (!err)
		err = fw_bpf__load(skel);
	if (!err)
		err = keep_fds(k, skel);
	return err ? err : filters_new(k);
}

/* One program more, over the maps that are there. */
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
		bpf_program__set_autoload(parts.prog[i], i == (int)prog);
	for (int i = 0; i < NMAPS && !err; i++)
		if (parts.map[i])
			err = bpf_map__reuse_fd(parts.map[i], k->maps[i]);
	if (!err)
		err = fw_bpf__load(skel);
	return err ? err : keep_fd(&k->progs[PROG_L3 + prog], bpf_program__fd(parts.prog[prog]));
}

int kern_prog_need(struct fw_kern *k, enum fw_prog prog, bool l3)
{
	int err;

	if (!l3 || k->progs[PROG_L3 + prog] >= 0)
		return 0;
	err = load_l3(k, prog);
	if (!err && k->pins)
		err = kern_pins_add(k, PROG_L3 + (int)prog);
	if (err)
		kern_close_fd(&k->progs[PROG_L3 + prog]);
	return err;
}

static int map_values(struct fw_kern *k)
{
	uint8_t *control = NULL;
	int err = map_mmap(k->maps[MAP_CPUS], cpus_bytes(k), &k->cpus);

	if (!err)
		err = map_mmap(k->maps[MAP_TRAFFIC], traffic_bytes(k), &k->traffic);
	if (!err)
		err = map_mmap(k->maps[MAP_CONTROL], whole_pages(sizeof(struct fw_bpf__bss)), &control);
	if (!err)
		k->control = (uint64_t *)(void *)(control + offsetof(struct fw_bpf__bss, fw_control));
	return err;
}

/* A name for the program and its settings: 16 hexadecimal digits. */
static void fingerprint(const struct fw_kern *k, bool arena, char *out, size_t size)
{
	uint64_t hash = (uint64_t)k->ncpus << 32 | FW_COUNTER_CHUNKS << 2 | arena << 1 | k->flow_cache, word;
	size_t n;
	const char *elf = fw_bpf__elf_bytes(&n);

	for (size_t i = 0; i < n; i += sizeof(word)) {
		word = 0;
		memcpy(&word, elf + i, n - i < sizeof(word) ? n - i : sizeof(word));
		hash = fw_mix64(hash + word) + i;
	}
	snprintf(out, size, "%016llx", (unsigned long long)hash);
}

/* Programs and maps: those that are pinned, or new ones. */
static int obtain(struct fw_kern *k, bool arena, struct fw_diags *ds)
{
	int err = k->pins ? kern_pins_adopt(k) : -ENOENT;

	if (err == -ENOENT) {
		err = load(k, arena);
		if (err)
			return load_error(err, ds);
		err = k->pins ? kern_pins_write(k, ds) : 0;
	}
	if (!err && arena)
		err = kern_arena_open(k);
	return err;
}

static void close_all(struct fw_kern *k)
{
	for (int i = 0; i < NPROGS; i++)
		kern_close_fd(&k->progs[i]);
	for (int i = 0; i < NMAPS; i++)
		kern_close_fd(&k->maps[i]);
}

/* With an arena, where one is wanted and the kernel has them; else with segments. */
static int obtain_pool(struct fw_kern *k, const struct fw_kern_options *opts, struct fw_diags *ds)
{
	int err = -EOPNOTSUPP;

	k->flow_cache = !opts->no_flow_cache;
	if (opts->pool != FW_POOL_MAPS) {
		fingerprint(k, true, k->folder.name, sizeof(k->folder.name));
		err = obtain(k, true, opts->pool == FW_POOL_ARENA ? ds : NULL);
	}
	if (!err || opts->pool == FW_POOL_ARENA)
		return err;
	close_all(k);
	fingerprint(k, false, k->folder.name, sizeof(k->folder.name));
	return obtain(k, false, ds);
}

/* What those before left, once the programs are there. */
static int adopt(struct fw_kern *k)
{
	int err = kern_readers_open(k);

	if (!err)
		err = kern_segments_adopt(k);
	if (!err)
		err = kern_counters_adopt(k);
	if (err || !k->pins)
		return err;
	err = kern_attached_load(k);
	k->generation_before = kern_pins_generation(k);
	if (!err)
		kern_pins_tidy(k, false);
	return err;
}

static int open_all(struct fw_kern *k, const struct fw_kern_options *opts, struct fw_diags *ds)
{
	static const struct fw_kern_options defaults = { .pool = FW_POOL_AUTO };
	double start = fw_now();
	int err = 0;

	if (opts && opts->pins)
		err = kern_pins_open(k, opts->pins, ds);
	if (!err)
		err = obtain_pool(k, opts ? opts : &defaults, ds);
	k->load_seconds = fw_now() - start;
	if (!err)
		err = map_values(k);
	if (!err)
		err = adopt(k);
	if (!err && k->pins)
		err = kern_iterator_files_open(k);
	if (!err)
		err = kern_grace_init(k);
	return err ? err : fw_kern_counters_reserve(k, 0);
}

/* Nothing is open. */
static int kern_new(struct fw_kern **out)
{
	struct fw_kern *k = calloc(1, sizeof(*k));
	int ncpus = libbpf_num_possible_cpus(), err = k ? fw_pool_init(&k->pool) : -ENOMEM;

	if (err) {
		free(k);
		return err;
	}
	kern_segments_init(k);
	memset(k->progs, 0xff, sizeof(k->progs));
	memset(k->maps, 0xff, sizeof(k->maps));
	k->grace[0] = k->grace[1] = k->lock = -1;
	k->ncpus = ncpus > 0 ? (uint32_t)ncpus : 1;
	k->columns = FW_COUNTER_COLUMNS(k->ncpus);
	k->chunks = calloc((size_t)FW_COUNTER_CHUNKS * k->columns, sizeof(*k->chunks));
	*out = k;
	return k->chunks ? 0 : -ENOMEM;
}

int fw_kern_open(const struct fw_kern_options *opts, struct fw_diags *ds, struct fw_kern **out)
{
	struct fw_kern *k = NULL;
	int err = kern_new(&k);

	libbpf_set_print(NULL);
	if (!err)
		err = open_all(k, opts, ds);
	if (err) {
		if (ds && !ds->n)
			fw_diag_add(ds, (struct fw_place){ 0 }, NULL, "cannot prepare the BPF program: %s",
				    strerror(-err));
		fw_kern_close(k);
		return err;
	}
	*out = k;
	return 0;
}

void fw_kern_close(struct fw_kern *k)
{
	if (!k)
		return;
	if (!k->pins)
		fw_kern_unpin(k);
	for (size_t i = 0; i < k->nattached; i++)
		kern_close_fd(&k->attached[i].link);
	kern_counters_fini(k);
	kern_iterator_files_close(k);
	kern_readers_close(k);
	if (k->cpus)
		munmap(k->cpus, cpus_bytes(k));
	if (k->traffic)
		munmap(k->traffic, traffic_bytes(k));
	if (k->control)
		munmap((void *)((uintptr_t)k->control & ~(whole_pages(1) - 1)),
		       whole_pages(sizeof(struct fw_bpf__bss)));
	close_all(k);
	kern_close_fd(&k->grace[0]);
	kern_close_fd(&k->grace[1]);
	kern_close_fd(&k->lock);
	kern_segments_fini(k);
	free(k->attached);
	free(k->pins);
	free(k);
}

int fw_kern_prog_fd(const struct fw_kern *k, enum fw_prog prog)
{
	return k->progs[prog];
}

double fw_kern_load_seconds(const struct fw_kern *k)
{
	return k->load_seconds;
}

// SPDX-License-Identifier: GPL-2.0-only
/* Loading: the program and its maps, as descriptors of their own, and what of them is mapped into this process. */
#include "kern.h"

#include "bpf/fw.skel.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static size_t whole_pages(size_t bytes)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	return (bytes + page - 1) / page * page;
}

static size_t cpus_bytes(const struct fw_kern *k)
{
	return whole_pages(2ull * k->ncpus * sizeof(*k->cpus));
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

/* Descriptors that outlive the skeleton, which holds a copy of the object file. */
static int keep_fds(struct fw_kern *k, const struct fw_bpf *skel)
{
	const struct bpf_program *progs[FW_NPROGS] = {
		[FW_PROG_XDP] = skel->progs.fw_xdp,
		[FW_PROG_TC_INGRESS] = skel->progs.fw_tc_ingress,
		[FW_PROG_TC_EGRESS] = skel->progs.fw_tc_egress,
	};
	const struct bpf_map *maps[NMAPS] = {
		[MAP_POOL] = skel->maps.fw_pool, [MAP_COUNTERS] = skel->maps.fw_counters,
		[MAP_CPUS] = skel->maps.fw_cpus, [MAP_IFACES] = skel->maps.fw_ifaces,
		[MAP_CONTROL] = skel->maps.bss,
	};

	for (int i = 0; i < FW_NPROGS; i++) {
		k->progs[i] = fcntl(bpf_program__fd(progs[i]), F_DUPFD_CLOEXEC, 3);
		if (k->progs[i] < 0)
			return -errno;
	}
	for (int i = 0; i < NMAPS; i++) {
		k->maps[i] = fcntl(bpf_map__fd(maps[i]), F_DUPFD_CLOEXEC, 3);
		if (k->maps[i] < 0)
			return -errno;
	}
	return 0;
}

static void skel_freep(struct fw_bpf **skel)
{
	fw_bpf__destroy(*skel);
}

static int load(struct fw_kern *k, const struct fw_kern_options *opts)
{
	fw_cleanup(skel_freep) struct fw_bpf *skel = fw_bpf__open();
	int err;

	if (!skel)
		return -errno;
	skel->rodata->fw_ncpus = k->ncpus;
	skel->rodata->fw_flow_cache = !(opts && opts->no_flow_cache);
	bpf_map__set_max_entries(skel->maps.fw_cpus, 2 * k->ncpus);
	bpf_map__set_max_entries(skel->maps.fw_counters, COUNTER_CHUNKS * k->ncpus);
	err = fw_bpf__load(skel);
	return err ? err : keep_fds(k, skel);
}

static int map_values(struct fw_kern *k)
{
	void *control = NULL;
	int err = map_mmap(k->maps[MAP_CPUS], cpus_bytes(k), &k->cpus);

	if (!err)
		err = map_mmap(k->maps[MAP_CONTROL], whole_pages(sizeof(struct fw_bpf__bss)), &control);
	if (!err)
		k->control = control + offsetof(struct fw_bpf__bss, fw_control);
	return err;
}

static int open_all(struct fw_kern *k, const struct fw_kern_options *opts)
{
	double start = fw_now();
	int err;

	k->chunks = calloc((size_t)COUNTER_CHUNKS * k->ncpus, sizeof(*k->chunks));
	err = k->chunks ? load(k, opts) : -ENOMEM;
	k->load_seconds = fw_now() - start;
	if (!err)
		err = map_values(k);
	if (!err)
		err = kern_grace_init(k);
	return err ? err : fw_kern_counters_reserve(k, 0);
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
	kern_segments_init(k);
	memset(k->progs, 0xff, sizeof(k->progs));
	memset(k->maps, 0xff, sizeof(k->maps));
	memset(k->grace, 0xff, sizeof(k->grace));
	k->ncpus = ncpus > 0 ? (uint32_t)ncpus : 1;
	err = open_all(k, opts);
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
	kern_counters_fini(k);
	if (k->cpus)
		munmap(k->cpus, cpus_bytes(k));
	if (k->control)
		munmap((void *)((uintptr_t)k->control & ~(whole_pages(1) - 1)),
		       whole_pages(sizeof(struct fw_bpf__bss)));
	for (int i = 0; i < FW_NPROGS; i++)
		kern_close_fd(&k->progs[i]);
	for (int i = 0; i < NMAPS; i++)
		kern_close_fd(&k->maps[i]);
	kern_close_fd(&k->grace[0]);
	kern_close_fd(&k->grace[1]);
	kern_segments_fini(k);
	free(k->attached);
	free(k);
}

int fw_kern_prog_fd(const struct fw_kern *k, enum fw_kern_prog prog)
{
	return k->progs[prog];
}

double fw_kern_load_seconds(const struct fw_kern *k)
{
	return k->load_seconds;
}

// SPDX-License-Identifier: GPL-2.0-only
/* Opening and closing: the programs and maps, new or pinned by an earlier process, and those parts that are mapped into this one. */
#include "kern.h"

#include "fw/table/prog.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
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

static int map_values(struct fw_kern *k)
{
	int err = map_mmap(k->maps[MAP_CPUS], cpus_bytes(k), &k->cpus);

	if (!err)
		err = map_mmap(k->maps[MAP_TRAFFIC], traffic_bytes(k), &k->traffic);
	if (err)
		return err;
	k->control = kern_control_map(k);
	return k->control ? 0 : -errno;
}

/* Opens the pinned programs and maps, or loads new ones. */
static int obtain(struct fw_kern *k, bool arena, struct fw_diags *ds)
{
	int err = k->pins ? kern_pins_adopt(k) : -ENOENT;

	if (err == -ENOENT) {
		err = kern_programs_load(k, arena);
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

/* With an arena, unless the options or the kernel rule that out; else with segments. */
static int obtain_pool(struct fw_kern *k, const struct fw_kern_options *opts, struct fw_diags *ds)
{
	int err = -EOPNOTSUPP;

	k->flow_cache = !opts->no_flow_cache;
	if (opts->pool != FW_POOL_MAPS) {
		kern_fingerprint(k, true, &k->folder);
		err = obtain(k, true, opts->pool == FW_POOL_ARENA ? ds : NULL);
	}
	if (!err || opts->pool == FW_POOL_ARENA)
		return err;
	close_all(k);
	kern_fingerprint(k, false, &k->folder);
	return obtain(k, false, ds);
}

/* Takes over segments, counters and attachments of earlier processes. */
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

/* Opens everything, in order: pins, programs, maps, what earlier processes left. On failure fw_kern_close() cleans up. */
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
		err = kern_events_open(k);
	k->has_links = !err && kern_netfilter_has_links(k);
	if (!err)
		kern_conntrack_open(k);
	if (!err)
		err = adopt(k);
	if (!err && k->pins)
		err = kern_iterator_files_open(k);
	if (!err)
		err = kern_grace_init(k);
	return err ? err : fw_kern_counters_reserve(k, 0);
}

/* Allocates *@out, which fw_kern_close() accepts, also after an error if it is not NULL. */
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
	k->grace[0] = k->grace[1] = k->lock = k->stub[0] = k->stub[1] = -1;
	k->host = (struct host_tables){ .guard = -1, .own = -1 };
	kern_conntrack_init(&k->conntrack);
	k->ncpus = ncpus > 0 ? (uint32_t)ncpus : 1;
	k->columns = FW_COUNTER_COLUMNS(k->ncpus);
	k->reply_rate = FW_REPLY_RATE;
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
	kern_events_close(k);
	kern_conntrack_close(&k->conntrack);
	kern_iterator_files_close(k);
	kern_readers_close(k);
	if (k->cpus)
		munmap(k->cpus, cpus_bytes(k));
	if (k->traffic)
		munmap(k->traffic, traffic_bytes(k));
	kern_control_unmap(k->control);
	close_all(k);
	kern_close_fd(&k->grace[0]);
	kern_close_fd(&k->grace[1]);
	kern_close_fd(&k->lock);
	kern_close_fd(&k->stub[0]);
	kern_close_fd(&k->stub[1]);
	kern_close_fd(&k->host.guard);
	kern_close_fd(&k->host.own);
	kern_segments_fini(k);
	free(k->attached);
	free(k->pins);
	free(k);
}

double fw_kern_load_seconds(const struct fw_kern *k)
{
	return k->load_seconds;
}

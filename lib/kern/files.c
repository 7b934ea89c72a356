// SPDX-License-Identifier: GPL-2.0-only
/*
 * Files that say as text what was counted: iterators over the maps, pinned. They
 * hold the maps, so that they can be read whatever becomes of this process. Each
 * process makes its own, which take the place of those before in one step.
 */
#include "kern.h"

#include "bpf/counters.skel.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *const file_names[FW_NFILES] = {
	[FW_FILE_COUNTERS] = "counters",
	[FW_FILE_INTERFACES] = "interfaces",
};

#define NAMES_BYTES (sizeof(struct fw_label_name) * FW_COUNTER_CHUNK)

struct files {
	struct counters_bpf *skel;
	char *path[FW_NFILES];                          /* NULL: it is not there */
	struct fw_label_name *names[FW_COUNTER_CHUNKS]; /* mmapped; NULL: no rule of that chunk has one */
};

static int load(struct fw_kern *k, struct files *f)
{
	struct counters_bpf *skel = f->skel = counters_bpf__open();
	int err;

	if (!skel)
		return -errno;
	skel->rodata->fw_ncpus = k->ncpus;
	err = bpf_map__reuse_fd(skel->maps.fw_counters, k->maps[MAP_COUNTERS]);
	err = err ? err : bpf_map__reuse_fd(skel->maps.fw_traffic, k->maps[MAP_TRAFFIC]);
	return err ? err : counters_bpf__load(skel);
}

int kern_files_open(struct fw_kern *k)
{
	struct files *f = calloc(1, sizeof(*f));
	int err;

	if (!f)
		return -ENOMEM;
	k->files = f;
	err = load(k, f);
	/* Filtering does not need them. */
	if (err)
		kern_files_close(k);
	k->files_err = err;
	return err == -ENOMEM ? err : 0;
}

void kern_files_close(struct fw_kern *k)
{
	struct files *f = k->files;

	if (!f)
		return;
	counters_bpf__destroy(f->skel);
	for (int i = 0; i < FW_NFILES; i++)
		free(f->path[i]);
	for (int i = 0; i < FW_COUNTER_CHUNKS; i++)
		if (f->names[i])
			munmap(f->names[i], NAMES_BYTES);
	free(f);
	k->files = NULL;
}

/* The names of a chunk; NULL: no memory. */
static struct fw_label_name *names_new(struct files *f, uint32_t chunk)
{
	int fd = kern_value_map("fw_names", NAMES_BYTES);
	void *at = fd < 0 ? MAP_FAILED : mmap(NULL, NAMES_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (at != MAP_FAILED && bpf_map_update_elem(bpf_map__fd(f->skel->maps.fw_names), &chunk, &fd, BPF_ANY)) {
		munmap(at, NAMES_BYTES);
		at = MAP_FAILED;
	}
	kern_close_fd(&fd);
	return f->names[chunk] = at == MAP_FAILED ? NULL : at;
}

bool kern_files_name(struct fw_kern *k, uint32_t counter, const char *name)
{
	uint32_t chunk = counter >> FW_COUNTER_CHUNK_SHIFT;
	struct fw_label_name *names;

	if (!k->files)
		return false;
	names = k->files->names[chunk] ? k->files->names[chunk] : names_new(k->files, chunk);
	if (names)
		snprintf(names[counter & (FW_COUNTER_CHUNK - 1)].name, sizeof(names->name), "%s", name);
	return names;
}

/* A link to the iterator that does not go away with this process. */
static int pin(const char *path, const struct bpf_program *prog, const struct bpf_map *pages, gid_t readers)
{
	union bpf_iter_link_info which = { .map.map_fd = (uint32_t)bpf_map__fd(pages) };
	LIBBPF_OPTS(bpf_link_create_opts, opts, .iter_info = &which, .iter_info_len = sizeof(which));
	int link = bpf_link_create(bpf_program__fd(prog), 0, BPF_TRACE_ITER, &opts);
	char fresh[PATH_MAX];
	int err;

	if (link < 0)
		return -errno;
	snprintf(fresh, sizeof(fresh), "%.*s-new", PATH_MAX - 5, path);
	unlink(fresh);
	err = bpf_obj_pin(link, fresh) ? -errno : 0;
	close(link);
	if (err)
		return err;
	if ((readers != (gid_t)-1 && chown(fresh, (uid_t)-1, readers)) || chmod(fresh, 0440) || rename(fresh, path)) {
		err = -errno;
		unlink(fresh);
	}
	return err;
}

/* Members of the group may go through the folder; what else stands in it they cannot read. */
static int open_folder(const struct fw_kern *k, gid_t readers)
{
	if (readers == (gid_t)-1)
		return 0;
	return chown(k->pins, (uid_t)-1, readers) || chmod(k->pins, 0710) ? -errno : 0;
}

int fw_kern_files_pin(struct fw_kern *k, gid_t readers)
{
	struct files *f = k->files;
	int err;

	if (!k->pins)
		return 0;
	if (!f)
		return k->files_err;

	const struct bpf_program *progs[FW_NFILES] = { f->skel->progs.fw_show_counters,
						       f->skel->progs.fw_show_interfaces };
	const struct bpf_map *pages[FW_NFILES] = { f->skel->maps.fw_counter_pages, f->skel->maps.fw_traffic_pages };

	err = open_folder(k, readers);
	for (int i = 0; i < FW_NFILES && !err; i++) {
		fw_autofree char *path = NULL;

		if (asprintf(&path, "%s/%s", k->pins, file_names[i]) < 0)
			return -ENOMEM;
		err = pin(path, progs[i], pages[i], readers);
		if (!err) {
			free(f->path[i]);
			f->path[i] = fw_take(path);
		}
	}
	return err;
}

const char *fw_kern_file(const struct fw_kern *k, enum fw_kern_file file)
{
	return k->files ? k->files->path[file] : NULL;
}

void kern_files_remove(const struct fw_kern *k)
{
	char path[PATH_MAX];

	for (int i = 0; i < FW_NFILES; i++) {
		snprintf(path, sizeof(path), "%s/%s", k->pins, file_names[i]);
		unlink(path);
	}
}

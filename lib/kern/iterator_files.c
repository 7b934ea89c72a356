// SPDX-License-Identifier: GPL-2.0-only
/*
 * Iterator files: pinned iterators over the maps of counters, whose text is the
 * counts, for `cat`. They hold the maps, so they outlive this process. Each
 * process replaces those of the one before atomically. Not every kernel allows
 * them, and nothing else needs them.
 */
#include "kern.h"

#include "bpf/counters.skel.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FRESH "-new" /* suffix of a pin until it has its owner and mode */

static const char *const file_names[FW_NITERATORS] = {
	[FW_ITERATOR_COUNTERS] = "counters",
	[FW_ITERATOR_INTERFACES] = "interfaces",
};

struct files {
	struct counters_bpf *skel;
	char *path[FW_NITERATORS]; /* NULL: not pinned */
};

static int load(struct fw_kern *k, struct files *f)
{
	struct counters_bpf *skel = f->skel = counters_bpf__open();
	int err;

	if (!skel)
		return -errno;
	skel->rodata->fw_ncpus = k->ncpus;
	err = bpf_map__reuse_fd(skel->maps.fw_counters, k->maps[MAP_COUNTERS]);
	if (!err)
		err = bpf_map__reuse_fd(skel->maps.fw_traffic, k->maps[MAP_TRAFFIC]);
	return err ? err : counters_bpf__load(skel);
}

/* Tries to load an iterator that shows nothing. */
int fw_kern_iterator_files_probe(void)
{
	static const struct bpf_insn nothing[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0 },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	LIBBPF_OPTS(bpf_prog_load_opts, opts, .expected_attach_type = BPF_TRACE_ITER);
	int btf = libbpf_find_vmlinux_btf_id("bpf_map_elem", BPF_TRACE_ITER), prog;

	if (btf < 0)
		return btf;
	opts.attach_btf_id = (uint32_t)btf;
	prog = bpf_prog_load(BPF_PROG_TYPE_TRACING, "fw_probe", "GPL", nothing, sizeof(nothing) / sizeof(nothing[0]),
			     &opts);
	if (prog < 0)
		return -errno;
	close(prog);
	return 0;
}

int kern_iterator_files_open(struct fw_kern *k)
{
	struct files *f = calloc(1, sizeof(*f));
	int err;

	if (!f)
		return -ENOMEM;
	k->files = f;
	err = load(k, f);
	/* Not fatal: filtering does not need them. */
	if (err) {
		int refused = fw_kern_iterator_files_probe();

		kern_iterator_files_close(k);
		err = refused ? refused : err;
	}
	k->files_err = err;
	return err == -ENOMEM ? err : 0;
}

void kern_iterator_files_close(struct fw_kern *k)
{
	struct files *f = k->files;

	if (!f)
		return;
	counters_bpf__destroy(f->skel);
	for (int i = 0; i < FW_NITERATORS; i++)
		free(f->path[i]);
	free(f);
	k->files = NULL;
}

int kern_iterator_files_names(struct fw_kern *k, enum fw_named whose, uint32_t chunk, int fd)
{
	if (!k->files)
		return 0;

	const struct bpf_map *maps[FW_NNAMED] = { k->files->skel->maps.fw_names, k->files->skel->maps.fw_chains };

	return bpf_map_update_elem(bpf_map__fd(maps[whose]), &chunk, &fd, BPF_ANY) ? -errno : 0;
}

/* Pins a link to the iterator, in place of an earlier one. */
static int pin(const char *path, const struct bpf_program *prog, const struct bpf_map *pages, gid_t readers)
{
	union bpf_iter_link_info which = { .map.map_fd = (uint32_t)bpf_map__fd(pages) };
	LIBBPF_OPTS(bpf_link_create_opts, opts, .iter_info = &which, .iter_info_len = sizeof(which));
	int link = bpf_link_create(bpf_program__fd(prog), 0, BPF_TRACE_ITER, &opts);
	char fresh[PATH_MAX];
	int err;

	if (link < 0)
		return -errno;
	snprintf(fresh, sizeof(fresh), "%.*s" FRESH, PATH_MAX - 5, path);
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

int kern_iterator_files_pin(struct fw_kern *k, gid_t readers)
{
	struct files *f = k->files;
	int err = 0;

	if (!f)
		return k->files_err;

	const struct bpf_program *progs[FW_NITERATORS] = { f->skel->progs.fw_show_counters,
							   f->skel->progs.fw_show_interfaces };
	const struct bpf_map *pages[FW_NITERATORS] = { f->skel->maps.fw_counter_pages, f->skel->maps.fw_traffic_pages };

	for (int i = 0; i < FW_NITERATORS && !err; i++) {
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

const char *fw_kern_iterator_file(const struct fw_kern *k, enum fw_kern_iterator_file file)
{
	return k->files ? k->files->path[file] : NULL;
}

void kern_iterator_files_remove(const struct fw_kern *k)
{
	static const char *const ends[] = { "", FRESH };
	char path[PATH_MAX];

	for (int i = 0; i < FW_NITERATORS * 2; i++) {
		snprintf(path, sizeof(path), "%s/%s%s", k->pins, file_names[i / 2], ends[i % 2]);
		unlink(path);
	}
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * What is in the folder of pins, and outlives this process:
 *
 *	PINS/0123456789abcdef/progs/{xdp,tc-ingress,tc-egress,dry-run,l3-xdp,l3-tc-ingress,l3-tc-egress,input,forward,output,
 *	                            guard,answer-*,table-*,xdp-decide,tc-decide,xdp-reject,tc-reject-in,tc-reject-out}
 *	                      maps/{pool,arena,counters-5,traffic,cpus,ifaces,control,xdp-calls,tc-calls,ring-1,events-1,
 *	                           connections-1,limits,table-limits,limit-keys,recent,reply-rate,replies-1,filters,hooks,decisions,guarded}
 *	                      links/{xdp,tc-ingress,tc-egress}-ID, links/[guard-]{input,forward,output}-ID-NETNS
 *	PINS/new/...          being written
 *	PINS/readers/...      some of the maps again, for read-only users: see readers.c
 *	PINS/counters, PINS/interfaces   iterator files: see iterator_files.c
 *
 * Each version of the programs has a folder, named after their fingerprint. It
 * is written under the name `new` and renamed once complete. Only one process
 * at a time uses PINS: see pins_open.c.
 */
#include "kern.h"

#include <bpf/bpf.h>
#include <dirent.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *const kinds[] = { "links", "maps", "progs" };

/* Entries of a folder. Pins have no names that begin with a dot. */
static size_t count_pins(const char *path)
{
	DIR *dir = opendir(path);
	const struct dirent *e;
	size_t n = 0;

	while (dir && (e = readdir(dir)))
		n += e->d_name[0] != '.';
	if (dir)
		closedir(dir);
	return n;
}

static bool has_filters(const struct fw_kern *k, const struct folder *f)
{
	struct filter_key key;
	char path[PATH_MAX];
	int map = bpf_obj_get(kern_pin_path(k, f, "maps", "filters", path));
	bool has = map >= 0 && !bpf_map_get_next_key(map, NULL, &key);

	kern_close_fd(&map);
	return has;
}

static bool has_attached(const struct fw_kern *k, const struct folder *f)
{
	char path[PATH_MAX];

	return count_pins(kern_pin_path(k, f, "links", NULL, path)) || has_filters(k, f);
}

static void remove_kind(const struct fw_kern *k, const struct folder *f, const char *kind)
{
	char path[PATH_MAX], pin[PATH_MAX];
	DIR *dir = opendir(kern_pin_path(k, f, kind, NULL, path));
	const struct dirent *e;

	while (dir && (e = readdir(dir)))
		if (e->d_name[0] != '.')
			unlink(kern_pin_path(k, f, kind, e->d_name, pin));
	if (dir)
		closedir(dir);
	rmdir(path);
}

static void remove_folder(const struct fw_kern *k, const struct folder *f)
{
	char path[PATH_MAX];

	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
		remove_kind(k, f, kinds[i]);
	rmdir(kern_pin_path(k, f, NULL, NULL, path));
}

void kern_pins_tidy(struct fw_kern *k, bool own)
{
	fw_autofree struct folder *folders = NULL;
	size_t n;

	if (kern_folders(k, &folders, &n))
		return;
	for (size_t i = 0; i < n; i++)
		if ((own || strcmp(folders[i].name, k->folder.name)) && !has_attached(k, &folders[i]))
			remove_folder(k, &folders[i]);
	/* PINS itself stays: those who have it open, or mounted elsewhere, will see the pins of the next process. */
	if (!own)
		return;
	kern_iterator_files_remove(k);
	kern_readers_remove(k);
}

static int get_all(const struct fw_kern *k, const char *kind, const char *const *names, int n, int *fds,
		   bool (*is_optional)(int which))
{
	char path[PATH_MAX];
	int err = 0;

	for (int i = 0; i < n && !err; i++) {
		fds[i] = bpf_obj_get(kern_pin_path(k, &k->folder, kind, names[i], path));
		err = fds[i] < 0 && !is_optional(i) ? -errno : 0;
	}
	return err;
}

/*
 * Renames our own folder, which lacks pins because somebody removed them or a process was killed while removing it: it is
 * then treated like another version's. Folders that were renamed earlier may still exist. Return: -ENOENT, or -errno.
 */
static int put_aside(struct fw_kern *k)
{
	enum { ASIDE_MAX = 1000 };
	char from[PATH_MAX], to[PATH_MAX];
	struct folder aside;
	int err = -EEXIST;

	kern_pin_path(k, &k->folder, NULL, NULL, from);
	for (unsigned i = 0; i < ASIDE_MAX && (err == -EEXIST || err == -ENOTEMPTY); i++) {
		snprintf(aside.name, sizeof(aside.name), "%.16s-old%u", k->folder.name, i);
		err = rename(from, kern_pin_path(k, &aside, NULL, NULL, to)) ? -errno : -ENOENT;
	}
	return err;
}

int kern_pins_adopt(struct fw_kern *k)
{
	int err = get_all(k, "maps", kern_map_pins, NMAPS, k->maps, kern_map_is_optional);

	if (!err)
		err = get_all(k, "progs", kern_prog_pins, NPROGS, k->progs, kern_prog_is_optional);
	if (!err)
		return 0;
	for (int i = 0; i < NMAPS; i++)
		kern_close_fd(&k->maps[i]);
	for (int i = 0; i < NPROGS; i++)
		kern_close_fd(&k->progs[i]);
	return err == -ENOENT ? put_aside(k) : err;
}

static int pin_all(const struct fw_kern *k, const char *kind, const char *const *names, int n, const int *fds)
{
	char path[PATH_MAX];

	if (mkdir(kern_pin_path(k, &kern_new_folder, kind, NULL, path), 0700))
		return -errno;
	for (int i = 0; i < n; i++)
		if (fds[i] >= 0 && bpf_obj_pin(fds[i], kern_pin_path(k, &kern_new_folder, kind, names[i], path)))
			return -errno;
	return 0;
}

int kern_pins_write(struct fw_kern *k, struct fw_diags *ds)
{
	char path[PATH_MAX], to[PATH_MAX];
	int err;

	remove_folder(k, &kern_new_folder);
	kern_pin_path(k, &kern_new_folder, NULL, NULL, path);
	err = mkdir(path, 0700) ? -errno : 0;
	if (!err)
		err = pin_all(k, "links", NULL, 0, NULL);
	if (!err)
		err = pin_all(k, "maps", kern_map_pins, NMAPS, k->maps);
	if (!err)
		err = pin_all(k, "progs", kern_prog_pins, PROG_L3, k->progs);
	kern_pin_path(k, &kern_new_folder, NULL, NULL, path);
	if (!err && rename(path, kern_pin_path(k, &k->folder, NULL, NULL, to)))
		err = -errno;
	if (err)
		fw_diag_add(ds, (struct fw_place){ 0 }, NULL, "%s: cannot pin: %s", k->pins, strerror(-err));
	return err;
}

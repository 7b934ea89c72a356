// SPDX-License-Identifier: GPL-2.0-only
/*
 * What is in the folder of pins, and outlives this process:
 *
 *	PINS/0123456789abcdef/progs/{xdp,tc-ingress,tc-egress,dry-run,l3-xdp,l3-tc-ingress,l3-tc-egress,input,forward,output,
 *	                            guard,answer-*,xdp-decide,tc-decide,xdp-reject,tc-reject-in,tc-reject-out}
 *	                      maps/{pool,arena,counters-5,traffic,cpus,ifaces,control,xdp-calls,tc-calls,ring-1,events-1,
 *	                           connections-1,limits,limit-keys,recent,reply-rate,replies-1,filters,hooks,decisions,guarded}
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

static const struct folder new_folder = { "new" };

/* clang-format off */
static const char *const prog_names[NPROGS] = {
#define PROG_NAMES(sym, name, direction) [FW_PROG_##sym] = name, [PROG_L3 + FW_PROG_##sym] = "l3-" name,
	FW_PROGS(PROG_NAMES)
#undef PROG_NAMES
#define CALL_NAME(sym, name) [PROG_CALLS + FW_CALL_##sym] = name,
	FW_CALLS(CALL_NAME)
#undef CALL_NAME
	[PROG_DRY_RUN] = "dry-run",
	[PROG_NF_GUARD] = "guard",
	[PROG_ANSWER_ANY] = "answer-any",
	[PROG_ANSWER_MARK] = "answer-mark",
	[PROG_ANSWER_BIT] = "answer-bit",
	[PROG_ANSWER_NEXT] = "answer-next",
};
/* clang-format on */

/* Other versions continue with the maps that they find under the same name. */
static const char *const map_names[NMAPS] = {
	[MAP_POOL] = "pool",
	[MAP_ARENA] = "arena",
	[MAP_COUNTERS] = FW_COUNTERS_PIN,
	[MAP_TRAFFIC] = "traffic",
	[MAP_CPUS] = "cpus",
	[MAP_IFACES] = "ifaces",
	[MAP_CONTROL] = "control",
	[MAP_XDP_CALLS] = "xdp-calls",
	[MAP_TC_CALLS] = "tc-calls",
	[MAP_RING] = "ring-1",
	[MAP_EVENT_COUNTS] = "events-1",
	[MAP_CONNECTIONS] = "connections-1",
	[MAP_LIMITS] = "limits",
	[MAP_LIMIT_KEYS] = "limit-keys",
	[MAP_RECENT] = "recent",
	[MAP_REPLY_RATE] = "reply-rate",
	[MAP_REPLY_COUNTS] = "replies-1",
	[MAP_FILTERS] = "filters",
	[MAP_HOOKS] = "hooks",
	[MAP_DECISIONS] = "decisions",
	[MAP_GUARDED] = "guarded",
};

static const char *const kinds[] = { "links", "maps", "progs" };

/* @kind and @name may be NULL. Paths fit into PATH_MAX: see kern_pins_open(). */
const char *kern_pin_path(const struct fw_kern *k, const struct folder *f, const char *kind, const char *name,
			  char *buf)
{
	snprintf(buf, PATH_MAX, "%s/%s/%s/%s", k->pins, f->name, kind ? kind : "", name ? name : "");
	return buf;
}

/* Is it a name that we give? Other folders are left alone. */
static bool is_folder(const char *name)
{
	size_t digits = strspn(name, "0123456789abcdef");

	return strlen(name) < FOLDER_MAX && (!strcmp(name, new_folder.name) || digits == 16);
}

int kern_folders(const struct fw_kern *k, struct folder **out, size_t *n)
{
	DIR *dir = opendir(k->pins);
	const struct dirent *e;
	size_t cap = 0;
	int err = 0;

	*out = NULL;
	*n = 0;
	if (!dir)
		return -errno;
	while (!err && (e = readdir(dir))) {
		struct folder f;

		if (!is_folder(e->d_name))
			continue;
		snprintf(f.name, sizeof(f.name), "%s", e->d_name);
		err = fw_vec_push(*out, *n, cap, f);
	}
	closedir(dir);
	return err;
}

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
	int err = get_all(k, "maps", map_names, NMAPS, k->maps, kern_map_is_optional);

	if (!err)
		err = get_all(k, "progs", prog_names, NPROGS, k->progs, kern_prog_is_optional);
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

	if (mkdir(kern_pin_path(k, &new_folder, kind, NULL, path), 0700))
		return -errno;
	for (int i = 0; i < n; i++)
		if (fds[i] >= 0 && bpf_obj_pin(fds[i], kern_pin_path(k, &new_folder, kind, names[i], path)))
			return -errno;
	return 0;
}

int kern_pins_write(struct fw_kern *k, struct fw_diags *ds)
{
	char path[PATH_MAX], to[PATH_MAX];
	int err;

	remove_folder(k, &new_folder);
	kern_pin_path(k, &new_folder, NULL, NULL, path);
	err = mkdir(path, 0700) ? -errno : 0;
	if (!err)
		err = pin_all(k, "links", NULL, 0, NULL);
	if (!err)
		err = pin_all(k, "maps", map_names, NMAPS, k->maps);
	if (!err)
		err = pin_all(k, "progs", prog_names, PROG_L3, k->progs);
	kern_pin_path(k, &new_folder, NULL, NULL, path);
	if (!err && rename(path, kern_pin_path(k, &k->folder, NULL, NULL, to)))
		err = -errno;
	if (err)
		fw_diag_add(ds, (struct fw_place){ 0 }, NULL, "%s: cannot pin: %s", k->pins, strerror(-err));
	return err;
}

static bool map_is(int map, uint32_t max_entries, uint32_t value_size)
{
	struct bpf_map_info info = { 0 };
	uint32_t len = sizeof(info);

	return !bpf_obj_get_info_by_fd(map, &info, &len) && info.max_entries == max_entries &&
	       info.value_size == value_size;
}

static bool map_fits(int map, uint32_t max_entries, uint32_t value_size, uint32_t inner_size)
{
	uint32_t id;
	int inner;
	bool fits = map_is(map, max_entries, value_size);

	if (!fits || !inner_size)
		return fits;
	inner = kern_inner_map(map, 0, &id);
	fits = inner >= 0 && map_is(inner, 1, inner_size);
	kern_close_fd(&inner);
	return fits;
}

int kern_pins_inherit(const struct fw_kern *k, enum kern_map which, uint32_t max_entries, uint32_t value_size,
		      uint32_t inner_size)
{
	fw_autofree struct folder *folders = NULL;
	char path[PATH_MAX];
	size_t n;

	if (kern_folders(k, &folders, &n))
		return -ENOENT;
	for (size_t i = 0; i < n; i++) {
		int map = bpf_obj_get(kern_pin_path(k, &folders[i], "maps", map_names[which], path));

		if (map >= 0 && map_fits(map, max_entries, value_size, inner_size))
			return map;
		kern_close_fd(&map);
	}
	return -ENOENT;
}

uint32_t kern_pins_generation(const struct fw_kern *k)
{
	fw_autofree struct folder *folders = NULL;
	uint32_t highest = 0, zero = 0;
	char path[PATH_MAX];
	size_t n;

	if (kern_folders(k, &folders, &n))
		return 0;
	for (size_t i = 0; i < n; i++) {
		int map = bpf_obj_get(kern_pin_path(k, &folders[i], "maps", map_names[MAP_CONTROL], path));
		uint64_t control = 0;

		if (map >= 0 && map_is(map, 1, sizeof(control)) && !bpf_map_lookup_elem(map, &zero, &control) &&
		    control >> 32 > highest)
			highest = (uint32_t)(control >> 32);
		kern_close_fd(&map);
	}
	return highest;
}

uint32_t kern_prog_id(int fd)
{
	struct bpf_prog_info info = { 0 };
	uint32_t len = sizeof(info);

	return bpf_obj_get_info_by_fd(fd, &info, &len) ? 0 : info.id;
}

/* A process that was killed may have left a pin of that name. */
static int add(const struct fw_kern *k, const char *kind, const char *name, int fd)
{
	char path[PATH_MAX];

	unlink(kern_pin_path(k, &k->folder, kind, name, path));
	return bpf_obj_pin(fd, path) ? -errno : 0;
}

int kern_pins_add(const struct fw_kern *k, int which)
{
	return add(k, "progs", prog_names[which], k->progs[which]);
}

int kern_pins_add_map(const struct fw_kern *k, int which)
{
	return add(k, "maps", map_names[which], k->maps[which]);
}

bool kern_prog_is_ours(const struct fw_kern *k, int which, uint32_t id)
{
	fw_autofree struct folder *folders = NULL;
	char path[PATH_MAX];
	bool ours = id && id == kern_prog_id(k->progs[which]);
	size_t n;

	if (!id || kern_folders(k, &folders, &n))
		return false;
	for (size_t i = 0; i < n && !ours; i++) {
		int fd = bpf_obj_get(kern_pin_path(k, &folders[i], "progs", prog_names[which], path));

		ours = fd >= 0 && kern_prog_id(fd) == id;
		kern_close_fd(&fd);
	}
	return ours;
}

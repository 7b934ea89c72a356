// SPDX-License-Identifier: GPL-2.0-only
/*
 * Pins: what outlives this process.
 *
 *	PINS/0123456789abcdef/progs/{xdp,tc-ingress,tc-egress,dry-run,l3-xdp,l3-tc-ingress,l3-tc-egress}
 *	                      maps/{pool,arena,counters-2,traffic,cpus,ifaces,control,filters}
 *	                      links/{xdp,tc-ingress,tc-egress}-ID
 *	PINS/new/...          being written
 *	PINS/readers/...      some of the maps once more, for those who may only read: see readers.c
 *	PINS/counters, PINS/interfaces   iterators: see iterator_files.c
 *
 * A folder is named after the fingerprint of its program and gets its name when
 * it is whole. One process at a time: the folder of folders is locked, and the
 * kernel lets the lock go with the process.
 */
#include "kern.h"

#include "fw/path.h"

#include <bpf/bpf.h>
#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

#define BPFFS "/sys/fs/bpf"

static const struct folder new_folder = { "new" };

static const char *const prog_names[NPROGS] = {
	[FW_PROG_XDP] = "xdp",
	[FW_PROG_TC_INGRESS] = "tc-ingress",
	[FW_PROG_TC_EGRESS] = "tc-egress",
	[PROG_DRY_RUN] = "dry-run",
	[PROG_L3 + FW_PROG_XDP] = "l3-xdp",
	[PROG_L3 + FW_PROG_TC_INGRESS] = "l3-tc-ingress",
	[PROG_L3 + FW_PROG_TC_EGRESS] = "l3-tc-egress",
};

/* Another version goes on with what it finds by the same name. */
static const char *const map_names[NMAPS] = {
	[MAP_POOL] = "pool", [MAP_ARENA] = "arena",   [MAP_COUNTERS] = FW_COUNTERS_PIN, [MAP_TRAFFIC] = "traffic",
	[MAP_CPUS] = "cpus", [MAP_IFACES] = "ifaces", [MAP_CONTROL] = "control",        [MAP_FILTERS] = "filters",
};

static const char *const kinds[] = { "links", "maps", "progs" };

/* @name, or with NULL the folder of that kind, or with @kind NULL too the folder itself. Paths fit: see kern_pins_open(). */
const char *kern_pin_path(const struct fw_kern *k, const struct folder *f, const char *kind, const char *name,
			  char *buf)
{
	snprintf(buf, PATH_MAX, "%s/%s/%s/%s", k->pins, f->name, kind ? kind : "", name ? name : "");
	return buf;
}

static int fail(struct fw_diags *ds, int err, const char *path, const char *what, const char *hint)
{
	fw_diag_add(ds, (struct fw_place){ 0 }, hint, "%s: %s: %s", path, what, strerror(-err));
	return err;
}

/* Cuts a path to what of it is there. 0 or -errno. */
static int cut_to_existing(char *path, struct statfs *fs)
{
	while (statfs(path, fs)) {
		char *slash = strrchr(path, '/');

		if (errno != ENOENT || !slash || slash == path)
			return -errno;
		*slash = '\0';
	}
	return 0;
}

/* Is the folder, or what of its path is there, in a bpf file system? */
static int check_bpffs(const char *pins, struct fw_diags *ds)
{
	fw_autofree char *path = strdup(pins);
	char hint[240] = "mount -t bpf bpf /sys/fs/bpf";
	struct statfs fs;
	int err = path ? cut_to_existing(path, &fs) : -ENOMEM;

	if (err)
		return fail(ds, err, pins, "cannot be used for pins",
			    "say a folder in /sys/fs/bpf, where names have no dots, and be root");
	if (fs.f_type == BPF_FS_MAGIC)
		return 0;
	if (strncmp(pins, BPFFS "/", strlen(BPFFS "/")) != 0)
		snprintf(
			hint, sizeof(hint),
			"mkdir -p %.70s && mount -t bpf bpf %.70s; or mount -t bpf bpf /sys/fs/bpf and say a folder there",
			pins, pins);
	fw_diag_add(ds, (struct fw_place){ 0 }, hint, "%s: %s is not in a bpf file system", pins, path);
	return -ENODEV;
}

/* A line of mountinfo: id, parent, MAJOR:MINOR, ...: see proc(5). */
static bool is_mount_of(const char *line, dev_t device)
{
	char *at;

	strtoul(line, &at, 10);
	strtoul(at, &at, 10);
	return strtoul(at, &at, 10) == major(device) && *at == ':' && strtoul(at + 1, NULL, 10) == minor(device);
}

bool fw_kern_pins_private(const char *pins)
{
	fw_autofree char *path = strdup(pins), *line = NULL;
	FILE *mounts = fopen("/proc/1/mountinfo", "re");
	bool found = !mounts;
	struct statfs fs;
	struct stat st;
	size_t size = 0;

	if (!path || cut_to_existing(path, &fs) || fs.f_type != BPF_FS_MAGIC || stat(path, &st))
		found = true;
	while (!found && getline(&line, &size, mounts) > 0)
		found = is_mount_of(line, st.st_dev);
	if (mounts)
		fclose(mounts);
	return !found;
}

/* What others put into a folder that everybody could write to is not taken for ours. Closes @fd. */
static int check_owners(int fd, const char *pins, struct fw_diags *ds)
{
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *e;
	struct stat st;
	int err = dir ? 0 : -errno;

	while (dir && !err && (e = readdir(dir)))
		if (strcmp(e->d_name, "..") != 0 && !fstatat(fd, e->d_name, &st, AT_SYMLINK_NOFOLLOW) &&
		    !fw_path_ours(st.st_uid))
			err = fail(ds, -EPERM, pins, "something in it belongs to another user",
				   "remove it, or say another folder");
	if (dir)
		closedir(dir);
	else if (fd >= 0)
		close(fd);
	return err;
}

/* From here on nobody else makes anything in it. */
static int close_to_others(int folder, const char *pins, struct fw_diags *ds)
{
	struct stat st;

	if (fstat(folder, &st) || (st.st_mode & 022 && fchmod(folder, st.st_mode & 0755)))
		return fail(ds, -errno, pins, "cannot be closed to other users", NULL);
	return check_owners(openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), pins, ds);
}

/* The folder, made if need be, in folders that nobody else may change. */
static int make_folder(const char *pins, struct fw_diags *ds)
{
	fw_autofree char *inside = NULL;

	if (asprintf(&inside, "%s/.", pins) < 0)
		return -ENOMEM;
	return fw_path_folder(inside, 0700, ds);
}

int kern_pins_open(struct fw_kern *k, const char *pins, struct fw_diags *ds)
{
	int err;

	if (pins[0] != '/' || strlen(pins) > PATH_MAX - 256)
		return fail(ds, -EINVAL, pins, "cannot be used for pins", "say a folder in /sys/fs/bpf");
	err = check_bpffs(pins, ds);
	if (err)
		return err;
	k->pins = strdup(pins);
	if (!k->pins)
		return -ENOMEM;
	err = make_folder(pins, ds);
	if (err)
		return err;
	k->lock = open(pins, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (k->lock < 0)
		return fail(ds, -errno, pins, "cannot be opened", NULL);
	if (flock(k->lock, LOCK_EX | LOCK_NB))
		return fail(ds, errno == EWOULDBLOCK ? -EBUSY : -errno, pins, "cannot be locked",
			    "another process holds it: end that one first");
	return close_to_others(k->lock, pins, ds);
}

/* Names that we give: nothing else is touched. */
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

/* What stands in a folder of pins, but for `.` and `..`. */
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
	/* The folder itself stays: whoever has it open, or bound into a namespace, sees what the next process pins. */
	if (!own)
		return;
	kern_iterator_files_remove(k);
	kern_readers_remove(k);
}

static int get_all(const struct fw_kern *k, const char *kind, const char *const *names, int n, int *fds)
{
	char path[PATH_MAX];
	int err = 0;

	for (int i = 0; i < n && !err; i++) {
		fds[i] = bpf_obj_get(kern_pin_path(k, &k->folder, kind, names[i], path));
		err = fds[i] < 0 ? -errno : 0;
	}
	for (int i = 0; i < n && err; i++)
		kern_close_fd(&fds[i]);
	return err;
}

/*
 * A folder of ours that is not whole goes aside as if it were another version's: somebody took pins from it, or a
 * process was killed while removing it. Others that went aside before it may still be there.
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
	int err = get_all(k, "maps", map_names, NMAPS, k->maps);

	if (!err)
		err = get_all(k, "progs", prog_names, PROG_L3, k->progs);
	for (int i = PROG_L3; !err && i < NPROGS; i++)
		get_all(k, "progs", &prog_names[i], 1, &k->progs[i]);
	if (!err)
		return 0;
	for (int i = 0; i < NMAPS; i++)
		kern_close_fd(&k->maps[i]);
	return err == -ENOENT ? put_aside(k) : err;
}

static int pin_all(const struct fw_kern *k, const char *kind, const char *const *names, int n, const int *fds)
{
	char path[PATH_MAX];

	if (mkdir(kern_pin_path(k, &new_folder, kind, NULL, path), 0700))
		return -errno;
	for (int i = 0; i < n; i++)
		if (bpf_obj_pin(fds[i], kern_pin_path(k, &new_folder, kind, names[i], path)))
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
	return err ? fail(ds, err, k->pins, "cannot pin", NULL) : 0;
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

int kern_pins_add(const struct fw_kern *k, int which)
{
	char path[PATH_MAX];

	return bpf_obj_pin(k->progs[which], kern_pin_path(k, &k->folder, "progs", prog_names[which], path)) ? -errno :
													      0;
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

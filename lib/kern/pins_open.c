// SPDX-License-Identifier: GPL-2.0-only
/*
 * The folder of pins itself: in a bpf file system, ours alone, and locked. One
 * process uses it at a time; the kernel releases the lock when that process ends.
 */
#include "kern.h"

#include "fw/path.h"

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

static int fail(struct fw_diags *ds, int err, const char *path, const char *what, const char *hint)
{
	fw_diag_add(ds, (struct fw_place){ 0 }, hint, "%s: %s: %s", path, what, strerror(-err));
	return err;
}

/* Cuts a path down to the part that exists. 0 or -errno. */
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

/* Is the folder, or the existing part of its path, in a bpf file system? */
static int check_bpffs(const char *pins, struct fw_diags *ds)
{
	fw_autofree char *path = strdup(pins);
	char hint[240] = "mount -t bpf bpf /sys/fs/bpf";
	struct statfs fs;
	int err = path ? cut_to_existing(path, &fs) : -ENOMEM;

	if (err)
		return fail(ds, err, pins, "cannot be used for pins",
			    "name a folder in /sys/fs/bpf, without dots in its path, and be root");
	if (fs.f_type == BPF_FS_MAGIC)
		return 0;
	if (strncmp(pins, BPFFS "/", strlen(BPFFS "/")) != 0)
		snprintf(
			hint, sizeof(hint),
			"mkdir -p %.70s && mount -t bpf bpf %.70s; or mount -t bpf bpf /sys/fs/bpf and name a folder there",
			pins, pins);
	fw_diag_add(ds, (struct fw_place){ 0 }, hint, "%s: %s is not in a bpf file system", pins, path);
	return -ENODEV;
}

/* @line is of mountinfo: id, parent, MAJOR:MINOR, ...: see proc(5). */
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

/* Refuses entries that belong to other users: they may have been put there while the folder was open to all. Closes @fd. */
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
				   "remove it, or name another folder");
	if (dir)
		closedir(dir);
	else if (fd >= 0)
		close(fd);
	return err;
}

/* From here on other users cannot create anything in it. */
static int close_to_others(int folder, const char *pins, struct fw_diags *ds)
{
	struct stat st;

	if (fstat(folder, &st) || (st.st_mode & 022 && fchmod(folder, st.st_mode & 0755)))
		return fail(ds, -errno, pins, "cannot be closed to other users", NULL);
	return check_owners(openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), pins, ds);
}

/* Creates the folder unless it exists. Other users must not be able to change any folder above it. */
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
		return fail(ds, -EINVAL, pins, "cannot be used for pins", "name a folder in /sys/fs/bpf");
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

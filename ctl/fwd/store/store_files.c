// SPDX-License-Identifier: GPL-2.0-only
/*
 * Who owns the files of the store. SQLite applies any log or journal next to the database, whoever put it there: so all of
 * them must be ours. In a folder like /tmp, where anybody could create one next, we create them first: files of ours nobody
 * else can replace there.
 */
#include "store_internal.h"

#include "fw/path.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int refused(const char *path, const char *suffix, const char *what, struct fw_diags *ds)
{
	fw_diag_add(ds, (struct fw_place){ path, 0, 0 },
		    "another user may have written it: remove it; or, if it is right, chown it to root and chmod 600",
		    "the store's file %.200s%s %s", path, suffix, what);
	return -EPERM;
}

/* Creates the file in a folder that others can write to. One that exists is not opened: closing it would drop SQLite's locks. */
static void create_first(int folder, const char *name)
{
	struct stat st;
	int fd;

	if (fstat(folder, &st) || !(st.st_mode & 022))
		return;
	fd = openat(folder, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd >= 0)
		close(fd);
}

/* One of the files: 0 if it is ours or does not exist, else -EPERM with a diagnostic. */
static int check(const char *path, const struct fw_path *at, const char *suffix, struct fw_diags *ds)
{
	char name[NAME_MAX + 16];
	struct stat st;

	snprintf(name, sizeof(name), "%s%s", at->name, suffix);
	create_first(at->folder, name);
	if (fstatat(at->folder, name, &st, AT_SYMLINK_NOFOLLOW))
		return 0;
	if (!fw_path_ours(st.st_uid))
		return refused(path, suffix, "belongs to another user", ds);
	return S_ISREG(st.st_mode) && st.st_mode & 022 ? refused(path, suffix, "may be written by other users", ds) : 0;
}

int store_files_check(const char *path, struct fw_diags *ds)
{
	static const char *const suffixes[] = { "", "-wal", "-journal", "-mark" };
	fw_cleanup(fw_path_end) struct fw_path at = { .folder = -1 };
	int err = fw_path_folder(path, 0700, ds);

	if (err || fw_path_open(path, &at))
		return err; /* SQLite reports what else is wrong with the path */
	for (size_t i = 0; !err && i < sizeof(suffixes) / sizeof(*suffixes); i++)
		err = check(path, &at, suffixes[i], ds);
	return err;
}

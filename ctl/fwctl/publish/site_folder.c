// SPDX-License-Identifier: GPL-2.0-only
/* A folder that a web server serves. Files appear in it whole, and only one program publishes to it at a time. */
#include "site.h"
#include "ctl/fwctl/output/files.h"
#include "ctl/fwctl/output/message.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define LOCK ".lock"
#define FILE_MODE 0644 /* the web server is another user */
#define FOLDER_MODE 0755

static const char *const folders[] = { "object", "manifest" };

/* Prints the error of a call. Return: -errno. */
static int failed(const struct site *s, const char *what, const char *name)
{
	int err = -errno;

	ctl_error("cannot %s %s/%s: %s", what, s->to, name, strerror(-err));
	return err;
}

static int path_of(const struct site *s, const char *name, char out[PATH_MAX])
{
	if (snprintf(out, PATH_MAX, "%s/%s", s->to, name) < PATH_MAX)
		return 0;
	errno = ENAMETOOLONG;
	return failed(s, "use", name);
}

static int folder_get(struct site *s, const char *name, size_t max, char **bytes, size_t *len)
{
	char path[PATH_MAX];
	int err = path_of(s, name, path);

	if (err)
		return err;
	err = fw_file_read(path, FW_FILE_REGULAR, max, bytes, len);
	if (err && err != -ENOENT)
		ctl_error("cannot read %s: %s", path, strerror(-err));
	return err;
}

static int folder_put(struct site *s, const char *name, const void *bytes, size_t len)
{
	fw_cleanup(ctl_new_file_end) struct ctl_new_file nf = { .at.folder = -1, .mode = FILE_MODE };
	char path[PATH_MAX];
	int err = path_of(s, name, path);

	if (!err)
		err = ctl_new_file_open(path, &nf);
	if (!err)
		err = ctl_new_file_write(&nf, bytes, len);
	return err ? err : ctl_new_file_commit(&nf);
}

static void folder_close(struct site *s)
{
	if (s->lock >= 0)
		close(s->lock);
	if (s->folder >= 0)
		close(s->folder);
}

/* The lock is released when the process ends, however it does. */
static int take_lock(struct site *s)
{
	s->lock = openat(s->folder, LOCK, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, FILE_MODE);
	if (s->lock < 0)
		return failed(s, "write", LOCK);
	if (!flock(s->lock, LOCK_EX | LOCK_NB))
		return 0;
	if (errno != EWOULDBLOCK)
		return failed(s, "lock", LOCK);
	ctl_error("another program is publishing to %s", s->to);
	ctl_hint("publish again when it is done, if this ruleset still is the right one then");
	return -EBUSY;
}

/* Removes what a publisher that was killed has left: nobody else is writing, because we hold the lock. */
static void sweep(const struct site *s, const char *folder)
{
	int fd = openat(s->folder, folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);

	if (!d) {
		if (fd >= 0)
			close(fd);
		return;
	}
	for (const struct dirent *e; (e = readdir(d));)
		if (!strncmp(e->d_name, CTL_TEMPORARY, strlen(CTL_TEMPORARY)))
			unlinkat(fd, e->d_name, 0);
	closedir(d);
}

static int make_folders(struct site *s)
{
	sweep(s, ".");
	for (size_t i = 0; i < sizeof(folders) / sizeof(*folders); i++) {
		if (mkdirat(s->folder, folders[i], FOLDER_MODE) && errno != EEXIST)
			return failed(s, "make", folders[i]);
		sweep(s, folders[i]);
	}
	return 0;
}

int site_folder_open(const char *path, bool write, struct site *out)
{
	static const struct site_kind kind = { folder_get, folder_put, folder_close };
	int err;

	out->kind = &kind;
	out->folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (out->folder < 0) {
		err = -errno;
		ctl_error("cannot publish to %s: %s", path, strerror(-err));
		if (err == -ENOENT)
			ctl_hint("make the folder first, where the web server serves it");
		return err;
	}
	if (!write)
		return 0;
	err = take_lock(out);
	return err ? err : make_folders(out);
}

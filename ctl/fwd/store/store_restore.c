// SPDX-License-Identifier: GPL-2.0-only
/*
 * Replacing the store while fwd is not running. The new file is written next to it; the former one gets a second name, and its
 * log too; then one rename decides. A power cut leaves the former store, or the new one next to a log that is known not to be
 * its own.
 */
#include "store_internal.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define FORMER_MAX 100 /* former stores of one second */

static int failed(const char *path, const char *what, struct fw_diags *ds)
{
	int err = -errno;

	fw_diag_add(ds, (struct fw_place){ path, 0, 0 }, "nothing was changed", "cannot %s: %s", what, strerror(-err));
	return err;
}

static int write_all(int fd, const unsigned char *p, size_t n)
{
	while (n) {
		ssize_t done = write(fd, p, n);

		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return -1;
		p += done;
		n -= (size_t)done;
	}
	return fsync(fd);
}

/* Writes all that @from holds to a new file. 0 or -errno with a diagnostic. */
static int write_new(struct store *from, const char *path, struct fw_diags *ds)
{
	sqlite3_int64 size = 0;
	unsigned char *image = sqlite3_serialize(from->db, "main", &size, 0);
	int fd, err = 0;

	if (!image)
		return -ENOMEM;
	unlink(path); /* an earlier try */
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0 || write_all(fd, image, (size_t)size))
		err = failed(path, "write the new store", ds);
	if (fd >= 0)
		close(fd);
	sqlite3_free(image);
	if (err)
		unlink(path);
	return err;
}

/* "PATH.20260102T030405Z", with "-2" and so on for others of the same second. */
static void name_former(const char *path, unsigned n, char *out, size_t size)
{
	time_t now = time(NULL);
	char stamp[32] = "", number[16] = "";
	struct tm tm;

	if (gmtime_r(&now, &tm))
		strftime(stamp, sizeof(stamp), "%Y%m%dT%H%M%SZ", &tm);
	if (n > 1)
		snprintf(number, sizeof(number), "-%u", n);
	snprintf(out, size, "%s.%s%s", path, stamp, number);
}

/* Gives the former store a second name, and its log too; @kept is "" when there is none. */
static int keep_former(const char *path, char *kept, size_t size, struct fw_diags *ds)
{
	fw_autofree char *log = store_sibling(path, "-wal"), *kept_log = NULL;
	unsigned n = 0;
	int err;

	kept[0] = '\0';
	if (!log)
		return -ENOMEM;
	if (access(path, F_OK))
		return 0;
	for (name_former(path, ++n, kept, size); link(path, kept); name_former(path, ++n, kept, size))
		if (errno != EEXIST || n == FORMER_MAX)
			return failed(kept, "keep the former store", ds);
	kept_log = store_sibling(kept, "-wal");
	if (kept_log && (!link(log, kept_log) || errno == ENOENT))
		return 0;
	err = kept_log ? failed(kept_log, "keep the log of the former store", ds) : -ENOMEM;
	unlink(kept);
	return err;
}

/* Locks the former store. Return: the descriptor that holds the lock; -1: there is no store; -EBUSY with a diagnostic. */
static int lock_former(const char *path, struct fw_diags *ds)
{
	int fd = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0 || !store_lock_file(fd, F_WRLCK))
		return fd < 0 ? -1 : fd;
	close(fd);
	fw_diag_add(ds, (struct fw_place){ path, 0, 0 }, STORE_BUSY_HINT, "the store is in use");
	return -EBUSY;
}

/* Writes the new store, keeps the former one and renames. 0, or -errno with a diagnostic: nothing has changed. */
static int put_in_place(struct store *from, const char *path, char *kept, size_t size, struct fw_diags *ds)
{
	fw_autofree char *next = store_sibling(path, "-new"), *log = store_sibling(path, "-wal"),
			 *mark = store_sibling(path, "-mark");
	int err = next && log && mark ? write_new(from, next, ds) : -ENOMEM;

	if (!err)
		err = keep_former(path, kept, size, ds);
	if (!err && rename(next, path))
		err = failed(path, "put the new store in its place", ds);
	if (err) {
		unlink(next ? next : "");
		return err;
	}
	/* The log is removed before the mark that shows whose it is. */
	store_folder_sync(path);
	unlink(log);
	unlink(mark);
	store_folder_sync(path);
	return 0;
}

int store_restore(struct store *from, const char *path, char *kept, size_t size, struct fw_diags *ds)
{
	fw_autofree char *real = realpath(path, NULL);
	int err = store_files_check(path, ds), lock;

	if (err)
		return err;
	lock = lock_former(real ? real : path, ds);
	if (lock < -1)
		return lock;
	err = put_in_place(from, real ? real : path, kept, size, ds);
	if (lock >= 0)
		close(lock);
	return err;
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * A store that cannot be written, since its file system is read-only or full or permissions are missing, is copied into memory,
 * with its log, and used there. Changes are refused then.
 */
#include "store_internal.h"

#include <fcntl.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The bytes of a database on which SQLite's readers have their locks. */
#define LOCK_START 0x40000002
#define LOCK_BYTES 510

int store_lock_file(int fd, short type)
{
	struct flock lock = { .l_type = type, .l_whence = SEEK_SET, .l_start = LOCK_START, .l_len = LOCK_BYTES };

	return !fcntl(fd, F_SETLK, &lock) ? 0 : errno == EAGAIN || errno == EACCES ? SQLITE_BUSY : SQLITE_IOERR;
}

/* As a URI that makes SQLite read the file alone: otherwise it wants to create a log. */
static void uri_of(const char *path, char *out)
{
	out += sprintf(out, "file:");
	for (; *path; path++)
		out += sprintf(out, strchr("?#%", *path) ? "%%%02x" : "%c", (unsigned char)*path);
	sprintf(out, "?immutable=1");
}

/* Opens the database for reading, with its log if that is its own and not empty. */
static int connect_read(const struct store *s, sqlite3 **out)
{
	const struct store_watch *w = &s->watch;
	const int flags = SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX;
	fw_autofree char *uri = malloc(3 * strlen(s->path) + 32);
	struct stat log;
	int rc;

	if (!uri)
		return SQLITE_NOMEM;
	uri_of(s->path, uri);
	/* The lock is ours already; SQLite indexes the log in memory. */
	if (!w->foreign_log && !stat(w->log_path, &log) && log.st_size)
		rc = sqlite3_open_v2(s->path, out, flags, "unix-none");
	else
		rc = sqlite3_open_v2(uri, out, flags | SQLITE_OPEN_URI, NULL);
	if (rc)
		return rc;
	store_harden(*out);
	return sqlite3_exec(*out, "PRAGMA locking_mode=EXCLUSIVE", NULL, NULL, NULL);
}

int store_copy(struct store *s, sqlite3 *from, int why)
{
	sqlite3_backup *b = NULL;
	int rc = sqlite3_open_v2(":memory:", &s->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);

	s->watch.why = why;
	atomic_store(&s->fault, FAULT_COPY);
	if (!rc)
		b = sqlite3_backup_init(s->db, "main", from, "main");
	if (!b)
		return rc ? rc : sqlite3_errcode(s->db);
	rc = sqlite3_backup_step(b, -1);
	sqlite3_backup_finish(b);
	store_harden(s->db);
	return rc == SQLITE_DONE ? 0 : rc;
}

int store_connect_copy(struct store *s, int why)
{
	sqlite3 *from = NULL;
	int rc = store_lock_file(s->watch.fd, F_RDLCK);

	if (!rc)
		rc = connect_read(s, &from);
	if (!rc)
		rc = store_copy(s, from, why);
	sqlite3_close(from);
	return rc;
}

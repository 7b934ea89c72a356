// SPDX-License-Identifier: GPL-2.0-only
/* Transactions: the lock, begin and end, and errors as diagnostics. */
#include "store_internal.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <string.h>

static const char damage_hint[] = "put a backup in its place, or move it away and load the rules again; "
				  "filtering continues";

int store_damaged(struct store *s, struct fw_diags *ds, const char *fmt, ...)
{
	char what[200];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	fw_diag_add(ds, store_place(s), damage_hint, "the store is damaged: %s", what);
	return -EIO;
}

/* What SQLite's primary codes mean to the user. @os: the kernel's errno, of an I/O error. */
static const struct {
	int rc, os, err;
	const char *message, *hint;
} meanings[] = {
	{ SQLITE_IOERR, 0, EIO, NULL, "the disk may be failing; see the kernel's log" },
	{ SQLITE_FULL, 0, ENOSPC, "no space left", "make room on the disk and try again; nothing was changed" },
	{ SQLITE_IOERR, ENOSPC, ENOSPC, "no space left", "make room on the disk and try again; nothing was changed" },
	{ SQLITE_IOERR, EDQUOT, EDQUOT, "the disk quota is used up", "make room and try again; nothing was changed" },
	{ SQLITE_IOERR, EROFS, EROFS, "the file system is read-only",
	  "the kernel's log may tell why; try again when it is writable; nothing was changed" },
	{ SQLITE_BUSY, 0, EBUSY, NULL, STORE_BUSY_HINT },
	{ SQLITE_LOCKED, 0, EBUSY, NULL, STORE_BUSY_HINT },
	{ SQLITE_CORRUPT, 0, EIO, "it is damaged", damage_hint },
	{ SQLITE_NOTADB, 0, EIO, NULL, "name another file, or move this one away: it is not a store" },
	{ SQLITE_NOMEM, 0, ENOMEM, NULL, NULL },
	{ SQLITE_TOOBIG, 0, E2BIG, NULL, "load it as several smaller changes" },
	{ SQLITE_READONLY, 0, EROFS, NULL, "fwd must be able to write to the file and its directory" },
	{ SQLITE_PERM, 0, EACCES, NULL, "fwd must be able to write to the file and its directory" },
	{ SQLITE_CANTOPEN, 0, ENOENT, NULL, "fwd must be able to read and write the file and its directory" },
};

/* The row for a code: one with this errno, if there is one. */
static size_t meaning_of(int rc, int os)
{
	size_t found = 0;

	for (size_t i = 0; i < sizeof(meanings) / sizeof(*meanings); i++)
		if (meanings[i].rc == (rc & 0xff) && (!meanings[i].os || meanings[i].os == os))
			found = i;
	return found;
}

/* The kernel's errno. SQLite does not keep that of a commit, but its files do. */
static int os_errno(const struct store *s, int rc)
{
	sqlite3_file *log = NULL;
	int err = 0;

	if (s->watch.err || (rc & 0xff) != SQLITE_IOERR)
		return s->watch.err ? s->watch.err : sqlite3_system_errno(s->db);
	if (!sqlite3_file_control(s->db, "main", SQLITE_FCNTL_JOURNAL_POINTER, &log) && log && log->pMethods)
		log->pMethods->xFileControl(log, SQLITE_FCNTL_LAST_ERRNO, &err);
	if (!err)
		sqlite3_file_control(s->db, "main", SQLITE_FCNTL_LAST_ERRNO, &err);
	return err;
}

int store_error(struct store *s, int rc, const char *what, struct fw_diags *ds)
{
	int os, err;
	const char *message;
	size_t i;

	if (!rc)
		return 0;
	if (rc == SQLITE_READONLY_DBMOVED)
		return store_fault_error(s, ds);
	os = os_errno(s, rc);
	i = meaning_of(rc, os);
	err = meanings[i].err;
	message = meanings[i].message ? meanings[i].message : sqlite3_errstr(rc);
	if ((rc & 0xff) == SQLITE_CANTOPEN && os) {
		err = os;
		message = strerror(os);
	}
	fw_diag_add(ds, store_place(s), meanings[i].hint, "cannot %s: %s", what, message);
	return -err;
}

void store_lock(struct store *s)
{
	uint64_t number;

	pthread_mutex_lock(&s->lock);
	number = s->drawn++;
	while (s->served != number)
		pthread_cond_wait(&s->turn, &s->lock);
	pthread_mutex_unlock(&s->lock);
}

void store_unlock(struct store *s)
{
	atomic_store(&s->changes, s->live.n.changes);
	pthread_mutex_lock(&s->lock);
	s->served++;
	pthread_cond_broadcast(&s->turn);
	pthread_mutex_unlock(&s->lock);
}

int store_begin(struct store *s, bool durable)
{
	int rc = 0;

	if (atomic_load(&s->fault) == FAULT_WRITTEN)
		return SQLITE_READONLY_DBMOVED;
	if (durable != s->durable)
		rc = sqlite3_exec(s->db, durable ? "PRAGMA synchronous=FULL" : "PRAGMA synchronous=NORMAL", NULL, NULL,
				  NULL);
	if (rc)
		return rc;
	s->durable = durable;
	return store_run(store_stmt(s, STMT_BEGIN, 0, NULL));
}

/* Remembers whether the last durable write succeeded, for store_trouble(). */
static void note_result(struct store *s, int rc)
{
	int primary = rc & 0xff;

	if (rc == SQLITE_READONLY_DBMOVED)
		return;
	if (primary == SQLITE_FULL || primary == SQLITE_IOERR || primary == SQLITE_READONLY)
		atomic_store(&s->failed, meanings[meaning_of(rc, os_errno(s, rc))].err);
	else if (!rc && s->durable)
		atomic_store(&s->failed, 0);
}

int store_end(struct store *s, int rc)
{
	if (!rc)
		rc = store_run(store_stmt(s, STMT_COMMIT, 0, NULL));
	note_result(s, rc);
	if (!sqlite3_get_autocommit(s->db))
		sqlite3_exec(s->db, "ROLLBACK", NULL, NULL, NULL);
	return rc;
}

int store_end_kept(struct store *s, int rc)
{
	if (!rc && store_watch_look(s))
		rc = SQLITE_READONLY_DBMOVED;
	return store_end(s, rc);
}

int store_checkpoint(struct store *s)
{
	int rc;

	if (store_watch_look(s))
		return 0;
	store_watch_settle(s, false);
	rc = sqlite3_wal_checkpoint_v2(s->db, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
	store_watch_settle(s, true);
	if (!rc)
		s->log_pages = 0;
	return rc;
}

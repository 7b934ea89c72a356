// SPDX-License-Identifier: GPL-2.0-only
/* The store: errors, transactions, changes and settings. */
#include "store_internal.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

static const char *const statements[STMT_COUNT] = {
#define STATEMENT_SQL(sym, sql) [STMT_##sym] = (sql),
	STATEMENTS(STATEMENT_SQL)
#undef STATEMENT_SQL
};

struct fw_place store_place(const struct store *s)
{
	return (struct fw_place){ s->path, 0, 0 };
}

static const char damage_hint[] = "put a backup in its place, or move it away and load the rules again; "
				  "what was filtering goes on";

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

/* What SQLite's primary codes mean to the user; @os: of an I/O error, the kernel's errno. */
static const struct {
	int rc, os, err;
	const char *message, *hint;
} meanings[] = {
	{ SQLITE_IOERR, 0, EIO, NULL, "the disk may be failing; see the kernel's log" },
	{ SQLITE_FULL, 0, ENOSPC, "no space left", "make room on the disk and try again; nothing was changed" },
	{ SQLITE_IOERR, ENOSPC, ENOSPC, "no space left", "make room on the disk and try again; nothing was changed" },
	{ SQLITE_IOERR, EDQUOT, EDQUOT, "the disk quota is used up", "make room and try again; nothing was changed" },
	{ SQLITE_IOERR, EROFS, EROFS, "the file system is read-only",
	  "the kernel's log may say why; when it can be written to again, try again; nothing was changed" },
	{ SQLITE_BUSY, 0, EBUSY, NULL, STORE_BUSY_HINT },
	{ SQLITE_LOCKED, 0, EBUSY, NULL, STORE_BUSY_HINT },
	{ SQLITE_CORRUPT, 0, EIO, "it is damaged", damage_hint },
	{ SQLITE_NOTADB, 0, EIO, NULL, "name another file, or move this one away: it is no store" },
	{ SQLITE_NOMEM, 0, ENOMEM, NULL, NULL },
	{ SQLITE_TOOBIG, 0, E2BIG, NULL, "load it as several smaller changes" },
	{ SQLITE_READONLY, 0, EROFS, NULL, "fwd must be able to write to the file and its directory" },
	{ SQLITE_PERM, 0, EACCES, NULL, "fwd must be able to write to the file and its directory" },
	{ SQLITE_CANTOPEN, 0, ENOENT, NULL, "fwd must be able to read and write the file and its directory" },
};

/* Its row, of those with the kernel's errno when there is one. */
static size_t meaning_of(int rc, int os)
{
	size_t found = 0;

	for (size_t i = 0; i < sizeof(meanings) / sizeof(*meanings); i++)
		if (meanings[i].rc == (rc & 0xff) && (!meanings[i].os || meanings[i].os == os))
			found = i;
	return found;
}

/* The kernel's errno: SQLite itself does not keep that of a commit, but its files do. */
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

const char *store_statement(unsigned which)
{
	return statements[which];
}

sqlite3_stmt *store_stmt(struct store *s, enum statement which, unsigned n, const uint64_t *numbers)
{
	sqlite3_stmt *st = s->stmt[which];

	sqlite3_reset(st);
	sqlite3_clear_bindings(st);
	for (unsigned i = 0; i < n; i++)
		sqlite3_bind_int64(st, (int)i + 1, (sqlite3_int64)numbers[i]);
	return st;
}

int store_run(sqlite3_stmt *st)
{
	int rc = sqlite3_step(st);

	sqlite3_reset(st);
	return rc == SQLITE_DONE ? 0 : rc;
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

/* Whether the disk takes what is to be kept, for those who ask. */
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

uint32_t store_sum(uint32_t sum, const void *p, size_t len)
{
	return len ? (uint32_t)crc32_z(sum, p, len) : sum;
}

bool store_sum_is(sqlite3_stmt *st, int column, uint32_t sum)
{
	return sqlite3_column_type(st, column) == SQLITE_INTEGER && sqlite3_column_int64(st, column) == sum;
}

uint32_t store_row_sum(const struct row *row)
{
	return store_sum(store_sum(0, row->number, sizeof(row->number)), row->name, strlen(row->name));
}

int store_row_put(struct store *s, const struct row *row)
{
	sqlite3_stmt *st = store_stmt(s, STMT_ROW_PUT, ROW_NUMBERS, row->number);

	sqlite3_bind_text(st, ROW_NUMBERS + 1, row->name, -1, SQLITE_STATIC);
	sqlite3_bind_int64(st, ROW_NUMBERS + 2, store_row_sum(row));
	return store_run(st);
}

int store_change_put(struct store *s, const struct row *of, const struct store_change *c)
{
	uint32_t sum = store_sum(store_sum(0, c->text, c->len), c->slots, c->nslots * sizeof(*c->slots));
	sqlite3_stmt *st = store_sql(s, STMT_CHANGE_PUT, PIECE_ID(of->n.id, of->n.changes), sum);

	if (sqlite3_bind_blob64(st, 3, c->len ? c->text : "", c->len, SQLITE_STATIC) ||
	    sqlite3_bind_blob64(st, 4, c->nslots ? (const void *)c->slots : "", c->nslots * sizeof(*c->slots),
				SQLITE_STATIC))
		return SQLITE_TOOBIG;
	return store_run(st);
}

int store_change(struct store *s, const struct store_change *c, struct fw_diags *ds)
{
	struct row row;
	int rc;

	store_locked(s);
	row = s->live;
	row.n.changes++;
	row.n.change_bytes += c->len;
	rc = store_begin(s, true);
	rc = rc ? rc : store_change_put(s, &s->live, c);
	rc = rc ? rc : store_row_put(s, &row);
	if (!rc && c->keep)
		rc = store_keep_change(s, &row, row.n.changes);
	rc = rc ? rc : store_note_put(s, c->note);
	rc = store_end_kept(s, rc);
	if (!rc) {
		store_note_done(s, c->note);
		s->live = row;
		s->tentative = c->keep ? row.n.changes : s->tentative;
	}
	return store_error(s, rc, "write the change down", ds);
}

int store_writable(struct store *s, struct fw_diags *ds)
{
	store_locked(s);
	store_watch_look(s);
	return store_fault_error(s, ds);
}

/* Is there room again? Something small that says so. */
static void try_again(struct store *s)
{
	int rc = store_begin(s, true);

	rc = rc ? rc : store_setting_put(s, "tried", "again");
	store_end(s, rc);
}

void store_look(struct store *s)
{
	bool idle;

	pthread_mutex_lock(&s->lock);
	idle = s->drawn == s->served;
	s->drawn += idle;
	pthread_mutex_unlock(&s->lock);
	if (!idle)
		return; /* whoever is at it looks himself */
	if (!store_watch_look(s) && atomic_load(&s->failed))
		try_again(s);
	store_unlock(s);
}

int store_trouble(const struct store *s, struct fw_diags *ds)
{
	int failed = atomic_load(&s->failed), err = store_fault_error(s, ds);

	if (err || !failed)
		return err;
	fw_diag_add(ds, store_place(s), NULL, "the last change could not be written down: %s", strerror(failed));
	return -failed;
}

const char *store_aside(const struct store *s)
{
	return s->watch.aside;
}

void store_size(struct store *s, uint64_t *changes, uint64_t *bytes)
{
	static const char *const suffixes[] = { "", "-wal" };
	char path[4096];
	struct stat st;

	*changes = atomic_load(&s->changes);
	*bytes = 0;
	for (size_t i = 0; i < sizeof(suffixes) / sizeof(*suffixes); i++) {
		snprintf(path, sizeof(path), "%s%s", s->path, suffixes[i]);
		if (!stat(path, &st))
			*bytes += (uint64_t)st.st_size;
	}
}

static uint32_t setting_sum(const char *key, const char *value)
{
	return store_sum(store_sum(0, key, strlen(key) + 1), value, strlen(value));
}

int store_setting_put(struct store *s, const char *key, const char *value)
{
	sqlite3_stmt *st = store_stmt(s, value ? STMT_SETTING_PUT : STMT_SETTING_DELETE, 0, NULL);
	int rc = sqlite3_bind_text(st, 1, key, -1, SQLITE_STATIC);

	if (!rc && value)
		rc = sqlite3_bind_text(st, 2, value, -1, SQLITE_STATIC);
	if (!rc && value)
		rc = sqlite3_bind_int64(st, 3, setting_sum(key, value));
	return rc ? rc : store_run(st);
}

int store_set(struct store *s, const char *key, const char *value, struct fw_diags *ds)
{
	int rc;

	store_locked(s);
	rc = store_begin(s, true);
	rc = rc ? rc : store_setting_put(s, key, value);
	return store_error(s, store_end(s, rc), "write a setting down", ds);
}

int store_get(struct store *s, const char *key, char **out)
{
	const char *value;
	sqlite3_stmt *st;
	int rc, err = 0;

	store_locked(s);
	st = store_stmt(s, STMT_SETTING_GET, 0, NULL);
	sqlite3_bind_text(st, 1, key, -1, SQLITE_STATIC);
	rc = sqlite3_step(st);
	value = rc == SQLITE_ROW ? (const char *)sqlite3_column_text(st, 0) : NULL;
	if (rc != SQLITE_ROW)
		err = rc == SQLITE_DONE ? -ENOENT : -EIO;
	else if (!value || !store_sum_is(st, 1, setting_sum(key, value)))
		err = -EIO;
	else
		*out = strdup(value);
	if (!err && !*out)
		err = -ENOMEM;
	sqlite3_reset(st);
	return err;
}

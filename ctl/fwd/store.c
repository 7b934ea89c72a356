// SPDX-License-Identifier: GPL-2.0-only
/* The store: opening it, errors, transactions, changes and settings. */
#include "ctl/fwd/store_internal.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#define STORE_VERSION 1
#define STORE_APPLICATION 1719100449 /* "fwd!", to be told from other databases */

static const char *const statements[STMT_COUNT] = {
#define STATEMENT_SQL(sym, sql) [STMT_##sym] = (sql),
	STATEMENTS(STATEMENT_SQL)
#undef STATEMENT_SQL
};

static const char schema[] =
	"BEGIN IMMEDIATE;"
	"CREATE TABLE snapshot (id INTEGER PRIMARY KEY, state INTEGER, loaded INTEGER, format INTEGER, pieces INTEGER,"
	" text_bytes INTEGER, files INTEGER, rules INTEGER, next_id INTEGER, changes INTEGER, change_bytes INTEGER,"
	" name TEXT, sum INTEGER);"
	"CREATE TABLE piece (id INTEGER PRIMARY KEY, kind INTEGER, sum INTEGER, data BLOB);"
	"CREATE TABLE change (id INTEGER PRIMARY KEY, sum INTEGER, text BLOB, slots BLOB);"
	"CREATE TABLE setting (key TEXT PRIMARY KEY, value TEXT, sum INTEGER) WITHOUT ROWID;"
	"PRAGMA application_id = 1719100449;"
	"PRAGMA user_version = 1;";

static struct fw_place here(const struct store *s)
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
	fw_diag_add(ds, here(s), damage_hint, "the store is damaged: %s", what);
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
	{ SQLITE_BUSY, 0, EBUSY, NULL, "is another fwd running?" },
	{ SQLITE_LOCKED, 0, EBUSY, NULL, "is another fwd running?" },
	{ SQLITE_CORRUPT, 0, EIO, NULL, damage_hint },
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

int store_error(struct store *s, int rc, const char *what, struct fw_diags *ds)
{
	int os = rc ? sqlite3_system_errno(s->db) : 0, err;
	const char *message;
	size_t i;

	if (!rc)
		return 0;
	if (rc == SQLITE_READONLY_DBMOVED)
		return store_fault_error(s, ds);
	i = meaning_of(rc, os);
	err = meanings[i].err;
	message = meanings[i].message ? meanings[i].message : sqlite3_errstr(rc);
	if ((rc & 0xff) == SQLITE_CANTOPEN && os) {
		err = os;
		message = strerror(os);
	}
	fw_diag_add(ds, here(s), meanings[i].hint, "cannot %s: %s", what, message);
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
		atomic_store(&s->failed, meanings[meaning_of(rc, sqlite3_system_errno(s->db))].err);
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

static uint32_t row_sum(const struct row *row)
{
	return store_sum(store_sum(0, row->number, sizeof(row->number)), row->name, strlen(row->name));
}

int store_row_put(struct store *s, const struct row *row)
{
	sqlite3_stmt *st = store_stmt(s, STMT_ROW_PUT, ROW_NUMBERS, row->number);

	sqlite3_bind_text(st, ROW_NUMBERS + 1, row->name, -1, SQLITE_STATIC);
	sqlite3_bind_int64(st, ROW_NUMBERS + 2, row_sum(row));
	return store_run(st);
}

/* A row of the table, as ROW_GET gives it, into its place. */
static int row_take(struct store *s, sqlite3_stmt *st, struct fw_diags *ds)
{
	struct row *places[] = { [ROW_LIVE] = &s->live, [ROW_KEPT] = &s->kept }, row = { 0 };
	const unsigned char *name = sqlite3_column_text(st, ROW_NUMBERS);

	for (unsigned i = 0; i < ROW_NUMBERS; i++)
		row.number[i] = (uint64_t)sqlite3_column_int64(st, (int)i);
	snprintf(row.name, sizeof(row.name), "%s", name ? (const char *)name : "");
	if (!store_sum_is(st, ROW_NUMBERS + 1, row_sum(&row)) || row.n.state > ROW_GONE)
		return store_damaged(s, ds, "what it says of snapshot %llu is wrong", (unsigned long long)row.n.id);
	s->last_id = row.n.id;
	if (row.n.state != ROW_LIVE && row.n.state != ROW_KEPT) {
		s->untidy = true;
		return 0;
	}
	if (places[row.n.state]->n.id)
		return store_damaged(s, ds, "two snapshots are in the same place");
	*places[row.n.state] = row;
	return 0;
}

static int rows_read(struct store *s, struct fw_diags *ds)
{
	sqlite3_stmt *st = store_stmt(s, STMT_ROW_GET, 0, NULL);
	int rc, err = 0;

	while (!err && (rc = sqlite3_step(st)) == SQLITE_ROW)
		err = row_take(s, st, ds);
	sqlite3_reset(st);
	if (err)
		return err;
	if (rc != SQLITE_DONE)
		return store_error(s, rc, "read the store", ds);
	return s->live.n.id ? 0 : store_damaged(s, ds, "it has no snapshot");
}

static int pragma_get(struct store *s, const char *sql, int *value)
{
	sqlite3_stmt *st;
	int rc = sqlite3_prepare_v2(s->db, sql, -1, &st, NULL);

	if (rc)
		return rc;
	rc = sqlite3_step(st);
	*value = sqlite3_column_int(st, 0);
	sqlite3_finalize(st);
	return rc == SQLITE_ROW ? 0 : rc;
}

/* After each commit: how long the log is. Who tidies in time keeps a change from having to. */
static int log_grown(void *ctx, sqlite3 *db, const char *name, int pages)
{
	struct store *s = ctx;

	s->log_pages = pages;
	return pages < LOG_PAGES_MAX ? 0 : (store_checkpoint(s), 0);
}

void store_harden(sqlite3 *db)
{
	sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	sqlite3_db_config(db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
	sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, NULL);
	sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_VIEW, 0, NULL);
	sqlite3_exec(db, "PRAGMA cell_size_check=ON", NULL, NULL, NULL);
	sqlite3_extended_result_codes(db, 1);
}

/* Alone with the database from here on, or SQLITE_BUSY. */
static int connect_alone(struct store *s)
{
	static const char setup[] = "PRAGMA locking_mode=EXCLUSIVE;"
				    "PRAGMA journal_mode=WAL;"
				    "PRAGMA synchronous=FULL;"
				    "PRAGMA journal_size_limit=33554432;"
				    "BEGIN IMMEDIATE; COMMIT;";
	int rc = sqlite3_open_v2(s->path, &s->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);

	if (rc)
		return rc;
	store_harden(s->db);
	sqlite3_wal_hook(s->db, log_grown, s);
	s->durable = true;
	return sqlite3_exec(s->db, setup, NULL, NULL, NULL);
}

/* Has the store something that can be read, though it cannot be written to? */
static bool is_unwritable(const struct store *s, int rc)
{
	static const int others[] = { SQLITE_BUSY, SQLITE_LOCKED, SQLITE_CORRUPT, SQLITE_NOTADB, SQLITE_NOMEM };
	struct stat st;

	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++)
		if ((rc & 0xff) == others[i])
			return false;
	return !fstat(s->watch.fd, &st) && S_ISREG(st.st_mode) && st.st_size;
}

/* Why, as the kernel says it: of a file that may be written to, what SQLite met. */
static int unwritable_errno(const struct store *s)
{
	int os = sqlite3_system_errno(s->db), fd = open(s->path, O_RDWR | O_CLOEXEC);

	if (fd < 0)
		return errno;
	close(fd);
	return os ? os : EIO;
}

static int connect_any(struct store *s)
{
	struct store_watch *w = &s->watch;
	int rc, why;

	w->fd = open(s->path, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0600);
	if (w->fd < 0)
		w->fd = open(s->path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (w->fd < 0)
		return sqlite3_open_v2(s->path, &s->db, SQLITE_OPEN_READWRITE, NULL); /* which says why it cannot be */
	rc = w->foreign_log ? SQLITE_READONLY : connect_alone(s);
	if (!rc)
		store_watch_begin(s);
	if (!rc || !is_unwritable(s, rc))
		return rc;
	why = unwritable_errno(s);
	sqlite3_close(fw_take(s->db));
	return store_connect_copy(s, why);
}

/* The tables of a new store, with an empty ruleset in them. */
static int schema_make(struct store *s)
{
	struct row first = { .n = { .id = 1, .state = ROW_LIVE, .next_id = 1 } };
	int rc = sqlite3_exec(s->db, schema, NULL, NULL, NULL);
	sqlite3_stmt *put = NULL;

	if (!rc)
		rc = sqlite3_prepare_v2(s->db, statements[STMT_ROW_PUT], -1, &put, NULL);
	s->stmt[STMT_ROW_PUT] = put;
	if (!rc)
		rc = store_row_put(s, &first);
	if (!rc)
		rc = sqlite3_exec(s->db, "COMMIT", NULL, NULL, NULL);
	sqlite3_finalize(put);
	s->stmt[STMT_ROW_PUT] = NULL;
	return rc;
}

static int schema_check(struct store *s, struct fw_diags *ds)
{
	int version = 0, application = 0, tables = 0;
	int rc = pragma_get(s, "PRAGMA user_version", &version);

	rc = rc ? rc : pragma_get(s, "PRAGMA application_id", &application);
	rc = rc ? rc : pragma_get(s, "SELECT count(*) FROM sqlite_schema", &tables);
	if (!rc && !version && !application && !tables)
		return store_error(s, schema_make(s), "make a new store", ds);
	if (rc)
		return store_error(s, rc, "read the store", ds);
	if (application != STORE_APPLICATION) {
		fw_diag_add(ds, here(s), "name another file, or move this one away", "this is no store of fwd");
		return -EINVAL;
	}
	if (version == STORE_VERSION)
		return 0;
	fw_diag_add(ds, here(s), "start the fwd that wrote it, save the ruleset there (fwctl save), and load it here",
		    "the store is of version %d, and this fwd reads version %d", version, STORE_VERSION);
	return -EPROTONOSUPPORT;
}

static int open_all(struct store *s, struct fw_diags *ds)
{
	int err = store_error(s, connect_any(s), "open the store", ds);

	err = err ? err : schema_check(s, ds);
	for (unsigned i = 0; !err && i < STMT_HISTORY_PUT; i++)
		err = store_error(
			s, sqlite3_prepare_v3(s->db, statements[i], -1, SQLITE_PREPARE_PERSISTENT, &s->stmt[i], NULL),
			"read the store", ds);
	err = err ? err : rows_read(s, ds);
	atomic_store(&s->changes, s->live.n.changes);
	if (!err)
		store_history_open(s);
	return err ? err : store_keep_open(s, ds);
}

int store_open(const char *path, struct fw_diags *ds, struct store **out)
{
	struct store *s = calloc(1, sizeof(*s));
	int err;

	if (!s)
		return -ENOMEM;
	pthread_mutex_init(&s->lock, NULL);
	pthread_cond_init(&s->turn, NULL);
	s->path = strdup(path);
	s->watch.fd = s->watch.mark_fd = -1;
	err = s->path ? store_files_check(path, ds) : -ENOMEM;
	err = err ? err : store_watch_prepare(s);
	err = err ? err : open_all(s, ds);
	err = err ? err : store_files_check(path, ds); /* SQLite removes what is empty and of no use to it */
	if (err) {
		store_close(s);
		return err;
	}
	if (s->untidy)
		store_tidy(s); /* what could not be removed now, for want of space, is removed another time */
	*out = s;
	return 0;
}

void store_close(struct store *s)
{
	if (!s)
		return;
	for (unsigned i = 0; i < STMT_COUNT; i++)
		sqlite3_finalize(s->stmt[i]);
	if (store_watch_look(s))
		sqlite3_db_config(s->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
	else
		store_watch_settle(s, false);
	sqlite3_close(s->db);
	store_watch_end(s);
	pthread_cond_destroy(&s->turn);
	pthread_mutex_destroy(&s->lock);
	free(s->path);
	free(s);
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
	fw_diag_add(ds, here(s), NULL, "the last change could not be written down: %s", strerror(failed));
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

// SPDX-License-Identifier: GPL-2.0-only
/*
 * Opening the store: the database with its log, or a copy of both in memory if they cannot be written; then its tables, which
 * must be these and no others, and its rows. The file may have been written with malice.
 */
#include "store_internal.h"

#include <fcntl.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define STORE_VERSION 1
#define STORE_APPLICATION 1719100449 /* "fwd!", which distinguishes it from other databases */

/* As SQLite stores them. */
static const char *const tables[] = {
	("CREATE TABLE snapshot (id INTEGER PRIMARY KEY, state INTEGER, loaded INTEGER, format INTEGER, pieces INTEGER,"
	 " text_bytes INTEGER, files INTEGER, rules INTEGER, next_id INTEGER, changes INTEGER, change_bytes INTEGER,"
	 " name TEXT, sum INTEGER)"),
	"CREATE TABLE piece (id INTEGER PRIMARY KEY, kind INTEGER, sum INTEGER, data BLOB)",
	"CREATE TABLE change (id INTEGER PRIMARY KEY, sum INTEGER, text BLOB, slots BLOB)",
	"CREATE TABLE setting (key TEXT PRIMARY KEY, value TEXT, sum INTEGER) WITHOUT ROWID",
	STORE_HISTORY_TABLE, /* created by store_history_open() */
};
#define NTABLES (sizeof(tables) / sizeof(*tables))

/* After each commit, with the length of the log. If nobody has tidied in time, this commit has to. */
static int log_grown(void *ctx, sqlite3 *db, const char *name, int pages)
{
	struct store *s = ctx;

	s->log_pages = pages;
	return pages < LOG_PAGES_MAX ? 0 : (store_checkpoint(s), 0);
}

/* Opens the database for this process alone. SQLITE_BUSY: another one has it open. */
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

/* Does the error mean that the store can be read but not written? */
static bool is_unwritable(const struct store *s, int rc)
{
	static const int others[] = { SQLITE_BUSY, SQLITE_LOCKED, SQLITE_CORRUPT, SQLITE_NOTADB, SQLITE_NOMEM };
	struct stat st;

	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++)
		if ((rc & 0xff) == others[i])
			return false;
	return !fstat(s->watch.fd, &st) && S_ISREG(st.st_mode) && st.st_size;
}

/* Can the file be opened for writing? 0, or an errno. */
static int try_write(const char *path, int flags)
{
	int fd = open(path, O_RDWR | O_NOFOLLOW | O_CLOEXEC | flags, 0600);

	if (fd < 0)
		return errno;
	close(fd);
	return 0;
}

/* Why the store cannot be written: the kernel's errno; if it allows it now, the one that SQLite got. */
static int unwritable_errno(const struct store *s)
{
	int os = sqlite3_system_errno(s->db), err = try_write(s->path, 0);

	if (!err)
		err = try_write(s->watch.log_path, O_CREAT);
	return err ? err : os ? os : EIO;
}

/* Opens or creates the database; if it can only be read, a copy of it. */
static int connect_any(struct store *s)
{
	struct store_watch *w = &s->watch;
	int rc, why = ENOENT;

	if (!s->copy)
		w->fd = open(s->path, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0600);
	if (w->fd < 0) {
		why = s->copy ? ENOENT : errno;
		w->fd = open(s->path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	}
	if (w->fd < 0) {
		w->err = errno == ENOENT ? why : errno; /* if it does not exist: why it cannot be created */
		return SQLITE_CANTOPEN;
	}
	if (s->copy)
		return store_connect_copy(s, 0);
	rc = w->foreign_log ? SQLITE_READONLY : connect_alone(s);
	if (!rc)
		store_watch_begin(s);
	if (!rc || !is_unwritable(s, rc))
		return rc;
	why = unwritable_errno(s);
	sqlite3_close(fw_take(s->db));
	return store_connect_copy(s, why);
}

/* Checksums can be forged: numbers that the pieces cannot account for are not used. */
static bool is_plausible(const struct row_numbers *n)
{
	return n->id && n->id < LAST_NUMBER && n->pieces < LAST_NUMBER && n->changes < LAST_NUMBER &&
	       n->text_bytes <= n->pieces * PIECE_BYTES && n->files <= n->pieces &&
	       n->rules <= n->pieces * (PIECE_BYTES / sizeof(uint64_t));
}

/* A row that ROW_GET has returned: checks it, and puts it in its place in @s. 0 or -EIO with a diagnostic. */
static int row_take(struct store *s, sqlite3_stmt *st, struct fw_diags *ds)
{
	struct row *places[] = { [ROW_LIVE] = &s->live, [ROW_KEPT] = &s->kept }, row = { 0 };
	const unsigned char *name = sqlite3_column_text(st, ROW_NUMBERS);

	for (unsigned i = 0; i < ROW_NUMBERS; i++)
		row.number[i] = (uint64_t)sqlite3_column_int64(st, (int)i);
	snprintf(row.name, sizeof(row.name), "%s", name ? (const char *)name : "");
	if (!store_sum_is(st, ROW_NUMBERS + 1, store_row_sum(&row)) || row.n.state > ROW_GONE)
		return store_damaged(s, ds, "the row of snapshot %llu is wrong", (unsigned long long)row.n.id);
	s->last_id = row.n.id;
	if (row.n.state != ROW_LIVE && row.n.state != ROW_KEPT) {
		s->untidy = true;
		return 0;
	}
	if (!is_plausible(&row.n))
		return store_damaged(s, ds, "the pieces do not make up snapshot %llu", (unsigned long long)row.n.id);
	if (places[row.n.state]->n.id)
		return store_damaged(s, ds, "two snapshots have the same state");
	*places[row.n.state] = row;
	return 0;
}

/* All rows of the table of snapshots. 0 or -errno with a diagnostic. */
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

/* Checks the checksum of each setting. 0 or -errno with a diagnostic. */
static int settings_check(struct store *s, struct fw_diags *ds)
{
	sqlite3_stmt *st;
	int rc = sqlite3_prepare_v2(s->db, "SELECT key FROM setting", -1, &st, NULL), err = 0;

	while (!rc && !err && sqlite3_step(st) == SQLITE_ROW) {
		const char *key = (const char *)sqlite3_column_text(st, 0);
		fw_autofree char *value = NULL;

		if (!key || store_get(s, key, &value))
			err = store_damaged(s, ds, "its setting '%.60s' is not what was written", key ? key : "");
	}
	sqlite3_finalize(st);
	return err ? err : store_error(s, rc, "read the store", ds);
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

/* Creates the tables of a new store, with an empty ruleset. */
static int schema_make(struct store *s)
{
	static const char marks[] = "PRAGMA application_id = 1719100449; PRAGMA user_version = 1;";
	struct row first = { .n = { .id = 1, .state = ROW_LIVE, .next_id = 1 } };
	sqlite3_stmt *put = NULL;
	int rc = sqlite3_exec(s->db, "BEGIN IMMEDIATE", NULL, NULL, NULL);

	for (size_t i = 0; !rc && i < NTABLES; i++)
		rc = sqlite3_exec(s->db, tables[i], NULL, NULL, NULL);
	if (!rc)
		rc = sqlite3_exec(s->db, marks, NULL, NULL, NULL);
	if (!rc)
		rc = sqlite3_prepare_v2(s->db, store_statement(STMT_ROW_PUT), -1, &put, NULL);
	s->stmt[STMT_ROW_PUT] = put;
	if (!rc)
		rc = store_row_put(s, &first);
	if (!rc)
		rc = sqlite3_exec(s->db, "COMMIT", NULL, NULL, NULL);
	sqlite3_finalize(put);
	s->stmt[STMT_ROW_PUT] = NULL;
	return rc;
}

static bool is_ours(const char *sql)
{
	for (size_t i = 0; sql && i < NTABLES; i++)
		if (!strcmp(sql, tables[i]))
			return true;
	return false;
}

/* Checks that every table has its shape, and that there is nothing else: triggers, views, indices. 0 or -errno with a diagnostic. */
static int tables_check(struct store *s, struct fw_diags *ds)
{
	sqlite3_stmt *st;
	int rc = sqlite3_prepare_v2(s->db, "SELECT type, name, sql FROM sqlite_schema", -1, &st, NULL), err = 0;

	while (!rc && !err && (rc = sqlite3_step(st)) == SQLITE_ROW) {
		if (!is_ours((const char *)sqlite3_column_text(st, 2)))
			err = store_damaged(s, ds, "fwd did not create its %.20s '%.60s'", sqlite3_column_text(st, 0),
					    sqlite3_column_text(st, 1));
		rc = 0;
	}
	sqlite3_finalize(st);
	return err ? err : store_error(s, rc == SQLITE_DONE ? 0 : rc, "read the store", ds);
}

/* Creates the tables of an empty database; of others, checks application, version and tables. 0 or -errno with a diagnostic. */
static int schema_check(struct store *s, struct fw_diags *ds)
{
	int version = 0, application = 0, ntables = 0;
	int rc = pragma_get(s, "PRAGMA user_version", &version);

	if (!rc)
		rc = pragma_get(s, "PRAGMA application_id", &application);
	if (!rc)
		rc = pragma_get(s, "SELECT count(*) FROM sqlite_schema", &ntables);
	if (!rc && !version && !application && !ntables && !atomic_load(&s->fault))
		return store_error(s, schema_make(s), "make a new store", ds);
	if (rc)
		return store_error(s, rc, "read the store", ds);
	if (application != STORE_APPLICATION) {
		fw_diag_add(ds, store_place(s), "name another file, or move this one away",
			    "this is not a store of fwd");
		return -EINVAL;
	}
	if (version == STORE_VERSION)
		return tables_check(s, ds);
	fw_diag_add(ds, store_place(s),
		    "start the fwd that wrote it, save the ruleset there (fwctl save), and load it here",
		    "the store has version %d, but this fwd reads version %d", version, STORE_VERSION);
	return -EPROTONOSUPPORT;
}

int store_check(struct store *s, struct fw_diags *ds)
{
	sqlite3_stmt *st;
	int rc = sqlite3_prepare_v2(s->db, "PRAGMA integrity_check(1)", -1, &st, NULL), err = 0;
	const char *says;

	if (rc)
		return store_error(s, rc, "check the store", ds);
	rc = sqlite3_step(st);
	says = rc == SQLITE_ROW ? (const char *)sqlite3_column_text(st, 0) : sqlite3_errmsg(s->db);
	if (!says || strcmp(says, "ok") != 0)
		err = store_damaged(s, ds, "%.150s", says ? says : "");
	sqlite3_finalize(st);
	return err ? err : settings_check(s, ds);
}

static int prepare(struct store *s)
{
	int rc = 0;

	for (unsigned i = 0; !rc && i < STMT_HISTORY_PUT; i++)
		rc = sqlite3_prepare_v3(s->db, store_statement(i), -1, SQLITE_PREPARE_PERSISTENT, &s->stmt[i], NULL);
	return rc;
}

static void finalize(struct store *s)
{
	for (unsigned i = 0; i < STMT_COUNT; i++)
		sqlite3_finalize(fw_take(s->stmt[i]));
}

int store_into_memory(struct store *s, int err, struct fw_diags *ds)
{
	sqlite3 *was;
	int rc;

	store_locked(s);
	if (!s->watch.watched || (err != -ENOSPC && err != -EDQUOT && err != -EROFS && err != -EIO))
		return err;
	finalize(s);
	was = s->db;
	rc = store_copy(s, was, -err);
	sqlite3_db_config(was, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
	sqlite3_close(was);
	s->watch.watched = false;
	if (!rc)
		rc = store_lock_file(s->watch.fd, F_RDLCK);
	if (!rc)
		rc = prepare(s);
	if (!rc)
		store_history_open(s);
	return store_error(s, rc, "read the store", ds);
}

static int open_all(struct store *s, struct fw_diags *ds)
{
	int err = store_error(s, connect_any(s), "open the store", ds);

	if (!err)
		err = schema_check(s, ds);
	if (!err)
		err = store_error(s, prepare(s), "read the store", ds);
	if (!err)
		err = rows_read(s, ds);
	atomic_store(&s->changes, s->live.n.changes);
	if (!err)
		store_history_open(s);
	return err ? err : store_keep_open(s, ds);
}

static int open_files(struct store *s, struct fw_diags *ds)
{
	int err = s->copy ? 0 : store_files_check(s->path, ds);

	if (!err)
		err = store_watch_prepare(s);
	if (!err)
		err = open_all(s, ds);
	if (err || s->copy)
		return err;
	return store_files_check(s->path, ds); /* again: SQLite removes files that are empty */
}

/* @copy: see store_open_copy(). 0 or -errno with a diagnostic. */
static int open_new(const char *path, bool copy, struct fw_diags *ds, struct store **out)
{
	struct store *s = calloc(1, sizeof(*s));
	int err;

	if (!s)
		return -ENOMEM;
	pthread_mutex_init(&s->lock, NULL);
	pthread_cond_init(&s->turn, NULL);
	s->path = strdup(path);
	s->copy = copy;
	s->watch.fd = s->watch.mark_fd = -1;
	err = s->path ? open_files(s, ds) : -ENOMEM;
	if (err) {
		store_close(s);
		return err;
	}
	if (s->untidy)
		store_tidy(s); /* what cannot be removed now for lack of space is removed another time */
	*out = s;
	return 0;
}

int store_open(const char *path, struct fw_diags *ds, struct store **out)
{
	return open_new(path, false, ds, out);
}

int store_open_copy(const char *path, struct fw_diags *ds, struct store **out)
{
	return open_new(path, true, ds, out);
}

void store_close(struct store *s)
{
	if (!s)
		return;
	finalize(s);
	if (s->db && store_watch_look(s))
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

/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The inside of the store. Tables of rows with checksums:
 *
 *	snapshot (id, ...)      a ruleset as it was loaded: one is LIVE, one KEPT while a load waits to be confirmed
 *	piece (id, kind, data)  its text, files, ids and slots, in the order written; id = snapshot << 32 | number from 0
 *	change (id, text)       the changes after it; id = snapshot << 32 | number from 0; the setting `tentative` names one
 *	                        that waits to be confirmed
 *	setting (key, value)
 *	history (id, record)    what was done, in rings: store_history.c
 *
 * Pieces are small, so that writing a large snapshot holds nobody up for long. A snapshot that is not complete yet is PENDING:
 * the next process that opens the store removes it, as it does those that are GONE.
 *
 * Functions declared here return SQLite's codes, 0 being SQLITE_OK; those of store.h turn them into -errno by store_error().
 */
#ifndef FWD_STORE_INTERNAL_H
#define FWD_STORE_INTERNAL_H

#include "store.h"

#include <pthread.h>
#include <sqlite3.h>

#define PIECE_BYTES (1u << 20)
#define PIECE_ID(snapshot, number) ((snapshot) << 32 | (number))
#define LAST_NUMBER 0xffffffffull
/*
 * Pages of the log: while a snapshot is written or removed it stays below the first number; from the second on, a thread with
 * time should tidy; from the third on, the next commit does it.
 */
#define LOG_PAGES_BACKGROUND 512
#define LOG_PAGES 1024
#define LOG_PAGES_MAX 16384

enum row_state { ROW_PENDING, ROW_LIVE, ROW_KEPT, ROW_GONE };
enum piece_kind { PIECE_TEXT, PIECE_PATH, PIECE_FILE, PIECE_IDS, PIECE_SLOTS, PIECE_KINDS };

/* A row of the table of snapshots; the numbers are its columns, in order. */
struct row_numbers {
	uint64_t id; /* 0: no row */
	uint64_t state;
	uint64_t loaded; /* 0: the empty ruleset that a new store begins with */
	uint64_t format, pieces, text_bytes, files, rules, next_id;
	uint64_t changes, change_bytes;
};
#define ROW_NUMBERS (sizeof(struct row_numbers) / sizeof(uint64_t))
struct row {
	union {
		struct row_numbers n;
		uint64_t number[ROW_NUMBERS];
	};
	char name[256];
};

/* X(symbol, SQL) */
/* clang-format off */
#define STATEMENTS(X) \
	X(BEGIN, "BEGIN IMMEDIATE") \
	X(COMMIT, "COMMIT") \
	X(ROW_PUT, "INSERT OR REPLACE INTO snapshot VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?)") \
	X(ROW_GET, "SELECT * FROM snapshot ORDER BY id") \
	X(ROW_DELETE, "DELETE FROM snapshot WHERE id = ?1") \
	X(ROW_UNUSED, "SELECT id FROM snapshot WHERE state IN (0, 3) AND id <> ?1 LIMIT 1") \
	X(PIECE_PUT, "INSERT INTO piece VALUES (?1, ?2, ?3, ?4)") \
	X(PIECE_GET, "SELECT kind, sum, data FROM piece WHERE id = ?1") \
	X(PIECE_DELETE, "DELETE FROM piece WHERE id IN (SELECT id FROM piece WHERE id BETWEEN ?1 AND ?2 LIMIT 1)") \
	X(CHANGE_PUT, "INSERT INTO change VALUES (?1, ?2, ?3, ?4)") \
	X(CHANGE_GET, "SELECT sum, text, slots FROM change WHERE id = ?1") \
	X(CHANGE_DELETE, "DELETE FROM change WHERE id IN (SELECT id FROM change WHERE id BETWEEN ?1 AND ?2 LIMIT 1000)") \
	X(CHANGE_BYTES, "SELECT ifnull(sum(length(text)), 0) FROM change WHERE id BETWEEN ?1 AND ?2") \
	X(CHANGE_MOVE, "UPDATE change SET id = id + ?3 WHERE id BETWEEN ?1 AND ?2") \
	X(SETTING_PUT, "INSERT OR REPLACE INTO setting VALUES (?1, ?2, ?3)") \
	X(SETTING_GET, "SELECT value, sum FROM setting WHERE key = ?1") \
	X(SETTING_DELETE, "DELETE FROM setting WHERE key = ?1") \
	X(HISTORY_PUT, "INSERT OR REPLACE INTO history VALUES (?1, ?2, ?3, ?4)") \
	X(HISTORY_PLACES, "SELECT id, number FROM history") \
	X(HISTORY_GET, "SELECT record, sum FROM history ORDER BY number DESC LIMIT ?1")
/* clang-format on */
enum statement {
#define STATEMENT_ENUM(sym, sql) STMT_##sym,
	STATEMENTS(STATEMENT_ENUM)
#undef STATEMENT_ENUM
		STMT_COUNT,
};

/* store_watch.c: what identifies a file; times are nanoseconds since the epoch. */
struct file_mark {
	uint64_t device, inode, size;
	int64_t born, written; /* born 0: the file system does not tell */
};
/* The files of the store, as they were when it was opened. */
struct store_watch {
	char *log_path, *mark_path;
	int fd;                   /* of the database, while the store is open: closing it drops SQLite's locks */
	int mark_fd;              /* -1: there is none */
	struct file_mark db, log; /* @db as we last wrote it */
	bool watched;             /* they are known: the store is no copy */
	bool stays;               /* the fault is permanent */
	bool foreign_log;         /* the log on disk is of another database */
	char *aside;              /* the name that a foreign log got; NULL: there was none */
	int why;                  /* of a copy: errno: why it cannot be written */
	int err;                  /* errno: why it cannot be opened at all */
};
/*
 * Why changes are refused. COPY: the store was read into memory; GONE: its path leads nowhere; REPLACED: to another file;
 * WRITTEN: somebody else has written to it; LOG: the log is missing, or another one.
 */
enum store_fault { FAULT_NONE, FAULT_COPY, FAULT_GONE, FAULT_REPLACED, FAULT_WRITTEN, FAULT_LOG };

struct store {
	sqlite3 *db;
	char *path;
	bool copy; /* the files are only to be read */
	struct store_watch watch;
	_Atomic enum store_fault fault; /* both are also read without the lock */
	_Atomic int failed;             /* errno of the last commit; 0: it is on disk */
	/* Held for one transaction at a time, by turns: a thread in the background does not get it twice in a row. */
	pthread_mutex_t lock;
	pthread_cond_t turn;
	uint64_t drawn, served;
	sqlite3_stmt *stmt[STMT_COUNT];
	bool durable; /* how the connection is set now: commits wait for the disk */
	bool untidy;  /* there are unreferenced rows */
	int log_pages;
	struct row live, kept, pending;
	uint64_t tentative;       /* number of the change that waits to be confirmed, from 1 on; 0: none */
	uint64_t last_id;         /* of snapshots */
	_Atomic uint64_t changes; /* of the live one; also read without the lock */
	bool history;             /* the table of records exists */
	uint64_t history_number;
	unsigned history_place[STORE_RINGS];
};

/*
 * The functions by files, from the lowest to the highest.
 *
 * store_sql.c: statements and rows. Those that write are for use within a transaction.
 */
struct fw_place store_place(const struct store *s);
/* The SQL of a statement. */
const char *store_statement(unsigned which);
/* A statement, reset, with integers bound from the first parameter on. */
sqlite3_stmt *store_stmt(struct store *s, enum statement which, unsigned n, const uint64_t *numbers);
#define store_sql(s, which, ...) \
	store_stmt(s, which, sizeof((uint64_t[]){ __VA_ARGS__ }) / sizeof(uint64_t), (const uint64_t[]){ __VA_ARGS__ })
/* Runs a statement that returns no rows. */
int store_run(sqlite3_stmt *st);
/* Makes SQLite ignore whatever a database could have executed: triggers, views, functions in its schema. */
void store_harden(sqlite3 *db);
/* A checksum, of more bytes; @sum is 0 at first. */
uint32_t store_sum(uint32_t sum, const void *p, size_t len);
/* Is the column that checksum? A damaged one may be of another type, which would read as 0, the sum of nothing. */
bool store_sum_is(sqlite3_stmt *st, int column, uint32_t sum);
uint32_t store_row_sum(const struct row *row);
int store_row_put(struct store *s, const struct row *row);
/* Puts a row into another state; one without an id is no row. */
int store_row_state(struct store *s, struct row *row, enum row_state state);
/* Writes the next change of a snapshot; the snapshot's row is not changed. */
int store_change_put(struct store *s, const struct row *of, const struct store_change *c);

/* store_files.c: creates the store's folder, and rejects files that other users could have put into it. 0 or -errno with a diagnostic. */
int store_files_check(const char *path, struct fw_diags *ds);

/* store_watch.c: the files of the store. */
/* @path + @suffix: free() it. NULL: memory is out. */
char *store_sibling(const char *path, const char *suffix);
/* Syncs the folder of a file. */
void store_folder_sync(const char *path);
/* Before the database is opened: sets aside a log that is not its own, if possible. 0 or -ENOMEM. */
int store_watch_prepare(struct store *s);
/* Remembers the files: the database and its log are open. */
void store_watch_begin(struct store *s);
/* Compares them with what is there now; under the lock. */
enum store_fault store_watch_look(struct store *s);
/* Before (false) and after (true) the database is written, which only a checkpoint does. */
void store_watch_settle(struct store *s, bool settled);
/* After SQLite has closed them. */
void store_watch_end(struct store *s);
/* The fault as -errno and a diagnostic; 0: none. */
int store_fault_error(const struct store *s, struct fw_diags *ds);

/* store_transaction.c */
void store_lock(struct store *s);
void store_unlock(struct store *s);
static inline void store_unlockp(struct store **s)
{
	store_unlock(*s);
}
/* Holds the store's lock to the end of the scope. */
#define store_locked(s)                                                                    \
	struct store *store_held_ fw_cleanup(store_unlockp) __attribute__((unused)) = (s); \
	store_lock(s)
/**
 * store_error - an SQLite code as an errno and a diagnostic
 * @rc:   0 is fine
 * @what: what could not be done, as in "cannot @what"
 */
int store_error(struct store *s, int rc, const char *what, struct fw_diags *ds);
/* -EIO and a diagnostic: what is damaged and what to do. */
int store_damaged(struct store *s, struct fw_diags *ds, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/* @durable: the commit waits for the disk, and with it all commits before. */
int store_begin(struct store *s, bool durable);
/* Commits if @rc is 0, else rolls back. Returns the first error of both. */
int store_end(struct store *s, int rc);
/* As store_end(), for what is acknowledged: commits only while the store is the one that was opened, and can be written. */
int store_end_kept(struct store *s, int rc);
/* Moves the log into the database. */
int store_checkpoint(struct store *s);

/* store_settings.c: writes a setting, within a transaction; @value NULL deletes. */
int store_setting_put(struct store *s, const char *key, const char *value);

/* store_history.c */
#define STORE_HISTORY_TABLE "CREATE TABLE history (id INTEGER PRIMARY KEY, number INTEGER, sum INTEGER, record TEXT)"
/* At the opening. */
void store_history_open(struct store *s);
/* Writes a record within a transaction, and once that is committed; NULL is fine. */
int store_note_put(struct store *s, const struct store_note *note);
void store_note_done(struct store *s, const struct store_note *note);

/* store_keep.c */
/* Notes which change of @row waits to be confirmed: its number from 1 on; 0: none. Within a transaction. */
int store_keep_change(struct store *s, const struct row *row, uint64_t number);
/* At the opening: reads which change waits. 0 or -errno with a diagnostic. */
int store_keep_open(struct store *s, struct fw_diags *ds);

/* store_copy.c */
/* Makes s->db a database in memory with what the files hold. @why: errno, why they cannot be written; 0: they need not be. */
int store_connect_copy(struct store *s, int why);
/* The same from an open database. */
int store_copy(struct store *s, sqlite3 *from, int why);
/* Takes SQLite's lock of a database, F_RDLCK or F_WRLCK, until the descriptor is closed. 0, SQLITE_BUSY or SQLITE_IOERR. */
int store_lock_file(int fd, short type);
#define STORE_BUSY_HINT \
	"is another fwd running? `systemctl stop fwd.socket fwd.service` stops it; filtering continues meanwhile"

#endif

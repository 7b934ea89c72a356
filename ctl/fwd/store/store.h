/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What outlives the daemon: the ruleset as it was loaded, the changes since, and settings. An SQLite database in WAL mode,
 * synchronous: once a function here returns 0, its effect is on disk. Any thread may call; calls take turns, and none takes
 * longer than writing two megabytes to the disk.
 */
#ifndef FWD_STORE_H
#define FWD_STORE_H

#include "fw/base.h"

struct store;

struct store_file {
	const char *path; /* as written in the ruleset */
	const char *text;
	size_t len;
};

/* A text of rules or of changes, and the files that its sets are read from. */
struct store_text {
	const char *name; /* for diagnostics; may be NULL */
	uint32_t format;  /* enum fw_format */
	const char *text;
	size_t len;
	const struct store_file *files;
	size_t nfiles;
};

/* A ruleset as text, with what the text does not contain. */
struct store_snapshot {
	struct store_text source;
	const uint64_t *ids; /* of its rules, in order */
	const uint32_t *slots;
	size_t nrules;
	uint64_t next_id;
	const char *change; /* the first change after it, stored with it; NULL: none */
	size_t change_len;
};

/*
 * Creates the store if it does not exist, and its folder. A store that can be read but not written is read into memory, see
 * store_writable(). 0; -errno with a diagnostic: -EBUSY: another process has it open; -EIO: it is damaged.
 */
int store_open(const char *path, struct fw_diags *ds, struct store **out);
/* A copy of a store in memory; its files are only read. 0; -errno with a diagnostic: -EBUSY: a process has it open. */
int store_open_copy(const char *path, struct fw_diags *ds, struct store **out);
void store_close(struct store *s); /* NULL is fine */
/*
 * Continues in memory if @err means that the store cannot be written now, as if that had been so when it was opened: no change
 * is accepted until the next process. 0; @err if it means something else; -errno with a diagnostic.
 */
int store_into_memory(struct store *s, int err, struct fw_diags *ds);
/* Is it intact? Whether the texts are a ruleset is not checked. 0, -EIO with a diagnostic. */
int store_check(struct store *s, struct fw_diags *ds);
/**
 * store_restore - replaces a store by a copy of another one
 * @path: the store to be replaced, which no process may have open
 * @kept: set to the name under which the former one is kept; "": there was none
 * Return: 0; -errno with a diagnostic, and nothing has changed: -EBUSY: it is open.
 */
int store_restore(struct store *from, const char *path, char *kept, size_t size, struct fw_diags *ds);

/*
 * Reads the ruleset: calls @snapshot once, if there is one, then @change for each change since, oldest first. Their arguments
 * are borrowed for the call. Stops when one of them does not return 0, and returns that. -EIO with a diagnostic: damaged.
 */
struct store_reader {
	int (*snapshot)(void *ctx, const struct store_snapshot *snapshot);
	int (*change)(void *ctx, const char *text, size_t len, const uint32_t *slots, size_t nslots);
	void *ctx;
};
int store_read(struct store *s, const struct store_reader *r, struct fw_diags *ds);

/* Records of what was done: the last ones of each ring are kept. */
#define STORE_RINGS 3
struct store_note {
	unsigned ring;
	const char *text;
	size_t len;
};
/* Does not wait for the disk, and does not report failure: the record may be lost. */
void store_note(struct store *s, const struct store_note *note);
/* The last @limit records of all rings, newest first. 0; -ENODATA: the store keeps none; -EIO: the rest cannot be read. */
int store_history(struct store *s, size_t limit, void (*each)(const char *text, size_t len, void *ctx), void *ctx);

/* One transaction's text (fw_text_edit()'s log) and the slots of the rules it adds. */
struct store_change {
	const char *text;
	size_t len;
	const uint32_t *slots;
	size_t nslots;
	bool keep;                     /* keep what is needed for store_rollback() */
	const struct store_note *note; /* in the same transaction; NULL: none */
	bool lazy; /* does not wait for the disk: a crash of the machine, not of the process, may lose it */
};
/* 0, -ENOSPC, -EIO with a diagnostic. */
int store_change(struct store *s, const struct store_change *c, struct fw_diags *ds);
/*
 * Can changes be stored now? Compares the files with those that were opened. 0; -EROFS or -ESTALE with a diagnostic, which
 * store_change(), store_snapshot_begin(), store_snapshot_commit() and store_forget() return then too.
 */
int store_writable(struct store *s, struct fw_diags *ds);
/* Compares the files, unless somebody is using the store, and tries whether there is room again. Call it once a second. */
void store_look(struct store *s);
/* The result of store_look() or of the last write: 0, or -errno with a diagnostic. Does not wait for the lock. */
int store_trouble(const struct store *s, struct fw_diags *ds);
/* The name that a log of another database got when the store was opened, or since; NULL: there was none. */
const char *store_aside(const struct store *s);
/* Changes since the snapshot, and bytes on disk. Does not wait for the lock. */
void store_size(struct store *s, uint64_t *changes, uint64_t *bytes);

/*
 * Replaces the snapshot and its changes by a new snapshot, in three steps, since writing the text is most of the work and can
 * be done while the ruleset is compiled. Until the last step, and after store_snapshot_abort(), the store reads as before.
 * -ENOSPC with a diagnostic: there is not enough room, which is checked before anything is written.
 */
int store_snapshot_begin(struct store *s, const struct store_snapshot *text_and_files, struct fw_diags *ds);
int store_snapshot_number(struct store *s, const struct store_snapshot *ids_slots_and_change, struct fw_diags *ds);
/* @keep: keep the old one, for store_rollback(); @note: stored in the same transaction, NULL: none */
int store_snapshot_commit(struct store *s, bool keep, const struct store_note *note, struct fw_diags *ds);
void store_snapshot_abort(struct store *s);
/*
 * Reading many changes takes too long. A thread with time reads them, writes the resulting ruleset as a new snapshot, and
 * calls store_snapshot_fold() instead of store_snapshot_commit(): the snapshot replaces the first @changes changes; later
 * ones now follow it. -EAGAIN: one of the first ones waits to be confirmed. @anyway: however few changes there are.
 */
bool store_fold_wanted(struct store *s, bool anyway);
int store_snapshot_fold(struct store *s, uint64_t changes, struct fw_diags *ds);
/* Removes unreferenced rows and keeps the log short: for a thread with time. 0 or -errno. */
int store_tidy(struct store *s);
bool store_tidy_wanted(struct store *s);

/*
 * A load or a change with @keep waits to be confirmed: at most one of them, and until that is decided no other load is
 * possible.
 * store_rollback: undoes a load as a whole, with the changes since, and then stores @carried (length 0: nothing); of a change,
 * undoes it alone. -ENOENT: nothing waits.
 * store_forget: confirmed: drops what was kept. Both: 0 or -errno with a diagnostic.
 */
bool store_keeps(struct store *s);
int store_rollback(struct store *s, const struct store_change *carried, struct fw_diags *ds);
int store_forget(struct store *s, struct fw_diags *ds);

/* Settings: small values by key; @value NULL deletes. store_get: free() *out; -ENOENT: there is none. */
int store_set(struct store *s, const char *key, const char *value, struct fw_diags *ds);
int store_get(struct store *s, const char *key, char **out);

#endif

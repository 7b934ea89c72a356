/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What outlives the controller: the ruleset as it was loaded, the changes since,
 * and settings. An SQLite database in WAL mode, synchronous: what a function
 * here has answered 0 to is on the disk. Any thread may call; a call waits for
 * others in turn, none of which takes longer than two megabytes need to reach the disk.
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

/* A ruleset as text, and what the text does not say. */
struct store_snapshot {
	struct store_text source;
	const uint64_t *ids; /* of its rules, in order */
	const uint32_t *slots;
	size_t nrules;
	uint64_t next_id;
	const char *change; /* the first change since, which comes with it; NULL: none */
	size_t change_len;
};

/*
 * @path is made when it is not there; its directory must be. -EBUSY: another process has it open. -EIO: damaged.
 * What cannot be written to, but read, is read into memory: see store_writable().
 * 0, -errno with a diagnostic.
 */
int store_open(const char *path, struct fw_diags *ds, struct store **out);
/* What a store holds, in memory; the files are only read. -EBUSY: a process has it open. 0, -errno with a diagnostic. */
int store_open_copy(const char *path, struct fw_diags *ds, struct store **out);
void store_close(struct store *s); /* NULL is fine */
/*
 * When @err says that it cannot be written to just now: from here on in memory, as what cannot be written to when it is
 * opened. No change is taken until the next process. 0; @err when it says something else; -errno with a diagnostic.
 */
int store_into_memory(struct store *s, int err, struct fw_diags *ds);
/* Is everything in it whole? It is not said whether the texts are a ruleset. 0, -EIO with a diagnostic. */
int store_check(struct store *s, struct fw_diags *ds);
/**
 * store_restore - another store in the place of the one that is there
 * @from: what it is to hold
 * @path: no process may have it open
 * @kept: gets the name that the former one has now; "": there was none
 * Return: 0; -EBUSY; or -errno; with a diagnostic, and nothing has changed.
 */
int store_restore(struct store *from, const char *path, char *kept, size_t size, struct fw_diags *ds);

/*
 * The ruleset: @snapshot once (when there is one), then @change for each change since, oldest first. What they get is
 * borrowed for the call. Stops at their first answer other than 0 and returns it. -EIO with a diagnostic: damaged.
 */
struct store_reader {
	int (*snapshot)(void *ctx, const struct store_snapshot *snapshot);
	int (*change)(void *ctx, const char *text, size_t len, const uint32_t *slots, size_t nslots);
	void *ctx;
};
int store_read(struct store *s, const struct store_reader *r, struct fw_diags *ds);

/* What was done, for those who ask later: the last ones of each ring are kept. */
#define STORE_RINGS 3
struct store_note {
	unsigned ring;
	const char *text;
	size_t len;
};
/* Without waiting for the disk, and without fail: it may be lost. */
void store_note(struct store *s, const struct store_note *note);
/* The last @limit of all rings, newest first. 0; -ENODATA: there is no room for them; -EIO: more cannot be read. */
int store_history(struct store *s, size_t limit, void (*each)(const char *text, size_t len, void *ctx), void *ctx);

/* One transaction's text (fw_text_edit()'s log) and the slots of the rules it adds. */
struct store_change {
	const char *text;
	size_t len;
	const uint32_t *slots;
	size_t nslots;
	bool keep;                     /* what was before stays behind, for store_rollback() */
	const struct store_note *note; /* in the same transaction; NULL: none */
};
/* 0, -ENOSPC, -EIO with a diagnostic. */
int store_change(struct store *s, const struct store_change *c, struct fw_diags *ds);
/*
 * Can what is changed now be kept? The files are compared with those that were opened. 0, -EROFS or -ESTALE with a
 * diagnostic, as store_change(), store_snapshot_begin(), store_snapshot_commit() and store_forget() answer too.
 */
int store_writable(struct store *s, struct fw_diags *ds);
/*
 * Compares them, unless somebody else has the store just now, and finds out whether there is room again: for every second.
 */
void store_look(struct store *s);
/* What store_look() saw, or what became of the last write: 0, or -errno with a diagnostic; waits for nobody. */
int store_trouble(const struct store *s, struct fw_diags *ds);
/* A log that belonged to another database was moved there when the store was opened, or since; NULL: there was none. */
const char *store_aside(const struct store *s);
/* Changes since the snapshot, and bytes on disk; waits for nobody. */
void store_size(struct store *s, uint64_t *changes, uint64_t *bytes);

/*
 * A new snapshot takes the place of the old one and its changes, in three steps, since writing the text is most of the
 * work and can go on while the ruleset is compiled. Before the last one, and after store_snapshot_abort(), the store
 * reads as before. -ENOSPC with a diagnostic: there is no room, which is asked for before anything is written.
 */
int store_snapshot_begin(struct store *s, const struct store_snapshot *text_and_files, struct fw_diags *ds);
int store_snapshot_number(struct store *s, const struct store_snapshot *ids_slots_and_change, struct fw_diags *ds);
/* @keep: the old one stays behind, for store_rollback(); @note: in the same transaction, NULL: none */
int store_snapshot_commit(struct store *s, bool keep, const struct store_note *note, struct fw_diags *ds);
void store_snapshot_abort(struct store *s);
/*
 * When the changes have become many, reading them all takes longer than it should. Whoever has the time reads them,
 * writes what they led to as a new snapshot, and ends by this instead of store_snapshot_commit(): the snapshot stands
 * for the first @changes changes; those that came while it was written go on top of it. -EAGAIN: one of the first waits to
 * be confirmed. @anyway: however few they are.
 */
bool store_fold_wanted(struct store *s, bool anyway);
int store_snapshot_fold(struct store *s, uint64_t changes, struct fw_diags *ds);
/* Removes what nobody refers to any more and keeps the log short: for a thread that has time. 0 or -errno. */
int store_tidy(struct store *s);
bool store_tidy_wanted(struct store *s);

/*
 * What a load or a change kept: at most one of them waits, and until it is decided no other load may come.
 * store_rollback: a load is undone as a whole, with the changes since, and @carried (of length 0: nothing) comes on top; a
 * change alone, and later ones stay. 0, -ENOENT.
 * store_forget: what was before is not needed any more. Both 0 or -errno with a diagnostic.
 */
bool store_keeps(struct store *s);
int store_rollback(struct store *s, const struct store_change *carried, struct fw_diags *ds);
int store_forget(struct store *s, struct fw_diags *ds);

/* Settings: small values by key; @value NULL deletes. store_get: free() *out; -ENOENT. */
int store_set(struct store *s, const char *key, const char *value, struct fw_diags *ds);
int store_get(struct store *s, const char *key, char **out);

#endif

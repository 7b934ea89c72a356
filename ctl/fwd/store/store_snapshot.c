// SPDX-License-Identifier: GPL-2.0-only
/*
 * Snapshots are written piece by piece, each in a transaction of its own that does not wait for the disk; the last one waits,
 * and with it all before. One row then makes the snapshot the ruleset.
 */
#include "store_internal.h"

#include <string.h>
#include <sys/statvfs.h>

/* Room for more than the text: the log, ids and slots of many rules, the tree's inner pages. */
#define ROOM_BESIDE (32ull << 20)

static int piece_put(struct store *s, enum piece_kind kind, const void *data, size_t n)
{
	sqlite3_stmt *st;
	int rc;

	store_locked(s);
	rc = store_begin(s, false);
	st = store_sql(s, STMT_PIECE_PUT, PIECE_ID(s->pending.n.id, s->pending.n.pieces), kind, store_sum(0, data, n));
	if (!rc)
		rc = sqlite3_bind_blob64(st, 4, n ? data : "", n, SQLITE_STATIC);
	if (!rc)
		rc = store_run(st);
	rc = store_end(s, rc);
	s->pending.n.pieces += !rc;
	if (s->log_pages >= LOG_PAGES_BACKGROUND)
		store_checkpoint(s); /* what cannot be moved into the database now stays in the log */
	return rc;
}

static int pieces_put(struct store *s, enum piece_kind kind, const void *data, size_t n)
{
	int rc = 0;

	for (size_t at = 0; !rc && at < n; at += PIECE_BYTES)
		rc = piece_put(s, kind, (const char *)data + at, n - at < PIECE_BYTES ? n - at : PIECE_BYTES);
	return rc;
}

/* Refuses what the disk has no room for: what a failure leaves could not be removed either. 0 or -ENOSPC with a diagnostic. */
static int room_check(struct store *s, const struct store_snapshot *sn, struct fw_diags *ds)
{
	unsigned long long need = ROOM_BESIDE + sn->source.len, free_bytes;
	struct statvfs st;

	for (size_t i = 0; i < sn->source.nfiles; i++)
		need += sn->source.files[i].len;
	if (statvfs(s->path, &st))
		return 0;
	free_bytes = (unsigned long long)st.f_bavail * st.f_frsize;
	if (free_bytes >= need)
		return 0;
	fw_diag_add(ds, (struct fw_place){ s->path, 0, 0 }, "make room on the disk and try again; nothing was changed",
		    "storing the ruleset needs %llu MiB on the disk, but %llu MiB are free", (need >> 20) + 1,
		    free_bytes >> 20);
	return -ENOSPC;
}

/* The snapshot's number is in the upper half of a signed 64-bit key. 0 or -E2BIG with a diagnostic: no number is left. */
static int number_check(struct store *s, struct fw_diags *ds)
{
	if (s->last_id < INT32_MAX)
		return 0;
	fw_diag_add(ds, (struct fw_place){ s->path, 0, 0 },
		    "save the rules (fwctl save), stop fwd, move the store away, start fwd and load them",
		    "the store has held %llu rulesets and has no number for another one",
		    (unsigned long long)s->last_id);
	return -E2BIG;
}

/* The row of a new, PENDING snapshot. */
static int pending_begin(struct store *s, const struct store_snapshot *sn)
{
	struct row row = { .n = { .state = ROW_PENDING,
				  .loaded = 1,
				  .format = sn->source.format,
				  .text_bytes = sn->source.len,
				  .files = sn->source.nfiles,
				  .next_id = 1 } };
	int rc;

	store_locked(s);
	row.n.id = s->last_id + 1;
	snprintf(row.name, sizeof(row.name), "%s", sn->source.name ? sn->source.name : "");
	rc = store_begin(s, false);
	if (!rc)
		rc = store_row_put(s, &row);
	rc = store_end(s, rc);
	if (rc)
		return rc;
	s->pending = row;
	s->last_id = row.n.id;
	return 0;
}

int store_snapshot_begin(struct store *s, const struct store_snapshot *sn, struct fw_diags *ds)
{
	int err = store_writable(s, ds), rc;

	if (!err)
		err = number_check(s, ds);
	if (!err)
		err = room_check(s, sn, ds);
	if (err)
		return err;
	rc = pending_begin(s, sn);
	if (!rc)
		rc = pieces_put(s, PIECE_TEXT, sn->source.text, sn->source.len);
	for (size_t i = 0; !rc && i < sn->source.nfiles; i++) {
		rc = piece_put(s, PIECE_PATH, sn->source.files[i].path, strlen(sn->source.files[i].path));
		if (!rc)
			rc = pieces_put(s, PIECE_FILE, sn->source.files[i].text, sn->source.files[i].len);
	}
	err = store_error(s, rc, "store the ruleset", ds);
	if (err)
		store_snapshot_abort(s);
	return err;
}

int store_snapshot_number(struct store *s, const struct store_snapshot *sn, struct fw_diags *ds)
{
	struct row row;
	int rc = pieces_put(s, PIECE_IDS, sn->ids, sn->nrules * sizeof(*sn->ids)), err;

	if (!rc)
		rc = pieces_put(s, PIECE_SLOTS, sn->slots, sn->nrules * sizeof(*sn->slots));
	if (!rc) {
		store_locked(s);
		row = s->pending;
		row.n.rules = sn->nrules;
		row.n.next_id = sn->next_id;
		rc = store_begin(s, true);
		if (sn->change_len) {
			if (!rc)
				rc = store_change_put(
					s, &row, &(struct store_change){ .text = sn->change, .len = sn->change_len });
			row.n.changes++;
			row.n.change_bytes += sn->change_len;
		}
		if (!rc)
			rc = store_row_put(s, &row);
		rc = store_end(s, rc);
		if (!rc)
			s->pending = row;
	}
	err = store_error(s, rc, "store the ruleset", ds);
	if (err)
		store_snapshot_abort(s);
	return err;
}

void store_snapshot_abort(struct store *s)
{
	bool pending;

	store_lock(s);
	pending = s->pending.n.id;
	s->untidy |= pending;
	memset(&s->pending, 0, sizeof(s->pending));
	store_unlock(s);
	if (pending)
		store_tidy(s);
}

/* Moves changes of the live snapshot, from number @from on, to the pending one. */
static int changes_move(struct store *s, struct row *to, uint64_t from)
{
	uint64_t first = PIECE_ID(s->live.n.id, from), last = PIECE_ID(s->live.n.id, LAST_NUMBER);
	sqlite3_stmt *st = store_sql(s, STMT_CHANGE_BYTES, first, last);
	int rc = sqlite3_step(st);

	to->n.change_bytes = (uint64_t)sqlite3_column_int64(st, 0);
	to->n.changes = s->live.n.changes - from;
	sqlite3_reset(st);
	if (rc != SQLITE_ROW)
		return rc;
	return store_run(store_sql(s, STMT_CHANGE_MOVE, first, last, PIECE_ID(to->n.id, 0ull) - first));
}

/* Makes the pending snapshot the live one, with the changes from @from on, and puts the old one into @old_state. 0 or -errno with a diagnostic. */
static int turn_over(struct store *s, enum row_state old_state, uint64_t from, const struct store_note *note,
		     struct fw_diags *ds)
{
	struct row live = s->pending, old = s->live, kept = s->kept;
	uint64_t tentative = s->tentative > from ? s->tentative - from : 0;
	int rc = store_begin(s, true);

	if (!rc && from < old.n.changes)
		rc = changes_move(s, &live, from);
	if (!rc)
		rc = store_row_state(s, &live, ROW_LIVE);
	if (!rc)
		rc = store_row_state(s, &old, old_state);
	if (!rc && old_state == ROW_KEPT)
		rc = store_row_state(s, &kept, ROW_GONE);
	if (!rc && s->tentative)
		rc = store_keep_change(s, &live, tentative);
	if (!rc)
		rc = store_note_put(s, note);
	rc = store_end_kept(s, rc);
	if (rc)
		return store_error(s, rc, "store the ruleset", ds);
	store_note_done(s, note);
	s->live = live;
	s->tentative = tentative;
	if (old_state == ROW_KEPT)
		s->kept = old;
	memset(&s->pending, 0, sizeof(s->pending));
	s->untidy = true;
	return 0;
}

int store_snapshot_commit(struct store *s, bool keep, const struct store_note *note, struct fw_diags *ds)
{
	store_locked(s);
	return turn_over(s, keep ? ROW_KEPT : ROW_GONE, UINT64_MAX, note, ds);
}

int store_snapshot_fold(struct store *s, uint64_t changes, struct fw_diags *ds)
{
	store_locked(s);
	/* A change made after the fold began waits to be confirmed: it must not become part of the snapshot. */
	if (s->tentative && s->tentative <= changes)
		return -EAGAIN;
	return turn_over(s, ROW_GONE, changes, NULL, ds);
}

bool store_fold_wanted(struct store *s, bool anyway)
{
	store_locked(s);
	return !s->fault && !s->pending.n.id && !s->kept.n.id && !s->tentative &&
	       (anyway || s->live.n.change_bytes > s->live.n.text_bytes / 2 + (1u << 20));
}

bool store_tidy_wanted(struct store *s)
{
	store_locked(s);
	return !s->fault && (s->untidy || s->log_pages >= LOG_PAGES);
}

/* Removes some of a snapshot's pieces, or of its changes, or else its row. */
static int remove_some(struct store *s, uint64_t snapshot)
{
	static const enum statement from[] = { STMT_PIECE_DELETE, STMT_CHANGE_DELETE };

	for (size_t i = 0; i < sizeof(from) / sizeof(*from); i++) {
		int rc = store_run(store_sql(s, from[i], PIECE_ID(snapshot, 0ull), PIECE_ID(snapshot, LAST_NUMBER)));

		if (rc || sqlite3_changes(s->db))
			return rc;
	}
	return store_run(store_sql(s, STMT_ROW_DELETE, snapshot));
}

/* Removes some rows of one unused snapshot. SQLITE_DONE: nothing is left to remove. */
static int tidy_step(struct store *s)
{
	sqlite3_stmt *st = store_sql(s, STMT_ROW_UNUSED, s->pending.n.id);
	int rc = sqlite3_step(st);
	uint64_t id = (uint64_t)sqlite3_column_int64(st, 0);

	sqlite3_reset(st);
	if (rc != SQLITE_ROW)
		return rc;
	rc = store_begin(s, false);
	if (!rc)
		rc = remove_some(s, id);
	return store_end(s, rc);
}

int store_tidy(struct store *s)
{
	int rc = 0;

	while (!rc) {
		store_locked(s);
		rc = tidy_step(s);
		if (rc == SQLITE_DONE)
			s->untidy = false;
		if (rc == SQLITE_DONE || s->log_pages >= LOG_PAGES_BACKGROUND)
			store_checkpoint(s);
	}
	return rc == SQLITE_DONE ? 0 : store_error(s, rc, "tidy", NULL);
}

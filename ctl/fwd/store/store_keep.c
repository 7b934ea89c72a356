// SPDX-License-Identifier: GPL-2.0-only
/*
 * What waits to be confirmed, and how to undo it. A load keeps the snapshot before it. A change keeps its own number: undoing
 * it removes that change, and later ones move up.
 *
 *	load:    KEPT snapshot, changes 0 1 2     LIVE snapshot, changes 0 1
 *	change:  LIVE snapshot, changes 0 1 [2] 3    without 2, as 3 becomes 2
 */
#include "store_internal.h"

#define TENTATIVE "tentative" /* "snapshot" "number from 1 on" */

int store_keep_change(struct store *s, const struct row *row, uint64_t number)
{
	char value[64];

	snprintf(value, sizeof(value), "%llu %llu", (unsigned long long)row->n.id, (unsigned long long)number);
	return store_setting_put(s, TENTATIVE, number ? value : NULL);
}

int store_keep_open(struct store *s, struct fw_diags *ds)
{
	fw_autofree char *value = NULL;
	unsigned long long snapshot, number;
	int err = store_get(s, TENTATIVE, &value);
	char *end;

	if (err == -ENOENT)
		return 0;
	if (err == -EIO)
		return store_damaged(s, ds, "which change waits to be confirmed is unreadable");
	if (err)
		return err;
	snapshot = strtoull(value, &end, 10);
	number = strtoull(end, NULL, 10);
	if (snapshot != s->live.n.id || !number || number > s->live.n.changes)
		return store_damaged(s, ds, "the change that waits to be confirmed is missing");
	s->tentative = number;
	return 0;
}

bool store_keeps(struct store *s)
{
	store_locked(s);
	return s->kept.n.id || s->tentative;
}

/* Makes the kept snapshot the live one again, with @carried as its next change. */
static int load_undo(struct store *s, const struct store_change *carried)
{
	struct row live = s->kept, gone = s->live;
	int rc = store_begin(s, true);

	if (carried->len) {
		if (!rc)
			rc = store_change_put(s, &live, carried);
		live.n.changes++;
		live.n.change_bytes += carried->len;
	}
	if (!rc)
		rc = store_row_state(s, &gone, ROW_GONE);
	if (!rc)
		rc = store_row_state(s, &live, ROW_LIVE);
	rc = store_end(s, rc);
	if (rc)
		return rc;
	s->live = live;
	s->kept = (struct row){ .name = "" };
	s->untidy = true;
	return 0;
}

/* The length of a change's text. */
static int bytes_of(struct store *s, uint64_t id, uint64_t *out)
{
	sqlite3_stmt *st = store_sql(s, STMT_CHANGE_BYTES, id, id);
	int rc = sqlite3_step(st);

	*out = (uint64_t)sqlite3_column_int64(st, 0);
	sqlite3_reset(st);
	return rc == SQLITE_ROW ? 0 : rc;
}

/* Removes the tentative change. */
static int change_undo(struct store *s)
{
	uint64_t id = PIECE_ID(s->live.n.id, s->tentative - 1), last = PIECE_ID(s->live.n.id, LAST_NUMBER), bytes = 0;
	struct row row = s->live;
	int rc = store_begin(s, true);

	if (!rc)
		rc = bytes_of(s, id, &bytes);
	row.n.changes--;
	row.n.change_bytes -= bytes;
	if (!rc)
		rc = store_run(store_sql(s, STMT_CHANGE_DELETE, id, id));
	if (!rc)
		rc = store_run(store_sql(s, STMT_CHANGE_MOVE, id + 1, last, UINT64_MAX));
	if (!rc)
		rc = store_row_put(s, &row);
	if (!rc)
		rc = store_keep_change(s, &row, 0);
	rc = store_end(s, rc);
	if (rc)
		return rc;
	s->live = row;
	s->tentative = 0;
	return 0;
}

int store_rollback(struct store *s, const struct store_change *carried, struct fw_diags *ds)
{
	store_locked(s);
	if (!s->kept.n.id && !s->tentative)
		return -ENOENT;
	return store_error(s, s->kept.n.id ? load_undo(s, carried) : change_undo(s), "go back to the ruleset before",
			   ds);
}

int store_forget(struct store *s, struct fw_diags *ds)
{
	struct row gone;
	int rc;

	store_locked(s);
	gone = s->kept;
	if (!gone.n.id && !s->tentative)
		return 0;
	rc = store_begin(s, true);
	if (!rc)
		rc = store_row_state(s, &gone, ROW_GONE);
	if (!rc && s->tentative)
		rc = store_keep_change(s, &s->live, 0);
	rc = store_end_kept(s, rc);
	if (rc)
		return store_error(s, rc, "forget the ruleset before", ds);
	s->untidy |= gone.n.id != 0;
	s->kept = (struct row){ .name = "" };
	s->tentative = 0;
	return 0;
}

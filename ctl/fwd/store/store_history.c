// SPDX-License-Identifier: GPL-2.0-only
/*
 * Records of what was done: texts in rings, each of which holds the last ones of its kind. A record of a transaction is written
 * within it, others without waiting for the disk. The first stores had no such table, and a fwd that does not know it works
 * without. A failure here makes nothing else fail.
 */
#include "store_internal.h"

#include <string.h>

#define ROW_ID(ring, place) ((uint64_t)(ring) << 32 | (place))

static const unsigned sizes[STORE_RINGS] = { 1000, 1000, 200 };

/* The last number, and in each ring the place after it. */
static void places_read(struct store *s)
{
	sqlite3_stmt *st = store_stmt(s, STMT_HISTORY_PLACES, 0, NULL);
	uint64_t last[STORE_RINGS] = { 0 };

	while (sqlite3_step(st) == SQLITE_ROW) {
		uint64_t id = (uint64_t)sqlite3_column_int64(st, 0), number = (uint64_t)sqlite3_column_int64(st, 1);
		unsigned ring = (unsigned)(id >> 32) % STORE_RINGS;

		if (number < last[ring])
			continue;
		last[ring] = number;
		s->history_place[ring] = (unsigned)((id & 0xffffffff) + 1) % sizes[ring];
		s->history_number = number > s->history_number ? number : s->history_number;
	}
	sqlite3_reset(st);
}

void store_history_open(struct store *s)
{
	int rc = 0;

	sqlite3_exec(s->db, STORE_HISTORY_TABLE, NULL, NULL, NULL); /* fails if it exists */
	for (unsigned i = STMT_HISTORY_PUT; !rc && i < STMT_COUNT; i++)
		rc = sqlite3_prepare_v3(s->db, store_statement(i), -1, SQLITE_PREPARE_PERSISTENT, &s->stmt[i], NULL);
	s->history = !rc;
	if (s->history)
		places_read(s);
}

static int put(struct store *s, const struct store_note *note)
{
	uint64_t id = ROW_ID(note->ring, s->history_place[note->ring]), number = s->history_number + 1;
	sqlite3_stmt *st = store_sql(s, STMT_HISTORY_PUT, id, number, store_sum(0, note->text, note->len));

	if (sqlite3_bind_text(st, 4, note->text, (int)note->len, SQLITE_STATIC))
		return SQLITE_TOOBIG;
	return store_run(st);
}

static void advance(struct store *s, const struct store_note *note)
{
	s->history_place[note->ring] = (s->history_place[note->ring] + 1) % sizes[note->ring];
	s->history_number++;
}

int store_note_put(struct store *s, const struct store_note *note)
{
	int rc = note && s->history ? put(s, note) : 0;

	/* Only an error that has ended the transaction counts, as a full disk does. */
	return rc && sqlite3_get_autocommit(s->db) ? rc : 0;
}

void store_note_done(struct store *s, const struct store_note *note)
{
	if (note && s->history)
		advance(s, note);
}

void store_note(struct store *s, const struct store_note *note)
{
	int rc;

	store_locked(s);
	if (!s->history)
		return;
	rc = store_begin(s, false);
	if (!rc)
		rc = put(s, note);
	if (!store_end(s, rc))
		advance(s, note);
}

int store_history(struct store *s, size_t limit, void (*each)(const char *text, size_t len, void *ctx), void *ctx)
{
	sqlite3_stmt *st;
	int rc;

	store_locked(s);
	if (!s->history)
		return -ENODATA;
	st = store_sql(s, STMT_HISTORY_GET, limit);
	while ((rc = sqlite3_step(st)) == SQLITE_ROW) {
		const char *text = (const char *)sqlite3_column_text(st, 0);
		size_t len = (size_t)sqlite3_column_bytes(st, 0);

		if (text && store_sum_is(st, 1, store_sum(0, text, len)))
			each(text, len, ctx);
	}
	sqlite3_reset(st);
	return rc == SQLITE_DONE ? 0 : -EIO;
}

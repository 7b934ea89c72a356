// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reading the store: a snapshot is assembled from its pieces, each of which is checked against its checksum. The lock is held
 * for one piece or change at a time, never while the reader works on what it got.
 */
#include "store_internal.h"

#include <string.h>

#define AT_ONCE (256u << 20) /* bytes allocated in advance: more only as they are read */

struct bytes {
	char *p;
	size_t n, cap;
};

static int bytes_add(struct bytes *b, const void *p, size_t n)
{
	if (!b->p || b->n + n > b->cap) {
		size_t cap = b->cap * 2 > b->n + n ? b->cap * 2 : b->n + n;
		char *grown = realloc(b->p, cap);

		if (!grown)
			return -ENOMEM;
		b->p = grown;
		b->cap = cap;
	}
	if (n)
		memcpy(b->p + b->n, p, n);
	b->n += n;
	return 0;
}

/* A snapshot being put together. */
struct assembly {
	struct row row;
	struct bytes kind[PIECE_KINDS]; /* all pieces of a kind, concatenated; paths end in NUL */
	struct {
		size_t path, text;
	} * starts; /* of each file, in kind[] */
	size_t nfiles, files_cap;
};

static void assembly_free(struct assembly *a)
{
	for (int k = 0; k < PIECE_KINDS; k++)
		free(a->kind[k].p);
	free(a->starts);
}

static int piece_take(struct assembly *a, int kind, const void *data, size_t n)
{
	int err = 0;

	if (kind == PIECE_PATH) {
		__typeof__(*a->starts) start = { a->kind[PIECE_PATH].n, a->kind[PIECE_FILE].n };

		err = fw_vec_push(a->starts, a->nfiles, a->files_cap, start);
	}
	if (!err)
		err = bytes_add(&a->kind[kind], data, n);
	return err || kind != PIECE_PATH ? err : bytes_add(&a->kind[kind], "", 1);
}

/* Adds piece @number, from 0 on, to the assembly. 0 or -errno with a diagnostic. */
static int piece_read(struct store *s, struct assembly *a, uint64_t number, struct fw_diags *ds)
{
	uint64_t id = PIECE_ID(a->row.n.id, number);
	sqlite3_stmt *st;
	int rc, err;

	store_locked(s);
	st = store_sql(s, STMT_PIECE_GET, id);
	rc = sqlite3_step(st);
	if (rc == SQLITE_ROW) {
		int kind = sqlite3_column_int(st, 0);
		const void *data = sqlite3_column_blob(st, 2);
		size_t n = (size_t)sqlite3_column_bytes(st, 2);

		if (kind < 0 || kind >= PIECE_KINDS || (n && !data) || !store_sum_is(st, 1, store_sum(0, data, n)))
			err = store_damaged(s, ds, "piece %llu of the ruleset's %llu is not what was written",
					    (unsigned long long)number + 1, (unsigned long long)a->row.n.pieces);
		else
			err = piece_take(a, kind, data, n);
	} else {
		err = rc == SQLITE_DONE ? store_damaged(s, ds, "piece %llu of the ruleset is missing",
							(unsigned long long)number + 1) :
					  store_error(s, rc, "read the ruleset", ds);
	}
	sqlite3_reset(st);
	return err;
}

/* Passes the assembled snapshot to the reader, and returns its result; -EIO with a diagnostic: something is missing. */
static int assembly_hand_over(struct store *s, const struct assembly *a, const struct store_reader *r,
			      struct fw_diags *ds)
{
	const struct row_numbers *n = &a->row.n;
	fw_autofree struct store_file *files = calloc(a->nfiles + 1, sizeof(*files));
	struct store_snapshot out = {
		.source.name = a->row.name,
		.source.format = (uint32_t)n->format,
		.source.text = a->kind[PIECE_TEXT].p ? a->kind[PIECE_TEXT].p : "",
		.source.len = a->kind[PIECE_TEXT].n,
		.source.files = files,
		.source.nfiles = a->nfiles,
		.ids = (const void *)a->kind[PIECE_IDS].p,
		.slots = (const void *)a->kind[PIECE_SLOTS].p,
		.nrules = n->rules,
		.next_id = n->next_id,
	};

	if (!files)
		return -ENOMEM;
	if (out.source.len != n->text_bytes || out.source.nfiles != n->files ||
	    a->kind[PIECE_IDS].n != n->rules * sizeof(*out.ids) ||
	    a->kind[PIECE_SLOTS].n != n->rules * sizeof(*out.slots))
		return store_damaged(s, ds, "parts of the ruleset are missing");
	for (size_t i = 0; i < a->nfiles; i++) {
		size_t end = i + 1 < a->nfiles ? a->starts[i + 1].text : a->kind[PIECE_FILE].n;

		files[i].path = a->kind[PIECE_PATH].p + a->starts[i].path;
		files[i].len = end - a->starts[i].text;
		files[i].text = files[i].len ? a->kind[PIECE_FILE].p + a->starts[i].text : "";
	}
	return r->snapshot(r->ctx, &out);
}

/* Assembles a snapshot and passes it to the reader. */
static int snapshot_read(struct store *s, const struct row *row, const struct store_reader *r, struct fw_diags *ds)
{
	struct assembly a = { .row = *row };
	struct bytes *text = &a.kind[PIECE_TEXT];
	int err = 0;

	text->cap = row->n.text_bytes < AT_ONCE ? row->n.text_bytes : AT_ONCE;
	text->p = malloc(text->cap + 1);
	if (!text->p)
		err = -ENOMEM;
	for (uint64_t i = 0; !err && i < row->n.pieces; i++)
		err = piece_read(s, &a, i, ds);
	if (!err)
		err = assembly_hand_over(s, &a, r, ds);
	assembly_free(&a);
	return err;
}

struct change {
	struct bytes text, slots;
};

static int change_take(struct change *c, sqlite3_stmt *st)
{
	int err;

	c->text.n = c->slots.n = 0;
	err = bytes_add(&c->text, sqlite3_column_blob(st, 1), (size_t)sqlite3_column_bytes(st, 1));
	if (!err)
		err = bytes_add(&c->slots, sqlite3_column_blob(st, 2), (size_t)sqlite3_column_bytes(st, 2));
	return err;
}

static bool change_is_whole(const struct change *c, sqlite3_stmt *st)
{
	return store_sum_is(st, 0, store_sum(store_sum(0, c->text.p, c->text.n), c->slots.p, c->slots.n));
}

/* Copies change @number, from 0 on, of a snapshot. 0, -ENOMEM, or -EIO with a diagnostic: damaged or missing. */
static int change_get(struct store *s, uint64_t snapshot, uint64_t number, struct change *out, struct fw_diags *ds)
{
	sqlite3_stmt *st;
	int rc, err;

	store_locked(s);
	st = store_sql(s, STMT_CHANGE_GET, PIECE_ID(snapshot, number));
	rc = sqlite3_step(st);
	if (rc == SQLITE_ROW) {
		err = change_take(out, st);
		if (!err && !change_is_whole(out, st))
			err = store_damaged(s, ds, "change %llu since the last load is not what was written",
					    (unsigned long long)number + 1);
	} else {
		err = rc == SQLITE_DONE ? store_damaged(s, ds, "change %llu since the last load is missing",
							(unsigned long long)number + 1) :
					  store_error(s, rc, "read the changes", ds);
	}
	sqlite3_reset(st);
	return err;
}

static int changes_read(struct store *s, const struct row *row, const struct store_reader *r, struct fw_diags *ds)
{
	struct change c = { { 0 }, { 0 } };
	int err = 0;

	for (uint64_t i = 0; !err && i < row->n.changes; i++) {
		err = change_get(s, row->n.id, i, &c, ds);
		if (!err)
			err = r->change(r->ctx, c.text.p ? c.text.p : "", c.text.n, (const void *)c.slots.p,
					c.slots.n / sizeof(uint32_t));
	}
	free(c.text.p);
	free(c.slots.p);
	return err;
}

int store_read(struct store *s, const struct store_reader *r, struct fw_diags *ds)
{
	struct row row;
	int err = 0;

	store_lock(s);
	row = s->live;
	store_unlock(s);
	if (row.n.loaded)
		err = snapshot_read(s, &row, r, ds);
	return err ? err : changes_read(s, &row, r, ds);
}

// SPDX-License-Identifier: GPL-2.0-only
/* Blocks of bytes by number, for what changes often in a few places. */
#include "ctl/fwd/store_internal.h"

static int block_put(struct store *s, const struct store_block *b)
{
	sqlite3_stmt *st = store_sql(s, STMT_BLOCK_PUT, b->number, store_sum(0, b->data, b->len));
	int rc = sqlite3_bind_blob64(st, 3, b->data, b->len, SQLITE_STATIC);

	return rc ? rc : store_run(st);
}

int store_blocks_set(struct store *s, const struct store_block *blocks, size_t n, struct fw_diags *ds)
{
	int rc;

	if (!n)
		return 0;
	store_locked(s);
	rc = store_begin(s, true);
	for (size_t i = 0; !rc && i < n; i++)
		rc = block_put(s, &blocks[i]);
	return store_error(s, store_end(s, rc), "write counts down", ds);
}

int store_blocks_clear(struct store *s, struct fw_diags *ds)
{
	int rc;

	store_locked(s);
	rc = store_begin(s, true);
	rc = rc ? rc : store_run(store_stmt(s, STMT_BLOCK_DELETE, 0, NULL));
	return store_error(s, store_end(s, rc), "forget counts", ds);
}

int store_blocks_read(struct store *s, int (*block)(void *ctx, uint64_t number, const void *data, size_t len),
		      void *ctx, struct fw_diags *ds)
{
	sqlite3_stmt *st;
	int rc, err = 0;

	store_locked(s);
	st = store_stmt(s, STMT_BLOCK_GET, 0, NULL);
	while (!err && (rc = sqlite3_step(st)) == SQLITE_ROW) {
		uint64_t number = (uint64_t)sqlite3_column_int64(st, 0);
		const void *data = sqlite3_column_blob(st, 2);
		size_t len = (size_t)sqlite3_column_bytes(st, 2);

		if (store_sum(0, data, len) == (uint32_t)sqlite3_column_int64(st, 1))
			err = block(ctx, number, data, len);
		else
			err = store_damaged(s, ds, "counts are not what was written");
	}
	sqlite3_reset(st);
	return err || rc == SQLITE_DONE ? err : store_error(s, rc, "read counts", ds);
}

// SPDX-License-Identifier: GPL-2.0-only
/* Statements, rows and their checksums: what needs no lock and knows nothing of transactions. */
#include "store_internal.h"

#include <string.h>
#include <zlib.h>

static const char *const statements[STMT_COUNT] = {
#define STATEMENT_SQL(sym, sql) [STMT_##sym] = (sql),
	STATEMENTS(STATEMENT_SQL)
#undef STATEMENT_SQL
};

struct fw_place store_place(const struct store *s)
{
	return (struct fw_place){ s->path, 0, 0 };
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

void store_harden(sqlite3 *db)
{
	sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	sqlite3_db_config(db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
	sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, NULL);
	sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_VIEW, 0, NULL);
	sqlite3_exec(db, "PRAGMA cell_size_check=ON", NULL, NULL, NULL);
	sqlite3_extended_result_codes(db, 1);
}

uint32_t store_sum(uint32_t sum, const void *p, size_t len)
{
	return len ? (uint32_t)crc32_z(sum, p, len) : sum;
}

bool store_sum_is(sqlite3_stmt *st, int column, uint32_t sum)
{
	return sqlite3_column_type(st, column) == SQLITE_INTEGER && sqlite3_column_int64(st, column) == sum;
}

uint32_t store_row_sum(const struct row *row)
{
	return store_sum(store_sum(0, row->number, sizeof(row->number)), row->name, strlen(row->name));
}

int store_row_put(struct store *s, const struct row *row)
{
	sqlite3_stmt *st = store_stmt(s, STMT_ROW_PUT, ROW_NUMBERS, row->number);

	sqlite3_bind_text(st, ROW_NUMBERS + 1, row->name, -1, SQLITE_STATIC);
	sqlite3_bind_int64(st, ROW_NUMBERS + 2, store_row_sum(row));
	return store_run(st);
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

int store_row_state(struct store *s, struct row *row, enum row_state state)
{
	row->n.state = state;
	return row->n.id ? store_row_put(s, row) : 0;
}

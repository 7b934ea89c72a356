// SPDX-License-Identifier: GPL-2.0-only
/* Settings: small values by key. */
#include "store_internal.h"

#include <string.h>

static uint32_t setting_sum(const char *key, const char *value)
{
	return store_sum(store_sum(0, key, strlen(key) + 1), value, strlen(value));
}

int store_setting_put(struct store *s, const char *key, const char *value)
{
	sqlite3_stmt *st = store_stmt(s, value ? STMT_SETTING_PUT : STMT_SETTING_DELETE, 0, NULL);
	int rc = sqlite3_bind_text(st, 1, key, -1, SQLITE_STATIC);

	if (!rc && value)
		rc = sqlite3_bind_text(st, 2, value, -1, SQLITE_STATIC);
	if (!rc && value)
		rc = sqlite3_bind_int64(st, 3, setting_sum(key, value));
	return rc ? rc : store_run(st);
}

int store_set(struct store *s, const char *key, const char *value, struct fw_diags *ds)
{
	int rc;

	store_locked(s);
	rc = store_begin(s, true);
	if (!rc)
		rc = store_setting_put(s, key, value);
	return store_error(s, store_end(s, rc), "store a setting", ds);
}

int store_get(struct store *s, const char *key, char **out)
{
	const char *value;
	sqlite3_stmt *st;
	int rc, err = 0;

	store_locked(s);
	st = store_stmt(s, STMT_SETTING_GET, 0, NULL);
	sqlite3_bind_text(st, 1, key, -1, SQLITE_STATIC);
	rc = sqlite3_step(st);
	value = rc == SQLITE_ROW ? (const char *)sqlite3_column_text(st, 0) : NULL;
	if (rc != SQLITE_ROW)
		err = rc == SQLITE_DONE ? -ENOENT : -EIO;
	else if (!value || !store_sum_is(st, 1, setting_sum(key, value)))
		err = -EIO;
	else
		*out = strdup(value);
	if (!err && !*out)
		err = -ENOMEM;
	sqlite3_reset(st);
	return err;
}

// SPDX-License-Identifier: GPL-2.0-only
/* Changes, and whether they can be kept. */
#include "store_internal.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

int store_change(struct store *s, const struct store_change *c, struct fw_diags *ds)
{
	struct row row;
	int rc;

	store_locked(s);
	row = s->live;
	row.n.changes++;
	row.n.change_bytes += c->len;
	rc = store_begin(s, !c->lazy);
	if (!rc)
		rc = store_change_put(s, &s->live, c);
	if (!rc)
		rc = store_row_put(s, &row);
	if (!rc && c->keep)
		rc = store_keep_change(s, &row, row.n.changes);
	if (!rc)
		rc = store_note_put(s, c->note);
	rc = store_end_kept(s, rc);
	if (!rc) {
		store_note_done(s, c->note);
		s->live = row;
		s->tentative = c->keep ? row.n.changes : s->tentative;
	}
	return store_error(s, rc, "store the change", ds);
}

int store_writable(struct store *s, struct fw_diags *ds)
{
	store_locked(s);
	store_watch_look(s);
	return store_fault_error(s, ds);
}

/* Is there room again? Writes something small. */
static void try_again(struct store *s)
{
	int rc = store_begin(s, true);

	if (!rc)
		rc = store_setting_put(s, "tried", "again");
	store_end(s, rc);
}

void store_look(struct store *s)
{
	bool idle;

	pthread_mutex_lock(&s->lock);
	idle = s->drawn == s->served;
	s->drawn += idle;
	pthread_mutex_unlock(&s->lock);
	if (!idle)
		return; /* its user looks */
	if (!store_watch_look(s) && atomic_load(&s->failed))
		try_again(s);
	store_unlock(s);
}

int store_trouble(const struct store *s, struct fw_diags *ds)
{
	int failed = atomic_load(&s->failed), err = store_fault_error(s, ds);

	if (err || !failed)
		return err;
	fw_diag_add(ds, store_place(s), NULL, "the last change could not be stored: %s", strerror(failed));
	return -failed;
}

const char *store_aside(const struct store *s)
{
	return s->watch.aside;
}

void store_size(struct store *s, uint64_t *changes, uint64_t *bytes)
{
	static const char *const suffixes[] = { "", "-wal" };
	char path[4096];
	struct stat st;

	*changes = atomic_load(&s->changes);
	*bytes = 0;
	for (size_t i = 0; i < sizeof(suffixes) / sizeof(*suffixes); i++) {
		snprintf(path, sizeof(path), "%s%s", s->path, suffixes[i]);
		if (!stat(path, &st))
			*bytes += (uint64_t)st.st_size;
	}
}

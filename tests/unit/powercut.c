// SPDX-License-Identifier: GPL-2.0-only
/* The VFS, and what a disk may have of each file. */
#include "tests/unit/powercut.h"

#include <sqlite3.h>
#include <string.h>

#include "tests/unit/random.h"

#define FILES 8
#define SECTOR 512u

struct unsynced {
	uint64_t at, len; /* of a truncation: the new length */
	uint8_t *data;    /* NULL: a truncation */
};
struct shadow {
	char name[64];
	uint8_t *synced;
	uint64_t len, cap;
	struct unsynced *writes;
	size_t nwrites, writes_cap;
};
struct watched_file {
	sqlite3_file base;
	struct shadow *shadow;
	sqlite3_file *real; /* in the memory after this struct */
};

/* The test's own memory and files: nothing may fail. */
static void need(bool fine, const char *what)
{
	if (fine)
		return;
	fprintf(stderr, "powercut: %s\n", what);
	abort();
}

static struct shadow shadows[FILES];
static sqlite3_vfs vfs, *usual;
static sqlite3_io_methods methods;
static uint64_t operations;
static void (*watch)(void);
static uint64_t fail_at; /* the operation from which on all fail; 0: none */
static int fail_errno;

static sqlite3_file *real_of(sqlite3_file *f)
{
	return ((struct watched_file *)f)->real;
}

static void shadow_apply(struct shadow *s, const struct unsynced *w, bool torn)
{
	uint64_t end = w->at + w->len;

	if (!w->data) {
		s->len = w->len;
		return;
	}
	if (end > s->cap) {
		s->synced = realloc(s->synced, end * 2);
		need(s->synced, "memory");
		memset(s->synced + s->cap, 0, end * 2 - s->cap);
		s->cap = end * 2;
	}
	if (end > s->len)
		s->len = end;
	for (uint64_t at = 0; at < w->len; at += SECTOR)
		if (!torn || random_below(2))
			memcpy(s->synced + w->at + at, w->data + at, w->len - at < SECTOR ? w->len - at : SECTOR);
}

static void writes_forget(struct shadow *s)
{
	for (size_t i = 0; i < s->nwrites; i++)
		free(s->writes[i].data);
	s->nwrites = 0;
}

static void shadow_clear(struct shadow *s)
{
	writes_forget(s);
	free(s->writes);
	free(s->synced);
	memset(s, 0, sizeof(*s));
}

static struct shadow *shadow_of(const char *path)
{
	const char *name = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;

	for (int i = 0; i < FILES; i++) {
		struct shadow *s = &shadows[i];

		if (s->name[0] && strcmp(s->name, name))
			continue;
		snprintf(s->name, sizeof(s->name), "%s", name);
		return s;
	}
	need(false, "more files than expected");
	return NULL;
}

static void happened(void)
{
	operations++;
	if (watch)
		watch();
}

/* An error as SQLite's unix VFS reports it: code and errno. */
static int failure(int rc)
{
	if (!fail_at || operations + 1 < fail_at)
		return 0;
	operations++;
	errno = fail_errno;
	return fail_errno == ENOSPC ? SQLITE_FULL : rc;
}

static int x_write(sqlite3_file *f, const void *data, int len, sqlite3_int64 at)
{
	int failed = failure(SQLITE_IOERR_WRITE);

	if (failed)
		return failed;

	struct shadow *s = ((struct watched_file *)f)->shadow;
	struct unsynced w = { (uint64_t)at, (uint64_t)len, malloc((size_t)len) };
	int rc = real_of(f)->pMethods->xWrite(real_of(f), data, len, at);

	need(!rc && w.data, "write");
	memcpy(w.data, data, (size_t)len);
	need(!fw_vec_push(s->writes, s->nwrites, s->writes_cap, w), "memory");
	happened();
	return rc;
}

static int x_truncate(sqlite3_file *f, sqlite3_int64 len)
{
	struct shadow *s = ((struct watched_file *)f)->shadow;
	struct unsynced w = { 0, (uint64_t)len, NULL };

	need(!fw_vec_push(s->writes, s->nwrites, s->writes_cap, w), "memory");
	return real_of(f)->pMethods->xTruncate(real_of(f), len);
}

static int x_sync(sqlite3_file *f, int flags)
{
	int failed = failure(SQLITE_IOERR_FSYNC);

	if (failed)
		return failed;

	struct shadow *s = ((struct watched_file *)f)->shadow;

	for (size_t i = 0; i < s->nwrites; i++)
		shadow_apply(s, &s->writes[i], false);
	writes_forget(s);
	happened();
	return SQLITE_OK; /* the test's machine does not lose power */
}

static int x_close(sqlite3_file *f)
{
	return real_of(f)->pMethods->xClose(real_of(f));
}

static int x_read(sqlite3_file *f, void *data, int len, sqlite3_int64 at)
{
	return real_of(f)->pMethods->xRead(real_of(f), data, len, at);
}

static int x_size(sqlite3_file *f, sqlite3_int64 *size)
{
	return real_of(f)->pMethods->xFileSize(real_of(f), size);
}

static int x_lock(sqlite3_file *f, int level)
{
	return real_of(f)->pMethods->xLock(real_of(f), level);
}

static int x_unlock(sqlite3_file *f, int level)
{
	return real_of(f)->pMethods->xUnlock(real_of(f), level);
}

static int x_reserved(sqlite3_file *f, int *out)
{
	return real_of(f)->pMethods->xCheckReservedLock(real_of(f), out);
}

static int x_control(sqlite3_file *f, int op, void *arg)
{
	if (op == SQLITE_FCNTL_LAST_ERRNO && fail_errno) {
		*(int *)arg = fail_errno;
		return SQLITE_OK;
	}
	return real_of(f)->pMethods->xFileControl(real_of(f), op, arg);
}

static int x_sector(sqlite3_file *f)
{
	return real_of(f)->pMethods->xSectorSize(real_of(f));
}

static int x_device(sqlite3_file *f)
{
	return real_of(f)->pMethods->xDeviceCharacteristics(real_of(f));
}

static int x_open(sqlite3_vfs *v, const char *name, sqlite3_file *f, int flags, int *out)
{
	struct watched_file *w = (struct watched_file *)f;
	int rc;

	w->real = (sqlite3_file *)(w + 1);
	rc = usual->xOpen(usual, name, w->real, flags, out);
	if (rc)
		return rc;
	w->shadow = shadow_of(name ? name : "temporary");
	f->pMethods = &methods;
	return SQLITE_OK;
}

static int x_delete(sqlite3_vfs *v, const char *name, int sync_dir)
{
	shadow_clear(shadow_of(name));
	return usual->xDelete(usual, name, sync_dir);
}

void powercut_begin(void)
{
	usual = sqlite3_vfs_find("unix");
	vfs = *usual;
	vfs.zName = "powercut";
	vfs.szOsFile = usual->szOsFile + (int)sizeof(struct watched_file);
	vfs.xOpen = x_open;
	vfs.xDelete = x_delete;
	methods = (sqlite3_io_methods){ .iVersion = 1,
					.xClose = x_close,
					.xRead = x_read,
					.xWrite = x_write,
					.xTruncate = x_truncate,
					.xSync = x_sync,
					.xFileSize = x_size,
					.xLock = x_lock,
					.xUnlock = x_unlock,
					.xCheckReservedLock = x_reserved,
					.xFileControl = x_control,
					.xSectorSize = x_sector,
					.xDeviceCharacteristics = x_device };
	operations = 0;
	powercut_resume();
}

void powercut_resume(void)
{
	sqlite3_vfs_register(&vfs, 1);
}

void powercut_pause(void)
{
	sqlite3_vfs_register(usual, 1);
}

void powercut_end(void)
{
	powercut_pause();
	sqlite3_vfs_unregister(&vfs);
	for (int i = 0; i < FILES; i++)
		shadow_clear(&shadows[i]);
}

uint64_t powercut_operations(void)
{
	return operations;
}

void powercut_fail(uint64_t at, int err)
{
	fail_at = at;
	fail_errno = err;
}

void powercut_watch(void (*operation)(void))
{
	watch = operation;
}

/* Applies the writes up to some point, or any of them; whole, or sector by sector. */
static void image_of(const struct shadow *s, const char *folder)
{
	struct shadow disk = { .len = s->len, .cap = s->len, .synced = malloc(s->len + 1) };
	bool any = random_below(2), torn = random_below(2);
	size_t upto = any ? s->nwrites : random_below((uint32_t)s->nwrites + 1);
	char path[512];
	FILE *f;

	need(disk.synced, "memory");
	if (s->len)
		memcpy(disk.synced, s->synced, s->len);
	for (size_t i = 0; i < upto; i++)
		if (!any || random_below(2))
			shadow_apply(&disk, &s->writes[i], torn);
	snprintf(path, sizeof(path), "%s/%s", folder, s->name);
	f = fopen(path, "w");
	need(f && fwrite(disk.synced, 1, disk.len, f) == disk.len && !fclose(f), "image");
	free(disk.synced);
}

void powercut_image(const char *folder)
{
	for (int i = 0; i < FILES && shadows[i].name[0]; i++)
		if (strcmp(shadows[i].name, "temporary"))
			image_of(&shadows[i], folder);
}

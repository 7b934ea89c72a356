// SPDX-License-Identifier: GPL-2.0-only
/*
 * The files of the store: are they still those that were opened, and does a log that an earlier process left belong to the
 * database?
 *
 * SQLite applies any log with the right name next to a database. So a third file, PATH-mark, records which two belong together:
 * inode and birth time of both, and when the database was last written. It is written when the store is opened, and around
 * each checkpoint; a clean end removes it.
 *
 *	database  log        meaning
 *	same      same       left by a process that was killed
 *	another   another    a pair that was copied, or a store of an earlier version
 *	another   same       the database was replaced by a backup: the log is set aside
 *	same      another    a log was put there: it is set aside
 *
 * A database that was written since counts as another one. While the store is open, the same comparison is made before each
 * commit, and once a second.
 */
#include "store_internal.h"

#include <fcntl.h>
#include <libgen.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define MARK_BYTES 512 /* one sector, which is written as a whole or not at all */

static int64_t nanoseconds(struct statx_timestamp t)
{
	return t.tv_sec * 1000000000ll + t.tv_nsec;
}

static bool look_at(const char *path, struct file_mark *out)
{
	struct statx x;

	if (statx(AT_FDCWD, path, 0, STATX_BASIC_STATS | STATX_BTIME, &x))
		return false;
	*out = (struct file_mark){
		.device = (uint64_t)x.stx_dev_major << 32 | x.stx_dev_minor,
		.inode = x.stx_ino,
		.size = x.stx_size,
		.born = x.stx_mask & STATX_BTIME ? nanoseconds(x.stx_btime) : 0,
		.written = nanoseconds(x.stx_mtime),
	};
	return true;
}

static bool is_same(const struct file_mark *a, const struct file_mark *b)
{
	return a->inode == b->inode && a->born == b->born;
}

static bool is_unwritten(const struct file_mark *a, const struct file_mark *b)
{
	return a->written == b->written && a->size == b->size;
}

char *store_sibling(const char *path, const char *suffix)
{
	char *out = NULL;

	return asprintf(&out, "%s%s", path, suffix) < 0 ? NULL : out;
}

void store_folder_sync(const char *path)
{
	fw_autofree char *copy = strdup(path);
	int fd = copy ? open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;

	if (fd < 0)
		return;
	fsync(fd);
	close(fd);
}

/* The text of the mark; db->written is 0 while the database is being written. */
static void mark_print(char out[MARK_BYTES], const struct file_mark *db, const struct file_mark *log)
{
	int n = snprintf(out, MARK_BYTES, "store of fwd: database %llu %lld log %llu %lld written %lld size %llu",
			 (unsigned long long)db->inode, (long long)db->born, (unsigned long long)log->inode,
			 (long long)log->born, (long long)db->written, (unsigned long long)db->size);

	n += snprintf(out + n, (size_t)(MARK_BYTES - n), " sum %08x", store_sum(0, out, (size_t)n));
	memset(out + n, ' ', (size_t)(MARK_BYTES - n));
	out[MARK_BYTES - 1] = '\n';
}

/* Reads @word and a number after it. Return: what follows; NULL: they are not there. */
static const char *take(const char *s, const char *word, uint64_t *out)
{
	size_t len = strlen(word);
	char *end;

	if (!s || strncmp(s, word, len))
		return NULL;
	*out = strtoull(s + len, &end, 10);
	return end;
}

/* Reads the mark that an earlier process left. false: there is none, or it is damaged. */
static bool mark_read(const char *path, struct file_mark *db, struct file_mark *log)
{
	char text[MARK_BYTES + 1] = "", again[MARK_BYTES];
	uint64_t inode[2], born[2], written, size;
	const char *at = text;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	ssize_t n = fd < 0 ? -1 : read(fd, text, MARK_BYTES);

	if (fd >= 0)
		close(fd);
	at = take(at, "store of fwd: database ", &inode[0]);
	at = take(at, " ", &born[0]);
	at = take(at, " log ", &inode[1]);
	at = take(at, " ", &born[1]);
	at = take(at, " written ", &written);
	at = take(at, " size ", &size);
	if (n != MARK_BYTES || !at)
		return false;
	*db = (struct file_mark){
		.inode = inode[0], .born = (int64_t)born[0], .written = (int64_t)written, .size = size
	};
	*log = (struct file_mark){ .inode = inode[1], .born = (int64_t)born[1] };
	mark_print(again, db, log);
	return !memcmp(text, again, MARK_BYTES);
}

/* @settled: the database is not being written now. If the mark cannot be written it is removed: any log is accepted then. */
static void mark_write(struct store *s, bool settled)
{
	struct store_watch *w = &s->watch;
	struct file_mark db = w->db;
	char text[MARK_BYTES];

	if (w->mark_fd < 0)
		return;
	if (!settled)
		db.written = 0;
	mark_print(text, &db, &w->log);
	if (pwrite(w->mark_fd, text, MARK_BYTES, 0) != MARK_BYTES || (!settled && fdatasync(w->mark_fd)))
		unlink(w->mark_path);
}

/* Renames the log, so that nothing applies it. 0 or -errno. */
static int set_aside(struct store_watch *w)
{
	char stamp[32];
	time_t now = time(NULL);
	struct tm tm;
	char *to = NULL;

	if (!gmtime_r(&now, &tm) || !strftime(stamp, sizeof(stamp), "%Y%m%dT%H%M%SZ", &tm))
		return -EOVERFLOW;
	if (asprintf(&to, "%s.%s", w->log_path, stamp) < 0)
		return -ENOMEM;
	if (renameat2(AT_FDCWD, w->log_path, AT_FDCWD, to, RENAME_NOREPLACE) && rename(w->log_path, to)) {
		int err = -errno;

		free(to);
		return err;
	}
	store_folder_sync(w->log_path);
	free(w->aside);
	w->aside = to;
	return 0;
}

/* Does the log on disk belong to another database? */
static bool log_is_foreign(const struct store *s)
{
	const struct store_watch *w = &s->watch;
	struct file_mark db, log, marked_db, marked_log;
	bool same_db;

	if (!look_at(w->log_path, &log) || !log.size || !look_at(s->path, &db) ||
	    !mark_read(w->mark_path, &marked_db, &marked_log))
		return false;
	same_db = is_same(&db, &marked_db) && (!marked_db.written || is_unwritten(&db, &marked_db));
	return same_db != is_same(&log, &marked_log);
}

int store_watch_prepare(struct store *s)
{
	struct store_watch *w = &s->watch;
	fw_autofree char *real = realpath(s->path, NULL);
	const char *path = real ? real : s->path;

	w->log_path = store_sibling(path, "-wal");
	w->mark_path = store_sibling(path, "-mark");
	if (!w->log_path || !w->mark_path)
		return -ENOMEM;
	w->foreign_log = log_is_foreign(s) && (s->copy || set_aside(w));
	return 0;
}

void store_watch_begin(struct store *s)
{
	struct store_watch *w = &s->watch;

	w->watched = look_at(s->path, &w->db) && look_at(w->log_path, &w->log);
	if (!w->watched)
		return;
	w->mark_fd = open(w->mark_path, O_CREAT | O_RDWR | O_CLOEXEC | O_NOFOLLOW, 0600);
	mark_write(s, true);
	if (w->mark_fd >= 0)
		fsync(w->mark_fd);
	store_folder_sync(w->mark_path);
}

static enum store_fault compare(const struct store *s)
{
	const struct store_watch *w = &s->watch;
	struct file_mark db, log;

	if (!look_at(s->path, &db))
		return FAULT_GONE;
	if (!is_same(&db, &w->db) || db.device != w->db.device)
		return FAULT_REPLACED;
	if (!is_unwritten(&db, &w->db))
		return FAULT_WRITTEN;
	if (!look_at(w->log_path, &log) || !is_same(&log, &w->log) || log.device != w->log.device)
		return FAULT_LOG;
	return FAULT_NONE;
}

/* Moves all commits into the database. true: the log is not needed any more. */
static bool log_empty(struct store *s)
{
	int pages = 0, moved = -1;

	return !sqlite3_wal_checkpoint_v2(s->db, NULL, SQLITE_CHECKPOINT_PASSIVE, &pages, &moved) && pages == moved;
}

/* Separates the log from a database that is not its own, since this process may be killed any time. @empty: it is not needed. */
static void log_part(struct store *s, bool empty)
{
	struct store_watch *w = &s->watch;
	struct file_mark log;

	if (!look_at(w->log_path, &log) || !is_same(&log, &w->log) || log.device != w->log.device)
		return;
	if (empty ? unlink(w->log_path) : set_aside(w))
		return;
	unlink(w->mark_path);
	store_folder_sync(w->mark_path);
}

/* A permanent fault: leaves the files such that no later process applies the wrong log. */
static void notice(struct store *s, enum store_fault fault)
{
	struct store_watch *w = &s->watch;

	w->stays = true;
	if (!sqlite3_get_autocommit(s->db))
		sqlite3_exec(s->db, "ROLLBACK", NULL, NULL, NULL); /* it is not going to be committed */
	sqlite3_db_config(s->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
	if (fault == FAULT_REPLACED)
		log_part(s, log_empty(s)); /* the open files are elsewhere, if anywhere */
	else if (fault == FAULT_WRITTEN)
		log_part(s, false);
	else if (log_empty(s) && look_at(s->path, &w->db))
		mark_write(s, true);
}

enum store_fault store_watch_look(struct store *s)
{
	struct store_watch *w = &s->watch;
	enum store_fault was = atomic_load(&s->fault), is;

	if (!w->watched || w->stays)
		return was;
	is = compare(s);
	atomic_store(&s->fault, is);
	if (is && is != FAULT_GONE)
		notice(s, is); /* once: it is permanent */
	return is;
}

void store_watch_settle(struct store *s, bool settled)
{
	struct store_watch *w = &s->watch;
	struct file_mark db;

	if (!w->watched)
		return;
	if (settled && w->fd >= 0)
		fsync(w->fd); /* with the time of writing, which is compared after a power cut */
	if (settled && look_at(s->path, &db) && is_same(&db, &w->db))
		w->db = db;
	mark_write(s, settled);
}

void store_watch_end(struct store *s)
{
	struct store_watch *w = &s->watch;
	struct file_mark log;

	/* SQLite has removed its log: all of it is in the database. */
	if (w->watched && !w->stays && !look_at(w->log_path, &log))
		unlink(w->mark_path);
	if (w->mark_fd >= 0)
		close(w->mark_fd);
	if (w->fd >= 0)
		close(w->fd);
	free(w->log_path);
	free(w->mark_path);
	free(w->aside);
}

/* clang-format off */
static const struct {
	int err;
	const char *message, *hint;
} faults[] = {
	[FAULT_COPY] = { EROFS, "the store cannot be written: %s; fwd filters by what it holds",
		"when it can be written again, restart fwd (systemctl restart fwd): filtering continues meanwhile" },
	[FAULT_GONE] = { ESTALE, "the store is not where it was: it was removed or moved, or something is mounted over it",
		"put it back, and changes are accepted again; or keep the live rules with `fwctl save FILE` and restart fwd" },
	[FAULT_REPLACED] = { ESTALE, "the store was replaced: this is not the file that fwd opened",
		"restart fwd (systemctl restart fwd) to go on with this file; `fwctl save FILE` keeps what is live now. "
		"To restore a backup, stop fwd and run `fwd --restore FILE`" },
	[FAULT_WRITTEN] = { ESTALE, "the store was replaced: somebody else has written to it",
		"restart fwd (systemctl restart fwd) to go on with what is in it; `fwctl save FILE` keeps what is live now. "
		"To restore a backup, stop fwd and run `fwd --restore FILE`" },
	[FAULT_LOG] = { ESTALE, "the store's log of changes (its name with -wal) was removed or replaced",
		"restart fwd (systemctl restart fwd): all that was changed is in the store itself" },
};
/* clang-format on */

int store_fault_error(const struct store *s, struct fw_diags *ds)
{
	enum store_fault fault = atomic_load(&s->fault);
	char message[256];

	if (!fault)
		return 0;
	snprintf(message, sizeof(message), faults[fault].message, strerror(s->watch.why));
	fw_diag_add(ds, (struct fw_place){ s->path, 0, 0 }, faults[fault].hint, "%s", message);
	return -faults[fault].err;
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * The store when others tamper with its files: acknowledged changes are on disk, under the path; files that were put there are
 * not changed; and the log of a killed process is only applied to its own database.
 */
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "ctl/fwd/store/store.h"
#include "tests/unit/tree.h"

#define OLD 3  /* changes in the backup */
#define NEW 40 /* changes since */

static char folder[64], home[80], path[96], backup[96];

static void run(const char *fmt, ...)
{
	char command[512];
	va_list ap;
	int status;
	pid_t child;

	va_start(ap, fmt);
	vsnprintf(command, sizeof(command), fmt, ap);
	va_end(ap);
	child = fork();
	if (!child) {
		execl("/bin/sh", "sh", "-c", command, NULL);
		_exit(127);
	}
	if (child < 0 || waitpid(child, &status, 0) != child || status)
		fail_msg("%s", command);
}

static int change(struct store *s, unsigned number, struct fw_diags *ds)
{
	static char text[6000];
	size_t len = (size_t)snprintf(text, sizeof(text), "%u", number);

	/* More than a page each, so that two databases do not agree by chance. */
	memset(text + len, 'a' + (int)(number % 26), sizeof(text) - len);
	return store_change(s, &(struct store_change){ .text = text, .len = sizeof(text) }, ds);
}

/* Changes are numbered from 1 on. */
static int count(void *ctx, const char *text, size_t len, const uint32_t *slots, size_t nslots)
{
	unsigned *n = ctx;

	assert_int_equal(strtoul(text, NULL, 10), ++*n);
	return 0;
}

static int no_snapshot(void *ctx, const struct store_snapshot *sn)
{
	return -EINVAL;
}

static unsigned changes_in(struct store *s)
{
	unsigned n = 0;
	const struct store_reader r = { no_snapshot, count, &n };
	struct fw_diags ds = { .n = 0 };

	if (store_read(s, &r, &ds))
		fail_msg("%s", ds.d[0].message);
	return n;
}

static struct store *open_store(void)
{
	struct fw_diags ds = { .n = 0 };
	struct store *s = NULL;

	if (store_open(path, &ds, &s))
		fail_msg("%s", ds.d[0].message);
	return s;
}

/* Creates a store, a backup of it, and changes since. */
static void make(void)
{
	struct store *s;

	tree_empty(folder);
	assert_int_equal(mkdir(home, 0700), 0);
	s = open_store();
	for (unsigned i = 1; i <= OLD; i++)
		assert_int_equal(change(s, i, NULL), 0);
	store_close(s);
	run("cp %s %s", path, backup);
}

static void add_new(struct store *s)
{
	for (unsigned i = OLD + 1; i <= OLD + NEW; i++)
		assert_int_equal(change(s, i, NULL), 0);
}

/* What can happen to the files, and what the store holds then. */
static const struct mishap {
	const char *name, *command; /* of sh, in the store's folder */
	const char *says;
	unsigned then;   /* changes that the next process finds */
	bool unnoticed;  /* also if this process is killed before it can have noticed */
	bool comes_back; /* with `undo`; then changes are accepted again */
	const char *undo;
} mishaps[] = {
	{ "moved over", "mv ../backup store", "replaced", OLD, true, false, NULL },
	{ "copied over", "cp ../backup store", "replaced", OLD, true, false, NULL },
	{ "copied over with its times", "cp -p ../backup store", "replaced", OLD, true, false, NULL },
	{ "removed and copied", "rm store && cp ../backup store", "replaced", OLD, true, false, NULL },
	{ "linked over", "ln -sf ../backup store", "replaced", OLD, true, false, NULL },
	{ "truncated", "truncate -s 4096 store && cp ../backup store", "replaced", OLD, true, false, NULL },
	{ "another folder in its place", "cd .. && mv home away && mkdir home && cp backup home/store", "replaced", OLD,
	  true, false, NULL },
	{ "log removed", "rm store-wal", "store's log", OLD + NEW, false, false, NULL },
	{ "log replaced", "cp store-wal new && mv new store-wal", "store's log", OLD + NEW, false, false, NULL },
	{ "folder moved", "mv ../home ../away", "not where it was", OLD + NEW, false, true, "mv away home" },
	{ "moved", "mv store away", "not where it was", OLD + NEW, false, true, "mv home/away home/store" },
};
#define NMISHAPS (sizeof(mishaps) / sizeof(*mishaps))

static void refused(const struct mishap *m, int err, struct fw_diags *ds)
{
	if (err != -ESTALE || ds->n != 1 || !strstr(ds->d[0].message, m->says) || !ds->d[0].hint[0])
		fail_msg("%s: error %d: %s", m->name, err, ds->n ? ds->d[0].message : "");
	assert_string_equal(ds->d[0].file, path);
	ds->n = 0;
}

static void found(const struct mishap *m, unsigned then, const char *when)
{
	struct store *s = open_store();
	unsigned n = changes_in(s);

	if (n != then)
		fail_msg("%s, %s: %u changes, not %u", m->name, when, n, then);
	assert_int_equal(store_trouble(s, NULL), 0);
	assert_int_equal(change(s, n + 1, NULL), 0);
	store_close(s);
	s = open_store();
	assert_int_equal(changes_in(s), n + 1);
	store_close(s);
}

/* Work that nobody waits for. */
static void note(struct store *s)
{
	store_note(s, &(struct store_note){ .text = "tried", .len = 5 });
}

/* All calls with a result that somebody waits for. */
static void nothing_is_taken(struct store *s, const struct mishap *m)
{
	const struct store_snapshot sn = { .source.name = "n", .source.text = "rule drop\n", .source.len = 10 };
	struct fw_diags ds = { .n = 0 };

	refused(m, change(s, OLD + NEW + 1, &ds), &ds);
	refused(m, store_snapshot_begin(s, &sn, &ds), &ds);
	refused(m, store_writable(s, &ds), &ds);
	refused(m, store_trouble(s, &ds), &ds);
	note(s);
}

static void noticed(void **state)
{
	for (size_t i = 0; i < NMISHAPS; i++) {
		const struct mishap *m = &mishaps[i];
		struct store *s;

		make();
		s = open_store();
		add_new(s);
		run("cd %s && %s", home, m->command);
		nothing_is_taken(s, m);
		if (m->comes_back) {
			run("cd %s && %s", folder, m->undo);
			note(s);
			assert_int_equal(change(s, OLD + NEW + 1, NULL), 0);
			run("cd %s && %s", home, m->command);
			nothing_is_taken(s, m);
			run("cd %s && %s", folder, m->undo);
			assert_int_equal(store_writable(s, NULL), 0);
		}
		store_close(s);
		found(m, m->then + m->comes_back, "ended");
	}
}

/* With a load that began before, and with a change that waits to be confirmed. */
static void noticed_in_between(void **state)
{
	const struct store_snapshot sn = { .source.name = "n", .source.text = "rule drop\n", .source.len = 10 };
	struct fw_diags ds = { .n = 0 };
	struct store *s;

	for (size_t i = 0; i < NMISHAPS; i++) {
		make();
		s = open_store();
		add_new(s);
		assert_int_equal(store_snapshot_begin(s, &sn, NULL), 0);
		assert_int_equal(store_snapshot_number(s, &sn, NULL), 0);
		run("cd %s && %s", home, mishaps[i].command);
		refused(&mishaps[i], store_snapshot_commit(s, false, NULL, &ds), &ds);
		store_snapshot_abort(s);
		store_close(s);

		make();
		s = open_store();
		assert_int_equal(store_change(s, &(struct store_change){ .text = "4", .len = 1, .keep = true }, NULL),
				 0);
		run("cd %s && %s", home, mishaps[i].command);
		refused(&mishaps[i], store_forget(s, &ds), &ds);
		store_close(s);
	}
}

enum then { NOT_NOTICED, NOTICED_BY_CHANGE, NOTICED_BY_LOOK };

/* Kills a process after the files were changed. @then: what it does before. */
static void kill_one(const struct mishap *m, enum then then)
{
	int go[2], done[2], status;
	char byte;
	pid_t child;

	assert_int_equal(pipe(go) | pipe(done), 0);
	child = fork();
	if (!child) {
		struct store *s = open_store();

		add_new(s);
		if (write(done[1], "x", 1) != 1 || read(go[0], &byte, 1) != 1)
			_exit(1);
		if (then == NOTICED_BY_CHANGE && change(s, OLD + NEW + 1, NULL) != -ESTALE)
			_exit(1);
		if (then == NOTICED_BY_LOOK)
			store_look(s);
		_exit(write(done[1], "x", 1) != 1 || pause());
	}
	assert_int_equal(read(done[0], &byte, 1), 1);
	run("cd %s && %s", home, m->command);
	assert_int_equal(write(go[1], "x", 1), 1);
	assert_int_equal(read(done[0], &byte, 1), 1);
	kill(child, SIGKILL);
	waitpid(child, &status, 0);
	assert_true(WIFSIGNALED(status));
	close(go[0]), close(go[1]), close(done[0]), close(done[1]);
}

static void killed(void **state)
{
	static const char *const whens[] = { "killed at once", "killed after a change was refused",
					     "killed a second later" };

	for (size_t i = 0; i < NMISHAPS; i++)
		for (enum then then = NOT_NOTICED; then <= NOTICED_BY_LOOK; then++) {
			const struct mishap *m = &mishaps[i];

			if (then == NOT_NOTICED && !m->unnoticed && !m->comes_back)
				continue;
			make();
			kill_one(m, then);
			if (m->comes_back)
				run("cd %s && %s", folder, m->undo);
			found(m, m->then, whens[then]);
		}
}

/* The log of a killed process is applied to its database: in its place, or wherever both were moved. */
static void own_log(void **state)
{
	static const struct mishap rows[] = {
		{ "left alone", ":", "", OLD + NEW, false, false, NULL },
		{ "copied both", "mkdir new && cp store* new && rm store* && mv new/* .", "", OLD + NEW, false, false,
		  NULL },
		{ "copied both without the mark",
		  "cp -p store n && mv n store && cp store-wal n && mv n store-wal; rm store-mark", "", OLD + NEW,
		  false, false, NULL },
		{ "another owner", "chmod 640 store store-wal", "", OLD + NEW, false, false, NULL },
		{ "a mark that says nothing", "echo >store-mark", "", OLD + NEW, false, false, NULL },
		{ "moved and back", "mv store x && mv x store", "", OLD + NEW, false, false, NULL },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		make();
		kill_one(&rows[i], NOT_NOTICED);
		found(&rows[i], OLD + NEW, "killed");
	}
}

/* A foreign log is kept, under a name that is reported; after a clean end only the store is left. */
static void set_aside(void **state)
{
	struct store *s;
	struct stat st;
	char aside[160];

	make();
	kill_one(&mishaps[0], NOT_NOTICED);
	s = open_store();
	assert_non_null(store_aside(s));
	snprintf(aside, sizeof(aside), "%s", store_aside(s));
	assert_int_equal(stat(aside, &st), 0);
	assert_true(st.st_size > 0);
	store_close(s);
	assert_int_equal(unlink(aside), 0);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(rmdir(home), 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(noticed), cmocka_unit_test(noticed_in_between), cmocka_unit_test(killed),
		cmocka_unit_test(own_log), cmocka_unit_test(set_aside),
	};
	int failed;

	snprintf(folder, sizeof(folder), "/tmp/fwd-test-store-watch-%d", (int)getpid());
	snprintf(home, sizeof(home), "%s/home", folder);
	snprintf(path, sizeof(path), "%s/store", home);
	snprintf(backup, sizeof(backup), "%s/backup", folder);
	if (mkdir(folder, 0700))
		return 1;
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	tree_empty(folder);
	rmdir(folder);
	return failed;
}

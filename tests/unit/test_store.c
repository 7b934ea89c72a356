// SPDX-License-Identifier: GPL-2.0-only
/*
 * The store: what was written is read back, also after kill -9, after power cuts and on a full disk; changed bytes of the file
 * are noticed. Work consists of steps that depend on a seed alone, so that a model knows what the store must hold after any
 * number of them.
 */
#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#include <sqlite3.h>
#include <zlib.h>

#include "ctl/fwd/store/store.h"
#include "tests/unit/killed.h"
#include "tests/unit/powercut.h"
#include "tests/unit/random.h"
#include "tests/unit/tree.h"

#define CHANGES_MAX 4096
#define TEXT_MAX (3u << 20)

static char folder[64] = "/tmp/fwd-test-store-XXXXXX", path[96];
static char *noise; /* TEXT_MAX + 4096 random bytes: texts begin anywhere in it */

/* A ruleset in the store, as digests. */
struct ruleset_model {
	uint64_t snapshot; /* digest; 0: none was loaded */
	uint64_t change[CHANGES_MAX];
	size_t nchanges;
};
struct model {
	struct ruleset_model live, kept;
	bool keeps;
	uint64_t tentative; /* which of the live changes waits to be confirmed, from 1 on; 0: none */
	uint64_t setting;
	uint64_t note; /* digest of the record stored with the last change; 0: none */
};

static uint64_t digest(uint64_t d, const void *p, size_t len)
{
	const unsigned char *b = len ? p : (const unsigned char *)"";
	uint64_t word;

	d = fw_mix64(d + len + 1);
	for (; len >= sizeof(word); len -= sizeof(word), b += sizeof(word)) {
		memcpy(&word, b, sizeof(word));
		d = (d ^ word) * 0x100000001b3ull;
		d ^= d >> 31;
	}
	for (size_t i = 0; i < len; i++)
		d = (d ^ b[i]) * 0x100000001b3ull;
	return d;
}

static uint64_t snapshot_digest(const struct store_snapshot *sn)
{
	uint64_t d = digest(sn->source.format, sn->source.name, strlen(sn->source.name));

	d = digest(d, sn->source.text, sn->source.len);
	for (size_t i = 0; i < sn->source.nfiles; i++) {
		d = digest(d, sn->source.files[i].path, strlen(sn->source.files[i].path));
		d = digest(d, sn->source.files[i].text, sn->source.files[i].len);
	}
	d = digest(d, sn->ids, sn->nrules * sizeof(*sn->ids));
	d = digest(d, sn->slots, sn->nrules * sizeof(*sn->slots));
	return digest(d, &sn->next_id, sizeof(sn->next_id));
}

static uint64_t change_digest(const char *text, size_t len, const uint32_t *slots, size_t nslots)
{
	return digest(digest(1, text, len), slots, nslots * sizeof(*slots));
}

static int read_snapshot(void *ctx, const struct store_snapshot *sn)
{
	struct ruleset_model *m = ctx;

	assert_int_equal(m->snapshot, 0);
	assert_int_equal(m->nchanges, 0);
	m->snapshot = snapshot_digest(sn);
	return 0;
}

static int read_change(void *ctx, const char *text, size_t len, const uint32_t *slots, size_t nslots)
{
	struct ruleset_model *m = ctx;

	m->change[m->nchanges++] = change_digest(text, len, slots, nslots);
	return 0;
}

static int store_ruleset(struct store *s, struct ruleset_model *out, struct fw_diags *ds)
{
	const struct store_reader r = { read_snapshot, read_change, out };

	memset(out, 0, sizeof(*out));
	return store_read(s, &r, ds);
}

static bool same_ruleset(const struct ruleset_model *a, const struct ruleset_model *b)
{
	return a->snapshot == b->snapshot && a->nchanges == b->nchanges &&
	       !memcmp(a->change, b->change, a->nchanges * sizeof(*a->change));
}

static void read_note(const char *text, size_t len, void *ctx)
{
	*(uint64_t *)ctx = strtoull(text, NULL, 10);
}

/* All that the store holds. Rolls back, to see the kept ruleset too. */
static void store_state(struct store *s, struct model *out)
{
	fw_autofree char *setting = NULL;
	int err = store_get(s, "setting", &setting);

	assert_true(!err || err == -ENOENT);
	out->setting = setting ? strtoull(setting, NULL, 10) : 0;
	out->note = 0;
	assert_int_equal(store_history(s, 1, read_note, &out->note), 0);
	assert_int_equal(store_ruleset(s, &out->live, NULL), 0);
	err = store_rollback(s, &(struct store_change){ .len = 0 }, NULL);
	assert_true(!err || err == -ENOENT);
	out->keeps = !err;
	assert_int_equal(store_ruleset(s, &out->kept, NULL), 0);
}

static void model_rollback(struct model *m)
{
	uint64_t *at = m->live.change + m->tentative;

	if (m->keeps)
		m->live = m->kept;
	else if (m->tentative)
		memmove(at - 1, at, (m->live.nchanges-- - m->tentative) * sizeof(*at));
	m->keeps = false;
	m->tentative = 0;
}

/* @got as store_state() sees it. */
static bool same_state(const struct model *got, const struct model *m)
{
	static struct model back;

	back = *m;
	model_rollback(&back);
	return got->setting == m->setting && got->note == m->note && same_ruleset(&got->live, &m->live) &&
	       got->keeps == (m->keeps || m->tentative) && (!got->keeps || same_ruleset(&got->kept, &back.live));
}

static struct fw_random random_of(uint64_t step)
{
	return (struct fw_random){ fw_mix64(random_seed() * 0x9e3779b97f4a7c15ull + step) };
}

static const char *text_at(struct fw_random *d)
{
	return noise + fw_random_below(d, 4096);
}

/* A random snapshot, from tiny to several pieces. */
struct made_snapshot {
	struct store_snapshot sn;
	struct store_file files[3];
	uint64_t ids[1000];
	uint32_t slots[1000];
};

/* A random snapshot, in the memory of @m. */
static void snapshot_make(struct fw_random *d, struct made_snapshot *m)
{
	static const char *const paths[] = { "a", "lists/b.txt", "/etc/c" };

	m->sn = (struct store_snapshot){ .source.name = paths[fw_random_below(d, 3)],
					 .source.format = (uint32_t)fw_random_below(d, 2) };
	m->sn.source.text = text_at(d);
	m->sn.source.len = fw_random_below(d, 8) ? fw_random_below(d, 5000) : fw_random_below(d, TEXT_MAX);
	m->sn.source.nfiles = fw_random_below(d, 4);
	m->sn.source.files = m->files;
	for (size_t i = 0; i < m->sn.source.nfiles; i++)
		m->files[i] = (struct store_file){ paths[i], text_at(d),
						   fw_random_below(d, 3) ? fw_random_below(d, 9000) : 0 };
	m->sn.nrules = fw_random_below(d, 1000);
	for (size_t i = 0; i < m->sn.nrules; i++) {
		m->ids[i] = fw_random_below(d, UINT64_MAX);
		m->slots[i] = (uint32_t)fw_random_below(d, 1 << 20);
	}
	m->sn.ids = m->ids;
	m->sn.slots = m->slots;
	m->sn.next_id = fw_random_below(d, UINT64_MAX);
}

/* Some changes do not wait for the disk. */
static bool lazy_steps;

/* Steps: each does something to the store, if there is one, and updates the model accordingly. */
static int step_change(struct store *s, struct model *m, struct fw_random *d)
{
	bool keep = !m->keeps && !m->tentative && !fw_random_below(d, 8);
	char words[32];
	struct store_note note = { 0, words, 0 };
	size_t len = fw_random_below(d, 50) ? fw_random_below(d, 300) : fw_random_below(d, 200000),
	       nslots = fw_random_below(d, 4);
	uint32_t slots[4] = { (uint32_t)fw_random_below(d, 1000), (uint32_t)fw_random_below(d, 1000), 7, 9 };
	const char *text = text_at(d);

	m->live.change[m->live.nchanges++] = change_digest(text, len, slots, nslots);
	m->tentative = keep ? m->live.nchanges : m->tentative;
	m->note = m->live.change[m->live.nchanges - 1];
	note.len = (size_t)snprintf(words, sizeof(words), "%llu", (unsigned long long)m->note);
	return s ? store_change(s,
				&(struct store_change){ text, len, slots, nslots, keep, &note,
							lazy_steps && !keep && len % 2 },
				NULL) :
		   0;
}

static int step_set(struct store *s, struct model *m, struct fw_random *d)
{
	char value[32];

	m->setting = fw_random_below(d, 3) ? fw_random_below(d, 1000) + 1 : 0;
	snprintf(value, sizeof(value), "%llu", (unsigned long long)m->setting);
	return s ? store_set(s, "setting", m->setting ? value : NULL, NULL) : 0;
}

static int snapshot_write(struct store *s, const struct made_snapshot *m)
{
	int err = store_snapshot_begin(s, &m->sn, NULL);

	return err ? err : store_snapshot_number(s, &m->sn, NULL);
}

static int step_snapshot(struct store *s, struct model *m, struct fw_random *d)
{
	static struct made_snapshot made;
	bool keep = fw_random_below(d, 2);
	int err;

	snapshot_make(d, &made);
	if (keep) {
		m->kept = m->live;
		m->keeps = true;
	}
	m->tentative = 0;
	m->live.nchanges = 0;
	m->live.snapshot = snapshot_digest(&made.sn);
	if (!s)
		return 0;
	err = snapshot_write(s, &made);
	return err ? err : store_snapshot_commit(s, keep, NULL, NULL);
}

static int step_abort(struct store *s, struct model *m, struct fw_random *d)
{
	static struct made_snapshot made;
	int err;

	snapshot_make(d, &made);
	err = s ? store_snapshot_begin(s, &made.sn, NULL) : 0;
	if (s && !err)
		store_snapshot_abort(s);
	return err;
}

/* Changes are made while the snapshot that replaces earlier ones is written. */
static int step_fold(struct store *s, struct model *m, struct fw_random *d)
{
	static struct made_snapshot made;
	size_t folded = m->live.nchanges, more = fw_random_below(d, 3);
	int err = 0;

	if (m->keeps || m->tentative)
		return 0;
	snapshot_make(d, &made);
	if (s)
		err = snapshot_write(s, &made);
	for (size_t i = 0; !err && i < more; i++)
		err = step_change(s, m, d);
	/* Not a single step for the model: the changes in between may be there without the fold. */
	m->live.snapshot = snapshot_digest(&made.sn);
	memmove(m->live.change, m->live.change + folded, more * sizeof(*m->live.change));
	m->live.nchanges = more;
	m->tentative -= m->tentative ? folded : 0;
	return s && !err ? store_snapshot_fold(s, folded, NULL) : err;
}

static int step_rollback(struct store *s, struct model *m, struct fw_random *d)
{
	int want = m->keeps || m->tentative ? 0 : -ENOENT, err;

	model_rollback(m);
	err = s ? store_rollback(s, &(struct store_change){ .len = 0 }, NULL) : want;
	return err == want ? 0 : err ? err : -EINVAL;
}

static int step_forget(struct store *s, struct model *m, struct fw_random *d)
{
	m->keeps = false;
	m->tentative = 0;
	return s ? store_forget(s, NULL) : 0;
}

static int step_tidy(struct store *s, struct model *m, struct fw_random *d)
{
	return s ? store_tidy(s) : 0;
}

/* How often of 100. Those that are several steps for the store are last. */
static const struct {
	unsigned percent;
	int (*run)(struct store *s, struct model *m, struct fw_random *d);
} steps[] = {
	{ 70, step_change },  { 6, step_set },    { 6, step_snapshot }, { 4, step_abort },
	{ 4, step_rollback }, { 4, step_forget }, { 3, step_tidy },     { 3, step_fold },
};

static int step(struct store *s, struct model *m, uint64_t number)
{
	struct fw_random d = random_of(number);
	unsigned at = (unsigned)fw_random_below(&d, 100), i = 0;

	while (at >= steps[i].percent)
		at -= steps[i++].percent;
	return steps[i].run(s, m, &d);
}

static bool is_fold(uint64_t number)
{
	struct fw_random d = random_of(number);

	return fw_random_below(&d, 100) >= 97;
}

/* An interrupted fold: some of the changes made during it, but no fold. */
static bool is_part_of_fold(const struct model *got, const struct model *before, uint64_t number)
{
	static struct model after, part;

	if (!is_fold(number) || before->keeps || before->tentative)
		return false;
	after = part = *before;
	step(NULL, &after, number);
	for (size_t i = 0; i < after.live.nchanges; i++) {
		part.note = part.live.change[part.live.nchanges++] = after.live.change[i];
		if (after.tentative == i + 1)
			part.tentative = part.live.nchanges;
		if (same_state(got, &part))
			return true;
	}
	return false;
}

/* The store must hold the result of @done steps, or of one more. */
static void assert_holds(const char *file, uint64_t done, const char *what)
{
	static struct model want, next, got;
	struct fw_diags ds = { 0 };
	struct store *s = NULL;

	memset(&want, 0, sizeof(want));
	for (uint64_t i = 0; i < done; i++)
		step(NULL, &want, i);
	next = want;
	step(NULL, &next, done);
	if (store_open(file, &ds, &s))
		fail_msg("%s after %llu steps: %s", what, (unsigned long long)done, ds.d[0].message);
	store_state(s, &got);
	store_close(s);
	if (!same_state(&got, &want) && !same_state(&got, &next) && !is_part_of_fold(&got, &want, done))
		fail_msg("%s after %llu steps: the store holds something else", what, (unsigned long long)done);
}

static void read_back(void **state)
{
	static struct ruleset_model live;
	static struct model m, got;
	struct store *s = NULL;
	uint64_t changes, bytes;

	tree_empty(folder);
	memset(&m, 0, sizeof(m));
	assert_int_equal(store_open(path, NULL, &s), 0);
	for (uint64_t i = 0; i < 600; i++) {
		assert_int_equal(step(s, &m, i), 0);
		if (i % 50 == 25) {
			store_close(s);
			assert_int_equal(store_open(path, NULL, &s), 0);
		}
		assert_int_equal(store_ruleset(s, &live, NULL), 0);
		assert_true(same_ruleset(&live, &m.live));
		store_size(s, &changes, &bytes);
		assert_int_equal(changes, m.live.nchanges);
		assert_true(bytes > 4096);
	}
	store_state(s, &got);
	assert_true(same_state(&got, &m));
	store_close(s);
}

/* Space of removed rows is reused: the file does not grow forever. */
static void stays_small(void **state)
{
	struct store_snapshot sn = { .source.name = "big", .source.text = noise, .source.len = TEXT_MAX };
	uint64_t changes, first = 0, bytes;
	struct store *s = NULL;

	tree_empty(folder);
	assert_int_equal(store_open(path, NULL, &s), 0);
	for (int i = 0; i < 30; i++) {
		assert_int_equal(store_snapshot_begin(s, &sn, NULL), 0);
		assert_int_equal(store_snapshot_number(s, &sn, NULL), 0);
		assert_int_equal(store_snapshot_commit(s, false, NULL, NULL), 0);
		assert_true(store_tidy_wanted(s));
		assert_int_equal(store_tidy(s), 0);
		assert_false(store_tidy_wanted(s));
		store_size(s, &changes, &bytes);
		first = i == 2 ? bytes : first;
	}
	assert_true(bytes <= first + (8u << 20));
	store_close(s);
}

static void two_opens(void **state)
{
	struct fw_diags ds = { 0 };
	struct store *s = NULL;
	int ready[2], status;
	char byte;
	pid_t child;

	tree_empty(folder);
	assert_int_equal(pipe(ready), 0);
	child = fork();
	if (!child) {
		struct store *mine = NULL;

		_exit(store_open(path, NULL, &mine) || write(ready[1], "x", 1) != 1 || pause());
	}
	assert_int_equal(read(ready[0], &byte, 1), 1);
	assert_int_equal(store_open(path, &ds, &s), -EBUSY);
	assert_int_equal(ds.n, 1);
	assert_non_null(strstr(ds.d[0].hint, "another fwd"));
	kill(child, SIGKILL);
	waitpid(child, &status, 0);
	assert_int_equal(store_open(path, NULL, &s), 0);
	store_close(s);
	close(ready[0]);
	close(ready[1]);
}

static void make_text(void)
{
	FILE *f = fopen(path, "w");

	fprintf(f, "rule accept\n# and more text than the header of a database has, so that it can be none: %0100d\n",
		0);
	fclose(f);
}

static void make_database(void)
{
	sqlite3 *db;

	assert_int_equal(sqlite3_open(path, &db), 0);
	assert_int_equal(sqlite3_exec(db, "CREATE TABLE t (x)", NULL, NULL, NULL), 0);
	sqlite3_close(db);
}

static void make_folder(void)
{
	assert_int_equal(mkdir(path, 0700), 0);
}

static void not_a_store(void **state)
{
	static const struct {
		void (*make)(void);
		int err;
		const char *says;
	} rows[] = {
		{ make_text, -EIO, "not a database" },
		{ make_database, -EINVAL, "not a store of fwd" },
		{ make_folder, -EISDIR, "cannot open" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct fw_diags ds = { 0 };
		struct store *s = NULL;

		tree_empty(folder);
		rows[i].make();
		assert_int_equal(store_open(path, &ds, &s), rows[i].err);
		assert_int_equal(ds.n, 1);
		if (!strstr(ds.d[0].message, rows[i].says))
			fail_msg("%s", ds.d[0].message);
		assert_string_equal(ds.d[0].file, path);
		assert_true(ds.d[0].hint[0] != 0);
	}
}

static void other_version(void **state)
{
	struct fw_diags ds = { 0 };
	struct store *s = NULL;
	unsigned char version[] = { 0, 0, 0, 2 };
	int fd;

	tree_empty(folder);
	assert_int_equal(store_open(path, NULL, &s), 0);
	store_close(s);
	fd = open(path, O_WRONLY);
	assert_int_equal(pwrite(fd, version, 4, 60), 4); /* user_version in the header of an SQLite file */
	close(fd);
	assert_int_equal(store_open(path, &ds, &s), -EPROTONOSUPPORT);
	assert_non_null(strstr(ds.d[0].message, "version 2"));
	assert_true(ds.d[0].hint[0] != 0);
}

struct noted {
	unsigned long long last;
	size_t n;
};

static void note_read(const char *text, size_t len, void *ctx)
{
	struct noted *k = ctx;
	unsigned long long number = strtoull(text, NULL, 10);

	assert_true(len == strlen(text) && (!k->n++ || number < k->last));
	k->last = number;
}

static struct noted notes(struct store *s, size_t limit)
{
	struct noted k = { 0 };

	assert_int_equal(store_history(s, limit, note_read, &k), 0);
	return k;
}

static void note(struct store *s, unsigned ring, unsigned number)
{
	char text[32];

	store_note(s, &(struct store_note){ ring, text, (size_t)snprintf(text, sizeof(text), "%u", number) });
}

/* Rings hold the last records, in order, however often the store is opened; the store stays within its size. */
static void history(void **state)
{
	static const size_t sizes[] = { 1000, 1000, 200 };
	struct store *s = NULL;
	uint64_t changes, bytes;
	sqlite3 *db;

	tree_empty(folder);
	assert_int_equal(store_open(path, NULL, &s), 0);
	assert_int_equal(notes(s, 10).n, 0);
	for (unsigned i = 1; i <= 700; i++)
		note(s, i % 3, i);
	store_close(s);
	assert_int_equal(store_open(path, NULL, &s), 0);
	assert_int_equal(notes(s, 10000).n, 233 + 234 + 200);
	for (unsigned i = 701; i <= 9000; i++)
		note(s, i % 3, i);
	store_close(s);
	assert_int_equal(store_open(path, NULL, &s), 0);
	assert_int_equal(notes(s, 10000).n, sizes[0] + sizes[1] + sizes[2]);
	assert_int_equal(notes(s, 10).n, 10);
	assert_int_equal(notes(s, 10).last, 8991);
	store_size(s, &changes, &bytes);
	assert_true(bytes < 12u << 20);
	store_close(s);

	/* A store from before there was such a table. */
	assert_int_equal(sqlite3_open(path, &db), 0);
	assert_int_equal(sqlite3_exec(db, "DROP TABLE history", NULL, NULL, NULL), 0);
	sqlite3_close(db);
	assert_int_equal(store_open(path, NULL, &s), 0);
	note(s, 0, 1);
	assert_int_equal(notes(s, 10).n, 1);
	store_close(s);
}

/* A child works until it is killed, and reports each finished step through the pipe. No kill loses what is not yet on disk. */
static void work(int out, uint64_t from)
{
	static struct model m;
	struct store *s = NULL;

	lazy_steps = true;
	memset(&m, 0, sizeof(m));
	if (store_open(path, NULL, &s))
		return;
	for (uint64_t i = from; !step(s, &m, i) && write(out, "x", 1) == 1; i++)
		;
}

static void killed(void **state)
{
	enum { KILLS = 220, STEPS = 1000 }; /* at least: on a busy machine more kills are needed for as many steps */
	uint64_t all = 0;
	unsigned kills = 0;

	for (; kills < KILLS || all <= STEPS; kills++) {
		uint64_t done;

		tree_empty(folder);
		done = kill_child_counted(&(struct killed){ .work = work, .us = 60000 });
		all += done;
		assert_holds(path, done, "killed");
	}
	print_message("%u kills, %llu steps acknowledged\n", kills, (unsigned long long)all);
}

/* The power fails at some of the writes of a step; what the disk may hold then is checked after the step. */
static struct {
	char folder[96];
	uint64_t at;
	unsigned taken;
} cut;

static void cut_power(void)
{
	if (cut.at && powercut_operations() >= cut.at) {
		cut.at = 0;
		cut.taken++;
		powercut_image(cut.folder);
	}
}

static void power_cut(void **state)
{
	static struct model m;
	struct store *s = NULL;
	char image[120];

	tree_empty(folder);
	memset(&m, 0, sizeof(m));
	cut.taken = 0;
	snprintf(cut.folder, sizeof(cut.folder), "%s/cut", folder);
	snprintf(image, sizeof(image), "%s/store", cut.folder);
	assert_int_equal(mkdir(cut.folder, 0700), 0);
	powercut_begin();
	assert_int_equal(store_open(path, NULL, &s), 0);
	for (uint64_t i = 0; i < 1500 && cut.taken < 300; i++) {
		unsigned before = cut.taken;

		cut.at = powercut_operations() + 1 + random_below(20);
		powercut_watch(cut_power);
		assert_int_equal(step(s, &m, i), 0);
		powercut_watch(NULL);
		if (cut.taken == before)
			continue;
		powercut_pause();
		assert_holds(image, i, "power cut");
		tree_empty(cut.folder);
		powercut_resume();
	}
	store_close(s);
	powercut_end();
	print_message("%u power cuts\n", cut.taken);
	assert_true(cut.taken >= 200);
}

/* Writing fails somewhere in a step: the step is refused without a trace, and the next one works. */
static void failing_with(int err, const char *says)
{
	static struct model m, before;
	static struct ruleset_model got;
	struct store *s = NULL;
	unsigned refused = 0;

	tree_empty(folder);
	memset(&m, 0, sizeof(m));
	powercut_begin();
	assert_int_equal(store_open(path, NULL, &s), 0);
	for (uint64_t i = 0; i < 200; i++) {
		struct fw_diags ds = { .n = 0 };
		struct fw_random d = random_of(i);
		int is;

		before = m;
		powercut_fail(powercut_operations() + 1 + random_below(12), err);
		is = i % 8 ? step_change(s, &m, &d) : step_snapshot(s, &m, &d);
		if (is) {
			assert_int_equal(is, -err);
			assert_int_equal(store_trouble(s, &ds), -err);
			if (!strstr(ds.d[0].message, says))
				fail_msg("%s", ds.d[0].message);
			m = before;
			refused++;
		}
		powercut_fail(0, 0);
		assert_int_equal(store_ruleset(s, &got, NULL), 0);
		assert_true(same_ruleset(&got, &m.live));
		store_look(s);
		assert_int_equal(store_trouble(s, NULL), 0);
	}
	store_close(s);
	powercut_end();
	assert_int_equal(store_open(path, NULL, &s), 0);
	assert_int_equal(store_ruleset(s, &got, NULL), 0);
	assert_true(same_ruleset(&got, &m.live));
	store_close(s);
	print_message("%s: %u of 200 steps refused\n", says, refused);
	assert_true(refused > 50);
}

static void failing(void **state)
{
	failing_with(EIO, "Input/output error");
	failing_with(ENOSPC, "No space left");
	failing_with(EDQUOT, "quota");
	failing_with(EROFS, "Read-only");
}

/* A small file system, in a mount namespace of the test's own. */
static bool mount_small(const char *at)
{
	mkdir(at, 0700);
	if (unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount("tmpfs", at, "tmpfs", 0, "size=64m")) {
		print_message("skipped: no mount namespace: %s\n", strerror(errno));
		return false;
	}
	return true;
}

static void fill(const char *in, size_t leave)
{
	static char block[4096];
	char file[120];
	struct stat st;
	int fd;

	snprintf(file, sizeof(file), "%s/ballast", in);
	fd = open(file, O_CREAT | O_WRONLY | O_APPEND, 0600);
	assert_true(fd >= 0);
	while (write(fd, block, sizeof(block)) == sizeof(block))
		;
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(ftruncate(fd, st.st_size > (off_t)leave ? st.st_size - (off_t)leave : 0), 0);
	close(fd);
}

/* Changes until the disk is full; acknowledged ones stay, and changes are accepted again when there is room. */
static void full_changes(const char *file, const char *in)
{
	static struct ruleset_model want, got;
	struct store *s = NULL;
	struct fw_diags ds = { 0 };
	char ballast[120];
	int err = 0;

	memset(&want, 0, sizeof(want));
	assert_int_equal(store_open(file, NULL, &s), 0);
	fill(in, 2u << 20);
	for (unsigned i = 0; !err; i++) {
		size_t len = 1 + random_below(i % 10 ? 3000 : 60000);

		err = store_change(s, &(struct store_change){ .text = noise + i % 4096, .len = len }, &ds);
		if (!err)
			want.change[want.nchanges++] = change_digest(noise + i % 4096, len, NULL, 0);
	}
	assert_int_equal(err, -ENOSPC);
	assert_non_null(strstr(ds.d[0].message, "no space left"));
	assert_true(want.nchanges > 20);
	assert_int_equal(store_ruleset(s, &got, NULL), 0);
	assert_true(same_ruleset(&want, &got));
	store_close(s);
	assert_int_equal(store_open(file, NULL, &s), 0);
	assert_int_equal(store_ruleset(s, &got, NULL), 0);
	assert_true(same_ruleset(&want, &got));
	snprintf(ballast, sizeof(ballast), "%s/ballast", in);
	unlink(ballast);
	assert_int_equal(store_change(s, &(struct store_change){ .text = "more", .len = 4 }, NULL), 0);
	store_close(s);
}

/*
 * A snapshot that does not fit is refused before it is begun; if the disk fills up while it is written, what was written is
 * removed. Changes fit in both cases.
 */
static void full_snapshot(const char *file, const char *in)
{
	static uint64_t ids[1u << 20];
	static uint32_t slots[1u << 20];
	struct store_file large = { "large", noise, TEXT_MAX };
	struct store_snapshot sn = { .source.name = "n",
				     .source.text = noise,
				     .source.len = TEXT_MAX,
				     .source.files = &large,
				     .source.nfiles = 1,
				     .ids = ids,
				     .slots = slots,
				     .nrules = 1u << 20 };
	static struct ruleset_model got;
	struct fw_diags ds = { 0 };
	struct store *s = NULL;
	char ballast[120];

	snprintf(ballast, sizeof(ballast), "%s/ballast", in);
	assert_int_equal(store_open(file, NULL, &s), 0);
	fill(in, 4u << 20);
	assert_int_equal(store_snapshot_begin(s, &sn, &ds), -ENOSPC);
	assert_int_equal(ds.n, 1);
	assert_int_equal(store_change(s, &(struct store_change){ .text = "small", .len = 5 }, NULL), 0);
	unlink(ballast);
	assert_int_equal(store_snapshot_begin(s, &sn, NULL), 0);
	fill(in, 64u << 10);
	assert_int_equal(store_snapshot_number(s, &sn, &ds), -ENOSPC);
	assert_int_equal(ds.n, 2);
	assert_int_equal(store_change(s, &(struct store_change){ .text = "small", .len = 5 }, NULL), 0);
	assert_int_equal(store_ruleset(s, &got, NULL), 0);
	assert_int_equal(got.snapshot, 0);
	assert_int_equal(got.nchanges, 2);
	store_close(s);
}

static void full_disk(void **state)
{
	char in[96], file[120];
	int status;
	pid_t child;

	if (geteuid()) {
		print_message("skipped: only root may mount\n");
		return;
	}
	tree_empty(folder);
	snprintf(in, sizeof(in), "%s/small", folder);
	snprintf(file, sizeof(file), "%s/store", in);
	fflush(stdout);
	child = fork(); /* the namespace ends with it */
	if (!child) {
		if (mount_small(in)) {
			full_changes(file, in);
			tree_empty(in);
			full_snapshot(file, in);
		}
		fflush(stdout);
		_exit(0);
	}
	waitpid(child, &status, 0);
	assert_int_equal(status, 0);
}

/* A store in whose file nearly every byte matters. */
static void make_dense(struct ruleset_model *out)
{
	static struct made_snapshot made;
	struct fw_random d = random_of(0);
	struct store *s = NULL;

	tree_empty(folder);
	assert_int_equal(store_open(path, NULL, &s), 0);
	snapshot_make(&d, &made);
	made.sn.source.len = 200000;
	assert_int_equal(snapshot_write(s, &made), 0);
	assert_int_equal(store_snapshot_commit(s, false, NULL, NULL), 0);
	for (int i = 0; i < 300; i++)
		assert_int_equal(store_change(s,
					      &(struct store_change){ .text = noise + i, .len = 1 + random_below(500) },
					      NULL),
				 0);
	assert_int_equal(store_ruleset(s, out, NULL), 0);
	store_close(s);
}

/* Reads the whole store: it must be what was written, or give an error with place and hint. Return: the error. */
static bool notices_damage(const struct ruleset_model *written, long long at)
{
	static struct ruleset_model got;
	struct fw_diags ds = { 0 };
	struct store *s = NULL;
	int err = store_open(path, &ds, &s);

	err = err ? err : store_ruleset(s, &got, &ds);
	store_close(s);
	if (!err && !same_ruleset(&got, written))
		fail_msg("byte %lld was changed, and that went unnoticed", at);
	if (err && (ds.n != 1 || !ds.d[0].hint[0] || strcmp(ds.d[0].file, path)))
		fail_msg("byte %lld: error %d without a diagnostic", at, err);
	return err;
}

/* A change that lost all its columns is no empty change, though the checksum of nothing is 0, as which a lost column reads. */
static void emptied(void **state)
{
	static struct ruleset_model written;
	sqlite3 *db;

	make_dense(&written);
	assert_int_equal(sqlite3_open(path, &db), 0);
	assert_int_equal(sqlite3_exec(db,
				      "UPDATE change SET sum = x'41', text = x'', slots = NULL "
				      "WHERE id = (SELECT max(id) FROM change)",
				      NULL, NULL, NULL),
			 0);
	sqlite3_close(db);
	assert_true(notices_damage(&written, 0));
}

/* Each restore keeps the former store under a name of its own, also several within a second. */
static void restored(void **state)
{
	char copy[128], kept[4][160];
	struct store *s = NULL;
	char *value = NULL;

	tree_empty(folder);
	snprintf(copy, sizeof(copy), "%s-copy", path);
	assert_int_equal(store_open(copy, NULL, &s), 0);
	assert_int_equal(store_set(s, "from", "the copy", NULL), 0);
	store_close(s);
	for (size_t i = 0; i < 4; i++) {
		assert_int_equal(store_open_copy(copy, NULL, &s), 0);
		assert_int_equal(store_restore(s, path, kept[i], sizeof(kept[i]), NULL), 0);
		store_close(s);
		assert_true(!i == !kept[i][0]);
		if (i)
			assert_int_equal(access(kept[i], F_OK), 0);
		for (size_t k = 0; k < i; k++)
			assert_string_not_equal(kept[k], kept[i]);
	}
	assert_int_equal(store_open(path, NULL, &s), 0);
	assert_int_equal(store_get(s, "from", &value), 0);
	assert_string_equal(value, "the copy");
	free(value);
	store_close(s);
}

/* Impossible numbers in the row of the live snapshot, with a correct checksum. */
static void lying(void **state)
{
	static const struct {
		int column; /* of the table of snapshots */
		long long value;
	} rows[] = { { 4, 1ll << 40 }, { 5, -1 }, { 5, 1ll << 50 }, { 7, 1ll << 61 }, { 6, 1ll << 40 }, { 9, -1 } };
	static struct ruleset_model written;

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		long long numbers[11];
		sqlite3_stmt *st;
		char sql[160];
		uLong sum;
		sqlite3 *db;

		make_dense(&written);
		assert_int_equal(sqlite3_open(path, &db), 0);
		assert_int_equal(sqlite3_prepare_v2(db, "SELECT * FROM snapshot WHERE state = 1", -1, &st, NULL), 0);
		assert_int_equal(sqlite3_step(st), SQLITE_ROW);
		for (int k = 0; k < 11; k++)
			numbers[k] = k == rows[i].column ? rows[i].value : sqlite3_column_int64(st, k);
		sum = crc32(0, (const Bytef *)numbers, sizeof(numbers));
		sum = crc32(sum, sqlite3_column_text(st, 11), (uInt)sqlite3_column_bytes(st, 11));
		snprintf(sql, sizeof(sql), "UPDATE snapshot SET %s = %lld, sum = %lu WHERE state = 1",
			 sqlite3_column_name(st, rows[i].column), rows[i].value, sum);
		sqlite3_finalize(st);
		assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), 0);
		sqlite3_close(db);
		assert_true(notices_damage(&written, rows[i].column));
	}
}

static void damaged(void **state)
{
	static struct ruleset_model written;
	unsigned found = 0;
	struct stat st;
	char *whole;
	int fd;

	make_dense(&written);
	assert_int_equal(stat(path, &st), 0);
	whole = malloc((size_t)st.st_size);
	fd = open(path, O_RDWR);
	assert_int_equal(read(fd, whole, (size_t)st.st_size), st.st_size);
	for (int i = 0; i < 500; i++) {
		off_t at = (off_t)(random_u64() % (uint64_t)st.st_size);
		char byte = (char)(whole[at] ^ (1 + random_below(255)));

		assert_int_equal(pwrite(fd, &byte, 1, at), 1);
		found += notices_damage(&written, at);
		assert_int_equal(ftruncate(fd, 0), 0);
		assert_int_equal(pwrite(fd, whole, (size_t)st.st_size, 0), st.st_size);
	}
	close(fd);
	free(whole);
	print_message("of 500 changed bytes %u were found; the others are of no use\n", found);
	assert_true(found > 300);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(read_back),   cmocka_unit_test(stays_small),   cmocka_unit_test(two_opens),
		cmocka_unit_test(not_a_store), cmocka_unit_test(other_version), cmocka_unit_test(killed),
		cmocka_unit_test(power_cut),   cmocka_unit_test(failing),       cmocka_unit_test(full_disk),
		cmocka_unit_test(emptied),     cmocka_unit_test(lying),         cmocka_unit_test(damaged),
		cmocka_unit_test(history),     cmocka_unit_test(restored),
	};
	int failed;

	random_start();
	noise = malloc(TEXT_MAX + 4096);
	if (!noise || !mkdtemp(folder))
		return 1;
	snprintf(path, sizeof(path), "%s/store", folder);
	for (size_t i = 0; i < TEXT_MAX + 4096; i++)
		noise[i] = (char)random_u64();
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	tree_empty(folder);
	rmdir(folder);
	free(noise);
	return failed;
}

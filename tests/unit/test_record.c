// SPDX-License-Identifier: GPL-2.0-only
/* Records in words: no text forges a line; and entries with fields reach the journal. */
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <syslog.h>
#include <unistd.h>

#include <cmocka.h>
#include <jansson.h>

#include "ctl/fwd/history.h"
#include "ctl/fwd/base/journal.h"
#include "ctl/fwd/base/record.h"
#include "fw/log.h"

static void texts(void **state)
{
	static const struct {
		const char *text, *want;
		size_t size;
	} rows[] = {
		{ "", "", 8 },
		{ "load a", "load a", 8 },
		{ "load abc", "load...", 8 },
		{ "a\nb\tc\rd", "a\\nb\\tc\\x0dd", 64 },
		{ "\x1b[2Jx\x7f", "\\x1b[2Jx\\x7f", 64 },
		{ "\xc2\x9bK \xc3\xa4", "\\xc2\\x9bK \xc3\xa4", 64 },
		{ "1234\n", "1234\\n", 8 },
		{ "123\xc3\xa4xyz", "123...", 8 },
		{ "\xc2", "\\xc2", 8 },
	};
	char out[64];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_string_equal(record_text(out, rows[i].size, rows[i].text, strlen(rows[i].text)), rows[i].want);
}

static void changes(void **state)
{
	static const char *const rows[][2] = {
		{ "add rule drop", "add rule drop" },
		{ "add rule drop\n\n \n", "add rule drop" },
		{ "add rule drop\ndel rule 1", "batch f.batch" },
		{ "", "" },
	};
	char out[64];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_string_equal(record_change(out, sizeof(out), rows[i][0], strlen(rows[i][0]), "f.batch"),
				    rows[i][1]);
}

static const struct record load = { .at = 1796014146.5,
				    .action = RECORD_LOAD,
				    .who = { 123, 1000, "fwctl" },
				    .what = "load \"a\".rules",
				    .rules = 3,
				    .counts = { .added = 2, .removed = 1, .elements_added = 7 } };
static const struct record bans = { .action = RECORD_CHANGE,
				    .what = "set add b 192.0.2.1",
				    .counts = { .elements_added = 1 } };
static const struct record denied = {
	.action = RECORD_DENIED, .who = { 5, 1, "x" }, .what = "flush", .refused = true, .why = "nobody may"
};

static void lines(void **state)
{
	static const struct {
		const struct record *r;
		enum record_ring ring;
		const char *want;
	} rows[] = {
		{ &load, RECORD_CHANGES,
		  "load \"a\".rules: 3 rules, 2 rules added, 1 rule removed, 7 elements added, by fwctl (pid 123, uid 1000)" },
		{ &bans, RECORD_ELEMENTS, "set add b 192.0.2.1: 1 element added" },
		{ &denied, RECORD_REFUSALS, "refused: flush: nobody may, by x (pid 5, uid 1)" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		fw_cleanup(fw_buf_free) struct fw_buf line = { 0 };
		fw_cleanup(fw_buf_free) struct fw_buf json = { 0 };
		json_t *o;

		record_line(&line, rows[i].r);
		record_json(&json, rows[i].r);
		assert_string_equal(line.text, rows[i].want);
		assert_int_equal(record_ring(rows[i].r), rows[i].ring);
		o = json_loads(json.text, 0, NULL);
		assert_non_null(o);
		assert_string_equal(json_string_value(json_object_get(o, "what")), rows[i].r->what);
		assert_int_equal(json_integer_value(json_object_get(o, "rules")), rows[i].r->rules);
		json_decref(o);
	}
}

/* A journal of the test's own, in the place of the system's. */
static int journal_open(void)
{
	const struct sockaddr_un at = { .sun_family = AF_UNIX, .sun_path = "/run/systemd/journal/socket" };
	int fd;

	if (geteuid() || unshare(CLONE_NEWNS) || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount("none", "/run", "tmpfs", 0, NULL) || mkdir("/run/systemd", 0755) ||
	    mkdir("/run/systemd/journal", 0755))
		return -1;
	fd = socket(AF_UNIX, SOCK_DGRAM, 0);
	assert_int_equal(bind(fd, (const struct sockaddr *)&at, sizeof(at)), 0);
	return fd;
}

static void journal(void **state)
{
	fw_cleanup(fw_buf_free) struct fw_buf b = { 0 };
	static struct fwd d;
	char stream[64], got[1024] = "";
	struct stat st;
	int fd;

	unsetenv("JOURNAL_STREAM");
	assert_false(journal_is_there());
	assert_int_equal(fstat(STDERR_FILENO, &st), 0);
	snprintf(stream, sizeof(stream), "%llu:%llu", (unsigned long long)st.st_dev, (unsigned long long)st.st_ino + 1);
	setenv("JOURNAL_STREAM", stream, 1);
	assert_false(journal_is_there());
	snprintf(stream, sizeof(stream), "%llu:%llu", (unsigned long long)st.st_dev, (unsigned long long)st.st_ino);
	setenv("JOURNAL_STREAM", stream, 1);
	assert_true(journal_is_there());
	fd = journal_open();
	if (fd < 0) {
		print_message("skipped: a journal, for want of root\n");
		return;
	}
	record_fields(&b, &load);
	assert_true(journal_send(b.text, b.len));
	assert_int_equal(recv(fd, got, sizeof(got) - 1, 0), b.len);
	assert_non_null(strstr(got, "FWD_ACTION=load\nFWD_WHAT=load \"a\".rules\nFWD_RESULT=done\nFWD_PID=123\n"));
	assert_non_null(strstr(got, "FWD_UID=1000\nFWD_PROCESS=fwctl\nFWD_ADDED=2\nFWD_REMOVED=1\n"));
	assert_non_null(strstr(got, "FWD_ELEMENTS_ADDED=7\n"));
	/* As the daemon does it. */
	memset(&d, 0, sizeof(d));
	assert_true(history_record(&load, &d));
	memset(got, 0, sizeof(got));
	assert_true(recv(fd, got, sizeof(got) - 1, 0) > 0);
	assert_memory_equal(got, "MESSAGE=load \"a\".rules: 3 rules, ", 31);
	assert_non_null(strstr(got, "\nPRIORITY=6\nSYSLOG_IDENTIFIER=fwd\nFWD_ACTION=load\n"));
	close(fd);
	assert_false(journal_send(b.text, b.len));
}

/* Neither the journal nor whoever has our standard error reads: what does not fit is left out, and nobody waits. */
static void nobody_reads(void **state)
{
	enum { MANY = 20000, MOST = 8 << 20 };
	int saved = dup(STDERR_FILENO), pair[2], journal = journal_open(), queued = 0;
	char stream[64];
	struct stat st;

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	assert_true(dup2(pair[1], STDERR_FILENO) >= 0);
	fstat(STDERR_FILENO, &st);
	snprintf(stream, sizeof(stream), "%llu:%llu", (unsigned long long)st.st_dev, (unsigned long long)st.st_ino);
	setenv("JOURNAL_STREAM", stream, 1);
	alarm(120);
	for (int i = 0; i < MANY; i++) {
		fw_log("line %d", i);
		journal_say(LOG_INFO, "a packet", "FWD_RULE=1\n");
	}
	alarm(0);
	dup2(saved, STDERR_FILENO);
	unsetenv("JOURNAL_STREAM");
	assert_int_equal(ioctl(pair[0], FIONREAD, &queued), 0);
	assert_in_range(queued, 1000, MOST);
	close(saved);
	close(pair[0]);
	close(pair[1]);
	if (journal >= 0)
		close(journal);
}

/* Of each kind only some are logged in a second, and of refusals only those are stored. */
static void floods(void **state)
{
	static struct fwd d;
	double start = fw_now();
	unsigned kept = 0, told;

	fflush(stderr);
	for (int i = 0; i < 5000; i++)
		kept += history_record(&denied, &d);
	told = 20 * ((unsigned)(fw_now() - start) + 2);
	assert_true(kept >= 20 && kept <= told);
	for (int i = 0; i < 100; i++)
		assert_true(history_record(&bans, &d));
	assert_true(history_record(&load, &d));
	assert_int_equal(d.history[RECORD_CHANGES].left_out, 0);
	history_tick(&d, fw_now() + 2);
	assert_int_equal(d.history[RECORD_ELEMENTS].left_out, 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(texts),  cmocka_unit_test(changes), cmocka_unit_test(lines),
		cmocka_unit_test(floods), cmocka_unit_test(journal), cmocka_unit_test(nobody_reads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

// SPDX-License-Identifier: GPL-2.0-only
/* The client of fwd's socket: it receives what was sent, and bad or missing replies end in an error, in time. */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "fake_fwd.h"
#include "fw/client.h"

static const struct fw_part none = { "{}", 2 };

static void reply(struct fw_buf *b)
{
	fake_message(b, FW_REPLY_LINES, "{\"a\":1}\n{\"b\":2}\n", NULL);
	fake_message(b, FW_REPLY_TEXT, "{}", "some text");
	fake_message(b, FW_REPLY_END, "{\"ok\":true}", NULL);
}

static void whole_reply(void **state)
{
	const struct fw_message *m;
	struct fw_client *c = NULL;
	struct fw_buf b = { 0 };
	struct fake_fwd f;

	reply(&b);
	fake_fwd_start(&f, b.text, b.len, false);
	assert_int_equal(fw_client_open(f.path, 2, &c), 0);
	assert_int_equal(fw_client_send(c, FW_REQ_STATUS, &none, 1), 0);
	assert_int_equal(fw_client_next(c, &m), 0);
	assert_int_equal(m->kind, FW_REPLY_LINES);
	assert_memory_equal(m->part[0].data, "{\"a\":1}\n", 8);
	assert_int_equal(fw_client_next(c, &m), 0);
	assert_int_equal(m->kind, FW_REPLY_TEXT);
	assert_int_equal(m->part[1].len, 9);
	assert_memory_equal(m->part[1].data, "some text", 9);
	assert_int_equal(fw_client_next(c, &m), 0);
	assert_int_equal(m->kind, FW_REPLY_END);
	assert_int_equal(fw_client_next(c, &m), -ECONNRESET);
	fw_client_close(c);
	fake_fwd_stop(&f);
	assert_int_equal(f.kind, FW_REQ_STATUS);
	assert_string_equal(f.request, "{}");
	fw_buf_free(&b);
}

/* Reads all messages, up to the first error. */
static int read_all(const char *path, unsigned *n)
{
	const struct fw_message *m;
	struct fw_client *c = NULL;
	int err = fw_client_open(path, 1, &c);

	err = err ? err : fw_client_send(c, FW_REQ_STATUS, &none, 1);
	for (*n = 0; !err; *n += !err)
		err = fw_client_next(c, &m);
	fw_client_close(c);
	return err;
}

static void cut_reply(void **state)
{
	struct fw_buf b = { 0 };
	unsigned n;

	reply(&b);
	for (size_t len = 0; len <= b.len; len++) {
		struct fake_fwd f;

		fake_fwd_start(&f, b.text, len, false);
		assert_int_equal(read_all(f.path, &n), -ECONNRESET);
		assert_int_equal(n, (len >= 28) + (len >= 55) + (len >= b.len));
		fake_fwd_stop(&f);
	}
	fw_buf_free(&b);
}

static void broken_reply(void **state)
{
	static const struct {
		const char *bytes;
		size_t len;
	} rows[] = {
		{ "\0\0\0\0\0\1\0\0", 8 },            /* no parts */
		{ "\4\0\0\0\0\1\1\0\1\0\0\0", 12 },   /* a part beyond the end */
		{ "\5\0\0\0\0\1\1\0\0\0\0\0x", 13 },  /* a byte too much */
		{ "\0\0\0\x20\0\1\1\0\0\0\0\0", 12 }, /* 512 MiB */
		{ "\4\0\0\0\0\1\1\4\0\0\0\0", 12 },   /* 1025 parts */
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct fake_fwd f;
		unsigned n;

		fake_fwd_start(&f, rows[i].bytes, rows[i].len, false);
		assert_int_equal(read_all(f.path, &n), -EPROTO);
		fake_fwd_stop(&f);
	}
}

static void no_answer(void **state)
{
	struct fake_fwd f;
	unsigned n;

	fake_fwd_start(&f, "\6\0", 2, true);
	assert_int_equal(read_all(f.path, &n), -ETIMEDOUT);
	fake_fwd_stop(&f);
}

/* A socket with a full queue, like that of a stopped fwd. */
static void nobody_accepts(void **state)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), err = 0;
	struct fw_client *c[8] = { NULL };
	char folder[] = "/tmp/fw-test-client-XXXXXX";

	assert_non_null(mkdtemp(folder));
	snprintf(a.sun_path, sizeof(a.sun_path), "%s/sock", folder);
	assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	assert_int_equal(listen(fd, 0), 0);
	for (int i = 0; i < 8 && !err; i++)
		err = fw_client_open(a.sun_path, 1, &c[i]);
	assert_int_equal(err, -ETIMEDOUT);
	for (int i = 0; i < 8; i++)
		fw_client_close(c[i]);
	close(fd);
	unlink(a.sun_path);
	rmdir(folder);
}

static void no_connection(void **state)
{
	struct fw_client *c = NULL;
	char longest[200];

	memset(longest, 'x', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	assert_int_equal(fw_client_open("/nonexistent/sock", 1, &c), -ENOENT);
	assert_int_equal(fw_client_open(longest, 1, &c), -ENAMETOOLONG);
	assert_null(c);
}

static void too_large_a_request(void **state)
{
	fw_autofree char *text = calloc(1, 8192);
	const struct fw_part large = { text, 8192 };
	struct fw_client *c = NULL;
	struct fake_fwd f;

	fake_fwd_start(&f, "", 0, false);
	assert_int_equal(fw_client_open(f.path, 1, &c), 0);
	assert_int_equal(fw_client_send(c, FW_REQ_STATUS, &large, 1), -EMSGSIZE);
	assert_int_equal(fw_client_send(c, FW_NREQUESTS, &none, 1), -EPROTO);
	assert_int_equal(fw_client_send(c, FW_REQ_STATUS, &none, 0), -EPROTO);
	fw_client_close(c);
	fake_fwd_stop(&f);
	assert_int_equal(f.requests, 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(whole_reply),         cmocka_unit_test(cut_reply),
		cmocka_unit_test(broken_reply),        cmocka_unit_test(no_answer),
		cmocka_unit_test(nobody_accepts),      cmocka_unit_test(no_connection),
		cmocka_unit_test(too_large_a_request),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

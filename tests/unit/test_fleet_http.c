// SPDX-License-Identifier: GPL-2.0-only
/* HTTP requests and timers on the loop, against servers that answer well, badly and not at all. */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "fake_web.h"

/* A loop with requests, and a server. */
struct rig {
	struct fw_loop loop;
	struct fw_http *http;
	struct fake_web *web;
	const struct fake_answer *answer; /* of the server */
	char request[4096];               /* that it got last */
	struct fw_timer limit;
	unsigned done;
	int err;
	long status;
	char body[256], etag[64], why[256];
	size_t len, arrived;
	struct fw_http_call *call; /* to be cancelled by part() */
	int part_err;
};

static struct fake_answer answer(void *ctx, const char *request)
{
	struct rig *r = ctx;

	snprintf(r->request, sizeof(r->request), "%s", request);
	return *r->answer;
}

static void too_long(struct fw_timer *t)
{
	struct rig *r = (struct rig *)((char *)t - offsetof(struct rig, limit));

	r->loop.end = true;
	fail_msg("no answer within a minute");
}

static void rig_open(struct rig *r)
{
	*r = (struct rig){ .limit = { .ring = too_long } };
	assert_int_equal(fw_loop_open(&r->loop), 0);
	assert_int_equal(fw_http_open(&r->loop, "test/1", &r->http), 0);
	assert_int_equal(fw_timer_set(r->http, &r->limit, 60), 0);
	r->web = fake_web_open(&r->loop, r->http, answer, r);
}

static void rig_close(struct rig *r)
{
	fake_web_close(r->web);
	fw_http_close(r->http);
	fw_loop_close(&r->loop);
}

static void done(void *ctx, const struct fw_http_answer *a)
{
	struct rig *r = ctx;

	r->done++;
	r->err = a->err;
	r->status = a->status;
	r->len = a->len;
	snprintf(r->body, sizeof(r->body), "%s", a->body);
	snprintf(r->etag, sizeof(r->etag), "%s", a->etag);
	snprintf(r->why, sizeof(r->why), "%s", a->why);
	r->loop.end = true;
}

static void run(struct rig *r, struct fw_http_request request)
{
	request.url = request.url ? request.url : fake_web_url(r->web);
	request.done = done;
	request.ctx = r;
	r->loop.end = false;
	assert_int_equal(fw_http_start(r->http, &request, &r->call), 0);
	assert_int_equal(fw_loop_run(&r->loop), 0);
}

#define OK(headers, body) "HTTP/1.1 200 OK\r\n" headers "\r\n" body

static const struct {
	const char *name;
	struct fake_answer answer;
	struct fw_http_request request;
	int err;
	long status;
	const char *body;
} answer_rows[] = {
	{ "with a length", { .text = OK("Content-Length: 5\r\n", "hello") }, { .max = 5 }, 0, 200, "hello" },
	{ "to its end", { .text = FAKE_OK "hello" }, { .max = 5 }, 0, 200, "hello" },
	{ "in chunks",
	  { .text = OK("Transfer-Encoding: chunked\r\n", "5\r\nhello\r\n0\r\n\r\n") },
	  { .max = 5 },
	  0,
	  200,
	  "hello" },
	{ "byte by byte", { .text = FAKE_OK "hello", .piece = 1 }, { .max = 5 }, 0, 200, "hello" },
	{ "not found",
	  { .text = "HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\nno" },
	  { .max = 5 },
	  0,
	  404,
	  "no" },
	{ "a redirect",
	  { .text = "HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n" },
	  { .max = 5 },
	  0,
	  302,
	  "" },
	{ "announced too large", { .text = OK("Content-Length: 6\r\n", "hello!") }, { .max = 5 }, -EFBIG, 200, NULL },
	{ "too large", { .text = FAKE_OK "hello!" }, { .max = 5 }, -EFBIG, 200, NULL },
	{ "cut off", { .text = OK("Content-Length: 5\r\n", "hel") }, { .max = 5 }, -EIO, 200, NULL },
	{ "cut off in a chunk",
	  { .text = OK("Transfer-Encoding: chunked\r\n", "5\r\nhel") },
	  { .max = 5 },
	  -EIO,
	  200,
	  NULL },
	{ "no HTTP", { .text = "SSH-2.0-OpenSSH_9.2\r\n" }, { .max = 5 }, -EPROTO, 0, NULL },
	{ "nothing", { .text = "", .len = 0 }, { .max = 5 }, -EIO, 0, NULL },
	{ "silence", { .text = NULL }, { .max = 5, .timeout = 0.05 }, -ETIMEDOUT, 0, NULL },
	{ "silence, stalled", { .text = NULL }, { .max = 5, .stalled = 0.05 }, -ETIMEDOUT, 0, NULL },
	{ "silence in the middle",
	  { .text = OK("Content-Length: 5\r\n", "hel"), .keep = true },
	  { .max = 5, .stalled = 0.05 },
	  -ETIMEDOUT,
	  200,
	  NULL },
	{ "nobody listens", { .text = NULL }, { .url = "http://127.0.0.1:1/", .max = 5 }, -ECONNREFUSED, 0, NULL },
	{ "no URL", { .text = NULL }, { .url = "http://:/", .max = 5 }, -EINVAL, 0, NULL },
	{ "another protocol", { .text = NULL }, { .url = "file:///etc/passwd", .max = 5 }, -EPROTO, 0, NULL },
	{ "no TLS", { .text = "HTTP/1.1 400 Bad Request\r\n\r\n" }, { .url = "https", .max = 5 }, -EPROTO, 0, NULL },
};

static void answers(void **state)
{
	for (size_t i = 0; i < sizeof(answer_rows) / sizeof(*answer_rows); i++) {
		struct fw_http_request request = answer_rows[i].request;
		struct rig r;
		char url[64];

		rig_open(&r);
		r.answer = &answer_rows[i].answer;
		if (request.url && !strcmp(request.url, "https")) {
			snprintf(url, sizeof(url), "https%s", fake_web_url(r.web) + 4);
			request.url = url;
		}
		run(&r, request);
		if (r.err != answer_rows[i].err || r.status != answer_rows[i].status ||
		    (answer_rows[i].body && strcmp(r.body, answer_rows[i].body)))
			fail_msg("%s: error %d, status %ld, body '%s': %s", answer_rows[i].name, r.err, r.status,
				 r.body, r.why);
		assert_true(!*r.why == (!r.err && r.status == 200));
		rig_close(&r);
	}
}

static void what_is_sent(void **state)
{
	static const struct fake_answer ok = { .text = OK("ETag: \"abc\"\r\nContent-Length: 2\r\n", "ok") };
	static const char *const headers[] = { "If-None-Match: \"abc\"", "Authorization: secret", NULL };
	struct rig r;

	rig_open(&r);
	r.answer = &ok;
	run(&r, (struct fw_http_request){ .headers = headers, .max = 10 });
	assert_int_equal(strncmp(r.request, "GET / HTTP/1.1\r\n", 16), 0);
	assert_non_null(strstr(r.request, "\r\nIf-None-Match: \"abc\"\r\nAuthorization: secret\r\n"));
	assert_non_null(strstr(r.request, "\r\nUser-Agent: test/1\r\n"));
	assert_string_equal(r.etag, "\"abc\"");
	rig_close(&r);

	rig_open(&r);
	r.answer = &ok;
	run(&r, (struct fw_http_request){ .body = "{\"a\":1}", .len = 7, .max = 10 });
	assert_int_equal(strncmp(r.request, "POST / HTTP/1.1\r\n", 17), 0);
	assert_string_equal(strstr(r.request, "\r\n\r\n"), "\r\n\r\n{\"a\":1}");
	rig_close(&r);
}

static int count(void *ctx, const char *bytes, size_t len)
{
	struct rig *r = ctx;

	r->arrived += len;
	return r->part_err;
}

static int cancel(void *ctx, const char *bytes, size_t len)
{
	struct rig *r = ctx;

	fw_http_cancel(r->call);
	r->loop.end = true;
	return 0;
}

static void parts(void **state)
{
	static const struct fake_answer five = { .text = FAKE_OK "hello", .piece = 1 },
					missing = { .text = "HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\nno" };
	struct rig r;

	rig_open(&r);
	r.answer = &five;
	run(&r, (struct fw_http_request){ .part = count });
	assert_int_equal(r.err, 0);
	assert_int_equal(r.arrived, 5);
	assert_int_equal(r.len, 0);

	/* What is no success is not given to part(). */
	r.answer = &missing;
	run(&r, (struct fw_http_request){ .part = count });
	assert_int_equal(r.arrived, 5);
	assert_string_equal(r.body, "no");

	r.answer = &five;
	r.part_err = -EBADMSG;
	run(&r, (struct fw_http_request){ .part = count });
	assert_int_equal(r.err, -EBADMSG);
	assert_int_equal(r.done, 3);

	run(&r, (struct fw_http_request){ .part = cancel });
	assert_int_equal(r.done, 3);
	rig_close(&r);
}

struct chime {
	struct fw_timer timer;
	struct rig *rig;
	char name;
};

static void chime(struct fw_timer *t)
{
	struct chime *c = (struct chime *)t;

	strncat(c->rig->body, &c->name, 1);
	if (c->name == 'e')
		c->rig->loop.end = true;
}

static void timers(void **state)
{
	struct rig r;
	struct chime c[5];

	rig_open(&r);
	for (int i = 0; i < 5; i++)
		c[i] = (struct chime){ { .ring = chime }, &r, (char)('a' + i) };
	assert_int_equal(fw_timer_set(r.http, &c[4].timer, 0.05), 0);
	assert_int_equal(fw_timer_set(r.http, &c[0].timer, 0.04), 0);
	assert_int_equal(fw_timer_set(r.http, &c[2].timer, 0.02), 0);
	assert_int_equal(fw_timer_set(r.http, &c[3].timer, 0.03), 0);
	assert_int_equal(fw_timer_set(r.http, &c[1].timer, 0.01), 0);
	assert_int_equal(fw_timer_set(r.http, &c[0].timer, 0), 0);
	fw_timer_stop(r.http, &c[2].timer);
	fw_timer_stop(r.http, &c[2].timer);
	assert_int_equal(fw_loop_run(&r.loop), 0);
	assert_string_equal(r.body, "abde");
	rig_close(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(answers),
		cmocka_unit_test(what_is_sent),
		cmocka_unit_test(parts),
		cmocka_unit_test(timers),
	};

	return cmocka_run_group_tests_name("fleet_http", tests, NULL, NULL);
}

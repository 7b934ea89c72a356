// SPDX-License-Identifier: GPL-2.0-only
/* The client of etcd against a server that answers by a script: right answers, errors, garbage, halves, silence. */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "fake_web.h"
#include "fw/fleet/etcd.h"

#define STEPS 8

/* One request that is expected, and its answer. */
struct step {
	const char *want; /* a part of the request; NULL: any */
	struct fake_answer answer;
};

/* A client, and a server that knows what comes. */
struct rig {
	struct fw_loop loop;
	struct fw_http *http;
	struct fake_web *web;
	struct fw_etcd_settings settings;
	struct fw_etcd *etcd;
	struct fw_timer limit;
	const struct step *script;
	unsigned step;
	char endpoints[256];
	unsigned answers, wanted; /* after which the loop ends */
	int err;
	uint64_t revision, lease;
	char why[640], pairs[4096];
	struct fw_etcd_watch *watch;
	unsigned synced, lost;
	const char *close_at; /* the call in which everything is closed */
};

static struct fake_answer answer(void *ctx, const char *request)
{
	struct rig *r = ctx;
	const struct step *s = &r->script[r->step];

	if (r->step >= STEPS || !s->answer.text) /* silence, also after the script */
		return (struct fake_answer){ 0 };
	r->step++;
	if (s->want && !strstr(request, s->want))
		fail_msg("step %u: '%s' is not in: %s", r->step, s->want, request);
	return s->answer;
}

static void too_long(struct fw_timer *t)
{
	struct rig *r = (struct rig *)((char *)t - offsetof(struct rig, limit));

	fail_msg("no answer within 30 seconds, at step %u: %s %s", r->step, r->pairs, r->why);
}

static void rig_open(struct rig *r, const struct step *script, const char *user)
{
	struct fw_diags ds = { 0 };

	*r = (struct rig){ .limit = { .ring = too_long }, .script = script, .wanted = 1 };
	assert_int_equal(fw_loop_open(&r->loop), 0);
	assert_int_equal(fw_http_open(&r->loop, "test/1", &r->http), 0);
	assert_int_equal(fw_timer_set(r->http, &r->limit, 30), 0);
	r->web = fake_web_open(&r->loop, r->http, answer, r);
	snprintf(r->endpoints, sizeof(r->endpoints), "%s, %s/", fake_web_url(r->web), fake_web_url(r->web));
	r->settings =
		(struct fw_etcd_settings){ .endpoints = r->endpoints, .user = user, .password = "a\"b", .timeout = 1 };
	assert_int_equal(fw_etcd_open(r->http, &r->settings, &r->etcd, &ds), 0);
}

static void rig_close(struct rig *r)
{
	fw_etcd_close(r->etcd);
	fake_web_close(r->web);
	fw_http_close(r->http);
	fw_loop_close(&r->loop);
}

static void note_pair(struct rig *r, const struct fw_etcd_pair *p)
{
	size_t len = strlen(r->pairs);

	snprintf(r->pairs + len, sizeof(r->pairs) - len, "%s%s=%s@%d", len ? " " : "", p->key,
		 p->value ? p->value : "(none)", (int)p->modified);
}

static void done(void *ctx, const struct fw_etcd_answer *a)
{
	struct rig *r = ctx;

	r->err = a->err;
	r->revision = a->revision;
	r->lease = a->lease;
	snprintf(r->why, sizeof(r->why), "%s", a->why);
	for (size_t i = 0; i < a->n; i++)
		note_pair(r, &a->pairs[i]);
	r->loop.end = ++r->answers == r->wanted;
}

static void run(struct rig *r)
{
	r->loop.end = false;
	assert_int_equal(fw_loop_run(&r->loop), 0);
}

#define HTTP(status, body) "HTTP/1.1 " status "\r\nConnection: close\r\n\r\n" body
#define JSON(body)                                \
	{                                         \
		.text = HTTP("200 OK", body "\n") \
	}
#define KV(key, value, modified) "{\"key\":\"" key "\",\"value\":\"" value "\",\"mod_revision\":\"" modified "\"}"
#define HEADER(revision) "{\"header\":{\"revision\":\"" revision "\"}"
#define A "L2E=" /* /a */
#define B "L2I=" /* /b */
#define X "eA==" /* x */
#define Y "eQ==" /* y */
#define GOOD JSON(HEADER("7") ",\"kvs\":[" KV(A, X, "5") "],\"count\":\"1\"}")
#define ERROR(status, code, message)                                                                              \
	{                                                                                                         \
		.text = HTTP(status, "{\"error\":\"" message "\",\"message\":\"" message "\",\"code\":" code "}") \
	}

static char huge[(17 << 20) + 128];

/* A read: the answers in turn, and what comes of them. */
static const struct {
	const char *name;
	struct step script[STEPS];
	int err;
	const char *pairs, *why;
	unsigned requests;
} read_rows[] = {
	{ "right", { { "/v3/kv/range", GOOD } }, 0, "/a=x@5", "", 1 },
	{ "byte by byte",
	  { { NULL, { .text = HTTP("200 OK", HEADER("7") ",\"kvs\":[" KV(A, X, "5") "]}"), .piece = 3 } } },
	  0,
	  "/a=x@5",
	  "",
	  1 },
	{ "no key", { { NULL, JSON(HEADER("7") "}") } }, 0, "", "", 1 },
	{ "an empty value",
	  { { NULL, JSON(HEADER("7") ",\"kvs\":[{\"key\":\"" A "\",\"mod_revision\":\"5\"}]}") } },
	  0,
	  "/a=@5",
	  "",
	  1 },
	{ "numbers",
	  { { NULL, JSON("{\"header\":{\"revision\":7},\"kvs\":[{\"key\":\"" A "\",\"value\":\"" X
			 "\",\"mod_revision\":5}]}") } },
	  0,
	  "/a=x@5",
	  "",
	  1 },
	{ "garbage first", { { NULL, JSON("hello") }, { NULL, GOOD } }, 0, "/a=x@5", "", 2 },
	{ "half an answer first",
	  { { NULL, JSON(HEADER("7") ",\"kvs\":[{\"key\"") }, { NULL, GOOD } },
	  0,
	  "/a=x@5",
	  "",
	  2 },
	{ "another JSON first", { { NULL, JSON("[1,2]") }, { NULL, GOOD } }, 0, "/a=x@5", "", 2 },
	{ "an empty object first", { { NULL, JSON("{}") }, { NULL, GOOD } }, 0, "/a=x@5", "", 2 },
	{ "wrong base64 first",
	  { { NULL, JSON(HEADER("7") ",\"kvs\":[" KV(A, "e!==", "5") "]}") }, { NULL, GOOD } },
	  0,
	  "/a=x@5",
	  "",
	  2 },
	{ "a value with NUL first",
	  { { NULL, JSON(HEADER("7") ",\"kvs\":[" KV(A, "eAB4", "5") "]}") }, { NULL, GOOD } },
	  0,
	  "/a=x@5",
	  "",
	  2 },
	{ "a key that is a number first",
	  { { NULL, JSON(HEADER("7") ",\"kvs\":[{\"key\":5}]}") }, { NULL, GOOD } },
	  0,
	  "/a=x@5",
	  "",
	  2 },
	{ "a pair that is none first",
	  { { NULL, JSON(HEADER("7") ",\"kvs\":[5]}") }, { NULL, GOOD } },
	  0,
	  "/a=x@5",
	  "",
	  2 },
	{ "cut off first",
	  { { NULL, { .text = "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{" } }, { NULL, GOOD } },
	  0,
	  "/a=x@5",
	  "",
	  2 },
	{ "closed first", { { NULL, { .text = "" } }, { NULL, GOOD } }, 0, "/a=x@5", "", 2 },
	{ "silence in the middle first",
	  { { NULL, { .text = HTTP("200 OK", HEADER("7")), .keep = true } }, { NULL, GOOD } },
	  0,
	  "/a=x@5",
	  "",
	  2 },
	{ "no leader first",
	  { { NULL, ERROR("503 Unavailable", "14", "etcdserver: no leader") }, { NULL, GOOD } },
	  0,
	  "/a=x@5",
	  "",
	  2 },
	{ "an error inside a stream first",
	  { { NULL, JSON("{\"error\":{\"grpc_code\":14,\"message\":\"etcdserver: no leader\"}}") }, { NULL, GOOD } },
	  0,
	  "/a=x@5",
	  "",
	  2 },
	{ "another web server",
	  { { NULL, { .text = HTTP("404 Not Found", "<h1>not here</h1>\n<p>") } },
	    { NULL, { .text = HTTP("302 Found", "") } },
	    { NULL, GOOD } },
	  0,
	  "/a=x@5",
	  "",
	  3 },
	{ "permission denied",
	  { { NULL, ERROR("403 Forbidden", "7", "etcdserver: permission denied") } },
	  -EACCES,
	  "",
	  "etcdserver: permission denied",
	  1 },
	{ "no user",
	  { { NULL, ERROR("400 Bad Request", "3", "etcdserver: user name is empty") } },
	  -EACCES,
	  "",
	  "user name is empty",
	  1 },
	{ "an unknown token without a user",
	  { { NULL, ERROR("401 Unauthorized", "16", "etcdserver: invalid auth token") } },
	  -EACCES,
	  "",
	  "invalid auth token",
	  1 },
	{ "another error",
	  { { NULL, ERROR("400 Bad Request", "3", "etcdserver: \\u001b[31mwrong") } },
	  -EINVAL,
	  "",
	  "etcdserver: \\x1b[31mwrong",
	  1 },
	{ "too large", { { NULL, { .text = huge } } }, -EFBIG, "", "has more than 16777216 bytes", 1 },
	{ "silence", { { NULL, { .text = NULL } } }, -ETIMEDOUT, "", "imed out", 0 },
};

static void reads(void **state)
{
	for (size_t i = 0; i < sizeof(read_rows) / sizeof(*read_rows); i++) {
		struct rig r;

		rig_open(&r, read_rows[i].script, NULL);
		assert_int_equal(fw_etcd_get(r.etcd, "/a", false, done, &r), 0);
		run(&r);
		if (r.err != read_rows[i].err || strcmp(r.pairs, read_rows[i].pairs) ||
		    !strstr(r.why, read_rows[i].why) || (read_rows[i].requests && r.step != read_rows[i].requests))
			fail_msg("%s: error %d, pairs '%s', %u requests: %s", read_rows[i].name, r.err, r.pairs, r.step,
				 r.why);
		assert_true(r.err || r.revision == 7);
		rig_close(&r);
	}
}

static void pages(void **state)
{
	static const struct step script[STEPS] = {
		{ "{\"key\":\"Lw==\",\"range_end\":\"MA==\",\"limit\":\"500\",\"revision\":\"0\"}",
		  JSON(HEADER("7") ",\"kvs\":[" KV(A, X, "5") "],\"more\":true}") },
		{ "{\"key\":\"L2EA\",\"range_end\":\"MA==\",\"limit\":\"500\",\"revision\":\"7\"}",
		  JSON(HEADER("9") ",\"kvs\":[" KV(B, Y, "6") "]}") },
	};
	struct rig r;

	rig_open(&r, script, NULL);
	assert_int_equal(fw_etcd_get(r.etcd, "/", true, done, &r), 0);
	run(&r);
	assert_int_equal(r.err, 0);
	assert_string_equal(r.pairs, "/a=x@5 /b=y@6");
	assert_int_equal(r.revision, 7);
	rig_close(&r);
}

static void transactions(void **state)
{
	static const struct fw_etcd_if ifs[] = { { "/a", 5 }, { "/b", 0 } };
	static const struct fw_etcd_put puts[] = { { "/a", "x", 9 }, { "/b", NULL, 0 } };
	static const char body[] =
		"{\"compare\":[{\"key\":\"" A "\",\"target\":\"MOD\",\"mod_revision\":\"5\",\"result\":\"EQUAL\"},"
		"{\"key\":\"" B "\",\"target\":\"MOD\",\"mod_revision\":\"0\",\"result\":\"EQUAL\"}],"
		"\"success\":[{\"request_put\":{\"key\":\"" A "\",\"value\":\"" X "\",\"lease\":\"9\"}},"
		"{\"request_delete_range\":{\"key\":\"" B "\"}}]}";
	static const struct {
		struct step script[STEPS];
		int err;
	} rows[] = {
		{ { { body,
		      JSON(HEADER(
			      "8") ",\"succeeded\":true,\"responses\":[{\"response_put\":{}},{\"response_delete_range\":{}}]}") } },
		  0 },
		{ { { body, JSON(HEADER("8") "}") } }, -ECANCELED },
		{ { { body, ERROR("404 Not Found", "5", "etcdserver: requested lease not found") } }, -ENOENT },
	};
	fw_autofree char *large = calloc(1, FW_ETCD_VALUE + 2);
	struct rig r;

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		rig_open(&r, rows[i].script, NULL);
		assert_int_equal(fw_etcd_txn(r.etcd, ifs, 2, puts, 2, done, &r), 0);
		run(&r);
		assert_int_equal(r.err, rows[i].err);
		rig_close(&r);
	}
	rig_open(&r, rows[0].script, NULL);
	assert_int_equal(fw_etcd_txn(r.etcd, ifs, 129, puts, 2, done, &r), -E2BIG);
	assert_int_equal(fw_etcd_txn(r.etcd, ifs, 2, puts, 129, done, &r), -E2BIG);
	memset(large, 'x', FW_ETCD_VALUE + 1);
	assert_int_equal(fw_etcd_txn(r.etcd, NULL, 0, &(struct fw_etcd_put){ "/a", large, 0 }, 1, done, &r), -E2BIG);
	rig_close(&r);
}

static void leases(void **state)
{
	static const struct step script[STEPS] = {
		{ "/v3/lease/grant", JSON(HEADER("7") ",\"ID\":\"7587868391\",\"TTL\":\"10\"}") },
		{ "{\"ID\":\"7587868391\"}",
		  JSON("{\"result\":" HEADER("7") ",\"ID\":\"7587868391\",\"TTL\":\"10\"}}") },
		{ "/v3/lease/keepalive", JSON("{\"result\":" HEADER("7") ",\"ID\":\"7587868391\"}}") },
		{ "/v3/lease/revoke", JSON(HEADER("7") "}") },
		{ "/v3/lease/revoke", ERROR("404 Not Found", "5", "etcdserver: requested lease not found") },
	};
	struct rig r;

	rig_open(&r, script, NULL);
	assert_int_equal(fw_etcd_lease_grant(r.etcd, 10, done, &r), 0);
	run(&r);
	assert_int_equal(r.err, 0);
	assert_int_equal(r.lease, 7587868391);
	for (int i = 0; i < 4; i++) {
		static const int want[] = { 0, -ENOENT, 0, -ENOENT };

		r.answers = 0;
		if (i < 2)
			assert_int_equal(fw_etcd_lease_keepalive(r.etcd, 7587868391, done, &r), 0);
		else
			assert_int_equal(fw_etcd_lease_revoke(r.etcd, 7587868391, done, &r), 0);
		run(&r);
		assert_int_equal(r.err, want[i]);
	}
	rig_close(&r);
}

#define TOKEN(t) JSON(HEADER("7") ",\"token\":\"" t "\"}")
#define LOGIN "{\"name\": \"agent\", \"password\": \"a\\\"b\"}"
#define EXPIRED ERROR("401 Unauthorized", "16", "etcdserver: invalid auth token")
#define WRONG ERROR("400 Bad Request", "3", "etcdserver: authentication failed, invalid user ID or password")

static void logins(void **state)
{
	static const struct {
		const char *name;
		struct step script[STEPS];
		int err;
		unsigned requests;
	} rows[] = {
		{ "right",
		  { { LOGIN, TOKEN("t1") }, { "Authorization: t1\r\n", GOOD }, { "Authorization: t1\r\n", GOOD } },
		  0,
		  3 },
		{ "wrong password", { { LOGIN, WRONG } }, -EACCES, 1 },
		{ "no users there",
		  { { LOGIN, ERROR("412 Precondition Failed", "9", "etcdserver: authentication is not enabled") } },
		  -EACCES,
		  1 },
		{ "no token first", { { LOGIN, TOKEN("") } }, -EPROTO, 1 },
		{ "a token with a line break", { { LOGIN, TOKEN("a\\r\\nHost: b") } }, -EPROTO, 1 },
		{ "no leader first",
		  { { LOGIN, ERROR("503 Unavailable", "14", "etcdserver: no leader") },
		    { LOGIN, TOKEN("t1") },
		    { NULL, GOOD },
		    { NULL, GOOD } },
		  0,
		  4 },
		{ "a token that has ended",
		  { { LOGIN, TOKEN("t1") },
		    { ": t1\r\n", EXPIRED },
		    { ": t1\r\n", EXPIRED },
		    { LOGIN, TOKEN("t2") },
		    { ": t2\r\n", GOOD },
		    { ": t2\r\n", GOOD } },
		  0,
		  6 },
		{ "roles that have changed",
		  { { LOGIN, TOKEN("t1") },
		    { NULL, GOOD },
		    { ": t1\r\n", ERROR("400 Bad Request", "3", "etcdserver: revision of auth store is old") },
		    { LOGIN, TOKEN("t2") },
		    { ": t2\r\n", GOOD } },
		  0,
		  5 },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct rig r;

		rig_open(&r, rows[i].script, "agent");
		r.wanted = 2; /* they share a login */
		assert_int_equal(fw_etcd_get(r.etcd, "/a", false, done, &r), 0);
		assert_int_equal(fw_etcd_get(r.etcd, "/a", false, done, &r), 0);
		run(&r);
		if (r.err != rows[i].err || r.step != rows[i].requests)
			fail_msg("%s: error %d, %u requests: %s", rows[i].name, r.err, r.step, r.why);
		rig_close(&r);
	}
}

/* A token that is refused right after the login is not renewed for ever. */
static void tokens_are_refused(void **state)
{
	static const struct step script[STEPS] = {
		{ LOGIN, TOKEN("t1") },  { ": t1\r\n", EXPIRED }, { LOGIN, TOKEN("t2") },
		{ ": t2\r\n", EXPIRED }, { LOGIN, TOKEN("t3") },  { ": t3\r\n", EXPIRED },
	};
	struct rig r;

	rig_open(&r, script, "agent");
	assert_int_equal(fw_etcd_get(r.etcd, "/a", false, done, &r), 0);
	run(&r);
	assert_int_equal(r.err, -EACCES);
	assert_int_equal(r.step, 6);
	rig_close(&r);
}

static void close_in(struct rig *r, const char *call)
{
	if (!r->close_at || strcmp(r->close_at, call))
		return;
	if (r->watch && *call != 'd') {
		fw_etcd_watch_close(r->watch);
		r->watch = NULL;
	}
	fw_etcd_close(r->etcd);
	r->etcd = NULL;
	r->loop.end = true;
}

static void changed(void *ctx, const struct fw_etcd_pair *pair)
{
	struct rig *r = ctx;

	note_pair(r, pair);
	r->loop.end = r->loop.end || (pair->value && *pair->value == 'y');
	close_in(r, "changed");
}

static void synced(void *ctx, uint64_t revision)
{
	struct rig *r = ctx;

	r->synced++;
	close_in(r, "synced");
}

static void connection(void *ctx, const char *why)
{
	struct rig *r = ctx;

	if (why) {
		snprintf(r->why, sizeof(r->why), "%s", why);
		r->lost++;
	}
	close_in(r, why ? "lost" : "connected");
}

static void watch(struct rig *r)
{
	static const char *const keys[] = { "/a", "/b" };
	const struct fw_etcd_watching w = { keys, 2, changed, synced, connection, r };

	assert_int_equal(fw_etcd_watch(r->etcd, &w, &r->watch), 0);
}

#define READ_A                                                                                   \
	JSON(HEADER("7") ",\"succeeded\":true,\"responses\":[{\"response_range\":{\"kvs\":[" KV( \
		A, X, "5") "]}},{\"response_range\":{}}]}")
#define READ_B                                                                                                           \
	JSON(HEADER("9") ",\"succeeded\":true,\"responses\":[{\"response_range\":{}},{\"response_range\":{\"kvs\":[" KV( \
		B, Y, "8") "]}}]}")
#define FOLLOW                                                                                               \
	"{\"create_request\":{\"key\":\"" A "\",\"start_revision\":\"8\"}}{\"create_request\":{\"key\":\"" B \
	"\",\"start_revision\":\"8\"}}"
#define CREATED "{\"result\":{\"header\":{\"revision\":\"7\"},\"created\":true}}\n"
#define EVENTS(list) "{\"result\":{\"header\":{\"revision\":\"9\"},\"events\":[" list "]}}\n"
#define STREAM(lines)                                               \
	{                                                           \
		.text = FAKE_OK CREATED CREATED lines, .keep = true \
	}
#define Y_EVENT EVENTS("{\"kv\":" KV(B, Y, "9") "}")

/* After the read of /a, a stream and what comes of it; those that are lost lead to a read of /b, which ends the case. */
static const struct {
	const char *name;
	struct fake_answer stream;
	const char *pairs, *why;
} stream_rows[] = {
	{ "an event", STREAM(Y_EVENT), "/a=x@5 /b=y@9", "" },
	{ "byte by byte", { .text = FAKE_OK CREATED CREATED Y_EVENT, .keep = true, .piece = 7 }, "/a=x@5 /b=y@9", "" },
	{ "several events",
	  STREAM(EVENTS("{\"kv\":" KV(A, X, "8") "},{\"type\":\"DELETE\",\"kv\":{\"key\":\"" A
						 "\",\"mod_revision\":\"9\"}}")
			 EVENTS("{\"type\":\"PUT\",\"kv\":" KV(B, Y, "10") "}")),
	  "/a=x@5 /a=x@8 /a=(none)@9 /b=y@10", "" },
	{ "progress", STREAM("{\"result\":{\"header\":{\"revision\":\"8\"}}}\n" Y_EVENT), "/a=x@5 /b=y@9", "" },
	{ "old events, and of other keys",
	  STREAM(EVENTS("{\"kv\":" KV(A, Y, "5") "},{\"kv\":" KV("L2M=", Y, "8") "}") Y_EVENT), "/a=x@5 /b=y@9", "" },
	{ "compacted",
	  STREAM("{\"result\":{\"header\":{},\"canceled\":true,\"compact_revision\":\"9\",\"cancel_reason\":\"mvcc: required revision has been compacted\"}}\n"),
	  "/a=x@5 /a=(none)@9 /b=y@8", "has been compacted" },
	{ "canceled without a reason", STREAM("{\"result\":{\"header\":{},\"canceled\":true}}\n"),
	  "/a=x@5 /a=(none)@9 /b=y@8", "has ended the watch" },
	{ "created and canceled",
	  { .text = FAKE_OK
	    "{\"result\":{\"header\":{},\"created\":true,\"canceled\":true,\"cancel_reason\":\"permission denied\"}}\n",
	    .keep = true },
	  "/a=x@5 /a=(none)@9 /b=y@8",
	  "permission denied" },
	{ "no leader", STREAM("{\"error\":{\"grpc_code\":14,\"message\":\"etcdserver: no leader\"}}\n"),
	  "/a=x@5 /a=(none)@9 /b=y@8", "etcdserver: no leader" },
	{ "garbage", STREAM("hello\n" Y_EVENT), "/a=x@5 /a=(none)@9 /b=y@8", "not one of etcd" },
	{ "wrong base64", STREAM(EVENTS("{\"kv\":" KV(A, "!", "8") "}")), "/a=x@5 /a=(none)@9 /b=y@8",
	  "not one of etcd" },
	{ "closed", { .text = FAKE_OK CREATED CREATED }, "/a=x@5 /a=(none)@9 /b=y@8", "closed" },
	{ "half a line", { .text = FAKE_OK CREATED CREATED "{\"result\":" }, "/a=x@5 /a=(none)@9 /b=y@8", "closed" },
	{ "refused", ERROR("401 Unauthorized", "16", "etcdserver: invalid auth token"), "/a=x@5 /a=(none)@9 /b=y@8",
	  "status 401" },
	{ "followed in part",
	  { .text = FAKE_OK CREATED, .keep = true },
	  "/a=x@5 /a=(none)@9 /b=y@8",
	  "does not answer" },
	{ "a line without an end", { .text = huge, .keep = true }, "/a=x@5 /a=(none)@9 /b=y@8", "too large" },
};

static void streams(void **state)
{
	for (size_t i = 0; i < sizeof(stream_rows) / sizeof(*stream_rows); i++) {
		const struct step script[STEPS] = { { "/v3/kv/txn", READ_A },
						    { FOLLOW, stream_rows[i].stream },
						    { "/v3/kv/txn", READ_B } };
		struct rig r;

		rig_open(&r, script, NULL);
		watch(&r);
		run(&r);
		if (strcmp(r.pairs, stream_rows[i].pairs) || !strstr(r.why, stream_rows[i].why) ||
		    r.lost != (*stream_rows[i].why != 0))
			fail_msg("%s: pairs '%s', lost %u times: %s", stream_rows[i].name, r.pairs, r.lost, r.why);
		rig_close(&r);
	}
}

/* etcd was restored from a backup: its revisions are lower than those that were seen. */
static void restored_from_a_backup(void **state)
{
	static const struct step script[STEPS] = {
		{ "/v3/kv/txn",
		  JSON(HEADER("70") ",\"succeeded\":true,\"responses\":[{\"response_range\":{\"kvs\":[" KV(
			  A, X, "50") "]}}]}") },
		{ "\"start_revision\":\"71\"", { .text = FAKE_OK CREATED CREATED } },
		{ "/v3/kv/txn", JSON(HEADER("7") ",\"succeeded\":true,\"responses\":[{\"response_range\":{\"kvs\":[" KV(
					A, Y, "5") "]}}]}") },
	};
	struct rig r;

	rig_open(&r, script, NULL);
	watch(&r);
	run(&r);
	assert_string_equal(r.pairs, "/a=x@50 /a=y@5");
	rig_close(&r);
}

/* Whoever is called may close everything. */
static void closed_in_a_call(void **state)
{
	static const struct step script[STEPS] = { { NULL, READ_A }, { NULL, STREAM(Y_EVENT Y_EVENT "hello\n") } },
				 failing[STEPS] = { { NULL, ERROR("403 Forbidden", "7", "no") } };
	static const char *const calls[] = { "changed", "synced", "connected", "lost" };

	for (size_t i = 0; i < 2 * sizeof(calls) / sizeof(*calls); i++) {
		struct rig r;

		rig_open(&r, i % 4 == 3 ? failing : script, NULL);
		r.close_at = calls[i % 4];
		watch(&r);
		if (i >= 4)
			r.watch = NULL; /* only etcd's connections are closed, which end the watch */
		run(&r);
		assert_null(r.etcd);
		rig_close(&r);
	}
}

static void close_all(void *ctx, const struct fw_etcd_answer *a)
{
	close_in(ctx, "done");
	assert_string_equal(a->pairs[0].value, "x");
}

static void closed_by_an_answer(void **state)
{
	static const struct step script[STEPS] = { { NULL, GOOD }, { NULL, GOOD } };
	struct rig r;

	rig_open(&r, script, NULL);
	r.close_at = "done";
	assert_int_equal(fw_etcd_get(r.etcd, "/a", false, close_all, &r), 0);
	assert_int_equal(fw_etcd_get(r.etcd, "/a", false, close_all, &r), 0);
	run(&r);
	rig_close(&r);
}

static void endpoints(void **state)
{
	static const char *const bad[] = { "",          ",",       "192.0.2.1:2379",    "https://",
					   "http://a,", "ftp://a", "http://a,,http://b" };
	struct fw_diags ds = { 0 };
	struct rig r;
	struct fw_etcd *e = NULL;
	struct fw_etcd_settings s = { .timeout = 1 };

	rig_open(&r, (const struct step[STEPS]){ { 0 } }, NULL);
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		s.endpoints = bad[i];
		assert_int_equal(fw_etcd_open(r.http, &s, &e, &ds), -EINVAL);
		assert_int_equal(ds.n, i + 1);
	}
	assert_null(e);
	rig_close(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads),
		cmocka_unit_test(pages),
		cmocka_unit_test(transactions),
		cmocka_unit_test(leases),
		cmocka_unit_test(logins),
		cmocka_unit_test(tokens_are_refused),
		cmocka_unit_test(streams),
		cmocka_unit_test(restored_from_a_backup),
		cmocka_unit_test(closed_in_a_call),
		cmocka_unit_test(closed_by_an_answer),
		cmocka_unit_test(endpoints),
	};

	/* More than any answer or line may have. */
	memset(huge, 'x', sizeof(huge) - 1);
	memcpy(huge, FAKE_OK CREATED CREATED, sizeof(FAKE_OK CREATED CREATED) - 1);
	return cmocka_run_group_tests_name("fleet_etcd", tests, NULL, NULL);
}

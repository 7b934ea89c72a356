// SPDX-License-Identifier: GPL-2.0-only
/* Which host a request is for: our names, and targets. */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "ctl/exporter/host.h"

static const struct {
	const char *host;
	bool ours;
} hosts_rows[] = {
	{ NULL, true },
	{ "localhost", true },
	{ "LocalHost:9479", true },
	{ "localhost.", true },
	{ "localhost.:9479", true },
	{ "127.0.0.1", true },
	{ "127.0.0.1:9479", true },
	{ "127.0.0.1:", true },
	{ "203.0.113.9:80", true },
	{ "[::1]", true },
	{ "[::1]:9479", true },
	{ "[2001:DB8::9]:9479", true },
	{ "[::ffff:127.0.0.1]", true },
	{ "fw1", true },
	{ "FW1.example.net:9479", true },
	{ "metrics.example.org", true },
	{ "metrics.example.org.", true },
	{ "other.example.org", true },
	{ "", false },
	{ ".", false },
	{ ":9479", false },
	{ "x", false },
	{ "evil.example", false },
	{ "evil.example:9479", false },
	{ "localhost.evil.example", false },
	{ "127.0.0.1.evil.example", false },
	{ "evil.example.localhost", false },
	{ "fw1.evil.example", false },
	{ "fw1,fw1.example.net", false },
	{ "metrics.example.org,other.example.org", false },
	{ "metrics.example", false },
	{ "xmetrics.example.org", false },
	{ "localhost..", false },
	{ "local host", false },
	{ " localhost", false },
	{ "evil.example@localhost", false },
	{ "localhost@evil.example", false },
	{ "localhost:9479:80", false },
	{ "localhost:x", false },
	{ "localhost:-1", false },
	{ "localhost:123456", false },
	{ "localhost/", false },
	{ "localhost\t", false },
	{ "127.1", false },
	{ "2130706433", false },
	{ "0x7f.0.0.1", false },
	{ "127.0.0.01", false },
	{ "127.0.0.256", false },
	{ "127.0.0.1.", false },
	{ "::1", false },
	{ "[::1", false },
	{ "[::1]x", false },
	{ "[::1]x:80", false },
	{ "[::1%lo]", false },
	{ "[127.0.0.1]", false },
	{ "[]", false },
	{ "[localhost]", false },
	{ "[", false },
	{ "]", false },
};

static void allowed(void **state)
{
	struct hosts h = { .names = "metrics.example.org,other.example.org", .own = "fw1,fw1.example.net" };

	for (size_t i = 0; i < sizeof(hosts_rows) / sizeof(hosts_rows[0]); i++) {
		const char *host = hosts_rows[i].host;

		if (hosts_allow(&h, host, host ? strlen(host) : 0) != hosts_rows[i].ours)
			fail_msg("'%s' is not taken for %s", host, hosts_rows[i].ours ? "ours" : "another");
	}
	h.any = true;
	assert_true(hosts_allow(&h, "evil.example", 12));
}

static void names(void **state)
{
	static const struct {
		const char *names;
		bool valid;
	} rows[] = {
		{ "a", true },   { "a,b.c-d_e,F", true }, { "", false },      { ",", false },    { "a,", false },
		{ ",a", false }, { "a,,b", false },       { "a b", false },   { "a, b", false }, { "a:80", false },
		{ "*", false },  { "[::1]", false },      { "a\x1b", false },
	};
	struct hosts h;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (hosts_valid(rows[i].names) != rows[i].valid)
			fail_msg("'%s': not %d", rows[i].names, rows[i].valid);
	hosts_init(&h, "a", false);
	assert_true(!h.own[0] || hosts_valid(h.own));
	assert_true(hosts_allow(&h, "a", 1));
}

static void targets(void **state)
{
	static const struct {
		const char *url, *host, *path;
	} rows[] = {
		{ "/metrics", NULL, "/metrics" },
		{ "/http://evil.example/", NULL, "/http://evil.example/" },
		{ "*", NULL, "*" },
		{ "http://localhost:9479/metrics", "localhost:9479", "/metrics" },
		{ "HTTP://evil.example", "evil.example", "/" },
		{ "https://[::1]/", "[::1]", "/" },
		{ "http:///metrics", "", "/metrics" },
		{ "http://a@b/c", "a@b", "/c" },
		{ "http:/x", NULL, "http:/x" },
		{ "", NULL, "" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct target t = target_of(rows[i].url);

		assert_string_equal(t.path, rows[i].path);
		assert_int_equal(t.host != NULL, rows[i].host != NULL);
		if (t.host) {
			assert_int_equal(t.len, strlen(rows[i].host));
			assert_memory_equal(t.host, rows[i].host, t.len);
		}
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(allowed),
		cmocka_unit_test(names),
		cmocka_unit_test(targets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

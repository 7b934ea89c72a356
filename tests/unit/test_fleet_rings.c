// SPDX-License-Identifier: GPL-2.0-only
/* What a fleet keeps in etcd: rings, heads, reports and rollouts as JSON, and which hosts are in which ring. */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "fw/fleet/rings.h"
#include "tests/unit/random.h"

#define HASH "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
#define HEAD(n) "{\"generation\":" #n ",\"manifest\":\"" HASH "\"}"
#define ROWS(a) (sizeof(a) / sizeof((a)[0]))

static int parse_rings(const char *text, struct fw_rings *out, struct fw_diags *ds)
{
	*ds = (struct fw_diags){ .n = 0 };
	return fw_rings_parse(text, strlen(text), "rings.json", out, ds);
}

static void good_rings(void **state)
{
	static const char text[] =
		"{\"rings\": [{\"name\": \"first\", \"hosts\": \"web-1 db-*\", \"share\": 1, \"soak\": 0},\n"
		" {\"name\": \"some\", \"percent\": 0.5}, {\"name\": \"all\", \"percent\": 100}]}";
	static const char golden[] =
		"{\"rings\":[{\"name\":\"first\",\"hosts\":\"web-1 db-*\",\"share\":1,\"soak\":0,\"timeout\":600},"
		"{\"name\":\"some\",\"percent\":0.5,\"share\":0.95,\"soak\":60,\"timeout\":600},"
		"{\"name\":\"all\",\"percent\":100,\"share\":0.95,\"soak\":60,\"timeout\":600}]}";
	fw_cleanup(fw_buf_free) struct fw_buf b = { 0 }, again = { 0 };
	fw_cleanup(fw_rings_free) struct fw_rings r = { .n = 0 }, second = { .n = 0 };
	struct fw_diags ds;

	assert_int_equal(parse_rings(text, &r, &ds), 0);
	fw_rings_print(&b, &r);
	assert_string_equal(b.text, golden);
	assert_int_equal(parse_rings(b.text, &second, &ds), 0);
	fw_rings_print(&again, &second);
	assert_string_equal(again.text, golden);
}

static void bad_rings(void **state)
{
	static const struct {
		const char *text, *error;
	} rows[] = {
		{ "", "rings.json:1: no JSON: '[' or '{' expected near end of file" },
		{ "{\"rings\":\n[}", "rings.json:2:2: no JSON: unexpected token near '}'" },
		{ "[]", "rings.json:1:1: it has to be an object with `rings` alone, an array of 1 to 32" },
		{ "{\"rings\":[]}", "rings.json:1:1: it has to be an object with `rings` alone, an array of 1 to 32" },
		{ "{\"rings\":[{\"name\":\"a\",\"percent\":1}],\"x\":1}",
		  "rings.json:1:1: it has to be an object with `rings` alone, an array of 1 to 32" },
		{ "{\"rings\":[{\"name\":\"a\",\n\"percent\":1,\n \"color\":1}]}",
		  "rings.json:3:2: ring 1: a ring has no member `color`" },
		{ "{\"rings\":[\n1]}", "rings.json: ring 1: a ring has to be an object" },
		{ "{\"rings\":[\n{\"percent\":1}]}",
		  "rings.json:2:1: ring 1: a ring needs `name`: up to 31 letters, digits, `-`, `_` and `.`" },
		{ "{\"rings\":[{\"name\":\"a b\",\"percent\":1}]}",
		  "rings.json:1:12: ring 1: `name` has to be up to 31 letters, digits, `-`, `_` and `.`" },
		{ "{\"rings\":[{\"name\":\"a/b\",\"percent\":1}]}",
		  "rings.json:1:12: ring 1: `name` has to be up to 31 letters, digits, `-`, `_` and `.`" },
		{ "{\"rings\":[{\"name\":\"a\"}]}", "rings.json:1:11: ring 1: it needs `hosts` or `percent`" },
		{ "{\"rings\":[{\"name\":\"a\",\"percent\":1,\"hosts\":\"x\"}]}",
		  "rings.json:1:23: ring 1: it needs `hosts` or `percent`, not both" },
		{ "{\"rings\":[{\"name\":\"a\",\"percent\":0}]}",
		  "rings.json:1:23: ring 1: `percent` has to be a number from 0.0001 to 100" },
		{ "{\"rings\":[{\"name\":\"a\",\"percent\":101}]}",
		  "rings.json:1:23: ring 1: `percent` has to be a number from 0.0001 to 100" },
		{ "{\"rings\":[{\"name\":\"a\",\"percent\":\"1\"}]}",
		  "rings.json:1:23: ring 1: `percent` has to be a number from 0.0001 to 100" },
		{ "{\"rings\":[{\"name\":\"a\",\"hosts\":\"x,  y\"}]}",
		  "rings.json:1:23: ring 1: `hosts` has to be names of hosts or patterns such as web-*, separated by single spaces" },
		{ "{\"rings\":[{\"name\":\"a\",\"hosts\":\"\"}]}",
		  "rings.json:1:23: ring 1: `hosts` has to be names of hosts or patterns such as web-*, separated by single spaces" },
		{ "{\"rings\":[{\"name\":\"a\",\"percent\":10,\"share\":1.01}]}",
		  "rings.json:1:36: ring 1: `share` has to be a number from 0.01 to 1: which part of the hosts has to confirm" },
		{ "{\"rings\":[{\"name\":\"a\",\"percent\":10,\"soak\":-1}]}",
		  "rings.json:1:36: ring 1: `soak` has to be seconds from 0 to 86400" },
		{ "{\"rings\":[{\"name\":\"a\",\"percent\":10,\"soak\":1.5}]}",
		  "rings.json:1:36: ring 1: `soak` has to be seconds from 0 to 86400" },
		{ "{\"rings\":[{\"name\":\"a\",\"percent\":10,\"timeout\":0}]}",
		  "rings.json:1:36: ring 1: `timeout` has to be seconds from 1 to 86400" },
		{ "{\"rings\":[{\"name\":\"a\",\"percent\":10},\n{\"name\":\"a\",\"percent\":20}]}",
		  "rings.json:2:2: ring 2: ring 1 has the name 'a' too" },
		{ "{\"rings\":[{\"name\":\"a\",\"percent\":10},\n{\"name\":\"b\",\"percent\":10}]}",
		  "rings.json:2:13: ring 2: no host is left for it, since ring 'a' has all up to 10 percent" },
	};

	for (size_t i = 0; i < ROWS(rows); i++) {
		struct fw_rings r = { .n = 77 };
		struct fw_diags ds;
		char text[1024];

		assert_int_equal(parse_rings(rows[i].text, &r, &ds), -EINVAL);
		assert_int_equal(r.n, 77);
		assert_int_equal(ds.n, 1);
		ds.d[0].hint[0] = '\0';
		assert_string_equal(fw_diag_format(&ds.d[0], text, sizeof(text)), rows[i].error);
	}
}

/* Thirty-two rings are read, thirty-three are refused. */
static void most_rings(void **state)
{
	for (unsigned n = FW_RINGS_MAX; n <= FW_RINGS_MAX + 1; n++) {
		fw_cleanup(fw_buf_free) struct fw_buf b = { 0 };
		fw_cleanup(fw_rings_free) struct fw_rings r = { .n = 0 };
		struct fw_diags ds;

		for (unsigned i = 0; i < n; i++)
			fw_buf_printf(&b, "%s{\"name\":\"r%u\",\"hosts\":\"h%u\"}", i ? "," : "{\"rings\":[", i, i);
		fw_buf_word(&b, "]}");
		assert_int_equal(parse_rings(b.text, &r, &ds), n > FW_RINGS_MAX ? -EINVAL : 0);
	}
}

static void hosts_of_rings(void **state)
{
	static const struct {
		const char *host;
		int ring;
	} rows[] = {
		{ "web-1", 0 },
		{ "db-7", 0 },
		{ "db-", 0 },
		{ "edge-3.example.org", 1 },
		{ "edge-3.example.com", -ENOENT },
		{ "web-12", -ENOENT },
		{ "", -ENOENT },
	};
	fw_cleanup(fw_rings_free) struct fw_rings r = { .n = 0 };
	struct fw_diags ds;

	assert_int_equal(parse_rings("{\"rings\":[{\"name\":\"a\",\"hosts\":\"web-1 db-*\"},"
				     "{\"name\":\"b\",\"hosts\":\"web-1 edge-[0-9].*.org\"}]}",
				     &r, &ds),
			 0);
	for (size_t i = 0; i < ROWS(rows); i++)
		assert_int_equal(fw_ring_of(&r, rows[i].host), rows[i].ring);
}

/* Percentages add up, and no host goes to a later ring when one grows. */
static void percentages(void **state)
{
	static const double want[] = { 1, 9, 40, 50 };
	fw_cleanup(fw_rings_free) struct fw_rings before = { .n = 0 }, after = { .n = 0 };
	unsigned count[4] = { 0 };
	struct fw_diags ds;

	assert_int_equal(parse_rings("{\"rings\":[{\"name\":\"a\",\"percent\":1},{\"name\":\"b\",\"percent\":10},"
				     "{\"name\":\"c\",\"percent\":50},{\"name\":\"d\",\"percent\":100}]}",
				     &before, &ds),
			 0);
	assert_int_equal(parse_rings("{\"rings\":[{\"name\":\"a\",\"percent\":2},{\"name\":\"b\",\"percent\":15},"
				     "{\"name\":\"c\",\"percent\":50},{\"name\":\"d\",\"percent\":100}]}",
				     &after, &ds),
			 0);
	for (unsigned i = 0; i < 10000; i++) {
		char host[32];
		int ring;

		snprintf(host, sizeof(host), "web-%u.example.org", i);
		ring = fw_ring_of(&before, host);
		assert_in_range(ring, 0, 3);
		count[ring]++;
		assert_true(fw_ring_of(&after, host) <= ring);
	}
	for (unsigned i = 0; i < 4; i++) {
		double most = want[i] * 100 * (want[i] > 5 ? 1.1 : 1.4),
		       least = want[i] * 100 * (want[i] > 5 ? 0.9 : 0.6);

		if (count[i] < least || count[i] > most)
			fail_msg("ring %u has %u hosts of 10000 instead of %g percent", i, count[i], want[i]);
	}
}

/* The ring of a name must not change from one version to the next. */
static void stable(void **state)
{
	fw_cleanup(fw_rings_free) struct fw_rings r = { .n = 0 };
	fw_cleanup(fw_buf_free) struct fw_buf b = { 0 }, rings = { 0 };
	struct fw_diags ds;

	for (unsigned i = 1; i <= 20; i++)
		fw_buf_printf(&b, "%s{\"name\":\"r%u\",\"percent\":%u}", i > 1 ? "," : "{\"rings\":[", i, 5 * i);
	fw_buf_word(&b, "]}");
	assert_int_equal(parse_rings(b.text, &r, &ds), 0);
	for (unsigned i = 0; i < 16; i++) {
		char host[16];

		snprintf(host, sizeof(host), "host%u", i);
		fw_buf_printf(&rings, "%d ", fw_ring_of(&r, host));
	}
	assert_string_equal(rings.text, "12 17 3 16 12 17 13 17 17 13 19 8 7 11 19 5 ");
}

static const char a_report[] =
	"{\"host\":\"web-1\",\"ring\":\"first\",\"state\":\"taken-back\",\"running\":" HEAD(11) ",\"wanted\":" HEAD(
		12) ",\"worse\":false,\"dropped\":0.125,\"since\":1700000000,\"why\":\"tcp:192.0.2.1:53 was not reached\"}";
static const char a_rollout[] = "{\"state\":\"running\",\"from\":null,\"to\":" HEAD(
	12) ",\"ring\":2,\"hosts\":31,\"since\":1700000000,\"well\":0,\"why\":\"\",\"by\":\"ann@admin\"}";

static void reports(void **state)
{
	fw_cleanup(fw_buf_free) struct fw_buf b = { 0 };
	struct fw_report r;
	char why[256];

	assert_int_equal(fw_report_parse(a_report, strlen(a_report), &r, why), 0);
	assert_string_equal(r.host, "web-1");
	assert_int_equal(r.state, FW_REPORT_TAKEN_BACK);
	assert_true(r.wanted.number == 12 && r.running.number == 11 && r.dropped == 0.125);
	fw_report_print(&b, &r);
	assert_string_equal(b.text, a_report);
}

static void rollouts(void **state)
{
	fw_cleanup(fw_buf_free) struct fw_buf b = { 0 };
	struct fw_rollout r;
	char why[256];

	assert_int_equal(fw_rollout_parse(a_rollout, strlen(a_rollout), &r, why), 0);
	assert_true(r.ring == 2 && r.hosts == 31 && !r.from.number && r.to.number == 12);
	fw_rollout_print(&b, &r);
	assert_string_equal(b.text, a_rollout);
}

static void heads(void **state)
{
	static const char *const bad[] = { "",
					   "1",
					   "null",
					   "{}",
					   "{\"generation\":12}",
					   "{\"generation\":0,\"manifest\":\"" HASH "\"}",
					   "{\"generation\":12,\"manifest\":\"9F86\"}",
					   "{\"generation\":12,\"manifest\":\"" HASH "\",\"x\":1}" };
	fw_cleanup(fw_buf_free) struct fw_buf b = { 0 };
	struct fw_generation g;
	char why[256];

	assert_int_equal(fw_generation_parse(HEAD(12), strlen(HEAD(12)), &g, why), 0);
	fw_generation_print(&b, &g);
	assert_string_equal(b.text, HEAD(12));
	for (size_t i = 0; i < ROWS(bad); i++)
		assert_int_equal(fw_generation_parse(bad[i], strlen(bad[i]), &g, why), -EPROTO);
}

/* Replaces the first @from in @text. Return: freed by the caller. */
static char *replaced(const char *text, const char *from, const char *to)
{
	const char *at = strstr(text, from);
	char *out = NULL;

	assert_non_null(at);
	assert_true(asprintf(&out, "%.*s%s%s", (int)(at - text), text, to, at + strlen(from)) > 0);
	return out;
}

static void bad_records(void **state)
{
	static const struct {
		const char *text, *from, *to, *why;
	} rows[] = {
		{ a_report, "{\"host", "[\"host", "a report is no JSON: ']' expected near ':'" },
		{ a_report, "\"worse\":false,", "", "a report needs `worse`: true or false" },
		{ a_report, "\"worse\":false", "\"worse\":0", "`worse` has to be true or false" },
		{ a_report, "\"why\"", "\"because\"", "a report has no member `because`" },
		{ a_report, "\"since\"", "\"host\"", "a report is no JSON: duplicate object key near '\"host\"'" },
		{ a_report, "taken-back", "Taken back",
		  "`state` has to be one of idle fetching loading probing confirmed refused taken-back overruled drifted" },
		{ a_report, "0.125", "1.125", "`dropped` has to be a number from 0 to 1" },
		{ a_report, "1700000000", "-1", "`since` has to be seconds since 1970" },
		{ a_report, "192.0.2.1", "\\u001b[1m", "`why` has to be a line of text, of at most 199 bytes" },
		{ a_report, "192.0.2.1", "\\u0000",
		  "a report is no JSON: \\u0000 is not allowed without JSON_ALLOW_NUL" },
		{ a_report, "\"generation\":11", "\"generation\":0",
		  "`running` has to be {\"generation\":NUMBER,\"manifest\":SHA256} or null" },
		{ a_rollout, "running", "walking", "`state` has to be one of running paused done aborted failed" },
		{ a_rollout, "\"ring\":2", "\"ring\":32", "`ring` has to be the number of a ring, from 0 to 31" },
		{ a_rollout, "\"to\":" HEAD(12), "\"to\":null",
		  "`to` has to be {\"generation\":NUMBER,\"manifest\":SHA256}" },
		{ a_rollout, "\"hosts\":31", "\"hosts\":4294967296", "`hosts` has to be a number of hosts" },
	};

	for (size_t i = 0; i < ROWS(rows); i++) {
		fw_autofree char *text = replaced(rows[i].text, rows[i].from, rows[i].to);
		struct fw_rollout rollout;
		struct fw_report report;
		char why[256] = "";

		if (rows[i].text == a_report)
			assert_int_equal(fw_report_parse(text, strlen(text), &report, why), -EPROTO);
		else
			assert_int_equal(fw_rollout_parse(text, strlen(text), &rollout, why), -EPROTO);
		if (strncmp(why, rows[i].why, strlen(rows[i].why)) != 0)
			fail_msg("row %zu: %s", i, why);
	}
}

/* Whatever a text has in it, the printed record can be parsed, and is the same when it is printed again. */
static void hostile_texts(void **state)
{
	for (unsigned i = 0; i < 2000; i++) {
		fw_cleanup(fw_buf_free) struct fw_buf b = { 0 }, again = { 0 };
		struct fw_report r = { .state = FW_REPORT_REFUSED, .wanted = { 1, { HASH } }, .dropped = 1.0 / 3 }, got;
		size_t len = random_below(sizeof(r.why));
		char why[256] = "";

		for (size_t j = 0; j < len; j++)
			r.why[j] = (char)(1 + random_below(255));
		fw_report_print(&b, &r);
		assert_false(b.failed);
		if (fw_report_parse(b.text, b.len, &got, why))
			fail_msg("%s: %s", why, b.text);
		fw_report_print(&again, &got);
		assert_string_equal(b.text, again.text);
	}
}

static void keys(void **state)
{
	char key[FW_FLEET_KEY];

	assert_string_equal(fw_fleet_key("edge", "ring/", "first", key), "/fw/edge/ring/first");
	assert_string_equal(fw_fleet_key("edge", "rollout", "", key), "/fw/edge/rollout");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_rings),     cmocka_unit_test(bad_rings),     cmocka_unit_test(most_rings),
		cmocka_unit_test(hosts_of_rings), cmocka_unit_test(percentages),   cmocka_unit_test(stable),
		cmocka_unit_test(reports),        cmocka_unit_test(rollouts),      cmocka_unit_test(heads),
		cmocka_unit_test(bad_records),    cmocka_unit_test(hostile_texts), cmocka_unit_test(keys),
	};

	random_start();
	return cmocka_run_group_tests(tests, NULL, NULL);
}

// SPDX-License-Identifier: GPL-2.0-only
/* Whole pages: from a recorded reply of fwd, from pinned maps, and when either is broken. */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "fake_fwd.h"
#include "ctl/exporter/http/outgoing.h"
#include "tests/unit/tree.h"
#include "tests/unit/fake_pins.h"
#include "tests/unit/sandbox.h"

#include <zlib.h>

#define GOLDEN "tests/unit/golden/"

/* The recorded reply, for all tests. */
static struct fw_buf recorded;

static void record(enum fw_reply kind, const char *part0, const char *file)
{
	char *text = tree_text(file);

	fake_message(&recorded, kind, part0 ? part0 : text, part0 ? text : NULL);
	free(text);
}

static bool have_pins; /* the kernel lets us make pins */

static void make_pins(void)
{
	fw_autofree char *counters = tree_text(GOLDEN "counters"), *interfaces = tree_text(GOLDEN "interfaces");

	fake_pins_make(counters, interfaces);
}

static void need_pins(void)
{
	if (!have_pins)
		skip();
}

static int record_all(void **state)
{
	record(FW_REPLY_LINES, NULL, GOLDEN "metrics.lines");
	record(FW_REPLY_TEXT, "{\"pass\":1}", GOLDEN "metrics.rules");
	record(FW_REPLY_TEXT, "{\"pass\":2}", GOLDEN "metrics.rules");
	record(FW_REPLY_END, NULL, GOLDEN "metrics.end");
	if (have_pins)
		make_pins();
	return 0;
}

static int record_free(void **state)
{
	fw_buf_free(&recorded);
	return 0;
}

/* Sets the value of a sample to 0, which is different each time. */
static void mask(char *text, const char *name)
{
	char *at = strstr(text, name), *end;

	assert_non_null(at);
	at += strlen(name);
	end = at + strcspn(at, "\n");
	*at++ = '0';
	memmove(at, end, strlen(end) + 1);
}

/* A page with the metrics of the exporter itself set to 0. */
static char *page_of(const struct settings *c, struct scrapes *all, enum page_format format, int *err)
{
	struct scrape *s = NULL;
	bool done = false;
	char *text;
	size_t len;

	assert_int_equal(scrape_new(c, all, format, &s), 0);
	*err = scrape_fill(s, SIZE_MAX, &done);
	if (*err) {
		assert_true(scrape_why(s)[0]);
		scrape_free(s);
		return NULL;
	}
	assert_true(done);
	text = scrape_steal(s, &len);
	scrape_free(s);
	assert_int_equal(strlen(text), len);
	mask(text, "\nfw_exporter_resident_memory_bytes ");
	mask(text, "\nfw_exporter_scrape_duration_seconds ");
	return text;
}

/* FW_GOLDEN_WRITE=1 writes the result, to be reviewed and committed. */
static void is_golden(char *text, const char *name)
{
	char *want;

	if (getenv("FW_GOLDEN_WRITE")) {
		FILE *f = fopen(tree_source(name), "we");

		fputs(text, f);
		fclose(f);
	}
	want = tree_text(name);
	assert_string_equal(text, want);
	free(want);
}

static void settings_for(struct settings *c, const char *socket, const char *pins)
{
	*c = (struct settings){ .address = "" };
	fw_settings_defaults(&settings_table, c);
	snprintf(c->socket, sizeof(c->socket), "%s", socket);
	snprintf(c->pins, sizeof(c->pins), "%s", pins);
	snprintf(c->agent, sizeof(c->agent), "/nonexistent/status");
}

/* Starts an fwd that sends @len bytes of the recorded reply, and makes settings for it. */
static void replay(struct fake_fwd *f, struct settings *c, size_t len, bool hangs, const char *pins)
{
	fake_fwd_start(f, recorded.text, len, hangs);
	settings_for(c, f->path, pins);
}

static void golden_pages(void **state)
{
	static const char *const names[PAGE_NFORMATS] = { GOLDEN "page.prometheus", GOLDEN "page.openmetrics" };
	struct scrapes all = { .last = SCRAPE_OK };
	struct settings c;
	struct fake_fwd f;
	int err;

	replay(&f, &c, recorded.len, false, "/nonexistent");
	for (int format = 0; format < PAGE_NFORMATS; format++) {
		char *text = page_of(&c, &all, (enum page_format)format, &err);

		assert_int_equal(err, 0);
		all = (struct scrapes){ .last = SCRAPE_OK };
		is_golden(text, names[format]);
		free(text);
	}
	fake_fwd_stop(&f);
	assert_int_equal(f.kind, FW_REQ_METRICS);
	assert_string_equal(f.request, "{\"rules\":\"selected\",\"limit\":1000,\"top\":20}");
}

/* Makes pins with counts of the interface lo, whose index is always 1. */
static void golden_pinned(void **state)
{
	static const char *const names[RULES_NCHOICES] = { GOLDEN "pinned.selected", GOLDEN "pinned.all",
							   GOLDEN "pinned.none" };
	struct scrapes all = { .last = SCRAPE_CONTROLLER_DOWN };
	struct settings c;
	int err;

	need_pins();
	settings_for(&c, "/nonexistent/sock", FAKE_PINS);
	c.max_rules = 2;
	c.top = 1;
	for (c.rules = 0; c.rules < RULES_NCHOICES; c.rules++) {
		char *text = page_of(&c, &all, PAGE_PROMETHEUS, &err);

		assert_int_equal(err, 0);
		all = (struct scrapes){ .last = SCRAPE_CONTROLLER_DOWN };
		is_golden(text, names[c.rules]);
		free(text);
	}
}

static void requests(void **state)
{
	static const char *const want[RULES_NCHOICES] = { "{\"rules\":\"selected\",\"limit\":7,\"top\":0}",
							  "{\"rules\":\"all\"}", "{\"rules\":\"none\"}" };
	struct scrapes all = { .last = SCRAPE_OK };
	struct settings c;
	struct fake_fwd f;
	int err;

	replay(&f, &c, recorded.len, false, "/nonexistent");
	c.max_rules = 7;
	c.top = 0;
	for (c.rules = 0; c.rules < RULES_NCHOICES; c.rules++) {
		free(page_of(&c, &all, PAGE_PROMETHEUS, &err));
		assert_int_equal(err, 0);
		assert_string_equal(f.request, want[c.rules]);
	}
	assert_int_equal(all.ended[SCRAPE_OK], 3);
	fake_fwd_stop(&f);
}

/* Wherever a reply is cut off, the page is a whole one from the pinned maps; without them there is none. */
static void broken_replies(void **state)
{
	struct scrapes all = { .last = SCRAPE_CONTROLLER_DOWN };
	struct settings c;
	char *want;
	int err;

	need_pins();
	settings_for(&c, "/nonexistent/sock", FAKE_PINS);
	want = page_of(&c, &all, PAGE_PROMETHEUS, &err);
	for (size_t len = 0; len < recorded.len; len += 1 + len % 61) {
		struct fake_fwd f;
		char *text;

		all = (struct scrapes){ .last = SCRAPE_CONTROLLER_DOWN };
		replay(&f, &c, len, false, FAKE_PINS);
		text = page_of(&c, &all, PAGE_PROMETHEUS, &err);
		assert_int_equal(err, 0);
		assert_string_equal(text, want);
		assert_int_equal(all.ended[SCRAPE_CONTROLLER_DOWN], 1);
		free(text);
		snprintf(c.pins, sizeof(c.pins), "/nonexistent");
		all.last = SCRAPE_FAILED;
		assert_null(page_of(&c, &all, PAGE_PROMETHEUS, &err));
		assert_int_equal(err, -ENOENT);
		assert_int_equal(all.ended[SCRAPE_FAILED], 1);
		fake_fwd_stop(&f);
	}
	free(want);
}

/* Replies with messages that do not belong there. */
static void wrong_replies(void **state)
{
	static const struct row {
		struct {
			enum fw_reply kind;
			const char *part0, *part1;
		} m[5];
	} rows[] = {
		{ { { FW_REPLY_END, "{\"ok\":true}", NULL } } },
		{ { { FW_REPLY_END, "{\"ok\":false,\"error\":\"no\"}", NULL } } },
		{ { { FW_REPLY_END, "", NULL } } },
		{ { { FW_REPLY_LINES, "{\"version\":\"1\"}\nx\n", NULL } } },
		{ { { FW_REPLY_LINES, "[]\n", NULL } } },
		{ { { FW_REPLY_LINES, "{\"policy\":\"nosuch\",\"verdict\":\"drop\"}\n", NULL } } },
		{ { { FW_REPLY_LINES, "{\"policy\":3}\n", NULL } } },
		{ { { FW_REPLY_LINES, "{\"policy\":\"in\",\"verdict\":\"drop\",\"hooks\":[{\"hook\":\"x\"}]}\n",
		      NULL } } },
		{ { { FW_REPLY_LINES, "{\"policy\":\"in\",\"verdict\":\"drop\",\"hooks\":[{\"hook\":\"xdp\"}]}\n",
		      NULL } } },
		{ { { FW_REPLY_LINES, "{\"policy\":\"in\",\"hooks\":[{\"hook\":\"xdp\",\"verdict\":\"no\"}]}\n",
		      NULL } } },
		{ { { FW_REPLY_LINES, "{\"interface\":\"a\",\"hook\":\"x\"}\n", NULL } } },
		{ { { FW_REPLY_TEXT, "{\"pass\":1}", "1 2 3 drop - - -\n" },
		    { FW_REPLY_END, "{\"ok\":true}", NULL } } },
		{ { { FW_REPLY_LINES, "{\"version\":\"1\"}\n", NULL }, { FW_REPLY_TEXT, "{\"pass\":1}", NULL } } },
		{ { { FW_REPLY_LINES, "{\"version\":\"1\"}\n", NULL },
		    { FW_REPLY_TEXT, "{\"pass\":3}", "1 2 3 drop - - -\n" } } },
		{ { { FW_REPLY_LINES, "{\"version\":\"1\"}\n", NULL },
		    { FW_REPLY_TEXT, "{\"pass\":1}", "1 2 3 drop - - -" } } },
		{ { { FW_REPLY_LINES, "{\"version\":\"1\"}\n", NULL },
		    { FW_REPLY_TEXT, "{\"pass\":2}", "1 2 3 drop - - -\n" },
		    { FW_REPLY_TEXT, "{\"pass\":1}", "1 2 3 drop - - -\n" } } },
		{ { { FW_REPLY_LINES, "{\"version\":\"1\"}\n", NULL },
		    { FW_REPLY_TEXT, "{\"pass\":1}", "1 2 3 drop - - -\n" },
		    { FW_REPLY_TEXT, "{\"pass\":2}", "1 2 3 drop - - -\n" },
		    { FW_REPLY_END, "{\"ok\":true,\"shown\":{\"count\":2}}", NULL } } },
		{ { { (enum fw_reply)300, "{}", NULL } } },
	};
	struct scrapes all = { .last = SCRAPE_CONTROLLER_DOWN };
	struct settings c;
	int err;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct fw_buf b = { 0 };
		struct fake_fwd f;

		for (size_t k = 0; k < 5 && rows[i].m[k].part0; k++)
			fake_message(&b, rows[i].m[k].kind, rows[i].m[k].part0, rows[i].m[k].part1);
		fake_fwd_start(&f, b.text, b.len, false);
		settings_for(&c, f.path, "/nonexistent");
		if (page_of(&c, &all, PAGE_PROMETHEUS, &err) || !err)
			fail_msg("row %zu makes a page", i);
		fake_fwd_stop(&f);
		fw_buf_free(&b);
	}
}

static void fwd_that_hangs(void **state)
{
	struct scrapes all = { .last = SCRAPE_CONTROLLER_DOWN };
	struct settings c;
	struct fake_fwd f;
	int err;

	need_pins();
	replay(&f, &c, recorded.len / 2, true, FAKE_PINS);
	free(page_of(&c, &all, PAGE_PROMETHEUS, &err));
	assert_int_equal(err, 0);
	assert_int_equal(all.ended[SCRAPE_CONTROLLER_DOWN], 1);
	fake_fwd_stop(&f);
}

/* Once a part was sent, the pinned maps are no alternative: an error. */
static void too_late_for_the_pins(void **state)
{
	struct scrapes all = { .last = SCRAPE_CONTROLLER_DOWN };
	struct outgoing *o;
	struct scrape *s = NULL;
	struct settings c;
	struct fake_fwd f;
	char buf[100];
	ssize_t n;

	need_pins();
	replay(&f, &c, recorded.len - 1, false, FAKE_PINS);
	assert_int_equal(scrape_new(&c, &all, PAGE_PROMETHEUS, &s), 0);
	o = outgoing_new(s, false);
	assert_non_null(o);
	while ((n = outgoing_next(o, buf, sizeof(buf))) > 0)
		;
	assert_int_equal(n, -ECONNRESET);
	outgoing_free(o);
	assert_int_equal(all.ended[SCRAPE_FAILED], 1);
	fake_fwd_stop(&f);
}

/* A whole page, read in pieces of @size bytes. Return: owned by the caller, with its length in @len. */
static char *piece_by_piece(const struct settings *c, bool gzip, size_t size, size_t *len)
{
	char *text = calloc(1, 1 << 20), *buf = malloc(size);
	struct scrapes all = { .last = SCRAPE_OK };
	struct outgoing *o;
	struct scrape *s = NULL;
	ssize_t n;

	*len = 0;
	assert_int_equal(scrape_new(c, &all, PAGE_OPENMETRICS, &s), 0);
	o = outgoing_new(s, gzip);
	assert_non_null(o);
	while ((n = outgoing_next(o, buf, size)) > 0) {
		memcpy(text + *len, buf, (size_t)n);
		*len += (size_t)n;
	}
	assert_int_equal(n, 0);
	assert_int_equal(outgoing_next(o, buf, size), 0);
	outgoing_free(o);
	free(buf);
	return text;
}

static void unpack(char **text, size_t len)
{
	char *plain = calloc(1, 1 << 20);
	z_stream z = { .next_in = (unsigned char *)*text,
		       .avail_in = (unsigned)len,
		       .next_out = (unsigned char *)plain,
		       .avail_out = (1 << 20) - 1 };

	assert_int_equal(inflateInit2(&z, 15 + 16), Z_OK);
	assert_int_equal(inflate(&z, Z_FINISH), Z_STREAM_END);
	inflateEnd(&z);
	free(*text);
	*text = plain;
}

/* The page is the same in pieces of any size, compressed or not. */
static void pieces(void **state)
{
	static const size_t sizes[] = { 1, 7, 100, 4096, 1 << 20 };
	struct settings c;
	struct fake_fwd f;

	replay(&f, &c, recorded.len, false, "/nonexistent");
	for (size_t i = 0; i < 2 * sizeof(sizes) / sizeof(sizes[0]); i++) {
		size_t len;
		char *text = piece_by_piece(&c, i % 2, sizes[i / 2], &len);
		char *want = tree_text(GOLDEN "page.openmetrics"), *at;

		if (i % 2)
			unpack(&text, len);
		at = strstr(want, "fw_exporter_resident_memory_bytes 0");
		assert_memory_equal(text, want, (size_t)(at - want));
		assert_non_null(strstr(text, "\n# EOF\n"));
		free(text);
		free(want);
	}
	fake_fwd_stop(&f);
}

/* Broken pins: one is missing, or has another size. */
static void broken_pins(void **state)
{
	static const struct {
		const char *name;
		unsigned size;
		int err;
	} rows[] = {
		{ "traffic", 0, -ENOENT },
		{ "traffic", 64, -EPROTO },
		{ FW_COUNTERS_PIN "-0-0", 0, -ENOENT },
		{ FW_COUNTERS_PIN "-0-1", 64, -EPROTO },
		{ FW_COUNTERS_PIN "-0-2", 0, 0 }, /* the base */
		{ FW_COUNTERS_PIN "-0-2", 64, -EPROTO },
		{ FW_COUNTERS_PIN "-0-3", 0, -ENOENT }, /* labels */
		{ FW_COUNTERS_PIN "-0-3", 64, -EPROTO },
		{ "names-0", 0, 0 },
		{ "names-0", 64, -EPROTO },
	};
	struct scrapes all = { .last = SCRAPE_CONTROLLER_DOWN };
	struct settings c;

	need_pins();
	settings_for(&c, "/nonexistent/sock", FAKE_PINS);
	for (size_t i = 0; i < 2 * sizeof(rows) / sizeof(rows[0]); i++) {
		int err;

		make_pins();
		fake_pins_replace(rows[i / 2].name, rows[i / 2].size);
		c.rules = i % 2 ? RULES_ALL : RULES_SELECTED;
		free(page_of(&c, &all, PAGE_PROMETHEUS, &err));
		if (err != rows[i / 2].err)
			fail_msg("row %zu: %d, not %d", i / 2, err, rows[i / 2].err);
	}
	make_pins();
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(golden_pages),
		cmocka_unit_test(golden_pinned),
		cmocka_unit_test(requests),
		cmocka_unit_test(broken_replies),
		cmocka_unit_test(wrong_replies),
		cmocka_unit_test(fwd_that_hangs),
		cmocka_unit_test(too_late_for_the_pins),
		cmocka_unit_test(pieces),
		cmocka_unit_test(broken_pins),
	};

	have_pins = sandbox_enter();
	return cmocka_run_group_tests(tests, record_all, record_free);
}

// SPDX-License-Identifier: GPL-2.0-only
/* The formats of a page: escapes, numbers, families. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "ctl/exporter/http/gzip.h"
#include "ctl/exporter/page/page.h"

#include <zlib.h>

static void escapes(void **state)
{
	static const struct {
		const char *value, *want;
	} rows[] = {
		{ "", "" },
		{ "eth0", "eth0" },
		{ "a\"b\\c\nd", "a\\\"b\\\\c\\nd" },
		{ "\\n", "\\\\n" },
		{ "\t\x7f\x1b", "\\\\x09\\\\x7f\\\\x1b" },
		{ "\xc2\x9b\xe2\x80\xae", "\\\\xc2\\\\x9b\\\\xe2\\\\x80\\\\xae" }, /* C1; right to left */
		{ "\xc3\xa4\xe2\x82\xac\xf0\x9f\x94\xa5", "\xc3\xa4\xe2\x82\xac\xf0\x9f\x94\xa5" },
		{ "\xff", "\\\\xff" },
		{ "a\xc3", "a\\\\xc3" },
		{ "\xc3(", "\\\\xc3(" },
		{ "\xc0\x80", "\\\\xc0\\\\x80" }, /* overlong */
		{ "\xe0\x80\x80", "\\\\xe0\\\\x80\\\\x80" },
		{ "\xed\xa0\x80", "\\\\xed\\\\xa0\\\\x80" },            /* a surrogate */
		{ "\xf4\x90\x80\x80", "\\\\xf4\\\\x90\\\\x80\\\\x80" }, /* above U+10FFFF */
		{ "\xf8\x88\x80\x80\x80", "\\\\xf8\\\\x88\\\\x80\\\\x80\\\\x80" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		size_t len = strlen(rows[i].value);
		char out[64], *end = page_escape(out, rows[i].value, len);

		assert_true((size_t)(end - out) <= PAGE_ESCAPED(len));
		*end = '\0';
		assert_string_equal(out, rows[i].want);
	}
}

static void numbers(void **state)
{
	static const struct {
		double v;
		const char *want;
	} rows[] = {
		{ 0, "0.0" },
		{ 1, "1.0" },
		{ -2, "-2.0" },
		{ 0.1, "0.1" },
		{ 0.00025, "0.00025" },
		{ 1e-5, "1e-05" },
		{ 1795252701.049, "1795252701.049" },
		{ 1e300, "1e+300" },
		{ 0.1 + 0.2, "0.30000000000000004" },
		{ INFINITY, "+Inf" },
		{ -INFINITY, "-Inf" },
		{ NAN, "NaN" },
	};
	char buf[PAGE_NUMBER];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_string_equal(page_number(buf, rows[i].v), rows[i].want);
}

static const struct family counter = { "x_bytes", FAMILY_COUNTER, "Say \"a\\b\"\nplease.", { "a", "b" } };
static const struct family info = { "x_build", FAMILY_INFO, "Version.", { "version" } };
static const struct family gauge = { "x_seconds", FAMILY_GAUGE, "Time.", { NULL } };
static const struct family histogram = { "x_time_seconds", FAMILY_HISTOGRAM, "Times.", { NULL } };
static const struct family nothing = { "x_nothing", FAMILY_GAUGE, "Nothing.", { NULL } };

static void write_page(struct page *p)
{
	static const char *const values[2][2] = { { "1", "\"" }, { "2", "" } };
	static const char *const version[] = { "1.0" };
	static const double bounds[] = { 0.5, 2 };
	static const uint64_t counts[] = { 1, 2, 3 };

	page_family(p, &counter);
	page_u64(p, values[0], UINT64_MAX);
	page_u64(p, values[1], 0);
	page_family(p, &nothing);
	page_family(p, &info);
	page_u64(p, version, 1);
	page_family(p, &gauge);
	page_real(p, NULL, 2.5);
	page_family(p, &histogram);
	page_histogram(p, bounds, counts, 2, 7);
	page_end(p);
}

static void families(void **state)
{
	static const char *const want[PAGE_NFORMATS] = {
		"# HELP x_bytes_total Say \"a\\\\b\"\\nplease.\n"
		"# TYPE x_bytes_total counter\n"
		"x_bytes_total{a=\"1\",b=\"\\\"\"} 18446744073709551615\n"
		"x_bytes_total{a=\"2\",b=\"\"} 0\n"
		"# HELP x_build_info Version.\n"
		"# TYPE x_build_info gauge\n"
		"x_build_info{version=\"1.0\"} 1\n"
		"# HELP x_seconds Time.\n"
		"# TYPE x_seconds gauge\n"
		"x_seconds 2.5\n"
		"# HELP x_time_seconds Times.\n"
		"# TYPE x_time_seconds histogram\n"
		"x_time_seconds_bucket{le=\"0.5\"} 1\n"
		"x_time_seconds_bucket{le=\"2.0\"} 3\n"
		"x_time_seconds_bucket{le=\"+Inf\"} 6\n"
		"x_time_seconds_sum 7.0\n"
		"x_time_seconds_count 6\n",
		"# HELP x_bytes Say \\\"a\\\\b\\\"\\nplease.\n"
		"# TYPE x_bytes counter\n"
		"# UNIT x_bytes bytes\n"
		"x_bytes_total{a=\"1\",b=\"\\\"\"} 18446744073709551615\n"
		"x_bytes_total{a=\"2\",b=\"\"} 0\n"
		"# HELP x_build Version.\n"
		"# TYPE x_build info\n"
		"x_build_info{version=\"1.0\"} 1\n"
		"# HELP x_seconds Time.\n"
		"# TYPE x_seconds gauge\n"
		"# UNIT x_seconds seconds\n"
		"x_seconds 2.5\n"
		"# HELP x_time_seconds Times.\n"
		"# TYPE x_time_seconds histogram\n"
		"# UNIT x_time_seconds seconds\n"
		"x_time_seconds_bucket{le=\"0.5\"} 1\n"
		"x_time_seconds_bucket{le=\"2.0\"} 3\n"
		"x_time_seconds_bucket{le=\"+Inf\"} 6\n"
		"x_time_seconds_sum 7.0\n"
		"x_time_seconds_count 6\n"
		"# EOF\n",
	};

	for (int f = 0; f < PAGE_NFORMATS; f++) {
		struct page p = { .format = (enum page_format)f };

		write_page(&p);
		assert_string_equal(p.b.text, want[f]);
		fw_buf_free(&p.b);
	}
}

/* Text compressed in pieces of all sizes is unchanged when it is unpacked. */
static void compression(void **state)
{
	char text[20000], back[sizeof(text) + 1];

	for (size_t i = 0; i < sizeof(text); i++)
		text[i] = (char)(i * i >> 7);
	for (size_t piece = 1; piece <= sizeof(text); piece = piece * 3 + 1) {
		z_stream z = { .next_out = (unsigned char *)back, .avail_out = sizeof(back) };
		struct fw_buf b = { 0 };
		struct gzip *g = NULL;

		assert_int_equal(gzip_new(&g), 0);
		for (size_t at = 0; at < sizeof(text); at += piece)
			assert_int_equal(gzip_add(g, text + at, piece < sizeof(text) - at ? piece : sizeof(text) - at,
						  false, &b),
					 0);
		assert_int_equal(gzip_add(g, NULL, 0, true, &b), 0);
		gzip_free(g);
		z.next_in = (unsigned char *)b.text;
		z.avail_in = (unsigned)b.len;
		assert_int_equal(inflateInit2(&z, 15 + 16), Z_OK);
		assert_int_equal(inflate(&z, Z_FINISH), Z_STREAM_END);
		assert_int_equal(z.total_out, sizeof(text));
		assert_memory_equal(back, text, sizeof(text));
		inflateEnd(&z);
		fw_buf_free(&b);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(escapes),
		cmocka_unit_test(numbers),
		cmocka_unit_test(families),
		cmocka_unit_test(compression),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

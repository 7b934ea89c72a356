// SPDX-License-Identifier: GPL-2.0-only
/* Diagnostics, regions, growing arrays, texts to show, files. */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "fw/base.h"

static void diag_formats(void **state)
{
	static const struct {
		struct fw_place at;
		const char *hint, *want;
	} rows[] = {
		{ { "a.rules", 3, 7 }, "try b", "a.rules:3:7: no x\n  hint: try b" },
		{ { "a.rules", 3, 0 }, NULL, "a.rules:3: no x" },
		{ { "a.rules", 0, 0 }, "", "a.rules: no x" },
		{ { NULL, 0, 0 }, "try b", "no x\n  hint: try b" },
	};
	char buf[1024];

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct fw_diags ds = { .n = 0 };

		assert_int_equal(fw_diag_add(&ds, rows[i].at, rows[i].hint, "no %s", "x"), -EINVAL);
		assert_string_equal(fw_diag_format(&ds.d[0], buf, sizeof(buf)), rows[i].want);
	}
	assert_int_equal(fw_diag_add(NULL, (struct fw_place){ 0 }, NULL, "dropped"), -EINVAL);
}

static void diag_counts_beyond_its_room(void **state)
{
	struct fw_diags ds = { .n = 0 };
	char text[1000];

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	for (unsigned i = 0; i < FW_MAX_DIAGS + 5; i++)
		fw_diag_add(&ds, (struct fw_place){ text, i, i }, text, "%s", text);
	assert_int_equal(ds.n, FW_MAX_DIAGS);
	assert_int_equal(ds.total, FW_MAX_DIAGS + 5);
	assert_int_equal(strlen(ds.d[0].message), sizeof(ds.d[0].message) - 1);
}

static void region_is_aligned_and_zeroed(void **state)
{
	struct fw_region a = { 0 };

	for (size_t size = 0; size < 3000; size += 7) {
		unsigned char *p = fw_region_alloc(&a, size);

		assert_non_null(p);
		assert_int_equal((uintptr_t)p % 8, 0);
		for (size_t i = 0; i < size; i++)
			assert_int_equal(p[i], 0);
		memset(p, 0xff, size);
	}
	assert_non_null(fw_region_alloc(&a, 1 << 20));
	assert_null(fw_region_alloc(&a, SIZE_MAX));
	assert_string_equal(fw_region_strdup(&a, "hello world", 5), "hello");
	assert_true(a.bytes > 1 << 20);
	fw_region_free(&a);
	assert_int_equal(a.bytes, 0);
	assert_null(a.chunks);
}

static void vec_grows(void **state)
{
	uint32_t *v = NULL;
	size_t n = 0, cap = 0;

	for (uint32_t i = 0; i < 1000; i++)
		assert_int_equal(fw_vec_push(v, n, cap, i), 0);
	assert_int_equal(n, 1000);
	for (uint32_t i = 0; i < 1000; i++)
		assert_int_equal(v[i], i);
	cap = SIZE_MAX / 2;
	assert_int_equal(fw_vec_grow(&v, cap, &cap, sizeof(*v)), -ENOMEM);
	assert_int_equal(v[999], 999);
	free(v);
}

static void take_leaves_null(void **state)
{
	char *p = malloc(1);
	fw_autofree char *taken = fw_take(p);

	assert_non_null(taken);
	assert_null(p);
}

static void escapes(void **state)
{
	static const struct {
		const char *text;
		size_t size;
		const char *want;
	} rows[] = {
		{ "plain", 32, "plain" },
		{ "a\nb\tc", 32, "a\\nb\\tc" },
		{ "\x1b[31mred\x07\x7f", 32, "\\x1b[31mred\\x07\\x7f" },
		{ "caf\xc3\xa9 \xe2\x82\xac", 32, "caf\xc3\xa9 \xe2\x82\xac" },
		{ "\xc2\x9b[2J", 32, "\\xc2\\x9b[2J" }, /* C1 in UTF-8, */
		{ "\x9b[2J\xff", 32, "\\x9b[2J\\xff" }, /* and as a byte */
		{ "\xc3", 32, "\\xc3" },
		{ "\xc0\xaf\xed\xa0\x80", 32, "\\xc0\\xaf\\xed\\xa0\\x80" }, /* not the shortest form; a surrogate */
		{ "\xf4\x90\x80\x80", 32, "\\xf4\\x90\\x80\\x80" },          /* above U+10FFFF */
		{ "\xe2\x80\xae\xe2\x81\xa6", 32,
		  "\\xe2\\x80\\xae\\xe2\\x81\\xa6" }, /* U+202E and U+2066 change the direction of what follows */
		{ "\xd8\x9c\xe2\x80\x8e", 32, "\\xd8\\x9c\\xe2\\x80\\x8e" },          /* U+061C, U+200E */
		{ "\xe2\x80\xa8\xe2\x80\xa9", 32, "\\xe2\\x80\\xa8\\xe2\\x80\\xa9" }, /* line and paragraph separator */
		{ "\xe2\x80\x8b\xef\xbb\xbf", 32, "\\xe2\\x80\\x8b\\xef\\xbb\\xbf" }, /* without width */
		{ "\xc2\xad\xe3\x85\xa4", 32, "\\xc2\\xad\\xe3\\x85\\xa4" },          /* invisible */
		{ "\xf3\xa0\x81\x81", 32, "\\xf3\\xa0\\x81\\x81" },                   /* a tag */
		{ "e\xcc\x81 \xe6\xbc\xa2 \xf0\x9f\x94\xa5", 32, "e\xcc\x81 \xe6\xbc\xa2 \xf0\x9f\x94\xa5" },
		{ "0123456789", 8, "0123..." },
		{ "0123456\x1b", 10, "012345..." },
	};
	char out[32];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_string_equal(fw_escape(out, rows[i].size, rows[i].text, strlen(rows[i].text)), rows[i].want);
}

/* Every byte except 0 in every position: no two names look the same, and each is read back from its form. */
static void names(void **state)
{
	char name[4] = "", back[sizeof(name)], long_name[16], *all;

	for (int a = 1; a < 256; a++)
		for (int b = 1; b < 256; b++) {
			name[0] = (char)a;
			name[1] = '\\';
			name[2] = (char)b;
			assert_true(fw_name_is_plain(FW_NAME(name)));
			assert_int_equal(fw_name_read(back, sizeof(back), FW_NAME(name)), 3);
			assert_string_equal(back, name);
		}
	assert_string_equal(FW_NAME("a\x1b\\x1b"), "a\\x1b\\x5cx1b");
	assert_string_equal(FW_NAME(NULL), "");
	assert_int_equal(fw_name_read(back, sizeof(back), "four"), 0);
	assert_int_equal(fw_name_read(back, sizeof(back), "\\x00"), 0);
	assert_int_equal(fw_name_read(back, sizeof(back), "\\x4"), 3);
	assert_int_equal(fw_name_read(long_name, sizeof(long_name), "et\\x680"), 7); /* not eth0 */
	assert_string_equal(long_name, "et\\x680");
	assert_int_equal(fw_name_read(long_name, sizeof(long_name), "caf\\xc3\\xa9"), 11);
	all = fw_escaped("\x1b\x1b\x1b");
	assert_string_equal(all, "\\x1b\\x1b\\x1b");
	free(all);
}

/* A character is never cut in two. */
static void cuts(void **state)
{
	assert_int_equal(fw_utf8_cut("abc", 3, 5), 3);
	assert_int_equal(fw_utf8_cut("abc", 3, 2), 2);
	assert_int_equal(fw_utf8_cut("a\xe2\x82\xac", 4, 3), 1);
	assert_int_equal(fw_utf8_cut("a\xe2\x82\xac", 4, 1), 1);
	assert_int_equal(fw_utf8_cut("\x80\x80\x80\x80\x80\x80", 6, 5), 2);
}

/* Files of each kind, of the largest accepted size and above; outputs are untouched after an error. */
static void files(void **state)
{
	char folder[] = "/tmp/fw-test-base-XXXXXX", path[64], fifo[64], large[10000];
	const struct {
		const char *path;
		enum fw_file_kind kind;
		size_t max;
		int want;
	} rows[] = {
		{ path, FW_FILE_ANY, sizeof(large), 0 },
		{ path, FW_FILE_REGULAR, sizeof(large), 0 },
		{ path, FW_FILE_REGULAR, sizeof(large) - 1, -EFBIG },
		{ folder, FW_FILE_ANY, 1, -EISDIR },
		{ folder, FW_FILE_REGULAR, SIZE_MAX, -EISDIR },
		{ fifo, FW_FILE_REGULAR, 1, -ENODEV },
		{ "/dev/zero", FW_FILE_REGULAR, 1, -ENODEV },
		{ "/dev/zero", FW_FILE_NO_DEVICE, 1, -ENODEV },
		{ "/dev/zero", FW_FILE_ANY, 1 << 20, -EFBIG },
		{ "/dev/null", FW_FILE_ANY, 0, 0 },
		{ "/proc/self/status", FW_FILE_REGULAR, 65536, 0 }, /* has no size */
		{ "/nowhere", FW_FILE_ANY, 1, -ENOENT },
	};
	FILE *f;

	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/file", folder);
	snprintf(fifo, sizeof(fifo), "%s/fifo", folder);
	memset(large, 'x', sizeof(large));
	f = fopen(path, "we");
	assert_true(f && fwrite(large, 1, sizeof(large), f) == sizeof(large) && !fclose(f) && !mkfifo(fifo, 0600));
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		fw_autofree char *text = NULL;
		size_t len = 7;

		assert_int_equal(fw_file_read(rows[i].path, rows[i].kind, rows[i].max, &text, &len), rows[i].want);
		assert_true(rows[i].want ? !text && len == 7 : text && !text[len]);
		if (rows[i].path == path && text)
			assert_true(len == sizeof(large) && !memcmp(text, large, len));
	}
	assert_true(!unlink(path) && !unlink(fifo) && !rmdir(folder));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(diag_formats),
		cmocka_unit_test(diag_counts_beyond_its_room),
		cmocka_unit_test(region_is_aligned_and_zeroed),
		cmocka_unit_test(vec_grows),
		cmocka_unit_test(take_leaves_null),
		cmocka_unit_test(escapes),
		cmocka_unit_test(names),
		cmocka_unit_test(cuts),
		cmocka_unit_test(files),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

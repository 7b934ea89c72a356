// SPDX-License-Identifier: GPL-2.0-only
/* Manifests: what is printed is read again, each wrong member is named, nothing unsigned is read, nothing old is accepted. */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "fw/fleet/manifest.h"

#define A8 "aaaaaaaa"
#define A64 A8 A8 A8 A8 A8 A8 A8 A8
#define B8 "bbbbbbbb"
#define B64 B8 B8 B8 B8 B8 B8 B8 B8
#define MAX_PLUS_1 "536870913"

static const struct fw_manifest whole = {
	.fleet = "edge",
	.self.number = 12,
	.parent = { 11, { A64 } },
	.snapshot = { { A64 }, 700, 3000 },
	.delta = { { B64 }, 70, 300 },
	.rules = 1000,
	.memory = 123456789,
	.worst_packet = 870,
	.time = 1796000000,
	.author = "Zo\xc3\xab <zoe@example.org>",
};

/* Keys 0 and 1 are trusted, key 2 is not. */
static struct fw_secret_key secret[3];
static struct fw_public_keys trusted = { .n = 2 };

static int make_keys(void **state)
{
	struct fw_public_key public;

	for (unsigned i = 0; i < 3; i++) {
		if (fw_key_make(&secret[i], &public))
			return -1;
		if (i < 2)
			trusted.key[i] = public;
	}
	return 0;
}

static void assert_same(const struct fw_manifest *a, const struct fw_manifest *b)
{
	assert_string_equal(a->fleet, b->fleet);
	assert_int_equal(a->self.number, b->self.number);
	assert_memory_equal(&a->parent, &b->parent, sizeof(a->parent));
	assert_memory_equal(&a->snapshot, &b->snapshot, sizeof(a->snapshot));
	assert_memory_equal(&a->delta, &b->delta, sizeof(a->delta));
	assert_int_equal(a->rules, b->rules);
	assert_int_equal(a->memory, b->memory);
	assert_int_equal(a->worst_packet, b->worst_packet);
	assert_int_equal(a->time, b->time);
	assert_string_equal(a->author, b->author);
}

static void read_as_it_was_printed(void **state)
{
	struct fw_manifest first = whole, got;
	const struct fw_manifest *rows[] = { &whole, &first };
	struct fw_sha256 hash;
	char why[256];

	first.self.number = 1;
	memset(&first.parent, 0, sizeof(first.parent));
	memset(&first.delta, 0, sizeof(first.delta));
	for (size_t i = 0; i < 2; i++) {
		fw_cleanup(fw_buf_free) struct fw_buf b = { 0 };

		fw_manifest_print(&b, rows[i], secret, 1);
		assert_false(b.failed);
		assert_int_equal(fw_manifest_read(b.text, b.len, &trusted, &got, why), 0);
		assert_same(&got, rows[i]);
		fw_sha256_of(b.text, b.len, &hash);
		assert_string_equal(got.self.manifest.hex, hash.hex);
	}
}

static void an_author_who_is_no_text(void **state)
{
	fw_cleanup(fw_buf_free) struct fw_buf b = { 0 };
	struct fw_manifest m = whole;

	strcpy(m.author, "\xff\xfe");
	fw_manifest_print(&b, &m, secret, 1);
	assert_true(b.failed);
}

/* Key 0 is replaced by key 1: while hosts trust either, manifests have both signatures. */
static void rotation(void **state)
{
	static const struct {
		unsigned first, n;     /* keys that sign */
		unsigned from, ntrust; /* keys that the host trusts */
		int err;
	} rows[] = {
		{ 0, 1, 0, 1, 0 },
		{ 0, 2, 0, 1, 0 },
		{ 0, 2, 1, 1, 0 },
		{ 1, 1, 0, 2, 0 },
		{ 1, 1, 0, 1, -EKEYREJECTED },
		{ 2, 1, 0, 2, -EKEYREJECTED },
		{ 1, 2, 0, 1, -EKEYREJECTED },
		{ 0, 1, 0, 0, -EKEYREJECTED },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct fw_public_keys host = { .n = rows[i].ntrust };
		fw_cleanup(fw_buf_free) struct fw_buf b = { 0 };
		struct fw_manifest m = { .fleet = "untouched" };
		char why[256] = "";

		memcpy(host.key, trusted.key + rows[i].from, host.n * sizeof(*host.key));
		fw_manifest_print(&b, &whole, secret + rows[i].first, rows[i].n);
		assert_int_equal(fw_manifest_read(b.text, b.len, &host, &m, why), rows[i].err);
		assert_string_equal(m.fleet, rows[i].err ? "untouched" : "edge");
		if (rows[i].err)
			assert_non_null(strstr(why, "no key that is trusted here has signed it"));
	}
}

static void one_changed_bit_or_a_cut_is_refused(void **state)
{
	fw_cleanup(fw_buf_free) struct fw_buf b = { 0 };
	struct fw_manifest m;
	char why[256];

	fw_manifest_print(&b, &whole, secret, 1);
	for (size_t i = 0; i < 8 * b.len; i++) {
		b.text[i / 8] ^= (char)(1 << i % 8);
		assert_int_not_equal(fw_manifest_read(b.text, b.len, &trusted, &m, why), 0);
		b.text[i / 8] ^= (char)(1 << i % 8);
	}
	for (size_t len = 0; len < b.len; len++) {
		fw_autofree char *cut = malloc(len + 1); /* so that ASan sees a byte too many */

		memcpy(cut, b.text, len);
		assert_int_equal(fw_manifest_read(cut, len, &trusted, &m, why), -EPROTO);
	}
}

/* A signature of the line that another file has does not count here. */
static void a_signature_of_another_line(void **state)
{
	fw_cleanup(fw_buf_free) struct fw_buf a = { 0 };
	fw_cleanup(fw_buf_free) struct fw_buf b = { 0 };
	fw_cleanup(fw_buf_free) struct fw_buf mixed = { 0 };
	struct fw_manifest other = whole, m;
	char why[256];

	other.self.number = 13;
	fw_manifest_print(&a, &whole, secret, 1);
	fw_manifest_print(&b, &other, secret, 1);
	fw_buf_add(&mixed, b.text, (size_t)(strchr(b.text, '\n') + 1 - b.text));
	fw_buf_word(&mixed, strchr(a.text, '\n') + 1);
	assert_int_equal(fw_manifest_read(mixed.text, mixed.len, &trusted, &m, why), -EKEYREJECTED);
}

/* Signs any text with key 0. */
static void print_signed(struct fw_buf *b, const char *line)
{
	fw_cleanup(fw_buf_free) struct fw_buf keyed = { 0 };
	unsigned char signature[FW_SIGNATURE];

	fw_buf_printf(b, "%s\n", line);
	fw_key_sign(&secret[0], b->text, b->len, signature);
	fw_buf_printf(b, "{\"key\":\"%s\",\"signature\":\"", secret[0].id);
	for (unsigned i = 0; i < FW_SIGNATURE + 2; i += 3) {
		static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
		uint32_t v = 0;

		for (unsigned k = 0; k < 3; k++)
			v = v << 8 | (i + k < FW_SIGNATURE ? signature[i + k] : 0);
		for (unsigned k = 0; k < 4; k++)
			fw_buf_printf(b, "%c", i + k <= FW_SIGNATURE ? digits[v >> (18 - 6 * k) & 63] : '=');
	}
	fw_buf_word(b, "\"}\n");
}

#define BEGIN "{\"format\":1,\"fleet\":\"edge\","
#define SNAPSHOT "\"snapshot\":{\"sha256\":\"" A64 "\",\"bytes\":7,\"size\":30}"
#define FIGURES "\"rules\":1,\"memory\":2,\"worst_packet\":3,\"time\":4"
#define REST SNAPSHOT "," FIGURES ",\"author\":\"\"}"

static void wrong_members(void **state)
{
	static const struct {
		const char *line, *why; /* why NULL: it is right */
	} rows[] = {
		{ BEGIN "\"generation\":1," REST, NULL },
		{ BEGIN "\"new\":[1],\"generation\":1," REST, NULL },
		{ "", "no JSON object" },
		{ "[]", "no JSON object" },
		{ "{\"format\":1,", "no JSON object" },
		{ BEGIN "\"fleet\":\"b\",\"generation\":1," REST, "no JSON object: duplicate" },
		{ "{\"fleet\":\"edge\"}", "`format`" },
		{ "{\"format\":2,\"fleet\":\"edge\"}", "it has format 2, but this program reads format 1" },
		{ "{\"format\":1,\"fleet\":\"\",\"author\":\"\"}", "`fleet`" },
		{ "{\"format\":1,\"fleet\":\"a/b\",\"author\":\"\"}", "`fleet`" },
		{ "{\"format\":1,\"fleet\":\"" A64 "\",\"author\":\"\"}", "`fleet`" },
		{ "{\"format\":1,\"fleet\":7,\"author\":\"\"}", "`fleet`" },
		{ "{\"format\":1,\"fleet\":\"a\\u0000b\",\"author\":\"\"}", "no JSON object" },
		{ "{\"format\":1,\"fleet\":\"edge\"}", "`author`" },
		{ "{\"format\":1,\"fleet\":\"edge\",\"author\":\"" A64 A64 "\"}", "`author`" },
		{ BEGIN REST, "`generation`" },
		{ BEGIN "\"generation\":0," REST, "numbered from 1" },
		{ BEGIN "\"generation\":-1," REST, "`generation`" },
		{ BEGIN "\"generation\":1.0," REST, "`generation`" },
		{ BEGIN "\"generation\":\"1\"," REST, "`generation`" },
		{ BEGIN "\"generation\":9223372036854775808," REST, "no JSON object" },
		{ BEGIN "\"generation\":2,\"parent\":1," REST, "`parent`" },
		{ BEGIN "\"generation\":2,\"parent\":{\"generation\":1}," REST, "`manifest`" },
		{ BEGIN "\"generation\":2,\"parent\":{\"generation\":1,\"manifest\":\"../../etc\"}," REST,
		  "`manifest`" },
		{ BEGIN "\"generation\":2,\"parent\":{\"generation\":0,\"manifest\":\"" A64 "\"}," REST, "not older" },
		{ BEGIN "\"generation\":2,\"parent\":{\"generation\":2,\"manifest\":\"" A64 "\"}," REST, "not older" },
		{ BEGIN "\"generation\":1," FIGURES ",\"author\":\"\"}", "`snapshot`" },
		{ BEGIN "\"generation\":1,\"snapshot\":{\"sha256\":\"A\",\"bytes\":7,\"size\":3},\"author\":\"\"}",
		  "`sha256`" },
		{ BEGIN "\"generation\":1,\"snapshot\":{\"sha256\":\"" A64 "\",\"size\":3},\"author\":\"\"}",
		  "`bytes`" },
		{ BEGIN "\"generation\":1,\"snapshot\":{\"sha256\":\"" A64
			"\",\"bytes\":0,\"size\":3},\"author\":\"\"}",
		  "`snapshot` is empty" },
		{ BEGIN "\"generation\":1,\"snapshot\":{\"sha256\":\"" A64 "\",\"bytes\":7},\"author\":\"\"}",
		  "`size`" },
		{ BEGIN "\"generation\":1,\"snapshot\":{\"sha256\":\"" A64 "\",\"bytes\":" MAX_PLUS_1
			",\"size\":3},\"author\":\"\"}",
		  "`bytes`" },
		{ BEGIN "\"generation\":1,\"snapshot\":{\"sha256\":\"" A64 "\",\"bytes\":7,\"size\":" MAX_PLUS_1
			"},\"author\":\"\"}",
		  "`size`" },
		{ BEGIN "\"generation\":1,\"delta\":{\"sha256\":\"" B64 "\",\"bytes\":7,\"size\":9}," REST,
		  "no parent" },
		{ BEGIN "\"generation\":1,\"delta\":null," REST, "`delta`" },
		{ BEGIN "\"generation\":1," SNAPSHOT ",\"memory\":2,\"worst_packet\":3,\"time\":4,\"author\":\"\"}",
		  "`rules`" },
		{ BEGIN "\"generation\":1," SNAPSHOT ",\"rules\":1,\"worst_packet\":3,\"time\":4,\"author\":\"\"}",
		  "`memory`" },
		{ BEGIN "\"generation\":1," SNAPSHOT ",\"rules\":1,\"memory\":2,\"time\":4,\"author\":\"\"}",
		  "`worst_packet`" },
		{ BEGIN "\"generation\":1," SNAPSHOT ",\"rules\":1,\"memory\":2,\"worst_packet\":3,\"author\":\"\"}",
		  "`time`" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		fw_cleanup(fw_buf_free) struct fw_buf b = { 0 };
		struct fw_manifest m;
		char why[256] = "";

		print_signed(&b, rows[i].line);
		assert_int_equal(fw_manifest_read(b.text, b.len, &trusted, &m, why), rows[i].why ? -EPROTO : 0);
		if (rows[i].why && !strstr(why, rows[i].why))
			fail_msg("row %zu: %s", i, why);
	}
}

static void wrong_signatures(void **state)
{
	static const struct {
		const char *lines, *why; /* after the first line */
	} rows[] = {
		{ "", "it has no signature" },
		{ "{\"key\":\"0123456789abcdef\"", "it is cut off" },
		{ "x\n", "something else than a signature" },
		{ "{}\n", "something else than a signature" },
		{ "{\"key\":\"0123456789abcde\",\"signature\":\"\"}\n", "something else than a signature" },
		{ "{\"key\":\"0123456789abcde\\n\",\"signature\":\"\"}\n", "something else than a signature" },
		{ "{\"key\":\"0123456789abcdef\",\"signature\":\"AAAA\"}\n", "something else than a signature" },
		{ "{\"key\":\"0123456789abcdef\",\"signature\":1}\n", "something else than a signature" },
	};
	struct fw_manifest m;
	char why[256];

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		for (unsigned k = 0; k < 2; k++) {
			fw_cleanup(fw_buf_free) struct fw_buf b = { 0 };

			fw_buf_printf(&b, "%s\n%s", BEGIN "\"generation\":1," REST, rows[i].lines);
			assert_int_equal(fw_manifest_read(b.text, b.len, k ? &trusted : NULL, &m, why), -EPROTO);
			assert_non_null(strstr(why, rows[i].why));
		}
}

static void no_more_than_its_limits(void **state)
{
	struct fw_secret_key many[FW_KEYS_MAX + 1];
	fw_cleanup(fw_buf_free) struct fw_buf b = { 0 };
	fw_cleanup(fw_buf_free) struct fw_buf large = { 0 };
	struct fw_manifest m;
	char why[256];

	for (unsigned i = 0; i <= FW_KEYS_MAX; i++)
		many[i] = secret[0];
	fw_manifest_print(&b, &whole, many, FW_KEYS_MAX);
	assert_int_equal(fw_manifest_read(b.text, b.len, &trusted, &m, why), 0);
	fw_buf_free(&b);
	fw_manifest_print(&b, &whole, many, FW_KEYS_MAX + 1);
	assert_int_equal(fw_manifest_read(b.text, b.len, &trusted, &m, why), -EPROTO);
	assert_string_equal(why, "it has more than 16 signatures");

	fw_buf_printf(&large, BEGIN "\"new\":\"%0*d\",\"generation\":1," REST, FW_MANIFEST_MAX, 0);
	fw_buf_free(&b);
	print_signed(&b, large.text);
	assert_int_equal(fw_manifest_read(b.text, b.len, &trusted, &m, why), -EPROTO);
	assert_string_equal(why, "it has more than 16384 bytes");
}

#define GENERATION(n, c)                \
	{                               \
		n,                      \
		{                       \
			c c c c c c c c \
		}                       \
	}

/* The replay table: the host's highest is 12 with the way back 10. */
static void what_a_host_accepts(void **state)
{
	static const struct fw_manifest highest = { .fleet = "edge",
						    .self = GENERATION(12, "cccccccc"),
						    .parent = GENERATION(10, A8) };
	static const struct fw_manifest alone = { .fleet = "edge", .self = GENERATION(1, A8) };
	static const struct fw_manifest none = { .fleet = "edge" }, any = { .fleet = "" };
	static const struct {
		const struct fw_manifest *highest;
		struct fw_manifest next;
		int err;
	} rows[] = {
		{ &highest, { .fleet = "edge", .self = GENERATION(13, B8) }, 0 },
		{ &highest, { .fleet = "edge", .self = GENERATION(4000000000000, B8) }, 0 },
		{ &highest, { .fleet = "edge", .self = GENERATION(12, "cccccccc") }, 0 },
		{ &highest, { .fleet = "edge", .self = GENERATION(12, B8) }, -ESTALE },
		{ &highest, { .fleet = "edge", .self = GENERATION(11, B8) }, -ESTALE },
		{ &highest, { .fleet = "edge", .self = GENERATION(11, A8) }, -ESTALE },
		{ &highest, { .fleet = "edge", .self = GENERATION(10, A8) }, 0 },
		{ &highest, { .fleet = "edge", .self = GENERATION(10, B8) }, -ESTALE },
		{ &highest, { .fleet = "edge", .self = GENERATION(9, A8) }, -ESTALE },
		{ &highest, { .fleet = "edge", .self = GENERATION(1, "cccccccc") }, -ESTALE },
		{ &highest, { .fleet = "core", .self = GENERATION(13, B8) }, -EXDEV },
		{ &highest, { .fleet = "core", .self = GENERATION(12, "cccccccc") }, -EXDEV },
		{ &alone, { .fleet = "edge", .self = GENERATION(1, A8) }, 0 },
		{ &alone, { .fleet = "edge", .self = GENERATION(1, B8) }, -ESTALE },
		{ &alone, { .fleet = "edge", .self = GENERATION(2, B8) }, 0 },
		{ &none, { .fleet = "edge", .self = GENERATION(1, A8) }, 0 },
		{ &none, { .fleet = "edge", .self = GENERATION(7, A8) }, 0 },
		{ &none, { .fleet = "core", .self = GENERATION(7, A8) }, -EXDEV },
		{ &any, { .fleet = "core", .self = GENERATION(7, A8) }, 0 },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		char why[256] = "";

		assert_int_equal(fw_manifest_accept(rows[i].highest, &rows[i].next, why), rows[i].err);
		assert_true(!*why == !rows[i].err);
	}
}

static void hashes(void **state)
{
	struct fw_sha256 hash;

	fw_sha256_of("abc", 3, &hash); /* FIPS 180-2, appendix B.1 */
	assert_string_equal(hash.hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	assert_true(fw_sha256_valid(hash.hex, FW_SHA256_HEX));
	assert_false(fw_sha256_valid(hash.hex, FW_SHA256_HEX - 1));
	hash.hex[63] = 'D';
	assert_false(fw_sha256_valid(hash.hex, FW_SHA256_HEX));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(read_as_it_was_printed),
		cmocka_unit_test(an_author_who_is_no_text),
		cmocka_unit_test(rotation),
		cmocka_unit_test(one_changed_bit_or_a_cut_is_refused),
		cmocka_unit_test(a_signature_of_another_line),
		cmocka_unit_test(wrong_members),
		cmocka_unit_test(wrong_signatures),
		cmocka_unit_test(no_more_than_its_limits),
		cmocka_unit_test(what_a_host_accepts),
		cmocka_unit_test(hashes),
	};

	return cmocka_run_group_tests(tests, make_keys, NULL);
}

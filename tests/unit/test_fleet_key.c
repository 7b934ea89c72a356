// SPDX-License-Identifier: GPL-2.0-only
/* Keys: what is printed is read again, damaged files are refused with their place, signatures of others do not count. */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "fw/fleet/key.h"

/* The first test vector of RFC 8032, section 7.1, with its signature of the empty text. */
#define SEED_AND_PUBLIC "nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2DXWpgBgrEKt9VL/tPJZAc6DuFy89qmIyWvAhpo9wdRGg=="
#define PUBLIC "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="
#define ID "21fe31dfa154a261"

static const unsigned char rfc_signature[FW_SIGNATURE] = {
	0xe5, 0x56, 0x43, 0x00, 0xc3, 0x60, 0xac, 0x72, 0x90, 0x86, 0xe2, 0xcc, 0x80, 0x6e, 0x82, 0x8a,
	0x84, 0x87, 0x7f, 0x1e, 0xb8, 0xe5, 0xd9, 0x74, 0xd8, 0x73, 0xe0, 0x65, 0x22, 0x49, 0x01, 0x55,
	0x5f, 0xb8, 0x82, 0x15, 0x90, 0xa3, 0x3b, 0xac, 0xc6, 0x1e, 0x39, 0x70, 0x1c, 0xf9, 0xb4, 0x6b,
	0xd2, 0x5b, 0xf5, 0xf0, 0x59, 0x5b, 0xbe, 0x24, 0x65, 0x51, 0x41, 0x43, 0x8e, 0x7a, 0x10, 0x0b,
};

static void a_pair_is_read_as_it_was_printed(void **state)
{
	struct fw_secret_key secret, secret_read;
	struct fw_public_key public;
	struct fw_public_keys keys;
	fw_cleanup(fw_buf_free) struct fw_buf b = { 0 };

	assert_int_equal(fw_key_make(&secret, &public), 0);
	strcpy(public.comment, "of the night shift, \xc3\xa9t\xc3\xa9");
	fw_key_print_public(&b, &public);
	assert_int_equal(fw_keys_parse(b.text, b.len, "a.pub", &keys, NULL), 0);
	assert_int_equal(keys.n, 1);
	assert_memory_equal(keys.key[0].bytes, public.bytes, sizeof(public.bytes));
	assert_string_equal(keys.key[0].id, public.id);
	assert_string_equal(keys.key[0].comment, public.comment);
	fw_buf_free(&b);

	fw_key_print_secret(&b, &secret);
	assert_int_equal(fw_key_parse_secret(b.text, b.len, "a.key", &secret_read, NULL), 0);
	assert_memory_equal(secret_read.bytes, secret.bytes, sizeof(secret.bytes));
	assert_string_equal(secret_read.id, public.id);
	fw_key_public(&secret_read, &public);
	assert_memory_equal(keys.key[0].bytes, public.bytes, sizeof(public.bytes));
	fw_key_forget(&secret_read);
	assert_string_equal(secret_read.id, "");
}

static void known_key_and_signature(void **state)
{
	static const char secret_line[] = "fw-secret-key ed25519 " SEED_AND_PUBLIC "\n";
	static const char public_lines[] = "# keys of edge\n\n  fw-public-key ed25519 " PUBLIC " RFC 8032 \r\n";
	unsigned char signature[FW_SIGNATURE];
	struct fw_secret_key secret;
	struct fw_public_keys keys;

	assert_int_equal(fw_key_parse_secret(secret_line, strlen(secret_line), "s", &secret, NULL), 0);
	assert_int_equal(fw_keys_parse(public_lines, strlen(public_lines), "p", &keys, NULL), 0);
	assert_string_equal(secret.id, ID);
	assert_string_equal(keys.key[0].id, ID);
	assert_string_equal(keys.key[0].comment, "RFC 8032");
	fw_key_sign(&secret, "", 0, signature);
	assert_memory_equal(signature, rfc_signature, FW_SIGNATURE);
	assert_true(fw_key_signed(&keys.key[0], "", 0, signature));
	assert_false(fw_key_signed(&keys.key[0], "x", 1, signature));
	for (unsigned i = 0; i < 8 * FW_SIGNATURE; i++) {
		signature[i / 8] ^= (unsigned char)(1 << i % 8);
		assert_false(fw_key_signed(&keys.key[0], "", 0, signature));
		signature[i / 8] ^= (unsigned char)(1 << i % 8);
	}
}

struct wrong {
	const char *text;
	const char *want; /* the first diagnostic, without hint */
};

static void assert_wrong(const struct wrong *w, int err, const struct fw_diags *ds)
{
	char text[64 + sizeof(ds->d[0].message)];

	assert_int_equal(err, -EINVAL);
	assert_true(ds->n);
	snprintf(text, sizeof(text), "%u:%u: %s", ds->d[0].line, ds->d[0].column, ds->d[0].message);
	assert_string_equal(text, w->want);
}

#define LINE "fw-public-key ed25519 " PUBLIC "\n"
#define LINE4 LINE LINE LINE LINE
#define LONG_32 "0123456789abcdef0123456789abcdef"

static void wrong_public_keys(void **state)
{
	static const struct wrong rows[] = {
		{ "", "0:0: there is no key in it" },
		{ "# none\n", "0:0: there is no key in it" },
		{ "hello\n", "1:1: a line with a key begins with `fw-public-key ed25519`" },
		{ LINE "\n fw-secret-key ed25519 " SEED_AND_PUBLIC,
		  "3:2: a line with a key begins with `fw-public-key ed25519`" },
		{ "fw-public-key rsa " PUBLIC, "1:15: the type of a key is ed25519" },
		{ "fw-public-key ed25519", "1:22: a key is 32 bytes in base64" },
		{ "fw-public-key ed25519 11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHUQ==",
		  "1:23: a key is 32 bytes in base64" },
		{ "fw-public-key ed25519 " SEED_AND_PUBLIC, "1:23: a key is 32 bytes in base64" },
		{ "fw-public-key ed25519 !!!!", "1:23: a key is 32 bytes in base64" },
		{ "fw-public-key ed25519 AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
		  "1:23: these bytes are no public key" },
		{ "fw-public-key ed25519 " PUBLIC " a\033[2Jb", "1:69: a comment is plain text" },
		{ "fw-public-key ed25519 " PUBLIC " " LONG_32 LONG_32, "1:68: a comment has at most 63 bytes" },
		{ LINE4 LINE4 LINE4 LINE4 LINE, "17:0: a host trusts at most 16 keys" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct fw_public_keys keys = { .n = 77 };
		struct fw_diags ds = { 0 };

		assert_wrong(&rows[i], fw_keys_parse(rows[i].text, strlen(rows[i].text), "p", &keys, &ds), &ds);
		assert_int_equal(keys.n, 77);
	}
}

static void wrong_secret_keys(void **state)
{
	static const struct wrong rows[] = {
		{ "", "0:0: there is no key in it" },
		{ LINE, "1:1: a line with a key begins with `fw-secret-key ed25519`" },
		{ "fw-secret-key ed25519 " PUBLIC, "1:23: a key is 64 bytes in base64" },
		{ "fw-secret-key ed25519 " SEED_AND_PUBLIC " mine", "1:112: a secret key has no comment" },
		/* The first bit of the seed is another one: its public key is not the one that follows. */
		{ "fw-secret-key ed25519 HWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2DXWpgBgrEKt9VL/tPJZAc6DuFy89qmIyWvAhpo9wdRGg==",
		  "1:23: these bytes are no secret key" },
		{ "fw-secret-key ed25519 " SEED_AND_PUBLIC "\nfw-secret-key ed25519 " SEED_AND_PUBLIC,
		  "2:0: a file has one secret key" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct fw_secret_key key = { .id = "before" };
		struct fw_diags ds = { 0 };

		assert_wrong(&rows[i], fw_key_parse_secret(rows[i].text, strlen(rows[i].text), "s", &key, &ds), &ds);
		assert_string_equal(key.id, "before");
		assert_null(strstr(ds.d[0].message, "nWGxne"));
	}
}

static void cut_off_at_each_byte(void **state)
{
	static const char text[] = "fw-secret-key ed25519 " SEED_AND_PUBLIC;
	struct fw_secret_key key;

	for (size_t len = 0; len < sizeof(text) - 1; len++)
		assert_int_equal(fw_key_parse_secret(text, len, "s", &key, NULL), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_pair_is_read_as_it_was_printed),
		cmocka_unit_test(known_key_and_signature),
		cmocka_unit_test(wrong_public_keys),
		cmocka_unit_test(wrong_secret_keys),
		cmocka_unit_test(cut_off_at_each_byte),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

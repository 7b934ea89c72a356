// SPDX-License-Identifier: GPL-2.0-only
/* Objects and snapshots: what was packed comes out, anything else than the manifest names is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "fw/fleet/snapshot.h"

#define PART(s)                  \
	{                        \
		s, sizeof(s) - 1 \
	}

static const struct fw_part parts[] = { PART("add 1 drop in src @bad\nset bad file \"bad.txt\"\n"), PART("bad.txt"),
					PART("192.0.2.0/24\n") };

/* An object of the snapshot above. */
static void make(void **out, struct fw_object *about)
{
	fw_autofree void *bytes = NULL;
	size_t len;

	assert_int_equal(fw_snapshot_pack(parts, 3, &bytes, &len), 0);
	assert_int_equal(fw_object_make(bytes, len, out, about), 0);
	assert_int_equal(about->size, len);
}

static void a_snapshot_comes_out_as_it_was_packed(void **state)
{
	fw_autofree struct fw_message *m = calloc(1, sizeof(*m));
	fw_autofree void *object = NULL, *bytes = NULL;
	struct fw_object about;
	struct fw_sha256 hash;
	char why[256];

	make(&object, &about);
	fw_sha256_of(object, about.bytes, &hash);
	assert_string_equal(about.sha256.hex, hash.hex);
	assert_int_equal(fw_object_open(&about, object, about.bytes, &bytes, why), 0);
	assert_int_equal(fw_snapshot_unpack(bytes, about.size, m), 0);
	assert_int_equal(m->kind, FW_REQ_LOAD);
	assert_int_equal(m->nparts, 4);
	assert_memory_equal(m->part[0].data, "{}", 2);
	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(m->part[i + 1].len, parts[i].len);
		assert_memory_equal(m->part[i + 1].data, parts[i].data, parts[i].len);
	}
}

/* The same content has the same name, whoever makes it. */
static void the_same_bytes_make_the_same_object(void **state)
{
	fw_autofree void *a = NULL, *b = NULL;
	struct fw_object of_a, of_b;

	make(&a, &of_a);
	make(&b, &of_b);
	assert_string_equal(of_a.sha256.hex, of_b.sha256.hex);
}

static void damaged_objects(void **state)
{
	fw_autofree void *object = NULL;
	void *bytes = NULL;
	struct fw_object about;
	char why[256];

	make(&object, &about);
	for (size_t i = 0; i < 8 * about.bytes; i++) {
		((char *)object)[i / 8] ^= (char)(1 << i % 8);
		assert_int_equal(fw_object_open(&about, object, about.bytes, &bytes, why), -EBADMSG);
		assert_string_equal(why, "its SHA-256 is not that of the manifest");
		((char *)object)[i / 8] ^= (char)(1 << i % 8);
	}
	for (size_t len = 0; len < about.bytes; len++) {
		assert_int_equal(fw_object_open(&about, object, len, &bytes, why), -EBADMSG);
		assert_string_equal(why, "it is shorter than the manifest says");
	}
	assert_int_equal(fw_object_open(&about, object, about.bytes + 1, &bytes, why), -EBADMSG);
	assert_null(bytes);
}

/* The hash is that of the manifest, but what is compressed is not what it says: zstd's frame is cut off or damaged, too. */
static void objects_that_are_signed_but_wrong(void **state)
{
	fw_autofree void *object = NULL;
	void *bytes = NULL;
	struct fw_object good, about;
	char why[256];

	make(&object, &good);
	for (size_t len = 0; len < good.bytes; len++) {
		about = good;
		about.bytes = len;
		fw_sha256_of(object, len, &about.sha256);
		assert_int_equal(fw_object_open(&about, object, len, &bytes, why), -EBADMSG);
	}
	for (size_t i = 0; i < 8 * good.bytes; i++) {
		((char *)object)[i / 8] ^= (char)(1 << i % 8);
		about = good;
		fw_sha256_of(object, about.bytes, &about.sha256);
		if (!fw_object_open(&about, object, about.bytes, &bytes, why))
			free(bytes);
		((char *)object)[i / 8] ^= (char)(1 << i % 8);
	}
}

/* 256 MiB of zeros, which are some kilobytes compressed: refused by the size in the manifest, whatever zstd's frame says. */
static void bombs(void **state)
{
	static const uint64_t sizes[] = {
		1, 4096, (256u << 20) - 1, (256u << 20) + 1, FW_ARTIFACT_MAX + 1, UINT64_MAX
	};
	fw_autofree void *zeros = calloc(1, 256u << 20), *object = NULL;
	void *bytes = NULL;
	struct fw_object about;
	char why[256];

	assert_non_null(zeros);
	assert_int_equal(fw_object_make(zeros, 256u << 20, &object, &about), 0);
	assert_in_range(about.bytes, 1, 1 << 20);
	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		about.size = sizes[i];
		assert_int_equal(fw_object_open(&about, object, about.bytes, &bytes, why), -EBADMSG);
		assert_null(bytes);
	}
	about.size = 256u << 20;
	assert_int_equal(fw_object_open(&about, object, about.bytes, &bytes, why), 0);
	free(bytes);
}

static void above_the_limits(void **state)
{
	fw_autofree struct fw_part *many = calloc(FW_WIRE_PARTS, sizeof(*many));
	void *out = NULL;
	struct fw_object about;
	size_t len;

	assert_int_equal(fw_object_make("", FW_ARTIFACT_MAX + 1, &out, &about), -EFBIG);
	assert_int_equal(fw_snapshot_pack(many, FW_WIRE_PARTS, &out, &len), -EMSGSIZE);
	assert_null(out);
	assert_int_equal(fw_snapshot_pack(many, FW_WIRE_PARTS - 1, &out, &len), 0);
	free(out);
}

static void messages_that_are_no_snapshot(void **state)
{
	static const struct {
		const char *bytes;
		size_t len;
		int err;
	} rows[] = {
		{ "\x0d\0\0\0\x07\0\x02\0\x02\0\0\0{}\x03\0\0\0abc", 21, 0 },
		{ "\x0d\0\0\0\x06\0\x02\0\x02\0\0\0{}\x03\0\0\0abc", 21, -EPROTO }, /* a change */
		{ "\x0d\0\0\0\x07\0\x02\0\x02\0\0\0[]\x03\0\0\0abc", 21, -EPROTO },
		{ "\x0c\0\0\0\x07\0\x02\0\x01\0\0\0{\x03\0\0\0abc", 20, -EPROTO },
		{ "\x06\0\0\0\x07\0\x01\0\x02\0\0\0{}", 14, -EPROTO }, /* fwd would load its own file */
		{ "\x11\0\0\0\x07\0\x03\0\x02\0\0\0{}\x03\0\0\0abc\0\0\0\0", 25, -EPROTO },   /* a file without text */
		{ "\x15\0\0\0\x07\0\x04\0\x02\0\0\0{}\x03\0\0\0abc\0\0\0\0\0\0\0\0", 29, 0 }, /* with */
		{ "\x0d\0\0\0\x07\0\x02\0\x02\0\0\0{}\x04\0\0\0abc", 21, -EPROTO },
		{ "\x0d\0\0\0\x07\0\x02\0\x02\0\0\0{}\x03\0\0\0abcd", 22, -EPROTO },
	};
	fw_autofree struct fw_message *m = calloc(1, sizeof(*m));

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		assert_int_equal(fw_snapshot_unpack(rows[i].bytes, rows[i].len, m), rows[i].err);
	for (size_t len = 0; len < rows[0].len; len++)
		assert_int_equal(fw_snapshot_unpack(rows[0].bytes, len, m), -EPROTO);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_snapshot_comes_out_as_it_was_packed),
		cmocka_unit_test(the_same_bytes_make_the_same_object),
		cmocka_unit_test(damaged_objects),
		cmocka_unit_test(objects_that_are_signed_but_wrong),
		cmocka_unit_test(bombs),
		cmocka_unit_test(above_the_limits),
		cmocka_unit_test(messages_that_are_no_snapshot),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

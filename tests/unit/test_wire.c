// SPDX-License-Identifier: GPL-2.0-only
/* Messages of the socket: what is encoded decodes to the same; damaged ones are refused; too large ones are not read. */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "fw/wire.h"

#define PART(s)                  \
	{                        \
		s, sizeof(s) - 1 \
	}

static void known_bytes(void **state)
{
	static const struct fw_part parts[] = { PART("{}"), PART("abc") };
	static const char want[] = "\x0d\0\0\0\x06\0\x02\0"
				   "\x02\0\0\0{}"
				   "\x03\0\0\0abc";
	fw_autofree char *bytes = NULL;
	size_t len;

	assert_int_equal(fw_wire_encode(FW_REQ_CHANGE, parts, 2, &bytes, &len), 0);
	assert_int_equal(len, sizeof(want) - 1);
	assert_memory_equal(bytes, want, len);
}

static void header_is_checked_before_the_body(void **state)
{
	static const struct {
		struct fw_wire_head head;
		int err;
	} rows[] = {
		{ { 6, FW_REQ_STATUS, 1 }, 0 },
		{ { 4096, FW_REQ_STATUS, 1 }, 0 },
		{ { 4097, FW_REQ_STATUS, 1 }, -EMSGSIZE },
		{ { 12, FW_REQ_STATUS, 2 }, -EMSGSIZE },
		{ { 1 << 30, FW_REQ_LOAD, FW_WIRE_PARTS }, 0 },
		{ { (1 << 30) + 1, FW_REQ_LOAD, 2 }, -EMSGSIZE },
		{ { UINT32_MAX, FW_REQ_LOAD, 2 }, -EMSGSIZE },
		{ { 1 << 20, FW_REQ_LOAD, FW_WIRE_PARTS + 1 }, -EMSGSIZE },
		{ { 1 << 30, FW_REQ_LIST, 1 }, -EMSGSIZE },
		{ { 0, FW_REQ_LIST, 0 }, -EPROTO },
		{ { 8, FW_REQ_LIST, 0 }, -EPROTO },
		{ { 3, FW_REQ_LIST, 1 }, -EPROTO },
		{ { 7, FW_REQ_CHANGE, 2 }, -EPROTO },
		{ { 6, FW_NREQUESTS, 1 }, -EPROTO },
		{ { 6, FW_REPLY_END, 1 }, -EPROTO },
		{ { 6, 0xffff, 1 }, -EPROTO },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const char *why = NULL;

		assert_int_equal(fw_wire_request_check(&rows[i].head, &why), rows[i].err);
		assert_true(!why == !rows[i].err);
	}
}

static void damaged_bodies(void **state)
{
	static const struct {
		const char *body;
		uint32_t bytes;
		uint16_t parts;
		int err;
	} rows[] = {
		{ "\0\0\0\0", 4, 1, 0 },
		{ "\x02\0\0\0{}", 6, 1, 0 },
		{ "\x02\0\0\0{}\0\0\0\0", 10, 2, 0 },
		{ "", 0, 0, 0 },
		{ "", 0, 1, -EPROTO },
		{ "\x02\0\0", 3, 1, -EPROTO },
		{ "\x02\0\0\0{", 5, 1, -EPROTO },
		{ "\x02\0\0\0{}x", 7, 1, -EPROTO },
		{ "\x02\0\0\0{}", 6, 2, -EPROTO },
		{ "\x02\0\0\0{}", 6, 0, -EPROTO },
		{ "\xff\xff\xff\xff{}", 6, 1, -EPROTO },
		{ "\x02\0\0\0{}\xfc\xff\xff\xff", 10, 2, -EPROTO },
	};
	static struct fw_message m;

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct fw_wire_head head = { rows[i].bytes, FW_REQ_LOAD, rows[i].parts };

		assert_int_equal(fw_wire_decode(&head, rows[i].body, &m), rows[i].err);
	}
	assert_int_equal(fw_wire_decode(&(struct fw_wire_head){ 8192, FW_REQ_LOAD, FW_WIRE_PARTS + 1 }, "", &m),
			 -EPROTO);
}

static void too_large_to_encode(void **state)
{
	struct fw_part two[] = { { NULL, 0x80000000u }, { NULL, 0x80000000u } };
	static struct fw_part many[FW_WIRE_PARTS + 1];
	fw_autofree char *bytes = NULL;
	size_t len;

	assert_int_equal(fw_wire_encode(FW_REQ_LOAD, two, 2, &bytes, &len), -EMSGSIZE);
	assert_int_equal(fw_wire_encode(FW_REQ_LOAD, many, FW_WIRE_PARTS + 1, &bytes, &len), -EMSGSIZE);
	assert_int_equal(fw_wire_encode(FW_REQ_LOAD, many, FW_WIRE_PARTS, &bytes, &len), 0);
}

/* Random parts are decoded unchanged; a message cut to any other length does not decode. */
static void random_messages(void **state)
{
	unsigned seed = (unsigned)time(NULL);
	static struct fw_message m;
	static char text[4096];

	print_message("seed %u\n", seed);
	srand(seed);
	for (unsigned round = 0; round < 2000; round++) {
		struct fw_part parts[20];
		uint16_t n = (uint16_t)(1 + rand() % 20);
		fw_autofree char *bytes = NULL;
		struct fw_wire_head head;
		size_t len;

		for (unsigned i = 0; i < n; i++)
			parts[i] = (struct fw_part){ text, (uint32_t)(rand() % (rand() % 2 ? 8 : sizeof(text))) };
		for (size_t i = 0; i < sizeof(text); i++)
			text[i] = (char)rand();
		assert_int_equal(fw_wire_encode(FW_REQ_LOAD, parts, n, &bytes, &len), 0);
		fw_wire_head_read(bytes, &head);
		assert_int_equal(head.bytes, len - FW_WIRE_HEADER);
		assert_int_equal(fw_wire_decode(&head, bytes + FW_WIRE_HEADER, &m), 0);
		assert_int_equal(m.kind, FW_REQ_LOAD);
		assert_int_equal(m.nparts, n);
		for (unsigned i = 0; i < n; i++) {
			assert_int_equal(m.part[i].len, parts[i].len);
			assert_memory_equal(m.part[i].data, text, parts[i].len);
		}
		head.bytes -= (uint32_t)rand() % head.bytes + 1;
		assert_int_equal(fw_wire_decode(&head, bytes + FW_WIRE_HEADER, &m), -EPROTO);
	}
}

static void requests_have_names_and_limits(void **state)
{
	for (unsigned i = 0; i < FW_NREQUESTS; i++) {
		assert_non_null(fw_request_info[i].name);
		assert_in_range(fw_request_info[i].parts, 1, FW_WIRE_PARTS);
		assert_in_range(fw_request_info[i].bytes, 4096, 1 << 30);
		/* Readers must not make the daemon hold much. */
		if (fw_request_info[i].right == FW_RIGHT_READ)
			assert_in_range(fw_request_info[i].bytes, 0, 1 << 20);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(known_bytes),     cmocka_unit_test(header_is_checked_before_the_body),
		cmocka_unit_test(damaged_bodies),  cmocka_unit_test(too_large_to_encode),
		cmocka_unit_test(random_messages), cmocka_unit_test(requests_have_names_and_limits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

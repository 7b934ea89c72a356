// SPDX-License-Identifier: GPL-2.0-only
/* Rates and limits per address by a clock that the test moves: against exact buckets, and when the table is full. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/limits.h"
#include "tests/unit/random.h"
#include "tests/unit/rows.h"

#define MS 1000000ull
#define SECOND 1000000000ull

static struct fw_key packet(uint32_t src, uint32_t dst)
{
	return (struct fw_key){ .src = { (uint64_t)src << 32, 0 },
				.dst = { (uint64_t)dst << 32, 0 },
				.family = FW_IP4 };
}

static struct fw_key packet6(uint32_t src, uint32_t dst)
{
	return (struct fw_key){ .src = { src, (uint64_t)src << 40 }, .dst = { 7, dst }, .family = FW_IP6 };
}

/* The example in fw/table/rate.h. */
static void example(void **state)
{
	static const struct {
		uint64_t at, after; /* ms */
		bool admitted;
	} rows[] = {
		{ 0, 100, true },   { 10, 200, true },  { 20, 300, true },
		{ 30, 300, false }, { 100, 400, true }, { 110, 400, false },
	};
	const struct fw_rate r = limits_rate(10, 3);
	uint64_t full = 0, start = 5 * SECOND;

	for (size_t i = 0; i < ROWS(rows); i++) {
		uint64_t next = fw_rate_take(full, start + rows[i].at * MS, &r);

		assert_int_equal(next != 0, rows[i].admitted);
		full = next ? next : full;
		assert_int_equal(full, start + rows[i].after * MS);
	}
}

/* A rule whose rate became another one does not wait for the end of the one before. */
static void another_rate(void **state)
{
	const struct fw_rate fast = limits_rate(1000, 5);
	uint64_t full = 86400 * SECOND; /* of a rate of one a day */

	assert_int_equal(fw_rate_current(full, SECOND, &fast), 0);
	full = SECOND + fast.burst + fast.interval;
	assert_int_equal(fw_rate_current(full, SECOND, &fast), full);
	assert_int_equal(fw_rate_current(full, SECOND - FW_RATE_TICK, &fast), full);
}

/* A CPU may read the clock, and be away until others have taken all tokens: it gets none. */
static void late_packet(void **state)
{
	const struct fw_action a = { .per = FW_PER_FROM, .per4 = 32, .limit = limits_rate(10, 3) };
	struct fw_key key = packet(0xc0000201, 1);
	struct limits *l = limits_new(1);

	l->now += 2 * SECOND;
	for (int i = 0; i < 3; i++)
		assert_true(limits_within(l, &key, &a, 0));
	for (uint64_t back = 1; back < 2 * SECOND; back *= 3) {
		l->now -= back;
		assert_false(limits_within(l, &key, &a, 0));
		l->now += back;
	}
	limits_free(l);
}

/* Made by Python 3.11 with PYTHONHASHSEED=0: hash() of the bytes of 1, 2, ... as little-endian words. */
static void hash(void **state)
{
	static const struct {
		int n;
		uint64_t hash;
	} rows[] = {
		{ 1, 0x1e9f734161d62dd9 },
		{ 2, 0xfb058313e6201d48 },
		{ 5, 0xac1337336f43ed3 },
	};
	const __u64 words[] = { 1, 2, 3, 4, 5 };
	const struct fw_limit_key zero = { { 0, 0 } };

	for (size_t i = 0; i < ROWS(rows); i++)
		assert_int_equal(fw_siphash(&zero, words, rows[i].n), rows[i].hash);
}

static struct fw_action random_action(void)
{
	static const uint32_t packets[] = { 1, 7, 10, 1000, 250000 };

	return (struct fw_action){ .per = (uint8_t)random_below(FW_NPERS),
				   .per4 = (uint8_t)(random_below(4) ? 32 : random_below(33)),
				   .per6 = (uint8_t)(random_below(4) ? 128 : random_below(129)),
				   .limit = limits_rate(packets[random_below(ROWS(packets))], 1 + random_below(20)) };
}

/* So few addresses that no line of the table is full. */
static void as_exact_buckets(void **state)
{
	enum { RULES = 4, ADDRESSES = 10 };
	unsigned rounds = random_amount("FW_ROUNDS", 20);

	for (unsigned round = 0; round < rounds; round++) {
		struct limits *l = limits_new(RULES);
		struct exact e = { .now = l->now };
		struct fw_action rules[RULES];

		for (int i = 0; i < RULES; i++)
			rules[i] = random_action();
		for (int i = 0; i < 20000; i++) {
			uint32_t slot = random_below(RULES), src = random_below(ADDRESSES), dst = random_below(2);
			struct fw_key key = random_below(2) ? packet(src, dst) : packet6(src, dst);

			e.now = l->now += random_below(8) ? random_below(300000) : random_below(200) * MS;
			assert_int_equal(limits_within(l, &key, &rules[slot], slot),
					 exact_within(&e, &key, &rules[slot], slot));
		}
		exact_free(&e);
		limits_free(l);
	}
}

/* An address that has used up its rate does not get it back by filling the table with others. */
static void flood_frees_nobody(void **state)
{
	const struct fw_action a = { .per = FW_PER_FROM, .per4 = 32, .limit = limits_rate(1, 5) };
	struct fw_key victim = packet(0xc0000201, 1);
	struct limits *l = limits_new(1);

	for (int i = 0; i < 5; i++)
		assert_true(limits_within(l, &victim, &a, 0));
	assert_false(limits_within(l, &victim, &a, 0));
	for (uint32_t i = 0; i < 500000; i++) {
		struct fw_key other = packet(0x0a000000 + i, 1);

		limits_within(l, &other, &a, 0);
		assert_false(i % 1000 == 0 && limits_within(l, &victim, &a, 0));
	}
	l->now += SECOND;
	assert_true(limits_within(l, &victim, &a, 0));
	assert_false(limits_within(l, &victim, &a, 0));
	limits_free(l);
}

/*
 * Half a million addresses at once: those that find room get their burst, all others share one more bucket for each line. A second
 * rule gets a whole burst for all of them together, whatever the first one's rate. When the buckets are full again, all is
 * as in the beginning.
 */
static void full_table(void **state)
{
	enum { BURST = 3, MANY = 500000 };
	const struct fw_action a = { .per = FW_PER_FROM, .per4 = 32, .limit = limits_rate(1, BURST) };
	const struct fw_action b = { .per = FW_PER_FROM, .per4 = 32, .limit = limits_rate(100, BURST) };
	struct limits *l = limits_new(2);
	struct fw_key late;
	unsigned admitted = 0;

	for (uint32_t i = 0; i < MANY * BURST; i++) {
		struct fw_key key = packet(i / BURST, 1);

		admitted += limits_within(l, &key, &a, 0);
	}
	assert_int_equal(admitted, FW_LIMIT_LINES * (FW_LIMIT_WAYS + 1) * BURST);
	admitted = 0;
	for (uint32_t i = 0; i < 1000; i++) {
		late = packet(i, 1);
		admitted += limits_within(l, &late, &b, 1);
	}
	assert_int_equal(admitted, BURST);
	l->now += BURST * SECOND;
	for (int i = 0; i < BURST; i++)
		assert_true(limits_within(l, &late, &a, 0));
	assert_false(limits_within(l, &late, &a, 0));
	limits_free(l);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(example),    cmocka_unit_test(another_rate),     cmocka_unit_test(late_packet),
		cmocka_unit_test(hash),       cmocka_unit_test(as_exact_buckets), cmocka_unit_test(flood_frees_nobody),
		cmocka_unit_test(full_table),
	};

	random_start();
	return cmocka_run_group_tests(tests, NULL, NULL);
}

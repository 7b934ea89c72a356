// SPDX-License-Identifier: GPL-2.0-only
/* A CPU's decisions about packets that interrupt each other. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "fw/table/decision.h"
#include "tests/unit/random.h"

#define TASK 0xffff888000001000ull
#define SOFTIRQ 0xffff888100000000ull
#define NOW 4294937296ull

static struct fw_decisions all;

static void put(uint64_t skb, uint64_t now, uint32_t flip)
{
	struct fw_decision *d = fw_decision_put(&all, skb, now);

	d->flip = flip;
}

static void assert_flip(uint64_t skb, uint64_t now, uint32_t flip)
{
	const struct fw_decision *d = fw_decision_in(&all, skb, now);

	assert_non_null(d);
	assert_int_equal(d->flip, flip);
}

static int empty(void **state)
{
	memset(&all, 0, sizeof(all));
	return 0;
}

/* The packet of a task keeps its mark when another packet is decided before its mark was read. */
static void interrupted(void **state)
{
	put(TASK, NOW, 1);
	put(SOFTIRQ, NOW, 2);
	assert_flip(SOFTIRQ, NOW, 2);
	assert_flip(TASK, NOW, 1);
	fw_decision_in(&all, SOFTIRQ, NOW)->skb = 0; /* taken */
	assert_null(fw_decision_in(&all, SOFTIRQ, NOW));
	assert_flip(TASK, NOW + 1, 1);
	/* Once more, with a decision that nobody took. */
	put(SOFTIRQ + 64, NOW, 3);
	put(SOFTIRQ + 128, NOW, 4);
	assert_flip(TASK, NOW, 1);
	assert_flip(SOFTIRQ + 128, NOW, 4);
}

/* A packet that is decided again, at the next hook, has one decision. */
static void decided_again(void **state)
{
	put(TASK, NOW, 1);
	put(SOFTIRQ, NOW, 2);
	put(TASK, NOW, 5);
	assert_flip(TASK, NOW, 5);
	assert_flip(SOFTIRQ, NOW, 2);
}

/* What nobody took is not for a later packet at the same address. */
static void too_old(void **state)
{
	put(TASK, NOW, 1);
	assert_flip(TASK, NOW + 1, 1);
	assert_null(fw_decision_in(&all, TASK, NOW + 2));
	put(SOFTIRQ, NOW + 2, 2);
	assert_ptr_equal(fw_decision_in(&all, SOFTIRQ, NOW + 2), &all.of[0]);
	assert_null(fw_decision_in(&all, 0, NOW + 2));
}

/* A packet that is dropped without a decision is not taken for an earlier one at its address that nobody took. */
static void forgotten(void **state)
{
	put(TASK, NOW, 1);
	put(SOFTIRQ, NOW, 2);
	fw_decision_forget(&all, TASK);
	assert_null(fw_decision_in(&all, TASK, NOW));
	assert_flip(SOFTIRQ, NOW, 2);
	fw_decision_forget(&all, SOFTIRQ + 64);
	assert_flip(SOFTIRQ, NOW, 2);
}

/* Packets of tasks, each interrupted by some that are decided and taken as a whole. */
static void many(void **state)
{
	for (uint64_t i = 1; i < 10000; i++) {
		uint64_t now = NOW + 2 * i; /* what nobody took before is too old */

		put(TASK + i, now, (uint32_t)i);
		for (unsigned n = random_below(4); n; n--) {
			put(SOFTIRQ + n, now, n);
			assert_flip(SOFTIRQ + n, now, n);
			if (random_below(8))
				fw_decision_in(&all, SOFTIRQ + n, now)->skb = 0;
		}
		assert_flip(TASK + i, now, (uint32_t)i);
		if (random_below(8))
			fw_decision_in(&all, TASK + i, now)->skb = 0;
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(interrupted, empty), cmocka_unit_test_setup(decided_again, empty),
		cmocka_unit_test_setup(too_old, empty),     cmocka_unit_test_setup(forgotten, empty),
		cmocka_unit_test_setup(many, empty),
	};

	random_start();
	return cmocka_run_group_tests(tests, NULL, NULL);
}

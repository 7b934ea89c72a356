// SPDX-License-Identifier: GPL-2.0-only
/* Counters of rules as metrics show them: to which rule they belong, and the form of lines and times. */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "ctl/fwd/base/histogram.h"
#include "ctl/fwd/requests/metrics_objects.h"
#include "ctl/fwd/requests/rule_counts.h"
#include "tests/unit/random.h"

#define MAX 10

/* Rules whose ids and slots are unordered and have gaps. */
static struct fw_ruleset *some_rules(size_t n, struct rule_count *all)
{
	struct fw_ruleset *rs = fw_ruleset_new(NULL);
	uint32_t slots[MAX];
	uint64_t ids[MAX];

	for (size_t i = 0; i < n; i++) {
		struct fw_rule draft = { .action = FW_DROP };
		size_t k = random_below((uint32_t)i + 1);

		assert_int_equal(fw_ruleset_add(rs, &draft, (struct fw_place){ 0 }, NULL, NULL), 0);
		ids[i] = random_below(8) ? i * 3 + random_below(3) + 1 : UINT64_MAX - i;
		slots[i] = k < i ? slots[k] : 0;
		slots[k] = (uint32_t)(i * 2 + random_below(2));
	}
	assert_int_equal(fw_ruleset_number(rs, ids, slots), 0);
	for (size_t i = 0; i < n; i++)
		all[i] = (struct rule_count){ { ids[i], { 1, 2 } }, slots[i] };
	return rs;
}

/* A counter whose label is not that of the slot's rule is added up, but not shown. */
static void others_are_not_shown(void **state)
{
	static struct rule_count all[MAX];
	struct fw_ruleset *rs = some_rules(MAX, all);
	struct fw_rule_choice c;

	fw_rule_choice_init(&c, MAX, MAX, sizeof(all[0]));
	for (size_t i = 0; i < MAX; i++) {
		all[i].row.id += i == 3 ? 1000 : 0;
		fw_rule_choice_add(&c, &all[i], i < 5);
	}
	assert_int_equal(fw_rule_choice_end(&c, rule_counts_is_of, rs), 0);
	assert_int_equal(c.all.rules, MAX);
	assert_int_equal(c.chosen.rules, MAX - 1);
	assert_int_equal(c.marked_left_out, 1);
	fw_rule_choice_free(&c);
	fw_ruleset_free(rs);
}

static void lines(void **state)
{
	static char longest[FW_NAME_MAX + 1];
	struct fw_ruleset *rs = fw_ruleset_new(NULL);
	uint16_t guests;

	assert_int_equal(fw_ruleset_chain(rs, "guests", &guests), 0);

	const struct {
		struct fw_rule rule;
		struct fw_count count;
		const char *want;
	} rows[] = {
		{ { .id = 1, .action = FW_DROP }, { 0, 0 }, "1 0 0 drop - - -" },
		{ { .id = 10, .action = FW_ACCEPT, .exported = 1 }, { 10, 9 }, "10 10 9 accept counter - -" },
		{ { .id = 9, .action = FW_ACCEPT, .name = "web" }, { 1, 1500 }, "9 1 1500 accept - web -" },
		{ { .id = 11, .action = FW_DROP, .chain = guests }, { 2, 84 }, "11 2 84 drop - - guests" },
		{ { .id = UINT64_MAX, .action = FW_ACCEPT, .exported = 1, .name = longest },
		  { UINT64_MAX, UINT64_MAX },
		  "18446744073709551615 18446744073709551615 18446744073709551615 accept counter "
		  "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx -" },
	};
	struct fw_buf got = { 0 }, want = { 0 };

	memset(longest, 'x', FW_NAME_MAX);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		metric_rule(&got, rs, &rows[i].rule, rows[i].count);
		fw_buf_printf(&want, "%s\n", rows[i].want);
	}
	assert_string_equal(got.text, want.text);
	fw_buf_free(&got);
	fw_buf_free(&want);
	fw_ruleset_free(rs);
}

static void times(void **state)
{
	struct histogram h = { .count = 0 };
	uint64_t sum = 0;

	histogram_add(&h, 0);
	histogram_add(&h, histogram_bounds[0]);
	histogram_add(&h, histogram_bounds[0] * 1.01);
	histogram_add(&h, histogram_bounds[HISTOGRAM_BOUNDS - 1]);
	histogram_add(&h, 1e9);
	assert_int_equal(h.counts[0], 2);
	assert_int_equal(h.counts[1], 1);
	assert_int_equal(h.counts[HISTOGRAM_BOUNDS - 1], 1);
	assert_int_equal(h.counts[HISTOGRAM_BOUNDS], 1);
	for (unsigned i = 0; i <= HISTOGRAM_BOUNDS; i++)
		sum += h.counts[i];
	assert_int_equal(sum, h.count);
	assert_true(h.sum > 1e9);
	for (unsigned i = 1; i < HISTOGRAM_BOUNDS; i++)
		assert_true(histogram_bounds[i] > histogram_bounds[i - 1]);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(others_are_not_shown),
		cmocka_unit_test(lines),
		cmocka_unit_test(times),
	};

	random_start();
	return cmocka_run_group_tests(tests, NULL, NULL);
}

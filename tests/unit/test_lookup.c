// SPDX-License-Identifier: GPL-2.0-only
/*
 * The lookup in user space against the oracle: every packet case, whole and cut,
 * and random packets at the corners of random rulesets.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/cases.h"
#include "tests/unit/random.h"
#include "tests/unit/rows.h"
#include "tests/unit/rulesets.h"
#include "tests/unit/verdict.h"

static void packet_cases(void **state)
{
	for (size_t r = 0; r < case_nrulesets; r++) {
		struct fw_ruleset *rs = ruleset_of(case_rulesets[r]);

		assert_true(verdict_begin(rs));
		for (size_t i = 0; i < fw_ncases; i++)
			case_cuts(&fw_cases[i], assert_same_verdict);
		fw_ruleset_free(rs);
	}
}

/* How many rulesets of a shape, and keys for each. */
static const struct {
	struct random_shape shape;
	unsigned rulesets, keys;
} plan[] = {
	{ { 1, 2, 2, 2, 60 }, 100, 500 },         { { 8, 6, 3, 3, 80 }, 120, 1500 },
	{ { 40, 12, 3, 2, 60 }, 100, 2000 },      { { 300, 30, 3, 3, 70 }, 30, 2500 },
	{ { 300, 12, 2, 7, 90 }, 20, 2500 },      { { 200, 30, 4, 0, 30 }, 20, 2500 },
	{ { 250, 30, 3, 4, 0 }, 10, 2500 },       { { 3000, 1500, 200, 1, 40 }, 4, 2500 },
	{ { 5000, 4000, 1000, 0, 20 }, 2, 2500 },
};

/* Some rulesets nest too deep; no shape always does. */
static void random_rulesets(void **state)
{
	for (size_t p = 0; p < ROWS(plan); p++) {
		unsigned refused = 0;

		for (unsigned i = 0; i < plan[p].rulesets; i++) {
			struct fw_ruleset *rs = random_ruleset(&plan[p].shape);
			bool fits = verdict_begin(rs);

			for (unsigned k = 0; fits && k < plan[p].keys; k++) {
				struct fw_key key;

				random_key(rs, &key);
				assert_same_answer(&key);
			}
			refused += !fits;
			fw_ruleset_free(rs);
		}
		assert_true(refused <= plan[p].rulesets / 2);
	}
}

/* Chains that call each other, with conditional calls and returns, against the oracle, which follows calls. */
static void random_chained(void **state)
{
	static const struct random_shape shapes[] = {
		{ 8, 3, 2, 5, 30 },
		{ 40, 12, 3, 4, 40 },
		{ 60, 6, 2, 7, 60 },
		{ 200, 30, 4, 6, 60 },
	};
	static const unsigned chains[] = { 1, 3, 8, FW_CHAIN_DEPTH };
	unsigned asked = 0;

	for (unsigned i = 0; i < 400; i++) {
		struct fw_ruleset *rs;

		random_chains(chains[i / 4 % 4]);
		rs = random_ruleset(&shapes[i % 4]);
		if (verdict_begin(rs)) {
			asked++;
			for (unsigned k = 0; k < 1000; k++) {
				struct fw_key key;

				random_key(rs, &key);
				assert_same_answer(&key);
			}
		}
		fw_ruleset_free(rs);
	}
	random_chains(0);
	assert_true(asked > 200);
}

/* Blocks of every size at which their form changes. */
static void one_pair(void **state)
{
	static const unsigned sizes[] = { 1, 2, 3, 63, 64, 65, 127, 128, 129, 4095, 4096, 4097, 8193, 10000 };

	for (size_t i = 0; i < ROWS(sizes); i++) {
		for (unsigned detail = 20; detail <= 80; detail += 60) {
			struct random_shape shape = { sizes[i], 1, 1, 8, detail };
			struct fw_ruleset *rs = random_ruleset(&shape);

			assert_int_equal(rs->nrules, sizes[i]);
			assert_true(verdict_begin(rs));
			for (unsigned k = 0; k < (sizes[i] > 1000 ? 300u : 2000u); k++) {
				struct fw_key key;

				random_key(rs, &key);
				assert_same_answer(&key);
			}
			fw_ruleset_free(rs);
		}
	}
}

/* A ruleset in which only late rules of long blocks match: each port is in one rule. */
static void distinct_ports(void **state)
{
	static const unsigned sizes[] = { 64, 65, 4096, 4097, 10000 };

	for (size_t i = 0; i < ROWS(sizes); i++) {
		struct fw_ruleset *rs = ruleset_ports(sizes[i]);

		assert_true(verdict_begin(rs));
		for (unsigned k = 0; k < 2000; k++) {
			struct fw_key key;

			random_key(rs, &key);
			key.f[FW_F_DPORT] = k < 4 ? sizes[i] - 2 + k : random_below(sizes[i] + 2);
			assert_same_answer(&key);
		}
		fw_ruleset_free(rs);
	}
}

static void nested(void **state)
{
	static const struct {
		unsigned depth;
		enum fw_family family;
		unsigned first; /* shortest prefix */
		bool frames;
	} rows[] = {
		{ 5, FW_IP4, 0, false },   { 6, FW_IP4, 1, false },   { 10, FW_IP4, 20, false },
		{ 33, FW_IP4, 0, false },  { 34, FW_IP6, 0, false },  { 34, FW_IP6, 30, false },
		{ 34, FW_IP6, 60, false }, { 34, FW_IP6, 95, false }, { 33, FW_IP6, 96, true },
		{ 33, FW_IP4, 0, false },  { 32, FW_IP4, 1, true },
	};

	for (size_t i = 0; i < ROWS(rows); i++) {
		struct fw_ruleset *rs = ruleset_nested(rows[i].family, rows[i].first, rows[i].depth, rows[i].frames);

		assert_true(verdict_begin(rs));
		for (unsigned k = 0; k < 1000; k++) {
			struct fw_key key;

			random_key(rs, &key);
			assert_same_answer(&key);
		}
		fw_ruleset_free(rs);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(packet_cases), cmocka_unit_test(random_rulesets), cmocka_unit_test(random_chained),
		cmocka_unit_test(one_pair),     cmocka_unit_test(distinct_ports),  cmocka_unit_test(nested),
	};
	int failed;

	random_start();
	cmocka_set_test_filter(getenv("FW_TEST"));
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	verdict_end();
	print_message("%llu answers compared\n", (unsigned long long)verdict_counts.user);
	return failed;
}

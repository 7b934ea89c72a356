// SPDX-License-Identifier: GPL-2.0-only
/*
 * The lookup of many packets at a time that fwbench compares with DPDK's: its answers are those of a single packet's, by
 * each method that this CPU can, also while rules are changed.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "fw/oracle.h"
#include "fw/tables.h"

#include "tests/perf/peers/batch.h"
#include "tests/unit/random.h"
#include "tests/unit/rows.h"
#include "tests/unit/rulesets.h"

static struct {
	struct fw_pool *pool;
	struct fw_image image;
	struct fw_classifier *classifier;
	struct batch *batch;
	uint64_t answers[BATCH_METHODS], rules;
} t;

static struct fw_diags ds;

static void publish(void)
{
	fw_classifier_publish(t.classifier, t.image.root, t.image.generation);
	batch_publish(t.batch, t.image.root, t.image.generation);
}

/* false: it nests too deep. */
static bool compile(struct fw_ruleset *rs)
{
	struct fw_compile_options options = random_options();
	uint32_t generation = t.image.generation + 1;
	struct fw_image image;
	int err;

	ds.n = ds.total = 0;
	err = fw_tables_compile(rs, t.pool, &options, &ds, &image);
	if (err == -E2BIG)
		return false;
	assert_int_equal(err, 0);
	fw_image_free(&t.image);
	t.image = image;
	t.image.generation = generation;
	publish();
	return true;
}

/* The answers of a batch: rules that were passed are not included. */
static struct fw_result result_of(const struct fw_ruleset *rs, uint32_t what)
{
	const struct fw_answer answer = { .what = what, .verdict = rs->actions[FW_WHAT_ACTION(what)].verdict };

	return fw_result_of(&answer);
}

static void same_result(const struct fw_key *key, struct fw_result want, struct fw_result got, const char *method)
{
	if (want.verdict == got.verdict && want.slot == got.slot && want.reason == got.reason)
		return;
	fail_msg("seed %llu: %s: family %u, reason %u: verdict %u, slot %u, reason %u; want %u, %u, %u",
		 (unsigned long long)random_seed(), method, key->family, key->reason, got.verdict, got.slot, got.reason,
		 want.verdict, want.slot, want.reason);
}

/* The single packet's answer is the oracle's: test_lookup sees to that, and here once more. */
static void batch_same(const struct fw_ruleset *rs, const struct fw_key *keys, unsigned n)
{
	struct fw_result want[BATCH_PACKETS];
	uint32_t what[BATCH_PACKETS];

	for (unsigned i = 0; i < n; i++) {
		want[i] = fw_classifier_result(t.classifier, &keys[i]);
		long rule = i ? -1 : fw_oracle(rs, &keys[0]);

		if (!i)
			assert_int_equal(want[0].verdict, fw_oracle_verdict(rs, rule, &keys[0]));
		t.rules += want[i].reason == FW_R_NONE;
	}
	for (size_t m = 0; m < BATCH_METHODS; m++) {
		if (!batch_methods[m]->has())
			continue;
		batch_methods[m]->run(t.batch, keys, n, what);
		for (unsigned i = 0; i < n; i++)
			same_result(&keys[i], want[i], result_of(rs, what[i]), batch_methods[m]->name);
		t.answers[m] += n;
	}
}

/* Batches of all sizes; mostly whole ones. */
static void batches_same(const struct fw_ruleset *rs, unsigned batches)
{
	struct fw_key keys[BATCH_PACKETS];

	while (batches--) {
		unsigned n = batches % 4 ? BATCH_PACKETS : 1 + random_below(BATCH_PACKETS);

		for (unsigned i = 0; i < n; i++)
			random_key(rs, &keys[i]);
		batch_same(rs, keys, n);
	}
}

static void random_rulesets(void **state)
{
	static const struct {
		struct random_shape shape;
		unsigned rulesets;
	} plan[] = {
		{ { 1, 2, 2, 2, 60 }, 60 },    { { 40, 12, 3, 2, 60 }, 60 },      { { 300, 30, 3, 3, 70 }, 30 },
		{ { 300, 12, 2, 7, 90 }, 20 }, { { 3000, 1500, 200, 1, 40 }, 4 }, { { 5000, 4000, 1000, 0, 20 }, 2 },
	};

	for (size_t p = 0; p < ROWS(plan); p++)
		for (unsigned i = 0; i < plan[p].rulesets; i++) {
			struct fw_ruleset *rs = random_ruleset(&plan[p].shape);

			if (compile(rs))
				batches_same(rs, 100);
			fw_ruleset_free(rs);
		}
}

/* Blocks of every form. */
static void one_pair(void **state)
{
	static const unsigned sizes[] = { 2, 64, 65, 4096, 4097, 10000 };

	for (size_t i = 0; i < ROWS(sizes); i++) {
		struct random_shape shape = { sizes[i], 1, 1, 8, 80 };
		struct fw_ruleset *rs[] = { random_ruleset(&shape), ruleset_ports(sizes[i]) };

		for (size_t r = 0; r < ROWS(rs); r++) {
			assert_true(compile(rs[r]));
			batches_same(rs[r], 60);
			fw_ruleset_free(rs[r]);
		}
	}
}

/* Classes of one to seven lines, and frames that are not IP. */
static void nested(void **state)
{
	for (unsigned depth = 1; depth <= 32; depth++)
		for (int family = FW_IP4; family <= FW_IP6; family++) {
			struct fw_ruleset *rs = ruleset_nested((enum fw_family)family, depth % 2, depth, depth % 3);

			assert_true(compile(rs));
			batches_same(rs, 20);
			fw_ruleset_free(rs);
		}
}

/* Pairs that change are versions until a grace period is over, here some changes later. */
static void changes(void **state)
{
	struct random_shape shape = { 300, 30, 3, 3, 70 };
	struct fw_ruleset *rs = random_ruleset(&shape);
	struct random_maker *maker = random_maker_new(rs, &shape);
	unsigned changed = 0;

	while (!compile(rs)) {
		random_maker_free(maker);
		fw_ruleset_free(rs);
		rs = random_ruleset(&shape);
		maker = random_maker_new(rs, &shape);
	}
	for (unsigned i = 0; i < 400; i++) {
		struct fw_update *change;
		struct fw_edit e;

		assert_int_equal(fw_edit_begin(rs, &e), 0);
		random_edit(maker, &e, 6);
		if (fw_tables_update(&t.image, &e, &ds, &change)) {
			fw_edit_abort(&e);
		} else {
			fw_update_commit(change);
			publish();
			fw_edit_commit(&e);
			changed++;
		}
		assert_int_equal(fw_ruleset_order(rs), 0);
		batches_same(rs, 4);
		if (i % 10 == 9)
			fw_image_grace_end(&t.image, fw_image_grace_begin(&t.image), NULL);
	}
	assert_true(changed > 100);
	random_maker_free(maker);
	fw_image_free(&t.image);
	t.image = (struct fw_image){ 0 };
	fw_ruleset_free(rs);
}

static int open_all(void **state)
{
	return fw_pool_new(&t.pool) || fw_classifier_new(t.pool, false, &t.classifier) || batch_new(t.pool, &t.batch);
}

static int close_all(void **state)
{
	fw_image_free(&t.image);
	batch_free(t.batch);
	fw_classifier_free(t.classifier);
	fw_pool_free(t.pool);
	return 0;
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_rulesets),
		cmocka_unit_test(one_pair),
		cmocka_unit_test(nested),
		cmocka_unit_test(changes),
	};
	int failed;

	random_start();
	failed = cmocka_run_group_tests(tests, open_all, close_all);
	for (size_t m = 0; m < BATCH_METHODS; m++)
		print_message("%s: %llu answers compared\n", batch_methods[m]->name, (unsigned long long)t.answers[m]);
	print_message("%llu times by a rule\n", (unsigned long long)t.rules);
	return failed;
}

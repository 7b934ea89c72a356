// SPDX-License-Identifier: GPL-2.0-only
/* Splits: the example of their theory, and pairs that grow and shrink rule by rule, against the oracle. */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "fw/oracle.h"
#include "fw/tables.h"
#include "tests/unit/every_match.h"
#include "tests/unit/random.h"
#include "tests/unit/rulesets.h"

static struct fw_diags ds;

/* A ruleset, its tables, and a lookup over them. */
static struct {
	struct fw_ruleset *rs;
	struct fw_pool *pool;
	struct fw_image image;
	struct fw_classifier *classifier;
} t;

static void open_tables(const char *text, uint32_t leaf)
{
	struct fw_compile_options options = { .leaf_rules = leaf };

	t.rs = ruleset_of(text);
	assert_int_equal(fw_pool_new(&t.pool), 0);
	assert_int_equal(fw_classifier_new(t.pool, false, &t.classifier), 0);
	assert_int_equal(fw_tables_compile(t.rs, t.pool, &options, &ds, &t.image), 0);
	t.image.generation = 1;
	fw_classifier_publish(t.classifier, t.image.root, 1);
}

static void close_tables(void)
{
	fw_classifier_free(t.classifier);
	fw_image_free(&t.image);
	assert_int_equal(t.pool->nsegments, 0);
	fw_pool_free(t.pool);
	fw_ruleset_free(t.rs);
}

static void ask(unsigned packets)
{
	const char *reason;

	if (fw_image_validate(t.pool, t.image.root, &reason))
		fail_msg("seed %llu: %s", (unsigned long long)random_seed(), reason);
	assert_int_equal(fw_ruleset_order(t.rs), 0);
	for (unsigned i = 0; i < packets; i++) {
		struct fw_result got;
		struct fw_key key;
		long want;

		random_key(t.rs, &key);
		assert_every_match(t.pool, &t.image, t.rs, &key);
		want = fw_oracle(t.rs, &key);
		got = fw_classifier_result(t.classifier, &key);
		if ((got.reason == FW_R_NONE) != (want >= 0) || (want >= 0 && got.slot != t.rs->rules[want]->slot))
			fail_msg("seed %llu: %zu rules: rule %ld", (unsigned long long)random_seed(), t.rs->nrules,
				 want);
	}
}

static const struct fw_block *only_block(void)
{
	const struct fw_root *root = fw_pool_ptr(t.pool, t.image.root);
	const struct fw_pair *e = fw_pool_ptr(t.pool, root->pairs);

	while ((e->key & FW_PAIR_KEY_MASK) == FW_PAIR_FREE)
		e++;
	assert_true(FW_HIT_BLOCK(e->hit));
	return fw_pool_ptr(t.pool, (uint32_t)e->hit);
}

/* The six rules at the head of split.c, and more of them, since six are too few for a rest to pay. */
static void worked_example(void **state)
{
	struct fw_buf b = { 0 };
	const struct fw_block *root;
	const uint32_t *ends;
	const __u64 *children;

	fw_buf_printf(&b, "rule proto tcp dport 80 drop\nrule proto tcp dport 443 drop\n"
			  "rule proto tcp dport 400-9000 drop\nrule proto tcp dport 8500 drop\n"
			  "rule proto udp dport 53 drop\n");
	for (unsigned i = 0; i < 60; i++)
		fw_buf_printf(&b, "rule proto tcp dport %u drop\n", 10000 + i);
	fw_buf_printf(&b, "rule proto icmp drop\n");
	open_tables(b.text, 2);
	root = only_block();
	assert_int_equal(root->rules, FW_SPLIT);
	assert_int_equal(root->field[0].field, FW_F_DPORT);
	ends = (const uint32_t *)((const uint8_t *)root + root->field[0].ends);
	children = (const __u64 *)((const uint8_t *)root + root->field[0].vectors);
	assert_int_equal(ends[0], 399);
	assert_int_equal(ends[1], 8499);
	assert_int_equal(FW_HIT_RANK(children[0]), t.rs->rules[0]->rank);
	assert_int_equal(FW_HIT_RANK(children[1]), t.rs->rules[1]->rank);
	assert_int_equal(FW_HIT_RANK(children[2]), t.rs->rules[2]->rank);
	assert_int_equal(FW_HIT_RANK(root->next), t.rs->rules[65]->rank);
	ask(2000);
	fw_buf_free(&b);
	close_tables();
}

struct random_match {
	struct fw_match m;
	struct fw_range r[3];
};

static void match_make(struct random_match *m, uint8_t field, uint32_t values, uint32_t scale)
{
	m->m = (struct fw_match){ .field = field, .n = (uint16_t)(1 + !random_below(6)) };
	for (unsigned i = 0; i < m->m.n; i++) {
		uint32_t lo = random_below(values) * scale;

		m->m.r[i] =
			(struct fw_range){ lo, lo + (random_below(3) ? 0 : random_below(random_below(8) ? 4 : 4000)) };
	}
}

/* Adds one rule of the pair: few destination ports, or many; with a source port or without; now and then one for all ports. */
static int rule_add(struct fw_edit *e, uint32_t values)
{
	static const struct fw_range tcp = { 6, 6 };
	struct random_match m[3] = { { .m = { .field = FW_F_PROTO, .n = 1 } } };
	const struct fw_match *matches[3] = { &m[0].m, &m[1].m, &m[2].m };
	struct fw_rule draft = { .matches = matches, .nmatches = 1, .action = (uint8_t)random_below(2) };
	struct fw_position pos = { random_below(3) ? FW_LAST : FW_FIRST, NULL };

	m[0].m.r[0] = tcp;
	if (random_below(12))
		match_make(&m[draft.nmatches++], FW_F_DPORT, values, 60000 / values);
	if (random_below(2))
		match_make(&m[draft.nmatches++], FW_F_SPORT, 1000, 60);
	if (t.rs->nrules && !random_below(5))
		return fw_edit_replace(e, random_rule(t.rs), &draft, (struct fw_place){ 0 }, NULL, NULL);
	return fw_edit_add(e, &draft, pos, (struct fw_place){ 0 }, NULL, NULL);
}

/* A random edit of the one pair, committed or aborted; @shrink: rules are deleted, else added. */
static void step(uint32_t values, bool shrink)
{
	struct fw_update *c;
	struct fw_edit e;

	assert_int_equal(fw_edit_begin(t.rs, &e), 0);
	for (unsigned n = random_below(8) ? 1 : 5; n; n--)
		if (shrink ? t.rs->nrules && fw_edit_delete(&e, random_rule(t.rs)) : rule_add(&e, values))
			break;
	assert_int_equal(fw_tables_update(&t.image, &e, &ds, &c), 0);
	if (!random_below(8)) {
		fw_update_abort(c);
		fw_edit_abort(&e);
		return;
	}
	fw_update_commit(c);
	fw_classifier_publish(t.classifier, t.image.root, t.image.generation);
	fw_edit_commit(&e);
	while (!random_below(2) || t.image.generation % 8 == 0) {
		fw_image_grace_end(&t.image, fw_image_grace_begin(&t.image), NULL);
		if (!fw_image_grace_wanted(&t.image))
			break;
	}
}

/* A pair grows to several hundred rules and shrinks again; in the end nothing of it is left in the pool. */
static void rule_by_rule(void **state)
{
	static const uint32_t values[] = { 1, 3, 40, 1000 };

	for (unsigned round = 0; round < 12; round++) {
		uint64_t before, after, room;

		open_tables("", 1 + random_below(12));
		fw_image_usage(&t.image, &before, &room);
		for (unsigned i = 0; i < 400; i++) {
			step(values[round % 4], false);
			ask(i % 8 ? 5 : 150);
		}
		while (t.rs->nrules) {
			step(values[round % 4], true);
			ask(t.rs->nrules % 8 ? 5 : 100);
		}
		while (fw_image_grace_wanted(&t.image))
			fw_image_grace_end(&t.image, fw_image_grace_begin(&t.image), NULL);
		fw_image_usage(&t.image, &after, &room);
		assert_int_equal(t.image.stats.block_bytes, 0);
		assert_int_equal(t.image.stats.blocks, 0);
		assert_true(after <= before + 8);
		close_tables();
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = { cmocka_unit_test(worked_example), cmocka_unit_test(rule_by_rule) };

	random_start();
	return cmocka_run_group_tests(tests, NULL, NULL);
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * The cost of the most expensive packet, against lookups whose lines and rounds are counted: no packet may cost more than the
 * bound, in rulesets made to be as expensive as possible, in random ones, and in those that updates have made. All answers are
 * compared with the oracle's.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "fw/cost.h"
#include "fw/oracle.h"
#include "fw/tables.h"
#include "fw/warn.h"
#include "tests/unit/counted.h"
#include "tests/unit/random.h"
#include "tests/unit/rulesets.h"

static struct fw_diags ds;

/* A ruleset, its tables, its bound, and the most expensive packet that was looked up. */
static struct {
	struct fw_ruleset *rs;
	struct fw_pool *pool;
	struct fw_image image;
	struct fw_cost_worst worst;
	double dearest;
} t;

static void look(void)
{
	const char *reason;

	if (fw_image_validate(t.pool, t.image.root, &reason))
		fail_msg("seed %llu: %s", (unsigned long long)random_seed(), reason);
	assert_int_equal(fw_cost_worst(t.pool, t.image.root, &t.worst), 0);
	/* Walks and pairs that two classes do not have are all that lies between the two. */
	assert_true(fw_cost_seconds(t.worst.found) <= fw_cost_seconds(t.worst.most));
	t.dearest = 0;
}

/* Compiles the ruleset, which is freed with the rest. false: it exceeds a limit. */
static bool open_tables(struct fw_ruleset *rs, const struct fw_compile_options *options)
{
	t.rs = rs;
	ds.n = ds.total = 0;
	assert_int_equal(fw_pool_new(&t.pool), 0);
	if (fw_tables_compile(t.rs, t.pool, options, &ds, &t.image)) {
		fw_pool_free(t.pool);
		fw_ruleset_free(t.rs);
		return false;
	}
	t.image.generation = 1;
	look();
	return true;
}

static void close_tables(void)
{
	fw_image_free(&t.image);
	fw_pool_free(t.pool);
	fw_ruleset_free(t.rs);
}

static void ask(const struct fw_key *key)
{
	long want = fw_oracle(t.rs, key);
	struct fw_cost cost;
	struct fw_result got = counted_lookup(t.pool, t.image.root, key, &cost);

	if ((got.reason == FW_R_NONE) != (want >= 0) || (want >= 0 && got.slot != t.rs->rules[want]->slot))
		fail_msg("seed %llu: rule %ld decides", (unsigned long long)random_seed(), want);
	if (fw_cost_seconds(cost) > t.dearest)
		t.dearest = fw_cost_seconds(cost);
	if (fw_cost_seconds(cost) > fw_cost_seconds(t.worst.most))
		fail_msg("seed %llu: a packet read %llu lines in %llu rounds, at most %llu in %llu were announced",
			 (unsigned long long)random_seed(), (unsigned long long)cost.lines,
			 (unsigned long long)cost.rounds, (unsigned long long)t.worst.most.lines,
			 (unsigned long long)t.worst.most.rounds);
}

/* Looks up packets near rules, and some of each kind between the addresses of the bound. */
static void ask_many(unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		struct fw_key key;

		random_key(t.rs, &key);
		ask(&key);
		if (key.family != t.worst.family)
			continue;
		key.src = t.worst.src;
		key.dst = t.worst.dst;
		ask(&key);
	}
}

/* Rules of each pair of nested prefixes: the ports of each are far apart, so that no split excludes any of them. */
static struct fw_ruleset *nested_rules(const char *const *prefix, unsigned depth, unsigned each)
{
	struct fw_buf b = { 0 };
	struct fw_ruleset *rs;

	for (unsigned i = 0; i < depth * depth; i++)
		for (unsigned k = 0; k < each; k++)
			fw_buf_printf(&b, "rule in from %s to %s proto tcp sport 0-%u dport %u accept\n",
				      prefix[i / depth], prefix[i % depth], 1000 + 7 * k, 600 * k + i % 500);
	rs = ruleset_of(b.text);
	fw_buf_free(&b);
	return rs;
}

/* @depth prefixes that contain one address, as texts. */
static void prefixes(enum fw_family family, unsigned depth, char text[][64], const char *list[])
{
	for (unsigned i = 0; i < depth; i++) {
		if (family == FW_IP4)
			snprintf(text[i], sizeof(text[i]), "%s/%u", i < 2 ? "0.0.0.0" : "64.0.0.0", i);
		else
			snprintf(text[i], sizeof(text[i]), "2001:db8::/%u", 32 + i);
		list[i] = text[i];
	}
}

/* Every pair of nested prefixes has rules of its own: a packet searches all of them. */
static void nested(void **state)
{
	static const struct {
		enum fw_family family;
		unsigned depth, each;
	} plan[] = { { FW_IP4, 33, 1 }, { FW_IP4, 33, 80 }, { FW_IP6, 33, 80 },
		     { FW_IP4, 6, 2 },  { FW_IP4, 12, 65 }, { FW_IP6, 20, 3 } };

	for (size_t i = 0; i < sizeof(plan) / sizeof(*plan); i++) {
		unsigned pairs = plan[i].depth * plan[i].depth;
		char text[33][64];
		const char *list[33];

		prefixes(plan[i].family, plan[i].depth, text, list);
		assert_true(open_tables(nested_rules(list, plan[i].depth, plan[i].each),
					&(struct fw_compile_options){ 0 }));
		assert_int_equal(t.worst.family, plan[i].family);
		assert_in_range(t.worst.pairs, pairs, pairs * 2);
		assert_int_equal(t.worst.blocks, plan[i].each > 1 ? pairs : 0);
		assert_int_equal(t.worst.ntop, plan[i].each > 1 ? FW_COST_PAIRS : 0);
		ask_many(plan[i].each > 10 ? 100 : 1000);
		/* The bound is tight: some packet costs half of it. */
		if (plan[i].each > 1)
			assert_true(t.dearest * 2 > fw_cost_seconds(t.worst.most));
		close_tables();
	}
}

/* Rules of one pair that no field splits: whatever a packet's ports are, half of the rules match one of them, and few both. */
static void one_pair(void **state)
{
	static const unsigned sizes[] = { 2, 64, 65, 1000, 4097, 20000 };

	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		struct fw_buf b = { 0 };

		for (unsigned k = 0; k < sizes[i]; k++) {
			unsigned port = 1 + random_below(65000);

			fw_buf_printf(&b,
				      "rule from 10.0.0.0/8 to 10.0.0.0/8 proto tcp sport 0-%u dport %u-65535 drop\n",
				      port, port + 1);
		}
		assert_true(open_tables(ruleset_of(b.text), &(struct fw_compile_options){ 0 }));
		fw_buf_free(&b);
		assert_int_equal(t.worst.blocks, 1);
		assert_int_equal(t.worst.top[0].slot, t.rs->rules[0]->slot);
		for (unsigned n = 0; n < 200; n++) {
			struct fw_key key;

			random_key(t.rs, &key);
			key.src = key.dst = (struct fw_addr){ 0x0a00000100000000ull, 0 };
			key.f[FW_F_SPORT] = 20000 + random_below(20000);
			key.f[FW_F_DPORT] = key.f[FW_F_SPORT] - random_below(4);
			ask(&key);
		}
		close_tables();
	}
}

static const struct {
	struct random_shape shape;
	unsigned rulesets, packets;
} plan[] = {
	{ { 0, 2, 2, 2, 60 }, 2, 100 },     { { 8, 6, 3, 3, 80 }, 100, 300 },   { { 40, 12, 3, 2, 60 }, 100, 500 },
	{ { 300, 30, 3, 3, 70 }, 30, 500 }, { { 300, 12, 2, 7, 90 }, 30, 500 }, { { 200, 30, 4, 0, 30 }, 30, 500 },
	{ { 65, 1, 1, 8, 50 }, 10, 500 },   { { 4097, 1, 1, 8, 50 }, 2, 200 },  { { 3000, 1500, 200, 1, 40 }, 3, 500 },
};

static void random_rulesets(void **state)
{
	for (size_t p = 0; p < sizeof(plan) / sizeof(*plan); p++)
		for (unsigned i = 0; i < plan[p].rulesets; i++) {
			struct fw_compile_options options = random_options();

			if (!open_tables(random_ruleset(&plan[p].shape), &options))
				continue;
			ask_many(plan[p].packets);
			close_tables();
		}
}

/* One change, settled. */
static void change(const struct random_maker *rm)
{
	struct fw_update *c;
	struct fw_edit e;

	assert_int_equal(fw_edit_begin(t.rs, &e), 0);
	random_edit(rm, &e, 6);
	if (fw_tables_update(&t.image, &e, &ds, &c)) {
		fw_edit_abort(&e);
		return;
	}
	fw_update_commit(c);
	fw_edit_commit(&e);
	while (fw_image_grace_wanted(&t.image))
		fw_image_grace_end(&t.image, fw_image_grace_begin(&t.image), NULL);
	assert_int_equal(fw_ruleset_order(t.rs), 0);
}

/* Tables after many updates: pairs far from their homes, trees that have grown. */
static void changes(void **state)
{
	static const struct random_shape shapes[] = { { 20, 20, 3, 2, 60 },
						      { 300, 200, 50, 1, 40 },
						      { 60, 2, 1, 6, 80 } };

	for (size_t s = 0; s < sizeof(shapes) / sizeof(*shapes); s++) {
		struct fw_compile_options options = random_options();
		struct random_maker *rm;

		if (!open_tables(random_ruleset(&shapes[s]), &options))
			continue;
		rm = random_maker_new(t.rs, &shapes[s]);
		for (unsigned i = 0; i < 200; i++) {
			change(rm);
			if (i % 10)
				continue;
			look();
			ask_many(100);
		}
		random_maker_free(rm);
		close_tables();
	}
}

/* Warnings and errors name the rules that make a packet expensive. */
static void said(void **state)
{
	struct fw_buf b = { 0 };

	fw_buf_printf(&b, "rule 7 name cheap from 192.0.2.1 accept\n");
	for (unsigned k = 1; k <= 20000; k++)
		fw_buf_printf(&b, "rule %u%s from 10.0.0.0/8 proto tcp sport 0-%u dport %u-65535 drop\n", k + 100,
			      k == 1 ? " name dear" : "", k, k + 1);
	assert_true(open_tables(ruleset_of(b.text), &(struct fw_compile_options){ 0 }));
	fw_cost_warn(t.rs, &t.worst, &ds);
	assert_int_equal(ds.n, 2);
	assert_int_equal(ds.d[0].line, 0); /* of no file */
	assert_non_null(strstr(ds.d[0].message, "a packet from 10.0.0.0 to 0.0.0.0 may take up to "));
	assert_non_null(strstr(ds.d[0].hint, "overlap in all fields"));
	assert_non_null(strstr(ds.d[1].message, "by rule 101 (dear) and 19999 others between the same addresses"));
	ds.n = ds.total = 0;
	assert_int_equal(fw_cost_refuse(t.rs, &t.worst, 1, &ds), 0);
	assert_int_equal(ds.n, 0);
	assert_int_equal(fw_cost_refuse(t.rs, &t.worst, 10e-6, &ds), -E2BIG);
	assert_non_null(
		strstr(ds.d[0].message, "more than 10.0 us: a packet from 10.0.0.0 to 0.0.0.0 may take up to "));
	close_tables();
	fw_buf_free(&b);
	assert_true(open_tables(ruleset_of("rule from 10.0.0.0/8 proto tcp dport 80 accept"),
				&(struct fw_compile_options){ 0 }));
	ds.n = ds.total = 0;
	fw_cost_warn(t.rs, &t.worst, &ds);
	assert_int_equal(ds.n, 0);
	close_tables();
}

static void texts(void **state)
{
	char text[32];

	assert_string_equal(fw_cost_text(1.25e-6, text, sizeof(text)), "1.2 us");
	assert_string_equal(fw_cost_text(0.0123, text, sizeof(text)), "12.3 ms");
	assert_string_equal(fw_cost_text(2, text, sizeof(text)), "2.0 s");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(texts),           cmocka_unit_test(said),
		cmocka_unit_test(nested),          cmocka_unit_test(one_pair),
		cmocka_unit_test(random_rulesets), cmocka_unit_test(changes),
	};

	random_start();
	return cmocka_run_group_tests(tests, NULL, NULL);
}

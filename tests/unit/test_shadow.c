// SPDX-License-Identifier: GPL-2.0-only
/* Rules that can never decide: which are found, and that there are no warnings about others. */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "fw/oracle.h"
#include "fw/tables.h"
#include "fw/warn.h"

#include "tests/unit/random.h"
#include "tests/unit/rows.h"
#include "tests/unit/rulesets.h"

static void compile(struct fw_ruleset *rs, struct fw_pool **pool, struct fw_image *image)
{
	assert_int_equal(fw_pool_new(pool), 0);
	assert_int_equal(fw_tables_compile(rs, *pool, NULL, NULL, image), 0);
}

/* `RULE<BY ` for each rule that is shadowed, `=` when both match the same. */
static void shadows_of(struct fw_ruleset *rs, char *out, size_t size)
{
	struct fw_image image = { 0 };
	struct fw_classifier *c;
	struct fw_pool *pool;
	size_t n = 0;

	out[0] = '\0';
	compile(rs, &pool, &image);
	assert_int_equal(fw_classifier_new(pool, false, &c), 0);
	fw_classifier_publish(c, image.root, 1);
	for (const struct fw_rule *r = rs->first; r; r = r->next) {
		const struct fw_rule *by = fw_rule_shadow(c, rs, r);

		if (by)
			n += (size_t)snprintf(out + n, size - n, "%llu%c%llu ", (unsigned long long)r->id,
					      fw_rule_covers(rs, r, by) ? '=' : '<', (unsigned long long)by->id);
	}
	fw_classifier_free(c);
	fw_image_free(&image);
	fw_pool_free(pool);
}

static const struct {
	const char *rules, *shadows;
} rows[] = {
	{ "", "" },
	{ "rule in drop\nrule out drop\n", "" },
	{ "rule drop\nrule in accept\nrule from 1.1.1.1 proto tcp dport 22 accept\nrule ip6 accept\n", "2<1 3<1 4<1 " },
	{ "rule proto tcp dport 22 drop\nrule proto tcp dport 22 accept\n", "2=1 " },
	{ "rule proto tcp dport 20-30 drop\nrule proto tcp dport { 22, 25 } accept\nrule proto tcp dport { 22, 31 } accept\n",
	  "2<1 " },
	{ "rule from 10.0.0.0/8 drop\nrule from 10.1.0.0/16 to 1.1.1.1 accept\nrule from { 10.2.0.0/16, 11.0.0.0/8 } accept\n",
	  "2<1 " },
	/* After rules that match some of its packets. */
	{ "rule from not { 10.0.0.0/8 } accept\nrule drop\nrule in accept\n", "3<2 " },
	{ "rule proto tcp dport 22 accept\nrule proto udp accept\nrule from 10.0.0.0/8 drop\nrule from 10.1.1.1 accept\n",
	  "4<3 " },
	{ "rule from 1.1.1.1 to 2.2.2.2 accept\nrule from 1.1.1.0/24 drop\nrule from 1.1.1.0/25 to 2.2.2.0/24 accept\n",
	  "3<2 " },
	/* Together only: not found. */
	{ "rule in drop\nrule out drop\nrule proto tcp accept\n", "" },
	/* A field that a packet may lack. */
	{ "rule proto tcp dport 0-65535 drop\nrule proto tcp accept\n", "" },
	{ "rule vlan 0-4095 drop\nrule accept\nrule vlan 7 drop\n", "3<1 " },
	/* Sets change; only their names matter. */
	{ "set a { 10.0.0.0/8 }\nset b { 10.1.0.0/16 }\nrule from @a drop\nrule from @b drop\nrule from @a proto tcp drop\n"
	  "rule from { @b, 1.1.1.1 } drop\nrule from { 1.1.1.1 } to @a drop\n",
	  "3<1 5<4 " },
	{ "set a { }\nrule from @a drop\nrule from @a accept\nrule from { @a, 1.1.1.1 } accept\n", "" },
	{ "set a { 1.1.1.1 }\nrule from not @a drop\nrule from not { @a, 2.2.2.2 } accept\nrule from not 2.2.2.2 drop\n",
	  "2<1 " },
	{ "rule from not 10.0.0.0/8 drop\nrule from 9.0.0.0-9.255.255.255 accept\nrule from 9.9.9.9-10.0.0.0 accept\n",
	  "2<1 " },
	/* Frames that are not IP. */
	{ "rule drop\nrule ethertype arp accept\n", "" },
	{ "rule ethertype { arp, lldp } drop\nrule ethertype arp accept\nrule ethertype ip from 1.1.1.1 accept\n",
	  "2<1 " },
	{ "rule flags syn/syn,ack drop\nrule flags syn/all accept\nrule flags syn,fin/syn,fin,ack accept\nrule flags ack drop\n",
	  "2<1 3<1 " },
	{ "rule on eth0 drop\nrule on { eth0, eth1 } drop\nrule on eth1 in drop\nrule on not eth1 drop\n", "3<2 " },
	/* Chains: only rules of the same one, whatever leads there, and whatever lies between. */
	{ "chain a\nrule 1 from 10.0.0.0/8 jump a\nrule 2 from 10.1.0.0/16 accept\nrule 3 chain a drop\n"
	  "rule 4 chain a proto tcp accept\n",
	  "4<3 " },
	{ "chain a\nrule 1 drop\nrule 2 in jump a\nrule 3 chain a proto tcp accept\nrule 4 chain a in accept\n",
	  "2<1 " },
	{ "chain a\nchain b\nrule 1 in jump a\nrule 2 in proto tcp jump b\nrule 3 chain a proto tcp drop\n"
	  "rule 4 chain b proto tcp accept\nrule 5 chain b in accept\n",
	  "" },
	{ "chain a\nrule 1 jump a\nrule 2 proto tcp accept\nrule 3 proto tcp from 1.1.1.0/24 accept\n"
	  "rule 4 chain a from 1.1.1.0/28 drop\n",
	  "3<2 " },
	{ "chain a\nrule 1 jump a\nrule 2 chain a from 1.1.1.1 drop\nrule 3 chain a from 2.2.2.2 return\n"
	  "rule 4 chain a to 3.3.3.3 return\nrule 5 chain a from 1.1.1.1 proto udp accept\n"
	  "rule 6 chain a from 2.2.2.2 return\n",
	  "5<2 6=3 " },
	/* After `goto` nothing follows, after `jump` and what has conditions it does. */
	{ "chain a\nchain b\nrule 1 jump a\nrule 2 chain a proto tcp goto b\nrule 3 chain a proto tcp dport 1 jump b\n"
	  "rule 4 chain a proto udp jump b\nrule 5 chain a proto udp dport 1 drop\n"
	  "rule 6 chain a ip6 limit 1/second return\nrule 7 chain a ip6 to 2001:db8::1 drop\n",
	  "3<2 " },
	{ "chain a\nrule 1 in goto a\nrule 2 in proto tcp accept\nrule 3 return\nrule 4 out accept\nrule 5 chain a drop\n",
	  "" },
};

static void shadowed_rules_are_found(void **state)
{
	char found[256];

	for (size_t i = 0; i < ROWS(rows); i++) {
		struct fw_ruleset *rs = ruleset_of(rows[i].rules);

		print_message("%s", rows[i].rules);
		shadows_of(rs, found, sizeof(found));
		assert_string_equal(found, rows[i].shadows);
		fw_ruleset_free(rs);
	}
}

static void warnings_name_both(void **state)
{
	static const char text[] = "rule 5 name wide drop\n\nrule name a in accept\nrule 9 drop\n";
	struct fw_ruleset *rs = fw_ruleset_new("a.rules");
	struct fw_image image = { 0 };
	struct fw_diags ds = { .n = 0 };
	struct fw_pool *pool;

	assert_int_equal(fw_text_parse(rs, text, strlen(text), "a.rules", NULL), 0);
	compile(rs, &pool, &image);
	assert_int_equal(fw_warn_all_shadowed(rs, pool, image.root, &ds), 0);
	assert_int_equal(ds.n, 2);
	assert_string_equal(ds.d[0].file, "a.rules");
	assert_int_equal(ds.d[0].line, 3);
	assert_string_equal(ds.d[0].message,
			    "rule 6 (a) is shadowed: rule 5 (wide) in line 1 matches all of its packets first");
	assert_string_equal(ds.d[0].hint, "if it is an exception, put it in front of rule 5");
	assert_string_equal(ds.d[1].message,
			    "rule 9 is a duplicate: rule 5 (wide) in line 1 matches all of its packets first");
	assert_string_equal(ds.d[1].hint, "it can go");
	fw_image_free(&image);
	fw_pool_free(pool);
	fw_ruleset_free(rs);
}

/* Chains with wide rules: each has its own, and `goto` and `return` are some. */
static void wide_rules_are_of_their_chains(void **state)
{
	struct fw_ruleset *rs =
		ruleset_of("chain a\nchain b\nrule 1 in jump a\nrule 2 goto b\nrule 3 out accept\n"
			   "rule 4 chain a proto tcp accept\nrule 5 chain a return\nrule 6 chain a in drop\n"
			   "rule 7 chain b proto udp accept\nrule 8 chain b drop\n");
	struct fw_image image = { 0 };
	struct fw_diags ds = { .n = 0 };
	struct fw_pool *pool;

	compile(rs, &pool, &image);
	assert_int_equal(fw_warn_all_shadowed(rs, pool, image.root, &ds), 0);
	assert_int_equal(ds.n, 2);
	assert_string_equal(ds.d[0].message, "rule 3 is shadowed: rule 2 matches all of its packets first");
	assert_string_equal(ds.d[1].message, "rule 6 is shadowed: rule 5 matches all of its packets first");
	fw_image_free(&image);
	fw_pool_free(pool);
	fw_ruleset_free(rs);
}

/* Warnings of a ruleset that is all shadowed from its third rule on. */
static void nothing_behind_a_wide_rule_decides(void **state)
{
	struct fw_ruleset *rs =
		ruleset_of("rule from not 9.9.9.9 accept\nrule in drop\nrule in ip6 accept\n"
			   "rule in from 8.8.8.8 accept\nrule ip6 accept\nrule out drop\nrule out ip6 drop\n");
	struct fw_image image = { 0 };
	struct fw_diags ds = { .n = 0 };
	struct fw_pool *pool;

	compile(rs, &pool, &image);
	assert_int_equal(fw_warn_all_shadowed(rs, pool, image.root, &ds), 0);
	assert_int_equal(ds.n, 3);
	for (unsigned i = 0; i < 3; i++)
		print_message("%s\n", ds.d[i].message);
	assert_string_equal(ds.d[0].message, "rule 3 is shadowed: rule 2 matches all of its packets first");
	assert_string_equal(ds.d[2].message, "rule 7 is shadowed: rule 6 matches all of its packets first");
	fw_image_free(&image);
	fw_pool_free(pool);
	fw_ruleset_free(rs);
}

/* Whatever the sets hold at that time. */
static void change_sets(struct fw_ruleset *rs, const struct random_shape *shape)
{
	struct random_maker *rm = random_maker_new(rs, shape);
	struct fw_edit e;

	assert_int_equal(fw_edit_begin(rs, &e), 0);
	for (int i = 0; i < 20; i++)
		random_edit_set(rm, &e);
	fw_edit_commit(&e);
	random_maker_free(rm);
}

static void covers_is_never_wrong(void **state)
{
	static const struct random_shape shapes[] = { { 60, 8, 2, 4, 20 }, { 60, 12, 3, 2, 40 }, { 60, 20, 2, 0, 70 } };
	size_t covered = 0;

	for (int round = 0; round < 90; round++) {
		const struct random_shape *shape = &shapes[round % 3];
		struct fw_ruleset *rs = random_ruleset(shape);

		for (int k = 0; k < 600; k++) {
			const struct fw_rule *a = random_rule(rs), *b = random_rule(rs);
			struct fw_key key;

			if (k == 300)
				change_sets(rs, shape);
			a = random_rule(rs);
			b = random_rule(rs);
			if (!a || a == b || !fw_rule_covers(rs, a, b))
				continue;
			covered++;
			for (int i = 0; i < 100; i++) {
				random_key(rs, &key);
				assert_true(!fw_oracle_rule(rs, b, &key) || fw_oracle_rule(rs, a, &key));
			}
		}
		fw_ruleset_free(rs);
	}
	assert_true(covered > 100);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(shadowed_rules_are_found),       cmocka_unit_test(warnings_name_both),
		cmocka_unit_test(wide_rules_are_of_their_chains), cmocka_unit_test(nothing_behind_a_wide_rule_decides),
		cmocka_unit_test(covers_is_never_wrong),
	};

	random_start();
	return cmocka_run_group_tests(tests, NULL, NULL);
}

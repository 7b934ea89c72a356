// SPDX-License-Identifier: GPL-2.0-only
/* The compiler: the example of its theory of operation, its limits and the errors beyond them, the same image each time. */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "fw/tables.h"
#include "tests/unit/random.h"
#include "tests/unit/rows.h"
#include "tests/unit/rulesets.h"
#include "tests/unit/verdict.h"

static struct fw_diags ds;

static int compile(struct fw_ruleset *rs, uint32_t limit, struct fw_image *image)
{
	struct fw_pool *pool;
	int err;

	assert_int_equal(fw_pool_new(&pool), 0);
	if (limit)
		pool->limit = limit;
	ds.n = ds.total = 0;
	*image = (struct fw_image){ .root = 0xdead };
	err = fw_tables_compile(rs, pool, NULL, &ds, image);
	if (err)
		assert_int_equal(image->root, 0xdead);
	else
		fw_image_free(&(struct fw_image){ .tables = image->tables });
	fw_pool_free(pool);
	return err;
}

static void ask(const char *text)
{
	struct fw_frame f;

	assert_int_equal(fw_text_frame(text, &f, NULL), 0);
	assert_same_verdict(f.data, f.len,
			    &(struct fw_meta){ .hook = f.hook, .iface = FW_IFACE_OTHER, .len = f.wire_len });
}

/* The three rules at the head of the compiler and of the lookup. */
static void worked_example(void **state)
{
	static const char *const packets[] = {
		"tcp 10.1.2.3:999 > 192.0.2.1:22", "tcp 10.1.2.3:999 > 192.0.2.1:23",
		"udp 10.1.2.3:999 > 192.0.2.1:22", "tcp 10.2.0.1:999 > 192.0.2.1:22",
		"icmp 10.2.0.1 > 192.0.2.1",       "icmp 10.1.0.1 > 192.0.2.1",
		"icmp 11.0.0.1 > 192.0.2.1",       "tcp 9.255.255.255:1 > 1.1.1.1:22",
		"tcp [2001:db8::1]:1 > [::2]:22",
	};
	struct fw_ruleset *rs = ruleset_of("rule from 10.0.0.0/8 proto tcp dport 22 accept\n"
					   "rule from 10.1.0.0/16 drop\n"
					   "rule proto icmp accept\n");
	struct fw_image image;

	assert_int_equal(compile(rs, 0, &image), 0);
	assert_int_equal(image.stats.rules, 3);
	assert_int_equal(image.stats.identities[0], 2); /* 10/8, 10.1/16; any is not counted */
	assert_int_equal(image.stats.identities[1], 0);
	assert_int_equal(image.stats.classes[0], 3); /* {any}, {any, 10/8}, {any, 10/8, 10.1/16} */
	assert_int_equal(image.stats.classes[1], 1);
	assert_int_equal(image.stats.pairs, 3);
	assert_int_equal(image.stats.blocks, 0); /* each rule is in its pair's entry */
	assert_int_equal(image.stats.nesting_max[0], 3);
	assert_int_equal(image.stats.nesting_max[1], 1);
	assert_int_equal(image.stats.probes_max, 3);
	assert_true(verdict_begin(rs));
	for (size_t i = 0; i < ROWS(packets); i++)
		ask(packets[i]);
	fw_ruleset_free(rs);
}

/* What rulesets compile to. */
static const struct {
	const char *text;
	uint64_t source, pairs, blocks, block_rules;
} shapes[] = {
	{ "", 0, 0, 0, 0 },
	{ "rule accept", 0, 1, 0, 0 },
	{ "rule accept\nrule drop", 0, 1, 1, 2 },
	{ "rule from 10.0.0.0/8 drop\nrule from 10.0.0.0-10.255.255.255 accept", 1, 1, 1, 2 },
	{ "set a { 1.1.1.1, 2.2.2.2, ::1 }\nset b { }\nrule from @a drop\nrule from @b drop\nrule to @b drop", 2, 3, 0,
	  0 },
	{ "rule from 1.1.1.1 proto { tcp, udp } drop", 1, 1, 1, 1 }, /* two ranges do not fit an entry */
	{ "rule from 1.1.1.1 proto tcp dport 1-9 drop", 1, 1, 0, 0 },
	{ "rule ethertype arp drop\nrule accept", 1, 2, 0, 0 }, /* every frame, and any address */
	{ "rule mark 0-0xffffffff drop\nrule mark 1 accept", 0, 1, 1, 2 },
	{ "rule mark 0-0xffffffff length 0-65535 drop\nrule dscp 0-63 accept", 0, 1, 1, 2 },
};

static void shapes_of_rulesets(void **state)
{
	for (size_t i = 0; i < ROWS(shapes); i++) {
		struct fw_ruleset *rs = ruleset_of(shapes[i].text);
		struct fw_image image;
		struct fw_key key;

		assert_int_equal(compile(rs, 0, &image), 0);
		if (image.stats.identities[0] != shapes[i].source || image.stats.pairs != shapes[i].pairs ||
		    image.stats.blocks != shapes[i].blocks || image.stats.block_rules_max != shapes[i].block_rules)
			fail_msg("%s\n%llu %llu %llu %llu", shapes[i].text,
				 (unsigned long long)image.stats.identities[0], (unsigned long long)image.stats.pairs,
				 (unsigned long long)image.stats.blocks,
				 (unsigned long long)image.stats.block_rules_max);
		assert_true(verdict_begin(rs));
		for (int k = 0; k < 200; k++) {
			random_key(rs, &key);
			assert_same_answer(&key);
		}
		fw_ruleset_free(rs);
	}
}

static void assert_refused(const char *message, const char *rule)
{
	char want[32];

	snprintf(want, sizeof(want), "rule %s", rule);
	assert_int_equal(ds.total, 1);
	if (!strstr(ds.d[0].message, message) || !strstr(ds.d[0].message, want))
		fail_msg("%s (want %s, %s)", ds.d[0].message, want, message);
	assert_true(ds.d[0].hint[0]);
}

/* @n nested prefixes on one side; the last rule is called `last`. */
static struct fw_ruleset *nested_on(const char *side, bool v6, unsigned n, bool frames)
{
	struct fw_buf b = { 0 };
	struct fw_ruleset *rs;

	if (frames)
		fw_buf_printf(&b, "rule ethertype arp drop\n");
	for (unsigned i = 0; i < n; i++)
		if (v6)
			fw_buf_printf(&b, "rule name n%u %s ::/%u drop\n", i, side, 2 * i);
		else
			fw_buf_printf(&b, "rule name n%u %s 10.0.0.0-10.0.0.%u drop\n", i, side, n - i);
	rs = ruleset_of(b.text);
	fw_buf_free(&b);
	return rs;
}

static void nesting_limit(void **state)
{
	static const struct {
		const char *side, *message;
		bool v6, frames;
		unsigned most;
	} rows[] = {
		{ "from", "the source address is one prefix or set too many around 10.0.0.0", false, false, 34 },
		{ "to", "the destination address is one prefix or set too many around 10.0.0.0", false, false, 34 },
		{ "from", "the source address is one prefix or set too many around ::", true, false, 34 },
		{ "to", "the destination address is one prefix or set too many around ::", true, false, 34 },
		{ "from", "at most 33 may contain one address", true, true, 33 },
		{ "to", "at most 33 may contain one address", false, true, 33 },
	};

	for (size_t i = 0; i < ROWS(rows); i++) {
		for (unsigned more = 0; more < 2; more++) {
			unsigned n = rows[i].most + more;
			struct fw_ruleset *rs = nested_on(rows[i].side, rows[i].v6, n, rows[i].frames);
			struct fw_image image;
			char last[24];

			snprintf(last, sizeof(last), "%u n%u", n + rows[i].frames, n - 1);
			assert_int_equal(compile(rs, 0, &image), more ? -E2BIG : 0);
			if (more)
				assert_refused(rows[i].message, last);
			else
				assert_int_equal(image.stats.nesting_max[rows[i].side[0] == 't'], FW_CLASS_MAX);
			fw_ruleset_free(rs);
		}
	}
}

/* A set counts once, however many of its elements are nested. */
static void sets_nest_once(void **state)
{
	struct fw_buf b = { 0 };
	struct fw_image image;
	struct fw_ruleset *rs;

	fw_buf_printf(&b, "set s {");
	for (unsigned i = 0; i <= 128; i++)
		fw_buf_printf(&b, "%s ::/%u", i ? "," : "", i);
	fw_buf_printf(&b, " }\nrule from @s drop\nrule from not @s drop\n");
	rs = ruleset_of(b.text);
	assert_int_equal(compile(rs, 0, &image), 0);
	assert_int_equal(image.stats.nesting_max[0], 2);
	fw_buf_free(&b);
	fw_ruleset_free(rs);
}

/* More rules of one pair than all its blocks can hold. All are the same rule: only their number matters here. */
static void chain_limit(void **state)
{
	size_t most = (size_t)FW_BLOCK_RULES * (FW_BLOCK_CHAIN + 1);
	fw_autofree struct fw_rule **rules = malloc((most + 1) * sizeof(*rules));
	struct fw_ruleset *rs = ruleset_of("rule name all accept"), many = *rs;
	struct fw_image image;

	assert_non_null(rules);
	for (size_t i = 0; i <= most; i++)
		rules[i] = rs->rules[0];
	many.rules = rules;
	many.nrules = many.ninstances = most;
	assert_int_equal(compile(&many, 0, &image), 0);
	assert_int_equal(image.stats.block_rules_max, most);
	many.nrules = many.ninstances = most + 1;
	assert_int_equal(compile(&many, 0, &image), -E2BIG);
	assert_refused("too many rules share their source and destination", "1 all");
	fw_ruleset_free(rs);
}

/* Rules with as many values as possible: blocks are cut where they would be too large. */
static void long_lists(void **state)
{
	struct fw_match *ports = calloc(1, sizeof(*ports) + 32768 * sizeof(ports->r[0]));
	struct fw_ruleset *rs = ruleset_ports(70);
	const struct fw_match *matches[] = { fw_rule_match(rs->rules[0], FW_F_PROTO), ports };
	struct fw_rule rule = { .matches = matches, .nmatches = 2 };
	struct fw_key key;

	*ports = (struct fw_match){ .field = FW_F_DPORT, .n = 32768 };
	for (uint32_t i = 0; i < 32768; i++)
		ports->r[i] = (struct fw_range){ 2 * i, 2 * i };
	for (uint8_t i = 0; i < 3; i++, ports->field--) {
		if (i == 2)
			ports->field = FW_F_MARK;
		rule.action = i & 1;
		assert_int_equal(fw_ruleset_add(rs, &rule, (struct fw_place){ 0 }, &ds, NULL), 0);
	}
	assert_true(verdict_begin(rs));
	for (int i = 0; i < 300; i++) {
		random_key(rs, &key);
		assert_same_answer(&key);
	}
	free(ports);
	fw_ruleset_free(rs);
}

/* A pool that fills up: an error, a diagnostic, and what was published is intact. */
static void full_pool(void **state)
{
	struct fw_ruleset *rs = ruleset_of("rule from 10.0.0.0/8 accept");
	struct fw_image image[8], kept;
	struct fw_pool *pool;
	unsigned n = 0;
	const char *reason;
	int err;

	assert_int_equal(fw_pool_new(&pool), 0);
	pool->limit = 4;
	assert_int_equal(fw_tables_compile(rs, pool, NULL, NULL, &kept), 0);
	do {
		ds.n = ds.total = 0;
		image[n].root = 0xdead;
		err = fw_tables_compile(rs, pool, NULL, &ds, &image[n]);
	} while (!err && n++ < 8);
	assert_int_equal(err, -ENOSPC);
	assert_int_equal(image[n].root, 0xdead);
	assert_int_equal(ds.total, 1);
	assert_non_null(strstr(ds.d[0].message, "8 MiB"));
	assert_true(pool->nsegments <= 4);
	assert_int_equal(fw_image_validate(pool, kept.root, &reason), 0);
	while (n)
		fw_image_free(&image[--n]);
	fw_image_free(&kept);
	assert_int_equal(pool->nsegments, 0);
	fw_pool_free(pool);
	fw_ruleset_free(rs);
}

static void same_image_again(void **state)
{
	struct random_shape shape = { 300, 30, 4, 2, 60 };

	for (int i = 0; i < 5; i++) {
		struct fw_ruleset *rs = random_ruleset(&shape);
		struct fw_image image[2];
		struct fw_pool *pool[2];
		int err[2];

		for (int k = 0; k < 2; k++) {
			assert_int_equal(fw_pool_new(&pool[k]), 0);
			err[k] = fw_tables_compile(rs, pool[k], NULL, NULL, &image[k]);
			image[k].stats.seconds = 0;
		}
		assert_int_equal(err[0], err[1]);
		if (!err[0]) {
			assert_int_equal(image[0].root, image[1].root);
			assert_memory_equal(&image[0].stats, &image[1].stats, sizeof(image[0].stats));
			assert_int_equal(pool[0]->nsegments, pool[1]->nsegments);
			assert_memory_equal(pool[0]->base, pool[1]->base,
					    (size_t)pool[0]->nsegments * FW_SEGMENT_BYTES);
			fw_image_free(&image[0]);
			fw_image_free(&image[1]);
		}
		fw_pool_free(pool[0]);
		fw_pool_free(pool[1]);
		fw_ruleset_free(rs);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(worked_example), cmocka_unit_test(shapes_of_rulesets), cmocka_unit_test(nesting_limit),
		cmocka_unit_test(sets_nest_once), cmocka_unit_test(chain_limit),        cmocka_unit_test(long_lists),
		cmocka_unit_test(full_pool),      cmocka_unit_test(same_image_again),
	};
	int failed;

	random_start();
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	verdict_end();
	return failed;
}

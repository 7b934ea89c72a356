// SPDX-License-Identifier: GPL-2.0-only
/*
 * Lowering: a rule's instance is a part of the rule, and tables do not need that: several instances may share a slot. The
 * rules of a random ruleset are given to the compiler as the instances of fewer rules, GROUP of them each, and changed by
 * random edits; the oracle looks at the rules that they were made from.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "fw/lower.h"
#include "fw/oracle.h"
#include "fw/tables.h"
#include "tests/unit/random.h"
#include "tests/unit/rows.h"
#include "tests/unit/ruleset_check.h"
#include "tests/unit/rulesets.h"

#define GROUP 3
#define RULES 240
#define PACKETS 60

/* Copies of all instances of an edit's ruleset, with other slots, and those that it replaces. */
static struct {
	struct fw_ruleset *rs;
	struct fw_pool *pool;
	struct fw_image image;
	struct fw_classifier *classifier;
	struct fw_instance **now; /* by the rule's own slot; NULL: none */
	size_t n;
} t;

static struct fw_instance *copy_of(const struct fw_instance *in)
{
	struct fw_instance *copy = malloc(sizeof(*copy));

	assert_non_null(copy);
	*copy = *in;
	copy->slot = in->slot / GROUP;
	return copy;
}

static const char *label(const struct fw_lowering *l, const struct fw_instance *in, char *buf, size_t size)
{
	snprintf(buf, size, "of slot %u", in->slot);
	return buf;
}

static const struct fw_instance *find(const struct fw_lowering *l, uint32_t rank, uint32_t slot)
{
	for (uint32_t s = slot * GROUP; s < (slot + 1) * GROUP && s < t.n; s++)
		if (t.now[s] && t.now[s]->rank == rank)
			return t.now[s];
	fail_msg("no instance of rank %u and slot %u", rank, slot);
	return NULL;
}

static void regroup(struct fw_lowering *l)
{
	l->slots = l->slots / GROUP + 1;
	l->label = label;
	l->find = find;
	for (unsigned hook = 0; hook < FW_NHOOKS; hook++)
		for (unsigned state = 0; state < FW_NSTATES; state++) {
			const struct fw_instance **in = &l->shortcut[hook][state];

			*in = *in && t.now ? t.now[(*in)->slot] : NULL;
		}
}

static void slots_grow(void)
{
	size_t n = t.rs->next_slot;

	if (n <= t.n)
		return;
	t.now = realloc(t.now, n * sizeof(struct fw_instance *));
	assert_non_null(t.now);
	memset(t.now + t.n, 0, (n - t.n) * sizeof(struct fw_instance *));
	t.n = n;
}

static void now_free(void)
{
	for (size_t i = 0; i < t.n; i++)
		free(t.now[i]);
	free(t.now);
	t.now = NULL;
	t.n = 0;
}

/* Compiles all instances into a new image. false: they exceed a limit. */
static bool compile_all(void)
{
	const struct fw_compile_options options = random_options();
	struct fw_lowered l;
	struct fw_image image;
	int err;

	assert_int_equal(fw_ruleset_order(t.rs), 0);
	assert_int_equal(fw_lower(t.rs, NULL, &l), 0);
	now_free();
	slots_grow();
	for (size_t i = 0; t.now && i < l.from.n; i++)
		l.instances[i] = t.now[l.instances[i]->slot] = copy_of(l.instances[i]);
	regroup(&l.from);
	err = fw_compile(&l, t.pool, &options, NULL, &image);
	fw_lowered_free(&l);
	if (err == -E2BIG)
		return false;
	assert_int_equal(err, 0);
	fw_image_free(&t.image);
	t.image = image;
	t.image.generation++;
	return true;
}

static void check(void)
{
	const char *reason;

	if (fw_image_validate(t.pool, t.image.root, &reason))
		fail_msg("seed %llu: %s", (unsigned long long)random_seed(), reason);
	fw_classifier_publish(t.classifier, t.image.root, t.image.generation);
	assert_int_equal(fw_ruleset_order(t.rs), 0);
	for (int i = 0; i < PACKETS; i++) {
		struct fw_result got;
		struct fw_key key;
		long want;

		random_key(t.rs, &key);
		want = fw_oracle(t.rs, &key);
		got = fw_classifier_result(t.classifier, &key);
		if (got.verdict != fw_oracle_verdict(t.rs, want, &key) || (got.reason == FW_R_NONE) != (want >= 0) ||
		    (want >= 0 && got.slot != t.rs->rules[want]->slot / GROUP))
			fail_msg("seed %llu: rule %ld", (unsigned long long)random_seed(), want);
	}
}

/* The rows with copies; the ones before are put aside until the update ends. */
static void rows_copy(struct fw_lowered_edit *l, const struct fw_edit *e, struct fw_instance **aside)
{
	slots_grow();
	for (size_t i = 0; i < l->nrows; i++) {
		uint32_t slot = e->rules[i].slot;

		aside[i] = NULL;
		if (!l->rows[i].before && !l->rows[i].after)
			continue;
		aside[i] = t.now[slot];
		t.now[slot] = l->rows[i].after ? copy_of(l->rows[i].after) : NULL;
		l->rows[i] = (struct fw_instance_row){ aside[i], t.now[slot], 0 };
	}
}

/* One edit as an update, or by compiling everything. */
static void change(const struct random_maker *maker)
{
	struct fw_lowered_edit l;
	struct fw_update *u;
	struct fw_edit e;
	struct fw_instance **aside;
	int err;

	assert_int_equal(fw_edit_begin(t.rs, &e), 0);
	for (unsigned n = 1 + random_below(4); n; n--)
		random_edit(maker, &e, 8);
	assert_int_equal(fw_edit_settle(&e), 0);
	assert_int_equal(fw_lower_edit(&e, NULL, &l), 0);
	aside = calloc(l.nrows + 1, sizeof(*aside));
	assert_non_null(aside);
	rows_copy(&l, &e, aside);
	regroup(&l.from);
	err = fw_update_prepare(&t.image, &l, NULL, &u);
	fw_lowered_edit_free(&l);
	if (!err)
		fw_update_commit(u);
	for (size_t i = 0; i < e.nrules; i++)
		free(aside[i]);
	free(aside);
	if (err && !compile_all()) {
		fw_edit_abort(&e);
		assert_true(compile_all());
		return;
	}
	fw_edit_commit(&e);
	while (fw_image_grace_wanted(&t.image))
		fw_image_grace_end(&t.image, fw_image_grace_begin(&t.image), NULL);
}

static void instances_share_slots(void **state)
{
	const struct random_shape shape = { .rules = RULES, .expressions = 20, .places = 3, .any = 3, .detail = 40 };
	struct random_maker *maker;

	random_start();
	random_ifaces = 4;
	for (unsigned round = random_amount("FW_ROUNDS", 12); round; round--) {
		t.rs = random_ruleset(&shape);
		maker = random_maker_new(t.rs, &shape);
		assert_int_equal(fw_pool_new(&t.pool), 0);
		assert_int_equal(fw_classifier_new(t.pool, false, &t.classifier), 0);
		assert_true(compile_all());
		for (int i = 0; i < 60; i++) {
			check();
			change(maker);
		}
		check();
		random_maker_free(maker);
		fw_classifier_free(t.classifier);
		fw_image_free(&t.image);
		fw_pool_free(t.pool);
		now_free();
		fw_ruleset_free(t.rs);
	}
}

static void nothing_is_copied(void **state)
{
	struct fw_ruleset *rs = ruleset_of("rule 10 name web in from 10.0.0.0/8 proto tcp dport 80 accept\n"
					   "rule 20 out drop\n");
	struct fw_lowered_edit le;
	struct fw_lowered l;
	struct fw_edit e;
	char buf[FW_INSTANCE_LABEL];

	assert_int_equal(fw_lower(rs, NULL, &l), 0);
	assert_int_equal(l.from.n, 2);
	assert_ptr_equal(l.instances[0], &rs->rules[0]->instance);
	assert_ptr_equal(l.book, &rs->book);
	assert_string_equal(l.from.label(&l.from, l.instances[0], buf, sizeof(buf)), "10 web");
	assert_string_equal(l.from.label(&l.from, l.instances[1], buf, sizeof(buf)), "20");
	assert_ptr_equal(l.from.find(&l.from, l.instances[1]->rank, l.instances[1]->slot), l.instances[1]);
	fw_lowered_free(&l);

	assert_int_equal(fw_edit_begin(rs, &e), 0);
	assert_int_equal(fw_edit_delete(&e, rs->last), 0);
	assert_int_equal(fw_lower_edit(&e, NULL, &le), 0);
	assert_int_equal(le.nrows, 1);
	assert_int_equal(le.from.n, 1);
	assert_ptr_equal(le.rows[0].before, &e.rules[0].before->instance);
	assert_null(le.rows[0].after);
	fw_lowered_edit_free(&le);
	fw_edit_abort(&e);
	fw_ruleset_free(rs);
}

/* Shortcuts, by hook and state: the rule's number, `.`: none. */
static void shortcuts(void **state)
{
	static const struct {
		const char *text,
			*want; /* in, out, input, forward, output: new, established, related, invalid, untracked */
	} rows[] = {
		{ "rule 1 input state established accept\n", "..... ..... .1... ..... ....." },
		{ "rule 1 out input forward output state { established, related } accept\n"
		  "rule 2 input state { related, invalid } drop\n"
		  "rule 3 input state new accept\n",
		  "..... .11.. 3112. .11.. .11.." },
		{ "rule 1 output state not new drop\n", "..... ..... ..... ..... .1111" },
		{ "rule 1 input proto tcp state established accept\n"
		  "rule 2 input forward state { established, invalid } accept\n",
		  "..... ..... ...2. .2.2. ....." },
		{ "rule 1 forward from 10.0.0.0/8 drop\n"
		  "rule 2 input forward state invalid drop\n",
		  "..... ..... ...2. ..... ....." },
		{ "rule 1 from 10.0.0.0/8 drop\n"
		  "rule 2 input forward state invalid drop\n",
		  "..... ..... ..... ..... ....." },
		{ "rule 1 from-if lo accept\n"
		  "rule 2 input output state invalid drop\n",
		  "..... ..... ..... ..... ...2." },
		{ "rule 1 input accept\n"
		  "rule 2 input output state invalid reject\n"
		  "rule 3 input output state established log accept\n"
		  "rule 4 input output state established limit 1/second accept\n"
		  "rule 5 input output state new continue\n"
		  "rule 6 input output state untracked accept\n",
		  "..... ..... ..... ..... ....6" },
		{ "chain c\n"
		  "rule 1 input state new jump c\n"
		  "rule 2 input state { new, established } accept\n"
		  "rule 3 chain c state established drop\n",
		  "..... ..... .2... ..... ....." },
	};

	for (size_t i = 0; i < ROWS(rows); i++) {
		struct fw_ruleset *rs = ruleset_of(rows[i].text);
		char got[FW_NHOOKS * (FW_NSTATES + 1)];
		struct fw_lowered l;

		assert_int_equal(fw_lower(rs, NULL, &l), 0);
		for (unsigned hook = 0; hook < FW_NHOOKS; hook++)
			for (unsigned s = 0; s <= FW_NSTATES; s++) {
				const struct fw_instance *in = s < FW_NSTATES ? l.from.shortcut[hook][s] : NULL;

				got[hook * (FW_NSTATES + 1) + s] = in             ? (char)('1' + in->slot) :
								   s < FW_NSTATES ? '.' :
										    ' ';
			}
		got[sizeof(got) - 1] = '\0';
		assert_string_equal(got, rows[i].want);
		fw_lowered_free(&l);
		fw_ruleset_free(rs);
	}
}

/* So many rules with `continue`, of which so many match one packet. */
static void turns(void **state)
{
	static const struct {
		const char *format; /* of rule number i, from 1 on */
		unsigned rules;
		bool fits;
	} rows[] = {
		{ "rule proto tcp continue # %u\n", 15, true },
		{ "rule proto tcp continue # %u\n", 16, false },
		{ "rule from 10.0.%u.0/24 continue\n", 200, true },
		{ "rule to 10.0.%u.0/24 continue\n", 200, true },
		{ "rule from 10.0.0.0/8 proto tcp dport %u continue\n", 200, true },
		{ "rule from 10.0.0.0/8 proto tcp dport %u-60000 continue\n", 15, true },
		{ "rule from 10.0.0.0/8 proto tcp dport %u-60000 continue\n", 16, false },
	};

	for (size_t i = 0; i < ROWS(rows); i++) {
		fw_cleanup(fw_buf_free) struct fw_buf b = { 0 };
		struct fw_diags ds = { .n = 0 };
		struct fw_ruleset *rs;

		for (unsigned n = 1; n <= rows[i].rules; n++)
			fw_buf_printf(&b, rows[i].format, n);
		rs = ruleset_of(b.text);
		assert_int_equal(fw_turns_check(rs, &ds), rows[i].fits ? 0 : -E2BIG);
		assert_int_equal(ds.n, !rows[i].fits);
		if (!rows[i].fits)
			assert_non_null(strstr(ds.d[0].message, "rule 16: 16 rules"));
		fw_ruleset_free(rs);
	}
}

/* Without a rule that takes packets past others, more of these match one packet. */
static void turns_without_a_skip(void **state)
{
	static const char *const heads[] = { "chain c\nrule jump c\n", "" }, *const chains[] = { "chain c ", "" };

	for (size_t i = 0; i < ROWS(heads); i++) {
		fw_cleanup(fw_buf_free) struct fw_buf b = { 0 };
		struct fw_diags ds = { .n = 0 };
		struct fw_lowered_edit le;
		struct fw_ruleset *rs;
		struct fw_lowered l;
		struct fw_edit e;

		fw_buf_printf(&b, "%s", heads[i]);
		for (unsigned n = 0; n < 20; n++)
			fw_buf_printf(&b, "rule %u %sproto tcp %s\n", 100 + n, chains[i],
				      n == 10 ? "return" : "continue");
		rs = ruleset_of(b.text);
		assert_int_equal(fw_lower(rs, &ds, &l), 0);
		assert_int_equal(fw_turns_check(rs, &ds), 0);
		fw_lowered_free(&l);
		assert_int_equal(fw_edit_begin(rs, &e), 0);
		assert_int_equal(fw_edit_delete(&e, fw_ruleset_by_id(rs, 110)), 0);
		assert_int_equal(fw_edit_settle(&e), 0);
		assert_int_equal(fw_lower_edit(&e, &ds, &le), 0);
		assert_int_equal(fw_turns_check_edit(&e, &ds), -E2BIG);
		fw_lowered_edit_free(&le);
		fw_edit_abort(&e);
		fw_ruleset_free(rs);
	}
}

/* One chain of @rules rules, a second one that calls it @calls times, and a rule that calls each of them. */
static struct fw_ruleset *inlined_often(unsigned rules, unsigned calls)
{
	fw_cleanup(fw_buf_free) struct fw_buf b = { 0 };

	fw_buf_printf(&b, "chain ports\nchain hosts\nrule 1 jump ports\nrule 2 jump hosts\n");
	for (unsigned i = 1; i <= rules; i++)
		fw_buf_printf(&b, "rule chain ports proto tcp dport %u drop\n", i);
	for (unsigned i = 0; i < calls; i++)
		fw_buf_printf(&b, "rule chain hosts from 10.0.%u.%u jump ports\n", i >> 8, i & 255);
	return ruleset_of(b.text);
}

static int add_port(struct fw_edit *e, struct fw_diags *ds, struct fw_lowered_edit *le)
{
	struct fw_rule draft = *e->rs->chains[1].last;

	draft.id = 0;
	draft.name = NULL;
	assert_int_equal(
		fw_edit_add(e, &draft, (struct fw_position){ .where = FW_LAST }, (struct fw_place){ 0 }, NULL, NULL),
		0);
	assert_int_equal(fw_edit_settle(e), 0);
	return fw_lower_edit(e, ds, le);
}

/* An edit by which there are too many instances: the first rule has got its own by then. Nothing is left of it. */
static void too_many_inlined(void **state)
{
	static const struct {
		unsigned rules, calls;
		int err;
	} rows[] = { { 1000, 1046, 0 }, { 1000, 1047, -E2BIG } }; /* a rule more: 1,048,047 instances, and 1,049,048 */

	for (size_t i = 0; i < ROWS(rows); i++) {
		struct fw_ruleset *rs = inlined_often(rows[i].rules, rows[i].calls);
		struct fw_diags ds = { .n = 0 };
		struct fw_lowered_edit le;
		struct fw_lowered l;
		struct fw_edit e;
		uint64_t before;

		assert_int_equal(fw_lower(rs, &ds, &l), 0);
		assert_int_equal(l.from.n, rows[i].rules * (rows[i].calls + 1));
		fw_lowered_free(&l);
		before = ruleset_digest(rs);
		assert_int_equal(fw_edit_begin(rs, &e), 0);
		assert_int_equal(add_port(&e, &ds, &le), rows[i].err);
		assert_int_equal(ds.n, rows[i].err != 0);
		if (rows[i].err)
			assert_string_equal(
				ds.d[0].message,
				"with what rule 2 calls, calls make more than 1048576 rules; most are the 1001 of chain ports, which 1048 rules call (2049 is one), and packets get to in 1048 ways");
		else
			fw_lowered_edit_free(&le);
		fw_edit_abort(&e);
		assert_int_equal(ruleset_digest(rs), before);
		assert_null(ruleset_check(rs, 0));
		fw_ruleset_free(rs);
	}
}

/* A chain that calls the next one many times, and so on, but no rule decides anything: no instances, but much to look at. */
static void too_many_asked(void **state)
{
	fw_cleanup(fw_buf_free) struct fw_buf b = { 0 };
	struct fw_diags ds = { .n = 0 };
	struct fw_ruleset *rs;
	struct fw_lowered l;

	for (unsigned c = 0; c < 8; c++)
		fw_buf_printf(&b, "chain c%u\n", c);
	fw_buf_printf(&b, "rule 1 jump c0\n");
	for (unsigned c = 0; c < 7; c++)
		for (unsigned i = 0; i < 100; i++)
			fw_buf_printf(&b, "rule chain c%u jump c%u\n", c, c + 1);
	rs = ruleset_of(b.text);
	assert_int_equal(fw_lower(rs, &ds, &l), -E2BIG);
	assert_string_equal(
		ds.d[0].message,
		"with what rule 1 calls, calls make more than 16777216 rules; most are the 100 of chain c4, which 100 rules call (302 is one), and packets get to in more than 16777216 ways");
	fw_ruleset_free(rs);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(nothing_is_copied),    cmocka_unit_test(turns),
					    cmocka_unit_test(turns_without_a_skip), cmocka_unit_test(too_many_inlined),
					    cmocka_unit_test(too_many_asked),       cmocka_unit_test(shortcuts),
					    cmocka_unit_test(instances_share_slots) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}

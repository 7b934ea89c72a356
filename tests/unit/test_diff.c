// SPDX-License-Identifier: GPL-2.0-only
/* What another ruleset changes: policies, addresses of sets, rules and their order; against simpler ways to find out. */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "fw/diff.h"
#include "fw/text.h"
#include "tests/unit/random.h"
#include "tests/unit/rows.h"
#include "tests/unit/rulesets.h"

static struct fw_ruleset *follow(const char *text, const struct fw_ruleset *old)
{
	struct fw_ruleset *rs = fw_ruleset_new("new.rules");
	struct fw_diags ds = { .n = 0 };
	struct fw_adoption a;

	assert_int_equal(fw_ruleset_follow(rs, old), 0);
	if (fw_text_parse(rs, text, strlen(text), NULL, &ds))
		fail_msg("%s", ds.d[0].message);
	assert_int_equal(fw_ruleset_adopt(rs, old, NULL, &a), 0);
	free(a.freed);
	return rs;
}

static void add_side(struct fw_buf *b, const char *sign, const struct fw_diff_side *s)
{
	for (size_t i = 0; i < s->n && i < FW_DIFF_RANGES; i++) {
		fw_buf_printf(b, " %s", sign);
		fw_text_print_addr_range(b, &s->first[i]);
	}
	if (s->n > FW_DIFF_RANGES)
		fw_buf_printf(b, " %s%zu", sign, s->n);
}

/* `POLICY; SET -RANGE +RANGE; +ID -ID !ID (changed) ~ID (moved); ` of all that there is. */
static char *diff_text(const struct fw_diff *d)
{
	struct fw_buf b = { 0 };

	fw_buf_add(&b, "", 0);
	for (size_t r = 0; r < FW_NREASONS; r++)
		if (d->policy[r])
			fw_buf_printf(&b, "%s; ", fw_reason_info[r].name);
	for (size_t i = 0; i < d->nsets; i++) {
		const struct fw_diff_set *s = &d->sets[i];

		fw_buf_printf(&b, "%s%s",
			      !s->before ? "+" :
			      !s->after  ? "-" :
					   "",
			      s->after ? s->after->name : s->before->name);
		add_side(&b, "-", &s->removed);
		add_side(&b, "+", &s->added);
		fw_buf_printf(&b, "; ");
	}
	for (size_t i = 0; i < d->nrules; i++) {
		const struct fw_diff_rule *r = &d->rules[i];

		fw_buf_printf(&b, "%s%s%llu ",
			      !r->before ? "+" :
			      !r->after  ? "-" :
			      r->changed ? "!" :
					   "",
			      r->moved ? "~" : "", (unsigned long long)(r->after ? r->after : r->before)->id);
	}
	return b.text;
}

static const struct {
	const char *before, *after, *diff;
} diffs[] = {
	{ "", "", "" },
	{ "policy in drop\nset a { 1.1.1.1 }\nrule from @a drop\n",
	  "policy in drop\nset a { 1.1.1.1 }\nrule from @a drop\n", "" },
	/* What decides, and who says so. */
	{ "policy in accept\n", "policy in drop\n", "in; " },
	{ "policy in drop\npolicy malformed accept\n", "", "in; malformed; " },
	{ "", "policy out accept\n", "out; " },
	/* Elements are what they hold. */
	{ "set a { 1.1.1.1, 1.1.1.2 }\n", "set a { 1.1.1.2, 2.2.2.2 }\n", "a -1.1.1.1 +2.2.2.2; " },
	{ "set a { 10.0.0.0/8 }\n", "set a { 10.0.0.0/9, 10.128.0.0/9 }\n", "" },
	{ "set a { 10.0.0.0/8, 10.1.0.0/16 }\n", "set a { 10.0.0.0/8 }\n", "" },
	{ "set a { 10.0.0.0/8 }\n", "set a { 10.0.0.0/9 }\n", "a -10.128.0.0/9; " },
	{ "set a { 10.1.0.0/16 }\n", "set a { 10.0.0.0/8 }\n", "a +10.0.0.0/16 +10.2.0.0-10.255.255.255; " },
	{ "set a { 1.1.1.1, 1.1.1.2, 1.1.1.3 }\n", "set a { }\n", "a -1.1.1.1 -1.1.1.2 -1.1.1.3; " },
	{ "set a { 1.1.1.0/24, 1.1.1.0/25, 1.1.0.0/16 }\n", "set a { 9.9.9.9 }\n", "a -1.1.0.0/16 +9.9.9.9; " },
	{ "set a { 0.0.0.0/0 }\n", "set a { ::/0 }\n", "a -0.0.0.0/0 +::/0; " },
	{ "set a { 255.255.255.255, ::, ::1, ffff::/16 }\n", "set a { 255.255.255.254, :: , ffff:1::/32 }\n",
	  "a -255.255.255.255 -::1 -ffff::/32 -ffff:2::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff +255.255.255.254; " },
	{ "set a { 1.1.1.1 }\nset b { 2.2.2.2 }\n", "set b { 2.2.2.2 }\nset c { }\n", "+c; -a -1.1.1.1; " },
	{ "set a { 1.0.0.0-1.0.0.10 }\n", "set a { 1.0.0.1, 1.0.0.3, 1.0.0.5, 1.0.0.7, 1.0.0.9 }\n",
	  "a -1.0.0.0 -1.0.0.2 -1.0.0.4 -1.0.0.6 -1.0.0.8 -1.0.0.10; " },
	{ "set a { }\n",
	  "set a { 1.0.0.1, 1.0.0.2, 1.0.0.3, 1.0.0.4, 1.0.0.5, 1.0.0.6, 1.0.0.7, 1.0.0.8, 1.0.0.9, 1.0.1.0, 1.0.1.1 }\n",
	  "a +1.0.0.1 +1.0.0.2 +1.0.0.3 +1.0.0.4 +1.0.0.5 +1.0.0.6 +1.0.0.7 +1.0.0.8 +1.0.0.9 +1.0.1.0 +11; " },
	/* Rules that are added, removed and changed. */
	{ "rule 1 in drop\nrule 2 out drop\n", "rule 3 in drop\nrule 1 in accept\n", "+3 !1 -2 " },
	{ "rule 10 name web in drop\n", "rule 10 name mail out drop\n", "+10 -10 " },
	{ "rule 10 name web in drop\n", "rule 10 name web out drop counter comment \"x\"\n", "!10 " },
	/* Chains. */
	{ "chain a\nrule 1 jump a\nrule 2 chain a drop\nrule 3 chain a in accept\n",
	  "chain a\nrule 1 jump a\nrule 3 chain a in accept\nrule 2 chain a drop\nrule 4 chain a out drop\n",
	  "~2 +4 " },
	{ "chain a\nchain b\nrule 1 jump a\nrule 2 chain a drop\n",
	  "chain b\nchain a\nrule 1 goto a\nrule 2 chain a drop\n", "!1 " },
	{ "chain a\nchain b\nrule 1 jump a\nrule 2 chain a drop\n",
	  "chain a\nchain b\nrule 1 jump b\nrule 2 chain b drop\n", "!1 +2 -2 " },
	/* The fewest that have moved. */
	{ "rule 1 in drop\nrule 2 out drop\nrule 3 drop\n",
	  "rule 9 accept\nrule 1 in drop\nrule 2 out drop\nrule 3 drop\n", "+9 " },
	{ "rule 1 in drop\nrule 2 out drop\nrule 3 drop\n", "rule 3 drop\nrule 1 in drop\nrule 2 out drop\n", "~3 " },
	{ "rule 1 in drop\nrule 2 out drop\nrule 3 drop\n", "rule 2 out drop\nrule 3 drop\nrule 1 in drop\n", "~1 " },
	{ "rule 10 in drop\nrule 20 out drop\nrule 30 drop\n", "rule 10 in drop\nrule 30 drop\nrule 20 out drop\n",
	  "~20 " },
	{ "rule 1 in drop\nrule 2 out drop\nrule 3 drop\n", "rule 3 drop\nrule 2 out accept\nrule 1 in drop\n",
	  "!~2 ~1 " },
	{ "rule in drop\nrule out drop\nrule drop\n", "rule drop\nrule accept\nrule in drop\nrule out drop\n",
	  "~3 +4 " },
};

static void differences_are_told(void **state)
{
	for (size_t i = 0; i < ROWS(diffs); i++) {
		struct fw_ruleset *old = ruleset_of(diffs[i].before), *new = follow(diffs[i].after, old);
		fw_autofree char *text = NULL;
		struct fw_diff d, few;

		assert_int_equal(fw_diff(old, new, 1000, &d), 0);
		text = diff_text(&d);
		print_message("%s=>\n%s", diffs[i].before, diffs[i].after);
		assert_string_equal(text, diffs[i].diff);
		/* The counts do not depend on how much is shown. */
		assert_int_equal(fw_diff(old, new, 0, &few), 0);
		assert_memory_equal(&few.counts, &d.counts, sizeof(d.counts));
		assert_int_equal(few.more_sets, d.nsets);
		assert_int_equal(few.more_rules, d.nrules);
		fw_diff_free(&few);
		fw_diff_free(&d);
		fw_ruleset_free(new);
		fw_ruleset_free(old);
	}
}

/* Sets of 64 addresses as bits, 1.0.0.0 to 1.0.0.63, of random elements that may overlap. */
static uint64_t random_set(struct fw_buf *b)
{
	uint64_t bits = 0;

	fw_buf_printf(b, "set a { ");
	for (unsigned n = random_below(12); n; n--) {
		unsigned lo = random_below(64), hi = lo + random_below(64 - lo) / (1 + random_below(8));

		for (unsigned i = lo; i <= hi; i++)
			bits |= 1ull << i;
		fw_buf_printf(b, "1.0.0.%u-1.0.0.%u, ", lo, hi);
	}
	fw_buf_printf(b, "}\n");
	return bits;
}

static uint64_t bits_of(const struct fw_diff_side *s)
{
	uint64_t bits = 0;

	for (size_t k = 0; k < s->n && k < FW_DIFF_RANGES; k++)
		for (uint64_t i = s->first[k].lo.hi >> 32; i <= s->first[k].hi.hi >> 32; i++) {
			uint64_t bit = 1ull << (i & 63);

			assert_false(bits & bit); /* no address twice */
			bits |= bit;
		}
	return bits;
}

static void sets_against_bits(void **state)
{
	for (int round = 0; round < 3000; round++) {
		fw_cleanup(fw_buf_free) struct fw_buf was = { 0 };
		fw_cleanup(fw_buf_free) struct fw_buf is = { 0 };
		uint64_t a = random_set(&was), b = random_set(&is);
		struct fw_ruleset *old = ruleset_of(was.text), *new = follow(is.text, old);
		struct fw_diff d;

		assert_int_equal(fw_diff(old, new, 1, &d), 0);
		assert_int_equal(d.nsets, a != b);
		if (d.nsets && d.sets[0].removed.n <= FW_DIFF_RANGES)
			assert_int_equal(bits_of(&d.sets[0].removed), a & ~b);
		if (d.nsets && d.sets[0].added.n <= FW_DIFF_RANGES)
			assert_int_equal(bits_of(&d.sets[0].added), b & ~a);
		fw_diff_free(&d);
		fw_ruleset_free(new);
		fw_ruleset_free(old);
	}
}

/* How many of @n different numbers can stay where they are, by trying each as the last one. */
static size_t longest_chain(const unsigned *v, size_t n)
{
	size_t len[64], best = 0;

	for (size_t i = 0; i < n; i++) {
		len[i] = 1;
		for (size_t k = 0; k < i; k++)
			if (v[k] < v[i] && len[k] + 1 > len[i])
				len[i] = len[k] + 1;
		best = len[i] > best ? len[i] : best;
	}
	return best;
}

/* Rules with the ids 1 to @n in random order, mostly as they were. */
static void shuffle(unsigned *v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		v[i] = (unsigned)i + 1;
	for (unsigned swaps = random_below(8); swaps && n; swaps--) {
		size_t a = random_below((uint32_t)n), b = random_below((uint32_t)n);
		unsigned was = v[a];

		v[a] = v[b];
		v[b] = was;
	}
}

static void print_rules(struct fw_buf *b, const unsigned *ids, size_t n)
{
	fw_buf_add(b, "", 0);
	for (size_t i = 0; i < n; i++)
		fw_buf_printf(b, "rule %u proto tcp dport %u drop\n", ids[i], ids[i]);
}

/* Those that have not moved are in the old order, and as many as can be. */
static void orders_against_all_chains(void **state)
{
	for (int round = 0; round < 1000; round++) {
		size_t n = random_below(40), stay = 0;
		unsigned first[64], then[64];
		fw_cleanup(fw_buf_free) struct fw_buf was = { 0 };
		fw_cleanup(fw_buf_free) struct fw_buf is = { 0 };
		struct fw_ruleset *old, *new;
		bool moved[64] = { false };
		uint64_t last = 0;
		struct fw_diff d;

		for (size_t i = 0; i < n; i++)
			first[i] = (unsigned)i + 1;
		shuffle(then, n);
		print_rules(&was, first, n);
		print_rules(&is, then, n);
		old = ruleset_of(was.text);
		new = follow(is.text, old);
		assert_int_equal(fw_diff(old, new, 100, &d), 0);
		assert_int_equal(d.nrules, d.counts.moved);
		for (size_t i = 0; i < d.nrules; i++)
			moved[d.rules[i].after->id] = true;
		for (size_t i = 0; i < n; i++) {
			if (moved[then[i]])
				continue;
			assert_true(then[i] > last);
			last = then[i];
			stay++;
		}
		assert_int_equal(stay, longest_chain(then, n));
		fw_diff_free(&d);
		fw_ruleset_free(new);
		fw_ruleset_free(old);
	}
}

static const struct {
	const char *edit;
	struct fw_diff_counts counts;
} edits[] = {
	{ "policy in drop\npolicy in accept\n", { .kept = 2, .policies = 1 } }, /* now it is said */
	{ "add rule drop\ndel rule 1\n", { .added = 1, .removed = 1, .kept = 1 } },
	{ "replace rule 1 in drop\n", { .kept = 2 } },
	{ "replace rule 1 in accept\nmove rule 1 last\n", { .changed = 1, .moved = 1, .kept = 1 } },
	{ "move rule 2 first\n", { .moved = 1, .kept = 2 } },
	{ "set add a 1.1.1.1 1.1.1.2\nset del a 9.9.9.9\n", { .kept = 2, .elements_added = 2, .elements_removed = 1 } },
	{ "set create b 1.1.1.1\nset destroy c\n",
	  { .kept = 2, .sets_created = 1, .sets_destroyed = 1, .elements_added = 1 } },
};

static void edits_are_counted(void **state)
{
	for (size_t i = 0; i < ROWS(edits); i++) {
		struct fw_ruleset *rs =
			ruleset_of("set a { 9.9.9.9 }\nset c { }\nrule 1 in drop\nrule 2 from @a drop\n");
		struct fw_diff_counts c;
		struct fw_edit e;

		print_message("%s", edits[i].edit);
		assert_int_equal(fw_edit_begin(rs, &e), 0);
		assert_int_equal(fw_text_edit(&e, edits[i].edit, strlen(edits[i].edit), NULL, NULL, NULL), 0);
		fw_edit_counts(&e, &c);
		assert_memory_equal(&c, &edits[i].counts, sizeof(c));
		fw_edit_abort(&e);
		fw_ruleset_free(rs);
	}
}

/* Neighbours that get other ranks to make room have not moved. */
static void ranks_are_no_places(void **state)
{
	struct fw_ruleset *rs = ruleset_of("rule 1 in drop\nrule 2 out drop\n");
	struct fw_diff_counts c;
	struct fw_edit e;

	assert_int_equal(fw_edit_begin(rs, &e), 0);
	for (int i = 0; i < 200; i++)
		assert_int_equal(fw_text_edit(&e, "add rule before 2 proto tcp drop", 32, NULL, NULL, NULL), 0);
	fw_edit_counts(&e, &c);
	assert_int_equal(c.added, 200);
	assert_int_equal(c.kept, 2);
	assert_int_equal(c.moved + c.changed, 0);
	fw_edit_abort(&e);
	fw_ruleset_free(rs);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(differences_are_told),      cmocka_unit_test(sets_against_bits),
		cmocka_unit_test(orders_against_all_chains), cmocka_unit_test(edits_are_counted),
		cmocka_unit_test(ranks_are_no_places),
	};

	random_start();
	return cmocka_run_group_tests(tests, NULL, NULL);
}

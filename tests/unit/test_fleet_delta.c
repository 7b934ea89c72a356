// SPDX-License-Identifier: GPL-2.0-only
/* Deltas: from one ruleset to another, as rows and at random; whatever is made gives the other ruleset, as `fwctl batch` does. */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "fw/diff.h"
#include "fw/fleet/snapshot.h"
#include "tests/unit/random.h"
#include "tests/unit/rulesets.h"

/* A snapshot of a text, with a list file. */
struct packed {
	void *bytes;
	struct fw_message *m;
};

static struct packed pack_with(const char *text, const char *list)
{
	const struct fw_part parts[] = { { text, (uint32_t)strlen(text) },
					 { "l.txt", 5 },
					 { list, list ? (uint32_t)strlen(list) : 0 } };
	struct packed p = { .m = malloc(sizeof(*p.m)) };
	size_t len;

	assert_int_equal(fw_snapshot_pack(parts, list ? 3 : 1, &p.bytes, &len), 0);
	assert_int_equal(fw_snapshot_unpack(p.bytes, len, p.m), 0);
	return p;
}

static void packed_end(struct packed *p)
{
	free(p->bytes);
	free(p->m);
}

static struct fw_ruleset *ruleset_in(const struct packed *p, const struct fw_ruleset *follows)
{
	struct fw_ruleset *rs = NULL;
	struct fw_diags ds = { 0 };

	if (fw_snapshot_ruleset(p->m, "text", follows, &rs, &ds))
		fail_msg("%u: %s", ds.d[0].line, ds.d[0].message);
	return rs;
}

/* Makes the changes as fwd does for `fwctl batch`, and compares. */
static void assert_leads_to(const struct packed *from, const struct packed *to, const struct fw_buf *delta)
{
	struct fw_ruleset *rs = ruleset_in(from, NULL), *want;
	struct fw_diags ds = { 0 };
	struct fw_diff d;
	struct fw_edit e;

	assert_int_equal(fw_edit_begin(rs, &e), 0);
	if (fw_text_edit(&e, delta->text, delta->len, NULL, &ds, NULL))
		fail_msg("%s in\n%s", ds.d[0].message, delta->text);
	fw_edit_commit(&e);
	want = ruleset_in(to, rs);
	assert_int_equal(fw_diff(rs, want, 100, &d), 0);
	if (d.nrules || d.nsets || d.counts.policies || d.counts.chains_created || d.counts.chains_deleted)
		fail_msg("another ruleset after\n%s", delta->text);
	assert_int_equal(rs->nrules, want->nrules);
	for (const struct fw_rule *a = rs->first, *b = want->first; a; a = a->next, b = b->next)
		assert_int_equal(a->id, b->id);
	fw_diff_free(&d);
	fw_ruleset_free(want);
	fw_ruleset_free(rs);
}

#define LONG \
	"# a comment that makes the text longer than any of the deltas here, since those that are not are of no use\n\n"

/* The example of lib/fleet/delta.c first. */
static void known_deltas(void **state)
{
	static const struct {
		const char *from, *to;
		const char *delta; /* NULL: there is none */
	} rows[] = {
		{ "set bad {}\nrule 1 in from @bad drop\nrule 2 in proto tcp dport 22 accept\nrule 3 in proto udp drop\n",
		  "set bad {}\nrule 1 in from @bad drop\nrule 3 in proto udp accept\nrule 4 in proto icmp accept\n" LONG,
		  "del rule 2\nreplace rule 3 in proto udp accept\nadd rule after 3 4 in proto icmp accept\n" },
		{ "rule 1 accept\n", "rule 1 accept\n" LONG, "" },
		{ "", "rule 9 name a in drop comment \"b\"\n" LONG, "add rule first 9 name a in drop comment \"b\"\n" },
		{ "rule 1 in accept\nrule 2 in drop\nrule 3 in proto tcp accept\n",
		  "rule 3 in proto tcp accept\nrule 1 in accept\nrule 2 in drop\n" LONG, "move rule 3 first\n" },
		{ "policy in drop\n", "policy in accept\npolicy out drop\n" LONG,
		  "policy in accept\npolicy out drop\n" },
		{ "policy in drop\n", LONG, NULL },
		{ "set a { 10.0.0.1, 10.0.0.2 }\n", "set a { 10.0.0.2, 10.0.0.0/8, 2001:db8::/32 }\n" LONG,
		  "set add a 10.0.0.0/8\nset del a 10.0.0.1\nset add a 2001:db8::/32\n" },
		{ "set a { 10.0.0.1 }\nrule 1 in from @a drop\n", "set b { 10.0.0.1 }\nrule 1 in from @b drop\n" LONG,
		  "set create b { 10.0.0.1 }\ndel rule 1\nadd rule first 1 in from @b drop\nset destroy a\n" },
		{ "set a file \"l.txt\"\n", "set a { 192.0.2.7 }\n" LONG, "" },
		{ "set a { 192.0.2.8 }\n", "set a file \"l.txt\"\n" LONG,
		  "set add a 192.0.2.7\nset del a 192.0.2.8\n" },
		{ "", "set a file \"l.txt\"\n" LONG, "set create a { 192.0.2.7 }\n" },
		{ "", "set a dynamic timeout 5m size 9 {}\n" LONG, "set create a dynamic timeout 5m size 9 { }\n" },
		{ "set a dynamic { 10.0.0.1 }\n", "set a dynamic { 10.0.0.2 }\n" LONG, "" },
		{ "set a dynamic {}\n", "set a {}\n" LONG, NULL },
		{ "set a dynamic {}\n", "set a dynamic timeout 5m {}\n" LONG, NULL },
		{ "chain a\nrule 1 chain a in drop\nrule 2 jump a\n",
		  "chain b\nrule 2 jump b\nrule 3 chain b in drop\n" LONG,
		  "chain create b\ndel rule 1\nreplace rule 2 jump b\nadd rule first 3 chain b in drop\nchain del a\n" },
		{ "chain a\nrule 1 chain a in drop\n", "chain a\nrule 1 in drop\n" LONG,
		  "del rule 1\nadd rule first 1 in drop\n" },
		{ "chain a owner 7\n", "chain a owner 8\n" LONG, NULL },
		/* Nothing tells that it is the same rule: its counter begins at 0, as after a load. */
		{ "rule 1 in drop\n", "rule 1 out drop\n" LONG, "del rule 1\nadd rule first 1 out drop\n" },
		{ "rule in drop\n", "rule in drop\nrule 7 out drop\n" LONG, NULL },
		{ "rule 1 name a in drop\n", "rule 1 in drop\n" LONG, NULL }, /* `replace` keeps the name */
		{ "rule 1 name a in drop\nrule 2 name b out drop\n",
		  "rule 1 name b in drop\nrule 2 name a out drop\n" LONG, NULL },
		{ "rule 1 in drop\n", "rule 1 in drop\nrule 2 output uid root drop\n" LONG, NULL },
		{ "rule 1 in drop\n", "rule 1 in drop\nrule 2 output uid 0 drop\n" LONG,
		  "add rule after 1 2 output uid 0 drop\n" },
		{ "rule 1 in drop\n", "rule 2 out drop\n", NULL }, /* the delta is not smaller */
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		fw_cleanup(packed_end) struct packed from = pack_with(rows[i].from, "192.0.2.7\n");
		fw_cleanup(packed_end) struct packed to = pack_with(rows[i].to, "192.0.2.7\n");
		fw_cleanup(fw_buf_free) struct fw_buf b = { 0 };
		int err = fw_delta_make(from.m, to.m, &b);

		if (err != (rows[i].delta ? 0 : -EOPNOTSUPP) || (!err && strcmp(b.text, rows[i].delta) != 0))
			fail_msg("row %zu: %d\n%s", i, err, b.text ? b.text : "");
		if (!err)
			assert_leads_to(&from, &to, &b);
	}
}

static void no_rulesets(void **state)
{
	fw_cleanup(packed_end) struct packed good = pack_with("rule 1 in drop\n", NULL);
	fw_cleanup(packed_end) struct packed bad = pack_with("rule 1 in rdop\n", NULL);
	fw_cleanup(packed_end) struct packed lacks = pack_with("set a file \"m.txt\"\n", "10.0.0.1\n");
	fw_cleanup(fw_buf_free) struct fw_buf b = { 0 };

	assert_int_equal(fw_delta_make(good.m, bad.m, &b), -EINVAL);
	assert_int_equal(fw_delta_make(bad.m, good.m, &b), -EINVAL);
	assert_int_equal(fw_delta_make(good.m, lacks.m, &b), -EINVAL);
	assert_int_equal(b.len, 0);
}

/* Some changes at random, all of which a batch can express, but for a few. */
static void random_changes(struct fw_ruleset *rs, const struct random_maker *rm, unsigned n)
{
	struct fw_edit e;

	assert_int_equal(fw_edit_begin(rs, &e), 0);
	for (unsigned i = 0; i < n; i++)
		random_edit(rm, &e, 9);
	assert_int_equal(fw_edit_settle(&e), 0);
	fw_edit_commit(&e);
}

static const struct random_shape shape = { .rules = 60, .expressions = 12, .places = 6, .any = 3, .detail = 30 };

static void random_changes_become_deltas(void **state)
{
	unsigned rounds = random_amount("FW_DELTAS", 300), made = 0;

	random_chains(3);
	for (unsigned i = 0; i < rounds; i++) {
		struct fw_ruleset *rs = random_ruleset(&shape);
		struct random_maker *rm = random_maker_new(rs, &shape);
		fw_autofree char *before = ruleset_print(rs), *after = NULL;
		fw_cleanup(fw_buf_free) struct fw_buf b = { 0 };
		int err;

		random_changes(rs, rm, 1 + random_below(20));
		after = ruleset_print(rs);

		fw_cleanup(packed_end) struct packed from = pack_with(before, NULL), to = pack_with(after, NULL);

		err = fw_delta_make(from.m, to.m, &b);
		assert_true(!err || err == -EOPNOTSUPP);
		if (!err)
			assert_leads_to(&from, &to, &b);
		made += !err;
		random_maker_free(rm);
		fw_ruleset_free(rs);
	}
	print_message("%u of %u pairs have a delta\n", made, rounds);
	assert_true(made > rounds / 2);
}

/* Rulesets that have nothing to do with each other. */
static void other_rulesets(void **state)
{
	unsigned rounds = random_amount("FW_DELTAS", 300);

	for (unsigned i = 0; i < rounds; i++) {
		struct fw_ruleset *a, *b;
		fw_autofree char *before = NULL, *after = NULL;
		fw_cleanup(fw_buf_free) struct fw_buf delta = { 0 };
		int err;

		random_chains(random_below(4));
		a = random_ruleset(&shape);
		b = random_ruleset(&shape);
		before = ruleset_print(a);
		after = ruleset_print(b);

		fw_cleanup(packed_end) struct packed from = pack_with(before, NULL), to = pack_with(after, NULL);

		err = fw_delta_make(from.m, to.m, &delta);
		assert_true(!err || err == -EOPNOTSUPP);
		if (!err)
			assert_leads_to(&from, &to, &delta);
		fw_ruleset_free(a);
		fw_ruleset_free(b);
	}
}

/* Ids are added to rules that have none, in the text as it is; the same text again gets the same ids. */
static void rules_are_numbered(void **state)
{
	static const struct {
		const char *parent, *text, *want;
	} rows[] = {
		{ "", "", "" },
		{ "", "rule in drop", "rule 1 in drop" },
		{ "", "# rule\n\n\t rule  in drop # rule\nrule\t5 out drop\r\nrule{\n", NULL },
		{ "", "# rule\n\n\t rule  in drop # rule\nrule\t5 out drop\r\n rule proto {\n tcp, udp\n} drop",
		  "# rule\n\n\t rule 6  in drop # rule\nrule\t5 out drop\r\n rule 7 proto {\n tcp, udp\n} drop" },
		{ "rule 4 in drop\nrule 8 name x out drop\n", "rule out accept\nrule in drop\nrule name x in accept\n",
		  "rule 9 out accept\nrule 4 in drop\nrule 8 name x in accept\n" },
		{ "", "chain c\nrule jump c\nrule chain c in drop\nrule out drop",
		  "chain c\nrule 1 jump c\nrule 3 chain c in drop\nrule 2 out drop" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		fw_cleanup(packed_end) struct packed parent = pack_with(rows[i].parent, NULL);
		fw_cleanup(packed_end) struct packed new = pack_with(rows[i].text, NULL);
		fw_cleanup(fw_buf_free) struct fw_buf b = { 0 };
		struct fw_ruleset *old = ruleset_in(&parent, NULL), *rs = NULL;
		int err = fw_snapshot_ruleset(new.m, NULL, old, &rs, NULL);

		assert_int_equal(err, rows[i].want ? 0 : -EINVAL);
		if (!err) {
			fw_snapshot_number(&b, rs, rows[i].text, strlen(rows[i].text));
			assert_string_equal(b.text ? b.text : "", rows[i].want);
		}
		fw_ruleset_free(rs);
		fw_ruleset_free(old);
	}
}

static int start(void **state)
{
	random_start();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(known_deltas),
		cmocka_unit_test(no_rulesets),
		cmocka_unit_test(random_changes_become_deltas),
		cmocka_unit_test(other_rulesets),
		cmocka_unit_test(rules_are_numbered),
	};

	return cmocka_run_group_tests(tests, start, NULL);
}

// SPDX-License-Identifier: GPL-2.0-only
/* Changes as text: what each line does, what is refused and where, and that the log does the same again; queries. */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "fw/text.h"
#include "tests/unit/random.h"
#include "tests/unit/rows.h"
#include "tests/unit/ruleset_check.h"
#include "tests/unit/rulesets.h"
#include "tests/unit/tree.h"

static const char base[] = "policy in drop\n"
			   "set admins { 192.0.2.10, 198.51.100.0/24 }\n"
			   "set empty { }\n"
			   "rule 10 name ssh in from @admins proto tcp dport 22 accept\n"
			   "rule 20 name web in proto tcp dport { 80, 443 } accept comment \"www\"\n"
			   "rule 30 in proto icmp drop\n";

static void assert_sound(const struct fw_ruleset *rs)
{
	const char *why = ruleset_check(rs, 0);

	if (why)
		fail_msg("%s", why);
}

/* Every address expression that the random rulesets left without a rule. */
static void drop_unused(struct fw_ruleset *rs)
{
	for (uint32_t i = 1; i < rs->naddrs; i++)
		if (rs->addrs[i].ranges && !rs->addrs[i].refs) {
			fw_book_hold(&rs->book, i);
			fw_book_drop(&rs->book, i);
		}
}

static int apply(struct fw_ruleset *rs, const char *text, struct fw_diags *ds, struct fw_buf *log)
{
	struct fw_edit e;
	int err;

	assert_int_equal(fw_edit_begin(rs, &e), 0);
	err = fw_text_edit(&e, text, strlen(text), "batch", ds, log);
	if (err)
		fw_edit_abort(&e);
	else
		fw_edit_commit(&e);
	assert_sound(rs);
	return err;
}

static void assert_same_set(const struct fw_ruleset *b, const struct fw_set *s)
{
	struct fw_buf x = { 0 }, y = { 0 };
	int other = fw_ruleset_set_find(b, s->name);

	assert_true(other >= 0);
	fw_text_print_set(&x, s, 0);
	fw_text_print_set(&y, &b->sets[other], 0);
	assert_string_equal(x.text, y.text);
	fw_buf_free(&x);
	fw_buf_free(&y);
}

static size_t count_sets(const struct fw_ruleset *rs)
{
	size_t n = 0;

	for (size_t i = 0; i < rs->nsets; i++)
		n += !!rs->sets[i].name;
	return n;
}

/* They say the same; sets may have other numbers. */
static void assert_same(const struct fw_ruleset *a, const struct fw_ruleset *b)
{
	const struct fw_rule *y = b->first;

	assert_int_equal(a->next_id, b->next_id);
	assert_int_equal(a->nrules, b->nrules);
	for (unsigned r = 0; r < FW_NREASONS; r++) {
		struct fw_buf pa = { 0 }, pb = { 0 };

		fw_text_print_policy(&pa, a, (enum fw_reason)r);
		fw_text_print_policy(&pb, b, (enum fw_reason)r);
		assert_string_equal(pa.text, pb.text);
		fw_buf_free(&pa);
		fw_buf_free(&pb);
	}
	assert_memory_equal(a->policy_set, b->policy_set, sizeof(a->policy_set));
	for (const struct fw_rule *x = a->first; x; x = x->next, y = y->next) {
		struct fw_buf tx = { 0 }, ty = { 0 };

		fw_text_print_rule(&tx, a, x);
		fw_text_print_rule(&ty, b, y);
		assert_string_equal(tx.text, ty.text);
		assert_int_equal(x->slot, y->slot);
		fw_buf_free(&tx);
		fw_buf_free(&ty);
	}
	assert_int_equal(count_sets(a), count_sets(b));
	for (size_t i = 0; i < a->nsets; i++)
		if (a->sets[i].name)
			assert_same_set(b, &a->sets[i]);
}

/* Changes, how they are logged, and what the base is afterwards. */
static const struct {
	const char *text, *log, *result;
} accepted[] = {
	{ "", "", NULL },
	{ "# nothing\n\n", "", NULL },
	{ "add rule out drop", "add rule 31 out drop\n",
	  "policy in drop\nset admins { 192.0.2.10, 198.51.100.0/24 }\nset empty { }\n"
	  "rule 10 name ssh in from @admins proto tcp dport 22 accept\n"
	  "rule 20 name web in proto tcp dport { 80, 443 } accept comment \"www\"\n"
	  "rule 30 in proto icmp drop\nrule 31 out drop\n" },
	{ "del rule ssh 0x1e\nadd rule first 5 name a out drop\nadd rule last 6 drop\nadd rule before web 7 accept\n"
	  "add rule after a name b from { 2.2.2.2, 1.1.1.1 } to not @empty drop comment \"x\"\n",
	  "del rule 10 30\nadd rule first 5 name a out drop\nadd rule last 6 drop\nadd rule before 20 7 accept\n"
	  "add rule after 5 31 name b from { 1.1.1.1, 2.2.2.2 } to not @empty drop comment \"x\"\n",
	  "policy in drop\nset admins { 192.0.2.10, 198.51.100.0/24 }\nset empty { }\n"
	  "rule 5 name a out drop\nrule 31 name b from { 1.1.1.1, 2.2.2.2 } to not @empty drop comment \"x\"\n"
	  "rule 7 accept\nrule 20 name web in proto tcp dport { 80, 443 } accept comment \"www\"\nrule 6 drop\n" },
	{ "replace rule web proto udp dport 53 drop\nreplace rule 30 name ping in proto icmp icmp-type 8 accept\n"
	  "replace rule ping name pong in drop\nmove rule pong first\nmove rule 10 after web\nmove rule web before pong\n"
	  "move rule web last",
	  "replace rule 20 name web proto udp dport 53 drop\n"
	  "replace rule 30 name ping in proto icmp icmp-type echo-request accept\n"
	  "replace rule 30 name pong in drop\nmove rule 30 first\nmove rule 10 after 20\nmove rule 20 before 30\n"
	  "move rule 20 last\n",
	  "policy in drop\nset admins { 192.0.2.10, 198.51.100.0/24 }\nset empty { }\n"
	  "rule 30 name pong in drop\nrule 10 name ssh in from @admins proto tcp dport 22 accept\n"
	  "rule 20 name web proto udp dport 53 drop\n" },
	{ "set create blocked 192.0.2.1 198.51.100.0-198.51.100.255\nadd rule first name block from @blocked drop\n"
	  "set add blocked 203.0.113.0/24 ::1\nset del blocked 192.0.2.1/32\nset destroy empty\npolicy out drop\n"
	  "policy in accept\nset create none\n",
	  "set create blocked 192.0.2.1 198.51.100.0/24\nadd rule first 31 name block from @blocked drop\n"
	  "set add blocked 203.0.113.0/24 ::1\nset del blocked 192.0.2.1\nset destroy empty\npolicy out drop\n"
	  "policy in accept\nset create none\n",
	  "policy in accept\npolicy out drop\nset admins { 192.0.2.10, 198.51.100.0/24 }\n"
	  "set none { }\nset blocked { 198.51.100.0/24, 203.0.113.0/24, ::1 }\n"
	  "rule 31 name block from @blocked drop\nrule 10 name ssh in from @admins proto tcp dport 22 accept\n"
	  "rule 20 name web in proto tcp dport { 80, 443 } accept comment \"www\"\nrule 30 in proto icmp drop\n" },
	{ "del rule ssh\nset destroy admins\nset create admins 1.1.1.1\nadd rule first 10 name ssh from @admins drop\n",
	  "del rule 10\nset destroy admins\nset create admins 1.1.1.1\nadd rule first 10 name ssh from @admins drop\n",
	  /* The number of the old set is not given again while the edit is open. */
	  "policy in drop\nset empty { }\nset admins { 1.1.1.1 }\nrule 10 name ssh from @admins drop\n"
	  "rule 20 name web in proto tcp dport { 80, 443 } accept comment \"www\"\nrule 30 in proto icmp drop\n" },
	{ "replace rule ssh drop counter comment \"x\"\nadd rule first in accept counter\nmove rule ssh last\n"
	  "replace rule 31 in accept\nreplace rule 30 in proto icmp drop counter\n",
	  "replace rule 10 name ssh drop counter comment \"x\"\nadd rule first 31 in accept counter\nmove rule 10 last\n"
	  "replace rule 31 in accept\nreplace rule 30 in proto icmp drop counter\n",
	  "policy in drop\nset admins { 192.0.2.10, 198.51.100.0/24 }\nset empty { }\nrule 31 in accept\n"
	  "rule 20 name web in proto tcp dport { 80, 443 } accept comment \"www\"\n"
	  "rule 30 in proto icmp drop counter\nrule 10 name ssh drop counter comment \"x\"\n" },
	/* Lists in braces as in rules; what is so already. */
	{ "set create x { }\nset create y dynamic { 1.1.1.1,\n # more\n ::1, }\nset add x { 2.2.2.2, 1.1.1.1 }\n"
	  "set del x { 2.2.2.2 }\nset add --exist x 1.1.1.1 3.3.3.3\nset del --exist x { 1.1.1.1, 9.9.9.9 }\n"
	  "set add --exist x { 3.3.3.3 }\nset del --exist x 1.1.1.1\nset create z dynamic\nset add x { }\n",
	  "set create x\nset create y dynamic 1.1.1.1 ::1\nset add x 2.2.2.2 1.1.1.1\nset del x 2.2.2.2\n"
	  "set add x 3.3.3.3\nset del x 1.1.1.1\nset create z dynamic\n",
	  "policy in drop\nset admins { 192.0.2.10, 198.51.100.0/24 }\nset empty { }\nset x { 3.3.3.3 }\n"
	  "set y dynamic { 1.1.1.1, ::1 }\nset z dynamic { }\n"
	  "rule 10 name ssh in from @admins proto tcp dport 22 accept\n"
	  "rule 20 name web in proto tcp dport { 80, 443 } accept comment \"www\"\nrule 30 in proto icmp drop\n" },
	{ "set add admins 9.9.9.9\nset del admins 192.0.2.10\n"
	  "set replace admins 9.9.9.9 1.1.1.1 1.1.1.1\nset add admins 2.2.2.2\nset del admins 9.9.9.9\n"
	  "set add empty 1.1.1.1\nset flush empty\nset add empty 1.1.1.1\nset replace empty { ::2, ::1 }\n",
	  "set add admins 9.9.9.9\nset del admins 192.0.2.10\n"
	  "set replace admins { 1.1.1.1, 9.9.9.9 }\nset add admins 2.2.2.2\nset del admins 9.9.9.9\n"
	  "set add empty 1.1.1.1\nset replace empty { }\nset add empty 1.1.1.1\nset replace empty { ::1, ::2 }\n",
	  "policy in drop\nset admins { 1.1.1.1, 2.2.2.2 }\nset empty { ::1, ::2 }\n"
	  "rule 10 name ssh in from @admins proto tcp dport 22 accept\n"
	  "rule 20 name web in proto tcp dport { 80, 443 } accept comment \"www\"\nrule 30 in proto icmp drop\n" },
	{ "add rule name first flags syn,ack on {\n a,\n b } drop\nadd rule before 31 vlan 7 accept",
	  "add rule 31 name first on { a, b } flags syn,ack drop\nadd rule before 31 32 vlan 7 accept\n", NULL },
};

/* Changes to chains; what is logged is the same. */
static const struct {
	const char *before, *text, *log, *result;
} chains[] = {
	{ "rule 1 drop\n",
	  "chain create web owner 7\nadd rule chain web in accept\nadd rule chain web first name x return\nadd rule first jump web\n"
	  "add rule after x proto tcp drop\nadd rule 9 chain web out accept\nmove rule x last\nreplace rule x in return\n"
	  "replace rule 2 chain web out drop\nmove rule 9 before x",
	  "chain create web owner 7\nadd rule 2 chain web in accept\nadd rule first 3 name x chain web return\n"
	  "add rule first 4 jump web\nadd rule after 3 5 chain web proto tcp drop\nadd rule 9 chain web out accept\n"
	  "move rule 3 last\nreplace rule 3 name x chain web in return\nreplace rule 2 chain web out drop\n"
	  "move rule 9 before 3\n",
	  "chain web owner 7\nrule 4 jump web\nrule 1 drop\nrule 5 chain web proto tcp drop\nrule 2 chain web out drop\n"
	  "rule 9 chain web out accept\nrule 3 name x chain web in return\n" },
	{ "chain a\nchain b\nrule 1 jump a\nrule 2 chain a drop\nrule 3 chain b goto a\n",
	  "del rule 3\nchain del b\nchain create c\nadd rule chain c jump a\ndel rule 2\nadd rule chain a accept\n"
	  "chain create b\nchain del b\nadd rule chain a last log drop",
	  "del rule 3\nchain del b\nchain create c\nadd rule 4 chain c jump a\ndel rule 2\nadd rule 5 chain a accept\n"
	  "chain create b\nchain del b\nadd rule last 6 chain a log drop\n",
	  "chain a\nchain c\nrule 1 jump a\nrule 5 chain a accept\nrule 6 chain a log drop\nrule 4 chain c jump a\n" },
	{ "chain a\nchain b\nchain c\nrule 1 goto c\nrule 2 chain c accept\n",
	  "add rule chain b first drop\nadd rule chain a drop\nadd rule last accept\nreplace rule 1 jump b\n",
	  "add rule first 3 chain b drop\nadd rule 4 chain a drop\nadd rule last 5 accept\nreplace rule 1 jump b\n",
	  "chain a\nchain b\nchain c\nrule 1 jump b\nrule 5 accept\nrule 4 chain a drop\nrule 3 chain b drop\n"
	  "rule 2 chain c accept\n" },
};

static void changes_to_chains(void **state)
{
	for (size_t i = 0; i < ROWS(chains); i++) {
		struct fw_ruleset *rs = ruleset_of(chains[i].before), *again = ruleset_of(chains[i].before);
		struct fw_buf log = { 0 }, log2 = { 0 };
		struct fw_diags ds = { .n = 0 };

		if (apply(rs, chains[i].text, &ds, &log))
			fail_msg("%s\n%u:%u %s", chains[i].text, ds.d[0].line, ds.d[0].column, ds.d[0].message);
		assert_string_equal(log.text, chains[i].log);

		fw_autofree char *text = ruleset_print(rs);

		assert_string_equal(text, chains[i].result);
		assert_null(ruleset_check(rs, 0));
		assert_int_equal(apply(again, log.text, &ds, &log2), 0);
		assert_string_equal(log2.text, log.text);
		assert_same(rs, again);
		fw_buf_free(&log);
		fw_buf_free(&log2);
		fw_ruleset_free(rs);
		fw_ruleset_free(again);
	}
}

/* Texts of rules for one chain: what becomes of the chain's rules 1 to 4, and what is logged. */
#define WEB                                                                                                   \
	"chain web\nchain b\nrule 9 jump web\nrule 1 name x chain web in accept\nrule 2 chain web out drop\n" \
	"rule 3 chain web in proto tcp drop\nrule 4 chain web goto b\nrule 7 chain b drop\n"
static const struct {
	const char *text, *log, *web;
} texts[] = {
	{ "rule in accept\nrule chain web out drop\nrule 3 in proto tcp drop\nrule goto b", "",
	  "rule 1 name x chain web in accept\nrule 2 chain web out drop\nrule 3 chain web in proto tcp drop\n"
	  "rule 4 chain web goto b\n" },
	{ "", "del rule 1 2 3 4\n", "" },
	/* One is moved, whichever way it is looked at; another one gets other words. */
	{ "rule goto b counter\nrule name x in accept\nrule out drop comment \"c\"\nrule in proto tcp drop",
	  "del rule 2\nmove rule 4 first\nreplace rule 4 chain web goto b counter\nadd rule after 1 10 chain web out drop comment \"c\"\n",
	  "rule 4 chain web goto b counter\nrule 1 name x chain web in accept\n"
	  "rule 10 chain web out drop comment \"c\"\nrule 3 chain web in proto tcp drop\n" },
	/* The same id with other matches is another rule; the same name is the same rule. */
	{ "rule 2 ip6 drop\nrule name x forward return\nrule out drop\nrule out drop",
	  "del rule 2 3 4\nadd rule first 2 chain web ip6 drop\nreplace rule 1 name x chain web forward return\n"
	  "add rule after 1 10 chain web out drop\nadd rule after 10 11 chain web out drop\n",
	  "rule 2 chain web ip6 drop\nrule 1 name x chain web forward return\nrule 10 chain web out drop\n"
	  "rule 11 chain web out drop\n" },
};

static int apply_chain(struct fw_ruleset *rs, const char *text, struct fw_diags *ds, struct fw_buf *log)
{
	const struct fw_chain_text t = { "web", text, strlen(text), "batch" };
	struct fw_edit e;
	int err;

	assert_int_equal(fw_edit_begin(rs, &e), 0);
	err = fw_text_edit_chain(&e, &t, ds, log);
	if (err)
		fw_edit_abort(&e);
	else
		fw_edit_commit(&e);
	assert_sound(rs);
	return err;
}

static void one_chain_is_replaced(void **state)
{
	for (size_t i = 0; i < ROWS(texts); i++) {
		struct fw_ruleset *rs = ruleset_of(WEB), *again = ruleset_of(WEB);
		struct fw_buf log = { 0 }, log2 = { 0 }, want = { 0 };
		struct fw_diags ds = { .n = 0 };

		if (apply_chain(rs, texts[i].text, &ds, &log))
			fail_msg("%s\n%u:%u %s", texts[i].text, ds.d[0].line, ds.d[0].column, ds.d[0].message);
		assert_string_equal(log.text, texts[i].log);
		fw_buf_printf(&want, "chain web\nchain b\nrule 9 jump web\n%srule 7 chain b drop\n", texts[i].web);

		fw_autofree char *text = ruleset_print(rs);

		assert_string_equal(text, want.text);
		assert_int_equal(apply(again, log.text, &ds, &log2), 0);
		assert_same(rs, again);
		fw_buf_free(&log);
		fw_buf_free(&log2);
		fw_buf_free(&want);
		fw_ruleset_free(rs);
		fw_ruleset_free(again);
	}
}

/* At random: the chain has as many rules as the text, and everything is as it was once that is undone. */
static void random_chains_are_replaced(void **state)
{
	static const struct random_shape shape = { .rules = 40, .expressions = 6, .places = 3, .any = 5, .detail = 20 };

	for (int round = 0; round < 60; round++) {
		random_chains(1);

		struct fw_ruleset *rs = random_ruleset(&shape);
		const struct fw_chain *c = &rs->chains[1];
		struct fw_buf text = { 0 };
		struct fw_diags ds = { .n = 0 };
		uint32_t n = 0;
		struct fw_edit e;

		drop_unused(rs);
		for (unsigned i = random_below(40); i && c->nrules; i--) {
			const struct fw_rule *r = c->first;
			struct fw_buf one = { 0 };

			for (unsigned k = random_below(c->nrules); k; k--)
				r = r->next;
			fw_text_print_rule(&one, rs,
					   &(struct fw_rule){ .matches = r->matches,
							      .nmatches = r->nmatches,
							      .src = r->src,
							      .dst = r->dst,
							      .action = r->action,
							      .log = r->log,
							      .chain = 1,
							      .id = r->id });
			fw_buf_printf(&text, "rule%s\n", strchr(one.text + 5, ' '));
			n++;
			fw_buf_free(&one);
		}

		const struct fw_chain_text t = { "c0", text.text ? text.text : "", text.len, NULL };

		assert_int_equal(fw_edit_begin(rs, &e), 0);
		if (fw_text_edit_chain(&e, &t, &ds, NULL))
			fail_msg("%s\n%u: %s", t.text, ds.d[0].line, ds.d[0].message);
		assert_sound(rs);
		assert_int_equal(rs->chains[1].nrules, n);
		fw_edit_abort(&e);
		assert_sound(rs);
		fw_buf_free(&text);
		fw_ruleset_free(rs);
	}
}

static const struct {
	const char *text;
	unsigned line, column;
	const char *message, *hint;
} refused_texts[] = {
	{ "rule in accept\nset x { }", 2, 1, "expected 'rule', not 'set'", "set create" },
	{ "policy in drop", 1, 1, "expected 'rule'", "only rules" },
	{ "rule chain b drop", 1, 12, "the rules are for chain web only", "leave the chain out" },
	{ "rule goto web", 0, 0, "in a circle: web (rule 10) -> web", "" },
	{ "rule 9 drop", 1, 1, "rule id 9 is taken", "" },
	{ "rule name y drop\nrule name y accept", 2, 1, "rule name 'y' is taken", "" },
	{ "rule dport 1 drop\nrule on 22 drp", 1, 6, "'dport' needs", "" },
};

static void bad_texts_of_chains_change_nothing(void **state)
{
	for (size_t i = 0; i < ROWS(refused_texts); i++) {
		struct fw_ruleset *rs = ruleset_of(WEB);
		struct fw_diags ds = { .n = 0 };

		assert_int_equal(apply_chain(rs, refused_texts[i].text, &ds, NULL), -EINVAL);
		print_message("%u:%u %s (%s)\n", ds.d[0].line, ds.d[0].column, ds.d[0].message, ds.d[0].hint);
		assert_non_null(strstr(ds.d[0].message, refused_texts[i].message));
		assert_non_null(strstr(ds.d[0].hint, refused_texts[i].hint));
		assert_int_equal(ds.d[0].line, refused_texts[i].line);
		assert_int_equal(ds.d[0].column, refused_texts[i].column);

		fw_autofree char *text = ruleset_print(rs);

		assert_string_equal(text, WEB);
		fw_ruleset_free(rs);
	}
}

#define CHAINS "chain create a\nchain create b\nadd rule 31 name x chain a accept\nadd rule 32 jump a\n"

static void every_change_does_what_it_says(void **state)
{
	for (size_t i = 0; i < ROWS(accepted); i++) {
		struct fw_ruleset *rs = ruleset_of(base), *again = ruleset_of(base);
		struct fw_buf log = { 0 }, log2 = { 0 };
		struct fw_diags ds = { .n = 0 };

		if (apply(rs, accepted[i].text, &ds, &log))
			fail_msg("%s\n%u:%u %s", accepted[i].text, ds.d[0].line, ds.d[0].column, ds.d[0].message);
		assert_string_equal(log.text, accepted[i].log);
		if (accepted[i].result) {
			fw_autofree char *text = ruleset_print(rs);

			assert_string_equal(text, accepted[i].result);
		}
		assert_int_equal(apply(again, log.text, &ds, &log2), 0);
		assert_string_equal(log2.text, log.text);
		assert_same(rs, again);
		fw_buf_free(&log);
		fw_buf_free(&log2);
		fw_ruleset_free(rs);
		fw_ruleset_free(again);
	}
}

static const struct {
	const char *text;
	unsigned line, column;
	const char *message, *hint;
	unsigned total;
} refused[] = {
	{ "\nad rule drop", 2, 1, "expected 'add', 'replace', 'move'", "did you mean 'add'?", 1 },
	{ "rule drop", 1, 1, "expected 'add'", "write 'add rule ...'", 1 },
	{ "delete rule 1", 1, 1, "expected 'add'", "write 'del rule ...'", 1 },
	{ "add drop", 1, 5, "expected 'rule', not 'drop'", "set create", 1 },
	{ "add rule", 1, 9,
	  "expected a match, 'drop', 'accept', 'reject', 'continue', 'jump', 'goto' or 'return' before the end", "",
	  1 },
	{ "add rule befor ssh drop", 1, 10, "expected a match", "", 1 },
	{ "add rule before sshd drop", 1, 17, "there is no rule 'sshd'", "did you mean 'ssh'?", 1 },
	{ "add rule after 11 drop", 1, 16, "there is no rule '11'", "", 1 },
	{ "add rule after 99999999999999999999 drop", 1, 16, "there is no rule '9999", "", 1 },
	{ "add rule before { drop", 1, 17, "expected the id or the name of a rule", "", 1 },
	{ "add rule first 20 drop", 1, 16, "rule id 20 is taken", "rule 20 has it", 1 },
	{ "add rule name web drop", 1, 15, "rule name 'web' is taken", "rule 20 has it", 1 },
	{ "add rule from 10.0.0.1/8 drop", 1, 15, "has bits set", "10.0.0.0/8", 1 },
	{ "add rule from { 10.0.0.1/8, 10.0.0.0/33 } drop", 1, 17, "has bits set", "10.0.0.0/8", 2 },
	{ "add rule first in dport 22 drop", 1, 19, "'dport' needs a protocol", "proto tcp", 1 },
	{ "add rule drop\nadd rule from @admin drop", 2, 15, "there is no set 'admin'", "did you mean 'admins'?", 1 },
	{ "add rule from @x drop", 1, 15, "there is no set 'x'", "set create", 1 },
	{ "add rule drop extra", 1, 15, "expected the end of the line", "", 1 },
	{ "replace ssh drop", 1, 9, "expected 'rule'", "replace rule REF", 1 },
	{ "replace rule sh drop", 1, 14, "there is no rule 'sh'", "did you mean 'ssh'?", 1 },
	{ "replace rule ssh 10 drop", 1, 18, "keeps the rule's id", "leave the id out", 1 },
	{ "replace rule ssh name web drop", 1, 23, "rule name 'web' is taken", "rule 20", 1 },
	{ "replace rule ssh ip from ::1 drop", 1, 18, "IPv4 packets, but its addresses are IPv6", "", 1 },
	{ "move rule ssh", 1, 14, "expected 'first', 'last', 'before' or 'after'", "", 1 },
	{ "move rule ssh before", 1, 21, "expected the id or the name", "", 1 },
	{ "move rule ssh first x", 1, 21, "expected the end of the line", "", 1 },
	{ "del rule", 1, 9, "expected the id or the name", "", 1 },
	{ "del web", 1, 5, "expected 'rule'", "set destroy", 1 },
	{ "del rule web web 31", 1, 14, "there is no rule 'web'", "", 2 },
	{ "del rule ssh\nreplace rule ssh drop", 2, 14, "there is no rule 'ssh'", "", 1 },
	{ "set", 1, 4, "expected 'create', 'add', 'del', 'replace', 'flush' or 'destroy'", "", 1 },
	{ "set ad admins 1.1.1.1", 1, 5, "expected 'create'", "did you mean 'add'?", 1 },
	{ "set create admins", 1, 12, "there is already a set 'admins'", "set add", 1 },
	{ "set create 1x", 1, 12, "'1x' is not a valid name for a set", "", 1 },
	{ "set create x 1.1.1.1 1.1.1.1/32", 1, 22, "has this element already", "set add --exist", 1 },
	{ "set create x { 1.1.1.1, 1.1.1.1/32 }", 1, 25, "has this element already", "", 1 },
	{ "set create x { 1.1.1.1", 1, 14, "the '{' is never closed", "end the list", 1 },
	{ "set create x { 1.1.1.1 2.2.2.2 }", 1, 24, "expected ',' or '}'", "", 1 },
	{ "set create x { 1.1.1.1, @admins }", 1, 25, "'@admins' is not an address", "", 1 },
	{ "set create x { \"1.1.1.1\" }", 1, 16, "expected an address", "without quotes", 1 },
	{ "set create x { 1.1.1.1 } 2.2.2.2", 1, 26, "expected the end of the line", "", 1 },
	{ "set create x static", 1, 14, "'static' is not an address", "", 1 },
	{ "set add admins 1.1.1.1\nset add empty 2.2.2.2\nset add admins 1.1.1.1", 3, 16, "has this element already",
	  "--exist", 1 },
	{ "set del admins 192.0.2.10\nset del admins 192.0.2.10", 2, 16, "no such element", "--exist", 1 },
	{ "set add --exist", 1, 16, "expected the name of a set", "", 1 },
	{ "set add --exist none 1.1.1.1", 1, 17, "there is no set 'none'", "", 1 },
	{ "set add admins --exist 1.1.1.1", 1, 16, "'--exist' is not an address", "", 1 },
	{ "set add --exists admins 1.1.1.1", 1, 9, "there is no set '--exists'", "", 1 },
	{ "set flush none", 1, 11, "there is no set 'none'", "", 1 },
	{ "set create local", 1, 12, "'local' is the name of a built-in set", "another name", 1 },
	{ "set add local 1.1.1.1", 1, 9, "the set 'local' is built in", "create a set with another name", 1 },
	{ "set flush broadcast", 1, 11, "the set 'broadcast' is built in", "", 1 },
	{ "set destroy multicast", 1, 13, "the set 'multicast' is built in", "", 1 },
	{ "set flush admins 1.1.1.1", 1, 18, "expected the end of the line", "", 1 },
	{ "set replace admins", 1, 19, "expected 'file' or an address", "set flush", 1 },
	{ "set replace none { }", 1, 13, "there is no set 'none'", "", 1 },
	{ "set replace admins { 1.1.1.1/8, x }", 1, 22, "has bits set", "1.0.0.0/8", 2 },
	{ "set replace admins file list", 1, 25, "expected the path of a file", "between", 1 },
	{ "set add admins", 1, 15, "expected an address", "at least one", 1 },
	{ "set add admin 1.1.1.1", 1, 9, "there is no set 'admin'", "did you mean 'admins'?", 1 },
	{ "set add admins 1.1.1 1.1.1.1/33", 1, 16, "'1.1.1' is not an address", "", 2 },
	{ "set add admins 1.1.1.1, 2.2.2.2", 1, 23, "expected an address", "blanks between", 1 },
	{ "set del admins 198.51.100.7", 1, 16, "no such element", "covers", 1 },
	{ "set del empty 198.51.100.7", 1, 15, "no such element", "--exist", 1 },
	{ "set destroy admins", 1, 13, "in use, by rule 10", "delete or replace", 1 },
	{ "set destroy empty x", 1, 19, "expected the end of the line", "", 1 },
	{ "chain", 1, 6, "expected 'create' or 'del'", "", 1 },
	{ "chain create a b", 1, 16, "expected the end of the line", "", 1 },
	{ "chain create a\nchain create a", 2, 14, "there is already a chain 'a'", "", 1 },
	{ "chain del a", 1, 11, "there is no chain 'a'", "chain create NAME", 1 },
	{ "add rule chain a drop", 1, 16, "there is no chain 'a'", "chain create NAME", 1 },
	{ CHAINS "chain del a", 5, 11, "the chain 'a' has 1 rule", "delete its rules first", 1 },
	{ CHAINS "del rule x\nchain del a", 6, 11, "the chain 'a' is in use, by rule 32", "delete or replace", 1 },
	{ CHAINS "add rule chain a first chain b drop", 5, 30, "the rule names two chains", "", 1 },
	{ CHAINS "add rule chain b before x drop", 5, 10, "rule 31 (x) is in chain a, not in chain b", "", 1 },
	{ CHAINS "move rule x before 32", 5, 13, "rule 32 is in the main list, not in chain a", "", 1 },
	{ CHAINS "replace rule x chain b drop", 5, 22, "rule 31 (x) is in chain a, not in chain b", "keeps it", 1 },
	{ CHAINS "add rule chain a jump a", 0, 0, "in a circle: a (rule 33) -> a", "", 1 },
	{ CHAINS "replace rule x goto b\nadd rule chain b jump a", 0, 0, "in a circle: ", "", 1 },
	{ CHAINS "add rule chain a state new drop", 0, 0, "rule 33 of chain a is asked there for others, by rule 32",
	  "", 1 },
	{ "policy inn drop", 1, 8, "no policy for 'inn'", "did you mean 'in'?", 1 },
	{ "policy in", 1, 10, "expected 'drop', 'accept' or 'reject'", "", 1 },
	{ "policy in drop x", 1, 16, "expected the end of the line", "", 1 },
	/* One line's errors are enough. */
	{ "del rule a\ndel rule b", 1, 10, "there is no rule 'a'", "", 1 },
};

static void what_is_wrong_is_said_and_undone(void **state)
{
	for (size_t i = 0; i < ROWS(refused); i++) {
		struct fw_ruleset *rs = ruleset_of(base);
		fw_autofree char *before = ruleset_print(rs);
		struct fw_buf log = { 0 };
		struct fw_diags ds = { .n = 0 };

		print_message("%s\n", refused[i].text);
		assert_int_equal(apply(rs, refused[i].text, &ds, &log), -EINVAL);
		assert_int_equal(ds.total, refused[i].total);
		assert_string_equal(ds.d[0].file, "batch");
		if (!strstr(ds.d[0].message, refused[i].message))
			fail_msg("'%s' lacks '%s'", ds.d[0].message, refused[i].message);
		if (!strstr(ds.d[0].hint, refused[i].hint))
			fail_msg("'%s' lacks '%s'", ds.d[0].hint, refused[i].hint);
		assert_int_equal(ds.d[0].line, refused[i].line);
		assert_int_equal(ds.d[0].column, refused[i].column);

		fw_autofree char *after = ruleset_print(rs);

		assert_string_equal(before, after);
		fw_buf_free(&log);
		fw_ruleset_free(rs);
	}
}

/* The changes that the reference shows can be read. */
static void reference_applies(void **state)
{
	fw_autofree char *text = tree_text("docs/fw.rules.md");
	struct fw_ruleset *rs = ruleset_of("rule 17 name ssh in drop\nrule name old-web in drop\n");
	struct fw_diags ds = { .n = 0 };
	char *from, *to;

	from = strstr(text, "```changes\n");
	assert_non_null(from);
	from += strlen("```changes\n");
	to = strstr(from, "```");
	assert_non_null(to);
	*to = '\0';
	if (apply(rs, from, &ds, NULL))
		fail_msg("%u:%u %s", ds.d[0].line, ds.d[0].column, ds.d[0].message);
	fw_ruleset_free(rs);
}

static const struct fw_rule *some_rule(const struct fw_ruleset *rs)
{
	const struct fw_rule *r = rs->first;

	for (uint32_t n = rs->nrules ? random_below((uint32_t)rs->nrules) : 0; n; n--)
		r = r->next;
	return r;
}

static void random_ref(struct fw_buf *b, const struct fw_ruleset *rs)
{
	const struct fw_rule *r = some_rule(rs);

	if (r && r->name && random_below(2))
		fw_buf_printf(b, " %s", r->name);
	else
		fw_buf_printf(b, " %llu", r ? (unsigned long long)r->id : 7ull);
}

static void random_position(struct fw_buf *b, const struct fw_ruleset *rs)
{
	static const char *const where[] = { " first", " last", " before", " after" };
	unsigned n = random_below(4);

	fw_buf_printf(b, "%s", where[n]);
	if (n > 1)
		random_ref(b, rs);
}

/* A rule of another ruleset, without its id and name. */
static void random_body(struct fw_buf *b, const struct fw_ruleset *from)
{
	const struct fw_rule *r = some_rule(from);
	struct fw_rule copy = *r;
	struct fw_buf text = { 0 };

	copy.name = NULL;
	fw_text_print_rule(&text, from, &copy);
	if (random_below(3) == 0)
		fw_buf_printf(b, " name n%u", random_below(1000));
	fw_buf_printf(b, " %s", strchr(text.text + strlen("rule "), ' ') + 1);
	fw_buf_free(&text);
}

/* A random change as a line of `fwctl batch`, of rules of @rs, with matches of rules of @from. */
static void random_change(struct fw_buf *b, const struct fw_ruleset *rs, const struct fw_ruleset *from)
{
	unsigned set = random_below(6), net = random_below(16);
	const char *const exist = random_below(2) ? "--exist " : "";

	switch (random_below(10)) {
	case 9:
		fw_buf_printf(b, "chain %s c%u", random_below(2) ? "create" : "del", random_below(3));
		break;
	case 0:
	case 1:
		fw_buf_printf(b, "add rule");
		if (random_below(2))
			random_position(b, rs);
		random_body(b, from);
		break;
	case 2:
		fw_buf_printf(b, "replace rule");
		random_ref(b, rs);
		random_body(b, from);
		break;
	case 3:
		fw_buf_printf(b, "move rule");
		random_ref(b, rs);
		random_position(b, rs);
		break;
	case 4:
		fw_buf_printf(b, "del rule");
		random_ref(b, rs);
		break;
	case 5:
		fw_buf_printf(b, "set create t%u%s 10.%u.0.0/16", set, random_below(2) ? " dynamic" : "", net);
		break;
	case 6:
		fw_buf_printf(b, "set %s %st%u 10.%u.0.0/16", random_below(2) ? "add" : "del", exist, set, net);
		break;
	case 7:
		if (random_below(2))
			fw_buf_printf(b, "set flush t%u", set);
		else
			fw_buf_printf(b, "set replace t%u { 10.%u.0.0/16, 10.0.0.0/16 }", set, net);
		break;
	default:
		if (random_below(2))
			fw_buf_printf(b, "set destroy t%u", set);
		else
			fw_buf_printf(b, "policy in %s", random_below(2) ? "drop" : "accept");
	}
	fw_buf_printf(b, "\n");
}

/* The log of a transaction, read over a copy of what was there before, with the slots that it used. */
static void replay(struct fw_ruleset *copy, const struct fw_ruleset *done, const char *log, const uint32_t *slots,
		   size_t n)
{
	struct fw_diags ds = { .n = 0 };
	struct fw_edit e;

	assert_int_equal(fw_edit_begin(copy, &e), 0);
	fw_edit_slots(&e, slots, n);
	if (fw_text_edit(&e, log, strlen(log), NULL, &ds, NULL))
		fail_msg("%s\n%u:%u %s", log, ds.d[0].line, ds.d[0].column, ds.d[0].message);
	fw_edit_commit(&e);
	assert_sound(copy);
	assert_same(done, copy);
}

/* A copy as a restart makes it: from text, then ids and slots. */
static struct fw_ruleset *reload(const struct fw_ruleset *rs)
{
	fw_autofree char *text = ruleset_print(rs);
	fw_autofree uint64_t *ids = malloc((rs->nrules + 1) * sizeof(*ids));
	fw_autofree uint32_t *slots = malloc((rs->nrules + 1) * sizeof(*slots));
	struct fw_ruleset *copy = fw_ruleset_new(NULL);
	size_t i = 0;

	assert_int_equal(fw_ruleset_follow(copy, rs), 0);
	assert_int_equal(fw_text_parse(copy, text, strlen(text), NULL, NULL), 0);
	for (const struct fw_rule *r = rs->first; r; r = r->next, i++) {
		ids[i] = r->id;
		slots[i] = r->slot;
	}
	assert_int_equal(fw_ruleset_number(copy, ids, slots), 0);
	copy->next_id = rs->next_id;
	assert_sound(copy);
	return copy;
}

static void logs_replay(void **state)
{
	static const struct random_shape shape = {
		.rules = 12, .expressions = 12, .places = 6, .any = 3, .detail = 30
	};

	for (int round = 0; round < 60; round++) {
		random_chains(round % 3);

		struct fw_ruleset *rs = random_ruleset(&shape), *from = random_ruleset(&shape);

		drop_unused(rs);
		for (int step = 0; step < 20 && from->nrules; step++) {
			struct fw_ruleset *copy = reload(rs);
			struct fw_buf text = { 0 }, log = { 0 };
			uint32_t slots[16];
			size_t nslots = 0;
			struct fw_edit e;

			for (unsigned i = 1 + random_below(3); i; i--)
				random_change(&text, rs, from);
			assert_int_equal(fw_edit_begin(rs, &e), 0);
			if (fw_text_edit(&e, text.text, text.len, NULL, NULL, &log)) {
				fw_edit_abort(&e);
				assert_sound(rs);
				assert_same(copy, rs);
			} else {
				for (size_t i = 0; i < e.nrules; i++)
					if (!e.rules[i].before && e.rules[i].after)
						slots[nslots++] = e.rules[i].after->slot;
				fw_edit_commit(&e);
				assert_sound(rs);
				replay(copy, rs, log.text, slots, nslots);
			}
			fw_buf_free(&text);
			fw_buf_free(&log);
			fw_ruleset_free(copy);
		}
		fw_ruleset_free(rs);
		fw_ruleset_free(from);
	}
}

static const char shelf[] = "set s { 10.1.0.0/16, 2001:db8::/32 }\n"
			    "rule 1 in on eth0 from 10.0.0.0/8 proto tcp dport 22 accept\n"
			    "rule 2 from @s drop\n"
			    "rule 3 to not { 10.0.0.0/8, ::/0 } proto udp dport { 53, 100-200 } accept\n"
			    "rule 4 on not { eth0, eth1 } ip6 proto icmp6 icmp6-type 128 accept\n"
			    "rule 5 ethertype arp drop\n"
			    "rule 6 accept\n"
			    "rule 7 proto icmp icmp-type 8 drop\n"
			    "rule 8 flags syn/syn,ack proto tcp vlan not 5-7 drop\n"
			    "rule 9 to not @s drop\n";

/* A query and the ids of the rules that pass. */
static const struct {
	const char *query;
	const char *passes;
} queries[] = {
	{ "", "123456789" },
	{ "drop", "25789" },
	{ "accept", "1346" },
	{ "dport 22", "12689" },
	{ "proto udp dport 150-160", "2369" },
	{ "sport 1", "123689" },
	{ "from 10.1.2.3", "1236789" },
	{ "from 10.1.2.3 drop", "2789" },
	{ "from 11.0.0.0/8", "36789" },
	{ "from { 11.0.0.0/8, 10.1.0.0/24 }", "1236789" },
	{ "from 2001:db8::1", "24689" },
	{ "from not 10.0.0.0/8", "2346789" },
	{ "to 10.1.0.0/24", "12678" },
	{ "to 11.0.0.0/8", "1236789" },
	{ "to 10.0.0.0/8", "126789" },
	{ "on eth0", "12356789" },
	{ "on eth7", "23456789" },
	{ "on not eth0", "23456789" },
	{ "on not { eth0, eth7 }", "23456789" },
	{ "out", "23456789" },
	{ "icmp-type 8", "2679" },
	{ "icmp6-type 128", "2469" },
	{ "ip6", "24689" },
	{ "ip", "1236789" },
	{ "ethertype arp", "5" },
	{ "ethertype not ip", "245689" },
	{ "vlan 6", "12345679" },
	{ "vlan 5-8", "123456789" },
	{ "flags syn", "12689" },
	{ "flags ack", "1269" },
	{ "flags not syn/syn,ack", "1269" },
};

static void queries_find_rules(void **state)
{
	struct fw_ruleset *rs = ruleset_of(shelf);

	for (size_t i = 0; i < ROWS(queries); i++) {
		struct fw_query *q = NULL;
		struct fw_diags ds = { .n = 0 };
		char passes[16] = "";
		size_t n = 0;

		if (fw_text_query(queries[i].query, NULL, &ds, &q))
			fail_msg("%s: %s", queries[i].query, ds.d[0].message);
		for (const struct fw_rule *r = rs->first; r; r = r->next)
			if (fw_query_passes(q, rs, r, NULL))
				passes[n++] = (char)('0' + r->id);
		print_message("%-30s %s\n", queries[i].query, passes);
		assert_string_equal(passes, queries[i].passes);
		fw_query_free(q);
	}
	fw_ruleset_free(rs);
	fw_query_free(NULL);
}

static void queries_are_checked(void **state)
{
	static const struct {
		const char *query;
		unsigned column;
		const char *message;
	} rows[] = {
		{ "form 1.1.1.1", 1, "expected a match" },
		{ "from 1.1.1", 6, "is not an address" },
		{ "from @s", 6, "cannot name a set" },
		{ "drop in", 6, "expected the end of the query" },
		{ "in in", 4, "is given twice" },
		{ "dport not 0-65535", 1, "excludes every value" },
		{ "on {\n eth0", 4, "never closed" },
		{ "in\n", 3, "expected a match" },
		{ "proto udp flags syn", 11, "'flags' cannot be used with protocol 17" },
		{ "frag later dport 22", 12, "a later fragment has no 'dport'" },
		{ "frag later flags syn drop", 12, "a later fragment has no 'flags'" },
		{ "frag later icmp-type 8", 12, "a later fragment has no 'icmp-type'" },
		{ "ip from 2001:db8::1", 1, "the rule asks for IPv4 packets, but its addresses are IPv6" },
		{ "from 10.0.0.1 to 2001:db8::1", 15, "'from' is IPv4 and 'to' is IPv6" },
		{ "from not 0.0.0.0/0 to 10.0.0.1", 20, "'from' is IPv6 and 'to' is IPv4" },
		{ "ethertype arp dport 22", 15, "there is no 'dport' to match" },
		{ "ip6 icmp-type 8", 5, "icmp is a protocol of IPv4" },
		{ "proto gre dport 22", 11, "protocol 47, which has no ports" },
		{ "icmp-type 8 dport 22", 13, "protocol 1, which has no ports" },
	};

	for (size_t i = 0; i < ROWS(rows); i++) {
		struct fw_query *q = NULL;
		struct fw_diags ds = { .n = 0 };

		assert_int_equal(fw_text_query(rows[i].query, "query", &ds, &q), -EINVAL);
		assert_null(q);
		if (!strstr(ds.d[0].message, rows[i].message))
			fail_msg("'%s' lacks '%s'", ds.d[0].message, rows[i].message);
		assert_int_equal(ds.d[0].column, rows[i].column);
		assert_string_equal(ds.d[0].file, "query");
	}
}

static int find_file(void *ctx, const char *path, const char **text, size_t *len)
{
	static const char elements[] = "10.0.0.0/8 # ten\n\n::1\n", bad[] = "\n10.0.0.0/8x\n";

	(*(int *)ctx)++;
	*text = !strcmp(path, "nothing") ? "" : strcmp(path, "bad") ? elements : bad;
	*len = strlen(*text);
	return strcmp(path, "none") ? 0 : -ENOENT;
}

static int note_path(const char *path, void *ctx)
{
	char *list = ctx;

	strcat(strcat(list, path), "|");
	return strcmp(path, "stop") ? 0 : 77;
}

/* A ruleset that was stored before the names of built-in sets were taken has sets of its own with these names. */
static void a_stored_set_keeps_its_name(void **state)
{
	static const char text[] = "set local { 10.0.0.1 }\nrule 1 to { @broadcast, @local } drop\n";
	static const struct fw_files stored = { .find = find_file, .stored = true };
	struct fw_ruleset *rs = fw_ruleset_new(NULL);
	fw_cleanup(fw_buf_free) struct fw_buf b = { 0 };
	struct fw_diags ds = { .n = 0 };
	struct fw_edit e;

	assert_int_equal(fw_text_parse_with(rs, text, strlen(text), NULL, &stored, &ds), 0);
	assert_false(rs->sets[0].builtin);
	assert_true(rs->sets[1].builtin);
	assert_int_equal(fw_edit_begin(rs, &e), 0);
	assert_int_equal(fw_text_edit(&e, "set add local 10.0.0.2", 22, NULL, &ds, NULL), 0);
	assert_int_equal(fw_edit_settle(&e), 0);
	fw_edit_commit(&e);
	fw_text_print(&b, rs);
	assert_string_equal(b.text, "set local { 10.0.0.1, 10.0.0.2 }\nrule 1 to { @local, @broadcast } drop\n");
	fw_ruleset_free(rs);
}

static void files_come_from_the_caller(void **state)
{
	static const char text[] = "set a file \"x y\"\nset b file \"x\\\"y\" # c\nrule from @a to @b drop\n";
	struct fw_ruleset *rs = fw_ruleset_new(NULL);
	int calls = 0;
	struct fw_files files = { .find = find_file, .ctx = &calls };
	struct fw_diags ds = { .n = 0 };
	char list[64] = "";

	assert_int_equal(fw_text_parse_with(rs, text, strlen(text), NULL, &files, &ds), 0);
	assert_int_equal(calls, 2);
	assert_int_equal(rs->sets[0].n, 2);
	assert_string_equal(rs->sets[1].path, "x\"y");
	fw_ruleset_free(rs);
	rs = fw_ruleset_new(NULL);
	assert_int_equal(fw_text_parse_with(rs, "set a file \"none\"\nset b file \"bad\"", 34, "f", &files, &ds),
			 -EINVAL);
	assert_int_equal(ds.n, 2);
	assert_string_equal(ds.d[0].message, "cannot read 'none': No such file or directory");
	assert_int_equal(ds.d[0].column, 12);
	assert_string_equal(ds.d[1].file, "bad");
	assert_int_equal(ds.d[1].line, 2);
	fw_ruleset_free(rs);

	/* What was accepted once is so for ever: nobody may be kept from the rules that are stored. */
	for (int stored = 0; stored < 2; stored++) {
		files.stored = stored;
		rs = fw_ruleset_new(NULL);
		assert_int_equal(fw_text_parse_with(rs, "set a file \"nothing\"", 20, "f", &files, &ds),
				 stored ? 0 : -EINVAL);
		fw_ruleset_free(rs);
	}

	assert_int_equal(fw_text_files(text, strlen(text), note_path, list), 0);
	assert_string_equal(list, "x y|x\"y|");
	list[0] = '\0';
	assert_int_equal(
		fw_text_files("set a { 1.1.1.1 }\n  set b file \"stop\"\nset c file \"more\"", 56, note_path, list),
		77);
	assert_string_equal(list, "stop|");
	assert_int_equal(fw_text_files(NULL, 0, note_path, list), 0);
	assert_int_equal(fw_text_files("set", 3, note_path, list), 0);
}

/* A set from a file is written out in full once it is changed. */
static void a_changed_set_forgets_its_file(void **state)
{
	static const char text[] = "set a file \"x\"\n";
	struct fw_ruleset *rs = fw_ruleset_new(NULL);
	int calls = 0;
	struct fw_files files = { .find = find_file, .ctx = &calls };
	struct fw_diags ds = { .n = 0 };

	assert_int_equal(fw_text_parse_with(rs, text, strlen(text), NULL, &files, &ds), 0);
	assert_int_equal(apply(rs, "set add a 1.1.1.1\nset add a 10.0.0.0/8", &ds, NULL), -EINVAL);
	assert_string_equal(rs->sets[0].path, "x");
	assert_int_equal(apply(rs, "set add a 1.1.1.1\nset del a ::1", &ds, NULL), 0);

	fw_autofree char *after = ruleset_print(rs);

	assert_string_equal(after, "set a { 1.1.1.1, 10.0.0.0/8 }\n");
	fw_ruleset_free(rs);
}

/* A list file takes the place of what a set holds; what it was read from does not matter to those who read the log. */
static void a_file_replaces_what_a_set_holds(void **state)
{
	struct fw_ruleset *rs = ruleset_of(base);
	int calls = 0;
	struct fw_files files = { find_file, &calls, false };
	struct fw_diags ds = { .n = 0 };
	struct fw_buf log = { 0 };
	struct fw_edit e;
	static const char text[] = "set add empty 1.1.1.1\nset replace empty file \"x\"\n";
	static const char bad[] = "set replace empty file \"bad\"\n", none[] = "set replace empty file \"none\"\n";

	assert_int_equal(fw_edit_begin(rs, &e), 0);
	assert_int_equal(fw_text_edit_with(&e, text, strlen(text), NULL, &files, &ds, &log), 0);
	assert_int_equal(calls, 1);
	assert_int_equal(rs->sets[1].n, 2);
	assert_null(rs->sets[1].path);
	fw_edit_commit(&e);
	assert_sound(rs);
	assert_string_equal(log.text, "set add empty 1.1.1.1\nset replace empty { 10.0.0.0/8, ::1 }\n");
	fw_buf_free(&log);

	assert_int_equal(fw_edit_begin(rs, &e), 0);
	assert_int_equal(fw_text_edit_with(&e, bad, strlen(bad), "f", &files, &ds, NULL), -EINVAL);
	assert_string_equal(ds.d[0].file, "bad");
	assert_int_equal(fw_text_edit_with(&e, none, strlen(none), "f", &files, &ds, NULL), -EINVAL);
	assert_string_equal(ds.d[1].message, "cannot read 'none': No such file or directory");
	assert_int_equal(ds.d[1].column, 24);
	fw_edit_abort(&e);
	assert_int_equal(rs->sets[1].n, 2);
	assert_sound(rs);
	fw_ruleset_free(rs);
}

/* What was accepted once applies again, also when something before it was taken back meanwhile. */
/* A path starts from the file that names it, and here is none. */
static void changes_without_a_name_read_no_files(void **state)
{
	static const char text[] = "set replace a file \"relative\"";
	struct fw_ruleset *rs = ruleset_of("set a { 10.0.0.0/8 }\n");
	struct fw_diags ds = { .n = 0 };
	struct fw_edit e;

	assert_int_equal(fw_edit_begin(rs, &e), 0);
	assert_int_equal(fw_text_edit(&e, text, strlen(text), NULL, &ds, NULL), -EINVAL);
	assert_string_equal(ds.d[0].hint, "list the addresses between '{' and '}'");
	fw_edit_abort(&e);
	fw_ruleset_free(rs);
}

static void stored_changes_bear_what_is_gone(void **state)
{
	static const char text[] = "set add admins 192.0.2.10 1.1.1.1\nset del empty 1.1.1.1\nset add gone 1.1.1.1\n"
				   "set replace gone { 1.1.1.1, 2.2.2.2 }\nset replace empty { 3.3.3.3 }\n";
	const struct fw_files files = { NULL, NULL, true };
	struct fw_ruleset *rs = ruleset_of(base);
	struct fw_diags ds = { .n = 0 };
	struct fw_edit e;

	assert_int_equal(fw_edit_begin(rs, &e), 0);
	assert_int_equal(fw_text_edit_with(&e, text, strlen(text), NULL, &files, &ds, NULL), 0);
	assert_int_equal(ds.n, 0);
	fw_edit_commit(&e);
	assert_sound(rs);
	assert_int_equal(rs->nsets, 2);
	assert_int_equal(rs->sets[0].n, 3);
	assert_int_equal(rs->sets[1].n, 1);
	fw_ruleset_free(rs);
}

/* While a load waits to be confirmed, elements of dynamic sets can be added and deleted, and nothing else changes. */
static void edits_of_dynamic_sets_are_told_apart(void **state)
{
	static const struct {
		const char *text;
		bool only;
	} rows[] = {
		{ "", true },
		{ "set add d 1.1.1.1\nset del d 1.1.1.1\nset flush d\nset replace d { 2.2.2.2 }", true },
		{ "set add d 1.1.1.1\nset add s 1.1.1.1", false },
		{ "set flush s", true }, /* it is empty already */
		{ "set create x dynamic", false },
		{ "set destroy d", false },
		{ "set add d 1.1.1.1\npolicy in accept", false },
		{ "add rule drop\ndel rule 6", false },
		{ "set add d 1.1.1.1\nmove rule 5 first", false },
	};

	for (size_t i = 0; i < ROWS(rows); i++) {
		struct fw_ruleset *rs = ruleset_of(
			"policy in drop\nset d dynamic { 9.9.9.9 }\nset s { }\nrule 1 in drop\nrule 5 out drop\n");
		struct fw_edit e;

		assert_int_equal(fw_edit_begin(rs, &e), 0);
		assert_int_equal(fw_text_edit(&e, rows[i].text, strlen(rows[i].text), NULL, NULL, NULL), 0);
		assert_int_equal(fw_edit_only_dynamic(&e), rows[i].only);
		fw_edit_abort(&e);
		fw_ruleset_free(rs);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_file_replaces_what_a_set_holds),
		cmocka_unit_test(changes_without_a_name_read_no_files),
		cmocka_unit_test(stored_changes_bear_what_is_gone),
		cmocka_unit_test(edits_of_dynamic_sets_are_told_apart),
		cmocka_unit_test(every_change_does_what_it_says),
		cmocka_unit_test(changes_to_chains),
		cmocka_unit_test(one_chain_is_replaced),
		cmocka_unit_test(random_chains_are_replaced),
		cmocka_unit_test(bad_texts_of_chains_change_nothing),
		cmocka_unit_test(what_is_wrong_is_said_and_undone),
		cmocka_unit_test(reference_applies),
		cmocka_unit_test(logs_replay),
		cmocka_unit_test(queries_find_rules),
		cmocka_unit_test(queries_are_checked),
		cmocka_unit_test(files_come_from_the_caller),
		cmocka_unit_test(a_stored_set_keeps_its_name),
		cmocka_unit_test(a_changed_set_forgets_its_file),
	};

	random_start();
	return cmocka_run_group_tests(tests, NULL, NULL);
}

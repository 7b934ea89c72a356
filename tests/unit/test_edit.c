// SPDX-License-Identifier: GPL-2.0-only
/* Edits: each change and how it is undone, what rows they leave, slots and sets. */
#include "fw/table/format.h"
#include "fw/text.h"
#include "tests/unit/edits.h"
#include "tests/unit/random.h"
#include "tests/unit/rows.h"
#include "tests/unit/rulesets.h"

/* The ids of the rules in order, as one string. */
static const char *order(const struct fw_ruleset *rs)
{
	static char text[256];
	size_t n = 0;

	text[0] = '\0';
	for (const struct fw_rule *r = rs->first; r; r = r->next)
		n += (size_t)snprintf(text + n, sizeof(text) - n, "%llu ", (unsigned long long)r->id);
	return text;
}

static void rules_come_where_they_belong(void **state)
{
	struct fw_ruleset *rs = fw_ruleset_new(NULL);
	struct fw_edit e = begin(rs);
	struct fw_rule *a = add(&e, 0, first), *b = add(&e, 0, last), *r;

	add(&e, 0, first);
	add(&e, 0, before(b));
	add(&e, 0, after(b));
	add(&e, 0, after(a));
	assert_string_equal(order(rs), "3 1 6 4 2 5 ");
	assert_int_equal(b->rank - a->rank, FW_RANK_STEP);
	assert_int_equal(a->rank - a->prev->rank, FW_RANK_STEP);
	assert_true(a->rank > FW_RANK_MAX / 4 && a->rank < FW_RANK_MAX / 4 * 3);
	assert_sound(rs);
	fw_edit_commit(&e);
	assert_sound(rs);

	e = begin(rs);
	assert_int_equal(fw_edit_move(&e, fw_ruleset_by_id(rs, 5), first, &r), 0);
	assert_ptr_equal(rs->first, r);
	assert_int_equal(fw_edit_move(&e, fw_ruleset_by_id(rs, 1), last, NULL), 0);
	assert_int_equal(fw_edit_move(&e, fw_ruleset_by_id(rs, 2), before(fw_ruleset_by_id(rs, 3)), NULL), 0);
	assert_int_equal(fw_edit_move(&e, fw_ruleset_by_id(rs, 6), after(fw_ruleset_by_id(rs, 4)), NULL), 0);
	assert_string_equal(order(rs), "5 2 3 4 6 1 ");
	assert_int_equal(e.nrules, 4);
	/* At its own place: nothing happens. */
	r = fw_ruleset_by_id(rs, 3);
	assert_int_equal(fw_edit_move(&e, r, after(r->prev), &r), 0);
	assert_int_equal(fw_edit_move(&e, r, before(r), &r), 0);
	assert_int_equal(fw_edit_move(&e, rs->first, first, NULL), 0);
	assert_int_equal(fw_edit_move(&e, rs->last, last, NULL), 0);
	assert_ptr_equal(r, fw_ruleset_by_id(rs, 3));
	assert_int_equal(e.nrules, 4);
	fw_edit_abort(&e);
	assert_string_equal(order(rs), "3 1 6 4 2 5 ");
	assert_sound(rs);
	fw_ruleset_free(rs);
}

static void a_rule_has_one_row(void **state)
{
	struct fw_ruleset *rs = ruleset_of("rule 1 name a drop\nrule 2 drop\nrule 3 drop\n");
	struct fw_rule *a = rs->rules[0], *b = rs->rules[1], *r, draft = { .action = FW_ACCEPT };
	uint32_t slot = a->slot;
	struct fw_edit e = begin(rs);

	/* Replaced, moved, replaced: the first old one and the last new one. */
	assert_int_equal(fw_edit_replace(&e, a, &draft, NOWHERE, NULL, &r), 0);
	assert_int_equal(fw_edit_move(&e, r, last, &r), 0);
	draft.name = "b";
	assert_int_equal(fw_edit_replace(&e, r, &draft, NOWHERE, NULL, &r), 0);
	assert_int_equal(e.nrules, 1);
	assert_ptr_equal(e.rules[0].before, a);
	assert_ptr_equal(e.rules[0].after, r);
	assert_int_equal(a->action, FW_DROP);
	assert_string_equal(a->name, "a");
	assert_string_equal(r->name, "b");
	assert_int_equal(r->slot, slot);
	assert_int_equal(r->id, 1);
	assert_null(fw_ruleset_by_name(rs, "a"));
	/* Added and deleted: nothing was. */
	r = add(&e, 0, last);
	assert_int_equal(r->id, 4);
	assert_int_equal(fw_edit_move(&e, r, first, &r), 0);
	assert_int_equal(fw_edit_delete(&e, r), 0);
	assert_int_equal(e.nrules, 2);
	assert_null(e.rules[1].before);
	assert_null(e.rules[1].after);
	/* Changed and deleted: only the old one. */
	assert_int_equal(fw_edit_move(&e, b, first, &r), 0);
	assert_int_equal(fw_edit_delete(&e, r), 0);
	assert_int_equal(e.nrules, 3);
	assert_ptr_equal(e.rules[2].before, b);
	assert_null(e.rules[2].after);
	/* The same id again is another rule. */
	r = add(&e, 2, first);
	assert_int_equal(e.nrules, 4);
	assert_null(e.rules[3].before);
	assert_int_not_equal(r->slot, b->slot);
	assert_string_equal(order(rs), "2 3 1 ");
	assert_sound(rs);
	fw_edit_commit(&e);
	assert_sound(rs);
	assert_int_equal(fw_ruleset_order(rs), 0);
	assert_ptr_equal(rs->rules[0], r);
	assert_sound(rs);
	fw_ruleset_free(rs);
}

static void replaced_rules_keep_their_name(void **state)
{
	struct fw_ruleset *rs = ruleset_of("rule 7 name a drop comment \"x\"\nrule 8 name c drop\n");
	struct fw_rule draft = { .id = 99, .action = FW_ACCEPT, .comment = "y" }, *r;
	struct fw_edit e = begin(rs);
	struct fw_diags ds = { .n = 0 };

	assert_int_equal(fw_edit_replace(&e, rs->first, &draft, NOWHERE, NULL, &r), 0);
	assert_int_equal(r->id, 7);
	assert_string_equal(r->name, "a");
	assert_string_equal(r->comment, "y");
	assert_int_equal(r->own_id, 1);
	draft.name = "c";
	assert_int_equal(fw_edit_replace(&e, r, &draft, NOWHERE, &ds, NULL), -EINVAL);
	assert_string_equal(ds.d[0].message, "rule name 'c' is taken");
	draft.name = "a";
	draft.comment = NULL;
	assert_int_equal(fw_edit_replace(&e, r, &draft, NOWHERE, NULL, &r), 0);
	assert_string_equal(r->name, "a");
	assert_null(r->comment);
	assert_sound(rs);
	fw_edit_commit(&e);
	assert_sound(rs);
	assert_ptr_equal(fw_ruleset_by_name(rs, "a"), rs->first);
	fw_ruleset_free(rs);
}

static void slots_are_given_held_and_free(void **state)
{
	static const uint32_t given[] = { 7, 2, 20 };
	struct fw_ruleset *rs = ruleset_ports(10);
	struct fw_rule draft = { .id = 0 };
	struct fw_diags ds = { .n = 0 };
	struct fw_edit e = begin(rs);

	assert_int_equal(fw_edit_delete(&e, rs->rules[2]), 0);
	assert_int_equal(fw_edit_delete(&e, rs->rules[7]), 0);
	assert_int_equal(fw_edit_delete(&e, rs->rules[4]), 0);
	fw_edit_commit(&e);

	/* Held slots are not given to anybody. */
	e = begin(rs);
	assert_int_equal(add(&e, 0, last)->slot, 10);
	fw_edit_abort(&e);
	assert_int_equal(rs->next_slot, 10);
	assert_int_equal(fw_ruleset_slot_release(rs, 2), 0);
	assert_int_equal(fw_ruleset_slot_release(rs, 4), 0);
	assert_int_equal(fw_ruleset_slot_release(rs, 4), 0);
	assert_int_equal(fw_ruleset_slot_release(rs, 5), 0); /* has a rule */
	assert_int_equal(fw_ruleset_slot_release(rs, 99), 0);
	assert_sound(rs);

	/* The one freed last is reused first; those that were given back precede them. */
	e = begin(rs);
	fw_edit_slots(&e, given, ROWS(given));
	assert_int_equal(add(&e, 0, last)->slot, 7);
	assert_int_equal(add(&e, 0, last)->slot, 2);
	assert_int_equal(add(&e, 0, last)->slot, 20);
	assert_sound(rs);
	assert_int_equal(add(&e, 0, last)->slot, 19); /* passed over, so free */
	assert_sound(rs);
	fw_edit_abort(&e);
	assert_int_equal(rs->next_slot, 10);
	assert_sound(rs);

	e = begin(rs);
	fw_edit_slots(&e, given, ROWS(given));
	add(&e, 0, last);
	fw_edit_slots(&e, given, 1);
	assert_int_equal(fw_edit_add(&e, &draft, last, NOWHERE, &ds, NULL), -EINVAL);
	assert_string_equal(ds.d[0].message, "slot 7 is taken by rule 11");
	fw_edit_slots(&e, NULL, 0);
	assert_int_equal(add(&e, 0, last)->slot, 2);
	assert_int_equal(add(&e, 0, last)->slot, 4);
	assert_int_equal(add(&e, 0, last)->slot, 10);
	fw_edit_commit(&e);
	assert_sound(rs);
	fw_ruleset_free(rs);
}

static void expressions_stay_while_held(void **state)
{
	struct fw_ruleset *rs = ruleset_of("rule from 1.1.1.1 drop\nrule from 1.1.1.1 to 2.2.2.2 drop\n");
	uint32_t one = rs->first->src, number;
	struct fw_edit e = begin(rs);

	fw_book_hold(&rs->book, one);
	assert_int_equal(rs->addrs[one].rules, 2);
	assert_int_equal(fw_edit_delete(&e, rs->first), 0);
	assert_int_equal(fw_edit_delete(&e, rs->last), 0);
	assert_int_equal(rs->addrs[one].rules, 0);
	assert_int_equal(rs->addrs[one].nranges, 1);
	fw_edit_commit(&e);
	assert_null(ruleset_check(rs, 1));
	assert_int_equal(exprs_in_use(rs), 2);
	assert_int_equal(net(rs, 0x01010101, 32), one);
	fw_book_drop(&rs->book, one);
	assert_sound(rs);
	assert_int_equal(exprs_in_use(rs), 1);
	/* Numbers are given again; expressions that no rule took are gone at the end. */
	e = begin(rs);
	number = net(rs, 5, 32);
	assert_true(number == 1 || number == 2);
	net(rs, 6, 32);
	assert_int_equal(rs->naddrs, 3);
	fw_edit_commit(&e);
	assert_int_equal(exprs_in_use(rs), 1);
	assert_sound(rs);
	fw_ruleset_free(rs);
}

static void policies_are_undone(void **state)
{
	struct fw_ruleset *rs = ruleset_of("policy in drop\n");
	struct fw_edit e = begin(rs);

	assert_int_equal(fw_edit_policy(&e, FW_R_IN, FW_DROP, NULL), 0);
	assert_false(e.policies);
	assert_int_equal(fw_edit_policy(&e, FW_R_OUT, FW_DROP, NULL), 0);
	assert_true(e.policies);
	assert_int_equal(fw_edit_policy(&e, FW_NREASONS, FW_DROP, NULL), -EINVAL);
	assert_int_equal(fw_edit_policy(&e, FW_R_IN, FW_FOLLOW, NULL), -EINVAL);
	assert_int_equal(fw_edit_policy(&e, FW_R_OUT, FW_FOLLOW, NULL), -EINVAL);
	assert_int_equal(fw_edit_policy(&e, FW_R_NON_IP, FW_FOLLOW, NULL), 0);
	assert_int_equal(fw_ruleset_policy(rs, FW_R_NON_IP, FW_OUT), FW_DROP);
	fw_edit_abort(&e);
	assert_int_equal(rs->policy[FW_R_NON_IP], FW_ACCEPT);
	assert_int_equal(rs->policy[FW_R_OUT], FW_ACCEPT);
	assert_int_equal(rs->policy_set[FW_R_OUT], 0);
	fw_ruleset_free(rs);
}

static void edits_refuse(void **state)
{
	static const struct {
		struct fw_rule draft;
		const char *message;
	} rows[] = {
		{ { .id = 2 }, "rule id 2 is taken" },
		{ { .name = "a" }, "rule name 'a' is taken" },
		{ { .name = "9" }, "'9' is not a valid name for a rule" },
		{ { .action = FW_FOLLOW }, "the rule has no verdict" },
		{ { .src = 9 }, "there is no address expression 9" },
		{ { .dst = 1 }, "there is no address expression 1" },
		{ { .comment = "\n" }, "byte 0x0a of the comment" },
	};
	struct fw_ruleset *rs = ruleset_of("rule name a drop\nrule 2 from 1.1.1.1 drop\n");
	struct fw_edit e = begin(rs);

	assert_int_equal(fw_edit_delete(&e, rs->last), 0);
	fw_edit_commit(&e);
	e = begin(rs);
	add(&e, 2, last);
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct fw_diags ds = { .n = 0 };
		size_t steps = e.nrules;

		assert_int_equal(fw_edit_add(&e, &rows[i].draft, first, (struct fw_place){ "f", 3, 4 }, &ds, NULL),
				 -EINVAL);
		if (!strstr(ds.d[0].message, rows[i].message))
			fail_msg("'%s' lacks '%s'", ds.d[0].message, rows[i].message);
		assert_int_equal(ds.d[0].line, 3);
		assert_int_equal(ds.d[0].column, 4);
		assert_int_equal(e.nrules, steps);
		assert_sound(rs);
	}
	fw_edit_commit(&e);
	assert_sound(rs);
	fw_ruleset_free(rs);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(rules_come_where_they_belong),
		cmocka_unit_test(a_rule_has_one_row),
		cmocka_unit_test(replaced_rules_keep_their_name),
		cmocka_unit_test(slots_are_given_held_and_free),
		cmocka_unit_test(expressions_stay_while_held),
		cmocka_unit_test(policies_are_undone),
		cmocka_unit_test(edits_refuse),
	};

	random_start();
	return cmocka_run_group_tests(tests, NULL, NULL);
}

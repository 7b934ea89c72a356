// SPDX-License-Identifier: GPL-2.0-only
/* Sets that change, and rulesets that take the place of others: which rules stay the same, with their ids and slots. */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "fw/diff.h"
#include "fw/text.h"
#include "tests/unit/random.h"
#include "tests/unit/rows.h"
#include "tests/unit/ruleset_check.h"
#include "tests/unit/rulesets.h"

#define NOWHERE ((struct fw_place){ 0 })

static void assert_sound(const struct fw_ruleset *rs)
{
	const char *why = ruleset_check(rs, 0);

	if (why)
		fail_msg("%s", why);
}

static struct fw_edit begin(struct fw_ruleset *rs)
{
	struct fw_edit e;

	assert_int_equal(fw_edit_begin(rs, &e), 0);
	return e;
}

static struct fw_addr_range net4(uint32_t a, unsigned len)
{
	return fw_addr_prefix(FW_IP4, (struct fw_addr){ (uint64_t)a << 32, 0 }, len);
}

/* Once the first rule, which uses set 1, is gone for good, the number is free. */
static void set_number_is_freed(struct fw_ruleset *rs)
{
	struct fw_edit e = begin(rs);
	uint32_t n;

	assert_int_equal(fw_edit_delete(&e, rs->first), 0);
	assert_int_equal(fw_edit_set_destroy(&e, 1, NOWHERE, NULL), 0);
	fw_edit_commit(&e);
	assert_sound(rs);
	e = begin(rs);
	assert_int_equal(fw_edit_set_create(&e, "x", false, NOWHERE, NULL, &n), 0);
	assert_int_equal(n, 1);
	fw_edit_commit(&e);
	assert_sound(rs);
}

static void sets_change_and_are_undone(void **state)
{
	struct fw_ruleset *rs = ruleset_of("set a { 10.0.0.0/8, 10.1.0.0/16 }\nset b { 1.1.1.1 }\nset c { }\n"
					   "rule from { @a, 5.5.5.5 } to not @b drop\nrule from @a drop\n");
	struct fw_addr_range ten = net4(0x0a000000, 8), one = net4(0x01010101, 32), two = net4(0x02020202, 32);
	fw_autofree char *before = ruleset_print(rs), *after = NULL;
	struct fw_diags ds = { .n = 0 };
	struct fw_edit e = begin(rs);
	fw_autofree uint32_t *users = NULL;
	uint32_t n;
	size_t nusers;

	assert_int_equal(fw_book_set_users(&rs->book, 0, &users, &nusers), 0);
	assert_int_equal(nusers, 2);
	assert_int_equal(users[0], rs->first->src);
	assert_int_equal(users[1], rs->last->src);

	assert_int_equal(fw_edit_set_add(&e, 0, &ten, NOWHERE, &ds), -EINVAL);
	assert_int_equal(fw_edit_set_delete(&e, 1, &two, NOWHERE, &ds), -EINVAL);
	assert_int_equal(fw_edit_set_destroy(&e, 0, NOWHERE, &ds), -EINVAL);
	assert_int_equal(fw_edit_set_create(&e, "c", false, NOWHERE, &ds, &n), -EINVAL);
	assert_int_equal(ds.n, 4);
	assert_string_equal(ds.d[2].message, "the set 'a' is in use, by rule 1 and others");
	assert_int_equal(e.nsets, 0);

	assert_int_equal(fw_edit_set_add(&e, 0, &one, NOWHERE, NULL), 0);
	assert_int_equal(fw_edit_set_delete(&e, 0, &ten, NOWHERE, NULL), 0);
	assert_int_equal(e.nsets, 0);
	assert_int_equal(fw_edit_settle(&e), 0);
	assert_int_equal(e.nsets, 2);
	assert_true(e.sets[0].added && !e.sets[1].added);
	assert_int_equal(e.sets[1].element.hi.hi, ten.hi.hi);
	assert_int_equal(rs->sets[0].n, 2);
	assert_int_equal(rs->sets[0].elements[0].lo.hi, one.lo.hi);
	assert_int_equal(fw_edit_set_destroy(&e, 2, NOWHERE, NULL), 0);
	assert_int_equal(fw_edit_set_create(&e, "d", false, NOWHERE, NULL, &n), 0);
	assert_int_equal(n, 2);
	assert_int_equal(fw_edit_set_add(&e, 2, &two, NOWHERE, NULL), 0);
	assert_int_equal(fw_edit_settle(&e), 0);
	/* The rule is gone, but its expression lives until the edit ends: what the set held is told in rows. */
	assert_int_equal(fw_edit_delete(&e, rs->first), 0);
	assert_int_equal(fw_edit_set_destroy(&e, 1, NOWHERE, NULL), 0);
	assert_int_equal(e.nsets, 4);
	assert_false(e.sets[3].added);
	assert_int_equal(fw_edit_set_create(&e, "b", false, NOWHERE, NULL, &n), 0);
	assert_int_equal(n, 3);
	assert_sound(rs);
	fw_edit_abort(&e);
	assert_sound(rs);
	after = ruleset_print(rs);
	assert_string_equal(before, after);

	set_number_is_freed(rs);
	fw_ruleset_free(rs);
}

/* Six sets as bits, one for each of 16 elements. */
struct set_model {
	uint32_t bits[6];
	bool there[6];
};

static const char *set_name(unsigned s)
{
	static char name[3] = "s";

	name[1] = (char)('0' + s);
	return name;
}

/* A random change of a set, in the edit and in the model. */
static void random_set_op(struct fw_edit *e, struct set_model *m)
{
	unsigned s = random_below(6), bit = random_below(16);
	struct fw_addr_range r = net4(0x0a000000 + bit, 32);
	int number = fw_ruleset_set_find(e->rs, set_name(s));
	bool had = m->bits[s] & 1u << bit;

	assert_int_equal(number >= 0, m->there[s]);
	if (number < 0) {
		assert_int_equal(fw_edit_set_create(e, set_name(s), false, NOWHERE, NULL, NULL), 0);
		m->there[s] = true;
	} else if (!random_below(8)) {
		assert_int_equal(fw_edit_set_destroy(e, (uint32_t)number, NOWHERE, NULL), 0);
		m->there[s] = false;
		m->bits[s] = 0;
	} else if (random_below(2)) {
		assert_int_equal(fw_edit_set_add(e, (uint32_t)number, &r, NOWHERE, NULL), had ? -EINVAL : 0);
		m->bits[s] |= 1u << bit;
	} else {
		assert_int_equal(fw_edit_set_delete(e, (uint32_t)number, &r, NOWHERE, NULL), had ? 0 : -EINVAL);
		m->bits[s] &= ~(1u << bit);
	}
}

static void assert_sets(const struct fw_ruleset *rs, const struct set_model *m)
{
	for (unsigned s = 0; s < 6; s++) {
		int number = fw_ruleset_set_find(rs, set_name(s));

		assert_int_equal(number >= 0, m->there[s]);
		for (unsigned bit = 0, n = 0; number >= 0 && bit < 16; bit++)
			if (m->bits[s] & 1u << bit)
				assert_int_equal(rs->sets[number].elements[n++].lo.hi >> 32, 0x0a000000 + bit);
		assert_true(number < 0 || rs->sets[number].n == (size_t)__builtin_popcount(m->bits[s]));
	}
}

static void set_storms_against_bits(void **state)
{
	for (int round = 0; round < 100; round++) {
		struct fw_ruleset *rs = fw_ruleset_new(NULL);
		struct set_model m[2] = { 0 };

		for (int edits = 0; edits < 30; edits++) {
			fw_autofree char *before = ruleset_print(rs), *after = NULL;
			struct fw_edit e = begin(rs);

			m[1] = m[0];
			for (unsigned ops = random_below(30); ops; ops--) {
				random_set_op(&e, &m[1]);
				assert_sound(rs);
			}
			assert_int_equal(fw_edit_settle(&e), 0);
			assert_sound(rs);
			assert_sets(rs, &m[1]);
			if (random_below(2)) {
				fw_edit_commit(&e);
				m[0] = m[1];
			} else {
				fw_edit_abort(&e);
				after = ruleset_print(rs);
				assert_string_equal(before, after);
			}
			assert_sound(rs);
			assert_sets(rs, &m[0]);
		}
		fw_ruleset_free(rs);
	}
}

static struct fw_ruleset *follow(const char *text, const struct fw_ruleset *old)
{
	struct fw_ruleset *rs = fw_ruleset_new("new.rules");
	struct fw_diags ds = { .n = 0 };

	assert_int_equal(fw_ruleset_follow(rs, old), 0);
	if (fw_text_parse(rs, text, strlen(text), NULL, &ds))
		fail_msg("%s", ds.d[0].message);
	return rs;
}

/* Rules and slots as text: `id:slot `. */
static const char *numbers(const struct fw_ruleset *rs)
{
	static char text[256];
	size_t n = 0;

	text[0] = '\0';
	for (const struct fw_rule *r = rs->first; r; r = r->next)
		n += (size_t)snprintf(text + n, sizeof(text) - n, "%llu:%u ", (unsigned long long)r->id, r->slot);
	return text;
}

/* The old ruleset has the rules 1, 2, ... with slots 0, 1, ..., unless it says otherwise. */
static const struct {
	const char *before, *after, *numbers;
	size_t added, removed, changed, kept;
} adoptions[] = {
	{ "", "", "", 0, 0, 0, 0 },
	{ "", "rule drop\nrule 7 accept\n", "8:0 7:1 ", 2, 0, 0, 0 },
	{ "rule drop\nrule accept\n", "", "", 0, 2, 0, 0 },
	/* The same again, and in another order. */
	{ "rule in drop\nrule out accept\nrule drop\n", "rule in drop\nrule out accept\nrule drop\n", "1:0 2:1 3:2 ", 0,
	  0, 0, 3 },
	{ "rule in drop\nrule out accept\nrule drop\n", "rule drop\nrule in drop\nrule out accept\n", "3:2 1:0 2:1 ", 0,
	  0, 0, 3 },
	/* One more in front. */
	{ "rule in drop\nrule out drop\n", "rule accept\nrule in drop\nrule out drop\n", "3:2 1:0 2:1 ", 1, 0, 0, 2 },
	/* By id, when the matches or the name are the same: else it is another rule, and counts from 0. */
	{ "rule 5 in drop\nrule 6 out drop\n", "rule 6 out accept\nrule 5 in drop\nrule 9 out drop\n", "6:1 5:0 9:2 ",
	  1, 0, 1, 1 },
	{ "rule 5 in drop\nrule 6 out drop\n", "rule 6 in drop\nrule 5 in drop\nrule 9 out drop\n", "6:2 5:0 9:3 ", 2,
	  1, 0, 1 },
	{ "rule 10 name web proto udp dport 9 drop\n", "rule 10 name mail out proto tcp dport 25 drop\n", "10:1 ", 1, 1,
	  0, 0 },
	{ "rule 10 name web proto udp dport 9 drop\n", "rule 10 name web out accept\n", "10:0 ", 0, 0, 1, 0 },
	{ "rule 10 name web proto udp dport 9 drop\n", "rule 10 proto udp dport 9 accept\n", "10:0 ", 0, 0, 1, 0 },
	{ "rule 10 name web proto udp dport 9 drop\n", "rule 10 proto udp dport 10 drop\n", "10:1 ", 1, 1, 0, 0 },
	{ "set a { }\nset b { }\nrule 1 from @a drop\nrule 2 from @b drop\n",
	  "set b { }\nset a { 1.1.1.1 }\nrule 1 from @a drop\nrule 2 from @a drop\n", "1:0 2:2 ", 1, 1, 0, 1 },
	/* An old rule whose id another one has is not found in another way either: an id belongs to one rule. */
	{ "rule 8 name a in drop\n", "rule 8 name b out drop\nrule name a in drop\n", "8:1 9:2 ", 2, 1, 0, 0 },
	{ "rule 8 in drop\n", "rule 8 out drop\nrule in drop\n", "8:1 9:2 ", 2, 1, 0, 0 },
	{ "rule in drop\n", "rule 1 in drop\n", "1:0 ", 0, 0, 0, 1 },
	{ "rule in drop\n", "rule 4 in drop\n", "4:1 ", 1, 1, 0, 0 },
	/* By name: before content. */
	{ "rule name a in drop\nrule name b out drop\n", "rule name b in drop\nrule name a in drop\n", "2:1 1:0 ", 0, 0,
	  1, 1 },
	{ "rule name a in drop\nrule out drop\n", "rule name c in drop\nrule name d out drop\nrule in drop\n",
	  "1:0 2:1 3:2 ", 1, 0, 2, 0 },
	{ "rule 8 name a in drop\n", "rule 9 drop\nrule name a in drop\n", "9:1 8:0 ", 1, 0, 0, 1 },
	/* An id that was given precedes a name; a name is used once. */
	{ "rule 8 name a in drop\n", "rule 8 name b in drop\nrule name a in drop\n", "8:0 9:1 ", 1, 0, 1, 0 },
	/* The n-th of the same. */
	{ "rule in drop\nrule in drop\nrule out drop\nrule in drop\n",
	  "rule out drop\nrule in drop\nrule in drop\nrule in drop\nrule in drop\n", "3:2 1:0 2:1 4:3 5:4 ", 1, 0, 0,
	  4 },
	{ "rule in drop\nrule in drop\nrule in drop\n", "rule out drop\nrule in drop\n", "4:3 1:0 ", 1, 2, 0, 1 },
	/* Verdict, comment, addresses, matches and sets are what a rule says. */
	{ "rule in drop\n", "rule in accept\n", "2:1 ", 1, 1, 0, 0 },
	{ "rule in drop comment \"x\"\n", "rule in drop comment \"y\"\nrule in drop\nrule in drop comment \"x\"\n",
	  "2:1 3:2 1:0 ", 2, 0, 0, 1 },
	{ "rule from 1.1.1.1 drop\nrule from 1.1.1.2 proto tcp dport { 1, 3 } drop\n",
	  "rule from 1.1.1.2 proto tcp dport { 3, 1 } drop\nrule from { 1.1.1.2, 1.1.1.3 } drop\n"
	  "rule to 1.1.1.1 drop\nrule from 1.1.1.1 drop\n",
	  "2:1 3:2 4:3 1:0 ", 2, 0, 0, 2 },
	{ "set a { 1.1.1.1 }\nset b { }\nrule from { @a, @b } drop\nrule from @b drop\nrule from @a drop\n",
	  "set c { }\nset b { }\nset a { 2.2.2.2 }\nrule from @a drop\nrule from { @b, @a } drop\nrule from @c drop\n",
	  "3:2 1:0 4:3 ", 1, 1, 0, 2 },
	{ "rule on { eth1, eth0 } drop\nrule on eth0 drop\n", "rule on eth9 drop\nrule on { eth0, eth1 } drop\n",
	  "3:2 1:0 ", 1, 1, 0, 1 },
	/* A rule that is to be exported is the same rule as before, but says something else. */
	{ "rule in drop\nrule out drop counter\nrule in accept counter\n",
	  "rule out drop\nrule in drop counter\nrule in accept counter\n", "2:1 1:0 3:2 ", 0, 0, 2, 1 },
	{ "rule in drop counter\nrule in drop\n", "rule in drop\nrule in drop\n", "1:0 2:1 ", 0, 0, 1, 1 },
	/* Names and comments that change are changes of the same rule when its id is given. */
	{ "rule 3 name a in drop\nrule 4 in drop comment \"x\"\n", "rule 3 name b in drop\nrule 4 in drop\n",
	  "3:0 4:1 ", 0, 0, 2, 0 },
};

static void rules_are_found_again(void **state)
{
	for (size_t i = 0; i < ROWS(adoptions); i++) {
		struct fw_ruleset *old = ruleset_of(adoptions[i].before);
		struct fw_ruleset *rs = follow(adoptions[i].after, old);
		struct fw_adoption a;
		struct fw_diff d;
		struct fw_diags ds = { .n = 0 };

		print_message("%s=>\n%s", adoptions[i].before, adoptions[i].after);
		assert_int_equal(fw_ruleset_adopt(rs, old, &ds, &a), 0);
		assert_string_equal(numbers(rs), adoptions[i].numbers);
		assert_int_equal(a.nfreed, adoptions[i].removed);
		assert_int_equal(fw_diff(old, rs, 0, &d), 0);
		assert_int_equal(d.counts.added, adoptions[i].added);
		assert_int_equal(d.counts.removed, adoptions[i].removed);
		assert_int_equal(d.counts.changed, adoptions[i].changed);
		assert_int_equal(d.counts.kept, adoptions[i].kept);
		assert_sound(rs);
		assert_sound(old);
		for (size_t k = 0; k < a.nfreed; k++)
			assert_int_equal(fw_ruleset_slot_release(rs, a.freed[k]), 0);
		assert_sound(rs);
		free(a.freed);
		fw_ruleset_free(rs);
		fw_ruleset_free(old);
	}
}

static void slots_of_the_old_ruleset(void **state)
{
	struct fw_ruleset *old = ruleset_of("rule 1 drop\nrule 2 in drop\nrule 3 out drop\nrule 4 drop\n"), *rs;
	struct fw_edit e = begin(old);
	struct fw_adoption a;

	assert_int_equal(fw_edit_delete(&e, fw_ruleset_by_id(old, 2)), 0);
	assert_int_equal(fw_edit_delete(&e, fw_ruleset_by_id(old, 4)), 0);
	fw_edit_commit(&e);
	assert_int_equal(fw_ruleset_slot_release(old, 1), 0);
	/* Slot 1 is free, slot 3 is held, and slot 2 belongs to a rule that is removed. */
	rs = follow("rule 1 drop\nrule in accept\nrule out accept\n", old);
	assert_int_equal(fw_ruleset_adopt(rs, old, NULL, &a), 0);
	assert_string_equal(numbers(rs), "1:0 5:1 6:4 ");
	assert_int_equal(rs->next_id, 7);
	assert_int_equal(a.nfreed, 1);
	assert_int_equal(a.freed[0], 2);
	assert_sound(rs);
	e = begin(rs);
	assert_int_equal(fw_edit_add(&e, &(struct fw_rule){ .id = 0 }, (struct fw_position){ FW_LAST, NULL }, NOWHERE,
				     NULL, NULL),
			 0);
	assert_int_equal(rs->last->slot, 5);
	fw_edit_abort(&e);
	assert_int_equal(fw_ruleset_slot_release(rs, 2), 0);
	assert_int_equal(fw_ruleset_slot_release(rs, 3), 0);
	assert_sound(rs);
	free(a.freed);
	fw_ruleset_free(rs);
	fw_ruleset_free(old);
}

static void ids_run_out(void **state)
{
	struct fw_ruleset *old = ruleset_of("rule 18446744073709551615 drop\nrule 1 out drop\n");
	struct fw_ruleset *rs = follow("rule 3 out accept\nrule in drop\nrule in accept\nrule out drop\n", old);
	struct fw_diags ds = { .n = 0 };
	struct fw_adoption a;

	/* Those that are free, then. */
	assert_int_equal(fw_ruleset_adopt(rs, old, &ds, &a), 0);
	assert_int_equal(rs->first->next->id, 2);
	assert_int_equal(rs->first->next->next->id, 4);
	assert_int_equal(rs->last->id, 1);
	assert_int_equal(rs->next_id, 0);
	assert_sound(rs);
	free(a.freed);
	fw_ruleset_free(rs);
	/* Also when they end in the midst of it. */
	fw_ruleset_free(old);
	old = ruleset_of("rule 18446744073709551614 drop\n");
	rs = follow("rule in drop\nrule in accept\nrule out drop\n", old);
	assert_int_equal(fw_ruleset_adopt(rs, old, &ds, &a), 0);
	assert_true(rs->first->id == UINT64_MAX);
	assert_int_equal(rs->first->next->id, 1);
	assert_int_equal(rs->last->id, 2);
	assert_int_equal(rs->next_id, 0);
	assert_sound(rs);
	free(a.freed);
	fw_ruleset_free(rs);
	fw_ruleset_free(old);
	old = ruleset_of("rule 18446744073709551615 drop\n");
	rs = follow("rule drop\nrule 5 in drop\n", old);
	assert_int_equal(fw_ruleset_adopt(rs, old, &ds, &a), 0);
	assert_int_equal(rs->next_id, 0);
	assert_sound(rs);
	free(a.freed);
	fw_ruleset_free(rs);
	fw_ruleset_free(old);
}

static void interfaces_keep_their_numbers(void **state)
{
	struct fw_ruleset *old = ruleset_of("rule on wan7 drop\n"), *rs = fw_ruleset_new(NULL), *other;
	struct fw_diags ds = { .n = 0 };
	struct fw_adoption a;

	assert_int_equal(fw_ruleset_follow(rs, old), 0);
	assert_int_equal(rs->nifaces, old->nifaces);
	for (size_t i = 0; i < old->nifaces; i++)
		assert_int_equal(fw_ruleset_iface(rs, old->ifaces[i].name), i);
	assert_int_equal(fw_ruleset_iface(rs, "new"), old->nifaces);
	fw_ruleset_free(rs);
	/* One that does not follow is refused. */
	other = fw_ruleset_new(NULL);
	assert_int_equal(fw_text_parse(other, "rule on x drop", 14, NULL, NULL), 0);
	assert_int_equal(fw_ruleset_adopt(other, old, &ds, &a), -EINVAL);
	assert_int_equal(ds.n, 1);
	fw_ruleset_free(other);
	fw_ruleset_free(old);
}

static void numbers_come_from_outside(void **state)
{
	static const uint64_t ids[] = { 9, 3, 700 }, twice[] = { 9, 9, 700 }, none[] = { 9, 0, 700 };
	static const uint32_t slots[] = { 4, 0, 2 }, same[] = { 4, 4, 2 }, far[] = { 1, 0xffffffff, 2 };
	struct fw_ruleset *rs = ruleset_of("rule name a drop\nrule in drop\nrule out drop\n");

	assert_int_equal(fw_ruleset_number(rs, twice, slots), -EINVAL);
	assert_int_equal(fw_ruleset_number(rs, none, slots), -EINVAL);
	assert_int_equal(fw_ruleset_number(rs, ids, same), -EINVAL);
	assert_int_equal(fw_ruleset_number(rs, ids, far), -EINVAL);
	assert_string_equal(numbers(rs), "1:0 2:1 3:2 ");
	assert_sound(rs);
	assert_int_equal(fw_ruleset_number(rs, ids, slots), 0);
	assert_string_equal(numbers(rs), "9:4 3:0 700:2 ");
	assert_int_equal(rs->next_id, 701);
	assert_int_equal(rs->next_slot, 5);
	assert_sound(rs);
	fw_ruleset_free(rs);
	rs = fw_ruleset_new(NULL);
	assert_int_equal(fw_ruleset_number(rs, NULL, NULL), 0);
	assert_sound(rs);
	fw_ruleset_free(rs);
}

/* What tells a rule from others: without its id and name, and whether it is to be exported. */
static char *content(const struct fw_ruleset *rs, const struct fw_rule *r)
{
	struct fw_rule copy = *r;
	struct fw_buf b = { 0 };

	copy.id = 0;
	copy.name = NULL;
	copy.exported = 0;
	fw_text_print_rule(&b, rs, &copy);
	return b.text;
}

/* The old rules again, some of them, in another order, twice, changed, without ids or names. */
static char *shuffled(const struct fw_ruleset *old)
{
	struct fw_buf b = { 0 };
	bool ids[200] = { 0 }, names[200] = { 0 };

	for (size_t i = 0; i < old->nsets; i++) {
		fw_text_print_set(&b, &old->sets[i], 0);
		fw_buf_printf(&b, "\n");
	}
	for (size_t i = 1; i < old->nchains; i++)
		fw_buf_printf(&b, "chain %s\n", old->chains[i].name);
	/* Ids that are not given are above this one: they do not collide with old ones. */
	fw_buf_printf(&b, "rule %llu vlan 77 drop\n", (unsigned long long)old->next_id + 1000);
	for (unsigned n = random_below(80), i = 0; i < n && old->nrules; i++) {
		size_t k = random_below(4) ? i % old->nrules : random_below((uint32_t)old->nrules);
		struct fw_rule copy = *old->rules[k];
		struct fw_buf text = { 0 };

		if (!random_below(5)) {
			copy.action = copy.action == FW_DROP ? FW_ACCEPT : FW_DROP;
			copy.target = FW_MAIN;
		}
		if (!random_below(8))
			copy.chain = (uint16_t)random_below(copy.target ? copy.target : (uint32_t)old->nchains);
		if (!random_below(5))
			copy.exported ^= 1;
		if (random_below(2) || names[k])
			copy.name = NULL;
		names[k] |= !!copy.name;
		fw_text_print_rule(&text, old, &copy);
		/* Its own id, or that of another rule. */
		size_t j = random_below(4) ? k : random_below((uint32_t)old->nrules);

		if (!random_below(3) && !ids[j])
			fw_buf_printf(&b, "rule %llu", (unsigned long long)old->rules[j]->id);
		else
			fw_buf_printf(&b, "rule");
		ids[j] |= b.text[b.len - 1] != 'e';
		fw_buf_printf(&b, "%s\n", strchr(text.text + 5, ' '));
		fw_buf_free(&text);
	}
	return b.text;
}

/* What it matches, as text. */
static char *matches(const struct fw_ruleset *rs, const struct fw_rule *r)
{
	struct fw_rule copy = *r;

	copy.action = 0;
	copy.target = FW_MAIN;
	copy.comment = NULL;
	return content(rs, &copy);
}

static bool same_name(const struct fw_rule *r, const struct fw_rule *o)
{
	return r->name && o->name && !strcmp(r->name, o->name);
}

static bool same_chain(const struct fw_ruleset *rs, const struct fw_rule *r, const struct fw_ruleset *old,
		       const struct fw_rule *o)
{
	return !strcmp(r->chain ? rs->chains[r->chain].name : "", o->chain ? old->chains[o->chain].name : "");
}

/* Has a rule of the new ruleset been given the id? */
static bool id_is_given(const struct fw_ruleset *rs, uint64_t id)
{
	for (size_t i = 0; i < rs->nrules; i++)
		if (rs->rules[i]->own_id && rs->rules[i]->id == id)
			return true;
	return false;
}

/* The old rule that a new one is, by the words of the contract: id, name, the n-th of the same content. */
static void expected_matches(const struct fw_ruleset *rs, const struct fw_ruleset *old, const struct fw_rule **match)
{
	bool taken[200] = { 0 };

	for (int by = 0; by < 3; by++)
		for (size_t i = 0; i < rs->nrules; i++) {
			const struct fw_rule *r = rs->rules[i];
			fw_autofree char *text = content(rs, r);

			for (size_t k = 0; k < old->nrules && !match[i]; k++) {
				const struct fw_rule *o = old->rules[k];
				fw_autofree char *other = content(old, o);
				fw_autofree char *mr = matches(rs, r), *mo = matches(old, o);
				bool same = !same_chain(rs, r, old, o) ? false :
					    by == 0                    ? r->own_id && r->id == o->id &&
							      (same_name(r, o) || !strcmp(mr, mo)) :
					    r->own_id || id_is_given(rs, o->id) ? false :
					    by == 1                             ? same_name(r, o) :
										  !strcmp(text, other);

				if (same && !taken[k]) {
					match[i] = o;
					taken[k] = true;
				}
			}
		}
}

static void random_rulesets_adopt(void **state)
{
	static const struct random_shape shape = {
		.rules = 60, .expressions = 12, .places = 6, .any = 3, .detail = 30
	};

	random_chains(3);
	for (int round = 0; round < 100; round++) {
		struct fw_ruleset *random = random_ruleset(&shape), *old, *rs;
		fw_autofree char *text = ruleset_print(random), *again = NULL;
		const struct fw_rule *match[200] = { 0 };
		struct fw_adoption a;
		size_t found = 0;

		old = ruleset_of(text);
		again = shuffled(old);
		rs = fw_ruleset_new(NULL);
		assert_int_equal(fw_ruleset_follow(rs, old), 0);
		assert_int_equal(fw_text_parse(rs, again, strlen(again), NULL, NULL), 0);
		expected_matches(rs, old, match);
		assert_int_equal(fw_ruleset_adopt(rs, old, NULL, &a), 0);
		for (size_t i = 0; i < rs->nrules; i++) {
			found += !!match[i];
			if (match[i]) {
				assert_int_equal(rs->rules[i]->id, match[i]->id);
				assert_int_equal(rs->rules[i]->slot, match[i]->slot);
			} else {
				assert_true(rs->rules[i]->own_id || rs->rules[i]->id >= old->next_id);
				assert_true(rs->rules[i]->slot >= old->next_slot);
			}
		}
		assert_int_equal(a.nfreed, old->nrules - found);
		assert_sound(rs);
		free(a.freed);
		fw_ruleset_free(rs);
		fw_ruleset_free(old);
		fw_ruleset_free(random);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(sets_change_and_are_undone),
		cmocka_unit_test(set_storms_against_bits),
		cmocka_unit_test(rules_are_found_again),
		cmocka_unit_test(slots_of_the_old_ruleset),
		cmocka_unit_test(ids_run_out),
		cmocka_unit_test(interfaces_keep_their_numbers),
		cmocka_unit_test(numbers_come_from_outside),
		cmocka_unit_test(random_rulesets_adopt),
	};

	random_start();
	return cmocka_run_group_tests(tests, NULL, NULL);
}

// SPDX-License-Identifier: GPL-2.0-only
/* The counts of rules and policies, and the owner of each counter: through changes, loads, resets and restarts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "tests/unit/engine_fixture.h"

/* A rule that is deleted, renamed, marked, moved or reset; a load that keeps, renames and removes rules, and one that fails. */
static void labels(void **state)
{
	struct engine *e;

	fixture_fresh();
	e = fixture_begin();
	fixture_change(
		e,
		"add rule name a proto tcp accept counter\nadd rule proto udp drop\nadd rule name c proto icmp drop\n");
	assert_labels(e);
	for (int i = 0; i < 5; i++)
		fixture_send(e, i % 2 ? "udp 10.0.0.1:1 > 10.0.0.2:22" : "tcp 10.0.0.1:1 > 10.0.0.2:22");
	assert_labels(e);
	fixture_change(
		e, "replace rule a name b proto tcp drop\nreplace rule 2 proto udp drop counter\nmove rule c first\n"
		   "policy in drop\n");
	assert_labels(e);
	assert_int_equal(engine_count_reset(e, fixture_rule(e, "b")), 0);
	fixture_send(e, "tcp 10.0.0.1:1 > 10.0.0.2:22");
	assert_int_equal(engine_rule_count(e, fixture_rule(e, "b")).packets, 1);
	assert_labels(e);
	fixture_change(e, "del rule b\nadd rule name d proto gre accept\ndel rule d\n");
	assert_labels(e);
	fixture_pump(e);
	fixture_change(e, "add rule name e proto gre accept counter\nadd rule proto ah accept\n");
	assert_labels(e);
	fixture_load(
		e,
		"rule 2 name two proto udp accept\nrule name c proto icmp drop\nrule name new proto esp drop counter\n");
	assert_labels(e);
	assert_int_equal(engine_rule_count(e, fixture_rule(e, "two")).packets, 2);
	assert_int_equal(fixture_load_start(e, "rule name x drop\nrule from 10.0.0.0/40 drop\n", 0, false), 0);
	fixture_pump(e);
	assert_int_equal(fixture_loaded.err, -EINVAL);
	assert_int_equal(fixture_load_start(e, "rule name x drop\n", 0, true), 0);
	fixture_pump(e);
	assert_labels(e);
	assert_int_equal(engine_count_reset(e, NULL), 0);
	assert_labels(e);
	e = fixture_restart(e);
	assert_labels(e);
	fixture_load(e, "");
	assert_labels(e);
	engine_close(e);
}

/* Incoming packets that the policy has dropped and accepted. */
static void assert_decided(struct engine *e, uint64_t dropped, uint64_t accepted)
{
	struct fw_count count[FW_NTERMINAL];

	engine_reason_count(e, FW_R_IN, count);
	assert_int_equal(count[FW_DROP].packets, dropped);
	assert_int_equal(count[FW_ACCEPT].packets, accepted);
	assert_labels(e);
}

/* Packets that a policy accepted stay accepted in the counts when its verdict changes, however that happens. */
static void verdicts(void **state)
{
	struct engine *e;

	fixture_fresh();
	e = fixture_begin();
	fixture_send(e, "gre 10.0.0.1 > 10.0.0.2");
	assert_decided(e, 0, 1);
	fixture_change(e, "policy in drop\n");
	assert_decided(e, 0, 1);
	fixture_send(e, "gre 10.0.0.1 > 10.0.0.2");
	fixture_send(e, "gre 10.0.0.1 > 10.0.0.2");
	assert_decided(e, 2, 1);
	e = fixture_restart(e);
	assert_decided(e, 2, 1);
	fixture_load(e, "policy in accept\nrule proto tcp drop\n");
	assert_decided(e, 2, 1);
	fixture_send(e, "gre 10.0.0.1 > 10.0.0.2");
	assert_decided(e, 2, 2);
	fixture_load(e, "policy in drop\nrule proto tcp drop\n");
	fixture_send(e, "gre 10.0.0.1 > 10.0.0.2");
	assert_decided(e, 3, 2);
	assert_int_equal(engine_count_reset(e, NULL), 0);
	assert_decided(e, 0, 0);
	fixture_send(e, "gre 10.0.0.1 > 10.0.0.2");
	assert_decided(e, 1, 0);
	engine_close(e);
}

static void counts(void **state)
{
	struct engine *e;

	fixture_fresh();
	e = fixture_begin();
	fixture_change(e, "add rule name a proto udp accept\nadd rule name b proto tcp accept");
	for (int i = 0; i < 5; i++)
		fixture_send(e, "udp 10.0.0.1:1 > 10.0.0.2:22");
	fixture_send(e, "tcp 10.0.0.1:1 > 10.0.0.2:22");
	fixture_send(e, "gre 10.0.0.1 > 10.0.0.2");
	assert_int_equal(engine_rule_count(e, fixture_rule(e, "a")).packets, 5);
	assert_int_equal(engine_count_reset(e, fixture_rule(e, "a")), 0);
	assert_int_equal(engine_rule_count(e, fixture_rule(e, "a")).packets, 0);
	assert_int_equal(engine_rule_count(e, fixture_rule(e, "b")).packets, 1);
	fixture_send(e, "udp 10.0.0.1:1 > 10.0.0.2:22");
	e = fixture_restart(e);
	assert_int_equal(engine_rule_count(e, fixture_rule(e, "a")).packets, 1);
	assert_int_equal(engine_rule_count(e, fixture_rule(e, "b")).packets, 1);
	assert_decided(e, 0, 1);
	assert_int_equal(engine_count_reset(e, NULL), 0);
	assert_int_equal(engine_rule_count(e, fixture_rule(e, "b")).packets, 0);
	assert_decided(e, 0, 0);
	/* The slot of a deleted rule is given to another rule later, which begins at 0. */
	for (int i = 0; i < 20; i++) {
		char text[100];

		fixture_send(e, "udp 10.0.0.1:1 > 10.0.0.2:22");
		snprintf(text, sizeof(text), "del rule a\nadd rule name a proto udp accept comment \"%d\"", i);
		fixture_change(e, text);
		assert_int_equal(engine_rule_count(e, fixture_rule(e, "a")).packets, 0);
		if (i % 3 == 0)
			fixture_pump(e);
		if (i % 7 == 3)
			e = fixture_restart(e);
	}
	fixture_pump(e);
	fixture_change(e, "add rule first name c proto udp accept\ndel rule c");
	fixture_pump(e);
	assert_true(engine_ruleset(e)->next_slot < 12);
	e = fixture_restart(e);
	engine_close(e);
}

int main(int argc, char **argv)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(labels),
		cmocka_unit_test(verdicts),
		cmocka_unit_test(counts),
	};

	return fixture_enter(argc, argv) ? cmocka_run_group_tests(tests, fixture_setup, fixture_teardown) : 0;
}

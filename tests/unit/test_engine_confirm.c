// SPDX-License-Identifier: GPL-2.0-only
/*
 * Loads, changes and other things that wait to be confirmed: they stay, are
 * taken back, or nobody says anything in time; also over restarts and kill -9.
 */
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/unit/killed.h"
#include "tests/unit/random.h"
#include "tests/unit/engine_fixture.h"

#define LONG 3600 /* seconds: nothing takes so long */
#define BEFORE "rule 5 name a proto udp accept\nrule 7 name b proto tcp accept\n"

/* Ways to make another ruleset, by a load or by a change; both leave rules a, b (which now drops) and d. */
struct way {
	const char *what, *text;
	size_t rules;
	bool load;
};
static const struct way ways[] = {
	{ "load test", "rule 7 name b proto tcp drop\nrule name d proto esp drop\n", 2, true },
	{ "change test", "replace rule b proto tcp drop\nadd rule name d proto esp drop\ndel rule a\ndel rule c\n", 2,
	  false },
};
#define WAYS (sizeof(ways) / sizeof(ways[0]))

/* Makes a change by @w that waits @seconds for its confirmation, and checks what is refused meanwhile. */
static void begin(struct engine *e, const struct way *w, unsigned seconds)
{
	static struct engine_result r;
	struct engine_status st;
	time_t start = time(NULL);

	fixture_load(e, BEFORE);
	fixture_change(e, "add rule name c proto gre accept");
	fixture_send(e, "udp 10.0.0.1:1 > 10.0.0.2:22");
	if (w->load) {
		assert_int_equal(fixture_load_start(e, w->text, seconds, false), 0);
		fixture_pump(e);
		r = fixture_loaded;
	} else {
		fixture_edit(e, w->text, seconds, &r);
	}
	assert_int_equal(r.err, 0);
	assert_true(r.confirm_by >= start + seconds);
	if (seconds < LONG)
		return; /* it may be over */
	assert_int_equal(fixture_send(e, "tcp 10.0.0.1:1 > 10.0.0.2:22"), FW_DROP);
	assert_int_equal(fixture_refused(e, "add rule drop", w->what), -EBUSY);
	assert_int_equal(fixture_load_start(e, "rule drop", 0, false), -EBUSY);
	engine_status(e, &st);
	assert_string_equal(st.confirm_what, w->what);
}

/* The ruleset before has returned with its counters, and status tells what was undone and why. */
static void assert_undone(struct engine *e, const struct way *w, const char *why)
{
	struct engine_status st;
	struct fw_diags ds = { .n = 0 };

	assert_int_equal(engine_ruleset(e)->nrules, 3);
	assert_int_equal(fixture_send(e, "tcp 10.0.0.1:1 > 10.0.0.2:22"), FW_ACCEPT);
	assert_filters(e, 100);
	engine_status(e, &st);
	assert_int_equal(st.confirm_by, 0);
	assert_true(st.undone.at && st.undone.at <= time(NULL));
	assert_string_equal(st.undone.what, w->what);
	assert_int_equal(st.undone.rules, w->rules);
	assert_int_equal(st.undone.restored, 3);
	assert_non_null(strstr(st.undone.reason, why));
	assert_int_equal(engine_confirm(e, &fixture_who, &ds), -ENOENT);
	assert_non_null(strstr(ds.d[0].message, "too late"));
	assert_non_null(strstr(ds.d[0].message, w->what));
	assert_int_equal(engine_rule_count(e, fixture_rule(e, "a")).packets, 1);
	fixture_change(e, "add rule name new proto ah drop");
	assert_int_equal(engine_rule_count(e, fixture_rule(e, "new")).packets, 0);
}

static void nothing_waits(void **state)
{
	struct fw_diags ds = { .n = 0 };
	struct engine *e;

	fixture_fresh();
	e = fixture_begin();
	assert_int_equal(engine_confirm(e, &fixture_who, &ds), -ENOENT);
	assert_string_equal(ds.d[0].message, "nothing is waiting to be confirmed");
	assert_int_equal(engine_undo(e, &fixture_who, &ds), -ENOENT);
	assert_string_equal(ds.d[1].message, "nothing is waiting to be undone");
	engine_close(e);
}

/* A confirmed change stays, also over a restart. */
static void confirmed(const struct way *w, bool restarts)
{
	struct fw_diags ds = { .n = 0 };
	struct engine *e;

	fixture_fresh();
	e = fixture_begin();
	begin(e, w, LONG);
	if (restarts) {
		e = fixture_restart(e);
		assert_int_equal(fixture_refused(e, "add rule drop", w->what), -EBUSY);
	}
	assert_int_equal(engine_confirm(e, &fixture_who, &ds), 0);
	assert_int_equal(engine_confirm(e, &fixture_who, &ds), -ENOENT);
	assert_non_null(strstr(ds.d[0].message, "nothing is waiting"));
	fixture_change(e, "add rule name e proto gre drop");
	assert_int_equal(engine_rule_count(e, fixture_rule(e, "e")).packets, 0);
	fixture_pump(e);
	e = fixture_restart(e);
	assert_int_equal(engine_ruleset(e)->nrules, w->rules + 1);
	assert_filters(e, 100);
	engine_close(e);
}

static void are_confirmed(void **state)
{
	for (size_t i = 0; i < WAYS; i++)
		for (int restarts = 0; restarts < 2; restarts++)
			confirmed(&ways[i], restarts);
}

/* `fwctl undo` returns to the ruleset before, and the next change may wait again. */
static void taken_back(const struct way *w, bool restarts)
{
	struct fw_diags ds = { .n = 0 };
	struct engine *e;

	fixture_fresh();
	e = fixture_begin();
	begin(e, w, LONG);
	e = restarts ? fixture_restart(e) : e;
	assert_int_equal(engine_undo(e, &fixture_who, &ds), 0);
	assert_true(engine_busy(e));
	fixture_wait_undone(e);
	assert_undone(e, w, "fwctl undo");
	e = fixture_restart(e);
	assert_int_equal(engine_ruleset(e)->nrules, 4);
	assert_filters(e, 100);
	/* The next change may wait again, and be kept. */
	begin(e, w, LONG);
	assert_int_equal(engine_confirm(e, &fixture_who, &ds), 0);
	assert_int_equal(engine_ruleset(e)->nrules, w->rules);
	engine_close(e);
}

static void are_taken_back(void **state)
{
	for (size_t i = 0; i < WAYS; i++)
		for (int restarts = 0; restarts < 2; restarts++)
			taken_back(&ways[i], restarts);
}

/* Without confirmation the ruleset before returns, also when the time ends during a restart. */
static void too_late(const struct way *w)
{
	struct engine *e;

	fixture_fresh();
	e = fixture_begin();
	begin(e, w, 1);
	fixture_wait_undone(e);
	assert_undone(e, w, "not confirmed within 1 s");
	e = fixture_restart(e);
	assert_int_equal(engine_ruleset(e)->nrules, 4);
	engine_close(e);

	/* Over a restart, before the time is over and after. */
	for (int late = 0; late < 2; late++) {
		fixture_fresh();
		e = fixture_begin();
		begin(e, w, late ? 2 : 10);
		engine_close(e);
		usleep(late ? 3100000 : 0);
		e = fixture_begin();
		fixture_wait_undone(e);
		assert_undone(e, w, late ? "within 2 s" : "within 10 s");
		engine_close(e);
	}
}

static void are_too_late(void **state)
{
	for (size_t i = 0; i < WAYS; i++)
		too_late(&ways[i]);
}

static unsigned undone_beside;
static int undo_beside(const char *before, void *ctx, struct fw_diags *ds)
{
	assert_string_equal(before, "the way back");
	return undone_beside++ ? 0 : -EIO;
}

/* Something else that waits, which fails to be undone at first, over restarts. */
static void outside(void **state)
{
	const struct engine_cause w = { .what = "attach e0", .confirm = LONG },
				  soon = { .what = "attach e0", .confirm = 1 };
	struct fw_diags ds = { .n = 0 };
	struct engine_status st;
	struct engine *e;

	fixture_fresh();
	e = fixture_begin();
	fixture_load(e, BEFORE);
	assert_int_equal(engine_outside_begin(e, &w, "the way back", &ds), 0);
	assert_int_equal(fixture_refused(e, "add rule drop", "attach e0"), -EBUSY);
	assert_int_equal(engine_outside_begin(e, &w, "another", &ds), -EBUSY);
	e = fixture_restart(e);
	assert_int_equal(fixture_refused(e, "add rule drop", "attach e0"), -EBUSY);
	assert_int_equal(engine_confirm(e, &fixture_who, &ds), 0);
	fixture_change(e, "add rule drop");
	assert_int_equal(engine_outside_begin(e, &soon, "the way back", &ds), 0);
	engine_close(e);
	e = fixture_begin();
	undone_beside = 0;
	engine_outside(e, undo_beside, NULL);
	fixture_wait_undone(e);
	assert_int_equal(undone_beside, 2);
	engine_status(e, &st);
	assert_string_equal(st.undone.what, "attach e0");
	assert_int_equal(engine_outside_begin(e, &w, "the way back", &ds), 0);
	assert_int_equal(engine_undo(e, &fixture_who, &ds), 0);
	assert_int_equal(engine_outside_begin(e, &w, "the way back", &ds), 0);
	assert_int_equal(engine_outside_end(e, &ds), 0);
	e = fixture_restart(e);
	fixture_change(e, "add rule drop");
	engine_close(e);
}

static void work_until_idle(struct engine *e)
{
	struct pollfd p = { .fd = engine_fd(e), .events = POLLIN };

	while (engine_busy(e))
		if (poll(&p, 1, 1000) > 0)
			engine_work(e);
}

/* One more rule, called t, by a change or by a load of everything. */
static int try_something(struct engine *e, unsigned n)
{
	static struct engine_result r;
	fw_cleanup(fw_buf_free) struct fw_buf all = { 0 };

	if (n % 2)
		return fixture_edit(e, "add rule name t proto esp drop", LONG, &r);
	fw_text_print(&all, engine_ruleset(e));
	fw_buf_printf(&all, "rule name t proto esp drop\n");
	if (fixture_load_start(e, all.text, LONG, false))
		return -EBUSY;
	work_until_idle(e);
	return fixture_loaded.err;
}

/* A child that makes changes that wait, and takes them back or keeps them: a byte when it begins, and when it is done. */
static void work(int out, uint64_t from)
{
	struct engine *e = NULL;

	if (engine_open(&fixture_options, NULL, &e))
		return;
	for (uint64_t n = from;; n++) {
		static struct engine_result r;

		if (write(out, "b", 1) != 1 || try_something(e, (unsigned)n) || write(out, "w", 1) != 1 ||
		    engine_undo(e, &fixture_who, &r.ds))
			return;
		work_until_idle(e);
		if (write(out, "u", 1) != 1 || fixture_edit(e, "add rule proto ah drop", LONG, &r) ||
		    engine_confirm(e, &fixture_who, &r.ds) || write(out, "c", 1) != 1)
			return;
	}
}

/* The last byte that it wrote before it was killed, and how many rules it has confirmed. */
static char kill_once(unsigned *rules)
{
	fw_cleanup(fw_buf_free) struct fw_buf said = { 0 };

	kill_child(&(struct killed){ .work = work, .us = 250000, .begun = true }, &said);
	for (size_t i = 0; i < said.len; i++)
		*rules += said.text[i] == 'c';
	return said.len ? said.text[said.len - 1] : 0;
}

/* The next process knows what waits, and undoes it if asked; what was confirmed is kept. */
static void killed(void **state)
{
	unsigned rules = 0, seen[256] = { 0 };
	struct engine *e;

	fixture_fresh();
	for (int i = 0; i < 40; i++) {
		char last = kill_once(&rules);
		struct fw_diags ds = { .n = 0 };
		struct engine_status st;
		size_t have;

		e = fixture_begin();
		engine_status(e, &st);
		have = engine_ruleset(e)->nrules;
		seen[(unsigned char)last]++;
		if (last == 'w' && have == rules + 1)
			assert_true(st.confirm_by > 0); /* it has not been taken back yet */
		if (st.confirm_by) {
			assert_int_equal(have, rules + 1);
			assert_int_equal(engine_undo(e, &fixture_who, &ds), 0);
			fixture_wait_undone(e);
			assert_int_equal(engine_ruleset(e)->nrules, rules);
		} else if (have != rules) {
			/* The last one was confirmed, but the process was killed before it could report that. */
			assert_int_equal(last, 'u');
			assert_int_equal(have, ++rules);
		}
		assert_null(fw_ruleset_by_name(engine_ruleset(e), "t"));
		assert_filters(e, 30);
		engine_close(e);
	}
	print_message(
		"40 kills: %u before, %u while something waited, %u after it was undone, %u after it was confirmed\n",
		seen['b'], seen['w'], seen['u'], seen['c']);
}

int main(int argc, char **argv)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_waits), cmocka_unit_test(are_confirmed), cmocka_unit_test(are_taken_back),
		cmocka_unit_test(are_too_late),  cmocka_unit_test(outside),       cmocka_unit_test(killed),
	};

	return fixture_enter(argc, argv) ? cmocka_run_group_tests(tests, fixture_setup, fixture_teardown) : 0;
}

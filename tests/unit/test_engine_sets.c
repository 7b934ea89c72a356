// SPDX-License-Identifier: GPL-2.0-only
/* The engine and dynamic sets: their elements outlive loads and restarts. */
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/unit/killed.h"
#include "tests/unit/random.h"
#include "tests/unit/engine_fixture.h"
#include "tests/unit/rows.h"

static const char rules[] = "set banned dynamic { 192.0.2.1 }\nset listed { 192.0.2.2 }\nrule from @banned drop\n"
			    "rule from @listed drop\n";

static bool drops(struct engine *e, unsigned host)
{
	char packet[64];

	snprintf(packet, sizeof(packet), "tcp 192.0.2.%u:1 > 10.0.0.2:22", host);
	return fixture_send(e, packet) == FW_DROP;
}

/* Which of the hosts 1 to 8 are dropped, as digits. */
static void assert_dropped(struct engine *e, const char *want)
{
	char got[16] = "";

	for (unsigned host = 1, n = 0; host <= 8; host++)
		if (drops(e, host))
			n += (unsigned)snprintf(got + n, sizeof(got) - n, "%u", host);
	assert_string_equal(got, want);
	assert_filters(e, 50);
}

static void loads_leave_them_alone(void **state)
{
	struct engine *e;

	fixture_fresh();
	e = fixture_begin();
	fixture_load(e, rules);
	assert_dropped(e, "12");
	fixture_change(e, "set add banned 192.0.2.5\nset add listed 192.0.2.6");
	fixture_change(e, "set del banned 192.0.2.1\nset add banned { 192.0.2.7 }");
	assert_dropped(e, "2567");
	fixture_load(e, rules);
	assert_dropped(e, "257");
	e = fixture_restart(e);
	assert_dropped(e, "257");
	/* Changes on top of a load, and another load on top of them. */
	fixture_change(e, "set add banned 192.0.2.3\nset add --exist banned 192.0.2.5 192.0.2.4");
	fixture_load(e, rules);
	fixture_change(e, "set del banned 192.0.2.4");
	e = fixture_restart(e);
	assert_dropped(e, "2357");
	fixture_change(e, "set flush banned");
	fixture_load(e, rules);
	e = fixture_restart(e);
	assert_dropped(e, "2");
	fixture_change(e, "set replace banned 192.0.2.8 192.0.2.3");
	e = fixture_restart(e);
	assert_dropped(e, "238");
	engine_close(e);
}

/* A set becomes dynamic, and is no more; it is not in the file, and again. */
static void the_word_comes_and_goes(void **state)
{
	struct engine *e;

	fixture_fresh();
	e = fixture_begin();
	fixture_load(e, "set banned { 192.0.2.1 }\nrule from @banned drop\n");
	fixture_change(e, "set add banned 192.0.2.2");
	fixture_load(e, "set banned dynamic { 192.0.2.3 }\nrule from @banned drop\n");
	assert_dropped(e, "12");
	fixture_load(e, "set banned { 192.0.2.4 }\nrule from @banned drop\n");
	e = fixture_restart(e);
	assert_dropped(e, "4");
	fixture_load(e, "rule from 192.0.2.5 drop\n");
	fixture_load(e, "set banned dynamic { 192.0.2.3 }\nrule from @banned drop\n");
	assert_dropped(e, "3");
	fixture_load(e, "");
	fixture_change(e, "set create banned dynamic { 192.0.2.6 }\nadd rule from @banned drop");
	e = fixture_restart(e);
	assert_true(engine_ruleset(e)->sets[0].dynamic);
	fixture_load(e, "set banned dynamic { 192.0.2.3 }\nrule from @banned drop\n");
	e = fixture_restart(e);
	assert_dropped(e, "6");
	engine_close(e);
}

/* The outcome of a load that is only checked. */
static void checks_change_nothing(void **state)
{
	struct engine *e;

	fixture_fresh();
	e = fixture_begin();
	fixture_load(e, rules);
	fixture_change(e, "set add banned 192.0.2.5");
	assert_int_equal(fixture_load_start(e, rules, 0, true), 0);
	fixture_pump(e);
	assert_int_equal(fixture_loaded.err, 0);
	assert_dropped(e, "125");
	fixture_refused(e, "set add banned 192.0.2.6 192.0.2.5", "already");
	e = fixture_restart(e);
	assert_dropped(e, "125");
	engine_close(e);
}

static void load_waits(struct engine *e, const char *text, unsigned seconds)
{
	assert_int_equal(fixture_load_start(e, text, seconds, false), 0);
	fixture_pump(e);
	assert_int_equal(fixture_loaded.err, 0);
}

static void pump_undone(struct engine *e)
{
	struct pollfd p = { .fd = engine_fd(e), .events = POLLIN };
	struct engine_status st;

	do {
		if (poll(&p, 1, 300000) > 0)
			engine_work(e);
		engine_status(e, &st);
	} while (st.confirm_by);
	fixture_pump(e);
}

enum ending { CONFIRMED, UNDONE, IN_TIME, LATE, NENDINGS };

/* Ends the wait in one of the ways. Return: the engine after it. */
static struct engine *end(struct engine *e, enum ending how)
{
	struct fw_diags ds = { 0 };

	switch (how) {
	case CONFIRMED:
		assert_int_equal(engine_confirm(e, &fixture_who, &ds), 0);
		break;
	case UNDONE:
		assert_int_equal(engine_undo(e, &fixture_who, &ds), 0);
		pump_undone(e);
		break;
	case IN_TIME:
		pump_undone(e);
		break;
	default:
		engine_close(e);
		while (time(NULL) <= fixture_loaded.confirm_by)
			usleep(100000);
		e = fixture_begin();
		pump_undone(e);
	}
	return e;
}

/* Elements are added and deleted while a load waits, with restarts and without, and stay whatever becomes of the load. */
static uint64_t edits(struct engine *e)
{
	struct engine_status st;

	engine_status(e, &st);
	return st.edits;
}

/* Edits are counted one by one, but for elements of dynamic sets; what is undone is one more. */
static void edits_are_counted(void **state)
{
	struct engine *e;
	uint64_t n;

	fixture_fresh();
	e = fixture_begin();
	n = edits(e);
	fixture_load(e, rules);
	assert_int_equal(edits(e), n + 1);
	assert_int_equal(fixture_loaded.edits, n + 1);
	fixture_change(e, "set add banned 192.0.2.3");
	assert_int_equal(edits(e), n + 1);
	fixture_change(e, "set add listed 192.0.2.3");
	fixture_change(e, "add rule name more drop");
	assert_int_equal(edits(e), n + 3);
	fixture_refused(e, "add rule name more drop", "more");
	assert_int_equal(fixture_load_start(e, rules, 0, true), 0);
	fixture_pump(e);
	assert_int_equal(edits(e), n + 3);
	load_waits(e, rules, 2);
	assert_int_equal(edits(e), n + 4);
	fixture_change(e, "set add banned 192.0.2.4");
	fixture_wait_undone(e);
	assert_int_equal(edits(e), n + 5);
	assert_dropped(e, "12345678");
	engine_close(e);
}

static void bans_go_on_while_a_load_waits(void **state)
{
	for (unsigned how = 0; how < NENDINGS * 2; how++) {
		bool restart = how >= NENDINGS;
		struct engine *e;

		fixture_fresh();
		e = fixture_begin();
		fixture_load(e, rules);
		fixture_change(e, "set add banned 192.0.2.3");
		load_waits(e,
			   "set banned dynamic { }\nset new dynamic { 192.0.2.7 }\nrule from { @banned, @new } drop\n",
			   how % NENDINGS < IN_TIME ? 600 : 2);
		e = restart ? fixture_restart(e) : e;
		assert_int_equal(fixture_refused(e, "add rule drop", "to be confirmed"), -EBUSY);
		assert_int_equal(fixture_refused(e, "set add banned 192.0.2.8\npolicy in drop", "to be confirmed"),
				 -EBUSY);
		assert_int_equal(fixture_refused(e, "set create x dynamic", "to be confirmed"), -EBUSY);
		fixture_change(e, "set add banned 192.0.2.5\nset del banned 192.0.2.1\nset add new 192.0.2.6");
		assert_dropped(e, "3567");
		e = restart ? fixture_restart(e) : e;
		e = end(e, how % NENDINGS);
		assert_dropped(e, how % NENDINGS == CONFIRMED ? "3567" : "235");
		fixture_change(e, "set add banned 192.0.2.4");
		e = fixture_restart(e);
		assert_dropped(e, how % NENDINGS == CONFIRMED ? "34567" : "2345");
		engine_close(e);
	}
}

/* Sets that are dynamic in only one of the two rulesets. */
static void the_word_is_tried_out(void **state)
{
	struct engine *e;

	fixture_fresh();
	e = fixture_begin();
	fixture_load(
		e,
		"set a { 192.0.2.1 }\nset b dynamic { }\nset c dynamic { 192.0.2.2 }\nrule from { @a, @b, @c } drop\n");
	fixture_change(e, "set add b 192.0.2.3");
	load_waits(e, "set a dynamic { }\nset b { 192.0.2.8 }\nrule from { @a, @b } drop\n", 600);
	assert_dropped(e, "18");
	assert_int_equal(fixture_refused(e, "set add b 192.0.2.7", "to be confirmed"), -EBUSY);
	fixture_change(e, "set add a 192.0.2.4");
	e = end(e, UNDONE);
	assert_dropped(e, "1234");
	e = fixture_restart(e);
	assert_dropped(e, "1234");
	engine_close(e);
}

static void change_waits(struct engine *e, const char *text)
{
	static struct engine_result r;

	assert_int_equal(fixture_edit(e, text, 600, &r), 0);
}

/* Only the change that waits is undone, even if it is one of a dynamic set, and none of the later ones. */
static void bans_go_on_while_a_change_waits(void **state)
{
	static const struct {
		const char *waits, *bans, *confirmed, *undone;
	} rows[] = {
		{ "add rule first from 192.0.2.8 drop", "set add banned 192.0.2.4", "1248", "124" },
		{ "set flush banned", "set add banned 192.0.2.1 192.0.2.4", "124", "124" },
		{ "set add banned 192.0.2.4 192.0.2.5", "set del banned 192.0.2.4 192.0.2.1", "25", "2" },
		{ "set create x dynamic\nadd rule from @x drop", "set add x 192.0.2.5\nset add banned 192.0.2.6",
		  "1256", "126" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]) * 4; i++) {
		struct engine *e;

		fixture_fresh();
		e = fixture_begin();
		fixture_load(e, rules);
		change_waits(e, rows[i / 4].waits);
		fixture_change(e, rows[i / 4].bans);
		assert_int_equal(fixture_refused(e, "add rule drop", "to be confirmed"), -EBUSY);
		e = i & 2 ? fixture_restart(e) : e;
		e = end(e, i & 1 ? UNDONE : CONFIRMED);
		assert_dropped(e, i & 1 ? rows[i / 4].undone : rows[i / 4].confirmed);
		e = fixture_restart(e);
		assert_dropped(e, i & 1 ? rows[i / 4].undone : rows[i / 4].confirmed);
		engine_close(e);
	}
}

/* Addresses of the namespace, as the engine is told. */
static char own_hosts[16];
static int own_read(struct fw_own_addresses *out)
{
	struct fw_own_list *list = &out->of[FW_BUILTIN_LOCAL];

	for (const char *host = own_hosts; *host; host++) {
		struct fw_addr a = { (uint64_t)(0xc0000200u + (uint32_t)(*host - '0')) << 32, 0 };

		if (fw_vec_push(list->ranges, list->n, list->cap, ((struct fw_addr_range){ a, a, .family = FW_IP4 })))
			return -ENOMEM;
	}
	return 0;
}
static struct engine_addresses own_fake = { .read = own_read };

static void own_are(struct engine *e, const char *hosts)
{
	uint64_t one = 1;

	snprintf(own_hosts, sizeof(own_hosts), "%s", hosts);
	if (!e)
		return;
	assert_int_equal(write(own_fake.watch, &one, sizeof(one)), sizeof(one));
	fixture_pump(e);
}

/* @local holds the addresses of now: after loads, changes, undo and restarts, and none of them is stored. */
static void local_follows(void **state)
{
	static const char named[] = "rule from @local drop";
	struct engine *e;
	struct engine_result r;
	fw_cleanup(fw_buf_free) struct fw_buf b = { 0 };

	fixture_fresh();
	own_fake.watch = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	fixture_options.addresses = &own_fake;
	own_are(NULL, "12");
	e = fixture_begin();
	fixture_load(e, named);
	assert_dropped(e, "12");
	own_are(e, "23");
	assert_dropped(e, "23");
	e = fixture_restart(e);
	assert_dropped(e, "23");
	/* While fwd is not running. */
	engine_close(e);
	own_are(NULL, "4");
	e = fixture_begin();
	assert_dropped(e, "4");
	/* While a load waits, and what comes back has the addresses of then. */
	load_waits(e, "rule from { @local, 192.0.2.8 } drop", 600);
	assert_dropped(e, "48");
	own_are(e, "56");
	assert_dropped(e, "568");
	e = end(e, UNDONE);
	assert_dropped(e, "56");
	/* A change names it first, and it is none of a set. */
	fixture_load(e, "rule from 192.0.2.8 drop");
	assert_int_equal(fixture_edit(e, "add rule from @local drop", 600, &r), 0);
	assert_int_equal(r.counts.sets_created + r.counts.elements_added, 0);
	assert_dropped(e, "568");
	own_are(e, "1");
	e = end(e, CONFIRMED);
	e = fixture_restart(e);
	assert_dropped(e, "18");
	own_are(e, "");
	assert_dropped(e, "8");
	own_are(e, "2");
	fixture_refused(e, "set add local 192.0.2.1", "is built in");
	fixture_refused(e, "set create local 192.0.2.1", "the name of a built-in set");
	fw_text_print(&b, engine_ruleset(e));
	assert_string_equal(b.text, "rule 2 from 192.0.2.8 drop\nrule 3 from @local drop\n");
	engine_close(e);
	fixture_options.addresses = NULL;
	close(own_fake.watch);
}

static struct engine_result bulk_result;
static unsigned bulk_rows;

static void bulk_done(const struct engine_result *r, void *ctx)
{
	bulk_result = *r;
}

static void bulk_row(const struct fw_ruleset *rs, const struct fw_rule_change *row, void *ctx)
{
	bulk_rows += row->after != NULL;
}

static void bulk_begin(struct engine *e, const struct fw_buf *text, bool check, unsigned confirm)
{
	const struct engine_edit edit = {
		.source.text = text->text,
		.source.len = text->len,
		.source.name = "bulk",
		.check = check,
		.cause = { .what = "bulk", .confirm = confirm },
		.each = bulk_row,
	};

	assert_true(engine_edit_is_bulk(&edit));
	bulk_result = (struct engine_result){ .err = 1 };
	bulk_rows = 0;
	assert_int_equal(engine_bulk_start(e, &edit, bulk_done, NULL), 0);
}

/* 5,000 elements, in no order, and @more. */
static void bulk_text(struct fw_buf *b, const char *more)
{
	for (uint32_t i = 0; i < 5000; i++)
		fw_buf_printf(b, "set add --exist banned 10.%u.%u.%u\n", i * 7919 % 251, i % 249, i * 31 % 256);
	fw_buf_printf(b, "%s", more);
}

/* However it is written: emptying large sets is not for the live ruleset, emptying small ones is. */
static void bulk_emptied(void **state)
{
	static const struct {
		const char *text;
		bool bulk;
	} rows[] = {
		{ "set flush many", true },
		{ "set  flush\tmany", true },
		{ "set replace many { 192.0.2.1 }", true },
		{ "set\treplace many { 192.0.2.1 }", true },
		{ "set destroy many", true },
		{ "set flush half\nset destroy other", true },
		{ "set flush half", false },
		{ "set destroy other\nset flush half", true },
	};
	static struct engine_result r;
	struct fw_buf text = { 0 };
	struct engine *e;

	fw_buf_printf(&text, "set many {");
	for (uint32_t i = 0; i < 16384; i++)
		fw_buf_printf(&text, " 10.%u.%u.0/25,", i / 256, i % 256);
	fw_buf_printf(&text, " 192.0.2.7 }\nset half {");
	for (uint32_t i = 0; i < 10000; i++)
		fw_buf_printf(&text, " 11.%u.%u.0/25,", i / 256, i % 256);
	fw_buf_printf(&text, " 192.0.2.7 }\nset other {");
	for (uint32_t i = 0; i < 10000; i++)
		fw_buf_printf(&text, " 12.%u.%u.0/25,", i / 256, i % 256);
	fw_buf_printf(&text, " 192.0.2.7 }\nrule drop\n");
	fixture_fresh();
	e = fixture_begin();
	fixture_load(e, text.text);
	for (size_t i = 0; i < ROWS(rows); i++) {
		const struct engine_edit edit = { .source.text = rows[i].text,
						  .source.len = strlen(rows[i].text),
						  .source.name = "test",
						  .check = true };

		engine_change(e, &edit, &r);
		if (r.bulk != rows[i].bulk)
			fail_msg("%s: %s", rows[i].text, r.ds.d[0].message);
		assert_int_equal(r.err, rows[i].bulk ? -EAGAIN : 0);
		fixture_change(e, "add rule accept");
		fixture_pump(e);
	}
	engine_close(e);
	fw_buf_free(&text);
}

/* A large change is made in a copy of the live ruleset; it can do everything that a small one can. */
static void bulk_changes(void **state)
{
	struct fw_buf sets = { 0 }, mixed = { 0 }, bad = { 0 };
	struct fw_diags ds = { 0 };
	struct engine *e;

	bulk_text(&sets, "set add banned 192.0.2.5\n");
	bulk_text(&mixed, "set add --exist banned 192.0.2.5\nadd rule first name six from 192.0.2.6 drop\n");
	bulk_text(&bad, "add rule drop\nset add banned x\n");
	fixture_fresh();
	e = fixture_begin();
	fixture_load(e, rules);
	bulk_begin(e, &bad, false, 0);
	fixture_pump(e);
	assert_int_equal(bulk_result.err, -EINVAL);
	assert_int_equal(bulk_result.ds.d[0].line, 5002);
	bulk_begin(e, &mixed, true, 0);
	fixture_pump(e);
	assert_int_equal(bulk_result.err, 0);
	assert_int_equal(bulk_rows, 1);
	assert_dropped(e, "12");
	bulk_begin(e, &sets, false, 0);
	assert_true(engine_busy(e));
	fixture_pump(e);
	assert_int_equal(bulk_result.err, 0);
	assert_int_equal(bulk_result.counts.elements_added, engine_ruleset(e)->sets[0].n - 1);
	assert_dropped(e, "125");
	e = fixture_restart(e);
	bulk_begin(e, &mixed, false, 600);
	fixture_pump(e);
	assert_int_equal(bulk_result.err, 0);
	assert_int_equal(bulk_rows, 1);
	assert_dropped(e, "1256");
	fixture_change(e, "set del banned 192.0.2.5\nset add banned 192.0.2.7");
	e = end(e, UNDONE);
	assert_dropped(e, "127");
	/* While something waits: elements of dynamic sets. */
	load_waits(e, rules, 600);
	bulk_begin(e, &mixed, false, 0);
	fixture_pump(e);
	assert_int_equal(bulk_result.err, -EBUSY);
	bulk_begin(e, &sets, false, 0);
	fixture_pump(e);
	assert_int_equal(bulk_result.err, 0);
	e = end(e, UNDONE);
	assert_dropped(e, "1257");
	/* When the engine is closed, a change under way is made as a whole or not at all. */
	fixture_change(e, "set flush banned");
	bulk_begin(e, &sets, false, 0);
	engine_close(e);
	e = fixture_begin();
	assert_dropped(e, bulk_result.err ? "2" : "25");
	assert_true(bulk_result.err <= 0);
	assert_int_equal(engine_undo(e, &fixture_who, &ds), -ENOENT);
	engine_close(e);
	fw_buf_free(&sets);
	fw_buf_free(&mixed);
	fw_buf_free(&bad);
}

static void ban(struct engine *e, uint32_t n)
{
	static struct engine_result r;
	char text[80];

	snprintf(text, sizeof(text), "set add --exist banned 10.1.%u.%u", n >> 8, n & 255);
	if (fixture_edit(e, text, 0, &r))
		_exit(1);
}

static void wait_for_load(struct engine *e)
{
	struct pollfd p = { .fd = engine_fd(e), .events = POLLIN };

	while (engine_busy(e))
		if (poll(&p, 1, 1000) > 0)
			engine_work(e);
}

/* Bans one after another, while rulesets are loaded, wait, and are kept or undone. */
static void work(int out, uint64_t n)
{
	struct fw_diags ds = { 0 };
	struct engine *e = NULL;

	if (engine_open(&fixture_options, NULL, &e))
		return;
	wait_for_load(e);
	for (;; n++) {
		ban(e, (uint32_t)n);
		if (write(out, "x", 1) != 1)
			return;
		if (n % 5 == 0)
			fixture_load_start(e,
					   n % 2 ? rules : "set banned dynamic { 10.9.9.9 }\nrule from @banned drop\n",
					   n % 3 ? 600 : 0, false);
		else if (n % 5 == 3 && n % 2)
			engine_undo(e, &fixture_who, &ds);
		else if (n % 5 == 3)
			engine_confirm(e, &fixture_who, &ds);
		wait_for_load(e);
	}
}

/* Every ban that was acknowledged is there, wherever fwd was killed. */
static void no_ban_is_lost(void **state)
{
	uint32_t bans = 0;
	struct engine *e;

	fixture_fresh();
	e = fixture_begin();
	fixture_load(e, rules);
	engine_close(e);
	for (int i = 0; i < 20; i++) {
		const struct fw_ruleset *rs;
		int set;

		bans += (uint32_t)kill_child_counted(
			&(struct killed){ .work = work, .from = bans, .us = 200000, .begun = true });
		e = fixture_begin();
		rs = engine_ruleset(e);
		set = fw_ruleset_set_find(rs, "banned");
		assert_true(set >= 0);
		/* One may be there that nobody was told of. */
		assert_in_range(rs->sets[set].n, bans + 1, bans + 2);
		engine_close(e);
	}
	print_message("20 kills, %u bans\n", bans);
	assert_true(bans > 40);
}

int main(int argc, char **argv)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(edits_are_counted),
		cmocka_unit_test(loads_leave_them_alone),
		cmocka_unit_test(the_word_comes_and_goes),
		cmocka_unit_test(checks_change_nothing),
		cmocka_unit_test(bans_go_on_while_a_load_waits),
		cmocka_unit_test(the_word_is_tried_out),
		cmocka_unit_test(bans_go_on_while_a_change_waits),
		cmocka_unit_test(bulk_emptied),
		cmocka_unit_test(bulk_changes),
		cmocka_unit_test(no_ban_is_lost),
		cmocka_unit_test(local_follows),
	};

	return fixture_enter(argc, argv) ? cmocka_run_group_tests(tests, fixture_setup, fixture_teardown) : 0;
}

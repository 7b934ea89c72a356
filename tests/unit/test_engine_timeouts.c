// SPDX-License-Identifier: GPL-2.0-only
/*
 * The engine and elements that leave: by a clock that only the test moves, over restarts, kills, loads and undo; what packets see is
 * compared with a model. The store never says that an element left.
 */
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/unit/engine_fixture.h"
#include "tests/unit/random.h"

static const char rules[] = "set banned dynamic { }\nrule from @banned drop\n";

static uint32_t now_is;

static uint32_t now(void)
{
	return now_is;
}

/* The clock moves, and the engine gets to know of it. */
static void pass(struct engine *e, uint32_t seconds)
{
	now_is += seconds;
	engine_work(e);
	fixture_pump(e);
}

static struct engine *begin(void)
{
	now_is = 1000000;
	fixture_fresh();
	fixture_options.clock = now;
	return fixture_begin();
}

/* Which of the hosts 1 to 8 are dropped, as digits. */
static void assert_dropped(struct engine *e, const char *want)
{
	char got[16] = "", packet[64];

	for (unsigned host = 1, n = 0; host <= 8; host++) {
		snprintf(packet, sizeof(packet), "tcp 192.0.2.%u:1 > 10.0.0.2:22", host);
		if (fixture_send(e, packet) == FW_DROP)
			n += (unsigned)snprintf(got + n, sizeof(got) - n, "%u", host);
	}
	assert_string_equal(got, want);
}

static void elements_leave(void **state)
{
	struct engine *e = begin();
	struct engine_status st;

	fixture_load(e, "set banned dynamic timeout 30s { 192.0.2.1 timeout 10s, 192.0.2.2, 192.0.2.3 timeout never }\n"
			"rule from @banned drop\n");
	fixture_change(e, "set add banned 192.0.2.4 timeout 10s 192.0.2.5 timeout 11s");
	assert_dropped(e, "12345");
	pass(e, 10); /* never too early */
	assert_dropped(e, "12345");
	pass(e, 1);
	assert_dropped(e, "235");
	pass(e, 1);
	assert_dropped(e, "23");
	fixture_change(e, "set add banned 192.0.2.2 timeout 30s");
	pass(e, 19);
	assert_dropped(e, "23");
	pass(e, 12);
	assert_dropped(e, "3");
	engine_status(e, &st);
	assert_int_equal(st.elements_left, 4);
	assert_int_equal(st.left_transactions, 3);
	engine_close(e);
}

/* What is over while fwd is down is gone before anything is published; what is left of the others counts on. */
static void restarts_go_on(void **state)
{
	struct engine *e = begin();

	fixture_load(e,
		     "set banned dynamic { 192.0.2.1 timeout 10s, 192.0.2.2 timeout 20s }\nrule from @banned drop\n");
	fixture_change(e, "set add banned 192.0.2.3 timeout 10s 192.0.2.4 timeout 20s 192.0.2.5");
	engine_close(e);
	now_is += 15;
	e = fixture_begin();
	assert_dropped(e, "245");
	e = fixture_restart(e);
	pass(e, 5);
	assert_dropped(e, "245");
	pass(e, 1);
	assert_dropped(e, "5");
	e = fixture_restart(e);
	assert_dropped(e, "5");
	/* A load leaves them alone, and so does one of a file with other times. */
	fixture_change(e, "set add banned 192.0.2.1 timeout 10s");
	fixture_load(e, "set banned dynamic { 192.0.2.1 timeout 1h, 192.0.2.8 }\nrule from @banned drop\n");
	e = fixture_restart(e);
	assert_dropped(e, "15");
	pass(e, 11);
	assert_dropped(e, "5");
	e = fixture_restart(e);
	assert_dropped(e, "5");
	engine_close(e);
}

static void load_waits(struct engine *e, const char *text)
{
	assert_int_equal(fixture_load_start(e, text, 600, false), 0);
	fixture_pump(e);
	assert_int_equal(fixture_loaded.err, 0);
}

/* While a change waits to be confirmed elements leave and are prolonged, and stay so whatever becomes of it. */
static void they_leave_while_a_change_waits(void **state)
{
	for (unsigned how = 0; how < 8; how++) {
		bool load = how & 1, undo = how & 2, restart = how & 4;
		static struct engine_result r;
		struct engine *e = begin();

		fixture_load(e, rules);
		fixture_change(e, "set add banned 192.0.2.1 timeout 10s 192.0.2.2 timeout 20s 192.0.2.3 timeout 10s");
		if (load)
			load_waits(e, "set banned dynamic { }\nrule from { @banned, 192.0.2.8 } drop\n");
		else
			assert_int_equal(fixture_edit(e, "add rule first from 192.0.2.8 drop", 600, &r), 0);
		assert_dropped(e, "1238");
		fixture_change(e, "set add banned 192.0.2.3 timeout 20s 192.0.2.4 timeout 10s");
		pass(e, 11);
		assert_dropped(e, "238");
		e = restart ? fixture_restart(e) : e;
		assert_dropped(e, "238");
		if (undo) {
			assert_int_equal(engine_undo(e, &fixture_who, NULL), 0);
			fixture_wait_undone(e);
		} else {
			assert_int_equal(engine_confirm(e, &fixture_who, NULL), 0);
		}
		assert_dropped(e, undo ? "23" : "238");
		e = restart ? fixture_restart(e) : e;
		pass(e, 10);
		assert_dropped(e, undo ? "" : "8");
		e = fixture_restart(e);
		assert_dropped(e, undo ? "" : "8");
		engine_close(e);
	}
}

/* A prefix so large that the tables are compiled again leaves, too. */
static void large_elements_leave(void **state)
{
	struct fw_buf text = { 0 };
	struct engine *e = begin();

	/* So many that the live tables are not written again for one element. */
	fw_buf_printf(&text, "set banned dynamic { 0.0.0.0/1 timeout 10s, 128.0.0.0/1 timeout 10s }\nset many {");
	for (uint32_t i = 0; i < 12000; i++)
		fw_buf_printf(&text, "%s10.%u.%u.%u", i ? "," : " ", i >> 8, i & 255, i % 7 * 4);
	fw_buf_printf(&text, " }\nrule from @many drop\nrule from @banned drop\n");
	fixture_load(e, text.text);
	fw_buf_free(&text);
	assert_dropped(e, "12345678");
	pass(e, 11);
	assert_dropped(e, "");
	e = fixture_restart(e);
	assert_dropped(e, "");
	engine_close(e);
}

/* Very many in one second: reported, not asserted. */
static void very_many_leave_at_once(void **state)
{
	enum { MANY = 10000 };
	struct fw_buf text = { 0 };
	struct engine *e = begin();
	struct engine_status st;
	double start, first = 0;

	fw_buf_printf(&text, "set banned dynamic {");
	for (uint32_t i = 0; i < MANY; i++)
		fw_buf_printf(&text, "%s 10.%u.%u.%u timeout 10s", i ? "," : "", i * 7919 % 251, i % 249, i * 31 % 256);
	fw_buf_printf(&text, " }\nrule from @banned drop\n");
	fixture_load(e, text.text);
	fw_buf_free(&text);
	now_is += 11;
	start = fw_now();
	engine_work(e);
	first = fw_now() - start;
	fixture_pump(e);
	engine_status(e, &st);
	print_message("%llu elements left in %llu transactions, the first of %.2f ms\n",
		      (unsigned long long)st.elements_left, (unsigned long long)st.left_transactions, first * 1e3);
	assert_int_equal(engine_ruleset(e)->sets[0].n, 0);
	assert_true(st.left_transactions <= 2);
	e = fixture_restart(e);
	assert_filters(e, 50);
	engine_close(e);
}

/* Random: until when each host is in the set; UINT32_MAX: it is not. */
#define HOSTS 8
static uint32_t until[HOSTS + 1];

static void assert_model(struct engine *e)
{
	char want[16] = "";

	for (unsigned host = 1, n = 0; host <= HOSTS; host++) {
		if (until[host] != FW_FOREVER && until[host] <= now_is)
			until[host] = UINT32_MAX;
		if (until[host] != UINT32_MAX)
			n += (unsigned)snprintf(want + n, sizeof(want) - n, "%u", host);
	}
	assert_dropped(e, want);
}

static void change_some(struct engine *e)
{
	unsigned host = 1 + random_below(HOSTS), timeout = random_below(4) ? 1 + random_below(20) : 0;
	bool is = until[host] != UINT32_MAX;
	char text[96];

	if (is && !random_below(4)) {
		snprintf(text, sizeof(text), "set del banned 192.0.2.%u", host);
		until[host] = UINT32_MAX;
	} else if (timeout) {
		snprintf(text, sizeof(text), "set add banned 192.0.2.%u timeout %us", host, timeout);
		until[host] = is ? fw_until_later(until[host], now_is + timeout + 1) : now_is + timeout + 1;
	} else {
		snprintf(text, sizeof(text), "set add --exist banned 192.0.2.%u", host);
		until[host] = FW_FOREVER;
	}
	fixture_change(e, text);
}

static void random_sequences_follow_the_model(void **state)
{
	struct engine *e = begin();

	for (unsigned host = 0; host <= HOSTS; host++)
		until[host] = UINT32_MAX;
	fixture_load(e, rules);
	for (unsigned n = 0; n < 200; n++) {
		switch (random_below(8)) {
		case 0:
			engine_close(e);
			now_is += random_below(10);
			e = fixture_begin();
			break;
		case 1:
			fixture_load(e, rules);
			break;
		case 2:
		case 3:
		case 4:
			pass(e, random_below(8));
			break;
		default:
			change_some(e);
		}
		assert_model(e);
	}
	engine_close(e);
}

/* A child changes the set as fast as it can until it is killed; what is left is what the store says, without what is over. */
static void kills_lose_nothing(void **state)
{
	for (unsigned n = 0; n < 10; n++) {
		struct engine *e = begin();
		int fds[2];
		char done;
		unsigned all = 0;
		pid_t child;

		fixture_load(e, rules);
		engine_close(e);
		assert_int_equal(pipe(fds), 0);
		child = fork();
		if (!child) {
			e = fixture_begin();
			for (unsigned i = 1;; i++) {
				char text[96];

				snprintf(text, sizeof(text), "set add banned 10.0.%u.%u timeout %us", i >> 8, i & 255,
					 1 + i % 3 * 50);
				fixture_change(e, text);
				if (write(fds[1], "x", 1) != 1)
					_exit(1);
			}
		}
		close(fds[1]);
		assert_int_equal(read(fds[0], &done, 1), 1);
		usleep(random_below(60000));
		kill(child, SIGKILL);
		waitpid(child, NULL, 0);
		for (all = 1; read(fds[0], &done, 1) == 1; all++)
			;
		close(fds[0]);
		now_is += 10;
		e = fixture_begin();
		{
			const struct fw_set *s = &engine_ruleset(e)->sets[0];
			size_t left = all - all / 3;

			/* Every third one leaves after a second; one more than reported may be there. */
			assert_true(s->n == left || s->n == left + 1);
			for (size_t i = 0; i < s->n; i++)
				assert_true(s->elements[i].until > now_is);
		}
		engine_close(e);
	}
}

static void set_clock(struct engine *e, const char *boot, long long base, unsigned last)
{
	char value[128];

	snprintf(value, sizeof(value), "%s %lld %u", boot, base, last);
	assert_int_equal(store_set(engine_store(e), "clock", value, NULL), 0);
}

/* The time of day does not matter as long as the machine runs; after that it does, but time never goes back. */
static void the_clock_goes_on(void **state)
{
	fw_autofree char *value = NULL;
	char boot[64], *after;
	long long base;
	uint32_t before;
	struct engine *e;

	fixture_fresh();
	fixture_options.clock = NULL;
	e = fixture_begin();
	assert_int_equal(store_get(engine_store(e), "clock", &value), 0);
	snprintf(boot, sizeof(boot), "%.*s", (int)strcspn(value, " "), value);
	base = strtoll(value + strlen(boot), &after, 10);
	assert_int_equal(*after, ' ');
	/* As if the time of day had been set back by an hour since. */
	before = engine_now(e);
	set_clock(e, boot, base + 3600000000000, 0);
	engine_close(e);
	e = fixture_begin();
	assert_in_range(engine_now(e), before + 3600, before + 3900);
	/* Another boot, with a clock that is in order, and with one that is behind. */
	set_clock(e, "another", 7, before - 1000);
	engine_close(e);
	e = fixture_begin();
	assert_in_range(engine_now(e), before, before + 300);
	set_clock(e, "another", 7, before + 1000000);
	engine_close(e);
	e = fixture_begin();
	assert_in_range(engine_now(e), before + 1000000, before + 1000300);
	/* Nonsense. */
	assert_int_equal(store_set(engine_store(e), "clock", "x y z", NULL), 0);
	engine_close(e);
	e = fixture_begin();
	assert_in_range(engine_now(e), before, before + 300);
	engine_close(e);
}

int main(int argc, char **argv)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(elements_leave),
		cmocka_unit_test(restarts_go_on),
		cmocka_unit_test(they_leave_while_a_change_waits),
		cmocka_unit_test(large_elements_leave),
		cmocka_unit_test(very_many_leave_at_once),
		cmocka_unit_test(random_sequences_follow_the_model),
		cmocka_unit_test(kills_lose_nothing),
		cmocka_unit_test(the_clock_goes_on),
	};

	if (!fixture_enter(argc, argv))
		return 0;
	return cmocka_run_group_tests(tests, fixture_setup, fixture_teardown);
}

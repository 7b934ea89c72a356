// SPDX-License-Identifier: GPL-2.0-only
/*
 * The engine and a model, which applies the same texts to a ruleset of its own:
 * they agree after every step, and after kill -9 at any moment.
 */
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/unit/killed.h"
#include "tests/unit/random.h"
#include "tests/unit/engine_fixture.h"

/* A random rule without its name. */
static void put_body(struct fw_buf *b, struct fw_random *d)
{
	static const char *const from[] = { "",
					    " from 10.0.0.0/8",
					    " from 10.1.2.0/24",
					    " from 10.1.2.3",
					    " from not 10.1.0.0/16",
					    " from 2001:db8::/32",
					    " from @s",
					    " from @t" };
	static const char *const to[] = { "", " to 192.0.2.1", " to 192.0.2.0/24", " to @t" };
	static const char *const what[] = { "",
					    " proto tcp",
					    " proto tcp dport 22",
					    " proto tcp dport { 80, 443, 8000-8100 }",
					    " proto udp dport 53",
					    " in",
					    " proto udp sport not 1-1023" };

	uint32_t f = (uint32_t)fw_random_below(d, 8), t = f == 5 ? 0 : (uint32_t)fw_random_below(d, 4);

	fw_buf_printf(b, "%s%s%s %s\n", from[f], to[t], what[fw_random_below(d, 7)],
		      fw_random_below(d, 2) ? "accept" : "drop");
}

static const struct fw_rule *any_rule(const struct fw_ruleset *rs, struct fw_random *d)
{
	const struct fw_rule *r = rs->first;

	for (uint32_t n = rs->nrules ? (uint32_t)fw_random_below(d, (uint32_t)rs->nrules) : 0; r && n; n--)
		r = r->next;
	return r;
}

/* A random change as a line of `fwctl batch`; @unique makes its names differ from all others. */
static void put_line(struct fw_buf *b, const struct fw_ruleset *rs, struct fw_random *d, uint32_t unique)
{
	const struct fw_rule *r = any_rule(rs, d), *other = any_rule(rs, d);
	uint32_t kind = r ? (uint32_t)fw_random_below(d, 13) : 0;

	if (kind < 3)
		fw_buf_printf(b, "add rule %s", kind ? "" : "first");
	else if (kind < 5)
		fw_buf_printf(b, "add rule before %llu name n%u", (unsigned long long)r->id, unique);
	else if (kind < 7)
		fw_buf_printf(b, "replace rule %llu", (unsigned long long)r->id);
	if (kind < 7)
		put_body(b, d);
	else if (kind == 7)
		fw_buf_printf(b, "move rule %llu after %llu\n", (unsigned long long)r->id,
			      (unsigned long long)other->id);
	else if (kind == 8)
		fw_buf_printf(b, "policy in %s\n", fw_random_below(d, 2) ? "accept" : "drop");
	else if (kind == 9)
		fw_buf_printf(
			b, fw_random_below(d, 2) ? "set replace t { 10.8.0.%u, 10.3.0.0/16 }\n" : "set flush t # %u\n",
			unique & 255);
	else if (kind == 10)
		fw_buf_printf(b, "set del --exist t { 10.3.0.0/16, 10.8.0.%u }\n", unique & 255);
	else
		fw_buf_printf(b, "set add t 10.9.%u.%u\n", unique >> 8 & 255, unique & 255);
}

/* Step @n over a ruleset: the text of a change, or, @whole, of a load. */
static char *step_text(const struct fw_ruleset *rs, uint64_t n, bool *whole)
{
	struct fw_random d = { fw_mix64(random_seed() + n * 77) };
	struct fw_buf b = { 0 };
	uint32_t rules = (uint32_t)fw_random_below(&d, 40);

	*whole = !n || !fw_random_below(&d, 8);
	if (*whole) {
		fw_buf_printf(&b, "set s { 10.2.0.0/16, 2001:db8:1::/48 }\nset t %s{ 10.3.0.0/16 }\n",
			      fw_random_below(&d, 4) ? "dynamic " : "");
		for (uint32_t i = 0; i < rules; i++) {
			fw_buf_printf(&b, fw_random_below(&d, 3) ? "rule" : "rule name r%u", i);
			put_body(&b, &d);
		}
	} else {
		/* One line each, so that no line refers to a rule that another one deletes; a deletion is last. */
		for (uint32_t i = 0, lines = 1 + (uint32_t)fw_random_below(&d, 4); i < lines; i++)
			put_line(&b, rs, &d, (uint32_t)n * 8 + i);
		if (!fw_random_below(&d, 3) && rs->nrules)
			fw_buf_printf(&b, "del rule %llu\n", (unsigned long long)any_rule(rs, &d)->id);
	}
	assert_false(b.failed);
	return b.text;
}

/* The model takes a step. */
static void model_step(struct fw_ruleset **rs, uint64_t n)
{
	bool whole;
	fw_autofree char *text = step_text(*rs, n, &whole);
	struct fw_ruleset *next;
	struct fw_adoption a;
	struct fw_diags ds = { 0 };
	struct fw_edit edit;

	if (!whole) {
		assert_int_equal(fw_edit_begin(*rs, &edit), 0);
		if (fw_text_edit(&edit, text, strlen(text), "model", &ds, NULL))
			fail_msg("%s: %s", text, ds.d[0].message);
		fw_edit_commit(&edit);
		return;
	}
	next = fw_ruleset_new(NULL);
	assert_int_equal(fw_ruleset_follow(next, *rs), 0);
	assert_int_equal(fw_text_parse(next, text, strlen(text), "model", &ds), 0);
	assert_int_equal(fw_ruleset_adopt(next, *rs, &ds, &a), 0);
	free(a.freed);
	fw_ruleset_free(*rs);
	*rs = next;
}

/* The same step by the engine: 0 when it is done. */
static int engine_step(struct engine *e, uint64_t n)
{
	static struct engine_result r;
	bool whole;
	fw_autofree char *text = step_text(engine_ruleset(e), n, &whole);
	struct pollfd p = { .fd = engine_fd(e), .events = POLLIN };

	if (!whole) {
		int err = fixture_edit(e, text, 0, &r);

		/* Sometimes there is time for a grace period. */
		if (n % 3 == 0 && poll(&p, 1, 0) > 0)
			engine_work(e);
		return err;
	}
	if (fixture_load_start(e, text, 0, false))
		return -1;
	while (engine_busy(e))
		if (poll(&p, 1, 1000) > 0)
			engine_work(e);
	return fixture_loaded.err;
}

static void model_agrees(void **state)
{
	struct fw_ruleset *model = fw_ruleset_new(NULL);
	struct engine *e;

	fixture_fresh();
	e = fixture_begin();
	for (uint64_t n = 0; n < 300; n++) {
		assert_int_equal(engine_step(e, n), 0);
		model_step(&model, n);
		assert_true(fixture_same(engine_ruleset(e), model));
		assert_filters(e, 30);
		if (n % 40 == 39)
			e = fixture_restart(e);
	}
	fixture_pump(e);
	engine_close(e);
	fw_ruleset_free(model);
}

static void work(int out, uint64_t from)
{
	struct engine *e = NULL;

	if (engine_open(&fixture_options, NULL, &e))
		return;
	for (uint64_t n = from; !engine_step(e, n) && write(out, "x", 1) == 1; n++)
		;
}

/* Of all steps from 0 on, those that were acknowledged are there, and perhaps the one after them. */
static void killed(void **state)
{
	struct fw_ruleset *model = fw_ruleset_new(NULL);
	uint64_t steps = 0;

	fixture_fresh();
	for (int i = 0; i < 60; i++) {
		/* Mostly when it has begun to work. */
		struct killed k = { .work = work, .from = steps, .us = 200000, .begun = random_below(5) };
		uint64_t done = steps + kill_child_counted(&k);
		struct engine *e = fixture_begin();

		for (; steps < done; steps++)
			model_step(&model, steps);
		if (!fixture_same(engine_ruleset(e), model))
			model_step(&model, steps++);
		if (!fixture_same(engine_ruleset(e), model))
			fail_msg("killed after %llu steps: the ruleset is neither that nor the next one",
				 (unsigned long long)done);
		assert_filters(e, 100);
		fixture_pump(e);
		engine_close(e);
	}
	fw_ruleset_free(model);
	print_message("60 kills, %llu steps\n", (unsigned long long)steps);
	assert_true(steps > 100);
}

int main(int argc, char **argv)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(model_agrees),
		cmocka_unit_test(killed),
	};

	return fixture_enter(argc, argv) ? cmocka_run_group_tests(tests, fixture_setup, fixture_teardown) : 0;
}

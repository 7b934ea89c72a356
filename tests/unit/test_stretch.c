// SPDX-License-Identifier: GPL-2.0-only
/*
 * Nobody keeps the loop for long: requests that are looked for at random, over
 * rulesets that are made to be slow, never do more work in one step than they
 * may. Work is counted, so that it is the same on each machine; the time of the
 * worst step is only printed. FW_ELEMENTS and FW_RULES make it as large as it gets.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "fw/tables.h"

#include "ctl/fwd/engine/work.h"
#include "lib/compile/tables.h"
#include "tests/unit/random.h"

/* A step ends with a whole unit: the values of a field, or one element with the search for the next. */
#define STEP_MOST (2 * WORK_STEP)
#define PLACES_MOST (2 * UPDATE_PLACES)
#define QUERY_BYTES 60000

struct worst {
	int64_t work;
	double seconds;
	char what[60];
};

static void note(struct worst *w, int64_t work, double seconds, const char *what)
{
	if (work > w->work) {
		w->work = work;
		snprintf(w->what, sizeof(w->what), "%.50s", what);
	}
	if (seconds > w->seconds)
		w->seconds = seconds;
}

/* Of this thread: others run too. */
static double cpu(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static unsigned elements(void)
{
	return random_amount("FW_ELEMENTS", 50000);
}

static void address(struct fw_buf *b, uint32_t n)
{
	n += 100u << 24;
	fw_buf_printf(b, "%u.%u.%u.%u", n >> 24, n >> 16 & 255, n >> 8 & 255, n & 255);
}

/* Sets that are slow in one way each: dense, elements in each other, many from the same address, and one around all. */
static void add_sets(struct fw_buf *b, unsigned n)
{
	fw_buf_printf(b, "set dense dynamic { ");
	for (unsigned i = 0; i < n; i++) {
		address(b, i * 2);
		fw_buf_printf(b, i + 1 < n ? ",\n" : " }\nset nested dynamic { ");
	}
	for (unsigned i = 0; i < n; i++) {
		address(b, i * 3);
		fw_buf_printf(b, "-");
		address(b, i * 3 + 1000);
		fw_buf_printf(b, i + 1 < n ? ",\n" : " }\nset same dynamic { ");
	}
	for (unsigned i = 0; i < n; i++) {
		address(b, 0);
		fw_buf_printf(b, "-");
		address(b, i);
		fw_buf_printf(b, i + 1 < n ? ",\n" : " }\nset around dynamic { 0.0.0.0-100.0.0.1,\n");
	}
	for (unsigned i = 0; i < n; i++) {
		address(b, i * 5);
		fw_buf_printf(b, i + 1 < n ? ",\n" : " }\n");
	}
}

static void add_numbers(struct fw_buf *b, const char *keyword, unsigned n, unsigned step, unsigned most)
{
	fw_buf_printf(b, " %s%s{ ", keyword, random_below(3) ? " " : " not ");
	for (unsigned i = 0; i < n && i * step < most; i++)
		fw_buf_printf(b, i ? ",%u" : "%u", i * step);
	fw_buf_printf(b, " }");
}

static const char *const expressions[] = { "@dense",      "not @nested",         "@same",
					   "not @around", "{ @dense, @nested }", "not { @dense, @same, 10.0.0.0/8 }",
					   "10.0.0.0/8",  "not 100.64.0.0/10" };
#define NEXPRESSIONS (sizeof(expressions) / sizeof(*expressions))

/* @n random rules, some of which name hundreds of interfaces or values. */
static void add_rules(struct fw_buf *b, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		unsigned k = random_below(2 * NEXPRESSIONS);

		fw_buf_printf(b, "rule");
		if (!random_below(50)) {
			fw_buf_printf(b, " on%s { ", random_below(2) ? "" : " not");
			for (unsigned v = 0; v < 300; v++)
				fw_buf_printf(b, v ? ",i%u" : "i%u", v * (1 + i % 3));
			fw_buf_printf(b, " }");
		}
		if (k < NEXPRESSIONS)
			fw_buf_printf(b, random_below(2) ? " from %s" : " to %s", expressions[k]);
		if (!random_below(50))
			add_numbers(b, "length", 10000, 2 + random_below(3), 65535);
		fw_buf_printf(b, " proto tcp");
		if (!random_below(50))
			add_numbers(b, "dport", 8000, 2 + random_below(3), 65535);
		fw_buf_printf(b, " sport %u drop\n", i % 60000);
	}
}

static struct fw_ruleset *slow_ruleset(unsigned rules)
{
	fw_cleanup(fw_buf_free) struct fw_buf b = { 0 };
	struct fw_ruleset *rs = fw_ruleset_new(NULL);
	struct fw_diags ds = { .n = 0 };

	add_sets(&b, elements());
	add_rules(&b, rules);
	assert_false(b.failed);
	if (fw_text_parse(rs, b.text, b.len, "slow", &ds))
		fail_msg("%s, line %u", ds.d[0].message, ds.d[0].line);
	assert_int_equal(fw_ruleset_order(rs), 0);
	return rs;
}

/* A list of addresses up to the room that a request has. */
static void add_addresses(struct fw_buf *b, const char *side)
{
	unsigned step = 1 + random_below(8), at = random_below(4), range = random_below(3);
	size_t end = b->len + QUERY_BYTES / (1 + random_below(4));

	fw_buf_printf(b, " %s%s{ ", side, random_below(3) ? " " : " not ");
	for (bool first = true; b->len < end && b->len < QUERY_BYTES; at += step + range, first = false) {
		fw_buf_printf(b, first ? "" : ",");
		address(b, at);
		if (range) {
			fw_buf_printf(b, "-");
			address(b, at + range - 1);
		}
	}
	fw_buf_printf(b, " }");
}

static void random_query(struct fw_buf *b)
{
	static const char *const sides[] = { "from", "to" };

	for (size_t i = 0; i < 2; i++)
		if (random_below(2))
			add_addresses(b, sides[i]);
	if (b->len < QUERY_BYTES / 2 && random_below(2)) {
		fw_buf_printf(b, " on%s { ", random_below(2) ? "" : " not");
		for (unsigned v = 0; v < 2000; v++)
			fw_buf_printf(b, v ? ",i%u" : "i%u", v);
		fw_buf_printf(b, " }");
	}
	if (b->len < QUERY_BYTES / 2 && random_below(2))
		add_numbers(b, "dport", 4000, 1 + random_below(4), 65535);
	if (b->len < QUERY_BYTES / 2 && random_below(2))
		add_numbers(b, "length", 4000, 1 + random_below(4), 65535);
	if (!b->len)
		fw_buf_printf(b, "from 203.0.113.0/24");
}

/* As fwd lists rules: a step continues while there is work left. */
static void list_all(struct fw_query *q, const struct fw_ruleset *rs, const char *what, struct worst *w)
{
	const struct fw_rule *r = rs->first;

	while (r) {
		int64_t work = WORK_STEP;
		double start = cpu();

		while (r && work > 0) {
			int passes = fw_query_passes(q, rs, r, &work);

			assert_true(passes >= 0 || passes == -EAGAIN);
			work -= WORK_RULE;
			r = passes < 0 ? r : r->next;
		}
		note(w, WORK_STEP - work, cpu() - start, what);
	}
}

static void a_list_does_little_in_a_step(void **state)
{
	struct fw_ruleset *rs = slow_ruleset(random_amount("FW_RULES", 2000));
	struct worst w = { 0 };

	for (unsigned round = 0; round < random_amount("FW_ROUNDS", 40); round++) {
		fw_cleanup(fw_buf_free) struct fw_buf b = { 0 };
		struct fw_diags ds = { .n = 0 };
		struct fw_query *q = NULL;

		random_query(&b);
		if (fw_text_query(b.text, "query", &ds, &q))
			continue; /* no packet can be like that */
		list_all(q, rs, b.text, &w);
		fw_query_free(q);
	}
	print_message("seed %llu: list: at most %lld of %d in a step, %.1f ms: %s ...\n",
		      (unsigned long long)random_seed(), (long long)w.work, WORK_STEP, w.seconds * 1e3, w.what);
	assert_in_range(w.work, 1, STEP_MOST);
	fw_ruleset_free(rs);
}

/* A random change of a size that may take the loop long. */
static void random_change(struct fw_buf *b, unsigned round)
{
	static const char *const sets[] = { "dense", "nested", "same", "around" };
	unsigned n = 1 + random_below(random_below(2) ? 4 : 2000);

	switch (random_below(3)) {
	case 0:
		fw_buf_printf(b, "add rule first name n%u %s %s proto tcp sport %u accept\n", round,
			      random_below(2) ? "from" : "to", expressions[random_below(NEXPRESSIONS)], round);
		return;
	case 1:
		fw_buf_printf(b, "add rule first name n%u from %u.0.0.0/%u drop\n", round, 64 + random_below(4) * 8,
			      5 + random_below(4));
		return;
	default:
		fw_buf_printf(b, "set add --exist %s", sets[random_below(4)]);
		for (unsigned i = 0, at = random_below(1000); i < n; i++, at += 1 + random_below(9)) {
			fw_buf_printf(b, " ");
			address(b, at);
		}
		fw_buf_printf(b, "\n");
	}
}

/* The work after a grace period is done in steps, each of which does little. */
static void end_grace(struct fw_image *image, struct worst *w)
{
	uint32_t ticket = fw_image_grace_begin(image);
	bool over = false;

	while (!over) {
		uint64_t before = image->tables->places;
		double start = cpu();
		int64_t work = WORK_STEP;

		over = fw_image_grace_end(image, ticket, &work);
		note(w, (int64_t)(image->tables->places - before), cpu() - start, "grace period");
	}
}

static void a_change_does_little(void **state)
{
	struct fw_ruleset *rs = slow_ruleset(500);
	struct fw_image image = { 0 };
	struct fw_pool *pool = NULL;
	struct worst w = { 0 };
	unsigned done = 0, refused = 0;

	assert_int_equal(fw_pool_new(&pool), 0);
	assert_int_equal(fw_tables_compile(rs, pool, NULL, NULL, &image), 0);
	image.generation = 1;
	for (unsigned round = 0; round < random_amount("FW_ROUNDS", 40) * 3; round++) {
		fw_cleanup(fw_buf_free) struct fw_buf b = { 0 };
		uint64_t before = image.tables->places;
		struct fw_diags ds = { .n = 0 };
		struct fw_update *c = NULL;
		struct fw_edit e;
		double start;
		int err;

		random_change(&b, round);
		assert_int_equal(fw_edit_begin(rs, &e), 0);
		err = fw_text_edit(&e, b.text, b.len, NULL, &ds, NULL);
		if (err)
			fail_msg("%s", ds.d[0].message);
		start = cpu();
		err = fw_tables_update(&image, &e, &ds, &c);
		note(&w, (int64_t)(image.tables->places - before), cpu() - start, b.text);
		assert_true(!err || err == -EAGAIN || err == -EBUSY || err == -E2BIG);
		done += !err;
		refused += err != 0;
		if (!err) {
			fw_update_commit(c);
			fw_edit_commit(&e);
		} else {
			fw_edit_abort(&e);
		}
		end_grace(&image, &w);
	}
	print_message("changes: at most %lld places of %d at once, %.1f ms: %s; %u made, %u for the worker\n",
		      (long long)w.work, UPDATE_PLACES, w.seconds * 1e3, w.what, done, refused);
	assert_true(done && refused);
	assert_in_range(w.work, 1, PLACES_MOST);
	fw_image_free(&image);
	fw_pool_free(pool);
	fw_ruleset_free(rs);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_list_does_little_in_a_step),
		cmocka_unit_test(a_change_does_little),
	};

	random_start();
	return cmocka_run_group_tests(tests, NULL, NULL);
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * Timeouts of elements: how they are written, and random changes of a set against a model, which is an array of times by address.
 * The clock is the ruleset's, and only the tests move it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fw/text.h"
#include "tests/unit/random.h"
#include "tests/unit/ruleset_check.h"

#define NOW 1000000u

static struct fw_ruleset *parse(const char *text, struct fw_diags *ds)
{
	struct fw_ruleset *rs = fw_ruleset_new(NULL);

	assert_non_null(rs);
	rs->now = NOW;
	if (!fw_text_parse(rs, text, strlen(text), "text", ds))
		return rs;
	fw_ruleset_free(rs);
	return NULL;
}

/* @now 0: as the store has it. */
static void assert_set(const struct fw_ruleset *rs, uint32_t now, const char *want)
{
	fw_cleanup(fw_buf_free) struct fw_buf b = { 0 };

	fw_text_print_set(&b, &rs->sets[0], now);
	assert_string_equal(b.text, want);
}

static void sets_are_read_and_printed(void **state)
{
	static const struct {
		const char *text, *left, *until;
	} rows[] = {
		{ "set s dynamic { 192.0.2.1 timeout 1h, 192.0.2.2 }",
		  "set s dynamic { 192.0.2.1 timeout 1h, 192.0.2.2 }",
		  "set s dynamic { 192.0.2.1 until 1003601, 192.0.2.2 }" },
		{ "set s dynamic{192.0.2.0/24 timeout 1d2h3m4s}", "set s dynamic { 192.0.2.0/24 timeout 1d2h3m4s }",
		  "set s dynamic { 192.0.2.0/24 until 1093785 }" },
		{ "set s dynamic { ::1 timeout 90 # seconds\n , ::2 timeout 3650d }",
		  "set s dynamic { ::1 timeout 1m30s, ::2 timeout 3650d }",
		  "set s dynamic { ::1 until 1000091, ::2 until 316360001 }" },
		{ "set s dynamic { ::1 until 1000091, ::2 until 4294967295 }",
		  "set s dynamic { ::1 timeout 1m30s, ::2 timeout 3650d }",
		  "set s dynamic { ::1 until 1000091, ::2 until 4294967295 }" },
		{ "set s dynamic timeout 1d size 10 { ::1, ::2 timeout never, ::3 timeout 7s }",
		  "set s dynamic timeout 1d size 10 { ::1 timeout 1d, ::2 timeout never, ::3 timeout 7s }",
		  "set s dynamic timeout 1d size 10 { ::1 until 1086401, ::2 timeout never, ::3 until 1000008 }" },
		/* Of equal elements the one that stays longest. */
		{ "set s dynamic { ::1 timeout 1h, ::1 timeout 2h, ::2 timeout 1h, ::2 }",
		  "set s dynamic { ::1 timeout 2h, ::2 }", "set s dynamic { ::1 until 1007201, ::2 }" },
		{ "set s dynamic size 1048576 { }", "set s dynamic size 1048576 { }",
		  "set s dynamic size 1048576 { }" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct fw_diags ds = { .n = 0 };
		struct fw_ruleset *rs = parse(rows[i].text, &ds), *again;

		if (!rs)
			fail_msg("%s: %s", rows[i].text, ds.d[0].message);
		assert_set(rs, NOW, rows[i].left);
		assert_set(rs, 0, rows[i].until);
		again = parse(rows[i].until, &ds);
		assert_set(again, 0, rows[i].until);
		fw_ruleset_free(again);
		fw_ruleset_free(rs);
	}
}

static void bad_timeouts_are_refused(void **state)
{
	static const struct {
		const char *text;
		unsigned column;
		const char *message;
	} rows[] = {
		{ "set s { 192.0.2.1 timeout 1h }", 19,
		  "only elements of dynamic sets have a timeout, and 's' is not dynamic" },
		{ "set s dynamic { 192.0.2.1 timeout }", 35, "expected a time, not '}'" },
		{ "set s dynamic { 192.0.2.1 timeout 0s }", 35, "'0s' is not a time" },
		{ "set s dynamic { 192.0.2.1 timeout 1h1h }", 35, "'1h1h' is not a time" },
		{ "set s dynamic { 192.0.2.1 timeout 1m1h }", 35, "'1m1h' is not a time" },
		{ "set s dynamic { 192.0.2.1 timeout 1h5 }", 35, "'1h5' is not a time" },
		{ "set s dynamic { 192.0.2.1 timeout h }", 35, "'h' is not a time" },
		{ "set s dynamic { 192.0.2.1 timeout 3650d1s }", 35, "'3650d1s' is not a time" },
		{ "set s dynamic { 192.0.2.1 timeout 99999999999999999999s }", 35,
		  "'99999999999999999999s' is not a time" },
		{ "set s dynamic { 192.0.2.1 timeout -1s }", 35, "'-1s' is not a time" },
		{ "set s dynamic { 192.0.2.1 until 0 }", 33,
		  "a time in seconds since the epoch is a number from 1 to 4294967295" },
		{ "set s dynamic { 192.0.2.1 until 4294967296 }", 33, "a time in seconds since the epoch" },
		{ "set s dynamic size 0 { }", 20, "the size of a set is a number from 1 to 1048576, not '0'" },
		{ "set s dynamic size { }", 20, "expected the size of a set, not '{'" },
		{ "set s dynamic timeout { }", 23, "expected a time, not '{'" },
		{ "set s dynamic { 192.0.2.1 timeout 1h 192.0.2.2 }", 38, "expected ',' or '}'" },
		{ "set s timeout 1h { }", 7, "expected '{', 'file' or 'dynamic', not 'timeout'" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct fw_diags ds = { .n = 0 };

		if (parse(rows[i].text, &ds))
			fail_msg("accepted: %s", rows[i].text);
		if (!strstr(ds.d[0].message, rows[i].message) || ds.d[0].column != rows[i].column)
			fail_msg("%s: column %u: %s", rows[i].text, ds.d[0].column, ds.d[0].message);
	}
}

static int change(struct fw_ruleset *rs, const char *text, struct fw_buf *log, struct fw_diags *ds)
{
	struct fw_edit e;
	int err;

	assert_int_equal(fw_edit_begin(rs, &e), 0);
	err = fw_text_edit(&e, text, strlen(text), "batch", ds, log);
	if (err)
		fw_edit_abort(&e);
	else
		fw_edit_commit(&e);
	return err;
}

/* Adding again prolongs, and never shortens. What is stored does the same when it is read, at another time. */
static void elements_are_prolonged(void **state)
{
	static const struct {
		const char *text, *log, *result;
	} rows[] = {
		{ "set add s ::1 timeout 1h", "set add s ::1 until 1003601\n",
		  "::1 until 1003601, ::5 until 1000100, ::6" },
		{ "set add s ::5 timeout 1h", "set add s ::5 until 1003601\n", "::5 until 1003601, ::6" },
		{ "set add s ::5 timeout 1s", "", "::5 until 1000100, ::6" },
		{ "set add s ::6 timeout 1h", "", "::5 until 1000100, ::6" },
		{ "set add s ::5", "set add s ::5\n", "::5, ::6" },
		{ "set add --exist s ::5 ::6 ::7", "set add s ::5 ::7\n", "::5, ::6, ::7" },
		{ "set add s { ::1 timeout 2s, ::2 }", "set add s ::1 until 1000003 ::2\n",
		  "::1 until 1000003, ::2, ::5 until 1000100, ::6" },
		{ "set add s ::1 timeout 2s ::2 timeout 3s", "set add s ::1 until 1000003 ::2 until 1000004\n",
		  "::1 until 1000003, ::2 until 1000004, ::5 until 1000100, ::6" },
		/* Shorter: deleted and added. */
		{ "set del s ::5\nset add s ::5 timeout 1s", "set del s ::5\nset add s ::5 until 1000002\n",
		  "::5 until 1000002, ::6" },
		{ "set del s ::6\nset add s ::6 timeout 1s\nset add s ::6",
		  "set del s ::6\nset add s ::6 until 1000002\nset add s ::6\n", "::5 until 1000100, ::6" },
		{ "set replace s { ::5 timeout 1s, ::6 timeout 1s }",
		  "set replace s { ::5 until 1000002, ::6 until 1000002 }\n", "::5 until 1000002, ::6 until 1000002" },
	};
	static const struct fw_files stored = { .stored = true };

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		static const char base[] = "set s dynamic { ::5 until 1000100, ::6 }\n";
		struct fw_diags ds = { .n = 0 };
		struct fw_ruleset *rs = parse(base, &ds), *later = parse(base, &ds);
		struct fw_buf log = { 0 }, want = { 0 };
		struct fw_edit e;

		later->now = NOW + 50;
		if (change(rs, rows[i].text, &log, &ds))
			fail_msg("%s: %s", rows[i].text, ds.d[0].message);
		assert_string_equal(log.text, rows[i].log);
		fw_buf_printf(&want, "set s dynamic { %s }", rows[i].result);
		assert_set(rs, 0, want.text);
		assert_int_equal(fw_edit_begin(later, &e), 0);
		assert_int_equal(fw_text_edit_with(&e, log.text, log.len, "log", &stored, &ds, NULL), 0);
		fw_edit_commit(&e);
		assert_set(later, 0, want.text);
		fw_buf_free(&log);
		fw_buf_free(&want);
		fw_ruleset_free(rs);
		fw_ruleset_free(later);
	}
}

static void bad_changes_are_refused(void **state)
{
	static const struct {
		const char *text, *message;
	} rows[] = {
		{ "set add s ::6", "the set 's' has this element already" },
		{ "set add t ::6 timeout 1h", "only elements of dynamic sets have a timeout, and 't' is not dynamic" },
		{ "set add s ::1 ::2 timeout 1h",
		  "it is not clear whether the timeout is for the addresses before this one" },
		{ "set add s ::1 timeout", "expected a time before the end of the text" },
		{ "set create u timeout 1h", "'timeout' is not an address" },
		{ "set create u { ::1 timeout 1h }", "only elements of dynamic sets" },
		{ "set replace t ::1 timeout 1h", "only elements of dynamic sets" },
	};
	struct fw_diags ds = { .n = 0 };
	struct fw_ruleset *rs = parse("set s dynamic { ::5 until 1000100, ::6 }\nset t { }\n", &ds);

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		ds.n = 0;
		if (!change(rs, rows[i].text, NULL, &ds))
			fail_msg("accepted: %s", rows[i].text);
		if (!strstr(ds.d[0].message, rows[i].message))
			fail_msg("%s: %s", rows[i].text, ds.d[0].message);
		assert_set(rs, 0, "set s dynamic { ::5 until 1000100, ::6 }");
	}
	fw_ruleset_free(rs);
}

/* The model: until when each of some addresses is in the set. */
#define ADDRESSES 40u
#define ABSENT UINT32_MAX
struct model {
	uint32_t until[ADDRESSES];
};

static struct fw_addr_range address(uint32_t i, uint32_t until)
{
	struct fw_addr a = { i % 2 ? (uint64_t)(0xc0000200u + i) << 32 : 0, i % 2 ? 0 : i };

	return (struct fw_addr_range){ .lo = a, .hi = a, .family = i % 2 ? FW_IP4 : FW_IP6, .until = until };
}

static void assert_model(const struct fw_ruleset *rs, const struct model *m)
{
	const struct fw_set *s = &rs->sets[0];
	size_t n = 0, found = 0;

	for (uint32_t i = 0; i < ADDRESSES; i++) {
		struct fw_addr_range want = address(i, m->until[i]);

		n += m->until[i] != ABSENT;
		for (size_t k = 0; k < s->n; k++)
			if (!fw_addr_cmp(s->elements[k].lo, want.lo) && s->elements[k].family == want.family) {
				assert_int_equal(s->elements[k].until, want.until);
				found++;
			}
		if (m->until[i] != ABSENT && m->until[i] != FW_FOREVER)
			assert_true(s->soonest != FW_FOREVER && s->soonest <= m->until[i]);
	}
	assert_int_equal(s->n, n);
	assert_int_equal(found, n);
}

static void model_expire(struct model *m, uint32_t now)
{
	for (uint32_t i = 0; i < ADDRESSES; i++)
		if (m->until[i] != FW_FOREVER && m->until[i] <= now)
			m->until[i] = ABSENT;
}

static uint32_t some_until(uint32_t now)
{
	return random_below(4) ? now + 1 + (uint32_t)random_below(50) : FW_FOREVER;
}

/* One random change, of the set and of the model. */
static void step(struct fw_edit *e, struct model *m, uint32_t now)
{
	uint32_t i = (uint32_t)random_below(ADDRESSES), until = some_until(now);
	struct fw_addr_range r = address(i, until);
	bool is = m->until[i] != ABSENT;

	switch (random_below(5)) {
	case 0:
		assert_int_equal(fw_edit_set_delete(e, 0, &r, (struct fw_place){ 0 }, NULL), is ? 0 : -EINVAL);
		m->until[i] = ABSENT;
		break;
	case 1:
		assert_int_equal(fw_edit_set_put(e, 0, &r), 0);
		m->until[i] = until;
		break;
	case 2:
		assert_int_equal(fw_edit_settle(e), 0);
		break;
	default:
		assert_int_equal(fw_edit_set_add(e, 0, &r, (struct fw_place){ 0 }, NULL),
				 is && fw_until_later(m->until[i], until) == m->until[i] ? -EINVAL : 0);
		m->until[i] = is ? fw_until_later(m->until[i], until) : until;
	}
}

/* Elements of the set that rows say have left are those of the model, or as many as were asked for. */
static void step_expire(struct fw_edit *e, struct model *m, uint32_t now)
{
	size_t most = random_below(2) ? 0 : e->nsets + 1 + random_below(5), before = e->nsets, over = 0;

	for (uint32_t i = 0; i < ADDRESSES; i++)
		over += m->until[i] != ABSENT && fw_until_over(m->until[i], now);
	/* Changes that are not settled yet become rows first. */
	assert_int_equal(fw_edit_settle(e), 0);
	most = most && most < e->nsets ? e->nsets + 1 : most;
	before = e->nsets;
	assert_int_equal(fw_edit_expire(e, now, most), 0);
	over = most && over > most - before ? most - before : over;
	assert_int_equal(e->nsets - before, over);
	for (; before < e->nsets; before++)
		for (uint32_t i = 0; i < ADDRESSES; i++) {
			struct fw_addr_range r = address(i, 0);

			if (e->sets[before].element.family == r.family &&
			    !fw_addr_cmp(e->sets[before].element.lo, r.lo)) {
				assert_false(e->sets[before].added);
				assert_int_equal(e->sets[before].element.until, m->until[i]);
				m->until[i] = ABSENT;
			}
		}
}

/* Changes, aborted or not, in rulesets that are read from their own text now and then, as a restart does. */
static void random_changes_follow_the_model(void **state)
{
	struct fw_ruleset *rs = parse("set s dynamic { }\n", NULL);
	struct model m;
	uint32_t now = NOW;

	for (uint32_t i = 0; i < ADDRESSES; i++)
		m.until[i] = ABSENT;
	for (uint32_t n = 0; n < 4000; n++) {
		struct model before = m;
		struct fw_edit e;

		assert_int_equal(fw_edit_begin(rs, &e), 0);
		for (size_t steps = random_below(8); steps; steps--)
			step(&e, &m, now);
		if (!random_below(3))
			step_expire(&e, &m, now);
		assert_int_equal(fw_edit_settle(&e), 0);
		assert_model(rs, &m);
		if (random_below(3)) {
			fw_edit_commit(&e);
		} else {
			fw_edit_abort(&e);
			m = before;
		}
		assert_model(rs, &m);
		assert_null(ruleset_check(rs, 0));
		now += (uint32_t)random_below(3) * (uint32_t)random_below(10);
		if (!random_below(20)) {
			struct fw_buf text = { 0 };

			fw_text_print(&text, rs);
			fw_ruleset_free(rs);
			rs = parse(text.text, NULL);
			fw_buf_free(&text);
			fw_ruleset_expire(rs, now);
			model_expire(&m, now);
			assert_model(rs, &m);
		}
	}
	fw_ruleset_free(rs);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(sets_are_read_and_printed),       cmocka_unit_test(bad_timeouts_are_refused),
		cmocka_unit_test(elements_are_prolonged),          cmocka_unit_test(bad_changes_are_refused),
		cmocka_unit_test(random_changes_follow_the_model),
	};

	random_start();
	return cmocka_run_group_tests(tests, NULL, NULL);
}

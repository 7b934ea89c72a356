// SPDX-License-Identifier: GPL-2.0-only
/* Which rules are shown by themselves: heaps in one pass against sorting everything; and how lines and times look. */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "ctl/fwd/base/histogram.h"
#include "ctl/fwd/requests/metric.h"
#include "ctl/fwd/requests/selection.h"
#include "tests/unit/random.h"

#define MAX 200

struct one {
	struct best_row row;
	bool marked;
};

static int by_id(const void *a, const void *b)
{
	uint64_t x = ((const struct one *)a)->row.id, y = ((const struct one *)b)->row.id;

	return x < y ? -1 : x > y;
}

/* The marked ones first, by id; then the others, most packets first. */
static int by_rank(const void *a, const void *b)
{
	const struct one *x = a, *y = b;

	if (x->marked != y->marked)
		return x->marked ? -1 : 1;
	if (!x->marked && x->row.count.packets != y->row.count.packets)
		return x->row.count.packets > y->row.count.packets ? -1 : 1;
	return by_id(a, b);
}

/* Those that are to be shown come to the front, by id: how many. */
static size_t choose(struct one *all, size_t n, size_t limit, size_t top)
{
	size_t shown = 0, marked = 0, others = 0;

	qsort(all, n, sizeof(*all), by_rank);
	for (size_t i = 0; i < n; i++)
		if (all[i].marked ? marked++ < limit : others++ < top && all[i].row.count.packets)
			all[shown++] = all[i];
	qsort(all, shown, sizeof(*all), by_id);
	return shown;
}

static struct one random_one(uint64_t id, uint32_t slot)
{
	struct one o = { .row = { .id = id, .slot = slot }, .marked = !random_below(3) };

	o.row.count.packets = random_below(3) ? random_below(20) : 0;
	o.row.count.bytes = random_below(1000);
	return o;
}

/* Rules with ids and slots in no order and with gaps. */
static struct fw_ruleset *some_rules(size_t n, struct one *all)
{
	struct fw_ruleset *rs = fw_ruleset_new(NULL);
	uint32_t slots[MAX];
	uint64_t ids[MAX];

	for (size_t i = 0; i < n; i++) {
		struct fw_rule draft = { .verdict = FW_DROP };
		size_t k = random_below((uint32_t)i + 1);

		assert_int_equal(fw_ruleset_add(rs, &draft, (struct fw_place){ 0 }, NULL, NULL), 0);
		ids[i] = random_below(8) ? i * 3 + random_below(3) + 1 : UINT64_MAX - i;
		slots[i] = k < i ? slots[k] : 0;
		slots[k] = (uint32_t)(i * 2 + random_below(2));
	}
	assert_int_equal(fw_ruleset_number(rs, ids, slots), 0);
	for (size_t i = 0; i < n; i++)
		all[i] = random_one(ids[i], slots[i]);
	return rs;
}

static void add_count(struct selection_sum *sum, const struct best_row *row)
{
	sum->rules++;
	sum->count.packets += row->count.packets;
	sum->count.bytes += row->count.bytes;
}

static void assert_sums(const struct selection *s, const struct one *all, size_t n)
{
	struct selection_sum sum = { 0 }, shown = { 0 };

	for (size_t i = 0; i < n; i++)
		add_count(&sum, &all[i].row);
	for (size_t i = 0; i < s->marked.n; i++)
		add_count(&shown, &s->marked.rows[i]);
	assert_memory_equal(&s->all, &sum, sizeof(sum));
	assert_memory_equal(&s->shown, &shown, sizeof(shown));
}

static void assert_same(const struct best_row *a, const struct best_row *b)
{
	assert_true(a->id == b->id);
	assert_int_equal(a->slot, b->slot);
	assert_memory_equal(&a->count, &b->count, sizeof(a->count));
}

static void selections_against_sorting(void **state)
{
	static struct one all[MAX];

	for (int round = 0; round < 3000; round++) {
		size_t n = random_below(MAX), limit = random_below(4) ? random_below(MAX) : 0, top = random_below(30);
		struct fw_ruleset *rs = some_rules(n, all);
		size_t marked = 0, shown;
		struct selection s;

		selection_init(&s, limit, top);
		for (size_t i = 0; i < n; i++) {
			selection_add(&s, &all[i].row, all[i].marked);
			marked += all[i].marked;
		}
		assert_int_equal(selection_complete(&s, rs), 0);
		assert_sums(&s, all, n);
		assert_int_equal(s.marked_left_out, marked > limit ? marked - limit : 0);
		shown = choose(all, n, limit, top);
		assert_int_equal(s.marked.n, shown);
		for (size_t i = 0; i < shown; i++)
			assert_same(&s.marked.rows[i], &all[i].row);
		selection_free(&s);
		fw_ruleset_free(rs);
	}
}

/* A counter whose label is not that of the slot's rule counts, but is not shown. */
static void others_are_not_shown(void **state)
{
	static struct one all[MAX];
	struct fw_ruleset *rs = some_rules(10, all);
	struct selection s;

	selection_init(&s, 10, 10);
	for (size_t i = 0; i < 10; i++) {
		all[i].row.count.packets = 1;
		all[i].row.id += i == 3 ? 1000 : 0;
		selection_add(&s, &all[i].row, i < 5);
	}
	assert_int_equal(selection_complete(&s, rs), 0);
	assert_int_equal(s.all.rules, 10);
	assert_int_equal(s.shown.rules, 9);
	assert_int_equal(s.marked_left_out, 1);
	selection_free(&s);
	fw_ruleset_free(rs);
}

static void the_most_packets(void **state)
{
	static struct one all[MAX];

	for (int round = 0; round < 1000; round++) {
		size_t n = random_below(MAX), room = 1 + random_below(50);
		struct fw_ruleset *rs = some_rules(n, all);
		struct best b;

		best_init(&b, room, best_by_packets);
		for (size_t i = 0; i < n; i++) {
			all[i].marked = false;
			best_add(&b, all[i].row);
		}
		best_sort(&b);
		qsort(all, n, sizeof(*all), by_rank);
		assert_int_equal(b.n, n < room ? n : room);
		for (size_t i = 0; i < b.n; i++)
			assert_same(&b.rows[i], &all[i].row);
		best_free(&b);
		fw_ruleset_free(rs);
	}
}

static void lines(void **state)
{
	static char longest[FW_NAME_MAX + 1];
	const struct {
		struct fw_rule rule;
		struct fw_count count;
		const char *want;
	} rows[] = {
		{ { .id = 1, .verdict = FW_DROP }, { 0, 0 }, "1 0 0 drop - -" },
		{ { .id = 10, .verdict = FW_ACCEPT, .counter = 1 }, { 10, 9 }, "10 10 9 accept counter -" },
		{ { .id = 9, .verdict = FW_ACCEPT, .name = "web" }, { 1, 1500 }, "9 1 1500 accept - web" },
		{ { .id = UINT64_MAX, .verdict = FW_ACCEPT, .counter = 1, .name = longest },
		  { UINT64_MAX, UINT64_MAX },
		  "18446744073709551615 18446744073709551615 18446744073709551615 accept counter "
		  "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx" },
	};
	struct fw_buf got = { 0 }, want = { 0 };

	memset(longest, 'x', FW_NAME_MAX);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		metric_rule(&got, &rows[i].rule, rows[i].count);
		fw_buf_printf(&want, "%s\n", rows[i].want);
	}
	assert_string_equal(got.text, want.text);
	fw_buf_free(&got);
	fw_buf_free(&want);
}

static void times(void **state)
{
	struct histogram h = { .count = 0 };
	uint64_t sum = 0;

	histogram_add(&h, 0);
	histogram_add(&h, histogram_bounds[0]);
	histogram_add(&h, histogram_bounds[0] * 1.01);
	histogram_add(&h, histogram_bounds[HISTOGRAM_BOUNDS - 1]);
	histogram_add(&h, 1e9);
	assert_int_equal(h.counts[0], 2);
	assert_int_equal(h.counts[1], 1);
	assert_int_equal(h.counts[HISTOGRAM_BOUNDS - 1], 1);
	assert_int_equal(h.counts[HISTOGRAM_BOUNDS], 1);
	for (unsigned i = 0; i <= HISTOGRAM_BOUNDS; i++)
		sum += h.counts[i];
	assert_int_equal(sum, h.count);
	assert_true(h.sum > 1e9);
	for (unsigned i = 1; i < HISTOGRAM_BOUNDS; i++)
		assert_true(histogram_bounds[i] > histogram_bounds[i - 1]);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(selections_against_sorting),
		cmocka_unit_test(others_are_not_shown),
		cmocka_unit_test(the_most_packets),
		cmocka_unit_test(lines),
		cmocka_unit_test(times),
	};

	random_start();
	return cmocka_run_group_tests(tests, NULL, NULL);
}

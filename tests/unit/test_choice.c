// SPDX-License-Identifier: GPL-2.0-only
/* Lines of counters, and which rules are chosen from them: as a search that keeps everything would. */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "random.h"
#include "ctl/exporter/choice.h"

static long parse(const char *text, struct line *l)
{
	return line_parse(text, text + strlen(text), l);
}

static void good_lines(void **state)
{
	struct line l;

	assert_int_equal(parse("10 3 588 accept - neighbour\nmore", &l), 28);
	assert_true(l.marked && l.accept);
	assert_int_equal(line_number(l.field[LINE_ID]), 10);
	assert_int_equal(line_number(l.field[LINE_PACKETS]), 3);
	assert_int_equal(line_number(l.field[LINE_BYTES]), 588);
	assert_true(line_is(l.field[LINE_NAME], "neighbour"));
	assert_int_equal(parse("18446744073709551615 99999999999999999999 0 drop - -\n", &l), 53);
	assert_false(l.marked || l.accept);
	assert_true(line_number(l.field[LINE_ID]) == UINT64_MAX);
	assert_true(line_number(l.field[LINE_PACKETS]) == UINT64_MAX);
	assert_int_equal(l.field[LINE_NAME].len, 0);
	assert_int_equal(parse("1 0 0 drop counter -\n", &l), 21);
	assert_true(l.marked);
}

static void bad_lines(void **state)
{
	static const char *const rows[] = {
		"",
		"\n",
		" \n",
		"1 2 3 accept - x",
		"1 2 3 accept -\n",
		"1 2 3 accept - \n",
		"1 2 3 accept  - x\n",
		" 1 2 3 accept - x\n",
		"1 2 3 maybe - x\n",
		"1 2 3 accep - x\n",
		"1 2 3 accepts - x\n",
		"1 2 3 accept + x\n",
		"1 2 3 accept counters x\n",
		"1 -2 3 accept - x\n",
		"1 2 3.0 accept - x\n",
		"1x 2 3 accept - x\n",
		"1 2 100000000000000000000 accept - x\n",
		"in/xdp 1 2 drop - -\n",
		"# anything\n",
	};
	static const char begin[] = "1 2 3 accept - ";
	static const char zeros[] = "1 2 3 accept\0\0\0 - x\n";
	char longest[LINE_BYTES_MAX + 32];
	struct line l;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (parse(rows[i], &l) != -EPROTO)
			fail_msg("taken for a line: %s", rows[i]);
	/* Bytes of 0 end no word. */
	assert_int_equal(line_parse(zeros, zeros + sizeof(zeros) - 1, &l), -EPROTO);
	memset(longest, 'x', sizeof(longest));
	for (size_t i = 0; i < sizeof(begin) - 1; i++)
		longest[i] = begin[i];
	longest[LINE_BYTES_MAX] = '\n';
	assert_int_equal(line_parse(longest, longest + sizeof(longest), &l), -EPROTO);
	longest[LINE_BYTES_MAX - 1] = '\n';
	assert_int_equal(line_parse(longest, longest + sizeof(longest), &l), LINE_BYTES_MAX);
}

#define RULES 300

/* A rule is better than another when it stands before it in the list of its kind. */
static int rank(const struct chosen *rules, size_t n, size_t i)
{
	const struct chosen *r = &rules[i];
	int better = 0;

	for (size_t k = 0; k < n; k++) {
		const struct chosen *o = &rules[k];

		if (o->marked != r->marked || k == i)
			continue;
		if (r->marked)
			better += o->id < r->id;
		else
			better += o->count.packets > r->count.packets ||
				  (o->count.packets == r->count.packets && o->id < r->id);
	}
	return better;
}

static size_t make_rules(struct chosen *rules)
{
	size_t n = random_below(RULES + 1);
	unsigned marked = random_below(101), packets = 1 + random_below(40);

	for (size_t i = 0; i < n; i++) {
		struct chosen *r = &rules[i];

		*r = (struct chosen){ .id = random_u64() << 9 | i, .accept = random_below(2) };
		r->count = (struct tally){ random_below(packets), random_below(1000) };
		if (random_below(100) < marked) {
			r->marked = true;
			r->counter = random_below(2);
			if (!r->counter || random_below(2))
				snprintf(r->name, sizeof(r->name), "name-%zu", i);
		}
	}
	return n;
}

/* What is chosen must be each rule that ranks below the limits, by id, just as it was given; and the sums add up. */
static void check_choice(const struct chosen *rules, size_t n, size_t max_marked, size_t top)
{
	const struct chosen *got = NULL;
	struct snapshot_rules left = { 0 };
	struct snapshot snap = { 0 };
	struct choice c;
	size_t ngot, found = 0;
	uint64_t marked = 0;

	choice_init(&c, max_marked, top);
	for (size_t i = 0; i < n; i++) {
		char text[LINE_BYTES_MAX];
		size_t len = choice_line(&rules[i], text);
		struct line l;

		assert_int_equal(line_parse(text, text + len, &l), len);
		assert_int_equal(line_number(l.field[LINE_ID]), rules[i].id);
		assert_true(l.marked == rules[i].marked && l.accept == rules[i].accept);
		assert_int_equal(choice_add(&c, &rules[i]), 0);
	}
	assert_int_equal(choice_end(&c, &snap, &got, &ngot), 0);
	for (size_t i = 0; i < n; i++) {
		size_t limit = rules[i].marked ? max_marked : rules[i].count.packets ? top : 0, k = 0;

		if ((size_t)rank(rules, n, i) >= limit) {
			left.count++;
			left.sum.packets += rules[i].count.packets;
			left.sum.bytes += rules[i].count.bytes;
			marked += rules[i].marked;
			continue;
		}
		while (k < ngot && got[k].id != rules[i].id)
			k++;
		assert_true(k < ngot);
		assert_string_equal(got[k].name, rules[i].name);
		assert_true(got[k].accept == rules[i].accept && got[k].counter == rules[i].counter);
		assert_memory_equal(&got[k].count, &rules[i].count, sizeof(got[k].count));
		found++;
	}
	assert_int_equal(found, ngot);
	for (size_t k = 1; k < ngot; k++)
		assert_true(got[k - 1].id < got[k].id);
	assert_int_equal(snap.rules.count, n);
	assert_memory_equal(&snap.left_out, &left, sizeof(left));
	assert_int_equal(snap.marked_left_out, marked);
	choice_free(&c);
}

static void as_a_naive_search(void **state)
{
	static struct chosen rules[RULES];
	unsigned rounds = random_amount("FW_CHOICES", 300);

	random_start();
	for (unsigned i = 0; i < rounds; i++) {
		size_t n = make_rules(rules);

		check_choice(rules, n, random_below(RULES), random_below(50));
	}
	check_choice(rules, 0, 10, 10);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_lines),
		cmocka_unit_test(bad_lines),
		cmocka_unit_test(as_a_naive_search),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

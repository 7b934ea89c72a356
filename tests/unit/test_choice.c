// SPDX-License-Identifier: GPL-2.0-only
/* Lines of counters; and the rules that are chosen to be exported, compared with a choice that keeps everything. */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "fw/rule.h"
#include "fw/rule_choice.h"
#include "fw/rule_line.h"
#include "tests/unit/random.h"
#include "tests/unit/tree.h"

static long parse(const char *text, struct fw_rule_line *l)
{
	return fw_rule_line_parse(text, text + strlen(text), l);
}

static void good_lines(void **state)
{
	struct fw_rule_line l;

	assert_int_equal(parse("10 3 588 accept - neighbour web\nmore", &l), 32);
	assert_true(l.id == 10 && l.count.packets == 3 && l.count.bytes == 588);
	assert_true(l.verdict == FW_ACCEPT && !l.exported && fw_rule_line_marked(&l));
	assert_int_equal(l.name_len, 9);
	assert_memory_equal(l.name, "neighbour", 9);
	assert_int_equal(l.chain_len, 3);
	assert_memory_equal(l.chain, "web", 3);
	assert_int_equal(parse("18446744073709551615 99999999999999999999 0 drop - - -\n", &l), 55);
	assert_true(l.id == UINT64_MAX && l.count.packets == UINT64_MAX && l.verdict == FW_DROP);
	assert_false(fw_rule_line_marked(&l));
	assert_int_equal(parse("1 0 0 drop counter - -\n", &l), 23);
	assert_int_equal(l.chain_len, 0);
	assert_true(l.exported && fw_rule_line_marked(&l));
}

static void bad_lines(void **state)
{
	static const char *const rows[] = {
		"",
		"\n",
		" \n",
		"1 2 3 accept - x -",
		"1 2 3 accept -\n",
		"1 2 3 accept - x\n",
		"1 2 3 accept - x \n",
		"1 2 3 accept  - x -\n",
		" 1 2 3 accept - x -\n",
		"1 2 3 maybe - x -\n",
		"1 2 3 accep - x -\n",
		"1 2 3 accepts - x -\n",
		"1 2 3 accept + x -\n",
		"1 2 3 accept counters x -\n",
		"1 -2 3 accept - x -\n",
		"1 2 3.0 accept - x -\n",
		"1x 2 3 accept - x -\n",
		"1 2 100000000000000000000 accept - x -\n",
		"in/xdp 1 2 drop - - -\n",
		"# anything\n",
	};
	static const char begin[] = "1 2 3 accept - - ";
	static const char zeros[] = "1 2 3 accept\0\0\0 - x -\n";
	char longest[FW_RULE_LINE_MAX + 32];
	struct fw_rule_line l;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (parse(rows[i], &l) != -EPROTO)
			fail_msg("taken for a line: %s", rows[i]);
	/* A NUL does not end a word. */
	assert_int_equal(fw_rule_line_parse(zeros, zeros + sizeof(zeros) - 1, &l), -EPROTO);
	memset(longest, 'x', sizeof(longest));
	for (size_t i = 0; i < sizeof(begin) - 1; i++)
		longest[i] = begin[i];
	longest[FW_RULE_LINE_MAX] = '\n';
	assert_int_equal(fw_rule_line_parse(longest, longest + sizeof(longest), &l), -EPROTO);
	longest[FW_RULE_LINE_MAX - 1] = '\n';
	assert_int_equal(fw_rule_line_parse(longest, longest + sizeof(longest), &l), FW_RULE_LINE_MAX);
}

static char *line_of(char text[FW_RULE_LINE_MAX], const struct fw_rule_line *l)
{
	text[fw_rule_line_print(text, l)] = '\0';
	return text;
}

/* Lines are printed as the kernel prints them, and can be read back. */
static void printed_lines(void **state)
{
	static char longest[FW_NAME_MAX + 1];
	const struct fw_rule_line rows[] = {
		{ 1, { 0, 0 }, FW_DROP, false, NULL, 0, NULL, 0 },
		{ 10, { 10, 9 }, FW_ACCEPT, true, NULL, 0, "guests", 6 },
		{ 9, { 1, 1500 }, FW_ACCEPT, false, "web", 3, NULL, 0 },
		{ UINT64_MAX, { UINT64_MAX, UINT64_MAX }, FW_ACCEPT, true, longest, FW_NAME_MAX, longest, FW_NAME_MAX },
	};

	memset(longest, 'x', FW_NAME_MAX);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct fw_rule_line *l = &rows[i];
		char text[FW_RULE_LINE_MAX], want[FW_RULE_LINE_MAX];
		struct fw_rule_line got;

		snprintf(want, sizeof(want), FW_RULE_LINE_FORMAT, (unsigned long long)l->id,
			 (unsigned long long)l->count.packets, (unsigned long long)l->count.bytes,
			 fw_verdict_name(l->verdict), l->exported ? FW_RULE_LINE_FLAG : FW_RULE_LINE_NONE,
			 l->name_len ? l->name : FW_RULE_LINE_NONE, l->chain_len ? l->chain : FW_RULE_LINE_NONE);
		assert_string_equal(line_of(text, l), want);
		assert_int_equal(parse(text, &got), strlen(text));
		assert_true(got.id == l->id && got.verdict == l->verdict && got.exported == l->exported);
		assert_memory_equal(&got.count, &l->count, sizeof(l->count));
		assert_int_equal(got.name_len, l->name_len);
		assert_memory_equal(got.name, l->name_len ? l->name : FW_RULE_LINE_NONE, l->name_len);
		assert_int_equal(got.chain_len, l->chain_len);
		assert_memory_equal(got.chain, l->chain_len ? l->chain : FW_RULE_LINE_NONE, l->chain_len);
	}
}

/* The manual of the socket describes the line correctly. */
static void documented(void **state)
{
	static char text[1 << 17];
	FILE *f = fopen(tree_source("docs/fwd.socket.md"), "re");

	assert_non_null(f);
	text[fread(text, 1, sizeof(text) - 1, f)] = '\0';
	fclose(f);
	assert_non_null(strstr(text, "`" FW_RULE_LINE_SYNTAX "`"));
}

#define RULES 300

struct rule {
	struct fw_rule_row row;
	bool marked;
};

/* How many rules of its kind rank above a rule. */
static size_t rank(const struct rule *rules, size_t n, size_t i)
{
	const struct rule *r = &rules[i];
	size_t better = 0;

	for (size_t k = 0; k < n; k++) {
		const struct rule *o = &rules[k];

		if (o->marked != r->marked || k == i)
			continue;
		if (r->marked)
			better += o->row.id < r->row.id;
		else
			better += o->row.count.packets > r->row.count.packets ||
				  (o->row.count.packets == r->row.count.packets && o->row.id < r->row.id);
	}
	return better;
}

static size_t make_rules(struct rule *rules)
{
	size_t n = random_below(RULES + 1);
	unsigned marked = random_below(101), packets = 1 + random_below(40);

	for (size_t i = 0; i < n; i++) {
		rules[i] = (struct rule){ .row.id = random_u64() << 9 | i, .marked = random_below(100) < marked };
		rules[i].row.count = (struct fw_count){ random_below(packets), random_below(1000) };
	}
	return n;
}

static bool is_even(const void *row, void *ctx)
{
	return ((const struct rule *)row)->row.id % 2 == 0;
}

/* Should the rule be chosen? A row that is dropped at the end has displaced another one before. */
static bool is_chosen(const struct rule *rules, size_t n, size_t i, const size_t limits[2], bool even)
{
	const struct rule *r = &rules[i];
	size_t limit = r->marked ? limits[0] : r->row.count.packets ? limits[1] : 0;

	return rank(rules, n, i) < limit && (!even || is_even(r, NULL));
}

static void assert_has(const struct fw_rule_heap *h, const struct rule *r)
{
	size_t k = 0;

	while (k < h->n && ((const struct rule *)fw_rule_heap_at(h, k))->row.id != r->row.id)
		k++;
	assert_true(k < h->n);
	assert_memory_equal(fw_rule_heap_at(h, k), r, sizeof(*r));
}

static void assert_by_id(const struct fw_rule_heap *h)
{
	for (size_t k = 1; k < h->n; k++)
		assert_true(((const struct rule *)fw_rule_heap_at(h, k - 1))->row.id <
			    ((const struct rule *)fw_rule_heap_at(h, k))->row.id);
}

/* The choice must be every rule within the limits, by id and unchanged; and the sums must add up. */
static void check_choice(const struct rule *rules, size_t n, const size_t limits[2], bool even)
{
	struct fw_rule_sum all = { 0 }, chosen = { 0 }, left = { 0 }, rest;
	struct fw_rule_choice c;
	uint64_t marked = 0;

	fw_rule_choice_init(&c, limits[0], limits[1], sizeof(*rules));
	for (size_t i = 0; i < n; i++)
		fw_rule_choice_add(&c, &rules[i], rules[i].marked);
	assert_int_equal(fw_rule_choice_end(&c, even ? is_even : NULL, NULL), 0);
	for (size_t i = 0; i < n; i++) {
		bool is = is_chosen(rules, n, i, limits, even);

		fw_rule_sum_add(&all, rules[i].row.count);
		fw_rule_sum_add(is ? &chosen : &left, rules[i].row.count);
		marked += rules[i].marked && !is;
		if (is)
			assert_has(&c.marked, &rules[i]);
	}
	assert_int_equal(c.marked.n, chosen.rules);
	assert_by_id(&c.marked);
	assert_memory_equal(&c.all, &all, sizeof(all));
	assert_memory_equal(&c.chosen, &chosen, sizeof(chosen));
	rest = fw_rule_sum_rest(&c.all, &c.chosen);
	assert_memory_equal(&rest, &left, sizeof(left));
	assert_int_equal(c.marked_left_out, marked);
	fw_rule_choice_free(&c);
}

static void as_a_naive_search(void **state)
{
	static struct rule rules[RULES];
	unsigned rounds = random_amount("FW_CHOICES", 300);

	random_start();
	for (unsigned i = 0; i < rounds; i++) {
		size_t n = make_rules(rules);

		check_choice(rules, n, (const size_t[]){ random_below(4) ? random_below(RULES) : 0, random_below(50) },
			     random_below(2));
	}
	check_choice(rules, 0, (const size_t[]){ 10, 10 }, false);
}

static void the_most_packets(void **state)
{
	static struct rule rules[RULES];

	for (int round = 0; round < 300; round++) {
		size_t n = make_rules(rules), room = 1 + random_below(50);
		struct fw_rule_heap h;

		fw_rule_heap_init(&h, room, sizeof(*rules), fw_rule_by_packets);
		for (size_t i = 0; i < n; i++) {
			rules[i].marked = false;
			fw_rule_heap_add(&h, &rules[i]);
		}
		fw_rule_heap_sort(&h);
		assert_int_equal(h.n, n < room ? n : room);
		for (size_t i = 0; i < n; i++) {
			size_t at = rank(rules, n, i);

			if (rules[i].row.count.packets && at < h.n)
				assert_memory_equal(fw_rule_heap_at(&h, at), &rules[i], sizeof(rules[i]));
		}
		fw_rule_heap_free(&h);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_lines), cmocka_unit_test(bad_lines),         cmocka_unit_test(printed_lines),
		cmocka_unit_test(documented), cmocka_unit_test(as_a_naive_search), cmocka_unit_test(the_most_packets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * Cursors over a changing ruleset: a walk sees each rule that is not moved, deleted or added meanwhile exactly once, even if
 * it is replaced, or its neighbours get new ranks.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "ctl/fwd/engine/cursor.h"
#include "fw/text.h"

#define RULES 60
#define IDS 20000

static struct fw_ruleset *make_rules(unsigned n)
{
	struct fw_ruleset *rs = fw_ruleset_new(NULL);
	struct fw_diags ds = { .n = 0 };
	struct fw_buf b = { 0 };

	for (unsigned i = 0; i < n; i++)
		fw_buf_printf(&b, "rule %u length %u accept\n", i + 1, i);
	assert_int_equal(fw_text_parse(rs, b.text, b.len, NULL, &ds), 0);
	fw_buf_free(&b);
	return rs;
}

static void change(struct cursors *cs, struct fw_ruleset *rs, const char *text)
{
	struct fw_diags ds = { .n = 0 };
	struct fw_edit e;

	assert_int_equal(fw_edit_begin(rs, &e), 0);
	assert_int_equal(fw_text_edit(&e, text, strlen(text), NULL, &ds, NULL), 0);
	for (size_t i = 0; i < e.nrules; i++)
		cursors_row(cs, &e.rules[i]);
	fw_edit_commit(&e);
	cursors_settle(cs, rs);
}

/* A cursor at rule 3 of 1 to 6, and where it is after a change. */
static void places(void **state)
{
	static const struct {
		const char *change;
		uint64_t want; /* id; 0: the end */
	} rows[] = {
		{ "del rule 2", 3 },
		{ "del rule 3", 4 },
		{ "del rule 3 4 5", 6 },
		{ "del rule 3 4 5 6", 0 },
		{ "del rule 1 2 3 4 5 6", 0 },
		{ "replace rule 3 drop", 3 },
		{ "replace rule 3 drop\nreplace rule 4 drop", 3 },
		{ "del rule 3\nreplace rule 4 drop\nreplace rule 2 drop", 4 },
		{ "move rule 3 last", 4 },
		{ "move rule 3 first", 4 },
		{ "move rule 4 first", 3 },
		{ "del rule 3\nmove rule 4 last", 5 },
		{ "del rule 3\nmove rule 1 before 4", 4 },
		{ "del rule 3\nmove rule 6 before 4\nmove rule 1 after 6", 6 },
		{ "add rule before 3 7 accept", 3 },
		{ "del rule 3\nadd rule before 4 7 accept", 4 },
		{ "del rule 3\nadd rule before 4 3 accept", 4 },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct fw_ruleset *rs = make_rules(6);
		struct cursors cs = { .first = NULL };
		struct cursor c, other;

		cursor_open(&cs, &other, rs->first);
		cursor_open(&cs, &c, rs->first->next->next);
		change(&cs, rs, rows[i].change);
		assert_int_equal(c.rule ? c.rule->id : 0, rows[i].want);
		assert_false(c.lost);
		cursor_close(&cs, &other);
		cursor_close(&cs, &other);
		cursors_lose(&cs);
		assert_true(c.lost);
		assert_null(c.rule);
		cursor_close(&cs, &c);
		assert_null(cs.first);
		fw_ruleset_free(rs);
	}
}

/* One walk over changing rules. */
struct walk {
	struct fw_ruleset *rs;
	struct cursors cs;
	struct cursor c;
	unsigned seen[IDS];
	bool vague[IDS]; /* moved, deleted, added, or given another rank by an edit that also moves */
};

static const struct fw_rule *any_rule(const struct walk *w)
{
	const struct fw_rule *r = w->rs->first;

	for (int i = rand() % (int)w->rs->nrules; i; i--)
		r = r->next;
	return r;
}

static void note(struct walk *w, const struct fw_edit *e, bool moves)
{
	for (size_t i = 0; i < e->nrules; i++) {
		const struct fw_rule_change *row = &e->rules[i];
		const struct fw_rule *r = row->after ? row->after : row->before;

		if (!r)
			continue;
		if (!row->after || !row->before || (moves && row->before->rank != row->after->rank))
			w->vague[r->id] = true;
		cursors_row(&w->cs, row);
	}
}

/* A random edit while cursors are on their way: moves, or else replacements, additions and deletions. */
static void edit(struct walk *w)
{
	bool moves = rand() % 3 == 0;
	int n = 1 + rand() % (moves ? 5 : 30);
	uint64_t other = any_rule(w)->id;
	struct fw_diags ds = { .n = 0 };
	struct fw_buf b = { 0 };
	struct fw_edit e;

	for (int i = 0; i < n; i++)
		if (moves)
			fw_buf_printf(&b, "move rule %llu after %llu\n", (unsigned long long)any_rule(w)->id,
				      (unsigned long long)any_rule(w)->id);
		else if (rand() % 2)
			fw_buf_printf(&b, "replace rule %llu length %d drop\n", (unsigned long long)any_rule(w)->id, i);
		else
			fw_buf_printf(&b, "add rule %s %llu accept\n", rand() % 2 ? "after" : "before",
				      (unsigned long long)other);
	if (!moves && rand() % 2 && w->rs->nrules > RULES / 2)
		fw_buf_printf(&b, "del rule %llu\n", (unsigned long long)(w->c.rule ? w->c.rule : any_rule(w))->id);
	assert_int_equal(fw_edit_begin(w->rs, &e), 0);
	if (fw_text_edit(&e, b.text, b.len, NULL, &ds, NULL)) {
		/* Moved after itself: refused. */
		fw_edit_abort(&e);
	} else {
		note(w, &e, moves);
		fw_edit_commit(&e);
		cursors_settle(&w->cs, w->rs);
	}
	fw_buf_free(&b);
}

static void random_walks(void **state)
{
	unsigned seed = (unsigned)time(NULL);

	print_message("seed %u\n", seed);
	srand(seed);
	for (unsigned round = 0; round < 300; round++) {
		struct walk *w = calloc(1, sizeof(*w));
		uint64_t last = 0;

		w->rs = make_rules(RULES);
		cursor_open(&w->cs, &w->c, w->rs->first);
		while (w->c.rule) {
			const struct fw_rule *r = w->c.rule;

			assert_in_range(r->id, 1, IDS - 1);
			w->seen[r->id]++;
			w->c.rule = r->next;
			if (rand() % 3 == 0)
				edit(w);
		}
		for (const struct fw_rule *r = w->rs->first; r; r = r->next) {
			if (w->vague[r->id])
				continue;
			assert_int_equal(w->seen[r->id], 1);
			assert_true(r->id > last);
			last = r->id;
		}
		cursor_close(&w->cs, &w->c);
		fw_ruleset_free(w->rs);
		free(w);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(places),
		cmocka_unit_test(random_walks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

// SPDX-License-Identifier: GPL-2.0-only
/* Many random edits, committed or undone, against a plain array: order, ranks, rows, memory. */
#include "fw/table/format.h"
#include "fw/text.h"
#include "tests/unit/edits.h"
#include "tests/unit/random.h"
#include "tests/unit/rows.h"
#include "tests/unit/rulesets.h"

/* What a ruleset is, pointer by pointer, to see whether an edit was undone. */
struct picture {
	char *text;
	struct fw_rule **rules;
	struct fw_rule *copies;
	size_t n, exprs;
	uint64_t next_id;
	uint32_t next_slot;
};

static struct picture picture_of(const struct fw_ruleset *rs)
{
	struct picture p = {
		.text = ruleset_print(rs), .n = rs->nrules, .next_id = rs->next_id, .next_slot = rs->next_slot
	};
	size_t i = 0;

	p.rules = malloc((p.n + 1) * sizeof(*p.rules));
	p.copies = malloc((p.n + 1) * sizeof(*p.copies));
	p.exprs = exprs_in_use(rs);
	for (struct fw_rule *r = rs->first; r; r = r->next, i++) {
		p.rules[i] = r;
		p.copies[i] = *r;
	}
	return p;
}

static void picture_free(struct picture *p)
{
	free(p->text);
	free(p->rules);
	free(p->copies);
}

static void assert_as_before(const struct fw_ruleset *rs, const struct picture *p)
{
	fw_autofree char *text = ruleset_print(rs);
	size_t i = 0;

	assert_string_equal(text, p->text);
	assert_int_equal(rs->nrules, p->n);
	assert_int_equal(rs->next_id, p->next_id);
	assert_int_equal(rs->next_slot, p->next_slot);
	assert_int_equal(exprs_in_use(rs), p->exprs);
	for (struct fw_rule *r = rs->first; r; r = r->next, i++) {
		assert_ptr_equal(r, p->rules[i]);
		assert_memory_equal(r, &p->copies[i], sizeof(*r));
		assert_ptr_equal(fw_ruleset_by_id(rs, r->id), r);
	}
}

/* The rows say exactly what is different. */
static void assert_rows(const struct fw_edit *e, const struct picture *p)
{
	struct fw_ruleset *rs = e->rs;
	size_t gone = 0, come = 0, changed = 0, rows[3] = { 0 };

	for (size_t i = 0; i < p->n; i++) {
		const struct fw_rule *now = fw_ruleset_by_id(rs, p->copies[i].id);

		gone += !now || now->slot != p->copies[i].slot;
		changed += now && now->slot == p->copies[i].slot && now != p->rules[i];
	}
	come = rs->nrules + gone - p->n;
	for (size_t i = 0; i < e->nrules; i++) {
		const struct fw_rule *old = e->rules[i].before, *new = e->rules[i].after;

		rows[0] += old && !new;
		rows[1] += new && !old;
		rows[2] += old && new;
		assert_true(!old || !new || (old->id == new->id && old->slot == new->slot &&old != new));
		assert_true(!new || fw_ruleset_by_id(rs, new->id) == new);
		for (size_t k = 0; k < p->n && old; k++)
			if (p->rules[k] == old)
				assert_memory_equal(&old->rank, &p->copies[k].rank, sizeof(uint32_t));
	}
	assert_int_equal(rows[0], gone);
	assert_int_equal(rows[1], come);
	assert_int_equal(rows[2], changed);
}

/* The model: rules as an array of ids, in order, and the source network of each. */
#define MODEL_MAX 400
struct model {
	uint64_t id[MODEL_MAX];
	uint32_t src[MODEL_MAX];
	size_t n;
	unsigned names; /* given so far */
};

static void model_insert(struct model *m, size_t at, uint64_t id, uint32_t src)
{
	memmove(&m->id[at + 1], &m->id[at], (m->n - at) * sizeof(*m->id));
	memmove(&m->src[at + 1], &m->src[at], (m->n - at) * sizeof(*m->src));
	m->id[at] = id;
	m->src[at] = src;
	m->n++;
}

static void model_delete(struct model *m, size_t at)
{
	m->n--;
	memmove(&m->id[at], &m->id[at + 1], (m->n - at) * sizeof(*m->id));
	memmove(&m->src[at], &m->src[at + 1], (m->n - at) * sizeof(*m->src));
}

static void assert_model(const struct fw_ruleset *rs, const struct model *m)
{
	size_t i = 0;

	assert_int_equal(rs->nrules, m->n);
	for (const struct fw_rule *r = rs->first; r; r = r->next, i++) {
		assert_int_equal(r->id, m->id[i]);
		assert_int_equal(rs->addrs[r->src].ranges[0].lo.hi >> 32, m->src[i]);
	}
}

/* A position that is meant for index @at of the model. */
static struct fw_position position_of(const struct fw_ruleset *rs, const struct model *m, size_t at)
{
	if (at == m->n && random_below(2))
		return last;
	if (!at && random_below(2))
		return first;
	if (at && (at == m->n || random_below(2)))
		return after(fw_ruleset_by_id(rs, m->id[at - 1]));
	return m->n ? before(fw_ruleset_by_id(rs, m->id[at])) : first;
}

/* One random operation of an edit, in the ruleset and in the model; @hot: positions are few, so that ranks run out. */
static void random_op(struct fw_edit *e, struct model *m, unsigned hot)
{
	struct fw_ruleset *rs = e->rs;
	size_t at = m->n ? random_below((uint32_t)m->n) : 0, to;
	struct fw_rule *r = m->n ? fw_ruleset_by_id(rs, m->id[at]) : NULL;
	uint32_t src = random_below(30);
	struct fw_rule draft = { .src = net(rs, src, 32), .action = (uint8_t)random_below(2) };
	char name[16];

	snprintf(name, sizeof(name), "n%u", m->names++);
	draft.name = random_below(2) ? name : NULL;
	switch (m->n < 2 ? 0 : random_below(m->n < MODEL_MAX - 10 ? 8 : 4)) {
	case 1:
		assert_int_equal(fw_edit_delete(e, r), 0);
		model_delete(m, at);
		break;
	case 2:
		to = random_below((uint32_t)m->n);
		src = m->src[at];
		/* After another rule, so that the index means the same before and after. */
		if (to == at)
			break;
		assert_int_equal(fw_edit_move(e, r, after(fw_ruleset_by_id(rs, m->id[to])), NULL), 0);
		model_delete(m, at);
		model_insert(m, to > at ? to : to + 1, r->id, src);
		break;
	case 3:
		assert_int_equal(fw_edit_replace(e, r, &draft, NOWHERE, NULL, &r), 0);
		m->src[at] = src;
		break;
	default:
		to = random_below(3) && m->n > hot ? hot : random_below((uint32_t)m->n + 1);
		assert_int_equal(fw_edit_add(e, &draft, position_of(rs, m, to), NOWHERE, NULL, &r), 0);
		model_insert(m, to, r->id, src);
	}
}

static void storms_against_an_array(void **state)
{
	struct model *m = calloc(2, sizeof(*m));

	for (int round = 0; round < 60; round++) {
		struct fw_ruleset *rs = fw_ruleset_new(NULL);
		unsigned hot = random_below(100);

		m[0].n = 0;
		for (int edits = 0; edits < 40; edits++) {
			struct picture p = picture_of(rs);
			struct fw_edit e = begin(rs);

			m[1] = m[0];
			for (unsigned ops = 1 + random_below(1 << random_below(7)); ops; ops--) {
				random_op(&e, &m[1], hot);
				assert_sound(rs);
				if (!random_below(20))
					assert_int_equal(fw_ruleset_order(rs), 0);
			}
			assert_model(rs, &m[1]);
			assert_rows(&e, &p);
			if (random_below(3)) {
				uint32_t freed[MODEL_MAX];
				size_t n = 0;

				for (size_t i = 0; i < e.nrules && n < MODEL_MAX; i++)
					if (e.rules[i].before && !e.rules[i].after)
						freed[n++] = e.rules[i].before->slot;
				fw_edit_commit(&e);
				m[0] = m[1];
				while (n && random_below(10))
					fw_ruleset_slot_release(rs, freed[--n]);
			} else {
				fw_edit_abort(&e);
				assert_as_before(rs, &p);
			}
			assert_model(rs, &m[0]);
			assert_sound(rs);
			picture_free(&p);
		}
		fw_ruleset_free(rs);
	}
	free(m);
}

/* A thousand neighbours, and ten thousand rules that are all added at one place. */
static void one_spot_thousands_of_times(void **state)
{
	for (int where = 0; where < 4; where++) {
		struct fw_ruleset *rs = ruleset_ports(1000);
		struct fw_edit e = begin(rs);
		uint64_t mark = rs->rules[500]->id;
		size_t rows = 0, most = 0;

		for (int i = 0; i < 10000; i++) {
			struct fw_rule *r = fw_ruleset_by_id(rs, mark);

			add(&e, 0, where == 0 ? before(r) : where == 1 ? after(r) : where == 2 ? first : last);
			rows += e.nrules;
			most = e.nrules > most ? e.nrules : most;
			if (i % 1000 == 0)
				assert_sound(rs);
			fw_edit_commit(&e);
			e = begin(rs);
		}
		fw_edit_commit(&e);
		assert_sound(rs);
		print_message("%d: %.2f rows for one rule, at most %zu\n", where, (double)rows / 10000, most);
		assert_true(where < 2 ? rows < 10000 * 40 : rows == 10000);
		fw_ruleset_free(rs);
	}
}

/* Ranks are used up at both ends, too. */
static void ends_of_the_ranks(void **state)
{
	struct fw_ruleset *rs = fw_ruleset_new(NULL);
	struct fw_edit e = begin(rs);
	struct fw_rule draft = { .action = FW_DROP };

	for (int i = 0; i < 50; i++)
		add(&e, 0, last);
	fw_edit_commit(&e);
	/* As if two million rules had been added before: the last ranks. */
	for (struct fw_rule *r = rs->first; r; r = r->next)
		r->rank = r->prev ? r->prev->rank + 1 : FW_RANK_MAX - 300;
	for (int i = 0; i < 400; i++) {
		e = begin(rs);
		add(&e, 0, last);
		assert_sound(rs);
		fw_edit_commit(&e);
	}
	for (struct fw_rule *r = rs->last; r; r = r->prev)
		r->rank = r->next ? r->next->rank - 1 : (uint32_t)rs->nrules + 3;
	for (int i = 0; i < 400; i++) {
		e = begin(rs);
		add(&e, 0, first);
		assert_sound(rs);
		fw_edit_commit(&e);
	}
	/* Appending to a ruleset that is being built spreads all of it. */
	rs->last->rank = FW_RANK_MAX;
	assert_int_equal(fw_ruleset_add(rs, &draft, NOWHERE, NULL, NULL), 0);
	assert_sound(rs);
	assert_int_equal(rs->nrules, 851);
	fw_ruleset_free(rs);
}

static size_t memory_of(const struct fw_ruleset *rs)
{
	return rs->region.bytes + rs->addrs_cap + rs->rules_cap + rs->sets_cap + rs->next_slot;
}

/* One transaction of a storm: a rule is replaced, another deleted and a new one added, a set changes. */
static void storm(struct fw_ruleset *rs, uint32_t n)
{
	struct fw_edit e = begin(rs);
	struct fw_rule draft = { .src = net(rs, n * 2654435761u, 32), .dst = net(rs, n, 24 + n % 9) };
	struct fw_addr_range element = fw_addr_prefix(FW_IP4, (struct fw_addr){ (uint64_t)n << 32, 0 }, 32);
	char name[FW_NAME_MAX + 1], comment[200];
	struct fw_rule *r = rs->first;
	uint32_t slot, set;

	for (uint32_t skip = random_below(8); skip; skip--)
		r = r->next;
	snprintf(name, sizeof(name), "rule-%u", n);
	snprintf(comment, sizeof(comment), "%*u", (int)(1 + n % 190), n);
	draft.name = name;
	draft.comment = comment;
	draft.matches = r->matches;
	draft.nmatches = r->nmatches;
	assert_int_equal(fw_edit_replace(&e, r, &draft, NOWHERE, NULL, &r), 0);
	draft.name = NULL;
	slot = rs->last->slot;
	assert_int_equal(fw_edit_delete(&e, rs->last), 0);
	assert_int_equal(fw_edit_add(&e, &draft, first, NOWHERE, NULL, NULL), 0);
	snprintf(name, sizeof(name), "set-%u", n);
	assert_int_equal(fw_edit_set_create(&e, name, false, NOWHERE, NULL, &set), 0);
	assert_int_equal(fw_edit_set_add(&e, set, &element, NOWHERE, NULL), 0);
	assert_int_equal(fw_edit_settle(&e), 0);
	if (n % 4 == 3) {
		fw_edit_abort(&e);
		return;
	}
	fw_edit_commit(&e);
	fw_ruleset_slot_release(rs, slot);
	e = begin(rs);
	assert_int_equal(fw_edit_set_destroy(&e, set, NOWHERE, NULL), 0);
	fw_edit_commit(&e);
}

static void memory_does_not_grow(void **state)
{
	struct fw_ruleset *rs = ruleset_ports(1000);
	size_t settled = 0;

	for (uint32_t n = 0; n < 250000; n++) {
		storm(rs, n);
		if (n == 20000)
			settled = memory_of(rs);
	}
	assert_int_equal(memory_of(rs), settled);
	assert_true(settled < 4 << 20);
	assert_int_equal(rs->nrules, 1000);
	assert_true(rs->next_slot <= 1002);
	assert_true(rs->nsets <= 2);
	assert_sound(rs);
	fw_ruleset_free(rs);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(storms_against_an_array),
		cmocka_unit_test(one_spot_thousands_of_times),
		cmocka_unit_test(ends_of_the_ranks),
		cmocka_unit_test(memory_does_not_grow),
	};

	random_start();
	return cmocka_run_group_tests(tests, NULL, NULL);
}

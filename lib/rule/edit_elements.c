// SPDX-License-Identifier: GPL-2.0-only
/*
 * Elements of sets, any number of them in one edit. Additions and deletions are first only noted, in a hash table per
 * set; fw_edit_settle() then sorts them once and merges them into the set's array once. So an edit takes time in
 * proportion to its own length and that of its sets, whatever the order of the elements:
 *
 *	set { b d }, edit: add c, delete d, add a, delete a       noted: a (was not, is not), c (is added), d (is removed)
 *	settled: rows +c -d, set { b c }                           undone: the same rows the other way round
 *
 * An element that stays, but until another time, has a row in edit->times instead, which the tables do not see.
 */
#include "lib/rule/undo.h"

/* An element that was added or deleted since the edit was settled last. */
struct noted {
	struct fw_addr_range r; /* r.until: now */
	uint32_t until;         /* when the edit was settled last */
	bool was, is;           /* in the set: the same two times */
};

struct fw_pending {
	uint32_t set;
	struct noted *elements;
	size_t n, cap;
	struct fw_table by_range;
};

static uint32_t range_hash(const struct fw_addr_range *r)
{
	uint64_t h = fw_mix64(r->lo.hi ^ r->family) + r->lo.lo;

	h = fw_mix64(h) + r->hi.hi;
	return (uint32_t)fw_mix64(fw_mix64(h) + r->hi.lo);
}

static struct noted *noted_find(const struct fw_pending *p, const struct fw_addr_range *r, uint32_t hash)
{
	uint32_t v;

	for (uint32_t pos = hash; fw_table_next(&p->by_range, hash, &pos, &v);)
		if (fw_addr_range_same(&p->elements[v].r, r))
			return &p->elements[v];
	return NULL;
}

static struct fw_pending *pending_of(const struct fw_edit *e, uint32_t set)
{
	uint32_t number = e->rs->sets[set].pending;

	return number ? &e->undo->pending[number - 1] : NULL;
}

/* Where the element is, or where it belongs, from @lo on. */
static size_t search(const struct fw_set *s, size_t lo, const struct fw_addr_range *element, bool *found)
{
	size_t hi = s->n;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (fw_addr_range_cmp(&s->elements[mid], element) < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	*found = lo < s->n && !fw_addr_range_cmp(&s->elements[lo], element);
	return lo;
}

bool fw_edit_set_has(const struct fw_edit *e, uint32_t set, const struct fw_addr_range *element, uint32_t *until)
{
	const struct fw_pending *p = pending_of(e, set);
	const struct noted *known = p ? noted_find(p, element, range_hash(element)) : NULL;
	const struct fw_set *s = &e->rs->sets[set];
	bool found;
	size_t at;

	if (known) {
		if (until)
			*until = known->r.until;
		return known->is;
	}
	at = search(s, 0, element, &found);
	if (found && until)
		*until = s->elements[at].until;
	return found;
}

/* The set forgets the file that it was read from; there were @nsets rows before. */
static int forget_path(struct fw_edit *e, uint32_t set, size_t nsets)
{
	struct fw_edit_undo *u = e->undo;
	struct fw_set *s = &e->rs->sets[set];

	if (!s->path)
		return 0;
	if (fw_vec_push(u->steps, u->n, u->cap,
			((struct fw_step){ .kind = FW_STEP_PATH, .set = set, .nsets = nsets, .path = s->path })))
		return -ENOMEM;
	s->path = NULL;
	return 0;
}

/* The notes of changes to the set; NULL when memory is out. */
static struct fw_pending *pending_get(struct fw_edit *e, uint32_t set)
{
	struct fw_edit_undo *u = e->undo;

	if (!e->rs->sets[set].pending) {
		if (fw_vec_push(u->pending, u->npending, u->pending_cap, ((struct fw_pending){ .set = set })))
			return NULL;
		e->rs->sets[set].pending = (uint32_t)u->npending;
	}
	return pending_of(e, set);
}

/* The set has the element until element->until from now on, or does not have it. */
static int note(struct fw_edit *e, uint32_t set, const struct fw_addr_range *element, bool is)
{
	struct fw_pending *p = pending_get(e, set);
	uint32_t hash = range_hash(element), until = FW_FOREVER;
	struct noted *known = p ? noted_find(p, element, hash) : NULL;
	bool was;

	if (!p || forget_path(e, set, e->nsets))
		return -ENOMEM;
	if (known) {
		known->is = is;
		known->r.until = element->until;
		return 0;
	}
	was = fw_edit_set_has(e, set, element, &until);
	if (fw_table_reserve(&p->by_range) ||
	    fw_vec_push(p->elements, p->n, p->cap, ((struct noted){ *element, until, was, is })))
		return -ENOMEM;
	fw_table_put(&p->by_range, hash, (uint32_t)p->n - 1);
	return 0;
}

int fw_edit_set_add(struct fw_edit *e, uint32_t set, const struct fw_addr_range *element, struct fw_place at,
		    struct fw_diags *ds)
{
	uint32_t until;

	if (fw_edit_set_has(e, set, element, &until) && fw_until_later(until, element->until) == until)
		return fw_diag_add(ds, at, "`set add --exist` skips it", "the set '%s' has this element already",
				   e->rs->sets[set].name);
	return note(e, set, element, true);
}

int fw_edit_set_put(struct fw_edit *e, uint32_t set, const struct fw_addr_range *element)
{
	return note(e, set, element, true);
}

/* Do other elements cover addresses of an element that the set does not have? */
static bool is_covered(const struct fw_edit *e, uint32_t set, const struct fw_addr_range *r)
{
	const struct fw_set *s = &e->rs->sets[set];
	size_t i, end;

	for (fw_set_near(s, r, &i, &end); i < end; i++)
		if (fw_addr_cmp(s->elements[i].lo, r->hi) <= 0 && fw_addr_cmp(r->lo, s->elements[i].hi) <= 0 &&
		    fw_edit_set_has(e, set, &s->elements[i], NULL))
			return true;
	return false;
}

int fw_edit_set_delete(struct fw_edit *e, uint32_t set, const struct fw_addr_range *element, struct fw_place at,
		       struct fw_diags *ds)
{
	if (!fw_edit_set_has(e, set, element, NULL))
		return fw_diag_add(ds, at,
				   is_covered(e, set, element) ? "another element covers its addresses: elements are "
								 "deleted in the form in which they were added" :
								 "`set del --exist` skips it",
				   "the set '%s' has no such element", e->rs->sets[set].name);
	return note(e, set, element, false);
}

/* Makes room for @n more elements. */
static int room_for(struct fw_set *s, size_t n)
{
	while (s->cap < s->n + n)
		if (fw_vec_grow(&s->elements, s->cap, &s->cap, sizeof(*s->elements)))
			return -ENOMEM;
	return 0;
}

/* Removes the elements of the rows with that mark, which are in order; the rest moves down once. */
static void take_out(struct fw_set *s, const struct fw_set_change *rows, size_t n, bool mark)
{
	size_t to = 0, from = 0;

	for (size_t i = 0; i < n; i++) {
		bool found;
		size_t at;

		if (rows[i].added != mark)
			continue;
		at = search(s, from, &rows[i].element, &found);
		if (to != from)
			memmove(s->elements + to, s->elements + from, (at - from) * sizeof(*s->elements));
		to += at - from;
		from = at + 1;
	}
	if (to == from)
		return;
	memmove(s->elements + to, s->elements + from, (s->n - from) * sizeof(*s->elements));
	s->n -= from - to;
}

/* Inserts the elements of the rows with that mark, which are in order; the rest moves up once. There is room. */
static void put_in(struct fw_set *s, const struct fw_set_change *rows, size_t n, bool mark)
{
	size_t left = 0, old = s->n;

	for (size_t i = 0; i < n; i++)
		left += rows[i].added == mark;
	s->n += left;
	while (n-- && left) {
		struct fw_set below = { .elements = s->elements, .n = old };
		bool found;
		size_t at;

		if (rows[n].added != mark)
			continue;
		at = search(&below, 0, &rows[n].element, &found);
		memmove(s->elements + at + left, s->elements + at, (old - at) * sizeof(*s->elements));
		s->elements[at + --left] = rows[n].element;
		fw_set_widen(s, &rows[n].element);
		old = at;
	}
}

int fw_rows_apply(struct fw_edit *e, uint32_t set, size_t from)
{
	struct fw_step step = { .kind = FW_STEP_ELEMENTS, .set = set, .nsets = from, .end = e->nsets };
	struct fw_set *s = &e->rs->sets[set];
	size_t n = e->nsets - from, come = 0;

	if (!n)
		return 0;
	for (size_t i = 0; i < n; i++)
		come += e->sets[from + i].added;
	if (room_for(s, come) || fw_vec_push(e->undo->steps, e->undo->n, e->undo->cap, step)) {
		e->nsets = from;
		return -ENOMEM;
	}
	take_out(s, e->sets + from, n, false);
	put_in(s, e->sets + from, n, true);
	return 0;
}

void fw_undo_elements(struct fw_edit *e, const struct fw_step *step)
{
	struct fw_set *s = &e->rs->sets[step->set];

	take_out(s, e->sets + step->nsets, step->end - step->nsets, true);
	put_in(s, e->sets + step->nsets, step->end - step->nsets, false);
}

/* Applies the rows of times from @from on, which are of this set, to its array. */
static int times_apply(struct fw_edit *e, uint32_t set, size_t from)
{
	struct fw_step step = { .kind = FW_STEP_TIMES, .set = set, .nsets = e->nsets, .ntimes = from };
	struct fw_set *s = &e->rs->sets[set];

	if (from == e->ntimes)
		return 0;
	if (fw_vec_push(e->undo->steps, e->undo->n, e->undo->cap, step)) {
		e->ntimes = from;
		return -ENOMEM;
	}
	for (size_t i = from; i < e->ntimes; i++) {
		bool found;
		size_t at = search(s, 0, &e->times[i].element, &found);

		s->elements[at].until = e->times[i].element.until;
		fw_set_widen(s, &s->elements[at]);
	}
	return 0;
}

void fw_undo_times(struct fw_edit *e, const struct fw_step *step)
{
	struct fw_set *s = &e->rs->sets[step->set];

	while (e->ntimes > step->ntimes) {
		const struct fw_set_time *row = &e->times[--e->ntimes];
		bool found;
		size_t at = search(s, 0, &row->element, &found);

		s->elements[at].until = row->was;
		fw_set_widen(s, &s->elements[at]);
	}
}

static int row_cmp(const void *va, const void *vb)
{
	const struct fw_set_change *a = va, *b = vb;

	return fw_addr_range_cmp(&a->element, &b->element);
}

static void rows_sort(struct fw_set_change *rows, size_t n)
{
	for (size_t i = 1; i < n; i++)
		if (row_cmp(&rows[i - 1], &rows[i]) > 0) {
			qsort(rows, n, sizeof(*rows), row_cmp);
			return;
		}
}

static void pending_free(struct fw_pending *p)
{
	free(p->elements);
	free(p->by_range.entries);
	*p = (struct fw_pending){ .set = p->set };
}

/* The row of an element, if there is one: 0 or -ENOMEM. */
static int row_add(struct fw_edit *e, uint32_t set, const struct noted *el)
{
	struct fw_set_change row = { set, el->is, el->r };

	if (el->was && el->is && el->until != el->r.until)
		return fw_vec_push(e->times, e->ntimes, e->times_cap, ((struct fw_set_time){ set, el->until, el->r }));
	if (el->was)
		row.element.until = el->until;
	return el->was == el->is ? 0 : fw_vec_push(e->sets, e->nsets, e->sets_cap, row);
}

int fw_settle_elements(struct fw_edit *e, uint32_t set)
{
	struct fw_pending *p = pending_of(e, set);
	size_t from = e->nsets, times = e->ntimes;
	int err = 0;

	if (!p)
		return 0;
	for (size_t i = 0; !err && i < p->n; i++)
		err = row_add(e, set, &p->elements[i]);
	if (err) {
		e->nsets = from;
		e->ntimes = times;
		return err;
	}
	rows_sort(e->sets + from, e->nsets - from);
	pending_free(p);
	err = fw_rows_apply(e, set, from);
	if (err)
		e->ntimes = times;
	return err ? err : times_apply(e, set, times);
}

int fw_edit_settle(struct fw_edit *e)
{
	int err = 0;

	for (size_t i = 0; !err && i < e->undo->npending; i++)
		err = fw_settle_elements(e, e->undo->pending[i].set);
	if (!err)
		fw_pending_end(e);
	return err;
}

void fw_pending_end(struct fw_edit *e)
{
	struct fw_edit_undo *u = e->undo;

	for (size_t i = 0; i < u->npending; i++) {
		e->rs->sets[u->pending[i].set].pending = 0;
		pending_free(&u->pending[i]);
	}
	free(u->pending);
	u->pending = NULL;
	u->npending = u->pending_cap = 0;
}

/* A row for each element that only one of the two sets has, and for each that is to stay until another time. */
static int rows_differ(struct fw_edit *e, uint32_t set, const struct fw_set *with)
{
	const struct fw_set *s = &e->rs->sets[set];
	int err = 0;

	for (size_t i = 0, k = 0; !err && (i < s->n || k < with->n);) {
		int cmp = i == s->n ? 1 : k == with->n ? -1 : fw_addr_range_cmp(&s->elements[i], &with->elements[k]);

		if (cmp)
			err = fw_vec_push(
				e->sets, e->nsets, e->sets_cap,
				((struct fw_set_change){ set, cmp > 0, cmp > 0 ? with->elements[k] : s->elements[i] }));
		else if (s->elements[i].until != with->elements[k].until)
			err = fw_vec_push(e->times, e->ntimes, e->times_cap,
					  ((struct fw_set_time){ set, s->elements[i].until, with->elements[k] }));
		i += cmp <= 0;
		k += cmp >= 0;
	}
	return err;
}

int fw_count_emptied(struct fw_edit *e, uint32_t set)
{
	size_t emptied = e->emptied + e->rs->sets[set].n;

	if (e->emptied_max && emptied >= e->emptied_max)
		return -EAGAIN;
	e->emptied = emptied;
	return 0;
}

int fw_edit_set_replace(struct fw_edit *e, uint32_t set, const struct fw_set *with)
{
	int err = fw_settle_elements(e, set);
	size_t from = e->nsets, times = e->ntimes;

	if (!err)
		err = fw_count_emptied(e, set);
	if (!err)
		err = rows_differ(e, set, with);
	if (!err && e->nsets > from)
		err = forget_path(e, set, from);
	if (!err)
		err = fw_rows_apply(e, set, from);
	if (!err)
		return times_apply(e, set, times);
	e->nsets = from;
	e->ntimes = times;
	return err;
}

/* Of a rule, of a built-in set that a rule names, or of elements of a dynamic set. */
static bool step_is_dynamic(const struct fw_edit *e, const struct fw_step *s)
{
	if (s->kind == FW_STEP_RULE)
		return true;
	if (s->kind == FW_STEP_CREATE)
		return e->rs->sets[s->set].builtin;
	return (s->kind == FW_STEP_ELEMENTS || s->kind == FW_STEP_TIMES) && e->rs->sets[s->set].dynamic;
}

bool fw_edit_sets_dynamic(const struct fw_edit *e)
{
	const struct fw_edit_undo *u = e->undo;
	bool only = true;

	for (size_t i = 0; only && i < u->n; i++)
		only = step_is_dynamic(e, &u->steps[i]);
	return only;
}

bool fw_edit_only_dynamic(const struct fw_edit *e)
{
	return !e->nrules && !e->policies && fw_edit_sets_dynamic(e);
}

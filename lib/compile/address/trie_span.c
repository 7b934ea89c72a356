// SPDX-License-Identifier: GPL-2.0-only
/*
 * One reference of a trie with a range changed below it: the subtree is taken apart into boundaries, the classes inside
 * the range are changed, and nodes are built from the result. The old subtree stays as it is.
 */
#include "trie_span.h"

static bool among(const uint32_t *ids, uint32_t n, uint32_t id)
{
	for (uint32_t i = 0; i < n; i++)
		if (ids[i] == id)
			return true;
	return false;
}

int trie_list_edit(struct class_list *list, const struct trie_delta *d)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < list->n; i++)
		if (!among(d->remove, d->nremove, list->id[i]))
			list->id[n++] = list->id[i];
	list->n = n;
	for (uint32_t k = 0; k < d->nadd; k++) {
		uint32_t i = list->n;

		if (among(list->id, list->n, d->add[k]))
			continue;
		if (list->n == FW_CLASS_MAX)
			return -EAGAIN;
		for (; i && list->id[i - 1] > d->add[k]; i--)
			list->id[i] = list->id[i - 1];
		list->id[i] = d->add[k];
		list->n++;
	}
	return 0;
}

void trie_editing_end(struct trie_editing *e)
{
	if (e->to)
		class_drop(e->t, e->side, e->to);
	e->from = e->to = 0;
}

int trie_class_edit(struct trie_editing *e, uint32_t line, uint32_t *out)
{
	struct class_list list;
	int err;

	if (e->from != line) {
		trie_editing_end(e);
		class_read(e->t, line, &list);
		err = trie_list_edit(&list, e->delta);
		if (!err)
			err = class_intern(e->t, e->side, &list, &e->to);
		if (err)
			return err;
		class_hold(e->t, e->side, e->to, 1);
		e->from = line;
	}
	*out = e->to;
	return 0;
}

/* Boundaries of a change name the lines of classes. */
static int line_ref(struct trie_builder *tb, uint32_t line, uint32_t places, uint32_t *ref)
{
	class_hold(tb->t, tb->side, line, places);
	*ref = FW_REF(line, FW_REF_CLASS);
	return 0;
}

/* Appends a boundary; its class is held as long as the list exists. */
static int flat_hold(struct trie_editing *e, struct flat *f, u128 start, uint32_t class)
{
	size_t n = f->n;

	trie_flat_put(f, start, class);
	if (f->n > n)
		class_hold(e->t, e->side, class, 1);
	return f->err;
}

static void flat_drop(struct trie_editing *e, struct flat *f)
{
	for (size_t i = 0; f->b && i < f->n; i++)
		class_drop(e->t, e->side, f->b[i].class);
	free(f->b);
}

/* The boundaries of a span after the change; the first of @old is the span's first address. */
static int flat_edit(struct trie_editing *e, const struct flat *old, const struct trie_scope *s, struct flat *new)
{
	u128 last = span_last(s->span);
	int err = 0;

	for (size_t i = 0; !err && i < old->n; i++) {
		u128 from = addr_wide(old->b[i].start), to = i + 1 < old->n ? addr_wide(old->b[i + 1].start) - 1 : last;
		uint32_t changed;

		if (to < s->lo || from > s->hi) {
			err = flat_hold(e, new, from, old->b[i].class);
			continue;
		}
		err = trie_class_edit(e, old->b[i].class, &changed);
		if (!err && from < s->lo)
			err = flat_hold(e, new, from, old->b[i].class);
		if (!err)
			err = flat_hold(e, new, from < s->lo ? s->lo : from, changed);
		if (!err && to > s->hi)
			err = flat_hold(e, new, s->hi + 1, old->b[i].class);
	}
	return err;
}

/* Builds a subtree from boundaries; what was made before a failure stays in @made. */
static int flat_write(struct trie_editing *e, const struct flat *f, const struct trie_scope *s, uint32_t *made)
{
	struct trie_builder tb = { .t = e->t, .side = e->side, .class_ref = line_ref, .b = f->b };
	const struct trie_draft draft = { 0, (uint32_t)f->n, f->b[0].class, { s->span.depth, s->bits } };

	return f->n == 1 ? line_ref(&tb, f->b[0].class, 1, made) : trie_node_write(&tb, &draft, made);
}

int trie_span_write(struct trie_editing *e, uint32_t ref, const struct trie_scope *s, uint32_t *fresh)
{
	struct flat old = { .t = e->t }, new = { .t = e->t };
	uint32_t made = 0;
	int err;

	trie_flatten(&old, ref, s->span);
	e->t->places += old.n;
	err = old.err ? old.err : flat_edit(e, &old, s, &new);
	/* Nodes and classes that will be retired, now or after a failure: nearly all are among those of the two lists. */
	if (!err)
		err = retire_reserve(e->t, old.nodes + old.n + new.n * 2 + 2);
	/* There is always a first boundary. */
	if (!err && new.b)
		err = flat_write(e, &new, s, &made);
	if (err)
		trie_subtree_retire(e->t, e->side, made);
	else
		*fresh = made;
	flat_drop(e, &new);
	free(old.b);
	return err;
}

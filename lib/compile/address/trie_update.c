// SPDX-License-Identifier: GPL-2.0-only
/*
 * Changes to a trie that packets are walking: over a range of addresses,
 * identities come into the classes and others leave them.
 *
 * Tables of references (the root, and nodes of 256) are changed in place, since each reference is one store. Any other
 * node is written anew, with all that is under it, and then the one reference that leads to it is stored: a packet finds
 * the old node or the new one, and both are whole. What is replaced waits for a grace period. The walk goes down as far as
 * the whole range lies under one reference, so that little is written anew:
 *
 *	node    0-9: {any}   10: -> node below   11-255: {any}
 *	range   10.1 .. 10.1                       only the node below changes
 *	range   10.1 .. 11.0                       both are written anew
 *
 * Where all of a node lies in the range, each of its references changes by itself, and a class that a single place refers
 * to gets one more identity where it stands: nothing is written anew inside of a prefix around very many others.
 *
 * That is for identities that no rule refers to yet, or any more. A change that packets must see at a stroke is made to a
 * copy of the trie's root, with new nodes below it wherever something differs; the copy becomes the trie with the next
 * root of the image.
 */
#include "trie_span.h"

#include <string.h>

struct trie_range trie_range_of(const struct fw_addr_range *r)
{
	/* An IPv4 address stands for all that begins with it. */
	u128 rest = r->family == FW_IP4 ? ALL_ONES >> 32 : 0;

	return (struct trie_range){ addr_wide(r->lo), addr_wide(r->hi) | rest, r->family };
}

#define TABLE8_LINES (256u * 4 / FW_LINE)

/* One step down: the reference that @at takes, and the bits that it looked at (0: a wide node, which looks at none of its own). */
static uint32_t *step_down(const struct fw_tables *t, uint32_t ref, u128 at, unsigned depth, unsigned *width)
{
	void *node = fw_pool_ptr(t->heap.pool, FW_REF_LINE(ref));
	struct fw_runs32 *r32 = node;
	struct fw_runs8 *r8 = node;

	switch (FW_REF_TAG(ref)) {
	case FW_REF_TABLE8:
		*width = 8;
		return (uint32_t *)node + wide_bits(at, depth, 8);
	case FW_REF_RUNS8:
		*width = 8;
		return &r8->ref[fw_runs8_find(r8, wide_bits(at, depth, 8))];
	case FW_REF_WIDE:
		*width = 0;
		return &r32->ref[fw_runs32_find(r32, wide_bits(at, depth, 32))];
	default:
		*width = 32;
		return &r32->ref[fw_runs32_find(r32, wide_bits(at, depth, 32))];
	}
}

/* One change under way. */
struct changing {
	struct fw_tables *t;
	int side;
	const struct trie_delta *delta;
	uint32_t from,
		to; /* the last class that was changed, and what became of it (held while it stands here; 0: none) */
};

static bool among(const uint32_t *ids, uint32_t n, uint32_t id)
{
	for (uint32_t i = 0; i < n; i++)
		if (ids[i] == id)
			return true;
	return false;
}

/* A list without what leaves, and with what comes, in order. 0, or -EAGAIN: too many. */
static int list_apply(struct class_list *list, const struct trie_delta *d)
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

/* Forgets what was changed last. */
static void changed_drop(struct changing *c)
{
	if (c->to)
		class_drop(c->t, c->side, c->to);
	c->from = c->to = 0;
}

/* The class that @line becomes. */
static int class_changed(struct changing *c, uint32_t line, uint32_t *out)
{
	struct class_list list;
	int err = 0;

	if (c->from != line) {
		changed_drop(c);
		class_read(c->t, line, &list);
		err = list_apply(&list, c->delta);
		if (!err)
			err = class_intern(c->t, c->side, &list, &c->to);
		if (err)
			return err;
		class_hold(c->t, c->side, c->to, 1);
		c->from = line;
	}
	*out = c->to;
	return 0;
}

static int line_ref(struct trie_builder *tb, uint32_t line, uint32_t places, uint32_t *ref)
{
	class_hold(tb->t, tb->side, line, places);
	*ref = FW_REF(line, FW_REF_CLASS);
	return 0;
}

/* The next class of a span, held as long as the list is there. */
static int flat_hold(struct changing *c, struct flat *f, u128 start, uint32_t class)
{
	size_t n = f->n;

	trie_flat_put(f, start, class);
	if (f->n > n)
		class_hold(c->t, c->side, class, 1);
	return f->err;
}

static void flat_drop(struct changing *c, struct flat *f)
{
	for (size_t i = 0; f->b && i < f->n; i++)
		class_drop(c->t, c->side, f->b[i].class);
	free(f->b);
}

/* The boundaries of a span with the change made from @lo to @hi; the span begins with the first of @old. */
static int flat_change(struct changing *c, const struct flat *old, u128 lo, u128 hi, u128 last, struct flat *new)
{
	int err = 0;

	for (size_t i = 0; !err && i < old->n; i++) {
		u128 from = addr_wide(old->b[i].start), to = i + 1 < old->n ? addr_wide(old->b[i + 1].start) - 1 : last;
		uint32_t changed;

		if (to < lo || from > hi) {
			err = flat_hold(c, new, from, old->b[i].class);
			continue;
		}
		err = class_changed(c, old->b[i].class, &changed);
		if (!err && from < lo)
			err = flat_hold(c, new, from, old->b[i].class);
		if (!err)
			err = flat_hold(c, new, from < lo ? lo : from, changed);
		if (!err && to > hi)
			err = flat_hold(c, new, hi + 1, old->b[i].class);
	}
	return err;
}

/* What @ref, whose span begins at @base, becomes: all of it written anew. */
static int span_write(struct changing *c, uint32_t ref, u128 base, unsigned depth, u128 lo, u128 hi, unsigned bits,
		      uint32_t *fresh)
{
	struct trie_builder tb = { .t = c->t, .side = c->side, .class_ref = line_ref };
	struct flat old = { 0 }, new = { 0 };
	uint32_t made = 0;
	int err;

	trie_flatten(c->t, &old, ref, base, depth);
	c->t->places += old.n;
	err = old.err ? old.err : flat_change(c, &old, lo, hi, span_last(base, depth), &new);
	/* Nodes and classes that go, or that were made in vain: nearly all are among those of the two lists. */
	if (!err)
		err = retire_reserve(c->t, old.nodes + old.n + new.n * 2 + 2);
	/* There is always a first boundary. */
	if (!err && new.b) {
		tb.b = new.b;
		err = new.n == 1 ? line_ref(&tb, new.b[0].class, 1, &made) :
				   trie_node_write(&tb, 0, (uint32_t) new.n, new.b[0].class, depth, bits, &made);
	}
	if (err)
		trie_subtree_retire(c->t, c->side, made);
	else
		*fresh = made;
	flat_drop(c, &new);
	free(old.b);
	return err;
}

static int rewrite(struct changing *c, uint32_t *slot, u128 base, unsigned depth, u128 lo, u128 hi, unsigned bits)
{
	uint32_t ref = *slot, fresh;
	int err = span_write(c, ref, base, depth, lo, hi, bits, &fresh);

	if (err)
		return err;
	__atomic_store_n(slot, fresh, __ATOMIC_RELEASE);
	trie_subtree_retire(c->t, c->side, ref);
	return 0;
}

/* Is that all there is to do for the class of a place? */
static bool class_appended(const struct changing *c, uint32_t line)
{
	struct class_list list;

	if (c->delta->nadd != 1 || c->delta->nremove || c->from == line)
		return false;
	class_read(c->t, line, &list);
	return !list_apply(&list, c->delta) && class_append(c->t, c->side, line, &list);
}

/* The class of one place. */
static int change_class(struct changing *c, uint32_t *slot)
{
	uint32_t old = FW_REF_LINE(*slot), fresh = 0;
	int err = retire_reserve(c->t, 2);

	c->t->places++;
	if (!err && class_appended(c, old))
		return 0;
	if (!err)
		err = class_changed(c, old, &fresh);
	if (err || fresh == old)
		return err;
	class_hold(c->t, c->side, fresh, 1);
	__atomic_store_n(slot, FW_REF(fresh, FW_REF_CLASS), __ATOMIC_RELEASE);
	class_drop(c->t, c->side, old);
	return 0;
}

/* All of the reference's span lies in the range: the nodes stay, since runs that differ will do so then. */
static int change_whole(struct changing *c, uint32_t *slot)
{
	uint32_t n, *refs;
	int err = 0;

	if (FW_REF_TAG(*slot) == FW_REF_CLASS)
		return change_class(c, slot);
	refs = trie_node_refs(c->t, *slot, &n);
	for (uint32_t i = 0; !err && i < n; i++)
		err = change_whole(c, &refs[i]);
	return err;
}

static int change_span(struct changing *c, uint32_t *slot, u128 base, unsigned depth, u128 lo, u128 hi, unsigned bits);

static int change_table8(struct changing *c, uint32_t *table, u128 base, unsigned depth, u128 lo, u128 hi,
			 unsigned bits)
{
	int err = 0;

	for (uint32_t v = wide_bits(lo, depth, 8); !err && v <= wide_bits(hi, depth, 8); v++) {
		u128 from = base | wide_value(v, depth, 8), to = span_last(from, depth + 8);

		err = change_span(c, &table[v], from, depth + 8, lo > from ? lo : from, hi < to ? hi : to, bits);
	}
	return err;
}

static int change_span(struct changing *c, uint32_t *slot, u128 base, unsigned depth, u128 lo, u128 hi, unsigned bits)
{
	uint32_t *below = slot;
	unsigned width = 0;

	if (lo == base && hi == span_last(base, depth))
		return change_whole(c, slot);
	if (FW_REF_TAG(*slot) == FW_REF_TABLE8)
		return change_table8(c, fw_pool_ptr(c->t->heap.pool, FW_REF_LINE(*slot)), base, depth, lo, hi, bits);
	/* Both ends under one reference to a node: that one. */
	while (FW_REF_TAG(*below) != FW_REF_CLASS && FW_REF_TAG(*below) != FW_REF_TABLE8) {
		uint32_t *a = step_down(c->t, *below, lo, depth, &width),
			 *b = step_down(c->t, *below, hi, depth, &width);

		if (a != b)
			break;
		if (!width) {
			below = a;
			continue;
		}
		if (FW_REF_TAG(*a) == FW_REF_CLASS || wide_bits(lo, depth, width) != wide_bits(hi, depth, width))
			break;
		base |= wide_value(wide_bits(lo, depth, width), depth, width);
		return change_span(c, a, base, depth + width, lo, hi, bits);
	}
	return rewrite(c, slot, base, depth, lo, hi, bits);
}

int trie_update(struct fw_tables *t, int side, struct trie_range r, const struct trie_delta *delta)
{
	uint32_t *root = trie_root(t, side, r.family);
	struct changing c = { .t = t, .side = side, .delta = delta };
	int err = 0;

	for (uint32_t v = wide_bits(r.lo, 0, FW_TRIE_ROOT_BITS); !err && v <= wide_bits(r.hi, 0, FW_TRIE_ROOT_BITS);
	     v++) {
		u128 from = wide_value(v, 0, FW_TRIE_ROOT_BITS), to = span_last(from, FW_TRIE_ROOT_BITS);

		err = change_span(&c, &root[v], from, FW_TRIE_ROOT_BITS, r.lo > from ? r.lo : from,
				  r.hi < to ? r.hi : to, r.family == FW_IP4 ? 32 : 128);
	}
	changed_drop(&c);
	return err;
}

int trie_copy_begin(struct fw_tables *t, int side, enum fw_family family, struct trie_copy *out)
{
	uint32_t line;
	int err = tables_take(t, FW_TRIE_ROOT_LINES, &t->stats.trie_bytes, &line);

	if (err)
		return err;
	*out = (struct trie_copy){ .side = side, .family = family, .line = line };
	memcpy(fw_pool_ptr(t->heap.pool, line), trie_root(t, side, family), (size_t)FW_TRIE_ROOT_LINES * FW_LINE);
	return 0;
}

/*
 * A table of 256 that a change has copied shares the nodes below it with the live one, but for those that differ, and has
 * references to classes of its own. What goes of a subtree that is left, when @stays takes its place: all but what both share.
 */
static void differing_retire(struct fw_tables *t, int side, uint32_t goes, uint32_t stays)
{
	const uint32_t *old, *new;

	if (FW_REF_TAG(goes) != FW_REF_TABLE8 || FW_REF_TAG(stays) != FW_REF_TABLE8) {
		trie_subtree_retire(t, side, goes);
		return;
	}
	old = fw_pool_ptr(t->heap.pool, FW_REF_LINE(goes));
	new = fw_pool_ptr(t->heap.pool, FW_REF_LINE(stays));
	for (uint32_t i = 0; i < 256; i++)
		if (FW_REF_TAG(old[i]) == FW_REF_CLASS || old[i] != new[i])
			differing_retire(t, side, old[i], new[i]);
	t->stats.trie_bytes -= TABLE8_LINES * FW_LINE;
	retire_lines(t, FW_REF_LINE(goes), TABLE8_LINES);
}

static int table8_copy(struct changing *c, uint32_t ref, uint32_t *out)
{
	uint32_t line, *table;
	int err = retire_reserve(c->t, 1);

	err = err ? err : tables_take(c->t, TABLE8_LINES, &c->t->stats.trie_bytes, &line);
	if (err)
		return err;
	table = fw_pool_ptr(c->t->heap.pool, line);
	memcpy(table, fw_pool_ptr(c->t->heap.pool, FW_REF_LINE(ref)), TABLE8_LINES * FW_LINE);
	for (uint32_t i = 0; i < 256; i++)
		if (FW_REF_TAG(table[i]) == FW_REF_CLASS)
			class_hold(c->t, c->side, FW_REF_LINE(table[i]), 1);
	*out = FW_REF(line, FW_REF_TABLE8);
	return 0;
}

/* A reference that is changed in a copy. @live: what stands in its place in the live trie; 0: nothing. */
struct copied {
	uint32_t *slot;
	uint32_t live;
	bool own; /* its reference to a class is its own, not that of @live */
};

static int copy_span(struct changing *c, struct copied at, u128 base, unsigned depth, u128 lo, u128 hi, unsigned bits);

static int copy_table8(struct changing *c, struct copied at, u128 base, unsigned depth, u128 lo, u128 hi, unsigned bits)
{
	const uint32_t *live = NULL;
	uint32_t *table;
	int err = *at.slot == at.live ? table8_copy(c, *at.slot, at.slot) : 0;

	if (err)
		return err;
	table = fw_pool_ptr(c->t->heap.pool, FW_REF_LINE(*at.slot));
	if (FW_REF_TAG(at.live) == FW_REF_TABLE8)
		live = fw_pool_ptr(c->t->heap.pool, FW_REF_LINE(at.live));
	for (uint32_t v = wide_bits(lo, depth, 8); !err && v <= wide_bits(hi, depth, 8); v++) {
		u128 from = base | wide_value(v, depth, 8), to = span_last(from, depth + 8);

		err = copy_span(c, (struct copied){ &table[v], live ? live[v] : 0, true }, from, depth + 8,
				lo > from ? lo : from, hi < to ? hi : to, bits);
	}
	return err;
}

/* In the copy, from @lo to @hi, which lie in the reference's span. Tables on the way are copied, the node they lead to anew. */
static int copy_span(struct changing *c, struct copied at, u128 base, unsigned depth, u128 lo, u128 hi, unsigned bits)
{
	bool whole = lo == base && hi == span_last(base, depth);
	uint32_t ref = *at.slot, fresh;
	int err;

	if (FW_REF_TAG(ref) == FW_REF_TABLE8 && !whole)
		return copy_table8(c, at, base, depth, lo, hi, bits);
	err = span_write(c, ref, base, depth, lo, hi, bits, &fresh);
	if (err)
		return err;
	*at.slot = fresh;
	/* What this change itself had written before. */
	if (ref != at.live || (at.own && FW_REF_TAG(ref) == FW_REF_CLASS))
		differing_retire(c->t, c->side, ref, at.live);
	/* A place that is the same as before, in the end, counts once. */
	if (fresh == at.live && !at.own)
		trie_subtree_retire(c->t, c->side, fresh);
	return 0;
}

int trie_copy_update(struct fw_tables *t, const struct trie_copy *copy, struct trie_range r,
		     const struct trie_delta *delta)
{
	uint32_t *live = trie_root(t, copy->side, copy->family), *table = fw_pool_ptr(t->heap.pool, copy->line);
	struct changing c = { .t = t, .side = copy->side, .delta = delta };
	int err = 0;

	for (uint32_t v = wide_bits(r.lo, 0, FW_TRIE_ROOT_BITS); !err && v <= wide_bits(r.hi, 0, FW_TRIE_ROOT_BITS);
	     v++) {
		u128 from = wide_value(v, 0, FW_TRIE_ROOT_BITS), to = span_last(from, FW_TRIE_ROOT_BITS);

		err = copy_span(&c, (struct copied){ &table[v], live[v], false }, from, FW_TRIE_ROOT_BITS,
				r.lo > from ? r.lo : from, r.hi < to ? r.hi : to, copy->family == FW_IP4 ? 32 : 128);
	}
	changed_drop(&c);
	return err;
}

/* All that differs is let go of, in the table that packets will not use: the copy or the one it was made from. */
void trie_copy_end(struct fw_tables *t, const struct trie_copy *copy, bool commit)
{
	uint32_t *line = &t->root.trie[copy->side][copy->family];
	const uint32_t *was = fw_pool_ptr(t->heap.pool, *line), *is = fw_pool_ptr(t->heap.pool, copy->line);

	for (uint32_t v = 0; v < 1u << FW_TRIE_ROOT_BITS; v++)
		if (was[v] != is[v])
			differing_retire(t, copy->side, commit ? was[v] : is[v], commit ? is[v] : was[v]);
	t->stats.trie_bytes -= (uint64_t)FW_TRIE_ROOT_LINES * FW_LINE;
	/* The copy was seen by nobody. */
	if (commit)
		retire_lines(t, *line, FW_TRIE_ROOT_LINES);
	else
		heap_free(&t->heap, copy->line, FW_TRIE_ROOT_LINES);
}

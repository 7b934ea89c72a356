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
 * That is for identities that no rule refers to yet, or any more. A change that packets must see at a stroke is made to a
 * copy of the trie's root, with new nodes below it wherever something differs; the copy becomes the trie with the next
 * root of the image.
 */
#include "tables.h"

#include "fw/trie_node.h"

#include <string.h>

typedef unsigned __int128 u128;

#define ALL_ONES (~(u128)0)

static u128 addr_wide(struct fw_addr a)
{
	return (u128)a.hi << 64 | a.lo;
}

struct trie_range trie_range_of(const struct fw_addr_range *r)
{
	/* An IPv4 address stands for all that begins with it. */
	u128 rest = r->family == FW_IP4 ? ALL_ONES >> 32 : 0;

	return (struct trie_range){ addr_wide(r->lo), addr_wide(r->hi) | rest, r->family };
}

/* The last address of a node's span, of which @depth bits are fixed. */
static u128 span_last(u128 base, unsigned depth)
{
	return depth >= 128 ? base : base | ALL_ONES >> depth;
}

/* @width bits of @a from bit @depth on. */
static uint32_t wide_bits(u128 a, unsigned depth, unsigned width)
{
	return (uint32_t)(a << depth >> (128 - width));
}

/* @value as the @width bits behind @depth. */
static u128 wide_value(uint32_t value, unsigned depth, unsigned width)
{
	return (u128)value << (128 - width) >> depth;
}

/* One step down: the reference that @at takes, and the bits that it looked at (0: a split, which looks at none of its own). */
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
	case FW_REF_SPLIT:
		*width = 0;
		return &r32->ref[fw_runs32_find(r32, wide_bits(at, depth, 32))];
	default:
		*width = 32;
		return &r32->ref[fw_runs32_find(r32, wide_bits(at, depth, 32))];
	}
}

/* Where a class begins, while a node is taken apart. */
struct flat {
	struct boundary *b;
	size_t n, cap;
	size_t nodes; /* taken apart */
	int err;
};

static void flat_put(struct flat *f, u128 start, uint32_t class)
{
	struct boundary b = { { (uint64_t)(start >> 64), (uint64_t)start }, class };

	if (f->n && f->b[f->n - 1].class == class)
		return;
	if (!f->err)
		f->err = fw_vec_push(f->b, f->n, f->cap, b);
}

static void flatten(const struct fw_tables *t, struct flat *f, uint32_t ref, u128 base, unsigned depth);

/* @first: the value that the first run begins with. */
static void flatten_runs32(const struct fw_tables *t, struct flat *f, const struct fw_runs32 *node, uint32_t first,
			   u128 base, unsigned depth, bool split)
{
	for (unsigned i = 0; i < FW_RUNS32; i++) {
		const struct fw_runs32 *below = fw_pool_ptr(t->heap.pool, FW_REF_LINE(node->ref[i]));
		u128 start = base | wide_value(first, depth, 32);

		if (split)
			flatten_runs32(t, f, below, first, base, depth, false);
		else
			flatten(t, f, node->ref[i], start, depth + 32);
		if (i == FW_RUNS32 - 1 || node->last[i] == UINT32_MAX)
			return;
		first = node->last[i] + 1;
	}
}

static void flatten_runs8(const struct fw_tables *t, struct flat *f, const struct fw_runs8 *node, u128 base,
			  unsigned depth)
{
	uint32_t first = 0;

	for (unsigned i = 0; i < FW_RUNS8; i++) {
		flatten(t, f, node->ref[i], base | wide_value(first, depth, 8), depth + 8);
		if (i == FW_RUNS8 - 1 || node->last[i] == 0xff)
			return;
		first = node->last[i] + 1u;
	}
}

/* What a reference says of its span, as the addresses at which the class changes. */
static void flatten(const struct fw_tables *t, struct flat *f, uint32_t ref, u128 base, unsigned depth)
{
	const void *node = fw_pool_ptr(t->heap.pool, FW_REF_LINE(ref));
	const uint32_t *table = node;

	f->nodes += FW_REF_TAG(ref) == FW_REF_SPLIT ? 1 + FW_RUNS32 : 1;
	switch (FW_REF_TAG(ref)) {
	case FW_REF_CLASS:
		flat_put(f, base, FW_REF_LINE(ref));
		return;
	case FW_REF_TABLE8:
		for (uint32_t v = 0; v < 256; v++)
			flatten(t, f, table[v], base | wide_value(v, depth, 8), depth + 8);
		return;
	case FW_REF_RUNS8:
		flatten_runs8(t, f, node, base, depth);
		return;
	default:
		flatten_runs32(t, f, node, 0, base, depth, FW_REF_TAG(ref) == FW_REF_SPLIT);
	}
}

/* A subtree is out of reach: its lines, and its references to classes. One that was not finished has references of 0. */
static void subtree_retire(struct fw_tables *t, int side, uint32_t ref)
{
	uint32_t line = FW_REF_LINE(ref), tag = FW_REF_TAG(ref), n = 1;
	const void *node = fw_pool_ptr(t->heap.pool, line);
	const uint32_t *refs = tag == FW_REF_TABLE8 ? node : NULL;

	if (!ref)
		return;
	if (tag == FW_REF_CLASS) {
		class_drop(t, side, line);
		return;
	}
	if (refs) {
		n = 256;
	} else if (tag == FW_REF_RUNS8) {
		const struct fw_runs8 *r = node;

		for (refs = r->ref; n < FW_RUNS8 && r->last[n - 1] != 0xff; n++)
			;
	} else {
		const struct fw_runs32 *r = node;

		for (refs = r->ref; n < FW_RUNS32 && r->last[n - 1] != UINT32_MAX; n++)
			;
	}
	for (uint32_t i = 0; i < n; i++)
		subtree_retire(t, side, refs[i]);
	n = tag == FW_REF_TABLE8 ? 256 * 4 / FW_LINE : 1;
	t->stats.trie_bytes -= (uint64_t)n * FW_LINE;
	retire_lines(t, line, n);
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

	flat_put(f, start, class);
	if (f->n > n)
		class_hold(c->t, c->side, class, 1);
	return f->err;
}

static void flat_drop(struct changing *c, struct flat *f)
{
	for (size_t i = 0; i < f->n; i++)
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

	flatten(c->t, &old, ref, base, depth);
	err = old.err ? old.err : flat_change(c, &old, lo, hi, span_last(base, depth), &new);
	/* Nodes and classes that go, or that were made in vain: nearly all are among those of the two lists. */
	if (!err)
		err = retire_reserve(c->t, old.nodes + old.n + new.n * 2 + 2);
	if (!err) {
		tb.b = new.b;
		err = new.n == 1 ? line_ref(&tb, new.b[0].class, 1, &made) :
				   trie_node_write(&tb, 0, (uint32_t) new.n, new.b[0].class, depth, bits, &made);
	}
	if (err)
		subtree_retire(c->t, c->side, made);
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
	subtree_retire(c->t, c->side, ref);
	return 0;
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
	uint32_t tag = FW_REF_TAG(*slot), *below = slot, fresh;
	unsigned width = 0;

	if (tag == FW_REF_TABLE8)
		return change_table8(c, fw_pool_ptr(c->t->heap.pool, FW_REF_LINE(*slot)), base, depth, lo, hi, bits);
	if (tag == FW_REF_CLASS && lo == base && hi == span_last(base, depth)) {
		uint32_t old = FW_REF_LINE(*slot);
		int err = retire_reserve(c->t, 2);

		if (!err)
			err = class_changed(c, old, &fresh);
		if (err || fresh == old)
			return err;
		class_hold(c->t, c->side, fresh, 1);
		__atomic_store_n(slot, FW_REF(fresh, FW_REF_CLASS), __ATOMIC_RELEASE);
		class_drop(c->t, c->side, old);
		return 0;
	}
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

static uint32_t *trie_root(const struct fw_tables *t, int side, enum fw_family family)
{
	return fw_pool_ptr(t->heap.pool, t->root.trie[side][family]);
}

int trie_change(struct fw_tables *t, int side, struct trie_range r, const struct trie_delta *delta)
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
	int err = take_lines(t, FW_TRIE_ROOT_LINES, &t->stats.trie_bytes, &line);

	if (err)
		return err;
	*out = (struct trie_copy){ .side = side, .family = family, .line = line };
	memcpy(fw_pool_ptr(t->heap.pool, line), trie_root(t, side, family), (size_t)FW_TRIE_ROOT_LINES * FW_LINE);
	return 0;
}

int trie_copy_change(struct fw_tables *t, const struct trie_copy *copy, struct trie_range r,
		     const struct trie_delta *delta)
{
	uint32_t *live = trie_root(t, copy->side, copy->family), *table = fw_pool_ptr(t->heap.pool, copy->line);
	struct changing c = { .t = t, .side = copy->side, .delta = delta };
	unsigned bits = copy->family == FW_IP4 ? 32 : 128;
	int err = 0;

	for (uint32_t v = wide_bits(r.lo, 0, FW_TRIE_ROOT_BITS); !err && v <= wide_bits(r.hi, 0, FW_TRIE_ROOT_BITS);
	     v++) {
		u128 from = wide_value(v, 0, FW_TRIE_ROOT_BITS), to = span_last(from, FW_TRIE_ROOT_BITS);
		uint32_t ref = table[v];

		err = span_write(&c, ref, from, FW_TRIE_ROOT_BITS, r.lo > from ? r.lo : from, r.hi < to ? r.hi : to,
				 bits, &table[v]);
		if (err)
			break;
		/* What this change itself had written before. */
		if (ref != live[v])
			subtree_retire(t, copy->side, ref);
		/* A place that is the same as before, in the end, counts once. */
		if (table[v] == live[v])
			subtree_retire(t, copy->side, table[v]);
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
			subtree_retire(t, copy->side, commit ? was[v] : is[v]);
	t->stats.trie_bytes -= (uint64_t)FW_TRIE_ROOT_LINES * FW_LINE;
	/* The copy was seen by nobody. */
	if (commit)
		retire_lines(t, *line, FW_TRIE_ROOT_LINES);
	else
		heap_free(&t->heap, copy->line, FW_TRIE_ROOT_LINES);
}

/* Calls @leaf for the class of each place under a reference that lies in the range, until it says no. */
struct visit {
	const struct fw_tables *t;
	u128 lo, hi;
	bool (*leaf)(struct visit *v, uint32_t line);
	struct trie_survey *sum;
	uint64_t limit;
	uint32_t identity;
	uint64_t bits;
};

static bool visit_ref(struct visit *v, uint32_t ref, u128 base, unsigned depth);

static bool visit_outside(const struct visit *v, u128 from, u128 to)
{
	return to < v->lo || from > v->hi;
}

/* @first: the value that the first run begins with. */
static bool visit_runs(struct visit *v, uint32_t ref, uint32_t first, u128 base, unsigned depth)
{
	const void *node = fw_pool_ptr(v->t->heap.pool, FW_REF_LINE(ref));
	const struct fw_runs32 *r32 = node;
	const struct fw_runs8 *r8 = node;
	unsigned width = FW_REF_TAG(ref) == FW_REF_RUNS8 ? 8 : 32, runs = width == 8 ? FW_RUNS8 : FW_RUNS32;
	uint32_t end = width == 8 ? 0xff : UINT32_MAX;

	for (unsigned i = 0; i < runs; i++) {
		uint32_t last = i == runs - 1 ? end : width == 8 ? r8->last[i] : r32->last[i];
		uint32_t below = width == 8 ? r8->ref[i] : r32->ref[i];
		u128 from = base | wide_value(first, depth, width);
		u128 to = span_last(base | wide_value(last, depth, width), depth + width);
		bool go = !visit_outside(v, from, to);

		if (go && FW_REF_TAG(ref) == FW_REF_SPLIT)
			go = !visit_runs(v, below, first, base, depth);
		else if (go)
			go = !visit_ref(v, below, from, depth + width);
		if (go)
			return false;
		if (last == end)
			break;
		first = last + 1;
	}
	return true;
}

static bool visit_ref(struct visit *v, uint32_t ref, u128 base, unsigned depth)
{
	const uint32_t *table = fw_pool_ptr(v->t->heap.pool, FW_REF_LINE(ref));
	uint32_t last = 0;

	if (FW_REF_TAG(ref) == FW_REF_CLASS)
		return v->leaf(v, FW_REF_LINE(ref));
	if (FW_REF_TAG(ref) != FW_REF_TABLE8)
		return visit_runs(v, ref, 0, base, depth);
	for (uint32_t i = 0; i < 256; i++) {
		u128 from = base | wide_value(i, depth, 8);

		if (visit_outside(v, from, span_last(from, depth + 8)) ||
		    (table[i] == last && FW_REF_TAG(last) == FW_REF_CLASS))
			continue;
		last = table[i];
		if (!visit_ref(v, last, from, depth + 8))
			return false;
	}
	return true;
}

static void visit(struct visit *v, int side, struct trie_range r)
{
	const uint32_t *root = trie_root(v->t, side, r.family);

	v->lo = r.lo;
	v->hi = r.hi;
	for (uint32_t i = wide_bits(r.lo, 0, FW_TRIE_ROOT_BITS); i <= wide_bits(r.hi, 0, FW_TRIE_ROOT_BITS); i++)
		if (!visit_ref(v, root[i], wide_value(i, 0, FW_TRIE_ROOT_BITS), FW_TRIE_ROOT_BITS))
			return;
}

static bool leaf_survey(struct visit *v, uint32_t line)
{
	const struct fw_class *c = fw_pool_ptr(v->t->heap.pool, line);
	uint32_t n = (c->lines - 1u) * FW_CLASS_IDENTITIES + c[c->lines - 1].n;

	if (n > v->sum->identities_max)
		v->sum->identities_max = n;
	return ++v->sum->places <= v->limit;
}

void trie_survey(const struct fw_tables *t, int side, struct trie_range r, uint64_t limit, struct trie_survey *sum)
{
	struct visit v = { .t = t, .leaf = leaf_survey, .sum = sum, .limit = limit };

	visit(&v, side, r);
}

static bool leaf_sign(struct visit *v, uint32_t line)
{
	class_sign(v->t, line, v->identity, v->bits);
	return true;
}

void trie_sign(struct fw_tables *t, int side, struct trie_range r, uint32_t identity, uint64_t bits)
{
	struct visit v = { .t = t, .leaf = leaf_sign, .identity = identity, .bits = bits };

	visit(&v, side, r);
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * Updates of a trie that packets are walking: over a range of addresses, identities are added to the classes and removed
 * from them.
 *
 * Tables of references (the root, and nodes of 256) change in place, since each reference is one store. Any other node is
 * written again, with all that is under it, and then the one reference that leads to it is stored: a packet finds the old
 * node or the new one, and both are whole. What was replaced waits for a grace period. The walk goes down as long as the
 * whole range lies under one reference, so that little is written:
 *
 *	node    0-9: {any}   10: -> node below   11-255: {any}
 *	range   10.1 .. 10.1                       only the node below changes
 *	range   10.1 .. 11.0                       both are written again
 *
 * Where all of a node lies in the range, each of its references changes by itself, and a class that only one place refers
 * to gets the new identity appended in place: a prefix around very many others writes no nodes at all.
 *
 * This is for identities that no rule refers to, yet or any more. An update that packets must see all at once goes to a
 * copy of the trie's root (trie_copy.c).
 */
#include "trie_span.h"

struct trie_range trie_range_of(const struct fw_addr_range *r)
{
	/* An IPv4 address stands for all that begins with it. */
	u128 rest = r->family == FW_IP4 ? ALL_ONES >> 32 : 0;

	return (struct trie_range){ addr_wide(r->lo), addr_wide(r->hi) | rest, r->family };
}

/* One step down: the reference for the address @at, and the bits that chose it (0: in a wide node, which uses up none). */
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

static int rewrite(struct trie_editing *e, uint32_t *slot, const struct trie_scope *s)
{
	uint32_t ref = *slot, fresh;
	int err = trie_span_write(e, ref, s, &fresh);

	if (err)
		return err;
	__atomic_store_n(slot, fresh, __ATOMIC_RELEASE);
	trie_subtree_retire(e->t, e->side, ref);
	return 0;
}

/* Tries to append the identity to the class at @line in place. */
static bool class_appended(const struct trie_editing *e, uint32_t line)
{
	struct class_list list;

	if (e->delta->nadd != 1 || e->delta->nremove || e->from == line)
		return false;
	class_read(e->t, line, &list);
	return !trie_list_edit(&list, e->delta) && class_append(e->t, e->side, line, &list);
}

/* A reference to a class. */
static int change_class(struct trie_editing *e, uint32_t *slot)
{
	uint32_t old = FW_REF_LINE(*slot), fresh = 0;
	int err = retire_reserve(e->t, 2);

	e->t->places++;
	if (!err && class_appended(e, old))
		return 0;
	if (!err)
		err = trie_class_edit(e, old, &fresh);
	if (err || fresh == old)
		return err;
	class_hold(e->t, e->side, fresh, 1);
	__atomic_store_n(slot, FW_REF(fresh, FW_REF_CLASS), __ATOMIC_RELEASE);
	class_drop(e->t, e->side, old);
	return 0;
}

/* A reference whose whole span lies in the range: its nodes stay, since runs that differ now will differ then. */
static int change_whole(struct trie_editing *e, uint32_t *slot)
{
	uint32_t n, *refs;
	int err = 0;

	if (FW_REF_TAG(*slot) == FW_REF_CLASS)
		return change_class(e, slot);
	refs = trie_node_refs(e->t, *slot, &n);
	for (uint32_t i = 0; !err && i < n; i++)
		err = change_whole(e, &refs[i]);
	return err;
}

static int change_scope(struct trie_editing *e, uint32_t *slot, const struct trie_scope *s);

/* The references of a table that the range touches, each of which has the next @width bits. */
static int change_table(struct trie_editing *e, uint32_t *table, unsigned width, const struct trie_scope *s)
{
	int err = 0;

	for (uint32_t v = scope_first(s, width); !err && v <= scope_end(s, width); v++) {
		const struct trie_scope below = scope_below(s, v, width);

		err = change_scope(e, &table[v], &below);
	}
	return err;
}

/* A reference of which a part lies in the range, or all. */
static int change_scope(struct trie_editing *e, uint32_t *slot, const struct trie_scope *s)
{
	uint32_t *below = slot;
	unsigned depth = s->span.depth, width = 0;

	if (scope_is_whole(s))
		return change_whole(e, slot);
	if (FW_REF_TAG(*slot) == FW_REF_TABLE8)
		return change_table(e, fw_pool_ptr(e->t->heap.pool, FW_REF_LINE(*slot)), 8, s);
	/* If both ends lie under one reference to a node, only that one changes. */
	while (FW_REF_TAG(*below) != FW_REF_CLASS && FW_REF_TAG(*below) != FW_REF_TABLE8) {
		uint32_t *a = step_down(e->t, *below, s->lo, depth, &width);
		const uint32_t *b = step_down(e->t, *below, s->hi, depth, &width);

		if (a != b)
			break;
		if (!width) {
			below = a;
			continue;
		}
		if (FW_REF_TAG(*a) == FW_REF_CLASS || scope_first(s, width) != scope_end(s, width))
			break;

		const struct trie_scope down = scope_below(s, scope_first(s, width), width);

		return change_scope(e, a, &down);
	}
	return rewrite(e, slot, s);
}

int trie_update(struct fw_tables *t, int side, struct trie_range r, const struct trie_delta *delta)
{
	const struct trie_scope all = scope_of(r);
	struct trie_editing e = { .t = t, .side = side, .delta = delta };
	int err = change_table(&e, trie_root(t, side, r.family), FW_TRIE_ROOT_BITS, &all);

	trie_editing_end(&e);
	return err;
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * Updates of a trie that packets must see all at once. They go to a copy of the trie's root, with new nodes below it
 * wherever something differs; the copy becomes the trie with the next root of the image.
 *
 * A table of 256 is copied and then shares the nodes below it with the live one, except for those that differ, and has
 * references to classes of its own.
 */
#include "trie_span.h"

#include <string.h>

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

/* Retires the subtree @dropped, which @kept replaces: everything but what both share. */
static void differing_retire(struct fw_tables *t, int side, uint32_t dropped, uint32_t kept)
{
	const uint32_t *old, *new;

	if (FW_REF_TAG(dropped) != FW_REF_TABLE8 || FW_REF_TAG(kept) != FW_REF_TABLE8) {
		trie_subtree_retire(t, side, dropped);
		return;
	}
	old = fw_pool_ptr(t->heap.pool, FW_REF_LINE(dropped));
	new = fw_pool_ptr(t->heap.pool, FW_REF_LINE(kept));
	for (uint32_t i = 0; i < 256; i++)
		if (FW_REF_TAG(old[i]) == FW_REF_CLASS || old[i] != new[i])
			differing_retire(t, side, old[i], new[i]);
	t->stats.trie_bytes -= TABLE8_LINES * FW_LINE;
	retire_lines(t, FW_REF_LINE(dropped), TABLE8_LINES);
}

static int table8_copy(struct trie_editing *e, uint32_t ref, uint32_t *out)
{
	uint32_t line, *table;
	int err = retire_reserve(e->t, 1);

	if (!err)
		err = tables_take(e->t, TABLE8_LINES, &e->t->stats.trie_bytes, &line);
	if (err)
		return err;
	table = fw_pool_ptr(e->t->heap.pool, line);
	memcpy(table, fw_pool_ptr(e->t->heap.pool, FW_REF_LINE(ref)), TABLE8_LINES * FW_LINE);
	for (uint32_t i = 0; i < 256; i++)
		if (FW_REF_TAG(table[i]) == FW_REF_CLASS)
			class_hold(e->t, e->side, FW_REF_LINE(table[i]), 1);
	*out = FW_REF(line, FW_REF_TABLE8);
	return 0;
}

/* A reference in the copy. @live: the one in its place in the live trie; 0: none. */
struct copied {
	uint32_t *slot;
	uint32_t live;
	bool own; /* it holds its class by itself, and does not share that with @live */
};

static int copy_scope(struct trie_editing *e, struct copied at, const struct trie_scope *s);

static int copy_table8(struct trie_editing *e, struct copied at, const struct trie_scope *s)
{
	const uint32_t *live = NULL;
	uint32_t *table;
	int err = *at.slot == at.live ? table8_copy(e, *at.slot, at.slot) : 0;

	if (err)
		return err;
	table = fw_pool_ptr(e->t->heap.pool, FW_REF_LINE(*at.slot));
	if (FW_REF_TAG(at.live) == FW_REF_TABLE8)
		live = fw_pool_ptr(e->t->heap.pool, FW_REF_LINE(at.live));
	for (uint32_t v = scope_first(s, 8); !err && v <= scope_end(s, 8); v++) {
		const struct trie_scope below = scope_below(s, v, 8);

		err = copy_scope(e, (struct copied){ &table[v], live ? live[v] : 0, true }, &below);
	}
	return err;
}

/* Changes a reference of the copy: tables on the way are copied, and the node that they lead to is written again. */
static int copy_scope(struct trie_editing *e, struct copied at, const struct trie_scope *s)
{
	uint32_t ref = *at.slot, fresh;
	int err;

	if (FW_REF_TAG(ref) == FW_REF_TABLE8 && !scope_is_whole(s))
		return copy_table8(e, at, s);
	err = trie_span_write(e, ref, s, &fresh);
	if (err)
		return err;
	*at.slot = fresh;
	/* What this update itself had written before. */
	if (ref != at.live || (at.own && FW_REF_TAG(ref) == FW_REF_CLASS))
		differing_retire(e->t, e->side, ref, at.live);
	/* A reference that turns out to be the same as before is counted once. */
	if (fresh == at.live && !at.own)
		trie_subtree_retire(e->t, e->side, fresh);
	return 0;
}

int trie_copy_update(struct fw_tables *t, const struct trie_copy *copy, struct trie_range r,
		     const struct trie_delta *delta)
{
	const uint32_t *live = trie_root(t, copy->side, copy->family);
	uint32_t *table = fw_pool_ptr(t->heap.pool, copy->line);
	const struct trie_scope all = scope_of(r);
	struct trie_editing e = { .t = t, .side = copy->side, .delta = delta };
	int err = 0;

	for (uint32_t v = scope_first(&all, FW_TRIE_ROOT_BITS); !err && v <= scope_end(&all, FW_TRIE_ROOT_BITS); v++) {
		const struct trie_scope below = scope_below(&all, v, FW_TRIE_ROOT_BITS);

		err = copy_scope(&e, (struct copied){ &table[v], live[v], false }, &below);
	}
	trie_editing_end(&e);
	return err;
}

/* Retires all that differs, of the table that packets will not use: the copy or the one that it was made from. */
void trie_copy_end(struct fw_tables *t, const struct trie_copy *copy, bool commit)
{
	const uint32_t *line = &t->root.trie[copy->side][copy->family];
	const uint32_t *was = fw_pool_ptr(t->heap.pool, *line), *is = fw_pool_ptr(t->heap.pool, copy->line);

	for (uint32_t v = 0; v < 1u << FW_TRIE_ROOT_BITS; v++)
		if (was[v] != is[v])
			differing_retire(t, copy->side, commit ? was[v] : is[v], commit ? is[v] : was[v]);
	t->stats.trie_bytes -= (uint64_t)FW_TRIE_ROOT_LINES * FW_LINE;
	/* No packet has seen a copy that is dropped. */
	if (commit)
		retire_lines(t, *line, FW_TRIE_ROOT_LINES);
	else
		heap_free(&t->heap, copy->line, FW_TRIE_ROOT_LINES);
}

// SPDX-License-Identifier: GPL-2.0-only
/* A trie's nodes taken apart: into the boundaries that they were built from, or for good. */
#include "trie_span.h"

void trie_flat_put(struct flat *f, u128 start, uint32_t class)
{
	struct boundary b = { { (uint64_t)(start >> 64), (uint64_t)start }, class };

	if (f->n && f->b[f->n - 1].class == class)
		return;
	if (!f->err)
		f->err = fw_vec_push(f->b, f->n, f->cap, b);
}

/* The runs of one node, or, of a wide node, of the nodes below it; @first: the value that the first run begins with. */
static void flatten_runs32(struct flat *f, const struct fw_runs32 *node, uint32_t first, struct trie_span span,
			   bool wide)
{
	for (unsigned i = 0; i < FW_RUNS32; i++) {
		const struct fw_runs32 *below = fw_pool_ptr(f->t->heap.pool, FW_REF_LINE(node->ref[i]));

		if (wide)
			flatten_runs32(f, below, first, span, false);
		else
			trie_flatten(f, node->ref[i], span_below(span, first, 32));
		if (i == FW_RUNS32 - 1 || node->last[i] == UINT32_MAX)
			return;
		first = node->last[i] + 1;
	}
}

static void flatten_runs8(struct flat *f, const struct fw_runs8 *node, struct trie_span span)
{
	uint32_t first = 0;

	for (unsigned i = 0; i < FW_RUNS8; i++) {
		trie_flatten(f, node->ref[i], span_below(span, first, 8));
		if (i == FW_RUNS8 - 1 || node->last[i] == 0xff)
			return;
		first = node->last[i] + 1u;
	}
}

void trie_flatten(struct flat *f, uint32_t ref, struct trie_span span)
{
	const void *node = fw_pool_ptr(f->t->heap.pool, FW_REF_LINE(ref));
	const uint32_t *table = node;

	f->nodes += FW_REF_TAG(ref) == FW_REF_WIDE ? 1 + FW_RUNS32 : 1;
	switch (FW_REF_TAG(ref)) {
	case FW_REF_CLASS:
		trie_flat_put(f, span.base, FW_REF_LINE(ref));
		return;
	case FW_REF_TABLE8:
		for (uint32_t v = 0; v < 256; v++)
			trie_flatten(f, table[v], span_below(span, v, 8));
		return;
	case FW_REF_RUNS8:
		flatten_runs8(f, node, span);
		return;
	default:
		flatten_runs32(f, node, 0, span, FW_REF_TAG(ref) == FW_REF_WIDE);
	}
}

uint32_t *trie_node_refs(const struct fw_tables *t, uint32_t ref, uint32_t *n)
{
	void *node = fw_pool_ptr(t->heap.pool, FW_REF_LINE(ref));
	struct fw_runs8 *r8 = node;
	struct fw_runs32 *r32 = node;

	*n = 1;
	switch (FW_REF_TAG(ref)) {
	case FW_REF_TABLE8:
		*n = 256;
		return node;
	case FW_REF_RUNS8:
		while (*n < FW_RUNS8 && r8->last[*n - 1] != 0xff)
			++*n;
		return r8->ref;
	default:
		while (*n < FW_RUNS32 && r32->last[*n - 1] != UINT32_MAX)
			++*n;
		return r32->ref;
	}
}

void trie_subtree_retire(struct fw_tables *t, int side, uint32_t ref)
{
	uint32_t line = FW_REF_LINE(ref), tag = FW_REF_TAG(ref), n;
	const uint32_t *refs;

	if (!ref)
		return;
	if (tag == FW_REF_CLASS) {
		class_drop(t, side, line);
		return;
	}
	refs = trie_node_refs(t, ref, &n);
	for (uint32_t i = 0; i < n; i++)
		trie_subtree_retire(t, side, refs[i]);
	n = tag == FW_REF_TABLE8 ? TABLE8_LINES : 1;
	t->stats.trie_bytes -= (uint64_t)n * FW_LINE;
	retire_lines(t, line, n);
}

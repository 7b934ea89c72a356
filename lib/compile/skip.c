// SPDX-License-Identifier: GPL-2.0-only
/*
 * The table of skips (struct fw_skip). A packet reads the table that its own root names, so an update that changes an entry
 * writes a new table, which the next root names.
 */
#include "skip.h"

#include <string.h>

static int compare(const void *a, const void *b)
{
	const struct fw_skip *x = a, *y = b;

	return (x->rank > y->rank) - (x->rank < y->rank);
}

static uint32_t steps_for(size_t n)
{
	uint32_t steps = 0;

	while (n >> steps)
		steps++;
	return steps;
}

uint32_t skips_lines(const struct fw_root *root)
{
	uint64_t bytes = sizeof(struct fw_skip) << root->skip_steps;

	return root->skips ? (uint32_t)((bytes + FW_LINE - 1) / FW_LINE) : 0;
}

/* How many entries a root's table has. */
static size_t count(const struct fw_tables *t, const struct fw_root *root, const struct fw_skip **table)
{
	size_t n = 0;

	*table = root->skips ? fw_pool_ptr(t->heap.pool, root->skips) : NULL;
	while (*table && (*table)[n].rank != UINT32_MAX)
		n++;
	return n;
}

int skips_write(struct fw_tables *t, const struct fw_skip *skips, size_t n, struct fw_root *root)
{
	struct fw_skip *table;
	int err;

	root->skips = root->skip_steps = 0;
	if (!n)
		return 0;
	if (n > FW_SKIPS_MAX) {
		fw_diag_add(t->ds, (struct fw_place){ t->from->file, 0, 0 },
			    "let chains end with a verdict instead, or call them less often",
			    "rules return from chains at %zu places, at most %u are possible", n, FW_SKIPS_MAX);
		return -E2BIG;
	}
	root->skip_steps = steps_for(n);
	root->skips = 1;
	err = tables_take(t, skips_lines(root), &t->stats.bytes, &root->skips);
	if (err) {
		root->skips = 0;
		return err;
	}
	table = fw_pool_ptr(t->heap.pool, root->skips);
	memset(table, 0xff, (size_t)skips_lines(root) * FW_LINE);
	memcpy(table, skips, n * sizeof(*skips));
	return 0;
}

/* Takes the entry of a rank out of @n entries; marks its place with rank 0. */
static void take_out(struct fw_skip *s, size_t n, uint32_t rank)
{
	const struct fw_skip key = { rank, 0 };
	struct fw_skip *found = n ? bsearch(&key, s, n, sizeof(*s), compare) : NULL;

	if (found)
		found->end = 0;
}

/* The entries after the rows, sorted: @n of them in @out, which has room for all. */
static size_t merge(const struct fw_lowered_edit *l, const struct fw_skip *now, size_t nnow, struct fw_skip *out)
{
	size_t n = nnow, used = 0;

	if (nnow)
		memcpy(out, now, nnow * sizeof(*now));
	for (size_t i = 0; i < l->nrows; i++)
		if (l->rows[i].before)
			take_out(out, nnow, l->rows[i].before->rank);
	for (size_t i = 0; i < l->nrows; i++)
		if (l->rows[i].after && l->rows[i].end)
			out[n++] = (struct fw_skip){ l->rows[i].after->rank, l->rows[i].end };
	for (size_t i = 0; i < n; i++)
		if (out[i].end)
			out[used++] = out[i];
	if (used)
		qsort(out, used, sizeof(*out), compare);
	return used;
}

int skips_prepare(struct fw_tables *t, const struct fw_lowered_edit *l, struct fw_root *root)
{
	const struct fw_skip *now;
	size_t nnow = count(t, &t->root, &now), n;
	bool any = nnow > 0;

	for (size_t i = 0; i < l->nrows && !any; i++)
		any = l->rows[i].after && l->rows[i].end;
	if (!any)
		return 0;

	fw_autofree struct fw_skip *next = malloc((nnow + l->nrows + 1) * sizeof(*next));

	if (!next)
		return -ENOMEM;
	n = merge(l, now, nnow, next);
	if (n == nnow && (!n || !memcmp(now, next, n * sizeof(*next))))
		return 0;
	return skips_write(t, next, n, root);
}

void skips_end(struct fw_tables *t, const struct fw_root *root, bool commit)
{
	const struct fw_root *gone = commit ? &t->root : root;

	if (root->skips == t->root.skips || !gone->skips)
		return;
	t->stats.bytes -= (uint64_t)skips_lines(gone) * FW_LINE;
	if (commit)
		retire_lines(t, gone->skips, skips_lines(gone));
	else
		heap_free(&t->heap, gone->skips, skips_lines(gone));
}

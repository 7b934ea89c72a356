// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reads the tree of a pair's blocks and splits: which rules it has, and which blocks. An instance is known by its rank, which
 * is a part of its hit.
 */
#include "split.h"

/* It no longer counts as chained: packets see this block or those that replace it, not both. */
int tree_drop_block(struct tree_update *u, uint64_t hit, bool extra)
{
	const struct fw_block *b = block_at(u->t, hit);
	struct block_lines lines = { (uint32_t)hit, (b->bytes + FW_LINE - 1) / FW_LINE, extra };
	int err = fw_vec_push(u->gone.b, u->gone.n, u->gone.cap, lines);

	if (!err)
		u->t->extra_blocks -= extra;
	return err;
}

static const __u64 *block_hits(const struct fw_block *b)
{
	return (const __u64 *)((const uint8_t *)b + b->hits);
}

uint64_t tree_entries(const struct fw_tables *t, uint64_t hit)
{
	uint64_t n = 0;

	if (hit_is_split(t, hit))
		return block_at(t, hit)->entries;
	for (; hit != FW_HIT_NONE; hit = block_at(t, hit)->next)
		n += block_at(t, hit)->rules;
	return n;
}

static uint32_t hit_slot(uint64_t hit)
{
	return FW_WHAT_COUNTER((uint32_t)hit) - FW_COUNTER_RULES;
}

static int rule_push(const struct tree_update *u, struct rules *out, uint64_t hit)
{
	const struct fw_instance *r = u->t->from->find(u->t->from, (uint32_t)FW_HIT_RANK(hit), hit_slot(hit));

	return fw_vec_push(out->r, out->n, out->cap, r);
}

static int compare_part_rank(const void *a, const void *b)
{
	const struct fw_instance *x = ((const struct part *)a)->rule, *y = ((const struct part *)b)->rule;

	return x->rank < y->rank ? -1 : x->rank > y->rank;
}

/* Is @rank that of a rule that leaves the pair? The parts are in the order of their ranks. */
static bool leaves(struct parts parts, uint64_t rank)
{
	size_t lo = 0, hi = parts.n;

	while (lo < hi) {
		size_t mid = (lo + hi) / 2;

		if (parts.p[mid].rule->rank < rank)
			lo = mid + 1;
		else
			hi = mid;
	}
	for (; lo < parts.n && parts.p[lo].rule->rank == rank; lo++)
		if (!parts.p[lo].added)
			return true;
	return false;
}

/* Appends the rules at @hit that stay, in the order of a walk through the tree, copies included. */
static int rules_stay(const struct tree_update *u, uint64_t hit, struct parts parts, struct rules *out)
{
	int err = 0;

	if (hit == FW_HIT_NONE)
		return 0;
	if (!FW_HIT_BLOCK(hit))
		return leaves(parts, FW_HIT_RANK(hit)) ? 0 : rule_push(u, out, hit);
	if (hit_is_split(u->t, hit)) {
		const struct fw_block *b = block_at(u->t, hit);

		for (uint32_t i = 0, last = split_nends(b); !err && i <= last; i++)
			err = rules_stay(u, split_hits(b)[i], parts, out);
		return err ? err : rules_stay(u, b->next, parts, out);
	}
	for (; !err && hit != FW_HIT_NONE; hit = block_at(u->t, hit)->next) {
		const struct fw_block *b = block_at(u->t, hit);

		for (uint32_t i = 0; !err && i < b->rules; i++)
			if (!leaves(parts, FW_HIT_RANK(block_hits(b)[i])))
				err = rule_push(u, out, block_hits(b)[i]);
	}
	return err;
}

static int compare_rank(const void *a, const void *b)
{
	const struct fw_instance *x = *(const struct fw_instance *const *)a, *y = *(const struct fw_instance *const *)b;

	return x->rank < y->rank ? -1 : x->rank > y->rank;
}

int tree_rules(const struct tree_update *u, uint64_t old, struct parts parts, struct rules *out)
{
	bool sorted = !hit_is_split(u->t, old);
	size_t kept = 0;
	int err;

	out->n = 0;
	if (parts.n)
		qsort(parts.p, parts.n, sizeof(*parts.p), compare_part_rank);
	err = rules_stay(u, old, parts, out);
	for (size_t i = 0; !err && i < parts.n; i++)
		if (parts.p[i].added) {
			err = fw_vec_push(out->r, out->n, out->cap, parts.p[i].rule);
			sorted = false;
		}
	if (err || sorted)
		return err;
	if (out->n)
		qsort(out->r, out->n, sizeof(*out->r), compare_rank);
	for (size_t i = 0; i < out->n; i++)
		if (!kept || out->r[kept - 1] != out->r[i])
			out->r[kept++] = out->r[i];
	out->n = kept;
	return 0;
}

int tree_drop(struct tree_update *u, uint64_t hit)
{
	int err = 0;

	if (hit == FW_HIT_NONE || !FW_HIT_BLOCK(hit))
		return 0;
	if (hit_is_split(u->t, hit)) {
		const struct fw_block *b = block_at(u->t, hit);

		for (uint32_t i = 0, last = split_nends(b); !err && i <= last; i++)
			err = tree_drop(u, split_hits(b)[i]);
		if (!err)
			err = tree_drop(u, b->next);
		return err ? err : tree_drop_block(u, hit, false);
	}
	for (bool extra = false; !err && hit != FW_HIT_NONE; hit = block_at(u->t, hit)->next, extra = true)
		err = tree_drop_block(u, hit, extra);
	return err;
}

int tree_has(const struct fw_tables *t, uint64_t hit, const struct fw_instance *rule)
{
	if (hit_is_split(t, hit)) {
		const struct fw_block *b = block_at(t, hit);
		size_t n;
		fw_autofree struct fw_range *r = instance_ranges(rule, b->field[0].field, &n);
		int has = r ? tree_has(t, split_hits(b)[split_child(split_ends(b), split_nends(b), r[0].lo)], rule) :
			      -ENOMEM;

		return has ? has : tree_has(t, b->next, rule);
	}
	for (; hit != FW_HIT_NONE; hit = block_at(t, hit)->next)
		for (uint32_t i = 0; i < block_at(t, hit)->rules; i++)
			if (FW_HIT_RANK(block_hits(block_at(t, hit))[i]) == rule->rank)
				return 1;
	return 0;
}

// SPDX-License-Identifier: GPL-2.0-only
/* Rules that are shown, chosen in one pass over all. */
#include "selection.h"

#include "ctl/fwd/engine/engine.h"

#define ROWS 1024 /* that are looked at in one go: they stay in the cache */

void selection_init(struct selection *s, size_t limit, size_t top)
{
	*s = (struct selection){ .nmarked = 0 };
	best_init(&s->marked, limit, best_by_id);
	best_init(&s->top, top, best_by_packets);
}

void selection_free(struct selection *s)
{
	best_free(&s->marked);
	best_free(&s->top);
}

static void sum_add(struct selection_sum *sum, struct fw_count count)
{
	sum->rules++;
	sum->count.packets += count.packets;
	sum->count.bytes += count.bytes;
}

void selection_add(struct selection *s, const struct best_row *row, bool marked)
{
	sum_add(&s->all, row->count);
	s->nmarked += marked;
	if (marked)
		best_add(&s->marked, *row);
	else if (row->count.packets)
		best_add(&s->top, *row);
}

static void drop_others(struct best *b, const struct fw_ruleset *rs)
{
	size_t kept = 0;

	for (size_t i = 0; i < b->n; i++) {
		const struct fw_rule *rule = fw_ruleset_by_slot(rs, b->rows[i].slot);

		if (rule && rule->id == b->rows[i].id)
			b->rows[kept++] = b->rows[i];
	}
	b->n = kept;
}

int selection_complete(struct selection *s, const struct fw_ruleset *rs)
{
	struct best *all = &s->marked;

	drop_others(&s->marked, rs);
	drop_others(&s->top, rs);
	s->marked_left_out = s->nmarked - all->n;
	for (size_t i = 0; i < s->top.n && !all->failed; i++)
		all->failed = fw_vec_push(all->rows, all->n, all->cap, s->top.rows[i]);
	if (all->failed || s->top.failed)
		return -ENOMEM;
	best_sort(all);
	for (size_t i = 0; i < all->n; i++)
		sum_add(&s->shown, all->rows[i].count);
	return 0;
}

void selection_scan(struct engine *e, void (*each)(void *ctx, const struct best_row *row, bool marked), void *ctx)
{
	const struct fw_ruleset *rs = engine_ruleset(e);
	struct fw_kern_row rows[ROWS];

	for (uint32_t slot = 0; slot < rs->next_slot; slot += ROWS) {
		uint32_t n = rs->next_slot - slot < ROWS ? rs->next_slot - slot : ROWS;

		fw_kern_rows(engine_kern(e), slot, n, rows);
		for (uint32_t i = 0; i < n; i++) {
			const struct best_row row = { rows[i].label.id, slot + i, rows[i].count };

			if (fw_ruleset_by_slot(rs, slot + i))
				each(ctx, &row, rows[i].label.what & (FW_LABEL_COUNTER | FW_LABEL_NAMED));
		}
	}
}

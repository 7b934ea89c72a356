// SPDX-License-Identifier: GPL-2.0-only
/* Reading the counters of all rules. */
#include "rule_counts.h"

#include "ctl/fwd/engine/engine.h"

#define ROWS 1024 /* read in one go: they stay in the cache */

void rule_counts_read(struct engine *e, void (*each)(void *ctx, const struct rule_count *c, bool marked), void *ctx)
{
	const struct fw_ruleset *rs = engine_ruleset(e);
	struct fw_kern_row rows[ROWS];

	for (uint32_t slot = 0; slot < rs->next_slot; slot += ROWS) {
		uint32_t n = rs->next_slot - slot < ROWS ? rs->next_slot - slot : ROWS;

		fw_kern_rows(engine_kern(e), slot, n, rows);
		for (uint32_t i = 0; i < n; i++) {
			const struct rule_count c = { { rows[i].label.id, rows[i].count }, slot + i };

			if (fw_ruleset_by_slot(rs, slot + i))
				each(ctx, &c, rows[i].label.what & (FW_LABEL_EXPORTED | FW_LABEL_NAMED(FW_NAMED_RULE)));
		}
	}
}

bool rule_counts_is_of(const void *row, void *rs)
{
	const struct rule_count *c = row;
	const struct fw_rule *rule = fw_ruleset_by_slot(rs, c->slot);

	return rule && rule->id == c->row.id;
}

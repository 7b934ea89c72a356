// SPDX-License-Identifier: GPL-2.0-only
/*
 * Counts. Only packets write to the kernel's counters as long as they may count there. A reset therefore remembers the present value in a base
 * next to the counter, which lives as long as the counter does.
 */
#include "engine_internal.h"

#define ROWS 1024 /* counters that are read at once */

struct fw_count engine_rule_count(const struct engine *e, const struct fw_rule *rule)
{
	return fw_kern_rule_count(e->kern, rule->slot);
}

void engine_reason_count(const struct engine *e, enum fw_reason reason, struct fw_count out[FW_NTERMINAL])
{
	for (unsigned verdict = 0; verdict < FW_NTERMINAL; verdict++)
		out[verdict] = fw_kern_reason_count(e->kern, reason, (enum fw_verdict)verdict);
}

/* Resets rules that have counted since the last reset: mostly few, and memory is read in order. 0 or -ENOMEM. */
static int reset_rows(struct engine *e, uint32_t slot)
{
	const struct fw_ruleset *rs = e->live->now->rs;
	uint32_t n = rs->next_slot - slot < ROWS ? rs->next_slot - slot : ROWS;
	struct fw_kern_row rows[ROWS];
	int err = 0;

	fw_kern_rows(e->kern, slot, n, rows);
	for (uint32_t i = 0; i < n && !err; i++)
		if (rows[i].count.packets && fw_ruleset_by_slot(rs, slot + i))
			err = fw_kern_count_reset(e->kern, slot + i + FW_COUNTER_RULES);
	return err;
}

int engine_count_reset(struct engine *e, const struct fw_rule *rule)
{
	int err = 0;

	if (rule)
		return fw_kern_count_reset(e->kern, rule->slot + FW_COUNTER_RULES);
	for (uint32_t counter = 0; counter < FW_COUNTER_RULES && !err; counter++)
		err = fw_kern_count_reset(e->kern, counter);
	for (uint32_t slot = 0; slot < e->live->now->rs->next_slot && !err; slot += ROWS)
		err = reset_rows(e, slot);
	return err;
}

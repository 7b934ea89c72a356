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

static int by_line(const void *key, const void *at)
{
	uint32_t a = *(const uint32_t *)key, b = ((const struct engine_begin *)at)->line;

	return a < b ? -1 : a > b;
}

int counts_prepare(struct engine *e, const struct fw_ruleset *next, const struct engine_load *l, struct begun *out)
{
	int err = 0;

	out->rows = calloc(l->nbegins + 1, sizeof(*out->rows));
	if (!out->rows)
		return -ENOMEM;
	for (const struct fw_rule *r = next->first; r && out->n < l->nbegins && !err; r = r->next) {
		const struct engine_begin *b = bsearch(&r->line, l->begins, l->nbegins, sizeof(*b), by_line);

		if (!b || fw_rule_is_plain_call(r) || fw_ruleset_by_slot(e->live->now->rs, r->slot))
			continue;
		err = fw_kern_count_add(e->kern, r->slot + FW_COUNTER_RULES, (struct fw_count){ 0 });
		out->rows[out->n++] = (struct begun_row){ r->slot, b->count };
	}
	return err;
}

void counts_begin(struct engine *e, const struct begun *b)
{
	for (size_t i = 0; i < b->n; i++)
		fw_kern_count_add(e->kern, b->rows[i].slot + FW_COUNTER_RULES, b->rows[i].count);
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

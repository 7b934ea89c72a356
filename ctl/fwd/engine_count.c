// SPDX-License-Identifier: GPL-2.0-only
/*
 * Counts. The kernel's counters belong to packets, and nobody else writes them
 * while packets may count: a reset remembers how far they had come instead, in
 * bases that stand beside them and stay as long as they do.
 */
#include "ctl/fwd/engine_internal.h"

struct fw_count engine_rule_count(const struct engine *e, const struct fw_rule *rule)
{
	return fw_kern_rule_count(e->kern, rule->slot);
}

void engine_reason_count(const struct engine *e, enum fw_reason reason, struct fw_count out[2])
{
	out[FW_DROP] = fw_kern_reason_count(e->kern, reason, FW_DROP);
	out[FW_ACCEPT] = fw_kern_reason_count(e->kern, reason, FW_ACCEPT);
}

int engine_count_reset(struct engine *e, const struct fw_rule *rule)
{
	int err = 0;

	if (rule)
		return fw_kern_count_reset(e->kern, rule->slot + FW_COUNTER_RULES);
	for (uint32_t counter = 0; counter < FW_COUNTER_RULES && !err; counter++)
		err = fw_kern_count_reset(e->kern, counter);
	for (const struct fw_rule *r = e->live->rs->first; r && !err; r = r->next)
		err = fw_kern_count_reset(e->kern, r->slot + FW_COUNTER_RULES);
	return err;
}

// SPDX-License-Identifier: GPL-2.0-only
/* Actions of a ruleset: equal ones share a number, and numbers that nothing uses are given to others after a grace period. */
#include "lib/rule/internal.h"

static bool same(const struct fw_action *a, const struct fw_action *b)
{
	return !memcmp(a, b, sizeof(*a));
}

void fw_actions_init(struct fw_ruleset *rs)
{
	for (uint32_t v = 0; v < FW_NVERDICTS; v++) {
		rs->actions[v].verdict = v;
		rs->action_use[v].taken = true;
	}
	rs->nactions = FW_NVERDICTS;
}

/* The lowest number that is free; FW_ACTIONS_MAX: there is none. */
static uint32_t lowest_free(const struct fw_ruleset *rs)
{
	uint32_t n = FW_NVERDICTS;

	while (n < rs->nactions && rs->action_use[n].taken)
		n++;
	return n;
}

int fw_ruleset_action(struct fw_ruleset *rs, const struct fw_action *a)
{
	uint32_t n = 0;

	if (a->verdict < FW_NVERDICTS && same(&rs->actions[a->verdict], a))
		return (int)a->verdict;
	for (n = FW_NVERDICTS; n < rs->nactions; n++)
		if (rs->action_use[n].taken && same(&rs->actions[n], a))
			break;
	if (n == rs->nactions)
		n = lowest_free(rs);
	if (n == FW_ACTIONS_MAX)
		return -E2BIG;
	if (!rs->action_use[n].taken) {
		rs->actions[n] = *a;
		rs->actions_idle++;
	}
	if (n == rs->nactions)
		rs->nactions++;
	rs->action_use[n].taken = true;
	rs->action_use[n].waits = false;
	return (int)n;
}

void fw_action_use(struct fw_ruleset *rs, uint32_t number, int by)
{
	struct fw_action_use *u = &rs->action_use[number];
	bool stays = number < FW_NVERDICTS;

	rs->actions_idle -= !stays && !u->users;
	u->users += (uint32_t)by; /* one less: it wraps */
	rs->actions_idle += !stays && !u->users;
	u->waits = false;
}

bool fw_ruleset_rejects(const struct fw_ruleset *rs)
{
	for (uint32_t n = 0; n < rs->nactions; n++)
		if (rs->action_use[n].users && rs->actions[n].verdict == FW_REJECT)
			return true;
	for (int r = 0; r < FW_NREASONS; r++)
		if (fw_policy_verdict(rs, (enum fw_reason)r) == FW_REJECT)
			return true;
	return false;
}

void fw_policy_set(struct fw_ruleset *rs, enum fw_reason reason, uint8_t action)
{
	fw_action_use(rs, action, 1);
	fw_action_use(rs, rs->policy[reason], -1);
	rs->policy[reason] = action;
}

void fw_ruleset_actions_wait(struct fw_ruleset *rs)
{
	if (!rs->actions_idle || rs->index->edit)
		return;
	for (uint32_t n = FW_NVERDICTS; n < rs->nactions; n++)
		rs->action_use[n].waits = rs->action_use[n].taken && !rs->action_use[n].users;
}

void fw_ruleset_actions_free(struct fw_ruleset *rs)
{
	for (uint32_t n = FW_NVERDICTS; n < rs->nactions && rs->actions_idle; n++) {
		if (!rs->action_use[n].waits)
			continue;
		rs->actions[n] = (struct fw_action){ .verdict = 0 };
		rs->action_use[n] = (struct fw_action_use){ .taken = false };
		rs->actions_idle--;
	}
	while (!rs->action_use[rs->nactions - 1].taken)
		rs->nactions--;
}

// SPDX-License-Identifier: GPL-2.0-only
/* Actions of a ruleset: equal ones share a number, and numbers that nothing uses are given to others after a grace period. */
#include "lib/rule/internal.h"

#include "fw/table/connections.h"

const char *const fw_log_levels[] = {
#define LEVEL_NAME(word) word,
	FW_LOG_LEVELS(LEVEL_NAME)
#undef LEVEL_NAME
};
_Static_assert(sizeof(fw_log_levels) / sizeof(*fw_log_levels) == FW_NLOG_LEVELS, "number of levels");

static const uint32_t unit_seconds[FW_NUNITS] = {
#define UNIT_SECONDS(sym, word, seconds) seconds,
	FW_UNITS(UNIT_SECONDS)
#undef UNIT_SECONDS
};
const char *const fw_unit_names[FW_NUNITS] = {
#define UNIT_NAME(sym, word, seconds) word,
	FW_UNITS(UNIT_NAME)
#undef UNIT_NAME
};

const char *const fw_per_names[FW_NPERS] = {
	[FW_PER_NONE] = "", [FW_PER_FROM] = "from", [FW_PER_TO] = "to", [FW_PER_FROM_TO] = "from-to"
};

#define BURST_NS_MAX (1ull << 62) /* the time of a packet and a burst together are no more than 63 bits */

static uint64_t interval(uint32_t packets, enum fw_unit unit)
{
	return unit_seconds[unit] * 1000000000ull / packets;
}

bool fw_rate_fits(uint32_t packets, enum fw_unit unit, uint32_t tokens)
{
	return tokens <= BURST_NS_MAX / interval(packets, unit);
}

struct fw_rate fw_rate_make(uint32_t packets, enum fw_unit unit, uint32_t tokens)
{
	uint64_t between = interval(packets, unit);

	return (struct fw_rate){
		.interval = between, .burst = (tokens - 1) * between, .packets = packets, .tokens = tokens, .unit = unit
	};
}

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
		if (a->flags & FW_ACTION_ADD)
			rs->sets[a->set].actions++;
	}
	if (n == rs->nactions)
		rs->nactions++;
	rs->action_use[n].taken = true;
	rs->action_use[n].waits = false;
	return (int)n;
}

static bool counts_alike(const struct fw_action *a, const struct fw_action *b)
{
	return a->connections_per == b->connections_per && a->connections4 == b->connections4 &&
	       a->connections6 == b->connections6;
}

bool fw_ruleset_counts(const struct fw_ruleset *rs, const struct fw_action *a)
{
	const struct fw_action *kind[FW_CONNECTIONS_KINDS] = { a };
	unsigned kinds = 1;

	for (uint32_t n = 0; n < rs->nactions; n++) {
		unsigned k = 0;

		if (!rs->action_use[n].users || !rs->actions[n].connections)
			continue;
		while (k < kinds && !counts_alike(kind[k], &rs->actions[n]))
			k++;
		if (k == FW_CONNECTIONS_KINDS)
			return false;
		if (k == kinds)
			kind[kinds++] = &rs->actions[n];
	}
	return true;
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

bool fw_ruleset_answers(const struct fw_ruleset *rs)
{
	for (uint32_t n = 0; n < rs->nactions; n++)
		if (rs->action_use[n].users && rs->actions[n].flags & FW_ACTION_MARK)
			return true;
	return fw_ruleset_rejects(rs);
}

int fw_log_hold(struct fw_ruleset *rs, const struct fw_action *a, struct fw_log *log)
{
	if (!(a->flags & FW_ACTION_LOG))
		*log = (struct fw_log){ .prefix = NULL };
	if (!log->prefix || !*log->prefix) {
		log->prefix = NULL;
		return 0;
	}
	log->prefix = fw_intern(rs, log->prefix, strlen(log->prefix) + 1);
	return log->prefix ? 0 : -ENOMEM;
}

void fw_log_put(struct fw_ruleset *rs, const struct fw_log *log)
{
	if (log->prefix)
		fw_intern_put(rs, log->prefix);
}

void fw_policy_set(struct fw_ruleset *rs, enum fw_reason reason, uint8_t action, struct fw_log log)
{
	fw_action_use(rs, action, 1);
	fw_action_use(rs, rs->policy[reason], -1);
	fw_log_put(rs, &rs->policy_log[reason]);
	rs->policy[reason] = action;
	rs->policy_log[reason] = log;
}

int fw_ruleset_policy_set(struct fw_ruleset *rs, enum fw_reason reason, uint8_t action, const struct fw_log *log)
{
	struct fw_log held = log ? *log : (struct fw_log){ .prefix = NULL };
	int err = 0;

	if ((unsigned)reason >= FW_NREASONS || !rs->action_use[action].taken ||
	    !fw_policy_may_be(reason, &rs->actions[action]))
		return -EINVAL;
	err = fw_log_hold(rs, &rs->actions[action], &held);
	if (err)
		return err;
	fw_policy_set(rs, reason, action, held);
	rs->policy_set[reason] = 1;
	return 0;
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
		if (rs->actions[n].flags & FW_ACTION_ADD)
			rs->sets[rs->actions[n].set].actions--;
		rs->actions[n] = (struct fw_action){ .verdict = 0 };
		rs->action_use[n] = (struct fw_action_use){ .taken = false };
		rs->actions_idle--;
	}
	while (!rs->action_use[rs->nactions - 1].taken)
		rs->nactions--;
}

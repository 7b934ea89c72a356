// SPDX-License-Identifier: GPL-2.0-only
/*
 * Shortcuts: rules that decide packets by their hook and the state of their connection alone. If the first rule that can match
 * packets of a hook and state names nothing else, all of these packets match it, whatever they are. In
 *
 *	rule 1  input forward state { established, related } accept
 *	rule 2  forward from 10.0.0.0/8 drop
 *	rule 3  input forward state invalid drop
 *
 * rule 1 decides on all established and related packets at both hooks, and rule 3 on invalid ones at input. At forward, rule 2
 * may match them first.
 */
#include "shortcuts.h"

#include <string.h>

/* Only so many rules are looked at, since that is done at each change. */
#define LEADING_RULES 64

#define ALL_STATES ((1u << FW_NSTATES) - 1)

/* The states of packets that the rule can match, a bit each. */
static unsigned states_of(const struct fw_rule *r)
{
	return fw_match_bits(fw_rule_match(r, FW_F_STATE), FW_NSTATES);
}

/* Does it decide, without conditions and effects, on all packets of its hooks and states? */
static bool is_shortcut(const struct fw_rule *r)
{
	if (r->inlined || r->src != FW_ANY || r->dst != FW_ANY || r->action > FW_ACCEPT ||
	    !fw_rule_match(r, FW_F_STATE))
		return false;
	for (unsigned i = 0; i < r->nmatches; i++)
		if (r->matches[i]->field != FW_F_STATE && r->matches[i]->field != FW_F_HOOK)
			return false;
	return true;
}

void lower_shortcuts(const struct fw_ruleset *rs, struct fw_lowering *l)
{
	const struct fw_rule *r = rs->nstateful ? rs->first : NULL;
	unsigned open[FW_NHOOKS], left = FW_NHOOKS; /* states that no rule so far can match; hooks that have some */

	for (unsigned hook = 0; hook < FW_NHOOKS; hook++)
		open[hook] = ALL_STATES;
	for (unsigned n = 0; r && r->chain == FW_MAIN && left && n < LEADING_RULES; n++, r = r->next) {
		unsigned hooks = fw_rule_hooks(r), states = states_of(r);
		bool shortcut = is_shortcut(r);

		for (unsigned hook = 0; hook < FW_NHOOKS; hook++) {
			unsigned mine = hooks >> hook & 1 ? states & open[hook] : 0;

			for (unsigned state = 0; shortcut && mine >> state; state++)
				if (mine >> state & 1)
					l->shortcut[hook][state] = &r->instance;
			open[hook] &= ~mine;
			left -= mine && !open[hook];
		}
	}
}

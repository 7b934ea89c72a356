// SPDX-License-Identifier: GPL-2.0-only
/* The commands that change chains: each sends one line of the language of `fwctl batch`. */
#include "rows.h"
#include "ctl/fwctl/request/change.h"

static const struct ctl_option *const options[] = { &ctl_opt_check, &ctl_opt_confirm, NULL };
static const struct ctl_change_report nothing;

static int run_create(const struct ctl_settings *s, int n, char **operands)
{
	return ctl_change_words(s, "chain create", n, operands, &nothing);
}

static int run_del(const struct ctl_settings *s, int n, char **operands)
{
	return ctl_change_words(s, "chain del", n, operands, &nothing);
}

const struct ctl_command ctl_chain_create = {
	.name = "chain create",
	.operands = "NAME [owner GROUP]",
	.summary = "make a chain, which rules can be added to and jump to",
	.details =
		"Members of GROUP may change the rules of the chain, and nothing else: with add, replace, move and del rule,\n"
		"batch, and load --chain. GROUP is a name or a number.\n\n" CTL_CHANGE_JSON_AS_ADD,
	.options = options,
	.words = "owner",
	.min_operands = 1,
	.max_operands = 3,
	.run = run_create,
};

const struct ctl_command ctl_chain_del = {
	.name = "chain del",
	.operands = "NAME",
	.summary = "delete a chain that has no rules and that no rule calls",
	.details = CTL_CHANGE_JSON_AS_ADD,
	.options = options,
	.kinds = CTL_KIND_CHAIN,
	.min_operands = 1,
	.max_operands = 1,
	.run = run_del,
};

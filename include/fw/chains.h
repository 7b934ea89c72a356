/* SPDX-License-Identifier: GPL-2.0-only */
/* What chains can only be checked for together with the rules that call them. */
#ifndef FW_CHAINS_H
#define FW_CHAINS_H

#include "fw/edit.h"

/**
 * fw_chains_check - can packets go through the chains?
 *
 * Refuses chains that call each other in a circle, more than FW_CHAIN_DEPTH of them within each other, and rules with `state`
 * that are asked at the hook in for packets whose state is not known there. Deleting rules cannot make any of these true.
 * @at: for the diagnostic; NULL: the line of the rule that it is about
 * Return: 0, -EINVAL with a diagnostic, or -ENOMEM.
 */
int fw_chains_check(const struct fw_ruleset *rs, const struct fw_place *at, struct fw_diags *ds);
/* The same after an edit, which may be one that has nothing to do with it. */
int fw_chains_check_edit(const struct fw_edit *e, const struct fw_place *at, struct fw_diags *ds);

/*
 * The chains such that each is before those that it calls, the main list first: fw_ruleset_chains() + 1 numbers in @out, which
 * holds rs->nchains of them. 0, -ENOMEM, or -EINVAL with a diagnostic: they call each other in a circle, or are nested too deep.
 */
int fw_chains_order(const struct fw_ruleset *rs, const struct fw_place *at, struct fw_diags *ds, uint16_t *out);

/* The hooks at which packets can get to each chain, a bit each: @out has rs->nchains of them. 0 or -ENOMEM. */
int fw_chains_hooks(const struct fw_ruleset *rs, uint8_t *out);

/*
 * Warns of chains that are called and empty, or have rules and are not called, and of rules that no packet can get to at a hook
 * that knows their fields. 0 or -ENOMEM.
 */
int fw_chains_warn(const struct fw_ruleset *rs, struct fw_diags *out);
/* The same of the chains whose rules or calls an edit changes, and of the rules that it adds or changes. */
int fw_chains_warn_edit(const struct fw_edit *e, struct fw_diags *out);

#endif

// SPDX-License-Identifier: GPL-2.0-only
/* Warns of rules that can never decide, and of chains that do nothing. Without memory it does not. */
#include "fw/chains.h"
#include "fw/diff.h"
#include "fw/warn.h"

#include "engine_internal.h"

#define LOAD_RULES 100000 /* checking more rules makes a load noticeably slower */
#define EDIT_RULES 1000   /* in one transaction: others wait meanwhile */

void warn_load(struct engine *e, const struct loaded *next, struct fw_diags *out)
{
	const struct fw_ruleset *rs = next->compiled.rs;

	if (rs->warnings)
		*out = *rs->warnings;
	fw_cost_warn(rs, &next->cost, out);
	fw_chains_warn(rs, out);
	if (rs->nrules <= LOAD_RULES)
		fw_warn_all_shadowed(rs, e->live->pool, next->compiled.image.root, out);
}

/*
 * Tables from before the edit are good enough: they lead to rules that may have changed since, but the rules are compared as
 * they are now. Only a rule that was moved or changed may find itself in its former place.
 */
void warn_edit(struct engine *e, const struct fw_edit *edit, struct fw_diags *out)
{
	const struct fw_image *image = &e->live->now->image;
	const struct fw_rule *by;

	fw_chains_warn_edit(edit, out);
	if (!e->probe && fw_classifier_new(e->live->pool, false, &e->probe))
		return;
	fw_classifier_publish(e->probe, image->root, image->generation);
	for (size_t i = 0; i < edit->nrules && i < EDIT_RULES; i++) {
		const struct fw_rule_change *row = &edit->rules[i];

		by = row->after && fw_rule_changed(row) ? fw_rule_shadow(e->probe, edit->rs, row->after) : NULL;
		if (by)
			fw_warn_shadowed(NULL, row->after, by, edit->rs, out);
	}
}

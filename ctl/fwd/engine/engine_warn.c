// SPDX-License-Identifier: GPL-2.0-only
/* Rules that can never decide are said when they come; where memory is short, nobody is told. */
#include "fw/warn.h"

#include "engine_internal.h"

#define LOAD_RULES 100000 /* above that, a load would take noticeably longer */
#define EDIT_RULES 1000   /* of one transaction: others wait meanwhile */

void warn_load(struct engine *e, const struct loaded *next, struct fw_diags *out)
{
	const struct fw_ruleset *rs = next->compiled.rs;

	if (rs->warnings)
		*out = *rs->warnings;
	fw_cost_warn(rs, &next->cost, out);
	if (rs->nrules <= LOAD_RULES)
		fw_warn_all_shadowed(rs, e->live->pool, next->compiled.image.root, out);
}

static bool says_more(const struct fw_rule_change *row)
{
	return row->after && (!row->before || row->moved || !fw_rule_same_text(row->before, row->after));
}

/*
 * Tables of before the edit do too: they lead to rules that may have changed since, and it is as they are now that these are
 * compared. Only a rule that has moved or changed may find itself, where it was.
 */
void warn_edit(struct engine *e, const struct fw_edit *edit, struct fw_diags *out)
{
	const struct fw_image *image = &e->live->now->image;
	const struct fw_rule *by;

	if (!e->probe && fw_classifier_new(e->live->pool, false, &e->probe))
		return;
	fw_classifier_publish(e->probe, image->root, image->generation);
	for (size_t i = 0; i < edit->nrules && i < EDIT_RULES; i++) {
		const struct fw_rule_change *row = &edit->rules[i];

		by = says_more(row) ? fw_rule_shadow(e->probe, edit->rs, row->after) : NULL;
		if (by)
			fw_warn_shadowed(NULL, row->after, by, edit->rs, out);
	}
}

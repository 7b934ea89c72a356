// SPDX-License-Identifier: GPL-2.0-only
/*
 * From rules to instances. A rule is one instance, the one that is a part of it: nothing is copied, an array of
 * pointers is all that a ruleset's lowering takes, and two pointers for each rule all that an edit's takes.
 *
 * The compiler knows an instance by its rank alone, and any number of them may share a slot. So a rule that has to become
 * several is given ranks between its own and the next rule's, and origin() is the one place that then has to look for
 * the instance among those of its rule.
 */
#include "fw/lower.h"
#include "fw/table/format.h"

static const char *label(const struct fw_lowering *l, const struct fw_instance *in, char *buf, size_t size)
{
	const struct fw_rule *r = fw_ruleset_by_slot(l->rules, in->slot);

	snprintf(buf, size, "%llu%s%s", r ? (unsigned long long)r->id : 0, r && r->name ? " " : "",
		 r && r->name ? r->name : "");
	return buf;
}

static const struct fw_instance *origin(const struct fw_lowering *l, uint32_t rank, uint32_t slot)
{
	(void)rank;
	return &fw_ruleset_by_slot(l->rules, slot)->instance;
}

static void lower_policies(const struct fw_ruleset *rs, struct fw_lowering *l)
{
	for (unsigned r = 0; r < FW_NREASONS; r++)
		for (unsigned hook = 0; hook < FW_NHOOKS; hook++)
			l->policy[r][hook] = fw_ruleset_policy_action(rs, (enum fw_reason)r, (enum fw_hook)hook);
}

static struct fw_lowering lowering(const struct fw_ruleset *rs)
{
	return (struct fw_lowering){ .file = rs->file,
				     .slots = rs->next_slot,
				     .turns = rs->npassing < FW_TURNS ? rs->npassing + 1 : FW_TURNS,
				     .n = rs->nrules,
				     .actions = rs->actions,
				     .nactions = rs->nactions,
				     .rules = rs,
				     .label = label,
				     .find = origin };
}

int fw_lower(const struct fw_ruleset *rs, struct fw_lowered *out)
{
	const struct fw_instance **in = malloc(rs->nrules * sizeof(*in) + 1);

	if (!in)
		return -ENOMEM;
	fw_huge_pages(in, rs->nrules * sizeof(*in));
	for (size_t i = 0; i < rs->nrules; i++)
		in[i] = &rs->rules[i]->instance;
	*out = (struct fw_lowered){ lowering(rs), &rs->book, in };
	lower_policies(rs, &out->from);
	return 0;
}

void fw_lowered_free(struct fw_lowered *l)
{
	free(l->instances);
	*l = (struct fw_lowered){ .instances = NULL };
}

int fw_lower_edit(const struct fw_edit *e, struct fw_lowered_edit *out)
{
	struct fw_instance_row *rows = malloc(e->nrules * sizeof(*rows) + 1);

	if (!rows)
		return -ENOMEM;
	for (size_t i = 0; i < e->nrules; i++) {
		const struct fw_rule_change *r = &e->rules[i];

		rows[i] = (struct fw_instance_row){ r->before ? &r->before->instance : NULL,
						    r->after ? &r->after->instance : NULL };
	}
	*out = (struct fw_lowered_edit){
		lowering(e->rs), &e->rs->book, rows, e->nrules, e->sets, e->nsets, e->policies
	};
	if (e->policies)
		lower_policies(e->rs, &out->from);
	return 0;
}

void fw_lowered_edit_free(struct fw_lowered_edit *l)
{
	free(l->rows);
	*l = (struct fw_lowered_edit){ .rows = NULL };
}

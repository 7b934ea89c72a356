// SPDX-License-Identifier: GPL-2.0-only
/*
 * Labels: whose a counter is, beside it in the kernel, for those who read the
 * files of counters. They follow what packets see. A load brings a million at
 * once: the worker makes them ready, and what is left for the swap is a copy.
 * Rules that are new stand at slots that nobody has until then, so that their
 * names, which may need room, can be given before.
 */
#include "engine_internal.h"

#include <string.h>

static struct fw_label label_of(const struct fw_rule *r)
{
	return (struct fw_label){ r->id,
				  r->verdict | (r->exported ? FW_LABEL_EXPORTED : 0) | (r->name ? FW_LABEL_NAMED : 0) };
}

static bool same_name(const struct fw_rule *a, const struct fw_rule *b)
{
	return a->name && b->name ? !strcmp(a->name, b->name) : a->name == b->name;
}

/* The verdict that it has comes first: no reader finds neither. */
static void label_policy(struct engine *e, enum fw_prog prog, enum fw_reason reason)
{
	enum fw_hook hook = prog == FW_PROG_TC_EGRESS ? FW_OUT : FW_IN;
	uint32_t is = fw_ruleset_policy(e->live->rs, reason, hook);

	fw_kern_label_set(e->kern, FW_COUNTER_REASON(prog, reason, is), &(struct fw_label){ .id = 1 }, NULL);
	for (uint32_t other = 0; other < FW_NTERMINAL; other++)
		if (other != is)
			fw_kern_label_set(e->kern, FW_COUNTER_REASON(prog, reason, other), &(struct fw_label){ 0 },
					  NULL);
}

static void label_policies(struct engine *e)
{
	for (int prog = 0; prog < FW_NPROGS; prog++)
		for (int reason = 0; reason < FW_NREASONS; reason++)
			if (fw_reason_possible((enum fw_prog)prog, (enum fw_reason)reason))
				label_policy(e, (enum fw_prog)prog, (enum fw_reason)reason);
}

void labels_all(struct engine *e)
{
	const struct fw_ruleset *rs = e->live->rs;
	uint32_t all = fw_kern_counter_slots(e->kern);

	for (uint32_t slot = 0; slot < all; slot++) {
		const struct fw_rule *r = slot < rs->next_slot ? fw_ruleset_by_slot(rs, slot) : NULL;
		struct fw_label label = r ? label_of(r) : (struct fw_label){ 0 };

		fw_kern_label_set(e->kern, slot + FW_COUNTER_RULES, &label, r ? r->name : NULL);
	}
	label_policies(e);
}

static void label_change(struct engine *e, const struct fw_rule_change *row)
{
	const struct fw_rule *was = row->before, *is = row->after;
	struct fw_label label = is ? label_of(is) : (struct fw_label){ 0 };

	if ((!was && !is) || (was && is && label.what == label_of(was).what && same_name(was, is)))
		return;
	fw_kern_label_set(e->kern, row->slot + FW_COUNTER_RULES, &label, is ? is->name : NULL);
}

void labels_edit(struct engine *e, const struct fw_edit *edit)
{
	for (size_t i = 0; i < edit->nrules; i++)
		label_change(e, &edit->rules[i]);
	if (edit->policies)
		label_policies(e);
}

void labels_free(struct labels *l)
{
	free(l->by_slot);
	free(l->names);
	*l = (struct labels){ .n = 0 };
}

/* The name of one rule that is to come: now, when its slot has no rule, or at the swap. */
static int prepare_name(struct engine *e, const struct fw_rule *was, const struct fw_rule *r, struct labels *l)
{
	if (!r->name || (was && same_name(was, r)))
		return 0;
	if (was)
		return fw_vec_push(l->names, l->nnames, l->cap, ((struct label_name){ r->slot, r->name }));
	fw_kern_name_set(e->kern, r->slot, r->name);
	return 0;
}

int labels_prepare(struct engine *e, const struct fw_ruleset *next, struct labels *out)
{
	const struct fw_ruleset *old = e->live->rs;
	fw_cleanup(labels_free) struct labels l = { .n = old->next_slot > next->next_slot ? old->next_slot :
											    next->next_slot };
	int err;

	l.by_slot = calloc((size_t)l.n + 1, sizeof(*l.by_slot));
	err = l.by_slot ? 0 : -ENOMEM;
	for (const struct fw_rule *r = next->first; r && !err; r = r->next) {
		l.by_slot[r->slot] = label_of(r);
		err = prepare_name(e, fw_ruleset_by_slot(old, r->slot), r, &l);
	}
	if (err)
		return err;
	*out = l;
	l = (struct labels){ .n = 0 };
	return 0;
}

void labels_commit(struct engine *e, const struct labels *l)
{
	for (size_t i = 0; i < l->nnames; i++)
		fw_kern_name_set(e->kern, l->names[i].slot, l->names[i].name);
	fw_kern_labels_put(e->kern, 0, l->by_slot, l->n);
	label_policies(e);
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * Labels: whose a counter is, beside it in the kernel, for those who read the
 * files of counters. They follow what packets see. A load brings a million at
 * once: the worker makes them ready, and what is left for the swap is a copy.
 * Until then its own rules stand at slots that nobody has, so that their names,
 * which take longer, can be given before.
 */
#include "ctl/fwd/engine_internal.h"

#include <string.h>

static struct fw_label label_of(const struct fw_rule *r)
{
	return (struct fw_label){ r->id, (r->verdict == FW_ACCEPT ? FW_LABEL_ACCEPT : 0) |
						 (r->counter ? FW_LABEL_COUNTER : 0) | (r->name ? FW_LABEL_NAMED : 0) };
}

/* What is left of a rule that is gone: that there is a name to be let go with its slot. */
static struct fw_label label_of_none(const struct fw_rule *was)
{
	return (struct fw_label){ 0, label_of(was).what };
}

static bool same_name(const struct fw_rule *a, const struct fw_rule *b)
{
	return a->name && b->name ? !strcmp(a->name, b->name) : a->name == b->name;
}

static void label_policies(struct engine *e)
{
	const struct fw_ruleset *rs = e->live->rs;

	for (uint32_t prog = 0; prog < FW_NPROGS; prog++)
		for (uint32_t reason = 0; reason < FW_NREASONS; reason++) {
			struct fw_label label = { 0, rs->policy[reason] == FW_ACCEPT ? FW_LABEL_ACCEPT : 0 };

			fw_kern_label_set(e->kern, FW_COUNTER_REASON(prog, reason), &label, NULL);
		}
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
	const struct fw_rule *old = row->old, *new = row->new;
	struct fw_label label = new ? label_of(new) : old ? label_of_none(old) : (struct fw_label){ 0 };

	if (old && new &&label.what == label_of(old).what && same_name(old, new))
		return;
	if (new)
		fw_kern_label_set(e->kern, row->slot + FW_COUNTER_RULES, &label, new->name);
	else
		fw_kern_labels_put(e->kern, row->slot, &label, 1);
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
	if (was ? same_name(was, r) : !r->name)
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
	for (const struct fw_rule *r = old->first; r && !err; r = r->next)
		l.by_slot[r->slot] = label_of_none(r);
	for (const struct fw_rule *r = next->first; r && !err; r = r->next) {
		l.by_slot[r->slot] = label_of(r);
		err = prepare_name(e, fw_ruleset_by_slot(old, r->slot), r, &l);
	}
	if (err) {
		labels_abort(e, next);
		return err;
	}
	*out = l;
	l = (struct labels){ .n = 0 };
	return 0;
}

void labels_abort(struct engine *e, const struct fw_ruleset *next)
{
	for (const struct fw_rule *r = next->first; r; r = r->next)
		if (r->name && !fw_ruleset_by_slot(e->live->rs, r->slot))
			fw_kern_name_set(e->kern, r->slot, NULL);
}

void labels_commit(struct engine *e, const struct labels *l)
{
	for (size_t i = 0; i < l->nnames; i++)
		fw_kern_name_set(e->kern, l->names[i].slot, l->names[i].name);
	fw_kern_labels_put(e->kern, 0, l->by_slot, l->n);
	label_policies(e);
}

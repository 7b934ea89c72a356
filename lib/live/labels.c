// SPDX-License-Identifier: GPL-2.0-only
/*
 * Labels tell whose a counter is. They lie next to the counters in the kernel, for readers of the iterator files, and follow
 * what packets see. A whole ruleset brings up to a million labels: they are prepared in advance, so that the swap only copies
 * them. New rules get slots that no rule had before, so their names, which may need memory, can be set in advance as well.
 */
#include "internal.h"

#include <string.h>

struct fw_live_label_names {
	uint32_t slot;
	struct fw_label_names names; /* the ruleset's */
};

static struct fw_label_names names_of(const struct fw_ruleset *rs, const struct fw_rule *r)
{
	return (struct fw_label_names){ { [FW_NAMED_RULE] = r->name, [FW_NAMED_CHAIN] = rs->chains[r->chain].name } };
}

static struct fw_label label_of(const struct fw_ruleset *rs, const struct fw_rule *r)
{
	struct fw_label_names names = names_of(rs, r);
	struct fw_label label = { r->id, fw_rule_verdict(rs, r) | (r->exported ? FW_LABEL_EXPORTED : 0) };

	for (int whose = 0; whose < FW_NNAMED; whose++)
		label.what |= names.of[whose] ? FW_LABEL_NAMED(whose) : 0;
	return label;
}

static bool same_name(const char *a, const char *b)
{
	return a && b ? !strcmp(a, b) : a == b;
}

/* Rule @a of one ruleset and @b of another, or of the same. */
static bool same_names(const struct fw_ruleset *of_a, const struct fw_rule *a, const struct fw_ruleset *of_b,
		       const struct fw_rule *b)
{
	return same_name(a->name, b->name) && same_name(of_a->chains[a->chain].name, of_b->chains[b->chain].name);
}

/* The verdict that it has comes first: no reader finds neither. */
static void label_policy(const struct fw_live *live, enum fw_prog prog, enum fw_reason reason)
{
	uint32_t is = fw_ruleset_policy(live->now->rs, reason, fw_prog_hook(prog));

	fw_kern_label_set(live->kern, FW_COUNTER_REASON(prog, reason, is), &(struct fw_label){ .id = 1 }, NULL);
	for (uint32_t other = 0; other < FW_NTERMINAL; other++)
		if (other != is)
			fw_kern_label_set(live->kern, FW_COUNTER_REASON(prog, reason, other), &(struct fw_label){ 0 },
					  NULL);
}

static void label_policies(const struct fw_live *live)
{
	for (int prog = 0; prog < FW_NPROGS; prog++)
		for (int reason = 0; reason < FW_NREASONS; reason++)
			if (fw_reason_possible((enum fw_prog)prog, (enum fw_reason)reason))
				label_policy(live, (enum fw_prog)prog, (enum fw_reason)reason);
}

/* @r: NULL: the slot has no rule */
static void label_rule(const struct fw_live *live, uint32_t slot, const struct fw_rule *r)
{
	struct fw_label_names names = { .of = { NULL } };
	struct fw_label label = { 0 };

	if (r) {
		names = names_of(live->now->rs, r);
		label = label_of(live->now->rs, r);
	}
	fw_kern_label_set(live->kern, slot + FW_COUNTER_RULES, &label, label.what & FW_LABEL_NAMES ? &names : NULL);
}

void live_labels_all(const struct fw_live *live)
{
	const struct fw_ruleset *rs = live->now->rs;
	uint32_t all = fw_kern_counter_slots(live->kern);

	for (uint32_t slot = 0; slot < all; slot++)
		label_rule(live, slot, slot < rs->next_slot ? fw_ruleset_by_slot(rs, slot) : NULL);
	label_policies(live);
}

static void label_change(const struct fw_live *live, const struct fw_rule_change *row)
{
	const struct fw_rule *was = row->before, *is = row->after;
	const struct fw_ruleset *rs = live->now->rs;

	if ((was || is) &&
	    !(was && is && label_of(rs, was).what == label_of(rs, is).what && same_names(rs, was, rs, is)))
		label_rule(live, row->slot, is);
}

void live_labels_edit(const struct fw_live *live, const struct fw_edit *edit)
{
	if (!live->kern)
		return;
	for (size_t i = 0; i < edit->nrules; i++)
		label_change(live, &edit->rules[i]);
	if (edit->policies)
		label_policies(live);
}

void live_labels_free(struct fw_live_labels *l)
{
	free(l->by_slot);
	free(l->names);
	*l = (struct fw_live_labels){ .n = 0 };
}

/* The names of one rule that is to come: now, when its slot has no rule, or at the swap. */
static int prepare_names(const struct fw_live *live, const struct fw_ruleset *next, const struct fw_rule *r,
			 struct fw_live_labels *l)
{
	const struct fw_rule *was = fw_ruleset_by_slot(live->now->rs, r->slot);
	struct fw_live_label_names new = { r->slot, names_of(next, r) };

	if (!(l->by_slot[r->slot].what & FW_LABEL_NAMES) || (was && same_names(live->now->rs, was, next, r)))
		return 0;
	if (was)
		return fw_vec_push(l->names, l->nnames, l->cap, new);
	fw_kern_names_set(live->kern, r->slot, &new.names);
	return 0;
}

int live_labels_prepare(const struct fw_live *live, const struct fw_ruleset *next, struct fw_live_labels *out)
{
	const struct fw_ruleset *old = live->now->rs;
	fw_cleanup(live_labels_free) struct fw_live_labels l = { .n = old->next_slot > next->next_slot ?
									      old->next_slot :
									      next->next_slot };
	int err;

	if (!live->kern)
		return 0;
	l.by_slot = calloc((size_t)l.n + 1, sizeof(*l.by_slot));
	err = l.by_slot ? 0 : -ENOMEM;
	for (const struct fw_rule *r = next->first; r && !err; r = r->next) {
		l.by_slot[r->slot] = label_of(next, r);
		err = prepare_names(live, next, r, &l);
	}
	if (err)
		return err;
	*out = l;
	l = (struct fw_live_labels){ .n = 0 };
	return 0;
}

void live_labels_commit(const struct fw_live *live, const struct fw_live_labels *l)
{
	if (!live->kern)
		return;
	for (size_t i = 0; i < l->nnames; i++)
		fw_kern_names_set(live->kern, l->names[i].slot, &l->names[i].names);
	fw_kern_labels_put(live->kern, 0, l->by_slot, l->n);
	label_policies(live);
}

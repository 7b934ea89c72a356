// SPDX-License-Identifier: GPL-2.0-only
/* Changes to rules: each is checked, then carried out in steps, which are undone if memory runs out halfway. */
#include "lib/rule/undo.h"

/* A position for a rule: between @prev and @next, with @rank. */
struct gap {
	struct fw_rule *prev, *next;
	uint32_t rank;
};

/* @chain: of the rule, if the position does not tell. */
static struct gap gap_at(const struct fw_ruleset *rs, struct fw_position pos, uint16_t chain)
{
	struct fw_rule *prev = pos.where == FW_FIRST            ? fw_chain_before(rs, chain) :
			       pos.where == FW_LAST || !pos.ref ? fw_chain_end(rs, chain) :
			       pos.where == FW_BEFORE           ? pos.ref->prev :
								  pos.ref;

	return (struct gap){ prev, prev ? prev->next : rs->first, 0 };
}

/* Gives a rule other ranks, from the @i-th of a window on: a new object replaces the rule. */
static int rerank(struct fw_edit *e, struct fw_rule *r, const struct fw_rank_window *w, uint32_t i)
{
	struct fw_rule *copy = fw_rule_copy(e->rs, r);
	int err = copy ? 0 : -ENOMEM;

	if (!err && r->inlined) {
		copy->inlined = fw_inlined_copy(e->rs, r->inlined);
		err = copy->inlined ? 0 : -ENOMEM;
	}
	if (!err) {
		fw_rank_give(w, copy, i);
		err = fw_step_rule(e, r, copy, r->prev);
	}
	if (err && copy)
		fw_rule_free(e->rs, copy, r);
	return err;
}

/* Gives the neighbours of a gap other ranks, to make room in it for w.more ranks. @in: the rule that is in it, NULL: none. */
static int widen(struct fw_edit *e, struct gap *gap, const struct fw_rank_window *w, const struct fw_rule *in)
{
	struct fw_ruleset *rs = e->rs;
	uint32_t prev_slot = gap->prev ? gap->prev->slot : 0, next_slot = gap->next ? gap->next->slot : 0, i = 0;
	struct fw_rule *r = w->first, *next;
	int err = 0;

	for (uint32_t k = 0; k < w->rules && !err; r = next) {
		uint32_t at = i < w->before ? i : i + w->more;

		next = r->next;
		if (r == in)
			continue;
		k++;
		i += fw_rule_ranks(r);
		if (r->inlined || fw_rank_of(w, at) != r->rank)
			err = rerank(e, r, w, at);
	}
	gap->rank = fw_rank_of(w, w->before);
	if (gap->prev)
		gap->prev = rs->index->by_slot[prev_slot].rule;
	if (gap->next)
		gap->next = rs->index->by_slot[next_slot].rule;
	return err;
}

static int gap_rank(struct fw_edit *e, struct gap *gap)
{
	struct fw_rank_window w;

	if (fw_rank_between(gap->prev, gap->next, &gap->rank))
		return 0;
	w = fw_rank_window(e->rs, gap->prev, gap->next, 1);
	return widen(e, gap, &w, NULL);
}

static int check_slot(const struct fw_edit *e, const struct fw_rule_places *at, struct fw_diags *ds)
{
	const struct fw_ruleset *rs = e->rs;
	uint32_t slot = e->undo->nslots ? e->undo->slots[0] : rs->next_slot;

	if (slot >= rs->next_slot || fw_slot_is_free(rs, slot) || !rs->index->by_slot[slot].rule)
		return 0;
	return fw_diag_add(ds, fw_place_of(at, at->rule), NULL, "slot %u is taken by rule %llu", slot,
			   (unsigned long long)rs->index->by_slot[slot].rule->id);
}

int fw_edit_add_at(struct fw_edit *e, const struct fw_rule *draft, struct fw_position pos,
		   const struct fw_rule_places *at, struct fw_diags *ds, struct fw_rule **out)
{
	size_t mark = e->undo->n;
	struct fw_rule as = *draft, *r;
	struct gap gap = { NULL, NULL, 0 };
	int err = check_slot(e, at, ds);

	if (pos.ref)
		as.chain = pos.ref->chain;
	if (!err)
		err = fw_rule_make(e->rs, &as, NULL, at, ds, &r);
	if (err)
		return err;
	gap = gap_at(e->rs, pos, r->chain);
	err = gap_rank(e, &gap);
	r->rank = gap.rank;
	if (!err)
		err = fw_step_rule(e, NULL, r, gap.prev);
	if (err) {
		fw_undo_to(e, mark);
		fw_rule_free(e->rs, r, NULL);
	} else if (out) {
		*out = r;
	}
	return err;
}

int fw_edit_replace_at(struct fw_edit *e, struct fw_rule *rule, const struct fw_rule *draft,
		       const struct fw_rule_places *at, struct fw_diags *ds, struct fw_rule **out)
{
	struct fw_rule *r;
	int err = fw_rule_make(e->rs, draft, rule, at, ds, &r);

	if (err)
		return err;
	err = fw_step_rule(e, rule, r, rule->prev);
	if (err)
		fw_rule_free(e->rs, r, rule);
	else if (out)
		*out = r;
	return err;
}

int fw_edit_add(struct fw_edit *e, const struct fw_rule *draft, struct fw_position pos, struct fw_place at,
		struct fw_diags *ds, struct fw_rule **out)
{
	struct fw_rule_places places = fw_places(at);

	return fw_edit_add_at(e, draft, pos, &places, ds, out);
}

int fw_edit_replace(struct fw_edit *e, struct fw_rule *rule, const struct fw_rule *draft, struct fw_place at,
		    struct fw_diags *ds, struct fw_rule **out)
{
	struct fw_rule_places places = fw_places(at);

	return fw_edit_replace_at(e, rule, draft, &places, ds, out);
}

int fw_edit_move(struct fw_edit *e, struct fw_rule *rule, struct fw_position pos, struct fw_rule **out)
{
	size_t mark = e->undo->n;
	struct gap gap = gap_at(e->rs, pos, rule->chain);
	uint32_t slot = rule->slot;
	struct fw_rule *copy;
	int err = 0;

	if (pos.ref && pos.ref->chain != rule->chain)
		return -EINVAL;
	if (gap.prev == rule || gap.next == rule) { /* it is there already */
		if (out)
			*out = rule;
		return 0;
	}
	err = gap_rank(e, &gap);
	rule = e->rs->index->by_slot[slot].rule;
	copy = err ? NULL : fw_rule_copy(e->rs, rule);
	if (copy) {
		copy->rank = gap.rank;
		err = fw_step_rule(e, rule, copy, gap.prev);
	}
	if (!err && copy) {
		e->rules[copy->edit - 1].moved = true;
		if (out)
			*out = copy;
		return 0;
	}
	if (copy)
		fw_rule_free(e->rs, copy, rule);
	fw_undo_to(e, mark);
	return -ENOMEM;
}

int fw_edit_delete(struct fw_edit *e, struct fw_rule *rule)
{
	return fw_step_rule(e, rule, NULL, NULL);
}

/* Ranks for the instances of a rule, which is in the list, and for the rule itself, in @rank. */
static int inlined_ranks(struct fw_edit *e, struct fw_rule *r, struct fw_inlined *in, uint32_t *rank)
{
	const struct fw_rule *before = r->edit ? e->rules[r->edit - 1].before : NULL;
	struct gap gap = { r->prev, r->next, r->rank };
	struct fw_rank_window w;
	int err;

	*rank = r->rank;
	if (fw_inlined_fit(in, r->inlined || !before ? r->inlined : before->inlined, r->rank,
			   r->next ? r->next->rank : FW_RANK_MAX + 1))
		return 0;
	w = fw_rank_window(e->rs, gap.prev, gap.next, in->n);
	err = widen(e, &gap, &w, r);
	*rank = gap.rank;
	for (uint32_t i = 0; i < in->n; i++)
		in->at[i].instance.rank = fw_rank_of(&w, w.before + i);
	return err;
}

int fw_edit_inline(struct fw_edit *e, struct fw_rule *r, struct fw_inlined *in)
{
	size_t mark = e->undo->n;
	struct fw_rule *copy = fw_rule_copy(e->rs, r);
	uint32_t rank = r->rank;
	int err = copy ? inlined_ranks(e, r, in, &rank) : -ENOMEM;

	if (!copy) {
		fw_inlined_free(e->rs, in);
		return err;
	}
	copy->inlined = in;
	copy->rank = rank;
	if (!err)
		err = fw_step_rule(e, r, copy, r->prev);
	if (err) {
		fw_undo_to(e, mark);
		fw_rule_free(e->rs, copy, r);
	}
	return err;
}

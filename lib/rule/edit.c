// SPDX-License-Identifier: GPL-2.0-only
/* Edits: begin, commit, abort, and the step that every change of a rule is made of. */
#include "lib/rule/undo.h"

/* What the policies were at the beginning of the edit stays until its end: none has changed yet. */
static void policies_hold(struct fw_ruleset *rs, struct fw_edit_undo *u)
{
	u->holds_policies = true;
	for (unsigned r = 0; r < FW_NREASONS; r++) {
		fw_action_use(rs, u->policy[r], 1);
		if (u->policy_log[r].prefix)
			fw_blob_of(u->policy_log[r].prefix)->refs++;
	}
}

static void policies_put(struct fw_ruleset *rs, const struct fw_edit_undo *u)
{
	for (unsigned r = 0; r < FW_NREASONS; r++) {
		fw_action_use(rs, u->policy[r], -1);
		fw_log_put(rs, &u->policy_log[r]);
	}
}

/* Gives the policies what they were before; policies_put() follows. */
static void policies_undo(struct fw_ruleset *rs, const struct fw_edit_undo *u)
{
	for (unsigned r = 0; r < FW_NREASONS; r++) {
		if (u->policy_log[r].prefix)
			fw_blob_of(u->policy_log[r].prefix)->refs++;
		fw_policy_set(rs, (enum fw_reason)r, u->policy[r], u->policy_log[r]);
	}
	memcpy(rs->policy_set, u->policy_set, sizeof(u->policy_set));
}

bool fw_edit_policy_differs(const struct fw_edit *e, enum fw_reason reason)
{
	const struct fw_edit_undo *u = e->undo;
	const struct fw_ruleset *rs = e->rs;

	return rs->policy[reason] != u->policy[reason] || rs->policy_set[reason] != u->policy_set[reason] ||
	       rs->policy_log[reason].prefix != u->policy_log[reason].prefix ||
	       rs->policy_log[reason].level != u->policy_log[reason].level;
}

int fw_edit_begin(struct fw_ruleset *rs, struct fw_edit *out)
{
	struct fw_edit_undo *u = calloc(1, sizeof(*u));

	if (!u)
		return -ENOMEM;
	memcpy(u->policy, rs->policy, sizeof(u->policy));
	memcpy(u->policy_set, rs->policy_set, sizeof(u->policy_set));
	memcpy(u->policy_log, rs->policy_log, sizeof(u->policy_log));
	u->ordered = rs->index->ordered;
	rs->index->edit = u;
	*out = (struct fw_edit){ .rs = rs, .undo = u };
	return 0;
}

/* Frees the expressions that no rule uses. */
static void end(struct fw_edit *e)
{
	struct fw_edit_undo *u = e->undo;

	fw_pending_end(e);
	for (size_t i = 0; i < u->nfresh; i++)
		fw_addrs_put(e->rs, u->fresh[i]);
	if (u->holds_policies)
		policies_put(e->rs, u);
	e->rs->index->edit = NULL;
	free(u->steps);
	free(u->fresh);
	free(u);
	free(e->rules);
	free(e->sets);
	free(e->times);
	*e = (struct fw_edit){ .rs = NULL };
}

void fw_edit_commit(struct fw_edit *e)
{
	struct fw_edit_undo *u = e->undo;

	for (size_t i = 0; i < e->nrules; i++)
		if (e->rules[i].after)
			e->rules[i].after->edit = 0;
	for (size_t i = 0; i < u->n; i++)
		if (fw_step_is_chain(&u->steps[i]))
			fw_settle_chain(e, &u->steps[i]);
		else if (u->steps[i].kind != FW_STEP_RULE)
			fw_settle_set(e, &u->steps[i]);
		else if (u->steps[i].before)
			fw_rule_free(e->rs, u->steps[i].before, u->steps[i].after);
	end(e);
}

void fw_edit_abort(struct fw_edit *e)
{
	struct fw_edit_undo *u = e->undo;
	struct fw_ruleset *rs = e->rs;

	fw_undo_to(e, 0);
	if (u->holds_policies)
		policies_undo(rs, u);
	/* The array was in order before the edit, so it is long enough, unless the ruleset never was in order. */
	rs->index->ordered = u->ordered && !u->reordered;
	if (u->ordered)
		fw_ruleset_order(rs);
	end(e);
}

int fw_edit_policy(struct fw_edit *e, enum fw_reason reason, uint8_t action, const struct fw_log *log)
{
	struct fw_ruleset *rs = e->rs;
	int err;

	if (!e->undo->holds_policies)
		policies_hold(rs, e->undo);
	err = fw_ruleset_policy_set(rs, reason, action, log);
	e->policies = false;
	for (unsigned r = 0; r < FW_NREASONS; r++)
		e->policies |= fw_edit_policy_differs(e, (enum fw_reason)r);
	return err;
}

void fw_edit_slots(struct fw_edit *e, const uint32_t *slots, size_t n)
{
	e->undo->slots = slots;
	e->undo->nslots = n;
}

static bool same_name(const struct fw_rule *a, const struct fw_rule *b)
{
	return a && b && (a->name == b->name || (a->name && b->name && !strcmp(a->name, b->name)));
}

/* Makes the tables refer to @to instead of @from; either may be NULL. */
static void index_change(struct fw_ruleset *rs, struct fw_rule *from, struct fw_rule *to)
{
	struct fw_rule_index *ix = rs->index;

	if (from && !to)
		fw_table_delete(&ix->ids, fw_id_hash(from->id), from->slot);
	if (to && !from)
		fw_table_put(&ix->ids, fw_id_hash(to->id), to->slot);
	if (same_name(from, to))
		return;
	if (from && from->name)
		fw_table_delete(&ix->names, fw_hash_string(from->name), from->slot);
	if (to && to->name)
		fw_table_put(&ix->names, fw_hash_string(to->name), to->slot);
}

/* The rule's row in the edit: the first old one and the last new one. There is room. */
static void row_add(struct fw_edit *e, struct fw_rule *old, struct fw_rule *new)
{
	uint32_t row = old ? old->edit : 0;

	if (row)
		e->rules[row - 1].after = new;
	else
		e->rules[e->nrules++] = (struct fw_rule_change){ old, new, old ? old->slot : new->slot, false };
	if (new)
		new->edit = row ? row : (uint32_t)e->nrules;
	if (row && !new && !e->rules[row - 1].before)
		e->rules[row - 1].after = NULL;
}

static void row_undo(struct fw_edit *e, struct fw_rule *old)
{
	if (old && old->edit)
		e->rules[old->edit - 1].after = old;
	else
		e->nrules--;
}

static int reserve(struct fw_edit *e, const struct fw_rule *new, uint32_t slot)
{
	struct fw_edit_undo *u = e->undo;
	struct fw_rule_index *ix = e->rs->index;
	int err = fw_vec_grow(&u->steps, u->n, &u->cap, sizeof(*u->steps));

	if (!err)
		err = fw_vec_grow(&e->rules, e->nrules, &e->rules_cap, sizeof(*e->rules));
	if (!err)
		err = fw_table_reserve(&ix->ids);
	if (!err)
		err = new ? fw_chain_reserve(e->rs, new->target) : 0;
	if (!err)
		err = new &&new->name ? fw_table_reserve(&ix->names) : 0;
	return err ? err : new ? fw_slot_reserve(e->rs, slot) : 0;
}

/* The new rule's counter: the same as before, or the next one that was given, or the next free one. */
static uint32_t slot_for(const struct fw_edit *e, const struct fw_rule *old)
{
	return old ? old->slot : e->undo->nslots ? e->undo->slots[0] : fw_slot_next(e->rs);
}

static void take_slot(struct fw_edit *e, struct fw_step *s, uint32_t slot)
{
	struct fw_edit_undo *u = e->undo;

	s->slot_given = u->nslots;
	s->slot_free = fw_slot_is_free(e->rs, slot);
	if (s->slot_given) {
		u->slots++;
		u->nslots--;
	}
	fw_slot_take(e->rs, slot, s->after);
}

int fw_step_rule(struct fw_edit *e, struct fw_rule *old, struct fw_rule *new, struct fw_rule *prev)
{
	struct fw_ruleset *rs = e->rs;
	uint32_t slot = slot_for(e, old);
	struct fw_step s = {
		.kind = FW_STEP_RULE, .before = old, .after = new, .next_id = rs->next_id, .next_slot = rs->next_slot
	};
	int err = reserve(e, new, slot);

	if (err)
		return err;
	if (old)
		fw_rule_unlink(rs, old);
	if (new) {
		new->slot = slot;
		fw_rule_link(rs, new, prev);
	}
	if (new && !old)
		take_slot(e, &s, slot);
	else
		rs->index->by_slot[slot].rule = new;
	index_change(rs, old, new);
	if (new && rs->next_id &&new->id >= rs->next_id)
		rs->next_id = new->id + 1; /* 0 after the last id */
	row_add(e, old, new);
	e->undo->steps[e->undo->n++] = s;
	return 0;
}

/* The slot of a rule that was new. */
static void give_slot_back(struct fw_edit *e, const struct fw_step *s)
{
	struct fw_edit_undo *u = e->undo;
	struct fw_ruleset *rs = e->rs;

	if (s->slot_given) {
		u->slots--;
		u->nslots++;
	}
	rs->index->by_slot[s->after->slot].rule = NULL;
	if (s->after->slot < s->next_slot && s->slot_free)
		fw_slot_free(rs, s->after->slot);
	fw_slot_cut(rs, s->next_slot);
}

static void undo_rule(struct fw_edit *e, const struct fw_step *s)
{
	struct fw_ruleset *rs = e->rs;

	if (s->after)
		fw_rule_unlink(rs, s->after);
	if (s->before)
		fw_rule_relink(rs, s->before);
	index_change(rs, s->after, s->before);
	if (s->before)
		rs->index->by_slot[s->before->slot].rule = s->before;
	else if (s->after)
		give_slot_back(e, s);
	rs->next_id = s->next_id;
	row_undo(e, s->before);
	if (s->after)
		fw_rule_free(rs, s->after, s->before);
}

void fw_undo_to(struct fw_edit *e, size_t n)
{
	struct fw_edit_undo *u = e->undo;

	while (u->n > n) {
		const struct fw_step *s = &u->steps[--u->n];

		if (s->kind == FW_STEP_RULE)
			undo_rule(e, s);
		else if (fw_step_is_chain(s))
			fw_undo_chain(e, s);
		else
			fw_undo_set(e, s);
	}
}

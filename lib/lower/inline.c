// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which rules need their instances made, or made again: of a ruleset all that have none yet; after an edit of a chain those rules
 * of the main list that reach the chain, through whatever chains; when rules begin or cease to use a name of an interface, those
 * that name a pattern or reach one that does.
 */
#include "inline.h"

#include <string.h>

static void room_take(struct fw_expand_room *room, const struct fw_inlined *in)
{
	room->instances -= in->n;
	room->asked -= in->asked;
}

static void room_give(struct fw_expand_room *room, const struct fw_inlined *in)
{
	room->instances += in->n;
	room->asked += in->asked;
}

/* What the rules leave that have their instances. */
static struct fw_expand_room room_left(const struct fw_ruleset *rs)
{
	struct fw_expand_room room = { FW_INLINED_MAX, FW_ASKED_MAX };

	for (size_t c = 1; c < rs->nchains; c++)
		for (uint32_t i = 0; i < rs->chains[c].calls; i++) {
			const struct fw_rule *r = fw_ruleset_by_slot(rs, rs->chains[c].callers[i]);

			if (r->inlined)
				room_take(&room, r->inlined);
		}
	return room;
}

int lower_inline(struct fw_ruleset *rs, struct fw_diags *ds)
{
	struct fw_expand_room room;
	bool any = false;
	int err = 0;

	if (!fw_ruleset_chains(rs) && !rs->ifaces_patterns)
		return 0;
	room = room_left(rs);
	for (struct fw_rule *r = rs->first; r && r->chain == FW_MAIN && !err; r = r->next) {
		struct fw_inlined *in = NULL;

		if (!fw_expands(rs, r) || r->inlined)
			continue;
		err = fw_expand(rs, r, &room, ds, &in);
		if (err)
			break;
		room_take(&room, in);
		fw_rule_inline(rs, r, in);
		any = true;
	}
	if (any)
		fw_ruleset_inlined(rs);
	rs->ifaces_changed &= err != 0;
	return err;
}

/* The rules of the main list that have to get instances: their slots, as rules change while they do. */
struct reach {
	struct fw_ruleset *rs;
	bool *chains; /* those that were looked at, by number */
	uint32_t *slots;
	size_t n, cap;
};

static int reach_rule(struct reach *to, const struct fw_rule *r);

/* All rules that call a chain. */
static int reach_chain(struct reach *to, uint16_t chain)
{
	const struct fw_chain *c = &to->rs->chains[chain];
	int err = 0;

	if (to->chains[chain])
		return 0;
	to->chains[chain] = true;
	for (uint32_t i = 0; i < c->calls && !err; i++)
		err = reach_rule(to, fw_ruleset_by_slot(to->rs, c->callers[i]));
	return err;
}

static int reach_rule(struct reach *to, const struct fw_rule *r)
{
	if (r->chain != FW_MAIN)
		return reach_chain(to, r->chain);
	return fw_vec_push(to->slots, to->n, to->cap, r->slot);
}

static int reach_edited(struct reach *to, const struct fw_edit *e)
{
	int err = 0;

	for (size_t i = 0; i < e->nrules && !err; i++) {
		const struct fw_rule_change *row = &e->rules[i];
		const struct fw_rule *r = row->after ? row->after : row->before;

		if (r && r->chain != FW_MAIN)
			err = reach_chain(to, r->chain);
		else if (r && row->after && fw_expands(to->rs, r) && !r->inlined)
			err = reach_rule(to, r);
	}
	return err;
}

/* The rules whose patterns may stand for other interfaces than before. */
static int reach_patterns(struct reach *to)
{
	int err = 0;

	for (const struct fw_rule *r = to->rs->first; r && !err; r = r->next)
		if (fw_instance_names_pattern(to->rs, &r->instance))
			err = reach_rule(to, r);
	return err;
}

static int compare_slots(const void *a, const void *b)
{
	const uint32_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/* Each slot once. */
static void reach_sort(struct reach *to)
{
	size_t n = 0;

	if (to->n)
		qsort(to->slots, to->n, sizeof(*to->slots), compare_slots);
	for (size_t i = 0; i < to->n; i++)
		if (!n || to->slots[n - 1] != to->slots[i])
			to->slots[n++] = to->slots[i];
	to->n = n;
}

static int inline_slot(struct fw_edit *e, uint32_t slot, struct fw_expand_room *room, struct fw_diags *ds)
{
	struct fw_rule *r = fw_ruleset_by_slot(e->rs, slot);
	struct fw_inlined *in;
	int err = fw_expand(e->rs, r, room, ds, &in);

	if (err)
		return err;
	room_take(room, in);
	if (!fw_inlined_same(in, r->inlined))
		return fw_edit_inline(e, r, in);
	fw_inlined_free(e->rs, in);
	return 0;
}

/* All that are reached are made again, each once: only what others leave counts. */
static int inline_reached(struct fw_edit *e, const struct reach *to, struct fw_diags *ds)
{
	struct fw_expand_room room = room_left(e->rs);
	int err = 0;

	for (size_t i = 0; i < to->n; i++) {
		const struct fw_rule *r = fw_ruleset_by_slot(e->rs, to->slots[i]);

		if (r->inlined)
			room_give(&room, r->inlined);
	}
	for (size_t i = 0; i < to->n && !err; i++)
		err = inline_slot(e, to->slots[i], &room, ds);
	return err;
}

int lower_inline_edit(struct fw_edit *e, struct fw_diags *ds)
{
	struct reach to = { .rs = e->rs };
	int err;

	if (e->rs->nchains == 1 && !e->rs->ifaces_patterns)
		return 0;
	to.chains = calloc(e->rs->nchains, sizeof(*to.chains));
	err = to.chains ? reach_edited(&to, e) : -ENOMEM;
	if (!err && e->rs->ifaces_changed)
		err = reach_patterns(&to);
	reach_sort(&to);
	if (!err)
		err = inline_reached(e, &to, ds);
	e->rs->ifaces_changed &= err != 0;
	free(to.chains);
	free(to.slots);
	return err;
}

// SPDX-License-Identifier: GPL-2.0-only
/* Changes at random to a ruleset that is in use. */
#include "tests/unit/random.h"

struct adding {
	struct fw_edit *e;
	struct fw_rule *replaced;
};

static int use_draft(const struct fw_rule *draft, void *ctx)
{
	static const enum fw_where where[] = { FW_LAST, FW_FIRST, FW_BEFORE, FW_AFTER };
	struct adding *a = ctx;
	struct fw_position pos = { where[random_below(4)], random_rule(a->e->rs) };

	if (draft->target && a->replaced && a->replaced->chain >= draft->target)
		return -EINVAL; /* only later chains are called, so there are no circles */
	if (a->replaced)
		return fw_edit_replace(a->e, a->replaced, draft, (struct fw_place){ 0 }, NULL, NULL);
	if (!pos.ref || (draft->target && pos.ref->chain >= draft->target))
		pos = (struct fw_position){ .where = FW_LAST };
	return fw_edit_add(a->e, draft, pos, (struct fw_place){ 0 }, NULL, NULL);
}

void random_edit_set(const struct random_maker *rm, struct fw_edit *e)
{
	struct fw_ruleset *rs = e->rs;
	uint32_t set = random_below((uint32_t)rs->nsets);
	struct fw_addr_range element = random_element(rm);

	if (rs->sets[set].n && random_below(2)) {
		element = rs->sets[set].elements[random_below((uint32_t)rs->sets[set].n)];
		fw_edit_set_delete(e, set, &element, (struct fw_place){ 0 }, NULL);
	} else {
		fw_edit_set_add(e, set, &element, (struct fw_place){ 0 }, NULL);
	}
	fw_edit_settle(e);
}

static void move(struct fw_edit *e, struct fw_rule *r)
{
	struct fw_position pos = { random_below(2) ? FW_FIRST : FW_BEFORE, random_rule(e->rs) };

	fw_edit_move(e, r, pos, NULL);
}

/* A new chain, which rules that are made from now on may belong to and call. */
static void create_chain(struct fw_edit *e)
{
	char name[16];
	uint16_t number;

	snprintf(name, sizeof(name), "e%u", random_below(1 << 20));
	if (fw_ruleset_chains(e->rs) < FW_CHAIN_DEPTH)
		fw_edit_chain_create(e, name, (struct fw_place){ 0 }, NULL, &number);
}

/* Deletes a chain, its rules, and the rules that call it. */
static void delete_chain(struct fw_edit *e)
{
	uint16_t chain = (uint16_t)(1 + random_below((uint32_t)e->rs->nchains - 1));
	const struct fw_chain *c = &e->rs->chains[chain];

	while (c->name && c->nrules)
		if (fw_edit_delete(e, c->first))
			return;
	while (c->name && c->calls)
		if (fw_edit_delete(e, fw_ruleset_by_slot(e->rs, c->callers[0])))
			return;
	if (c->name)
		fw_edit_chain_delete(e, chain, (struct fw_place){ 0 }, NULL);
}

/* In rulesets that began with chains. */
static void edit_chains(struct fw_edit *e)
{
	if (random_below(3))
		create_chain(e);
	else
		delete_chain(e);
}

void random_edit(const struct random_maker *rm, struct fw_edit *e, unsigned kinds)
{
	struct adding a = { e, NULL };
	struct fw_rule *r = random_rule(e->rs);
	enum fw_reason reason;

	if (e->rs->nchains > 1 && !random_below(12)) {
		edit_chains(e);
		return;
	}
	switch (random_below(kinds)) {
	case 0:
	case 1:
		random_draft(rm, use_draft, &a);
		return;
	case 2:
		a.replaced = r;
		if (r)
			random_draft(rm, use_draft, &a);
		return;
	case 3:
	case 4:
		if (r)
			fw_edit_delete(e, r);
		return;
	case 5:
		if (r)
			move(e, r);
		return;
	case 6:
		reason = (enum fw_reason)random_below(FW_NREASONS);
		if (!fw_reason_is_fault(reason))
			fw_edit_policy(e, reason, random_policy(reason), NULL);
		return;
	default:
		random_edit_set(rm, e);
	}
}

// SPDX-License-Identifier: GPL-2.0-only
/* Chains that an edit creates or deletes. The number of a deleted one is given to another only after the edit. */
#include "lib/rule/undo.h"

static int step_reserve(struct fw_edit *e)
{
	return fw_vec_grow(&e->undo->steps, e->undo->n, &e->undo->cap, sizeof(*e->undo->steps));
}

int fw_edit_chain_create(struct fw_edit *e, const char *name, struct fw_place at, struct fw_diags *ds, uint16_t *number)
{
	int err = fw_name_check("chain", name, at, ds);

	if (!err)
		err = step_reserve(e);
	if (!err)
		err = fw_ruleset_chain(e->rs, name, number);
	if (err == -EEXIST)
		return fw_diag_add(ds, at, "use 'add rule chain' to add to it", "there is already a chain '%s'", name);
	if (err == -E2BIG)
		return fw_diag_add(ds, at, NULL, "there are more than %u chains", FW_CHAINS_MAX - 1);
	if (!err)
		e->undo->steps[e->undo->n++] =
			(struct fw_step){ .kind = FW_STEP_CHAIN_CREATE, .nsets = e->nsets, .chain = *number };
	return err;
}

static int check_unused(const struct fw_ruleset *rs, uint16_t chain, struct fw_place at, struct fw_diags *ds)
{
	const struct fw_chain *c = &rs->chains[chain];
	char rule[FW_RULE_LABEL];

	if (c->nrules)
		return fw_diag_add(ds, at, "delete its rules first", "the chain '%s' has %u rule%s", c->name, c->nrules,
				   c->nrules > 1 ? "s" : "");
	if (!c->calls)
		return 0;
	return fw_diag_add(ds, at, "delete or replace the rules that call it first",
			   "the chain '%s' is in use, by rule %s%s", c->name,
			   fw_rule_label(fw_ruleset_by_slot(rs, c->callers[0]), rule, sizeof(rule)),
			   c->calls > 1 ? " and others" : "");
}

int fw_edit_chain_delete(struct fw_edit *e, uint16_t chain, struct fw_place at, struct fw_diags *ds)
{
	struct fw_ruleset *rs = e->rs;
	int err = check_unused(rs, chain, at, ds);

	if (!err)
		err = step_reserve(e);
	if (err)
		return err;
	e->undo->steps[e->undo->n++] = (struct fw_step){
		.kind = FW_STEP_CHAIN_DELETE, .nsets = e->nsets, .chain = chain, .deleted = rs->chains[chain]
	};
	fw_table_delete(&rs->index->chains, fw_hash_string(rs->chains[chain].name), chain);
	rs->chains[chain] = (struct fw_chain){ .gone = true };
	rs->index->chain_holes++;
	return 0;
}

void fw_undo_chain(struct fw_edit *e, const struct fw_step *s)
{
	struct fw_ruleset *rs = e->rs;
	struct fw_chain *c = &rs->chains[s->chain];

	if (s->kind == FW_STEP_CHAIN_CREATE) {
		fw_table_delete(&rs->index->chains, fw_hash_string(c->name), s->chain);
		fw_chain_free(rs, c);
		*c = (struct fw_chain){ .name = NULL };
		rs->index->chain_holes++;
		return;
	}
	*c = s->deleted;
	fw_table_put(&rs->index->chains, fw_hash_string(c->name), s->chain);
	rs->index->chain_holes--;
}

void fw_settle_chain(struct fw_edit *e, const struct fw_step *s)
{
	if (s->kind == FW_STEP_CHAIN_CREATE)
		return;
	fw_chain_free(e->rs, &s->deleted);
	e->rs->chains[s->chain].gone = false;
}

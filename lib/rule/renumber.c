// SPDX-License-Identifier: GPL-2.0-only
/* Gives all rules of a ruleset other ids and slots at once. */
#include "lib/rule/internal.h"

/* The tables of ids, names and slots. */
struct tables {
	struct fw_table ids, names;
	union fw_slot *by_slot;
	size_t slots_cap;
};

static void tables_free(struct tables *t)
{
	free(t->ids.entries);
	free(t->names.entries);
	free(t->by_slot);
}

static int put(struct tables *t, struct fw_rule *r, uint64_t id, uint32_t slot)
{
	uint32_t hash = fw_id_hash(id);

	if (fw_table_reserve(&t->ids) || (r->name && fw_table_reserve(&t->names)))
		return -ENOMEM;
	fw_table_put(&t->ids, hash, slot);
	if (r->name)
		fw_table_put(&t->names, fw_hash_string(r->name), slot);
	t->by_slot[slot].rule = r;
	return 0;
}

/* Room for @slots slots, none of which has a rule. */
static int slots_new(struct tables *t, uint32_t slots)
{
	t->slots_cap = slots ? slots : 1;
	t->by_slot = calloc(t->slots_cap, sizeof(*t->by_slot));
	fw_huge_pages(t->by_slot, t->slots_cap * sizeof(*t->by_slot));
	return t->by_slot ? 0 : -ENOMEM;
}

/* Slots without a rule: held if they are held in @held, otherwise free; the lowest is reused first. */
static void link_free(struct fw_ruleset *rs, const struct fw_ruleset *held)
{
	const struct fw_rule_index *ix = rs->index;

	rs->index->slot_free = FW_SLOT_NONE;
	rs->index->slots_free = 0;
	for (uint32_t s = rs->next_slot; s-- > 0;)
		if (!ix->by_slot[s].rule && (!held || fw_slot_is_free(held, s)))
			fw_slot_free(rs, s);
}

int fw_ruleset_renumber(struct fw_ruleset *rs, const uint64_t *ids, const uint32_t *slots, uint32_t nslots,
			const struct fw_ruleset *held)
{
	fw_cleanup(tables_free) struct tables t = { .by_slot = NULL };
	struct fw_rule_index *ix = rs->index;
	int err = slots_new(&t, nslots);
	size_t i = 0;

	for (struct fw_rule *r = rs->first; r && !err; r = r->next, i++)
		err = put(&t, r, ids[i], slots[i]);
	if (err)
		return err;
	i = 0;
	for (struct fw_rule *r = rs->first; r; r = r->next, i++) {
		r->id = ids[i];
		r->slot = slots[i];
	}

	struct tables before = { ix->ids, ix->names, ix->by_slot, ix->slots_cap };

	ix->ids = t.ids;
	ix->names = t.names;
	ix->by_slot = t.by_slot;
	ix->slots_cap = t.slots_cap;
	fw_chains_renumber(rs);
	for (struct fw_rule *r = rs->first; r; r = r->next)
		fw_rule_inline(rs, r, NULL);
	t = before;
	rs->next_slot = nslots;
	link_free(rs, held);
	return 0;
}

/* -EINVAL: an id is 0 or there twice. */
static int check_ids(const uint64_t *ids, size_t n, struct fw_table *seen)
{
	for (size_t i = 0; i < n; i++) {
		uint32_t hash = fw_id_hash(ids[i]), v;

		if (!ids[i])
			return -EINVAL;
		for (uint32_t pos = hash; fw_table_next(seen, hash, &pos, &v);)
			if (ids[v] == ids[i])
				return -EINVAL;
		if (fw_table_reserve(seen))
			return -ENOMEM;
		fw_table_put(seen, hash, (uint32_t)i);
	}
	return 0;
}

static void table_free(struct fw_table *t)
{
	free(t->entries);
}

int fw_ruleset_number(struct fw_ruleset *rs, const uint64_t *ids, const uint32_t *slots)
{
	fw_cleanup(table_free) struct fw_table seen = { .cap = 0 };
	fw_autofree uint8_t *used = NULL;
	uint32_t nslots = 0;
	uint64_t top = 0;
	int err = check_ids(ids, rs->nrules, &seen);

	if (err)
		return err;
	for (size_t i = 0; i < rs->nrules; i++) {
		if (slots[i] > FW_SLOT_MAX)
			return -EINVAL;
		nslots = slots[i] >= nslots ? slots[i] + 1 : nslots;
		top = ids[i] > top ? ids[i] : top;
	}
	used = calloc((size_t)nslots + 1, 1);
	if (!used)
		return -ENOMEM;
	for (size_t i = 0; i < rs->nrules; i++)
		if (used[slots[i]]++)
			return -EINVAL;
	err = fw_ruleset_renumber(rs, ids, slots, nslots, NULL);
	if (!err)
		rs->next_id = top + 1;
	return err;
}

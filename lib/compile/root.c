// SPDX-License-Identifier: GPL-2.0-only
/* The root, apart from the places of tables: fields in use, policies, lanes. */
#include "tables.h"

#include <string.h>

uint64_t instance_fields(const struct fw_instance *r)
{
	uint64_t fields = 0;

	for (unsigned m = 0; m < r->nmatches; m++)
		fields |= FW_FIELD_BIT(r->matches[m]->field);
	return fields;
}

void root_use_fields(struct fw_root *root, uint64_t fields)
{
	uint64_t used = root->fields_used |= fields;

	used |= FW_FIELD_BIT(FW_F_HOOK);
	root->flow_mask[0] |= 3ull << FW_FLOW_FAMILY_SHIFT;
	for (uint32_t f = 0; f < FW_NFIELDS; f++) {
		struct fw_flow_place place = fw_flow_place(f);

		if (!(used & FW_FIELD_BIT(f)))
			continue;
		root->flow_mask[place.word] |= (uint64_t)fw_field_bits(f) << place.shift;
		root->flow_far |= place.word >= FW_FLOW_NEAR;
	}
}

void root_write_actions(const struct fw_tables *t, const struct fw_lowering *from)
{
	struct fw_action *table = fw_pool_ptr(t->heap.pool, t->root.actions);

	for (uint32_t i = 0; i < from->nactions; i++)
		if (memcmp(&table[i], &from->actions[i], sizeof(*table)))
			table[i] = from->actions[i];
}

void root_set_policies(struct fw_root *root, const struct fw_lowering *from)
{
	for (unsigned r = 0; r < FW_NREASONS; r++)
		for (unsigned hook = 0; hook < FW_NHOOKS; hook++)
			root->policy[hook][r] = from->policy[r][hook];
}

void root_set_shortcuts(struct fw_root *root, const struct fw_lowering *from)
{
	for (unsigned hook = 0; hook < FW_NHOOKS; hook++)
		for (unsigned state = 0; state < FW_NSTATES; state++) {
			const struct fw_instance *in = from->shortcut[hook][state];

			root->shortcut[hook][state] = in ? (uint32_t)instance_hit(in) : 0;
		}
}

uint64_t root_lanes_open(const struct fw_root *root)
{
	uint64_t hi = root->lane_guard;

	for (unsigned i = 0; i < root->lanes; i++)
		hi |= (uint64_t)fw_field_bits(root->lane_field[i]) << root->lane_shift[i];
	return hi;
}

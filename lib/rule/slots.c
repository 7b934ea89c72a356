// SPDX-License-Identifier: GPL-2.0-only
/*
 * Slots, the places of rules' counters. A slot has a rule, or is held by a rule
 * that is gone, or is free. Free slots are linked through the slots themselves,
 * so that giving one back needs no memory: the last one freed is taken first.
 */
#include "lib/rule/internal.h"

/* A link is told from a pointer by its lowest bit. */
static uint64_t link_of(uint32_t prev, uint32_t next)
{
	return (uint64_t)prev << 33 | (uint64_t)next << 2 | 1;
}

static uint32_t link_prev(uint64_t link)
{
	return (uint32_t)(link >> 33);
}

static uint32_t link_next(uint64_t link)
{
	return (uint32_t)(link >> 2) & FW_SLOT_NONE;
}

bool fw_slot_is_free(const struct fw_ruleset *rs, uint32_t slot)
{
	return slot >= rs->next_slot || rs->index->by_slot[slot].link & 1;
}

uint32_t fw_slot_next(const struct fw_ruleset *rs)
{
	return rs->index->slot_free != FW_SLOT_NONE ? rs->index->slot_free : rs->next_slot;
}

uint32_t fw_slot_after(const struct fw_ruleset *rs, uint32_t slot)
{
	return link_next(rs->index->by_slot[slot].link);
}

int fw_slot_reserve(struct fw_ruleset *rs, uint32_t slot)
{
	struct fw_rule_index *ix = rs->index;
	size_t cap = ix->slots_cap ? ix->slots_cap : 16;

	if (slot < ix->slots_cap)
		return 0;
	if (slot > FW_SLOT_MAX)
		return -ENOMEM;
	while (cap <= slot)
		cap *= 2;

	union fw_slot *grown = realloc(ix->by_slot, cap * sizeof(*grown));

	if (!grown)
		return -ENOMEM;
	fw_huge_pages(grown, cap * sizeof(*grown));
	ix->by_slot = grown;
	ix->slots_cap = cap;
	return 0;
}

void fw_slot_free(struct fw_ruleset *rs, uint32_t slot)
{
	struct fw_rule_index *ix = rs->index;
	uint32_t next = ix->slot_free;

	ix->by_slot[slot].link = link_of(FW_SLOT_NONE, next);
	if (next != FW_SLOT_NONE)
		ix->by_slot[next].link = link_of(slot, link_next(ix->by_slot[next].link));
	ix->slot_free = slot;
	ix->slots_free++;
}

/* Takes a slot out of the free ones. */
static void unfree(struct fw_rule_index *ix, uint32_t slot)
{
	uint32_t prev = link_prev(ix->by_slot[slot].link), next = link_next(ix->by_slot[slot].link);

	if (prev != FW_SLOT_NONE)
		ix->by_slot[prev].link = link_of(link_prev(ix->by_slot[prev].link), next);
	else
		ix->slot_free = next;
	ix->slots_free--;
	if (next != FW_SLOT_NONE)
		ix->by_slot[next].link = link_of(prev, link_next(ix->by_slot[next].link));
}

void fw_slot_take(struct fw_ruleset *rs, uint32_t slot, struct fw_rule *rule)
{
	while (rs->next_slot < slot)
		fw_slot_free(rs, rs->next_slot++);
	if (slot == rs->next_slot)
		rs->next_slot++;
	else if (fw_slot_is_free(rs, slot))
		unfree(rs->index, slot);
	rs->index->by_slot[slot].rule = rule;
}

void fw_slot_cut(struct fw_ruleset *rs, uint32_t n)
{
	while (rs->next_slot > n)
		if (fw_slot_is_free(rs, rs->next_slot - 1))
			unfree(rs->index, --rs->next_slot);
		else
			rs->next_slot--;
}

uint32_t fw_ruleset_slots(const struct fw_ruleset *rs)
{
	return rs->next_slot - rs->index->slots_free;
}

int fw_ruleset_slot_release(struct fw_ruleset *rs, uint32_t slot)
{
	if (slot < rs->next_slot && !rs->index->by_slot[slot].rule)
		fw_slot_free(rs, slot);
	return 0;
}

static bool is_missing(const struct fw_ruleset *rs, const struct fw_ruleset *of, uint32_t slot)
{
	return fw_slot_is_free(rs, slot) && (!of || !fw_slot_is_free(of, slot));
}

int fw_ruleset_slots_missing(const struct fw_ruleset *rs, const struct fw_ruleset *of, uint32_t end, uint32_t **slots,
			     size_t *nslots)
{
	size_t n = 0;

	for (uint32_t slot = 0; slot < end; slot++)
		n += is_missing(rs, of, slot);
	*slots = malloc((n + 1) * sizeof(**slots));
	*nslots = 0;
	if (!*slots)
		return -ENOMEM;
	for (uint32_t slot = 0; slot < end; slot++)
		if (is_missing(rs, of, slot))
			(*slots)[(*nslots)++] = slot;
	return 0;
}

int fw_ruleset_slots_hold(struct fw_ruleset *rs, const uint32_t *slots, size_t nslots)
{
	int err = nslots ? fw_slot_reserve(rs, slots[nslots - 1]) : 0;

	for (size_t i = 0; !err && i < nslots; i++)
		fw_slot_take(rs, slots[i], NULL);
	return err;
}

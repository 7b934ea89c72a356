// SPDX-License-Identifier: GPL-2.0-only
/* Chains of a ruleset: by name and number; where their rules are in the list, and which rules call them. */
#include "lib/rule/internal.h"

int fw_ruleset_chain_find(const struct fw_ruleset *rs, const char *name)
{
	uint32_t hash = fw_hash_string(name), v;

	for (uint32_t pos = hash; fw_table_next(&rs->index->chains, hash, &pos, &v);)
		if (!strcmp(rs->chains[v].name, name))
			return (int)v;
	return -ENOENT;
}

size_t fw_ruleset_chains(const struct fw_ruleset *rs)
{
	return rs->nchains - 1 - rs->index->chain_holes;
}

/* The lowest free number, or the next one. */
static size_t next_number(const struct fw_ruleset *rs)
{
	uint32_t holes = rs->index->chain_holes;

	for (size_t i = 1; holes && i < rs->nchains; i++) {
		if (rs->chains[i].name)
			continue;
		if (!rs->chains[i].gone)
			return i;
		holes--;
	}
	return rs->nchains;
}

int fw_ruleset_chain(struct fw_ruleset *rs, const char *name, uint16_t *number)
{
	size_t n = next_number(rs);
	char *copy;

	if (fw_ruleset_chain_find(rs, name) >= 0)
		return -EEXIST;
	if (n == FW_CHAINS_MAX)
		return -E2BIG;
	if (fw_table_reserve(&rs->index->chains) ||
	    fw_vec_grow(&rs->chains, rs->nchains, &rs->chains_cap, sizeof(*rs->chains)))
		return -ENOMEM;
	copy = fw_region_strdup(&rs->region, name, strlen(name));
	if (!copy)
		return -ENOMEM;
	if (n == rs->nchains)
		rs->nchains++;
	else
		rs->index->chain_holes--;
	rs->chains[n] = (struct fw_chain){ .name = copy };
	fw_table_put(&rs->index->chains, fw_hash_string(name), (uint32_t)n);
	*number = (uint16_t)n;
	return 0;
}

void fw_chain_free(struct fw_ruleset *rs, const struct fw_chain *c)
{
	fw_region_recycle(&rs->region, c->name, strlen(c->name) + 1);
	free(c->callers);
}

const char *fw_chain_label(const struct fw_ruleset *rs, uint16_t chain, char *buf, size_t size)
{
	if (chain == FW_MAIN)
		snprintf(buf, size, "the main list");
	else
		snprintf(buf, size, "chain %s", rs->chains[chain].name);
	return buf;
}

struct fw_rule *fw_chain_before(const struct fw_ruleset *rs, uint16_t chain)
{
	while (chain-- > 0)
		if (rs->chains[chain].last)
			return rs->chains[chain].last;
	return NULL;
}

struct fw_rule *fw_chain_end(const struct fw_ruleset *rs, uint16_t chain)
{
	return rs->chains[chain].last ? rs->chains[chain].last : fw_chain_before(rs, chain);
}

int fw_chain_reserve(struct fw_ruleset *rs, uint16_t chain)
{
	struct fw_chain *c = &rs->chains[chain];

	return chain == FW_MAIN ? 0 : fw_vec_grow(&c->callers, c->calls, &c->callers_cap, sizeof(*c->callers));
}

void fw_chain_link(struct fw_ruleset *rs, struct fw_rule *r)
{
	struct fw_chain *c = &rs->chains[r->chain], *target = &rs->chains[r->target];

	if (!r->prev || r->prev->chain != r->chain)
		c->first = r;
	if (!r->next || r->next->chain != r->chain)
		c->last = r;
	c->nrules++;
	if (r->target != FW_MAIN)
		target->callers[target->calls++] = r->slot;
}

void fw_chain_unlink(struct fw_ruleset *rs, struct fw_rule *r)
{
	struct fw_chain *c = &rs->chains[r->chain], *target = &rs->chains[r->target];
	uint32_t i = 0;

	if (c->first == r)
		c->first = c->last == r ? NULL : r->next;
	if (c->last == r)
		c->last = c->first ? r->prev : NULL;
	c->nrules--;
	if (r->target == FW_MAIN)
		return;
	while (target->callers[i] != r->slot)
		i++;
	target->callers[i] = target->callers[--target->calls];
}

void fw_chains_renumber(struct fw_ruleset *rs)
{
	if (rs->nchains == 1)
		return;
	for (size_t i = 0; i < rs->nchains; i++)
		rs->chains[i].calls = 0;
	for (struct fw_rule *r = rs->first; r; r = r->next)
		if (r->target != FW_MAIN)
			rs->chains[r->target].callers[rs->chains[r->target].calls++] = r->slot;
}

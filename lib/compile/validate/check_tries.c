// SPDX-License-Identifier: GPL-2.0-only
/* Does what the lookup assumes of tries and classes hold? */
#include "check.h"

bool check_class(struct check *c, int side, uint32_t line, uint32_t first)
{
	const struct fw_class *k = check_inside_segment(c, line, 1) ? fw_pool_ptr(c->pool, line) : NULL;
	uint32_t places = k ? k->lines * FW_CLASS_IDENTITIES : 0, before = 0;

	if (!k || !k->lines || k->lines > FW_CLASS_LINES || !check_inside_segment(c, line, k->lines))
		return check_wrong(c, "a class is outside the pool, or its size is wrong");
	if (k->identity[0] != first ||
	    (!first && c->root->frame_rules && (k->n < 2 || k->identity[1] != FW_IDENTITY_FRAME)))
		return check_wrong(c, "a class lacks the identities that all addresses have");
	for (uint32_t i = 0; i < k->lines; i++)
		if (!k[i].n || k[i].n > FW_CLASS_IDENTITIES || (i + 1u < k->lines && k[i].n < FW_CLASS_IDENTITIES))
			return check_wrong(c, "a class's line holds the wrong number of identities");
	for (uint32_t i = 0; i < places; i++) {
		uint32_t id = k[i / FW_CLASS_IDENTITIES].identity[i % FW_CLASS_IDENTITIES];
		uint64_t signature = k[i / FW_CLASS_IDENTITIES].signature[i % FW_CLASS_IDENTITIES];

		if (i % FW_CLASS_IDENTITIES >= k[i / FW_CLASS_IDENTITIES].n) {
			if (signature || id)
				return check_wrong(c, "a class's unused place is not empty");
			continue;
		}
		if (i && id <= before)
			return check_wrong(c, "a class's identities are out of order");
		if (id < c->identities[side] && c->signature[side][id] & ~signature)
			return check_wrong(c, "a signature hides a pair");
		before = id;
	}
	return true;
}

static bool check_ref(struct check *c, int side, uint32_t ref, unsigned bits);

static bool check_runs8(struct check *c, int side, const struct fw_runs8 *n, unsigned bits)
{
	unsigned i = 0;

	for (; i < FW_RUNS8 - 1 && n->last[i] != 0xff; i++) {
		if (i && n->last[i - 1] >= n->last[i])
			return check_wrong(c, "a node's runs are out of order");
		if (!check_ref(c, side, n->ref[i], bits - 8))
			return false;
	}
	for (unsigned k = i; k < FW_RUNS8 - 1; k++)
		if (n->last[k] != 0xff)
			return check_wrong(c, "a node's runs continue after their end");
	return check_ref(c, side, n->ref[i], bits - 8);
}

/* @wide: the references are nodes of runs over the same bits. */
static bool check_runs32(struct check *c, int side, const struct fw_runs32 *n, bool wide, unsigned bits)
{
	unsigned runs = 1, rest = wide ? bits : bits > 32 ? bits - 32 : 0;

	while (runs < FW_RUNS32 && n->last[runs - 1] != UINT32_MAX)
		runs++;
	for (unsigned i = 1; i < FW_RUNS32 - 1; i++)
		if (i < runs - 1 ? n->last[i - 1] >= n->last[i] : i >= runs - 1 && n->last[i] != UINT32_MAX)
			return check_wrong(c, "a node's runs are out of order");
	for (unsigned i = 0; i < runs; i++) {
		if (wide && FW_REF_TAG(n->ref[i]) != FW_REF_RUNS32)
			return check_wrong(c, "a wide node refers to something other than runs");
		if (!check_ref(c, side, n->ref[i], rest))
			return false;
	}
	return true;
}

static bool check_table8(struct check *c, int side, const uint32_t *table, unsigned bits)
{
	for (unsigned i = 0; i < 256; i++)
		if ((!i || table[i] != table[i - 1]) && !check_ref(c, side, table[i], bits - 8))
			return false;
	return true;
}

/* A reference with @bits of the address left to look at. */
static bool check_ref(struct check *c, int side, uint32_t ref, unsigned bits)
{
	uint32_t tag = FW_REF_TAG(ref), line = FW_REF_LINE(ref);

	if (tag == FW_REF_CLASS)
		return check_class(c, side, line, FW_IDENTITY_ANY);
	if (!bits)
		return check_wrong(c, "a trie is deeper than an address");
	if (!check_inside_segment(c, line, tag == FW_REF_TABLE8 ? 256 * 4 / FW_LINE : 1))
		return check_wrong(c, "a node is outside the pool or crosses a segment");
	if (tag == FW_REF_RUNS8)
		return check_runs8(c, side, fw_pool_ptr(c->pool, line), bits);
	if (tag == FW_REF_RUNS32 || tag == FW_REF_WIDE)
		return check_runs32(c, side, fw_pool_ptr(c->pool, line), tag == FW_REF_WIDE, bits);
	if (tag == FW_REF_TABLE8)
		return check_table8(c, side, fw_pool_ptr(c->pool, line), bits);
	return check_wrong(c, "a reference has an unknown tag");
}

bool check_trie(struct check *c, int side, enum fw_family family)
{
	uint32_t line = c->root->trie[side][family];
	unsigned bits = (family == FW_IP4 ? 32 : 128) - FW_TRIE_ROOT_BITS;
	const uint32_t *table = fw_pool_ptr(c->pool, line);

	if (!check_inside(c, line, FW_TRIE_ROOT_LINES))
		return check_wrong(c, "a trie's root is outside the pool");
	for (uint32_t i = 0; i < 1u << FW_TRIE_ROOT_BITS; i++)
		if ((!i || table[i] != table[i - 1]) && !check_ref(c, side, table[i], bits))
			return false;
	return true;
}

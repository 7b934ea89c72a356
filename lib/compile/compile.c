// SPDX-License-Identifier: GPL-2.0-only
/*
 * The compiler: from rules to tables.
 *
 * What a rule says about an address is an identity: one prefix, one range, one
 * set, however large. All addresses that lie in the same identities share a
 * class. A rule belongs to one pair of identities, so a packet's two classes
 * span all the pairs that can hold a rule for it. Worked example:
 *
 *	rule 1  from 10.0.0.0/8  proto tcp  dport 22  accept
 *	rule 2  from 10.1.0.0/16            drop
 *	rule 3                   proto icmp accept
 *
 *	source identities       0 any      2 10.0.0.0/8     3 10.1.0.0/16
 *	source classes          10.0.0.0   {any, 10/8}      10.1.0.0  {any, 10/8, 10.1/16}
 *	                        10.2.0.0   {any, 10/8}      elsewhere {any}
 *	pairs                   (2, 0) rule 1    (3, 0) rule 2    (0, 0) rule 3
 *
 * Steps: number the identities and sweep the address space for classes
 * (identity.c); collect the rules of each pair (pair.c); write pairs, with
 * bit-vector blocks where a pair has more than one rule (block.c); write the
 * tries and the classes that they lead to (trie.c, class.c). The root goes last. Everything is
 * new memory; nothing that a packet may be reading is touched.
 */
#include "tables.h"

#include <stdarg.h>
#include <string.h>

int take_lines(struct compilation *c, uint32_t lines, uint64_t *bytes, uint32_t *line)
{
	int err = fw_pool_alloc(c->pool, lines, line);

	if (!err)
		*bytes += (uint64_t)lines * FW_LINE;
	if (err == -ENOSPC)
		fw_diag_add(c->ds, (struct fw_place){ c->rs->file, 0, 0 }, NULL,
			    "the tables need more than the pool's %u MiB", c->pool->limit * (FW_SEGMENT_BYTES >> 20));
	return err;
}

int refuse_rule(const struct compilation *c, uint32_t i, const char *hint, const char *fmt, ...)
{
	const struct fw_rule *r = c->rs->rules[i];
	char text[256];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	fw_diag_add(c->ds, (struct fw_place){ c->rs->file, r->line, 0 }, hint, "rule %llu%s%s: %s",
		    (unsigned long long)r->id, r->name ? " " : "", r->name ? r->name : "", text);
	return -E2BIG;
}

/* The bits of a packed flow that the rules and policies depend on: the hook always counts. */
static void flow_mask(struct compilation *c)
{
	uint32_t used = c->fields_used | 1u << FW_F_HOOK;

	c->root.flow_mask[0] = 3ull << FW_FLOW_FAMILY_SHIFT;
#define FLOW_MASK(sym, kw, max, word, shift) \
	if (used & 1u << FW_F_##sym)         \
		c->root.flow_mask[word] |= (uint64_t)fw_field_bits(FW_F_##sym) << (shift);
	FW_FIELDS(FLOW_MASK)
#undef FLOW_MASK
}

static int begin(struct compilation *c)
{
	const struct fw_ruleset *rs = c->rs;

	if (rs->nrules >= FW_RANK_MAX / 2)
		return -E2BIG;
	c->rank_step = FW_RANK_MAX / ((uint32_t)rs->nrules + 1);
	for (size_t i = 0; i < rs->nrules; i++) {
		for (unsigned m = 0; m < rs->rules[i]->nmatches; m++)
			c->fields_used |= 1u << rs->rules[i]->matches[m]->field;
		c->frame_rules |= fw_rule_names_non_ip(rs->rules[i]);
	}
	c->block = malloc(FW_SEGMENT_BYTES);
	return c->block ? 0 : -ENOMEM;
}

static int write_root(struct compilation *c, uint32_t *line)
{
	int err = take_lines(c, sizeof(c->root) / FW_LINE, &c->stats.bytes, line);

	if (err)
		return err;
	c->root.fields_used = c->fields_used;
	c->root.frame_rules = c->frame_rules;
	c->root.slots = c->rs->next_slot;
	for (int r = 0; r < FW_NREASONS; r++)
		c->root.accept |= (uint32_t)(c->rs->policy[r] == FW_ACCEPT) << r;
	flow_mask(c);
	memcpy(fw_pool_ptr(c->pool, *line), &c->root, sizeof(c->root));
	c->stats.bytes += c->stats.trie_bytes + c->stats.class_bytes + c->stats.pair_bytes + c->stats.block_bytes;
	c->stats.rules = c->rs->nrules;
	c->stats.probes_max = (uint64_t)c->side[SRC].nesting_max * c->side[DST].nesting_max;
	return 0;
}

static int run(struct compilation *c, uint32_t *root)
{
	int err = begin(c);

	if (!err)
		err = identities_build(c);
	if (!err)
		err = pairs_collect(c);
	if (!err)
		err = pairs_write(c);
	for (int side = SRC; !err && side <= DST; side++) {
		if (c->frame_rules)
			err = frame_class_write(c, side);
		if (!err)
			err = trie_write(c, side, FW_IP4);
		if (!err)
			err = trie_write(c, side, FW_IP6);
	}
	return err ? err : write_root(c, root);
}

static void end(struct compilation *c)
{
	for (int i = SRC; i <= DST; i++) {
		struct side *s = &c->side[i];

		free(s->identity_of);
		free(s->addrs_of);
		free(s->signature);
		free(s->classes.c);
		free(s->classes.ids);
		free(s->classes.slots);
		free(s->map[FW_IP4].b);
		free(s->map[FW_IP6].b);
	}
	free(c->pairs);
	free(c->next_rule);
	free(c->block);
}

int fw_compile(const struct fw_ruleset *rs, struct fw_pool *pool, struct fw_diags *ds, struct fw_image *out)
{
	struct compilation c = { .rs = rs, .pool = pool, .ds = ds };
	double start = fw_now();
	uint32_t root = 0;
	int err = run(&c, &root);

	end(&c);
	if (err)
		return err;
	c.stats.seconds = fw_now() - start;
	*out = (struct fw_image){ root, c.stats };
	return 0;
}

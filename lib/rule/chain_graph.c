// SPDX-License-Identifier: GPL-2.0-only
/*
 * Chains and their callers as a graph: refuses circles and depth, and puts the chains in order. It is walked from each chain
 * up to its callers, since a chain knows the rules that call it:
 *
 *	rule 1 jump a               up from b: rule 3, in a; rule 1, in the main list
 *	rule 2 goto b               up from b: rule 2, in the main list
 *	rule 3 chain a jump b       b is two chains deep, and after a in the order
 */
#include "fw/chains.h"

#include "lib/rule/internal.h"

struct graph {
	const struct fw_ruleset *rs;
	const struct fw_place *at;
	struct fw_diags *ds;
	uint8_t *depth;  /* by chain: how many chains a packet is in there, at most; 0: not known */
	uint16_t *order; /* of the chains whose depth is known */
	size_t n;        /* of them */
	const struct fw_rule
		*way[FW_CHAIN_DEPTH]; /* the rules that lead to the first chain, that of the last call first */
	unsigned length;
};

/* "web (rule 10) -> log (rule 3) -> web": the chains that the last @n rules of the way are in, and what the first one calls. */
static const char *path(const struct graph *g, unsigned n, char *buf, size_t size)
{
	struct fw_buf b = { 0 };

	for (unsigned i = g->length; i-- > g->length - n;)
		fw_buf_printf(&b, "%s (rule %llu) -> ", g->rs->chains[g->way[i]->chain].name,
			      (unsigned long long)g->way[i]->id);
	fw_buf_printf(&b, "%s", g->rs->chains[g->way[g->length - n]->target].name);
	snprintf(buf, size, "%s", b.text ? b.text : "");
	fw_buf_free(&b);
	return buf;
}

static int refuse(const struct graph *g, unsigned n, const char *what)
{
	const struct fw_rule *r = g->way[g->length - 1];
	char way[200];

	return fw_diag_add(g->ds, fw_chain_place(g->rs, g->at, r->line), "delete or change one of these rules",
			   "%s: %s", what, path(g, n, way, sizeof(way)));
}

/* Refuses a chain of this depth by the longest way to it. */
static int refuse_depth(struct graph *g, uint16_t chain, unsigned depth)
{
	for (g->length = 0; g->length < FW_CHAIN_DEPTH && depth > 1; depth--) {
		const struct fw_chain *c = &g->rs->chains[chain];
		const struct fw_rule *r;
		uint32_t i = 0;

		do
			r = fw_ruleset_by_slot(g->rs, c->callers[i]);
		while (g->depth[r->chain] + 1u != depth && ++i < c->calls);
		g->way[g->length++] = r;
		chain = r->chain;
	}
	return refuse(g, g->length, "chains are nested too deep");
}

static int visit(struct graph *g, uint16_t chain);

/* Goes up from a chain to the one of a rule that calls it. */
static int climb(struct graph *g, const struct fw_rule *caller)
{
	int err;

	g->way[g->length++] = caller;
	for (unsigned i = 0; i < g->length; i++)
		if (g->way[i]->target == caller->chain)
			return refuse(g, g->length - i, "chains call each other in a circle");
	if (g->length == FW_CHAIN_DEPTH)
		return refuse(g, g->length, "chains are nested too deep");
	err = g->depth[caller->chain] ? 0 : visit(g, caller->chain);
	g->length--;
	return err;
}

/* Finds how deep a chain is, after all those that lead to it. 0, -EINVAL with a diagnostic. */
static int visit(struct graph *g, uint16_t chain)
{
	const struct fw_chain *c = &g->rs->chains[chain];
	unsigned depth = 1;

	for (uint32_t i = 0; i < c->calls; i++) {
		const struct fw_rule *caller = fw_ruleset_by_slot(g->rs, c->callers[i]);
		int err = caller->chain == FW_MAIN ? 0 : climb(g, caller);

		if (err)
			return err;
		if (caller->chain != FW_MAIN && g->depth[caller->chain] >= depth)
			depth = g->depth[caller->chain] + 1u;
	}
	if (depth > FW_CHAIN_DEPTH)
		return refuse_depth(g, chain, depth);
	g->depth[chain] = (uint8_t)depth;
	g->order[g->n++] = chain;
	return 0;
}

int fw_chains_order(const struct fw_ruleset *rs, const struct fw_place *at, struct fw_diags *ds, uint16_t *out)
{
	fw_autofree uint8_t *depth = calloc(rs->nchains, 1);
	struct graph g = { .rs = rs, .at = at, .ds = ds, .depth = depth, .order = out };
	int err = depth ? 0 : -ENOMEM;

	if (!err)
		out[g.n++] = FW_MAIN;
	for (size_t i = 1; i < rs->nchains && !err; i++)
		if (rs->chains[i].name && !depth[i])
			err = visit(&g, (uint16_t)i);
	return err;
}

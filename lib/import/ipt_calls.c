// SPDX-License-Identifier: GPL-2.0-only
/* Which chains call which: circles, from which hooks, how deep. */
#include "lib/import/ipt.h"

#define DEPTH_MAX 16 /* of chains that call each other */
#define FOLLOWED_MAX 1000

static void check_call(struct ipt *c, struct ipt_rule *r, unsigned followed);

/* Refuses calls that lead back or too deep, and finds how deep the rest goes. */
static void enter(struct ipt *c, struct ipt_chain *chain, unsigned followed)
{
	chain->open = true;
	for (struct ipt_rule *r = chain->first; r; r = r->next)
		if (r->to && !r->refused && !r->kept)
			check_call(c, r, followed);
	chain->open = false;
	chain->depth++;
}

static void check_call(struct ipt *c, struct ipt_rule *r, unsigned followed)
{
	struct ipt_chain *to = (struct ipt_chain *)r->to;

	if (to->open)
		return ipt_refuse(c, r, FW_IMPORT_AS_CHAIN, r->target_column, "%s calls itself, by way of %s", to->name,
				  r->chain->name);
	if (!to->depth && followed < FOLLOWED_MAX)
		enter(c, to, followed + 1);
	if (!to->depth || to->depth >= DEPTH_MAX)
		return ipt_refuse(c, r, FW_IMPORT_AS_CHAIN, r->target_column,
				  "chains call each other more than %d deep", DEPTH_MAX);
	if (r->chain->depth < to->depth)
		r->chain->depth = to->depth;
}

/* Chains pass on from where they are reached: as often as that changes. */
static void reach(struct ipt_chain *chain, unsigned hooks)
{
	if (!(hooks & ~chain->reached))
		return;
	chain->reached |= hooks;
	for (const struct ipt_rule *r = chain->first; r; r = r->next)
		if (r->to && !r->refused && !r->kept)
			reach((struct ipt_chain *)r->to, chain->reached);
}

/* The list of the hooks input and forward has the place of POSTROUTING. */
static unsigned reached_from(int hook)
{
	return hook == IPT_POSTROUTING ? 1u << IPT_INPUT | 1u << IPT_FORWARD : 1u << hook;
}

void ipt_find_calls(struct ipt *c)
{
	for (int f = 0; f < IPT_NFAMILIES; f++) {
		for (struct ipt_chain *chain = c->tables[f][IPT_FILTER].first; chain; chain = chain->next)
			if (!chain->depth)
				enter(c, chain, 0);
		for (struct ipt_chain *chain = c->tables[f][IPT_FILTER].first; chain; chain = chain->next)
			if (chain->place)
				reach(chain, reached_from(chain->hook));
	}
}

/* The depth from a chain on, with those that its rules take of their own. */
static int depth_of(struct ipt *c, struct ipt_chain *chain)
{
	if (chain->open)
		return chain->depth;
	chain->open = true;
	chain->depth = 1;
	for (struct ipt_rule *r = chain->first; r; r = r->next) {
		int below = r->refused || r->kept || !r->to ? 0 : depth_of(c, (struct ipt_chain *)r->to);

		below += r->text ? (int)r->text->levels : 0;
		if (below > DEPTH_MAX - (chain->place == NULL)) {
			ipt_refuse(c, r, FW_IMPORT_AS_CHAIN, r->target_column,
				   "chains call each other more than %d deep", DEPTH_MAX);
			below = 0;
		}
		if (chain->depth <= below)
			chain->depth = below + 1;
	}
	return chain->depth;
}

void ipt_find_depths(struct ipt *c)
{
	for (int f = 0; f < IPT_NFAMILIES; f++)
		for (struct ipt_chain *chain = c->tables[f][IPT_FILTER].first; chain; chain = chain->next)
			depth_of(c, chain);
}

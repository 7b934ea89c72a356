// SPDX-License-Identifier: GPL-2.0-only
/*
 * From a rule that calls a chain to instances: the classifier knows no chains. Each rule of the chain becomes an instance in the
 * caller's place, which matches what both match. A rule of the chain that can never match there becomes none.
 *
 *	rule 1  from 10.0.0.0/8  proto tcp   jump web
 *	rule 2                               drop
 *	rule 3  chain web  dport 80          accept
 *	rule 4  chain web  from 10.9.0.0/16  return
 *	rule 5  chain web  dport 1-1023      drop
 *
 *	of rule 1:  0  from 10.0.0.0/8   proto tcp  dport 80      accept
 *	            1  from 10.9.0.0/16  proto tcp                return   goes on after 2
 *	            2  from 10.0.0.0/8   proto tcp  dport 1-1023  drop
 *	of rule 2:     itself
 *
 * So a jump costs a packet nothing. What costs a further lookup: a jump with effects or conditions, which is an instance ahead of
 * those of its chain, and if a condition is not met, they are skipped; and the end of a chain that was gone to, if its caller
 * has more rules: an instance that skips these.
 *
 * Where skips lead is known once the end of a chain is reached. Until then each has the number of a label.
 */
#include "expand.h"

#include "fw/chains.h"

#include <string.h>

/* Where skips lead, once that is known: to the number of an instance. */
struct label {
	uint32_t at;
	bool used; /* an instance leads there */
};

struct expansion {
	struct fw_ruleset *rs;
	const struct fw_rule *rule; /* of the main list */
	struct fw_diags *ds;
	struct fw_inlined_at *at; /* each @to is a label */
	size_t n, cap;
	uint32_t asked; /* rules of chains that were looked at */
	const struct fw_expand_room *room;
	struct label *labels;
	size_t nlabels, labels_cap;
	const struct fw_rule *calls[FW_CHAIN_DEPTH]; /* the rules that are being followed */
	unsigned depth;
};

/* A chain that is being inlined. */
struct frame {
	struct fw_common common; /* what its callers match */
	uint32_t end;            /* label of its end */
};

static int label_new(struct expansion *x, uint32_t *label)
{
	*label = (uint32_t)x->nlabels;
	return fw_vec_push(x->labels, x->nlabels, x->labels_cap, ((struct label){ FW_TO_NEXT, false }));
}

static void label_here(struct expansion *x, uint32_t label)
{
	x->labels[label].at = (uint32_t)x->n;
}

/* In how many ways packets get to each chain from the main list, up to FW_ASKED_MAX. Chains that form a circle: 0 ways. */
static uint64_t *ways_new(const struct fw_ruleset *rs)
{
	fw_autofree uint16_t *order = malloc(rs->nchains * sizeof(*order));
	uint64_t *ways = calloc(rs->nchains, sizeof(*ways));

	if (!order || !ways || fw_chains_order(rs, NULL, NULL, order))
		return ways;
	ways[FW_MAIN] = 1;
	for (size_t i = 1; i <= fw_ruleset_chains(rs); i++) {
		const struct fw_chain *c = &rs->chains[order[i]];

		for (uint32_t k = 0; k < c->calls && ways[order[i]] < FW_ASKED_MAX; k++)
			ways[order[i]] += ways[fw_ruleset_by_slot(rs, c->callers[k])->chain];
		if (ways[order[i]] > FW_ASKED_MAX)
			ways[order[i]] = FW_ASKED_MAX;
	}
	return ways;
}

/* The chain that most instances are made of, if no rule is taken out; @called: one of those in question. */
static uint16_t largest(const struct fw_ruleset *rs, uint16_t called, const uint64_t *ways)
{
	size_t most = called;

	for (size_t i = 1; i < rs->nchains; i++)
		if (ways[i] * rs->chains[i].nrules > ways[most] * rs->chains[most].nrules)
			most = i;
	return (uint16_t)most;
}

/* Names the chain that is to blame: it need not be the one that the rule of the main list calls. */
static int refuse_size(const struct expansion *x, uint32_t most)
{
	const struct fw_ruleset *rs = x->rs;
	fw_autofree uint64_t *ways = ways_new(rs);
	const struct fw_chain *c;
	char rule[FW_RULE_LABEL], by[FW_RULE_LABEL];
	uint16_t chain;

	if (!ways)
		return -ENOMEM;
	chain = largest(rs, x->rule->target, ways);
	c = &rs->chains[chain];
	fw_diag_add(
		x->ds, (struct fw_place){ rs->file, x->rule->line, 0 },
		"let fewer rules call chains that call others, or give these rules matches that exclude each other",
		"with what rule %s calls, calls make more than %u rules; most are the %u of chain %s, which %u rule%s (%s is one), and "
		"packets get to in %s%llu ways",
		fw_rule_label(x->rule, rule, sizeof(rule)), most, c->nrules, c->name, c->calls,
		c->calls == 1 ? " calls" : "s call",
		fw_rule_label(fw_ruleset_by_slot(rs, c->callers[0]), by, sizeof(by)),
		ways[chain] == FW_ASKED_MAX ? "more than " : "", (unsigned long long)ways[chain]);
	return -E2BIG;
}

/* Of chains that call each other, or too many. */
static int refuse_depth(const struct expansion *x)
{
	char path[240], rule[FW_RULE_LABEL];
	size_t used = 0;

	path[0] = '\0';
	for (unsigned i = 0; i < x->depth && used < sizeof(path); i++)
		used += (size_t)snprintf(path + used, sizeof(path) - used, "%s%s", i ? " > " : "",
					 x->rs->chains[x->calls[i]->target].name);
	return fw_diag_add(x->ds, (struct fw_place){ x->rs->file, x->rule->line, 0 },
			   "let no chain lead back to itself", "rule %s calls chains more than %d deep: %s",
			   fw_rule_label(x->rule, rule, sizeof(rule)), FW_CHAIN_DEPTH, path);
}

/* An instance that counts where @r does. */
static int emit(struct expansion *x, const struct fw_rule *r, const struct fw_common *c, uint8_t action, uint32_t to)
{
	struct fw_inlined_at at = { .instance = { .slot = r->slot, .line = r->line, .action = action }, .to = to };
	int err;

	if (x->n >= x->room->instances)
		return refuse_size(x, FW_INLINED_MAX);
	if (to < FW_TO_NEXT)
		x->labels[to].used = true;
	err = fw_common_instance(x->rs, c, &at.instance);
	if (!err) {
		err = fw_vec_push(x->at, x->n, x->cap, at);
		if (err)
			fw_instance_put(x->rs, &at.instance);
	}
	return err;
}

/* 1: none of the packets that @f matches gets past all rules of the chain; 0: some may; negative: an error. */
static int expand_chain(struct expansion *x, uint16_t chain, const struct frame *f);

/* Whatever the caller matches, does the rule match it? */
static bool is_open(const struct fw_rule *r)
{
	return r->src == FW_ANY && r->dst == FW_ANY && !r->nmatches;
}

/* The rule of a chain, or of the main list, that jumps or goes to another; @here: what packets have in common that come so far. */
static int expand_call(struct expansion *x, const struct fw_rule *r, const struct frame *f,
		       const struct fw_common *here)
{
	const struct fw_action *a = fw_rule_action(x->rs, r);
	bool asks = fw_action_asks(a), is_goto = a->verdict == FW_GOTO;
	struct frame into = { .common = *here, .end = f->end };
	uint32_t after;
	int ends, err = label_new(x, &after);

	if (!is_goto)
		into.end = after;
	if (x->depth == FW_CHAIN_DEPTH)
		return refuse_depth(x);
	if (!err && !fw_rule_is_plain_call(r))
		err = emit(x, r, here, r->action, asks ? after : FW_TO_NEXT);
	if (err)
		return err;
	x->calls[x->depth++] = r;
	ends = expand_chain(x, r->target, &into);
	x->depth--;
	if (ends < 0)
		return ends;
	if (is_goto && !ends)
		err = emit(x, r, here, FW_GOTO, f->end);
	label_here(x, after);
	return err ? err : !asks && ends && !x->labels[after].used;
}

/* As expand_chain(), of one rule, for packets that match it. */
static int expand_rule(struct expansion *x, const struct fw_rule *r, const struct frame *f,
		       const struct fw_common *here)
{
	const struct fw_action *a = fw_rule_action(x->rs, r);
	int err;

	if (r->target != FW_MAIN)
		return expand_call(x, r, f, here);
	err = emit(x, r, here, r->action, a->verdict == FW_RETURN ? f->end : FW_TO_NEXT);
	return err ? err : fw_action_ends(a);
}

/* Does the way of all packets through the chain end at the rule, so that later rules are never asked? */
static bool closes(const struct fw_ruleset *rs, const struct fw_rule *r)
{
	const struct fw_action *a = fw_rule_action(rs, r);

	return is_open(r) && !fw_action_asks(a) &&
	       (fw_action_ends(a) || a->verdict == FW_RETURN || a->verdict == FW_GOTO);
}

static int expand_chain(struct expansion *x, uint16_t chain, const struct frame *f)
{
	int ends = 0;

	for (const struct fw_rule *r = x->rs->chains[chain].first; r && r->chain == chain && !ends; r = r->next) {
		struct fw_common here;
		int some;

		if (x->asked++ >= x->room->asked)
			return refuse_size(x, FW_ASKED_MAX);
		some = fw_common_and(x->rs, &f->common, &r->instance, &here);
		if (some < 0)
			return some;
		if (!some)
			continue;
		ends = expand_rule(x, r, f, &here);
		fw_common_put(x->rs, &here);
		if (ends > 0 && !is_open(r))
			ends = 0;
		if (!ends && closes(x->rs, r))
			break;
	}
	return ends;
}

/* Is it the end of a chain that was gone to, from where the next instance that is kept, @next, is asked anyway? */
static bool is_idle(const struct fw_inlined_at *at, size_t next)
{
	return at->instance.action == FW_GOTO && at->to <= next;
}

/* Labels become numbers of instances. Skips that lead nowhere else are left out. 0 or -ENOMEM. */
static int resolve(struct expansion *x)
{
	fw_autofree uint32_t *number = malloc((x->n + 1) * sizeof(*number));
	uint32_t kept = 0;

	if (!number)
		return -ENOMEM;
	for (size_t i = x->n, next = x->n; i-- > 0;) {
		if (x->at[i].to < FW_TO_NEXT)
			x->at[i].to = x->labels[x->at[i].to].at;
		number[i] = !is_idle(&x->at[i], next);
		next = number[i] ? i : next;
	}
	for (size_t i = 0; i < x->n; i++) {
		bool keep = number[i];

		number[i] = kept;
		if (keep)
			x->at[kept++] = x->at[i];
		else
			fw_instance_put(x->rs, &x->at[i].instance);
	}
	number[x->n] = kept;
	x->n = kept;
	for (size_t i = 0; i < kept; i++)
		if (x->at[i].to < FW_TO_NEXT)
			x->at[i].to = number[x->at[i].to];
	return 0;
}

static void expansion_end(struct expansion *x, bool failed)
{
	for (size_t i = 0; failed && i < x->n; i++)
		fw_instance_put(x->rs, &x->at[i].instance);
	free(x->at);
	free(x->labels);
}

int fw_expand(struct fw_ruleset *rs, const struct fw_rule *r, const struct fw_expand_room *room, struct fw_diags *ds,
	      struct fw_inlined **out)
{
	struct expansion x = { .rs = rs, .rule = r, .ds = ds, .room = room };
	struct frame main = { .common = { .all = true } };
	struct fw_inlined *in = NULL;
	struct fw_common here;
	uint32_t end;
	int err = label_new(&x, &end);

	if (!err)
		err = fw_common_and(rs, &main.common, &r->instance, &here);
	if (err > 0) {
		main.end = end;
		err = expand_rule(&x, r, &main, &here);
		fw_common_put(rs, &here);
	}
	if (err >= 0) {
		x.labels[end].at = FW_TO_POLICY;
		err = resolve(&x);
		in = err ? NULL : fw_inlined_new(rs, x.at, (uint32_t)x.n);
		err = in ? 0 : -ENOMEM;
	}
	expansion_end(&x, !in);
	if (in) {
		in->asked = x.asked;
		*out = in;
	}
	return err;
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * From rules to instances. Most rules are one, which is a part of them: nothing is copied, an array of pointers is all that a
 * ruleset's lowering takes, and a row for each rule all that an edit's takes. A rule of the main list that calls a chain has its
 * instances in rule->inlined (expand.c), with ranks between its own and the next rule's. Rules of chains have none of their own.
 *
 * The compiler knows an instance by its rank alone, and any number of them may share a slot: those of a chain's rule do,
 * wherever the chain is called.
 */
#include "fw/lower.h"
#include "fw/table/format.h"

#include "inline.h"
#include "shortcuts.h"

static const char *label(const struct fw_lowering *l, const struct fw_instance *in, char *buf, size_t size)
{
	const struct fw_rule *r = fw_ruleset_by_slot(l->rules, in->slot);

	snprintf(buf, size, "%llu%s%s", r ? (unsigned long long)r->id : 0, r && r->name ? " " : "",
		 r && r->name ? r->name : "");
	return buf;
}

static const struct fw_instance *inlined_with(const struct fw_inlined *in, uint32_t rank)
{
	uint32_t lo = 0, hi = in->n;

	while (hi - lo > 1) {
		uint32_t mid = lo + (hi - lo) / 2;

		if (in->at[mid].instance.rank <= rank)
			lo = mid;
		else
			hi = mid;
	}
	return &in->at[lo].instance;
}

static const struct fw_instance *origin(const struct fw_lowering *l, uint32_t rank, uint32_t slot)
{
	const struct fw_rule *r = fw_ruleset_by_slot(l->rules, slot);
	size_t lo = 0, hi = l->ncallers;

	if (r->chain == FW_MAIN && !r->inlined)
		return &r->instance;
	if (r->chain == FW_MAIN && r->target == FW_MAIN)
		return inlined_with(r->inlined, rank);
	while (hi - lo > 1) {
		size_t mid = lo + (hi - lo) / 2;

		if (l->callers[mid]->rank <= rank)
			lo = mid;
		else
			hi = mid;
	}
	return inlined_with(l->callers[lo]->inlined, rank);
}

static int compare_rank(const void *a, const void *b)
{
	const struct fw_rule *const *x = a, *const *y = b;

	return ((*x)->rank > (*y)->rank) - ((*x)->rank < (*y)->rank);
}

/* The rules of the main list that call chains, in order. */
static int callers_collect(const struct fw_ruleset *rs, struct fw_lowering *l)
{
	const struct fw_rule **v;
	size_t most = 0, n = 0;

	for (size_t c = 1; c < rs->nchains; c++)
		most += rs->chains[c].calls;
	if (!most)
		return 0;
	v = malloc(most * sizeof(*v));
	if (!v)
		return -ENOMEM;
	for (size_t c = 1; c < rs->nchains; c++)
		for (uint32_t i = 0; i < rs->chains[c].calls; i++) {
			const struct fw_rule *r = fw_ruleset_by_slot(rs, rs->chains[c].callers[i]);

			if (r->inlined && r->inlined->n)
				v[n++] = r;
		}
	if (n)
		qsort(v, n, sizeof(*v), compare_rank);
	l->callers = v;
	l->ncallers = n;
	return 0;
}

static void lower_policies(const struct fw_ruleset *rs, struct fw_lowering *l)
{
	for (unsigned r = 0; r < FW_NREASONS; r++)
		for (unsigned hook = 0; hook < FW_NHOOKS; hook++)
			l->policy[r][hook] = fw_ruleset_policy_action(rs, (enum fw_reason)r, (enum fw_hook)hook);
}

static struct fw_lowering lowering(const struct fw_ruleset *rs)
{
	return (struct fw_lowering){ .file = rs->file,
				     .slots = rs->next_slot,
				     .turns = rs->npassing < FW_TURNS ? rs->npassing + 1 : FW_TURNS,
				     .n = rs->ninstances,
				     .actions = rs->actions,
				     .nactions = rs->nactions,
				     .rules = rs,
				     .label = label,
				     .find = origin };
}

/* The instances of a rule of the main list; NULL: none. */
struct instances {
	const struct fw_rule *rule;
	uint32_t n;
};

static struct instances instances_of(const struct fw_rule *r)
{
	if (!r || r->chain != FW_MAIN)
		return (struct instances){ NULL, 0 };
	return (struct instances){ r, r->inlined ? r->inlined->n : 1 };
}

static const struct fw_instance *instance_at(const struct instances *of, uint32_t i)
{
	return of->rule->inlined ? &of->rule->inlined->at[i].instance : &of->rule->instance;
}

/* The rank from which on packets go on that skip others after the instance; 0: none do. */
static uint32_t end_of(const struct fw_ruleset *rs, const struct instances *of, uint32_t i)
{
	uint32_t action = instance_at(of, i)->action;

	if (action < FW_NTERMINAL || !fw_action_skips(action, &rs->actions[action]))
		return 0;
	return of->rule->inlined ? fw_inlined_end(of->rule->inlined, i) : FW_RANK_MAX + 1;
}

static int push_rule(const struct fw_ruleset *rs, struct fw_lowered *l, size_t *nskips_cap, const struct fw_rule *r)
{
	struct instances of = instances_of(r);
	int err = 0;

	for (uint32_t i = 0; i < of.n && !err; i++) {
		const struct fw_instance *in = instance_at(&of, i);
		uint32_t end = end_of(rs, &of, i);

		l->instances[l->from.n++] = in;
		if (end)
			err = fw_vec_push(l->skips, l->nskips, *nskips_cap, ((struct fw_skip){ in->rank, end }));
	}
	return err;
}

int fw_lower(struct fw_ruleset *rs, struct fw_diags *ds, struct fw_lowered *out)
{
	int err = lower_inline(rs, ds);
	struct fw_lowered l = { .from = lowering(rs), .book = &rs->book };
	size_t cap = 0;

	if (err)
		return err;
	lower_policies(rs, &l.from);
	l.instances = malloc(rs->ninstances * sizeof(*l.instances) + 1);
	if (!l.instances)
		return -ENOMEM;
	fw_huge_pages(l.instances, rs->ninstances * sizeof(*l.instances));
	l.from.n = 0;
	for (size_t i = 0; i < rs->nrules && rs->rules[i]->chain == FW_MAIN && !err; i++)
		err = push_rule(rs, &l, &cap, rs->rules[i]);
	if (err) {
		fw_lowered_free(&l);
		return err;
	}
	lower_shortcuts(rs, &l.from);
	*out = l;
	return 0;
}

void fw_lowered_free(struct fw_lowered *l)
{
	free(l->instances);
	free(l->skips);
	*l = (struct fw_lowered){ .instances = NULL };
}

static bool same(const struct fw_instance *a, const struct fw_instance *b)
{
	return a->slot == b->slot && a->action == b->action && a->src == b->src && a->dst == b->dst &&
	       a->nmatches == b->nmatches && (!a->nmatches || a->matches == b->matches);
}

struct rows {
	struct fw_instance_row *r;
	size_t n, cap;
};

/* The rows of one rule, before and after. */
static int rows_of(const struct fw_ruleset *rs, const struct fw_rule_change *change, struct rows *rows)
{
	struct instances a = instances_of(change->before), b = instances_of(change->after);
	bool several = (a.rule && a.rule->inlined) || (b.rule && b.rule->inlined);
	int err = 0;

	if (!several)
		return fw_vec_push(
			rows->r, rows->n, rows->cap,
			((struct fw_instance_row){ a.n ? instance_at(&a, 0) : NULL, b.n ? instance_at(&b, 0) : NULL,
						   b.n ? end_of(rs, &b, 0) : 0 }));
	for (uint32_t i = 0, k = 0; !err && (i < a.n || k < b.n);) {
		const struct fw_instance *x = i < a.n ? instance_at(&a, i) : NULL;
		const struct fw_instance *y = k < b.n ? instance_at(&b, k) : NULL;
		struct fw_instance_row row = { .end = 0 };

		if (x && (!y || x->rank <= y->rank))
			row.before = x;
		if (y && (!x || y->rank <= x->rank)) {
			row.after = y;
			row.end = end_of(rs, &b, k);
		}
		i += row.before != NULL;
		k += row.after != NULL;
		if (!row.before || !row.after || row.end || !same(row.before, row.after))
			err = fw_vec_push(rows->r, rows->n, rows->cap, row);
	}
	return err;
}

int fw_lower_edit(struct fw_edit *e, struct fw_diags *ds, struct fw_lowered_edit *out)
{
	int err = lower_inline_edit(e, ds);
	struct fw_lowering from = lowering(e->rs);
	struct rows rows = { .r = NULL };

	for (size_t i = 0; i < e->nrules && !err; i++)
		err = rows_of(e->rs, &e->rules[i], &rows);
	if (!err)
		err = callers_collect(e->rs, &from);
	if (err)
		free(rows.r);
	else
		*out = (struct fw_lowered_edit){ from, &e->rs->book, rows.r, rows.n, e->sets, e->nsets, e->policies };
	if (!err && e->policies)
		lower_policies(e->rs, &out->from);
	if (!err)
		lower_shortcuts(e->rs, &out->from);
	return err;
}

void fw_lowered_edit_free(struct fw_lowered_edit *l)
{
	free(l->rows);
	free(l->from.callers);
	*l = (struct fw_lowered_edit){ .rows = NULL };
}

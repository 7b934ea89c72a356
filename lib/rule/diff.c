// SPDX-License-Identifier: GPL-2.0-only
/* What another ruleset changes: policies, sets by the addresses that they hold, rules and their order. */
#include "fw/diff.h"

#include "lib/rule/translate.h"
#include "lib/rule/undo.h"

#define NONE UINT32_MAX

static void diff_policies(struct fw_diff *d)
{
	for (size_t r = 0; r < FW_NREASONS; r++) {
		d->policy[r] = memcmp(&d->before->actions[d->before->policy[r]],
				      &d->after->actions[d->after->policy[r]], sizeof(struct fw_action)) ||
			       !fw_same_log(&d->before->policy_log[r], &d->after->policy_log[r]) ||
			       d->before->policy_set[r] != d->after->policy_set[r];
		d->counts.policies += d->policy[r];
	}
}

static void side_add(struct fw_diff_side *side, struct fw_addr lo, struct fw_addr hi, uint8_t family)
{
	if (side->n < FW_DIFF_RANGES)
		side->first[side->n] = (struct fw_addr_range){ lo, hi, .family = family };
	side->n++;
}

/* The parts of @e that are in none of the @n merged ranges; of those, *at is the first that does not lie before it. */
static void subtract(const struct fw_addr_range *e, const struct fw_addr_range *merged, size_t n, size_t *at,
		     struct fw_diff_side *out)
{
	struct fw_addr lo = e->lo;

	while (*at < n && (merged[*at].family < e->family ||
			   (merged[*at].family == e->family && fw_addr_cmp(merged[*at].hi, lo) < 0)))
		++*at;
	for (size_t i = *at; i < n; i++) {
		const struct fw_addr_range *m = &merged[i];

		if (m->family != e->family || fw_addr_cmp(m->lo, e->hi) > 0)
			break;
		if (fw_addr_cmp(lo, m->lo) < 0)
			side_add(out, lo, fw_addr_prev(e->family, m->lo), e->family);
		if (fw_addr_cmp(m->hi, e->hi) >= 0)
			return;
		lo = fw_addr_next(e->family, m->hi);
	}
	side_add(out, lo, e->hi, e->family);
}

/* The addresses in @a but not in @b (merged), each once, though elements may overlap. */
static void only_in(const struct fw_set *a, const struct fw_addr_range *b, size_t n, struct fw_diff_side *out)
{
	struct fw_addr_range done = { .family = 0 };
	size_t at = 0;

	for (size_t i = 0; a && i < a->n; i++) {
		struct fw_addr_range e = a->elements[i];
		bool follows = i && done.family == e.family;

		if (follows && fw_addr_cmp(done.hi, e.hi) >= 0)
			continue;
		if (follows && fw_addr_cmp(done.hi, e.lo) >= 0)
			e.lo = fw_addr_next(e.family, done.hi);
		subtract(&e, b, n, &at, out);
		done = e;
	}
}

static int only_in_first(const struct fw_set *a, const struct fw_set *b, struct fw_diff_side *out)
{
	size_t n = b ? b->n : 0;
	fw_autofree struct fw_addr_range *merged = malloc((n + 1) * sizeof(*merged));

	if (!merged)
		return -ENOMEM;
	if (n)
		memcpy(merged, b->elements, n * sizeof(*merged));
	only_in(a, merged, fw_addr_ranges_merge(merged, n), out);
	return 0;
}

static bool same_elements(const struct fw_set *a, const struct fw_set *b)
{
	if (!a || !b || a->n != b->n)
		return false;
	for (size_t i = 0; i < a->n; i++)
		if (!fw_addr_range_same(&a->elements[i], &b->elements[i]))
			return false;
	return true;
}

/* Counts what differs between two sets of one name (NULL: there is none), and adds a row if there is any difference and room. */
static int diff_set(struct fw_diff *d, const struct fw_set *old, const struct fw_set *new, size_t max)
{
	struct fw_diff_set row = { .before = old, .after = new };
	struct fw_diff_counts *c = &d->counts;
	int err;

	if (same_elements(old, new))
		return 0;
	err = only_in_first(old, new, &row.removed);
	if (!err)
		err = only_in_first(new, old, &row.added);
	c->sets_created += !old;
	c->sets_destroyed += !new;
	c->elements_added += row.added.n;
	c->elements_removed += row.removed.n;
	if (err || (old && new && !row.added.n && !row.removed.n))
		return err;
	if (d->nsets == max) {
		d->more_sets++;
		return 0;
	}
	return fw_vec_push(d->sets, d->nsets, d->sets_cap, row);
}

/* Is it one that somebody defined? */
static bool is_defined(const struct fw_set *set)
{
	return set->name && !set->builtin;
}

static const struct fw_set *set_of(const struct fw_ruleset *rs, const char *name)
{
	int number = fw_ruleset_set_find(rs, name);

	return number < 0 || !is_defined(&rs->sets[number]) ? NULL : &rs->sets[number];
}

static int diff_sets(struct fw_diff *d, size_t max)
{
	int err = 0;

	for (size_t i = 0; i < d->after->nsets && !err; i++)
		if (is_defined(&d->after->sets[i]))
			err = diff_set(d, set_of(d->before, d->after->sets[i].name), &d->after->sets[i], max);
	for (size_t i = 0; i < d->before->nsets && !err; i++)
		if (is_defined(&d->before->sets[i]) && !set_of(d->after, d->before->sets[i].name))
			err = diff_set(d, &d->before->sets[i], NULL, max);
	return err;
}

/* Places in the old order, by place in the new order, of the rules that are in both. */
struct order {
	uint64_t *rank; /* of the old rule, after its chain's new number; 0: it is new */
	bool *moved;
	size_t n;
};

static void order_free(struct order *o)
{
	free(o->rank);
	free(o->moved);
}

/* The place of the last rule of the shortest chains that end in a rank below @rank: a longer one is at *len. */
static size_t chain_for(const struct order *o, const uint32_t *ends, size_t len, uint64_t rank)
{
	size_t lo = 0;

	while (lo < len) {
		size_t mid = lo + (len - lo) / 2;

		if (o->rank[ends[mid]] < rank)
			lo = mid + 1;
		else
			len = mid;
	}
	return lo;
}

/* Of several longest chains the one that ends first is taken: rules after it have moved. */
static int find_moved(struct order *o)
{
	fw_autofree uint32_t *ends = malloc((o->n + 1) * sizeof(*ends));
	fw_autofree uint32_t *before = malloc((o->n + 1) * sizeof(*before));
	uint32_t last = NONE;
	size_t len = 0;

	if (!ends || !before)
		return -ENOMEM;
	for (size_t i = 0; i < o->n; i++) {
		size_t k;

		if (!o->rank[i])
			continue;
		k = chain_for(o, ends, len, o->rank[i]);
		before[i] = k ? ends[k - 1] : NONE;
		ends[k] = (uint32_t)i;
		o->moved[i] = true;
		if (k == len) {
			last = (uint32_t)i;
			len++;
		}
	}
	for (; last != NONE; last = before[last])
		o->moved[last] = false;
	return 0;
}

/* The list's order within each chain counts, whatever the numbers of the chains. */
static int order_of(const struct fw_diff *d, struct order *o)
{
	uint64_t last = 0;
	bool sorted = true;

	o->rank = calloc(d->after->nrules + 1, sizeof(*o->rank));
	o->moved = calloc(d->after->nrules + 1, sizeof(*o->moved));
	if (!o->rank || !o->moved)
		return -ENOMEM;
	for (const struct fw_rule *r = d->after->first; r; r = r->next, o->n++) {
		const struct fw_rule *old = fw_ruleset_by_slot(d->before, r->slot);

		o->rank[o->n] = old ? (uint64_t)r->chain << 32 | old->rank : 0;
		sorted &= !old || o->rank[o->n] > last;
		last = old ? o->rank[o->n] : last;
	}
	return sorted ? 0 : find_moved(o);
}

static int add_rule(struct fw_diff *d, const struct fw_diff_rule *row, size_t max)
{
	struct fw_diff_counts *c = &d->counts;
	bool both = row->before && row->after;

	c->added += !row->before;
	c->removed += !row->after;
	c->changed += both && row->changed;
	c->kept += both && !row->changed;
	c->moved += row->moved;
	if (both && !row->changed && !row->moved)
		return 0;
	if (d->nrules == max) {
		d->more_rules++;
		return 0;
	}
	return fw_vec_push(d->rules, d->nrules, d->rules_cap, *row);
}

static int diff_rules(struct fw_diff *d, const struct fw_translation *t, size_t max)
{
	fw_cleanup(order_free) struct order o = { .n = 0 };
	int err = order_of(d, &o);
	size_t i = 0;

	for (const struct fw_rule *r = d->after->first; r && !err; r = r->next, i++) {
		struct fw_diff_rule row = { fw_ruleset_by_slot(d->before, r->slot), r, false, o.moved[i] };

		row.changed = row.before && !fw_same_text(t, r, row.before);
		err = add_rule(d, &row, max);
	}
	for (const struct fw_rule *r = d->before->first; r && !err; r = r->next)
		if (!fw_ruleset_by_slot(d->after, r->slot))
			err = add_rule(d, &(struct fw_diff_rule){ .before = r }, max);
	return err;
}

static void diff_chains(struct fw_diff *d)
{
	struct fw_diff_counts *c = &d->counts;
	size_t both = 0;

	for (size_t i = 1; i < d->after->nchains; i++) {
		const struct fw_chain *new = &d->after->chains[i];
		int old = new->name ? fw_ruleset_chain_find(d->before, new->name) : -ENOENT;

		both += old >= 0;
		c->chains_changed += old >= 0 && fw_chain_differs(&d->before->chains[old], new);
	}
	c->chains_created = fw_ruleset_chains(d->after) - both;
	c->chains_deleted = fw_ruleset_chains(d->before) - both;
}

void fw_diff_free(struct fw_diff *d)
{
	free(d->sets);
	free(d->rules);
	*d = (struct fw_diff){ .before = NULL };
}

int fw_diff(const struct fw_ruleset *old, const struct fw_ruleset *new, size_t max, struct fw_diff *out)
{
	fw_cleanup(fw_translation_free) struct fw_translation t = { .rs = NULL };
	struct fw_diff d = { .before = old, .after = new };
	int err = fw_translation_init(&t, new, old);

	diff_policies(&d);
	diff_chains(&d);
	if (!err)
		err = diff_sets(&d, max);
	if (!err)
		err = diff_rules(&d, &t, max);
	if (err)
		fw_diff_free(&d);
	else
		*out = d;
	return err;
}

bool fw_rule_changed(const struct fw_rule_change *row)
{
	if (!row->before || !row->after)
		return row->before != row->after;
	return row->moved || !fw_rule_same_text(row->before, row->after);
}

bool fw_rule_same_text(const struct fw_rule *a, const struct fw_rule *b)
{
	return a->src == b->src && a->dst == b->dst && a->action == b->action && a->target == b->target &&
	       a->exported == b->exported && a->nmatches == b->nmatches && (!a->nmatches || a->matches == b->matches) &&
	       fw_same_string(a->name, b->name) && fw_same_string(a->comment, b->comment) &&
	       fw_same_log(&a->log, &b->log);
}

static void count_rows(const struct fw_edit *e, struct fw_diff_counts *c)
{
	for (size_t i = 0; i < e->nrules; i++) {
		const struct fw_rule_change *row = &e->rules[i];

		c->added += !row->before && row->after;
		c->removed += row->before && !row->after;
		c->changed += row->before && row->after && !fw_rule_same_text(row->before, row->after);
		c->moved += row->before && row->after && row->moved;
	}
	for (size_t i = 0; i < e->nsets; i++)
		*(e->sets[i].added ? &c->elements_added : &c->elements_removed) += 1;
	c->elements_prolonged = e->ntimes;
}

void fw_edit_counts(const struct fw_edit *e, struct fw_diff_counts *out)
{
	const struct fw_edit_undo *u = e->undo;
	struct fw_diff_counts c = { .added = 0 };

	count_rows(e, &c);
	c.kept = e->rs->nrules - c.added - c.changed;
	for (size_t i = 0; i < u->n; i++) {
		c.sets_created += u->steps[i].kind == FW_STEP_CREATE && !e->rs->sets[u->steps[i].set].builtin;
		c.sets_destroyed += u->steps[i].kind == FW_STEP_DESTROY;
		c.chains_created += u->steps[i].kind == FW_STEP_CHAIN_CREATE;
		c.chains_deleted += u->steps[i].kind == FW_STEP_CHAIN_DELETE;
	}
	for (size_t r = 0; r < FW_NREASONS; r++)
		c.policies += fw_edit_policy_differs(e, (enum fw_reason)r);
	*out = c;
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * Changes to the trees of blocks and splits that packets are looking at. A tree
 * is never changed: the blocks that a rule is in are made anew, and the splits
 * above them, which refer to all the other blocks as before. The old and the new
 * tree share those, until a grace period after the change what only the old one has is freed.
 *
 * A rule that comes goes into a split's rest where it would stand in many children, else into all of them that its values
 * are in; so one that leaves is looked for in the first of these, and if it is not there it is in the rest. A block that
 * becomes too large is cut in two by its split's field, and only where that does not help by another. A split that has
 * become far smaller or larger than it was made for is made anew.
 */
#include "split.h"

#include <string.h>

/* A split has changed that much, as a factor. */
#define SPLIT_OUTGROWN 4
/* Room for children that one becomes when it is cut. */
#define CHILDREN_BESIDES 64

/* The object is not part of the new tree. It does not count as chained any more: packets see it or what comes, not both. */
static int block_goes(struct tree_update *c, uint64_t hit, bool extra)
{
	const struct fw_block *b = block_at(c->t, hit);
	struct block_lines lines = { (uint32_t)hit, (b->bytes + FW_LINE - 1) / FW_LINE, extra };
	int err = fw_vec_push(c->gone.b, c->gone.n, c->gone.cap, lines);

	if (!err)
		c->t->extra_blocks -= extra;
	return err;
}

static const __u64 *block_hits(const struct fw_block *b)
{
	return (const __u64 *)((const uint8_t *)b + b->hits);
}

static const uint32_t *split_ends(const struct fw_block *b)
{
	return (const uint32_t *)((const uint8_t *)b + b->field[0].ends);
}

static const __u64 *split_hits(const struct fw_block *b)
{
	return (const __u64 *)((const uint8_t *)b + b->field[0].vectors);
}

static uint32_t split_nends(const struct fw_block *b)
{
	return split_child(split_ends(b), 1u << b->field[0].steps, UINT32_MAX);
}

/* Rules in the blocks of a tree, copies counted. */
static uint64_t tree_entries(const struct fw_tables *t, uint64_t hit)
{
	uint64_t n = 0;

	if (hit_is_split(t, hit))
		return block_at(t, hit)->entries;
	for (; hit != FW_HIT_NONE; hit = block_at(t, hit)->next)
		n += block_at(t, hit)->rules;
	return n;
}

static uint32_t hit_slot(uint64_t hit)
{
	return FW_WHAT_COUNTER((uint32_t)hit) - FW_COUNTER_RULES;
}

static int rule_push(struct tree_update *c, struct rules *out, uint64_t hit)
{
	const struct fw_instance *r = c->t->from->find(c->t->from, (uint32_t)FW_HIT_RANK(hit), hit_slot(hit));

	return fw_vec_push(out->r, out->n, out->cap, r);
}

static int compare_part_rank(const void *a, const void *b)
{
	const struct fw_instance *x = ((const struct part *)a)->rule, *y = ((const struct part *)b)->rule;

	return x->rank < y->rank ? -1 : x->rank > y->rank;
}

/* Is @rank that of a rule among the @n parts that leaves the pair? They are in the order of their ranks. */
static bool leaves(const struct part *parts, size_t n, uint64_t rank)
{
	size_t lo = 0, hi = n;

	while (lo < hi) {
		size_t mid = (lo + hi) / 2;

		if (parts[mid].rule->rank < rank)
			lo = mid + 1;
		else
			hi = mid;
	}
	for (; lo < n && parts[lo].rule->rank == rank; lo++)
		if (!parts[lo].comes)
			return true;
	return false;
}

/* What stays of the rules at @hit; in the order of a walk through the tree, copies included. */
static int rules_stay(struct tree_update *c, uint64_t hit, const struct part *parts, size_t n, struct rules *out)
{
	int err = 0;

	if (hit == FW_HIT_NONE)
		return 0;
	if (!FW_HIT_BLOCK(hit))
		return leaves(parts, n, FW_HIT_RANK(hit)) ? 0 : rule_push(c, out, hit);
	if (hit_is_split(c->t, hit)) {
		const struct fw_block *b = block_at(c->t, hit);

		for (uint32_t i = 0, last = split_nends(b); !err && i <= last; i++)
			err = rules_stay(c, split_hits(b)[i], parts, n, out);
		return err ? err : rules_stay(c, b->next, parts, n, out);
	}
	for (; !err && hit != FW_HIT_NONE; hit = block_at(c->t, hit)->next) {
		const struct fw_block *b = block_at(c->t, hit);

		for (uint32_t i = 0; !err && i < b->rules; i++)
			if (!leaves(parts, n, FW_HIT_RANK(block_hits(b)[i])))
				err = rule_push(c, out, block_hits(b)[i]);
	}
	return err;
}

static int compare_rank(const void *a, const void *b)
{
	const struct fw_instance *x = *(const struct fw_instance *const *)a, *y = *(const struct fw_instance *const *)b;

	return x->rank < y->rank ? -1 : x->rank > y->rank;
}

int tree_rules(struct tree_update *c, uint64_t old, struct part *parts, size_t n, struct rules *out)
{
	bool sorted = !hit_is_split(c->t, old);
	size_t kept = 0;
	int err;

	out->n = 0;
	if (n)
		qsort(parts, n, sizeof(*parts), compare_part_rank);
	err = rules_stay(c, old, parts, n, out);
	for (size_t i = 0; !err && i < n; i++)
		if (parts[i].comes) {
			err = fw_vec_push(out->r, out->n, out->cap, parts[i].rule);
			sorted = false;
		}
	if (err || sorted)
		return err;
	if (out->n)
		qsort(out->r, out->n, sizeof(*out->r), compare_rank);
	for (size_t i = 0; i < out->n; i++)
		if (!kept || out->r[kept - 1] != out->r[i])
			out->r[kept++] = out->r[i];
	out->n = kept;
	return 0;
}

int tree_goes(struct tree_update *c, uint64_t hit)
{
	int err = 0;

	if (hit == FW_HIT_NONE || !FW_HIT_BLOCK(hit))
		return 0;
	if (hit_is_split(c->t, hit)) {
		const struct fw_block *b = block_at(c->t, hit);

		for (uint32_t i = 0, last = split_nends(b); !err && i <= last; i++)
			err = tree_goes(c, split_hits(b)[i]);
		if (!err)
			err = tree_goes(c, b->next);
		return err ? err : block_goes(c, hit, false);
	}
	for (bool extra = false; !err && hit != FW_HIT_NONE; hit = block_at(c->t, hit)->next, extra = true)
		err = block_goes(c, hit, extra);
	return err;
}

/* 1: the rule is in the tree; 0: it is not; -ENOMEM. */
static int tree_has(const struct fw_tables *t, uint64_t hit, const struct fw_instance *rule)
{
	if (hit_is_split(t, hit)) {
		const struct fw_block *b = block_at(t, hit);
		size_t n;
		fw_autofree struct fw_range *r = instance_ranges(rule, b->field[0].field, &n);
		int has = r ? tree_has(t, split_hits(b)[split_child(split_ends(b), split_nends(b), r[0].lo)], rule) :
			      -ENOMEM;

		return has ? has : tree_has(t, b->next, rule);
	}
	for (; hit != FW_HIT_NONE; hit = block_at(t, hit)->next)
		for (uint32_t i = 0; i < block_at(t, hit)->rules; i++)
			if (FW_HIT_RANK(block_hits(block_at(t, hit))[i]) == rule->rank)
				return 1;
	return 0;
}

/* A part, and a child that it concerns; the child after the last one is the rest. */
struct task {
	uint32_t child;
	struct part part;
};

/* A split on its way to what it becomes. */
struct splitting {
	struct tree_update *c;
	const struct fw_block *b;
	unsigned depth;
	struct task *tasks;
	size_t ntasks, cap;
	struct split_node to;
	struct rules rules;
	struct part *parts; /* of one child */
};

static int task_note(struct splitting *s, uint32_t child, const struct part *part)
{
	return fw_vec_push(s->tasks, s->ntasks, s->cap, ((struct task){ child, *part }));
}

/* The children that a part concerns, or the rest. */
static int tasks_note(struct splitting *s, const struct part *part)
{
	const uint32_t *ends = split_ends(s->b);
	uint32_t nends = split_nends(s->b), count = 0;
	size_t n;
	fw_autofree struct fw_range *r = instance_ranges(part->rule, s->b->field[0].field, &n);
	int has, err = 0;

	if (!r)
		return -ENOMEM;
	for (struct stretch st = { 0 }; stretch_next(&st, ends, nends, r, n);)
		count += st.end - st.from;
	has = part->comes ? count <= SPREAD_MAX :
			    tree_has(s->c->t, split_hits(s->b)[split_child(ends, nends, r[0].lo)], part->rule);
	if (has <= 0)
		return has ? has : task_note(s, nends + 1, part);
	for (struct stretch st = { 0 }; !err && stretch_next(&st, ends, nends, r, n);)
		for (uint32_t i = st.from; !err && i < st.end; i++)
			err = task_note(s, i, part);
	return err;
}

static int compare_tasks(const void *a, const void *b)
{
	const struct task *x = a, *y = b;

	return x->child < y->child ? -1 : x->child > y->child;
}

/* Which children does each part concern? */
static int tasks_collect(struct splitting *s, const struct part *parts, size_t n)
{
	int err = 0;

	for (size_t i = 0; !err && i < n; i++)
		err = tasks_note(s, &parts[i]);
	if (s->ntasks)
		qsort(s->tasks, s->ntasks, sizeof(*s->tasks), compare_tasks);
	return err;
}

/* Room for @n more children, and for a few that come besides. */
static int node_reserve(struct split_node *to, size_t n)
{
	size_t cap = to->nhits + n;
	__u64 *hits;
	uint32_t *ends;

	if (cap <= to->hits_cap && cap <= to->ends_cap)
		return 0;
	cap += CHILDREN_BESIDES;
	hits = realloc(to->hits, cap * sizeof(*hits));
	if (!hits)
		return -ENOMEM;
	to->hits = hits;
	to->hits_cap = cap;
	ends = realloc(to->ends, cap * sizeof(*ends));
	if (!ends)
		return -ENOMEM;
	to->ends = ends;
	to->ends_cap = cap;
	return 0;
}

static int node_push(struct split_node *to, uint64_t hit, bool has_end, uint32_t end)
{
	int err = fw_vec_push(to->hits, to->nhits, to->hits_cap, hit);

	return err || !has_end ? err : fw_vec_push(to->ends, to->nends, to->ends_cap, end);
}

/* Rules as a child that ends at @end. */
static int child_write(struct splitting *s, const struct fw_instance *const *rules, size_t n, uint32_t end)
{
	__u64 hit;
	int err = tree_build(s->c->t, rules, (uint32_t)n, s->depth + 1, &hit);

	s->to.entries += n;
	return err ? err : node_push(&s->to, hit, end != UINT32_MAX, end);
}

/* The rules of s->rules that name a value up to @within.hi, from @within.lo on, as a child that ends there. */
static int child_part(struct splitting *s, const struct spans *spans, struct fw_range within)
{
	fw_autofree const struct fw_instance **some = malloc(s->rules.n * sizeof(*some) + 1);
	size_t n = 0;

	if (!some)
		return -ENOMEM;
	for (size_t i = 0; i < s->rules.n; i++)
		for (size_t k = spans->first[i]; k < spans->first[i + 1]; k++)
			if (spans->r[k].lo <= within.hi && spans->r[k].hi >= within.lo) {
				some[n++] = s->rules.r[i];
				break;
			}
	return child_write(s, some, n, within.hi);
}

/* Do few enough rules fall into more than one part? */
static bool cuts_help(const struct spans *s, size_t n, const struct cuts *cuts)
{
	uint64_t total = 0;

	for (size_t k = 0; k < s->n; k++)
		total += split_child(cuts->ends, (uint32_t)cuts->n, s->r[k].hi) + 1 -
			 split_child(cuts->ends, (uint32_t)cuts->n, s->r[k].lo);
	return total <= n + n / 2;
}

/* The rules of s->rules as children of the interval @within: one, or several where it is cut. */
static int child_make(struct splitting *s, struct fw_range within)
{
	struct spans spans = { 0 };
	struct cuts cuts = { 0 };
	int err = 0;

	if (s->rules.n > s->c->t->leaf_rules && s->to.nhits < CHILDREN_MAX / 2) {
		err = spans_make(&spans, s->rules.r, (uint32_t)s->rules.n, s->b->field[0].field);
		if (!err)
			err = cuts_find(&spans, (uint32_t)s->rules.n, NULL, within, s->c->t->leaf_rules, &cuts);
		if (!err && !cuts_help(&spans, s->rules.n, &cuts))
			cuts.n = 0;
	}
	for (size_t i = 0; !err && i < cuts.n; i++) {
		err = child_part(s, &spans, (struct fw_range){ within.lo, cuts.ends[i] });
		within.lo = cuts.ends[i] + 1;
	}
	if (!err)
		err = cuts.n ? child_part(s, &spans, within) : child_write(s, s->rules.r, s->rules.n, within.hi);
	spans_free(&spans);
	free(cuts.ends);
	return err;
}

static int change_at(struct tree_update *c, uint64_t old, struct part *parts, size_t n, unsigned depth, __u64 *hit);

/* The child at @old, or the rest, with @n parts. */
static int child_change(struct splitting *s, uint32_t child, uint32_t nends, size_t n)
{
	bool rest = child > nends;
	uint64_t old = rest ? s->b->next : split_hits(s->b)[child];
	__u64 hit;
	int err;

	s->to.entries -= tree_entries(s->c->t, old);
	if (rest || hit_is_split(s->c->t, old)) {
		err = change_at(s->c, old, s->parts, n, s->depth + 1, &hit);
		if (err)
			return err;
		s->to.entries += tree_entries(s->c->t, hit);
		if (rest) {
			s->to.rest = hit;
			return 0;
		}
		return node_push(&s->to, hit, child < nends, child < nends ? split_ends(s->b)[child] : 0);
	}
	err = tree_rules(s->c, old, s->parts, n, &s->rules);
	if (!err)
		err = tree_goes(s->c, old);
	return err ? err :
		     child_make(s, (struct fw_range){ child ? split_ends(s->b)[child - 1] + 1 : 0,
						      child < nends ? split_ends(s->b)[child] : UINT32_MAX });
}

/* The children from @from to @to - 1 stay as they are. */
static int children_stay(struct splitting *s, uint32_t from, uint32_t to, uint32_t nends)
{
	uint32_t n = to - from, ends = (to < nends ? to : nends) - from;
	int err = node_reserve(&s->to, n);

	if (err || !n)
		return err;
	memcpy(s->to.hits + s->to.nhits, split_hits(s->b) + from, n * sizeof(*s->to.hits));
	memcpy(s->to.ends + s->to.nends, split_ends(s->b) + from, ends * sizeof(*s->to.ends));
	s->to.nhits += n;
	s->to.nends += ends;
	return 0;
}

/* All children and the rest, those that a task concerns as they become. A split may have thousands of others. */
static int children_change(struct splitting *s)
{
	uint32_t nends = split_nends(s->b), done = 0;
	int err = node_reserve(&s->to, nends + 1);

	s->parts = malloc(s->ntasks * sizeof(*s->parts) + 1);
	if (!s->parts)
		return -ENOMEM;
	for (size_t at = 0; !err && at < s->ntasks;) {
		uint32_t child = s->tasks[at].child;
		size_t n = 0;

		for (; at < s->ntasks && s->tasks[at].child == child; at++)
			s->parts[n++] = s->tasks[at].part;
		err = children_stay(s, done, child, nends);
		if (!err)
			err = child_change(s, child, nends, n);
		done = child + 1;
	}
	return err || done > nends ? err : children_stay(s, done, nends + 1, nends);
}

static int split_change(struct tree_update *c, uint64_t old, const struct part *parts, size_t n, unsigned depth,
			__u64 *hit)
{
	const struct fw_block *b = block_at(c->t, old);
	struct splitting s = { .c = c, .b = b, .depth = depth };
	int err;

	s.to = (struct split_node){
		.field = b->field[0].field, .made = b->field[0].made, .entries = b->entries, .rest = b->next
	};
	err = tasks_collect(&s, parts, n);
	if (!err)
		err = children_change(&s);
	if (!err)
		err = block_goes(c, old, false);
	if (!err)
		err = split_node_write(c->t, &s.to, hit);
	free(s.tasks);
	free(s.parts);
	free(s.rules.r);
	split_node_free(&s.to);
	return err;
}

static int change_at(struct tree_update *c, uint64_t old, struct part *parts, size_t n, unsigned depth, __u64 *hit)
{
	struct rules rules = { 0 };
	int err;

	if (hit_is_split(c->t, old)) {
		const struct fw_block *b = block_at(c->t, old);

		if (b->entries / SPLIT_OUTGROWN <= b->field[0].made && b->field[0].made / SPLIT_OUTGROWN <= b->entries)
			return split_change(c, old, parts, n, depth, hit);
	}
	err = tree_rules(c, old, parts, n, &rules);
	if (!err)
		err = tree_goes(c, old);
	if (!err)
		err = tree_build(c->t, rules.r, (uint32_t)rules.n, depth, hit);
	free(rules.r);
	return err;
}

int tree_update(struct tree_update *c, uint64_t old, struct part *parts, size_t n, __u64 *hit)
{
	return change_at(c, old, parts, n, 0, hit);
}

static void tree_update_free(struct tree_update *c)
{
	c->t->made = NULL;
	free(c->made.b);
	free(c->gone.b);
	c->made = c->gone = (struct block_list){ 0 };
}

void tree_update_commit(struct tree_update *c)
{
	for (size_t i = 0; i < c->gone.n; i++) {
		c->t->stats.block_bytes -= (uint64_t)c->gone.b[i].lines * FW_LINE;
		retire_lines(c->t, c->gone.b[i].line, c->gone.b[i].lines);
	}
	tree_update_free(c);
}

void tree_update_abort(struct tree_update *c)
{
	for (size_t i = 0; i < c->made.n; i++)
		block_free(c->t, &c->made.b[i]);
	for (size_t i = 0; i < c->gone.n; i++)
		c->t->extra_blocks += c->gone.b[i].extra;
	tree_update_free(c);
}

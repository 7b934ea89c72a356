// SPDX-License-Identifier: GPL-2.0-only
/*
 * Updates of the trees of blocks and splits that packets are looking at. A tree is never changed: the blocks that a rule is
 * in are written again, and so are the splits above them, which refer to all other blocks as before. The old tree and the
 * new one share those; what only the old one has is freed a grace period after the update.
 *
 * A new rule goes into a split's rest if it would be in many children, else into each child that has some of its values.
 * So a rule that is removed is looked for in the first of these, and if it is not there, it is in the rest. A block that
 * becomes too large is cut in two by its split's field, and only if that does not help by another one. A split that has
 * become far smaller or larger than it was made for is made again.
 */
#include "split.h"

#include <string.h>

/* A split has outgrown what it was made for by this factor. */
#define SPLIT_OUTGROWN 4
/* Room for the children that one becomes when it is cut. */
#define CHILDREN_BESIDES 64

/* A part, and a child that it changes; the number after that of the last child is the rest. */
struct task {
	uint32_t child;
	struct part part;
};

/* An update of one split. */
struct splitting {
	struct tree_update *u;
	const struct fw_block *b;
	unsigned depth;
	struct task *tasks;
	size_t ntasks, cap;
	struct split_draft to;
	struct rules rules;
	struct parts parts; /* of one child */
};

static int task_note(struct splitting *s, uint32_t child, const struct part *part)
{
	return fw_vec_push(s->tasks, s->ntasks, s->cap, ((struct task){ child, *part }));
}

/* Notes the children that a part changes, or the rest. */
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
	has = part->added ? count <= SPREAD_MAX :
			    tree_has(s->u->t, split_hits(s->b)[split_child(ends, nends, r[0].lo)], part->rule);
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

/* Notes what each part changes, and sorts that by child. */
static int tasks_collect(struct splitting *s, struct parts parts)
{
	int err = 0;

	for (size_t i = 0; !err && i < parts.n; i++)
		err = tasks_note(s, &parts.p[i]);
	if (s->ntasks)
		qsort(s->tasks, s->ntasks, sizeof(*s->tasks), compare_tasks);
	return err;
}

/* Room for @n more children, and for those that one of them may be cut into. */
static int draft_reserve(struct split_draft *to, size_t n)
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

static int draft_push(struct split_draft *to, uint64_t hit, bool has_end, uint32_t end)
{
	int err = fw_vec_push(to->hits, to->nhits, to->hits_cap, hit);

	return err || !has_end ? err : fw_vec_push(to->ends, to->nends, to->ends_cap, end);
}

/* Writes rules as a child that ends at @end. */
static int child_write(struct splitting *s, struct rule_list rules, uint32_t end)
{
	__u64 hit;
	int err = tree_build(s->u->t, rules, s->depth + 1, &hit);

	s->to.entries += rules.n;
	return err ? err : draft_push(&s->to, hit, end != UINT32_MAX, end);
}

/* Writes the rules of s->rules that have a value in @within as a child that ends there. */
static int child_part(struct splitting *s, const struct spans *spans, struct fw_range within)
{
	fw_autofree const struct fw_instance **some = malloc(s->rules.n * sizeof(*some) + 1);
	uint32_t n = 0;

	if (!some)
		return -ENOMEM;
	for (size_t i = 0; i < s->rules.n; i++)
		for (size_t k = spans->first[i]; k < spans->first[i + 1]; k++)
			if (spans->r[k].lo <= within.hi && spans->r[k].hi >= within.lo) {
				some[n++] = s->rules.r[i];
				break;
			}
	return child_write(s, (struct rule_list){ some, n }, within.hi);
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

/* Writes the rules of s->rules as children of the interval @within: one, or several if it is cut. */
static int child_make(struct splitting *s, struct fw_range within)
{
	const struct cuts_wanted wanted = { within, s->u->t->leaf_rules, NULL };
	const struct rule_list rules = { s->rules.r, (uint32_t)s->rules.n };
	struct spans spans = { 0 };
	struct cuts cuts = { 0 };
	int err = 0;

	if (s->rules.n > s->u->t->leaf_rules && s->to.nhits < CHILDREN_MAX / 2) {
		err = spans_make(&spans, rules, s->b->field[0].field);
		if (!err)
			err = cuts_find(&spans, rules.n, &wanted, &cuts);
		if (!err && !cuts_help(&spans, s->rules.n, &cuts))
			cuts.n = 0;
	}
	for (size_t i = 0; !err && i < cuts.n; i++) {
		err = child_part(s, &spans, (struct fw_range){ within.lo, cuts.ends[i] });
		within.lo = cuts.ends[i] + 1;
	}
	if (!err)
		err = cuts.n ? child_part(s, &spans, within) : child_write(s, rules, within.hi);
	spans_free(&spans);
	free(cuts.ends);
	return err;
}

static int update_at(struct tree_update *u, uint64_t old, struct parts parts, unsigned depth, __u64 *hit);

/* Updates one child, or the rest, by s->parts. */
static int child_update(struct splitting *s, uint32_t child, uint32_t nends)
{
	bool rest = child > nends;
	uint64_t old = rest ? s->b->next : split_hits(s->b)[child];
	__u64 hit;
	int err;

	s->to.entries -= tree_entries(s->u->t, old);
	if (rest || hit_is_split(s->u->t, old)) {
		err = update_at(s->u, old, s->parts, s->depth + 1, &hit);
		if (err)
			return err;
		s->to.entries += tree_entries(s->u->t, hit);
		if (rest) {
			s->to.rest = hit;
			return 0;
		}
		return draft_push(&s->to, hit, child < nends, child < nends ? split_ends(s->b)[child] : 0);
	}
	err = tree_rules(s->u, old, s->parts, &s->rules);
	if (!err)
		err = tree_drop(s->u, old);
	return err ? err :
		     child_make(s, (struct fw_range){ child ? split_ends(s->b)[child - 1] + 1 : 0,
						      child < nends ? split_ends(s->b)[child] : UINT32_MAX });
}

/* Copies the children from @from to @to - 1, which stay as they are. */
static int children_stay(struct splitting *s, uint32_t from, uint32_t to, uint32_t nends)
{
	uint32_t n = to - from, ends = (to < nends ? to : nends) - from;
	int err = draft_reserve(&s->to, n);

	if (err || !n)
		return err;
	memcpy(s->to.hits + s->to.nhits, split_hits(s->b) + from, n * sizeof(*s->to.hits));
	memcpy(s->to.ends + s->to.nends, split_ends(s->b) + from, ends * sizeof(*s->to.ends));
	s->to.nhits += n;
	s->to.nends += ends;
	return 0;
}

/* Updates the children and the rest that have tasks, and copies the others, of which there may be thousands. */
static int children_update(struct splitting *s)
{
	uint32_t nends = split_nends(s->b), done = 0;
	int err = draft_reserve(&s->to, nends + 1);

	s->parts.p = malloc(s->ntasks * sizeof(*s->parts.p) + 1);
	if (!s->parts.p)
		return -ENOMEM;
	for (size_t at = 0; !err && at < s->ntasks;) {
		uint32_t child = s->tasks[at].child;

		for (s->parts.n = 0; at < s->ntasks && s->tasks[at].child == child; at++)
			s->parts.p[s->parts.n++] = s->tasks[at].part;
		err = children_stay(s, done, child, nends);
		if (!err)
			err = child_update(s, child, nends);
		done = child + 1;
	}
	return err || done > nends ? err : children_stay(s, done, nends + 1, nends);
}

/* A split with some of its children updated; the others are shared with the old one. Errors as of tree_update(). */
static int split_update(struct tree_update *u, uint64_t old, struct parts parts, unsigned depth, __u64 *hit)
{
	const struct fw_block *b = block_at(u->t, old);
	struct splitting s = { .u = u, .b = b, .depth = depth };
	int err;

	s.to = (struct split_draft){
		.field = b->field[0].field, .made = b->field[0].made, .entries = b->entries, .rest = b->next
	};
	err = tasks_collect(&s, parts);
	if (!err)
		err = children_update(&s);
	if (!err)
		err = tree_drop_block(u, old, false);
	if (!err)
		err = split_write(u->t, &s.to, hit);
	free(s.tasks);
	free(s.parts.p);
	free(s.rules.r);
	split_draft_free(&s.to);
	return err;
}

/* As tree_update(), below @depth splits. */
static int update_at(struct tree_update *u, uint64_t old, struct parts parts, unsigned depth, __u64 *hit)
{
	struct rules rules = { 0 };
	int err;

	if (hit_is_split(u->t, old)) {
		const struct fw_block *b = block_at(u->t, old);

		if (b->entries / SPLIT_OUTGROWN <= b->field[0].made && b->field[0].made / SPLIT_OUTGROWN <= b->entries)
			return split_update(u, old, parts, depth, hit);
	}
	err = tree_rules(u, old, parts, &rules);
	if (!err)
		err = tree_drop(u, old);
	if (!err)
		err = tree_build(u->t, (struct rule_list){ rules.r, (uint32_t)rules.n }, depth, hit);
	free(rules.r);
	return err;
}

int tree_update(struct tree_update *u, uint64_t old, struct parts parts, __u64 *hit)
{
	return update_at(u, old, parts, 0, hit);
}

static void tree_update_free(struct tree_update *u)
{
	u->t->made = NULL;
	free(u->made.b);
	free(u->gone.b);
	u->made = u->gone = (struct block_list){ 0 };
}

void tree_update_commit(struct tree_update *u)
{
	for (size_t i = 0; i < u->gone.n; i++) {
		u->t->stats.block_bytes -= (uint64_t)u->gone.b[i].lines * FW_LINE;
		retire_lines(u->t, u->gone.b[i].line, u->gone.b[i].lines);
	}
	tree_update_free(u);
}

void tree_update_abort(struct tree_update *u)
{
	for (size_t i = 0; i < u->made.n; i++)
		block_free(u->t, &u->made.b[i]);
	for (size_t i = 0; i < u->gone.n; i++)
		u->t->extra_blocks += u->gone.b[i].extra;
	tree_update_free(u);
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * Changes to tables that packets are being looked up in. On the compiler's example,
 *
 *	rule 1  from 10.0.0.0/8  proto tcp  dport 22  accept
 *	rule 2  from 10.1.0.0/16            drop
 *	rule 3                   proto icmp accept
 *
 * rule 2 becomes `from 10.2.0.0/16 drop`. The steps, and what a packet from 10.2.0.1 or 10.1.0.1 finds after each:
 *
 *	10.2/16 gets identity 4, and 10.2.0.0 the class       {any, 10/8, 10.2/16}, but no pair (4, any) with a rule: as before
 *	{any, 10/8, 10.2/16}
 *	(4, any) gets an entry without a rule                 as before
 *	-- until here everything can fail, and be left as it is; now nothing can --
 *	(4, any) becomes a version {nothing, rule 2}          packets of the old generation: as before
 *	(3, any) becomes a version {rule 2, nothing}          packets of the old generation: as before
 *	the control word says the next generation             rule 2 at 10.2.0.1, nothing at 10.1.0.1, both at once
 *
 * A grace period later versions begin to make way for plain entries (pair_update.c), and identity 3, which no rule
 * refers to, leaves the classes (identity_update.c). The cost is that of what the change touches: the rules of its pairs,
 * the trie nodes around its addresses.
 *
 * Where the elements of a set change, addresses change their classes while pairs refer to them: that is made to copies of
 * the tries' roots, which the next root names (set_update.c).
 *
 * A change is refused with -EAGAIN where compiling everything beside the live tables and swapping the root is the better
 * way, or the only one.
 */
#include "lib/compile/pair/split.h"

#include <string.h>

/* So many rules change for one of the ruleset, or so many besides: compiling anew is no slower. */
#define RULES_PER_CHANGE 7
#define CHANGES_BESIDES 128

/* Pairs for a hundred lines of two, from which on the table is too small. */
#define TABLE_FULL 110

struct made {
	uint32_t id;
	uint8_t side;
};

struct fw_update {
	struct fw_image *image;
	struct fw_tables *t;
	size_t ninstances; /* of the ruleset, afterwards */
	bool moves_sets;   /* elements are added to sets or removed */
	struct part *parts;
	size_t nparts, parts_cap;
	struct pair_step *steps;
	size_t nsteps, steps_cap, prepared;
	struct made *made; /* identities */
	size_t nmade, made_cap;
	struct sets_update sets;
	struct fw_root root;
	uint32_t root_line; /* 0: the root stays as it is */
	struct tree_update trees;
	struct rules rules; /* of the pair that is being built */
	uint64_t places;    /* that new identities come to */
};

/* Does the change to a rule leave the tables as they are? */
static bool same_tables(const struct fw_instance *a, const struct fw_instance *b)
{
	return a->src == b->src && a->dst == b->dst && a->rank == b->rank && a->slot == b->slot &&
	       a->verdict == b->verdict && a->nmatches == b->nmatches &&
	       (!a->nmatches || !memcmp(a->matches, b->matches, a->nmatches * sizeof(*a->matches)));
}

static bool is_nothing(const struct fw_instance_row *row)
{
	return (!row->before && !row->after) || (row->before && row->after && same_tables(row->before, row->after));
}

/* Is this a change for fw_compile()? */
static bool is_too_much(const struct fw_tables *t, const struct fw_lowered_edit *l)
{
	if (t->spoiled || l->nrows > l->from.n / RULES_PER_CHANGE + CHANGES_BESIDES)
		return true;
	/* Tables that were made for half as many rules, or less, or where pairs have to look long for a place. */
	if (l->from.n > t->compiled_rules * 2 + 1024 || t->npairs * 100 > (uint64_t)t->root.pair_lines * TABLE_FULL)
		return true;
	for (size_t i = 0; !t->root.frame_rules && i < l->nrows; i++)
		if (l->rows[i].after && fw_instance_names_non_ip(l->rows[i].after))
			return true;
	return false;
}

/* Expressions that came since the last change have no identity yet. */
static int sides_grow(struct fw_tables *t)
{
	for (int side = SRC; side <= DST; side++) {
		struct side *s = &t->side[side];
		size_t n = t->book->naddrs;

		if (n <= s->naddrs)
			continue;
		n += n / 8;

		uint32_t *grown = realloc(s->identity_of, n * sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		memset(grown + s->naddrs, 0xff, (n - s->naddrs) * sizeof(*grown));
		s->identity_of = grown;
		s->naddrs = n;
	}
	return 0;
}

/* The identity of one side of a rule that comes. */
static int need_identity(struct fw_update *c, const struct fw_instance *r, int side)
{
	struct fw_tables *t = c->t;
	uint32_t addrs = side == SRC ? r->src : r->dst, id = t->side[side].identity_of[addrs];
	uint64_t places;
	bool wide;
	int err;

	if (id != NO_IDENTITY && (!t->side[side].ids[id].broken || t->side[side].ids[id].coming))
		return 0;
	err = identity_survey(t, side, addrs, UPDATE_PLACES - c->places, &places);
	c->places += err ? 0 : places;
	wide = places > SIGNATURE_REACH;
	if (!err && id == NO_IDENTITY) {
		err = identity_new(t, side, addrs, wide, &id);
		if (!err && (wide || t->book->addrs[addrs].negated || t->book->addrs[addrs].nsets))
			t->side[side].ids[id].signature = ~0ull;
	}
	if (!err)
		err = fw_vec_push(c->made, c->nmade, c->made_cap, ((struct made){ id, (uint8_t)side }));
	if (!err)
		t->side[side].ids[id].coming = true;
	return err;
}

static int compare_parts(const void *a, const void *b)
{
	const struct part *x = a, *y = b;

	return x->key < y->key ? -1 : x->key > y->key;
}

/* All rules that come and go, by pair. */
static int parts_collect(struct fw_update *c, const struct fw_lowered_edit *l)
{
	int err = 0;

	for (size_t i = 0; !err && i < l->nrows; i++) {
		const struct fw_instance_row *row = &l->rows[i];

		if (is_nothing(row))
			continue;
		if (row->after) {
			err = need_identity(c, row->after, SRC);
			if (!err)
				err = need_identity(c, row->after, DST);
			if (!err)
				err = fw_vec_push(
					c->parts, c->nparts, c->parts_cap,
					((struct part){ instance_pair_key(c->t, row->after), row->after, true }));
		}
		if (!err && row->before)
			err = fw_vec_push(c->parts, c->nparts, c->parts_cap,
					  ((struct part){ instance_pair_key(c->t, row->before), row->before, false }));
	}
	if (c->nparts)
		qsort(c->parts, c->nparts, sizeof(*c->parts), compare_parts);
	return err;
}

static bool has_blocks(const struct pair_value *v)
{
	return v->hit != FW_HIT_NONE && FW_HIT_BLOCK(v->hit);
}

/* What a pair with many rules, parted by splits, becomes: only the blocks that the parts concern are made anew. */
static int value_split(struct fw_update *c, const struct pair_value *old, struct part *parts, size_t n,
		       struct fw_pair *to)
{
	int err = tree_update(&c->trees, old->hit, parts, n, &to->hit);

	to->hi = lanes_open(&c->t->root);
	c->t->stats.blocks += !err && to->hit != FW_HIT_NONE;
	return err;
}

/* All the rules of a pair in an entry or in blocks made anew. */
static int value_build(struct fw_update *c, const struct pair_value *old, struct part *parts, size_t n,
		       struct fw_pair *to)
{
	uint64_t key = parts[0].key;
	int err = tree_rules(&c->trees, old->hit, parts, n, &c->rules);

	to->hi = lanes_open(&c->t->root);
	if (!err)
		err = tree_goes(&c->trees, old->hit);
	return err || !c->rules.n ? err : pair_build(c->t, key, c->rules.r, (uint32_t)c->rules.n, to);
}

/* The step for the pair that the @n parts belong to. */
static int step_make(struct fw_update *c, struct part *parts, size_t n)
{
	struct pair_step step = { .key = parts[0].key };
	struct pair_value old = { .hit = FW_HIT_NONE };
	struct fw_pair built = { .hit = FW_HIT_NONE };
	uint32_t entry;
	int err;

	pair_find(c->t, step.key, &entry, &old);
	err = hit_is_split(c->t, old.hit) ? value_split(c, &old, parts, n, &built) :
					    value_build(c, &old, parts, n, &built);
	if (err)
		return err;
	step.value = (struct pair_value){ built.hit, built.lo, built.hi };
	err = fw_vec_push(c->steps, c->nsteps, c->steps_cap, step);
	if (err)
		c->t->stats.blocks -= has_blocks(&step.value);
	return err;
}

static int steps_make(struct fw_update *c)
{
	int err = 0;

	for (size_t i = 0, end; !err && i < c->nparts; i = end) {
		for (end = i; end < c->nparts && c->parts[end].key == c->parts[i].key; end++)
			;
		err = step_make(c, c->parts + i, end - i);
	}
	return err;
}

/* The signatures of existing identities, and of new ones before they are spread. */
static int steps_sign(struct fw_update *c)
{
	int err = 0;

	for (size_t i = 0; !err && i < c->nsteps; i++) {
		uint64_t key = c->steps[i].key;
		uint32_t s = key & FW_IDENTITIES_MAX, d = (uint32_t)(key >> FW_IDENTITY_BITS);

		if (c->steps[i].value.hit == FW_HIT_NONE)
			continue;
		err = identity_sign(c->t, SRC, s, 1ull << fw_signature_bit(d));
		if (!err)
			err = identity_sign(c->t, DST, d, 1ull << fw_signature_bit(s));
	}
	return err;
}

static int made_spread(struct fw_update *c)
{
	int err = 0;

	for (size_t i = 0; !err && i < c->nmade; i++)
		err = identity_spread(c->t, c->made[i].side, c->made[i].id, true);
	return err;
}

static int steps_prepare(struct fw_update *c)
{
	int err = 0;

	for (; !err && c->prepared < c->nsteps; c->prepared += !err)
		err = pair_step_prepare(c->t, &c->steps[c->prepared]);
	return err;
}

/* The root, if the change shows there. */
static int root_prepare(struct fw_update *c, const struct fw_lowered_edit *l)
{
	uint32_t fields = 0;
	int err;

	c->root = c->t->root;
	for (size_t i = 0; i < l->nrows; i++)
		if (l->rows[i].after)
			fields |= instance_fields(l->rows[i].after);
	if (fields & ~c->root.fields_used)
		root_use_fields(&c->root, fields);
	root_set_policies(&c->root, &l->from);
	c->root.displaced = c->t->displaced;
	sets_root(&c->sets, &c->root);
	if (l->from.slots > c->root.slots)
		c->root.slots = l->from.slots + FW_COUNTER_CHUNK / 4;
	if (!memcmp(&c->root, &c->t->root, sizeof(c->root)))
		return 0;
	err = tables_take(c->t, sizeof(c->root) / FW_LINE, &c->t->stats.bytes, &c->root_line);
	if (!err)
		memcpy(fw_pool_ptr(c->t->heap.pool, c->root_line), &c->root, sizeof(c->root));
	return err;
}

static int prepare(struct fw_update *c, const struct fw_lowered_edit *l)
{
	int err = is_too_much(c->t, l) ? -EAGAIN : 0;

	if (!err)
		err = sides_grow(c->t);
	if (!err)
		err = parts_collect(c, l);
	if (!err)
		err = steps_make(c);
	if (!err)
		err = steps_sign(c);
	if (!err)
		err = made_spread(c);
	/* After what changes the live tries: it starts from them. */
	if (!err)
		err = sets_prepare(c->t, l, &c->sets);
	if (!err)
		err = steps_prepare(c);
	if (!err)
		err = root_prepare(c, l);
	return err ? err : retire_reserve(c->t, c->nsteps * 4 + l->nrows * 2 + c->trees.gone.n + 8);
}

static void change_free(struct fw_update *c)
{
	for (size_t i = 0; i < c->nmade; i++)
		c->t->side[c->made[i].side].ids[c->made[i].id].coming = false;
	free(c->parts);
	free(c->steps);
	free(c->made);
	free(c->rules.r);
	free(c);
}

int fw_update_prepare(struct fw_image *image, const struct fw_lowered_edit *l, struct fw_diags *ds,
		      struct fw_update **out)
{
	struct fw_update *c = calloc(1, sizeof(*c));
	int err;

	if (!c)
		return -ENOMEM;
	c->image = image;
	c->t = image->tables;
	c->ninstances = l->from.n;
	c->moves_sets = l->nsets;
	c->t->book = l->book;
	c->t->ds = ds;
	c->t->from = &l->from;
	c->trees.t = c->t;
	c->t->made = &c->trees.made;
	err = prepare(c, l);
	c->t->ds = NULL;
	c->t->from = NULL;
	if (err)
		fw_update_abort(c);
	else
		*out = c;
	return err;
}

void fw_update_abort(struct fw_update *c)
{
	struct fw_tables *t = c->t;

	for (size_t i = 0; i < c->prepared; i++)
		pair_step_abort(t, &c->steps[i]);
	for (size_t i = 0; i < c->nsteps; i++)
		t->stats.blocks -= has_blocks(&c->steps[i].value);
	tree_update_abort(&c->trees);
	if (c->root_line)
		heap_free(&t->heap, c->root_line, sizeof(c->root) / FW_LINE);
	sets_end(t, &c->sets, false);
	/*
	 * Some may be in a part of their classes, all may be in some: they leave as those do that no rule refers to any more.
	 * But the edit's sets, by which they were spread, will be what they were.
	 */
	for (size_t i = 0; i < c->nmade; i++) {
		if (c->moves_sets && identity_spread(t, c->made[i].side, c->made[i].id, false))
			t->spoiled = true;
		identity_idle(t, c->made[i].side, c->made[i].id);
	}
	change_free(c);
}

static void root_commit(struct fw_update *c)
{
	struct fw_tables *t = c->t;

	if (!c->root_line)
		return;
	retire_lines(t, t->root_line, sizeof(t->root) / FW_LINE);
	t->stats.bytes -= sizeof(t->root);
	t->root = c->root;
	t->root_line = c->image->root = c->root_line;
}

/* All that come before any that leaves, so that no identity is without a rule in between. */
static void parts_ref(struct fw_update *c, bool come)
{
	const struct side *side = c->t->side;

	for (size_t i = 0; i < c->nparts; i++) {
		const struct fw_instance *r = c->parts[i].rule;

		if (c->parts[i].comes != come)
			continue;
		identity_ref(c->t, SRC, side[SRC].identity_of[r->src], come ? 1 : -1);
		identity_ref(c->t, DST, side[DST].identity_of[r->dst], come ? 1 : -1);
	}
}

static void stats_update(struct fw_update *c)
{
	struct fw_tables *t = c->t;
	struct fw_compile_stats *st = &t->stats;

	st->rules = c->ninstances;
	st->pairs = t->npairs;
	for (int side = SRC; side <= DST; side++) {
		st->identities[side] = t->side[side].nids - t->side[side].nfree - 1 - !t->root.frame_rules;
		st->classes[side] = t->side[side].nclasses;
	}
	st->bytes = t->heap.used * FW_LINE;
	c->image->stats = *st;
}

static void step_commit(struct fw_tables *t, const struct pair_step *step, uint32_t since)
{
	t->stats.blocks -= has_blocks(&step->before);
	pair_step_commit(t, step, since);
}

void fw_update_commit(struct fw_update *c)
{
	struct fw_tables *t = c->t;
	uint32_t next = c->image->generation + 1;

	/* Generation 0 marks free places of the flow caches. */
	next += !next;
	for (size_t i = 0; i < c->nsteps; i++)
		step_commit(t, &c->steps[i], next);
	tree_update_commit(&c->trees);
	sets_end(t, &c->sets, true);
	if (c->moves_sets)
		identity_leave_again(t);
	parts_ref(c, true);
	parts_ref(c, false);
	root_commit(c);
	c->image->generation = next;
	stats_update(c);
	change_free(c);
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * Updates of tables that packets are being looked up in. It gets rows of instances, before and after. In the compiler's
 * example,
 *
 *	rule 1  from 10.0.0.0/8  proto tcp  dport 22  accept
 *	rule 2  from 10.1.0.0/16            drop
 *	rule 3                   proto icmp accept
 *
 * rule 2 is replaced by `from 10.2.0.0/16 drop`: one row {10.1/16, 10.2/16}, both with rule 2's rank and slot. The steps, and
 * what a packet from 10.2.0.1 or 10.1.0.1 finds after each:
 *
 *	10.2/16 gets identity 4, and 10.2.0.0 the class       no pair (4, any) with a rule yet: as before
 *	{any, 10/8, 10.2/16}
 *	(4, any) gets an entry without a rule                 as before
 *	-- until here anything can fail, and everything is left as it was; from now on nothing can --
 *	(4, any) becomes a version {nothing, rule 2}          packets of the old generation: as before
 *	(3, any) becomes a version {rule 2, nothing}          packets of the old generation: as before
 *	the control word names the next generation            rule 2 at 10.2.0.1, nothing at 10.1.0.1, both at once
 *
 * A grace period later, plain entries begin to replace the versions (pair_update.c), and identity 3, which no rule refers to,
 * leaves the classes (identity_update.c). An update costs as much as what it touches: the rules of its pairs and the trie
 * nodes around its addresses.
 *
 * When elements of a set change, addresses change their classes while pairs refer to them: that is done in copies of the
 * tries' roots, which the next root names (set_update.c).
 *
 * An update is refused with -EAGAIN where compiling everything next to the live tables and swapping the root is the better
 * way, or the only one.
 */
#include "update.h"

#include "skip.h"

#include <string.h>

/* Above one changed rule in RULES_PER_CHANGE, and CHANGES_BESIDES more, compiling everything is no slower. */
#define RULES_PER_CHANGE 7
#define CHANGES_BESIDES 128

/* Pairs for a hundred lines of two, from which on the table is too small. */
#define TABLE_FULL 110

/* Is compiling everything the better way, or the only one? */
static bool is_too_much(const struct fw_tables *t, const struct fw_lowered_edit *l)
{
	if (t->spoiled || l->nrows > l->from.n / RULES_PER_CHANGE + CHANGES_BESIDES)
		return true;
	/* Tables made for half as many rules or fewer, or so full that pairs are far from their home. */
	if (l->from.n > t->compiled_rules * 2 + 1024 || t->npairs * 100 > (uint64_t)t->root.pair_lines * TABLE_FULL)
		return true;
	for (size_t i = 0; !t->root.frame_rules && i < l->nrows; i++)
		if (l->rows[i].after && fw_instance_names_non_ip(l->rows[i].after))
			return true;
	return false;
}

/* Writes a new root, if anything in it changes. */
static int root_prepare(struct fw_update *u, const struct fw_lowered_edit *l)
{
	uint64_t fields = 0;
	int err = skips_prepare(u->t, l, &u->root);

	if (err)
		return err;
	for (size_t i = 0; i < l->nrows; i++)
		if (l->rows[i].after)
			fields |= instance_fields(l->rows[i].after);
	if (fields & ~u->root.fields_used)
		root_use_fields(&u->root, fields);
	root_write_actions(u->t, &l->from);
	if (l->policies)
		root_set_policies(&u->root, &l->from);
	root_set_shortcuts(&u->root, &l->from);
	u->root.displaced = u->t->displaced;
	sets_root(&u->sets, &u->root);
	u->root.turns = l->from.turns;
	if (l->from.slots > u->root.slots)
		u->root.slots = l->from.slots + FW_COUNTER_CHUNK / 4;
	if (!memcmp(&u->root, &u->t->root, sizeof(u->root)))
		return 0;
	err = tables_take(u->t, sizeof(u->root) / FW_LINE, &u->t->stats.bytes, &u->root_line);
	if (!err)
		memcpy(fw_pool_ptr(u->t->heap.pool, u->root_line), &u->root, sizeof(u->root));
	return err;
}

static int prepare(struct fw_update *u, const struct fw_lowered_edit *l)
{
	/* Generations begin again with a whole image. */
	int err = is_too_much(u->t, l) || u->image->generation == UINT32_MAX ? -EAGAIN : 0;

	if (!err)
		err = update_collect(u, l);
	if (!err)
		err = update_make_steps(u);
	if (!err)
		err = update_sign(u);
	if (!err)
		err = update_spread(u);
	/* After all updates of the live tries, which it copies. */
	if (!err)
		err = sets_prepare(u->t, l, &u->sets);
	if (!err)
		err = update_prepare_steps(u);
	if (!err)
		err = root_prepare(u, l);
	return err ? err : retire_reserve(u->t, u->nsteps * 4 + l->nrows * 2 + u->trees.gone.n + 8);
}

static void update_free(struct fw_update *u)
{
	for (size_t i = 0; i < u->nmade; i++)
		u->t->side[u->made[i].side].ids[u->made[i].id].coming = false;
	free(u->parts);
	free(u->steps);
	free(u->made);
	free(u->rules.r);
	free(u);
}

int fw_update_prepare(struct fw_image *image, const struct fw_lowered_edit *l, struct fw_diags *ds,
		      struct fw_update **out)
{
	struct fw_update *u = calloc(1, sizeof(*u));
	int err;

	if (!u)
		return -ENOMEM;
	u->image = image;
	u->t = image->tables;
	u->root = u->t->root;
	u->ninstances = l->from.n;
	u->moves_sets = l->nsets;
	u->t->book = l->book;
	u->t->ds = ds;
	u->t->from = &l->from;
	u->trees.t = u->t;
	u->t->made = &u->trees.made;
	err = prepare(u, l);
	u->t->ds = NULL;
	u->t->from = NULL;
	if (err)
		fw_update_abort(u);
	else
		*out = u;
	return err;
}

void fw_update_abort(struct fw_update *u)
{
	struct fw_tables *t = u->t;

	for (size_t i = 0; i < u->prepared; i++)
		pair_step_abort(t, &u->steps[i]);
	for (size_t i = 0; i < u->nsteps; i++)
		t->stats.blocks -= update_has_blocks(&u->steps[i].value);
	tree_update_abort(&u->trees);
	if (u->root_line)
		heap_free(&t->heap, u->root_line, sizeof(u->root) / FW_LINE);
	skips_end(t, &u->root, false);
	sets_end(t, &u->sets, false);
	/*
	 * New identities may be in some of their classes, or in all: they leave like any that no rule refers to. But that
	 * uses the addresses of sets as they were before the edit, and these were spread by those after it.
	 */
	for (size_t i = 0; i < u->nmade; i++) {
		if (u->moves_sets && identity_spread(t, u->made[i].side, u->made[i].id, false))
			t->spoiled = true;
		identity_idle(t, u->made[i].side, u->made[i].id);
	}
	update_free(u);
}

static void root_commit(struct fw_update *u)
{
	struct fw_tables *t = u->t;

	if (!u->root_line)
		return;
	skips_end(t, &u->root, true);
	retire_lines(t, t->root_line, sizeof(t->root) / FW_LINE);
	t->stats.bytes -= sizeof(t->root);
	t->root = u->root;
	t->root_line = u->image->root = u->root_line;
}

/* Counts the rules that are added or, in a second call, those that are removed: so no identity is idle in between. */
static void parts_ref(struct fw_update *u, bool come)
{
	const struct side *side = u->t->side;

	for (size_t i = 0; i < u->nparts; i++) {
		const struct fw_instance *r = u->parts[i].rule;

		if (u->parts[i].added != come)
			continue;
		identity_ref(u->t, SRC, side[SRC].identity_of[r->src], come ? 1 : -1);
		identity_ref(u->t, DST, side[DST].identity_of[r->dst], come ? 1 : -1);
	}
}

static void stats_update(struct fw_update *u)
{
	struct fw_tables *t = u->t;
	struct fw_compile_stats *st = &t->stats;

	st->rules = u->ninstances;
	st->pairs = t->npairs;
	for (int side = SRC; side <= DST; side++) {
		st->identities[side] = t->side[side].nids - t->side[side].nfree - 1 - !t->root.frame_rules;
		st->classes[side] = t->side[side].nclasses;
	}
	st->bytes = t->heap.used * FW_LINE;
	u->image->stats = *st;
}

static void step_commit(struct fw_tables *t, const struct pair_step *step, uint32_t since)
{
	t->stats.blocks -= update_has_blocks(&step->before);
	pair_step_commit(t, step, since);
}

void fw_update_commit(struct fw_update *u)
{
	struct fw_tables *t = u->t;
	uint32_t next = u->image->generation + 1;

	/* Generation 0 marks free places of the flow caches. */
	next += !next;
	for (size_t i = 0; i < u->nsteps; i++)
		step_commit(t, &u->steps[i], next);
	tree_update_commit(&u->trees);
	sets_end(t, &u->sets, true);
	if (u->moves_sets)
		identity_leave_again(t);
	parts_ref(u, true);
	parts_ref(u, false);
	root_commit(u);
	u->image->generation = next;
	stats_update(u);
	update_free(u);
}

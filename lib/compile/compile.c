// SPDX-License-Identifier: GPL-2.0-only
/*
 * The compiler: from the instances of a whole ruleset to tables. Updates of them are update.c's.
 *
 * It is given instances, not rules: addresses, matches, a rank and a slot. What an instance says about an address is an
 * identity: one prefix, one range or one set, however large. All addresses that lie in the same identities share a class. An
 * instance belongs to one pair of identities, so a packet's two classes span all pairs that can hold an instance for it. In
 * the worked example each rule is one instance:
 *
 *	rule 1  from 10.0.0.0/8  proto tcp  dport 22  accept       rank 1000  slot 0
 *	rule 2  from 10.1.0.0/16            drop                   rank 2000  slot 1
 *	rule 3                   proto icmp accept                 rank 3000  slot 2
 *
 *	source identities       0 any      2 10.0.0.0/8     3 10.1.0.0/16
 *	source classes          10.0.0.0   {any, 10/8}      10.1.0.0  {any, 10/8, 10.1/16}
 *	                        10.2.0.0   {any, 10/8}      elsewhere {any}
 *	pairs                   (2, 0) rule 1    (3, 0) rule 2    (0, 0) rule 3
 *
 * A packet from 10.1.2.3 looks up (0, 0), (2, 0) and (3, 0). Of the instances there that match it, the one with the lowest
 * rank decides, and its slot counts the packet. Ranks tell instances apart; several may count in one slot, as those of a rule
 * that lowering turns into more than one.
 *
 * Steps: number the identities and sweep the address space for classes (identity.c); collect the instances of each pair
 * (pair.c); write the pairs, with bit-vector blocks where a pair has more than one instance (block.c), split by the values of
 * a field where it has many (split.c); write the tries and the classes that they lead to (trie.c, class.c); and last the root.
 * Everything is new memory; nothing that a packet may be reading is touched.
 */
#include "address/address.h"
#include "pair/pair.h"
#include "skip.h"

#include <pthread.h>
#include <string.h>

static int actions_write(struct fw_tables *t, const struct fw_lowering *from)
{
	int err = tables_take(t, FW_ACTIONS_MAX * FW_ACTION_LINES, &t->stats.bytes, &t->root.actions);

	if (!err)
		root_write_actions(t, from);
	return err;
}

/* Rules in a block of a large pair: their bit vectors are one word. */
#define LEAF_RULES 64

/* From this many rules on, a second thread pays. */
#define PARALLEL_RULES 20000

/* The sweeps over the addresses of both sides. They run while the pairs are written, which only need the identities' numbers. */
struct sweeps {
	struct fw_tables *t;
	const struct fw_lowered *l;
	struct sweep side[2];
	struct fw_diags ds;
	int err;
};

static void *sweeps_run(void *arg)
{
	struct sweeps *s = arg;

	for (int side = SRC; !s->err && side <= DST; side++)
		s->err = classes_sweep(s->t, side, s->l, &s->side[side], &s->ds);
	return NULL;
}

static int pairs_and_sweeps(struct sweeps *s)
{
	pthread_t other;
	bool parallel = s->l->from.n >= PARALLEL_RULES && !pthread_create(&other, NULL, sweeps_run, s);
	int err;

	if (!parallel)
		sweeps_run(s);
	err = !parallel && s->err ? 0 : pairs_write(s->t, s->l); /* in parallel, s->err is the other thread's */
	if (parallel)
		pthread_join(other, NULL);
	if (s->err)
		fw_diags_append(s->t->ds, &s->ds);
	return s->err ? s->err : err;
}

/*
 * Sets all signature bits of identities that an update would have to look for in many places, now that the places are known:
 * then there is nothing to look for. The other side's signatures still tell pairs apart.
 */
static int signatures_saturate(const struct sweeps *sw, int which)
{
	struct side *s = &sw->t->side[which];
	const struct class_drafts *cs = &sw->side[which].drafts;
	fw_autofree uint32_t *classes = calloc(s->nids, sizeof(*classes));

	if (!classes)
		return -ENOMEM;
	classes[FW_IDENTITY_ANY] = classes[FW_IDENTITY_FRAME] = (uint32_t)cs->n;
	for (size_t i = 0; i < cs->nids; i++)
		classes[cs->ids[i]]++;
	for (uint32_t id = 0; id < s->nids; id++) {
		const struct fw_addrs *a = &sw->l->book->addrs[s->ids[id].addrs];

		if (classes[id] > SIGNATURE_REACH || a->negated || a->nsets || a->nranges > SIGNATURE_REACH)
			s->ids[id].signature = ~0ull;
	}
	return 0;
}

/* The reference to a class, which is written into the pool when a trie first leads to it. */
static int draft_ref(struct trie_builder *tb, uint32_t number, uint32_t places, uint32_t *ref)
{
	const struct sweep *sweep = tb->ctx;
	struct side *s = &tb->t->side[tb->side];
	struct class_draft *draft = &sweep->drafts.c[number];
	struct class_list list = { { FW_IDENTITY_ANY }, 1 };

	if (!draft->written) {
		if (tb->t->root.frame_rules)
			list.id[list.n++] = FW_IDENTITY_FRAME;
		for (uint32_t i = 0; i < draft->n; i++)
			list.id[list.n++] = sweep->drafts.ids[draft->first + i];

		int err = class_add(tb->t, tb->side, &list, draft->hash, &draft->at);

		if (err)
			return err;
		draft->written = true;
	}
	s->classes[draft->at].refs += places;
	*ref = FW_REF(s->classes[draft->at].line, FW_REF_CLASS);
	return 0;
}

static int tries_write(struct fw_tables *t, int side, struct sweep *sweep)
{
	struct trie_builder tb = { .t = t, .side = side, .class_ref = draft_ref, .ctx = sweep };
	int err = classes_reserve(&t->side[side], sweep->drafts.n);

	if (!err && t->root.frame_rules)
		err = class_write_frame(t, side);
	if (!err)
		err = trie_write(&tb, &sweep->map[FW_IP4], FW_IP4);
	return err ? err : trie_write(&tb, &sweep->map[FW_IP6], FW_IP6);
}

static void stats_fill(struct fw_tables *t, const struct fw_lowered *l)
{
	struct fw_compile_stats *st = &t->stats;

	st->rules = l->from.n;
	for (int side = SRC; side <= DST; side++) {
		st->identities[side] = t->side[side].nids - 1 - !t->root.frame_rules;
		st->classes[side] = t->side[side].nclasses;
	}
	st->probes_max = (uint64_t)st->nesting_max[SRC] * st->nesting_max[DST];
	st->bytes = t->heap.used * FW_LINE;
}

static int begin(struct fw_tables *t, const struct fw_lowered *l)
{
	uint64_t fields = 0;

	if (l->from.n >= FW_RANK_MAX / 2)
		return -E2BIG;
	for (size_t i = 0; i < l->from.n; i++) {
		fields |= instance_fields(l->instances[i]);
		t->root.frame_rules |= fw_instance_names_non_ip(l->instances[i]);
	}
	root_use_fields(&t->root, fields);
	root_set_policies(&t->root, &l->from);
	root_set_shortcuts(&t->root, &l->from);
	t->root.slots = l->from.slots;
	t->root.turns = l->from.turns;
	t->block = malloc(FW_SEGMENT_BYTES);
	return t->block ? 0 : -ENOMEM;
}

/* All tables of a ruleset; on failure, the heap holds what was written so far. Errors as of fw_compile(). */
static int build(struct fw_tables *t, const struct fw_lowered *l)
{
	fw_autofree struct sweeps *s = calloc(1, sizeof(*s));
	int err = s ? begin(t, l) : -ENOMEM;

	if (err)
		return err;
	s->t = t;
	s->l = l;
	for (int side = SRC; !err && side <= DST; side++)
		err = identities_number(t, side, l);
	if (!err)
		err = actions_write(t, &l->from);
	if (!err)
		err = skips_write(t, l->skips, l->nskips, &t->root);
	if (!err)
		err = pairs_and_sweeps(s);
	for (int side = SRC; side <= DST; side++) {
		if (!err)
			err = signatures_saturate(s, side);
		if (!err)
			err = tries_write(t, side, &s->side[side]);
		sweep_free(&s->side[side]);
	}
	if (!err)
		err = tables_take(t, sizeof(t->root) / FW_LINE, &t->stats.bytes, &t->root_line);
	if (!err)
		memcpy(fw_pool_ptr(t->heap.pool, t->root_line), &t->root, sizeof(t->root));
	return err;
}

/* Drops the expressions of identities that no rule refers to. */
static void held_drop(struct fw_tables *t)
{
	for (int side = SRC; side <= DST; side++)
		for (size_t id = 0; t->book && id < t->side[side].nids; id++)
			if (t->side[side].ids[id].idle)
				fw_book_drop(t->book, t->side[side].ids[id].addrs);
}

static void tables_free(struct fw_tables *t)
{
	if (!t)
		return;
	held_drop(t);
	heap_end(&t->heap);
	for (int side = SRC; side <= DST; side++) {
		free(t->side[side].identity_of);
		free(t->side[side].ids);
		free(t->side[side].free_ids);
		free(t->side[side].classes);
	}
	free(t->retired);
	free(t->leaving.owned);
	free(t->block);
	free(t);
}

static void tables_freep(struct fw_tables **t)
{
	tables_free(*t);
}

int fw_compile(const struct fw_lowered *l, struct fw_pool *pool, const struct fw_compile_options *options,
	       struct fw_diags *ds, struct fw_image *out)
{
	static const struct fw_compile_options usual = { 0 };
	fw_cleanup(tables_freep) struct fw_tables *t = calloc(1, sizeof(*t));
	double start = fw_now();

	if (!t)
		return -ENOMEM;
	options = options ? options : &usual;
	t->heap.pool = pool;
	t->ds = ds;
	t->from = &l->from;
	t->identities_max = options->identities_max ? options->identities_max : FW_IDENTITIES_MAX;
	t->leaf_rules = options->leaf_rules ? options->leaf_rules : LEAF_RULES;

	int err = build(t, l);

	if (err)
		return err;
	t->ds = NULL;
	t->from = NULL;
	stats_fill(t, l);
	t->compiled_rules = l->from.n;
	t->heap.live = true;
	t->stats.seconds = fw_now() - start;
	*out = (struct fw_image){ t->root_line, 0, t->stats, fw_take(t) };
	return 0;
}

void fw_image_free(struct fw_image *image)
{
	tables_free(image->tables);
	*image = (struct fw_image){ 0 };
}

void fw_image_usage(const struct fw_image *image, uint64_t *used, uint64_t *room)
{
	const struct heap *h = &image->tables->heap;

	*used = h->used;
	*room = 0;
	for (size_t i = 0; i < h->n; i++)
		*room += (uint64_t)(h->segments[i]->span ? h->segments[i]->span : 1) * FW_SEGMENT_LINES;
}

uint64_t fw_image_identities(const struct fw_image *image, int side)
{
	const struct side *s = &image->tables->side[side];

	return s->nids - s->nfree - FW_IDENTITIES_FIXED;
}

uint64_t fw_image_further_blocks(const struct fw_image *image)
{
	return image->tables->extra_blocks;
}

// SPDX-License-Identifier: GPL-2.0-only
/* From the rows of an update to the next value of each pair that they touch, and the identities that these need. */
#include "update.h"

#include "pair/split.h"

#include <string.h>

/* Do two instances have the same tables? */
static bool same_tables(const struct fw_instance *a, const struct fw_instance *b)
{
	return a->src == b->src && a->dst == b->dst && a->rank == b->rank && a->slot == b->slot &&
	       a->action == b->action && a->nmatches == b->nmatches &&
	       (!a->nmatches || !memcmp(a->matches, b->matches, a->nmatches * sizeof(*a->matches)));
}

static bool is_nothing(const struct fw_instance_row *row)
{
	return (!row->before && !row->after) || (row->before && row->after && same_tables(row->before, row->after));
}

/* Expressions that are newer than the last update have no identity yet. */
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

/* Makes the identity of one side of a new rule, if there is none that is whole. */
static int need_identity(struct fw_update *u, const struct fw_instance *r, int side)
{
	struct fw_tables *t = u->t;
	uint32_t addrs = side == SRC ? r->src : r->dst, id = t->side[side].identity_of[addrs];
	uint64_t places;
	bool wide;
	int err;

	if (id != NO_IDENTITY && (!t->side[side].ids[id].broken || t->side[side].ids[id].coming))
		return 0;
	err = identity_survey(t, side, addrs, UPDATE_PLACES - u->places, &places);
	u->places += err ? 0 : places;
	wide = places > SIGNATURE_REACH;
	if (!err && id == NO_IDENTITY) {
		err = identity_new(t, side, addrs, wide, &id);
		if (!err && (wide || t->book->addrs[addrs].negated || t->book->addrs[addrs].nsets))
			t->side[side].ids[id].signature = ~0ull;
	}
	if (!err)
		err = fw_vec_push(u->made, u->nmade, u->made_cap, ((struct made){ id, (uint8_t)side }));
	if (!err)
		t->side[side].ids[id].coming = true;
	return err;
}

static int compare_parts(const void *a, const void *b)
{
	const struct part *x = a, *y = b;

	return x->key < y->key ? -1 : x->key > y->key;
}

int update_collect(struct fw_update *u, const struct fw_lowered_edit *l)
{
	int err = sides_grow(u->t);

	for (size_t i = 0; !err && i < l->nrows; i++) {
		const struct fw_instance_row *row = &l->rows[i];

		if (is_nothing(row))
			continue;
		if (row->after) {
			err = need_identity(u, row->after, SRC);
			if (!err)
				err = need_identity(u, row->after, DST);
			if (!err)
				err = fw_vec_push(u->parts, u->nparts, u->parts_cap,
						  ((struct part){ pair_key_of(u->t, row->after), row->after, true }));
		}
		if (!err && row->before)
			err = fw_vec_push(u->parts, u->nparts, u->parts_cap,
					  ((struct part){ pair_key_of(u->t, row->before), row->before, false }));
	}
	if (u->nparts)
		qsort(u->parts, u->nparts, sizeof(*u->parts), compare_parts);
	return err;
}

/* The next value of a pair with splits: only the blocks that a part changes are written. */
static int value_split(struct fw_update *u, const struct pair_value *old, struct parts parts, struct fw_pair *to)
{
	int err = tree_update(&u->trees, old->hit, parts, &to->hit);

	to->hi = root_lanes_open(&u->t->root);
	u->t->stats.blocks += !err && to->hit != FW_HIT_NONE;
	return err;
}

/* The next value of a pair without splits: all of its rules in an entry or in new blocks. */
static int value_build(struct fw_update *u, const struct pair_value *old, struct parts parts, struct fw_pair *to)
{
	uint64_t key = parts.p[0].key;
	int err = tree_rules(&u->trees, old->hit, parts, &u->rules);

	to->hi = root_lanes_open(&u->t->root);
	if (!err)
		err = tree_drop(&u->trees, old->hit);
	return err || !u->rules.n ? err :
				    pair_build(u->t, key, (struct rule_list){ u->rules.r, (uint32_t)u->rules.n }, to);
}

/* Makes the step of one pair, by the parts that belong to it. */
static int step_make(struct fw_update *u, struct parts parts)
{
	struct pair_step step = { .key = parts.p[0].key };
	struct pair_value old = { .hit = FW_HIT_NONE };
	struct fw_pair built = { .hit = FW_HIT_NONE };
	uint32_t entry;
	int err;

	pair_find(u->t, step.key, &entry, &old);
	err = hit_is_split(u->t, old.hit) ? value_split(u, &old, parts, &built) : value_build(u, &old, parts, &built);
	if (err)
		return err;
	step.value = (struct pair_value){ built.hit, built.lo, built.hi };
	err = fw_vec_push(u->steps, u->nsteps, u->steps_cap, step);
	if (err)
		u->t->stats.blocks -= update_has_blocks(&step.value);
	return err;
}

int update_make_steps(struct fw_update *u)
{
	int err = 0;

	for (size_t i = 0, end; !err && i < u->nparts; i = end) {
		for (end = i; end < u->nparts && u->parts[end].key == u->parts[i].key; end++)
			;
		err = step_make(u, (struct parts){ u->parts + i, end - i });
	}
	return err;
}

int update_sign(struct fw_update *u)
{
	int err = 0;

	for (size_t i = 0; !err && i < u->nsteps; i++) {
		uint64_t key = u->steps[i].key;
		uint32_t s = key & FW_IDENTITIES_MAX, d = (uint32_t)(key >> FW_IDENTITY_BITS);

		if (u->steps[i].value.hit == FW_HIT_NONE)
			continue;
		err = identity_sign(u->t, SRC, s, 1ull << fw_signature_bit(d));
		if (!err)
			err = identity_sign(u->t, DST, d, 1ull << fw_signature_bit(s));
	}
	return err;
}

int update_spread(struct fw_update *u)
{
	int err = 0;

	for (size_t i = 0; !err && i < u->nmade; i++)
		err = identity_spread(u->t, u->made[i].side, u->made[i].id, true);
	return err;
}

int update_prepare_steps(struct fw_update *u)
{
	int err = 0;

	for (; !err && u->prepared < u->nsteps; u->prepared += !err)
		err = pair_step_prepare(u->t, &u->steps[u->prepared]);
	return err;
}

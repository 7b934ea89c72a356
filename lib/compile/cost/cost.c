// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the most expensive packet costs. A lookup consists of walks, pairs and blocks, and the tables give a bound for each:
 *
 *	walks    the longest of each trie                      rounds: its nodes, one after the other
 *	pairs    those that the signatures of two classes let pass, each in its home line or a few after it: all at once
 *	blocks   those of every pair that exists, whatever the packet's fields are: header, a binary search and a vector for
 *	         each field, words; one after the other. Of a split, the most expensive child and the rest.
 *
 * A match saves a packet the blocks after it; that is ignored, since a packet may match nothing. What is not ignored is that
 * two classes have to meet: of all source and destination classes, cost_search.c finds the two whose pairs have the most
 * expensive blocks. 33 nested prefixes on both sides, with blocks for every two of them, are one such case: 1,089 blocks for
 * one packet.
 */
#include "cost.h"

#include <string.h>

/* What packets find there once all updates are settled. */
static uint64_t settled(const struct fw_pool *pool, uint64_t hit)
{
	const struct fw_version *v = fw_pool_ptr(pool, (uint32_t)hit);

	return FW_HIT_IS_VERSION(hit) ? v->after.hit : hit;
}

/* All pairs with blocks. */
struct table {
	struct cost_pair *pair;
	size_t n, cap;
};

/* Reads them; the caller frees out->pair, also on failure. 0 or -ENOMEM. */
static int table_read(const struct fw_pool *pool, const struct fw_root *root, struct table *out)
{
	const struct fw_pair *e = fw_pool_ptr(pool, root->pairs);
	uint64_t lines = (uint64_t)root->pair_lines + FW_PAIR_DISPLACEMENT;

	*out = (struct table){ 0 };
	for (uint64_t i = 0; i < lines * FW_PAIRS_PER_LINE; i++) {
		uint64_t key = e[i].key & FW_PAIR_KEY_MASK, hit;

		if (key == FW_PAIR_FREE)
			continue;
		hit = settled(pool, e[i].hit);
		if (hit == FW_HIT_NONE || !FW_HIT_BLOCK(hit))
			continue;

		struct cost_pair p = { { key & FW_IDENTITIES_MAX, (uint32_t)(key >> FW_IDENTITY_BITS) },
				       cost_tree(pool, hit) };

		if (fw_vec_push(out->pair, out->n, out->cap, p))
			return -ENOMEM;
	}
	return 0;
}

/* Looks up one pair as fw_probe() does. Returns its hit or FW_HIT_NONE; the lines read go to @lines. */
static uint64_t probe(const struct fw_pool *pool, const struct fw_root *root, uint64_t key, uint32_t *lines)
{
	uint32_t line = root->pairs + fw_pair_home(root, key);

	for (*lines = 1;; line++, ++*lines) {
		const struct fw_pair *e = fw_pool_ptr(pool, line);

		for (unsigned i = 0; i < FW_PAIRS_PER_LINE; i++)
			if ((e[i].key & FW_PAIR_KEY_MASK) == key)
				return settled(pool, e[i].hit);
		if (!(e->key & FW_PAIR_OVERFLOW) || *lines > root->displaced)
			return FW_HIT_NONE;
	}
}

/* Adds a pair to the most expensive ones, if it is one of them. */
static void note_pair(struct fw_cost_worst *w, struct fw_cost_pair p)
{
	unsigned at = w->ntop < FW_COST_PAIRS ? w->ntop++ : FW_COST_PAIRS;

	for (; at && fw_cost_price(w->top[at - 1].cost) < fw_cost_price(p.cost); at--)
		if (at < FW_COST_PAIRS)
			w->top[at] = w->top[at - 1];
	if (at < FW_COST_PAIRS)
		w->top[at] = p;
}

/* Adds the cost of one pair of the packet's two classes. */
static void meet_pair(struct fw_cost_worst *w, const struct cost_field *f, uint64_t key)
{
	uint32_t lines;
	uint64_t hit = probe(f->pool, f->root, key, &lines);

	w->pairs++;
	w->found.lines += lines;
	if (hit == FW_HIT_NONE || !FW_HIT_BLOCK(hit))
		return;

	struct fw_cost_pair p = { cost_first_slot(f->pool, hit), cost_tree(f->pool, hit) };

	w->blocks++;
	w->found = cost_plus(w->found, p.cost);
	note_pair(w, p);
}

/* Everything that a packet of two classes may read, once its walks are over. */
static void meet(struct fw_cost_worst *w, const struct cost_field *f, const uint32_t class[2])
{
	struct cost_class s = cost_class_at(f->pool, class[0]), d = cost_class_at(f->pool, class[1]);

	for (uint32_t i = 0; i < s.n; i++)
		for (uint32_t j = 0; j < d.n; j++) {
			uint32_t src = cost_identity(s, i), dst = cost_identity(d, j);

			if (cost_signature(s, i) >> fw_signature_bit(dst) &
			    cost_signature(d, j) >> fw_signature_bit(src) & 1)
				meet_pair(w, f, FW_PAIR_KEY(src, dst));
		}
	w->found = cost_plus(w->found, cost_outside(f->side, s.lines->lines, d.lines->lines, w->pairs));
}

/* The most expensive packet of one family, if it costs more than @out. */
static int worst_of(const struct cost_field *f, enum fw_family family, struct fw_cost_worst *out)
{
	struct fw_cost_worst w = { .family = family };
	struct cost_found found;
	int err = cost_search(f, &found);

	if (err || fw_cost_price(found.most) < fw_cost_price(out->most))
		return err;
	meet(&w, f, found.class);
	w.most = found.most;
	w.src = cost_side_address(f->pool, f->root, COST_SRC, family, found.class[COST_SRC]);
	w.dst = cost_side_address(f->pool, f->root, COST_DST, family, found.class[COST_DST]);
	*out = w;
	return 0;
}

static int family_cost(struct cost_field *f, enum fw_family family, struct fw_cost_worst *out)
{
	struct cost_side side[2] = { 0 };
	int err = 0;

	f->side = side;
	for (int i = COST_SRC; !err && i <= COST_DST; i++)
		err = cost_side_read(f->pool, f->root, i, family, &side[i]);
	if (!err)
		err = worst_of(f, family, out);
	cost_side_free(&side[COST_SRC]);
	cost_side_free(&side[COST_DST]);
	f->side = NULL;
	return err;
}

/* A packet that rules let go on is looked up again; each time the rule's action is read, and perhaps where to go on. */
static void turns_cost(struct fw_cost *c, const struct fw_root *root)
{
	uint64_t more = 1 + (root->skips ? root->skip_steps : 0);

	if (root->turns > 1)
		*c = (struct fw_cost){ root->turns * (c->lines + more), root->turns * (c->rounds + more) };
}

int fw_cost_worst(const struct fw_pool *pool, uint32_t root, struct fw_cost_worst *out)
{
	struct cost_field f = { .pool = pool, .root = fw_pool_ptr(pool, root) };
	struct fw_cost_worst worst = { 0 };
	struct table table;
	int err = table_read(pool, f.root, &table);

	f.pairs = table.pair;
	f.npairs = table.n;
	for (int family = FW_FAMILY_NONE; !err && family < FW_NFAMILIES; family++)
		if (family != FW_FAMILY_NONE || f.root->frame_rules)
			err = family_cost(&f, (enum fw_family)family, &worst);
	free(table.pair);
	for (int i = 0; i < 2; i++)
		turns_cost(i ? &worst.found : &worst.most, f.root);
	if (!err)
		*out = worst;
	return err;
}

const char *fw_cost_text(double seconds, char *buf, size_t size)
{
	if (seconds < 1e-3)
		snprintf(buf, size, "%.1f us", seconds * 1e6);
	else if (seconds < 1)
		snprintf(buf, size, "%.1f ms", seconds * 1e3);
	else
		snprintf(buf, size, "%.1f s", seconds);
	return buf;
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the dearest packet costs. A lookup is walks, pairs and blocks, and each is bounded by what the tables hold:
 *
 *	walks    the longest of each trie                      rounds: its nodes, one after the other
 *	pairs    those that the signatures of two classes let pass, each in its home line or some behind it: all at once
 *	blocks   those of every pair that exists, whatever a packet's fields are: header, a binary search and a vector for
 *	         each field, words; one after the other. Of a split the dearest child, and the rest.
 *
 * That a match spares a packet the blocks behind it is left out, since a packet may match nothing. What is not left out
 * is that two classes have to meet: of all source and destination classes cost_search.c finds the two whose pairs
 * have the dearest blocks. 33 nested prefixes on both sides with blocks for every two of them are one such case: 1,089
 * blocks for one packet.
 */
#include "cost.h"

#include <string.h>

/* A line in another page than the one before costs two rounds: where the page is has to be read too. */
#define FAR_ROUNDS 2
#define PAGE 4096

/* Bytes from one offset on may touch so many lines. */
static uint32_t lines_of(uint32_t offset, uint64_t bytes)
{
	return bytes ? (uint32_t)((offset % FW_LINE + bytes - 1) / FW_LINE) + 1 : 0;
}

/* A binary search: each step reads another line, until the ends that are left are 16, which touch two. */
static uint32_t search_lines(const struct fw_block_field *f)
{
	uint32_t all = lines_of(f->ends, 4ull << f->steps), far = f->steps > 4 ? f->steps - 4 : 0;

	if (!f->steps)
		return 0;
	return far + 2 < all ? far + 2 : all;
}

static const void *block_at(const struct fw_block *b, uint32_t offset)
{
	return (const uint8_t *)b + offset;
}

/* Intervals of a field: its ends are followed by UINT32_MAX. */
static uint32_t intervals(const struct fw_block *b, const struct fw_block_field *f)
{
	const uint32_t *ends = block_at(b, f->ends);
	uint32_t n = 0;

	while (n < (1u << f->steps) - 1 && ends[n] != UINT32_MAX)
		n++;
	return n + 1;
}

/* The words of a field that are not zero, of the interval that has the most. */
static uint32_t most_words(const struct fw_block *b, const struct fw_block_field *f)
{
	const uint64_t *which = block_at(b, f->vectors);
	uint32_t most = 0;

	for (uint32_t i = 0, n = intervals(b, f); i < n; i++) {
		uint32_t words = (uint32_t)__builtin_popcountll(which[i]);

		most = words > most ? words : most;
	}
	return most;
}

/*
 * The words that all fields may have in common, in a block of more than one: lines of all fields, which do not wait for
 * each other, and a look at the block for each word.
 */
static uint32_t words_lines(const struct fw_block *b, uint32_t *words)
{
	uint32_t lines = 0;

	*words = (b->rules + 63) / 64;
	for (uint32_t f = 0; f < b->fields; f++) {
		uint32_t most = most_words(b, &b->field[f]);

		*words = most < *words ? most : *words;
	}
	for (uint32_t f = 0; f < b->fields; f++) {
		uint32_t all = most_words(b, &b->field[f]) / (FW_LINE / 8) + 2;

		lines += all < *words ? all : *words;
	}
	return lines;
}

/*
 * A block, or a split without what it leads to. The searches of its fields do not wait for each other, either: the longest
 * of them counts.
 */
static struct fw_cost block_cost(const struct fw_block *b)
{
	uint32_t lines = lines_of(0, offsetof(struct fw_block, field) + sizeof(b->field[0]) * b->fields);
	uint32_t all = lines_of(0, b->bytes), longest = 0, words = 0;
	bool split = b->rules == FW_SPLIT, large = b->rules > 64 && !split;

	for (uint32_t f = 0; f < b->fields; f++) {
		uint32_t search = search_lines(&b->field[f]);

		lines += search + 1 + large;
		longest = search + 1 > longest ? search + 1 : longest;
	}
	if (large)
		lines += words_lines(b, &words);
	lines += !split;
	return (struct fw_cost){ (lines < all ? lines : all) + words + large,
				 (1 + longest + large + !split) * (b->bytes > PAGE ? FAR_ROUNDS : 1) };
}

static struct fw_cost children_cost(const struct fw_pool *pool, const struct fw_block *b)
{
	const uint64_t *child = block_at(b, b->field[0].vectors);
	struct fw_cost most = { 0 };

	for (uint32_t i = 0, n = intervals(b, &b->field[0]); i < n; i++)
		most = cost_dearer(cost_tree(pool, child[i]), most);
	return most;
}

struct fw_cost cost_tree(const struct fw_pool *pool, uint64_t hit)
{
	struct fw_cost c = { 0 };

	while (hit != FW_HIT_NONE && FW_HIT_BLOCK(hit)) {
		const struct fw_block *b = fw_pool_ptr(pool, (uint32_t)hit);

		c = cost_plus(c, block_cost(b));
		if (b->rules == FW_SPLIT)
			c = cost_plus(c, children_cost(pool, b));
		hit = b->next;
	}
	return c;
}

uint32_t cost_first_slot(const struct fw_pool *pool, uint64_t hit)
{
	while (FW_HIT_BLOCK(hit)) {
		const struct fw_block *b = fw_pool_ptr(pool, (uint32_t)hit);
		const uint64_t *hits;

		if (b->rules != FW_SPLIT) {
			hit = *(const uint64_t *)block_at(b, b->hits);
			break;
		}
		/* A split's hit has the lowest rank below it. */
		hits = block_at(b, b->field[0].vectors);
		hit = b->next;
		for (uint32_t i = 0, n = intervals(b, &b->field[0]); i < n; i++)
			hit = hits[i] < hit ? hits[i] : hit;
	}
	return FW_WHAT_COUNTER((uint32_t)hit) - FW_COUNTER_RULES;
}

/* What packets find there once all changes are settled. */
static uint64_t settled(const struct fw_pool *pool, uint64_t hit)
{
	const struct fw_version *v = fw_pool_ptr(pool, (uint32_t)hit);

	return FW_HIT_IS_VERSION(hit) ? v->after.hit : hit;
}

/* All pairs that have blocks. */
struct table {
	struct cost_pair *pair;
	size_t n, cap;
};

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

struct fw_cost cost_outside(const struct cost_side side[2], uint32_t src_lines, uint32_t dst_lines, uint64_t pairs)
{
	uint32_t walk = side[0].walk > side[1].walk ? side[0].walk : side[1].walk;
	/* A batch is full when the pairs of two more lines may not find room. */
	uint64_t batches = pairs / (FW_BATCH - FW_CLASS_IDENTITIES * FW_CLASS_IDENTITIES) + 1;
	struct fw_cost c = { side[0].walk + side[1].walk + 2, (walk + 1 + batches) * FAR_ROUNDS };

	/* Of more lines than one, each is paired with each, after a look at the first ones. */
	if (src_lines > 1 || dst_lines > 1)
		c.lines += 2 + 2ull * src_lines * dst_lines;
	return c;
}

/* Asks for one pair as fw_probe() does. Returns its hit or FW_HIT_NONE; the lines read go to @lines. */
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

/* Among the dearest pairs, if it is one of them. */
static void note_pair(struct fw_cost_worst *w, struct fw_cost_pair p)
{
	unsigned at = w->ntop < FW_COST_PAIRS ? w->ntop++ : FW_COST_PAIRS;

	for (; at && fw_cost_price(w->top[at - 1].cost) < fw_cost_price(p.cost); at--)
		if (at < FW_COST_PAIRS)
			w->top[at] = w->top[at - 1];
	if (at < FW_COST_PAIRS)
		w->top[at] = p;
}

/* One pair of the packet's two classes. */
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

/* All that a packet of two classes may read, once its walks are over. */
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

/* The dearest packet of one family, if it is dearer than @out. */
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
	err = err ? err : worst_of(f, family, out);
	cost_side_free(&side[COST_SRC]);
	cost_side_free(&side[COST_DST]);
	f->side = NULL;
	return err;
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

// SPDX-License-Identifier: GPL-2.0-only
/*
 * Updates of the pair table while packets look up pairs in it. An entry is four words, and a packet reads its lanes before its
 * hit; so the steps of an update are
 *
 *	                     hit              lanes
 *	before               A                A's
 *	commit               version {A, B}   A's       a packet that reads either hit has passed A's lanes, all that A requires
 *	                     version {A, B}   open      the version has lanes of its own
 *	publish              packets of the new generation, the first ones now, take B from the version
 *	a grace period       version {A, B}   B's       all packets take B, so its lanes may be compared first
 *	another              B                B's
 *	another              the version's line is free
 *
 * An update of a new pair begins with a version {nothing, B}, one that removes the last rule ends with {A, nothing}. When a
 * pair is updated again in between, its newest version refers to the one before, until that one's grace period is over.
 */
#include "pair.h"

#define NO_ENTRY 0xffffffffu

enum phase { PHASE_LANES, PHASE_HIT };

static struct fw_pair *entry_at(const struct fw_tables *t, uint32_t entry)
{
	return (struct fw_pair *)fw_pool_ptr(t->heap.pool, t->root.pairs) + entry;
}

static struct fw_version *version_of(const struct fw_tables *t, uint64_t hit)
{
	return fw_pool_ptr(t->heap.pool, (uint32_t)hit);
}

static void put(__u64 *word, uint64_t value)
{
	__atomic_store_n(word, value, __ATOMIC_RELEASE);
}

bool pair_find(const struct fw_tables *t, uint64_t key, uint32_t *entry, struct pair_value *value)
{
	uint32_t line = fw_pair_home(&t->root, key);

	for (uint32_t l = line; l <= line + FW_PAIR_DISPLACEMENT; l++) {
		const struct fw_pair *e = entry_at(t, l * FW_PAIRS_PER_LINE);

		for (uint32_t i = 0; i < FW_PAIRS_PER_LINE; i++) {
			if ((e[i].key & FW_PAIR_KEY_MASK) != key)
				continue;
			*entry = l * FW_PAIRS_PER_LINE + i;
			*value = (struct pair_value){ e[i].hit, e[i].lo, e[i].hi };
			if (FW_HIT_IS_VERSION(e[i].hit)) {
				const struct fw_version_value *v = &version_of(t, e[i].hit)->after;

				*value = (struct pair_value){ v->hit, v->lo, v->hi };
			}
			return true;
		}
		if (!(e[0].key & FW_PAIR_OVERFLOW))
			return false;
	}
	return false;
}

/* A free entry where a packet looks for the pair, or NO_ENTRY. */
static uint32_t find_place(const struct fw_tables *t, uint64_t key)
{
	uint32_t first = fw_pair_home(&t->root, key) * FW_PAIRS_PER_LINE;

	for (uint32_t i = first; i < first + (FW_PAIR_DISPLACEMENT + 1) * FW_PAIRS_PER_LINE; i++)
		if ((entry_at(t, i)->key & FW_PAIR_KEY_MASK) == FW_PAIR_FREE)
			return i;
	return NO_ENTRY;
}

/* Is a pair after @line that a packet would look for on @line as well? */
static bool overflows(const struct fw_tables *t, uint32_t line)
{
	uint32_t first = (line + 1) * FW_PAIRS_PER_LINE;
	uint64_t end = ((uint64_t)t->root.pair_lines + FW_PAIR_DISPLACEMENT) * FW_PAIRS_PER_LINE;

	for (uint32_t i = first; i < first + FW_PAIR_DISPLACEMENT * FW_PAIRS_PER_LINE && i < end; i++) {
		uint64_t key = entry_at(t, i)->key & FW_PAIR_KEY_MASK;

		if (key != FW_PAIR_FREE && fw_pair_home(&t->root, key) <= line)
			return true;
	}
	return false;
}

static void entry_free(struct fw_tables *t, uint32_t entry)
{
	struct fw_pair *e = entry_at(t, entry);
	uint32_t home = fw_pair_home(&t->root, e->key & FW_PAIR_KEY_MASK), line = entry / FW_PAIRS_PER_LINE;

	put(&e->hit, FW_HIT_NONE);
	put(&e->key, FW_PAIR_FREE | (e->key & FW_PAIR_OVERFLOW));
	t->npairs--;
	for (uint32_t l = home; l < line; l++)
		if (!overflows(t, l))
			put(&entry_at(t, l * FW_PAIRS_PER_LINE)->key,
			    entry_at(t, l * FW_PAIRS_PER_LINE)->key & ~FW_PAIR_OVERFLOW);
}

/* Marks every line from the pair's home to the one before its own: pairs follow. */
static void mark_overflow(struct fw_tables *t, uint64_t key, uint32_t entry)
{
	for (uint32_t l = fw_pair_home(&t->root, key); l < entry / FW_PAIRS_PER_LINE; l++) {
		struct fw_pair *e = entry_at(t, l * FW_PAIRS_PER_LINE);

		put(&e->key, e->key | FW_PAIR_OVERFLOW);
	}
}

/* Takes an entry for a pair; packets that look it up find nothing. */
static int entry_take(struct fw_tables *t, uint64_t key, uint32_t *entry)
{
	uint32_t place = find_place(t, key);
	struct fw_pair *e = entry_at(t, place);

	if (place == NO_ENTRY)
		return -EAGAIN;
	put(&e->hit, FW_HIT_NONE);
	put(&e->key, key | (e->key & FW_PAIR_OVERFLOW));
	mark_overflow(t, key, place);
	pair_displace(t, fw_pair_home(&t->root, key), place / FW_PAIRS_PER_LINE);
	t->npairs++;
	*entry = place;
	return 0;
}

int pair_step_prepare(struct fw_tables *t, struct pair_step *step)
{
	int err = 0;

	step->fresh = !pair_find(t, step->key, &step->entry, &step->before);
	if (step->fresh) {
		step->before = (struct pair_value){ .hit = FW_HIT_NONE };
		err = entry_take(t, step->key, &step->entry);
	} else {
		uint64_t hit = entry_at(t, step->entry)->hit;

		if (FW_HIT_IS_VERSION(hit) && version_of(t, hit)->depth == FW_VERSION_DEPTH)
			err = -EBUSY;
	}
	if (err)
		return err;
	err = tables_take(t, 1, &t->stats.pair_bytes, &step->version);
	if (err && step->fresh)
		entry_free(t, step->entry);
	return err;
}

void pair_step_abort(struct fw_tables *t, const struct pair_step *step)
{
	if (step->fresh)
		entry_free(t, step->entry);
	t->stats.pair_bytes -= FW_LINE;
	heap_free(&t->heap, step->version, 1);
}

void pair_step_commit(struct fw_tables *t, const struct pair_step *step, uint32_t since)
{
	struct fw_version *v = fw_pool_ptr(t->heap.pool, step->version);
	struct fw_pair *e = entry_at(t, step->entry);
	const struct fw_version *last = FW_HIT_IS_VERSION(e->hit) ? version_of(t, e->hit) : NULL;

	v->since = since;
	v->depth = 1;
	v->after = (struct fw_version_value){ step->value.hit, step->value.lo, step->value.hi };
	v->before = (struct fw_version_value){ e->hit, e->lo, e->hi };
	if (last && last->depth) {
		v->depth = last->depth + 1;
		v->before = (struct fw_version_value){ e->hit, 0, root_lanes_open(&t->root) };
	} else if (last) {
		/* It is settled, except for its place in the entry: no packet takes what was before it. */
		v->before = last->after;
	}
	if (last) {
		t->stats.pair_bytes -= FW_LINE;
		retire_lines(t, (uint32_t)e->hit, 1);
	}
	put(&e->hit, FW_HIT_VERSION(step->version));
	put(&e->lo, 0);
	put(&e->hi, root_lanes_open(&t->root));
	/* clang-format off */
	retire_push(t, (struct retired){ .kind = RETIRED_PAIR, .phase = PHASE_LANES, .line = step->version,
				    .n = step->entry });
	/* clang-format on */
}

void pair_settle(struct fw_tables *t, struct retired r)
{
	struct fw_pair *e = entry_at(t, r.n);
	struct fw_version *v = fw_pool_ptr(t->heap.pool, r.line);

	/* A later version has replaced it, and retires its line. */
	if (e->hit != FW_HIT_VERSION(r.line))
		return;
	if (r.phase == PHASE_LANES) {
		v->depth = 0;
		put(&e->lo, v->after.lo);
		put(&e->hi, v->after.hi);
		r.phase = PHASE_HIT;
		retire_push(t, r);
		return;
	}
	if (v->after.hit == FW_HIT_NONE)
		entry_free(t, r.n);
	else
		put(&e->hit, v->after.hit);
	t->stats.pair_bytes -= FW_LINE;
	retire_lines(t, r.line, 1);
}

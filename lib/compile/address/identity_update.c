// SPDX-License-Identifier: GPL-2.0-only
/*
 * Identities that are added and removed while packets are looked up. One is added to the classes of its addresses before any
 * pair refers to it, so no verdict changes; it is removed when no rule has referred to it for a grace period
 * (identity_leave.c). Until then a rule that names the same addresses finds it in place. A short prefix that is in very many
 * classes is kept until the next compilation.
 */
#include "address.h"

/*
 * An identity in more places than this is kept when no rule refers to it any more: a later rule gains much by it. Packets lose
 * a little by each, so only a few of a side are kept.
 */
#define PLACES_KEPT 4096
#define IDENTITIES_KEPT 4
#define RANGES_KEPT 2
/* Free numbers are passed over where a large one is preferred: up to this share of all, and this many more. */
#define IDLE_SHARE 8
#define IDLE_BESIDES 1024

/* Stops counting above @limit places. */
static int survey(const struct fw_tables *t, int side, uint32_t addrs, uint64_t limit, struct trie_survey *sum)
{
	fw_autofree struct fw_addr_range *owned = NULL;
	const struct fw_addr_range *r;
	size_t n;
	int err = identity_ranges(t->book, addrs, &r, &n, &owned);

	for (size_t i = 0; !err && i < n && sum->places <= limit; i++)
		trie_survey(t, side, trie_range_of(&r[i]), limit, sum);
	return err;
}

/* Ranges of an expression; those that others cover are counted, too. */
static uint64_t count_ranges(const struct fw_address_book *book, uint32_t addrs)
{
	const struct fw_addrs *a = &book->addrs[addrs];
	uint64_t n = a->nranges;

	for (uint32_t i = 0; i < a->nsets; i++)
		n += book->sets[a->sets[i]].n;
	return n;
}

int identity_survey(const struct fw_tables *t, int side, uint32_t addrs, uint64_t limit, uint64_t *places)
{
	struct trie_survey sum = { 0 };
	int err = count_ranges(t->book, addrs) > limit ? -EAGAIN : survey(t, side, addrs, limit, &sum);

	if (!err && (sum.identities_max >= FW_CLASS_MAX || sum.places > limit))
		err = -EAGAIN;
	*places = sum.places;
	return err;
}

int identity_new(struct fw_tables *t, int side, uint32_t addrs, bool largest, uint32_t *id)
{
	struct side *s = &t->side[side];
	struct identity new = { .addrs = addrs, .broken = true };

	if (s->nfree >= s->nids / IDLE_SHARE + IDLE_BESIDES || s->nids == t->identities_max)
		largest = false;
	if (s->nfree && !largest) {
		*id = s->free_ids[--s->nfree];
		s->ids[*id] = new;
	} else {
		/* Some may be waiting for a grace period; newly compiled tables do not have them. */
		if (s->nids == t->identities_max)
			return -EAGAIN;
		if (fw_vec_push(s->ids, s->nids, s->ids_cap, new))
			return -ENOMEM;
		*id = (uint32_t)s->nids - 1;
	}
	s->identity_of[addrs] = *id;
	return 0;
}

int identity_spread(struct fw_tables *t, int side, uint32_t id, bool come)
{
	const struct trie_delta delta = { .add = &id, .nadd = come, .remove = &id, .nremove = !come };
	fw_autofree struct fw_addr_range *owned = NULL;
	const struct fw_addr_range *r;
	size_t n;
	int err = identity_ranges(t->book, t->side[side].ids[id].addrs, &r, &n, &owned);

	/* Until all of it is done. */
	t->side[side].ids[id].broken = true;
	if (come && t->leaving.active && t->leaving.what.side == side && t->leaving.what.n == id)
		identity_leave_again(t);
	for (size_t i = 0; !err && i < n; i++)
		err = trie_update(t, side, trie_range_of(&r[i]), &delta);
	if (!err)
		t->side[side].ids[id].broken = !come;
	return err;
}

int identity_sign(struct fw_tables *t, int side, uint32_t id, uint64_t bits)
{
	struct identity *identity = &t->side[side].ids[id];
	fw_autofree struct fw_addr_range *owned = NULL;
	const struct fw_addr_range *r;
	size_t n = 0;
	int err = 0;

	if (!(bits & ~identity->signature))
		return 0;
	if (id > FW_IDENTITY_FRAME)
		err = identity_ranges(t->book, identity->addrs, &r, &n, &owned);
	if (err)
		return err;
	identity->signature |= bits;
	if (id <= FW_IDENTITY_FRAME)
		classes_sign(t, side, id, bits);
	/* Even of a new one: an update that failed may have left it in some classes. */
	for (size_t i = 0; i < n; i++)
		trie_sign(t, side, trie_range_of(&r[i]), id, bits);
	return 0;
}

void identity_idle(struct fw_tables *t, int side, uint32_t id)
{
	struct identity *identity = &t->side[side].ids[id];
	struct leaving *l = &t->leaving;

	/* A rule has referred to it again meanwhile, and packets may have seen that. */
	if (l->active && l->what.side == side && l->what.n == id) {
		identity_leave_again(t);
		l->active = false;
		retire_push(t, l->what);
	}
	if (identity->idle)
		return;
	identity->idle = true;
	fw_book_hold(t->book, identity->addrs);
	retire_push(t, (struct retired){ .kind = RETIRED_IDENTITY, .side = (uint8_t)side, .n = id });
}

void identity_ref(struct fw_tables *t, int side, uint32_t id, int change)
{
	struct identity *identity = &t->side[side].ids[id];

	identity->refs += (uint32_t)change;
	if (!identity->refs && id > FW_IDENTITY_FRAME)
		identity_idle(t, side, id);
}

/* A short prefix. Not a large set: its owner wants the memory back. */
static bool is_worth_keeping(const struct fw_tables *t, int side, const struct identity *identity)
{
	const struct fw_addrs *a = &t->book->addrs[identity->addrs];
	struct trie_survey sum = { 0 };

	if (identity->broken || a->negated || a->nsets || a->nranges > RANGES_KEPT)
		return false;
	return !survey(t, side, identity->addrs, PLACES_KEPT, &sum) && sum.places > PLACES_KEPT;
}

void identity_settle(struct fw_tables *t, struct retired r)
{
	struct side *s = &t->side[r.side];
	struct identity *identity = &s->ids[r.n];

	if (!identity->refs && s->nkept < IDENTITIES_KEPT && is_worth_keeping(t, r.side, identity)) {
		/* It stays idle, and its expression held, until the tables are freed. */
		s->nkept++;
		return;
	}
	t->leaving = (struct leaving){ .active = true, .what = r };
}

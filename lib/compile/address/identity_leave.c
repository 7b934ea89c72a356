// SPDX-License-Identifier: GPL-2.0-only
/*
 * Removes an identity that no rule refers to from the classes of its addresses: a few ranges at a time, since there may be a
 * million. Between two calls, updates may change the sets that it consists of, or refer to it again.
 */
#include "address.h"

/* As other work is counted: a place of a trie, with the class that is written or retired there. */
#define WORK_PLACE 16

void identity_leave_again(struct fw_tables *t)
{
	struct leaving *l = &t->leaving;

	free(l->owned);
	*l = (struct leaving){ .active = l->active, .what = l->what };
}

/* The next range of a union, from each of its lists in turn; they may overlap. false: there is none. */
static bool next_inside(const struct fw_address_book *book, const struct fw_addrs *a, struct leaving *l,
			struct fw_addr_range *out)
{
	for (; l->list <= a->nsets; l->list++, l->i = 0) {
		const struct fw_set *set = l->list ? &book->sets[a->sets[l->list - 1]] : NULL;
		const struct fw_addr_range *r = set ? set->elements : a->ranges;

		if (l->i < (set ? set->n : a->nranges)) {
			*out = r[l->i++];
			return true;
		}
	}
	return false;
}

static void pass_over(struct leaving *l, const struct fw_addr_range *r)
{
	if (l->ended || fw_addr_cmp(r->hi, l->from) < 0)
		return;
	l->ended = !fw_addr_cmp(r->hi, fw_addr_last(l->family));
	if (!l->ended)
		l->from = fw_addr_next(l->family, r->hi);
}

/* The next range outside the @n ranges, which are in order. */
static bool next_outside(const struct fw_addr_range *r, size_t n, struct leaving *l, struct fw_addr_range *out)
{
	bool found = false;

	l->family = l->family ? l->family : FW_IP4;
	while (!found && l->family <= FW_IP6) {
		const struct fw_addr_range *next = l->i < n && r[l->i].family == l->family ? &r[l->i] : NULL;

		if (next && !l->ended && fw_addr_cmp(l->from, next->lo) < 0) {
			*out = (struct fw_addr_range){ l->from, fw_addr_prev(l->family, next->lo),
						       .family = (uint8_t)l->family };
			found = true;
		} else if (!next && !l->ended) {
			*out = (struct fw_addr_range){ l->from, fw_addr_last(l->family), .family = (uint8_t)l->family };
			found = true;
		}
		if (next) {
			pass_over(l, next);
			l->i++;
		} else {
			l->family++;
			l->from = (struct fw_addr){ 0 };
			l->ended = false;
		}
	}
	return found;
}

/* 1: a range; 0: there are no more; -ENOMEM. */
static int next_range(const struct fw_tables *t, uint32_t addrs, struct leaving *l, struct fw_addr_range *out)
{
	const struct fw_addrs *a = &t->book->addrs[addrs];

	if (!a->negated && !a->both)
		return next_inside(t->book, a, l, out);
	if (!a->nsets)
		return next_outside(a->ranges, a->nranges, l, out);
	if (a->nsets == 1 && !a->nranges && !a->both)
		return next_outside(t->book->sets[a->sets[0]].elements, t->book->sets[a->sets[0]].n, l, out);
	if (!l->owned && fw_addrs_ranges(t->book, addrs, &l->owned, &l->n))
		return -ENOMEM;
	if (l->i < l->n)
		*out = l->owned[l->i];
	return l->i++ < l->n;
}

/* No rule refers to it, and no class holds it: its number is free. */
static void left(struct fw_tables *t, struct retired r)
{
	struct side *s = &t->side[r.side];
	struct identity *identity = &s->ids[r.n];

	s->identity_of[identity->addrs] = NO_IDENTITY;
	/* Without memory for the list, the number is lost. */
	(void)fw_vec_push(s->free_ids, s->nfree, s->free_cap, r.n);
}

/* 0: it is removed everywhere; -EAGAIN: not yet; -ENOMEM. */
static int leave_some(struct fw_tables *t, struct leaving *l, int64_t *work)
{
	uint32_t id = l->what.n;
	const struct trie_delta delta = { .remove = &id, .nremove = 1 };
	struct identity *identity = &t->side[l->what.side].ids[id];
	struct fw_addr_range r;
	int more = 1;

	identity->broken = true;
	while (more > 0 && *work > 0) {
		uint64_t before = t->places;

		more = next_range(t, identity->addrs, l, &r);
		if (more > 0 && trie_update(t, l->what.side, trie_range_of(&r), &delta))
			more = -ENOMEM;
		*work -= WORK_PLACE + (int64_t)(t->places - before) * WORK_PLACE;
	}
	return more > 0 ? -EAGAIN : more;
}

bool identity_leave(struct fw_tables *t, int64_t *work)
{
	struct leaving *l = &t->leaving;
	struct retired r = l->what;
	struct identity *identity = &t->side[r.side].ids[r.n];
	int err = identity->refs ? 0 : leave_some(t, l, work);

	if (err == -EAGAIN)
		return false;
	identity_leave_again(t);
	l->active = false;
	/* Without memory, later: classes that still hold it do no harm. */
	if (err) {
		retire_push(t, r);
		return true;
	}
	identity->idle = false;
	if (!identity->refs)
		left(t, r);
	fw_book_drop(t->book, identity->addrs);
	return true;
}

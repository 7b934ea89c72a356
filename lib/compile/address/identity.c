// SPDX-License-Identifier: GPL-2.0-only
/*
 * From address expressions to identities, and from identities to classes: a sweep over the address space keeps the list of
 * identities that contain the current address, and records where the list changes.
 */
#include "address.h"

#include <arpa/inet.h>
#include <endian.h>
#include <string.h>

/* An identity begins or ends at an address. In the input, ends precede starts; sorting keeps that order at equal addresses. */
struct event {
	struct fw_addr at;
	uint32_t identity : 31;
	uint32_t start : 1;
};

struct events {
	struct event *e;
	size_t n, cap;
};

static uint8_t event_byte(const struct event *e, int byte)
{
	return (uint8_t)(byte < 8 ? e->at.lo >> 8 * byte : e->at.hi >> 8 * (byte - 8));
}

/* A radix sort from the lowest byte up; a byte that is the same everywhere costs one pass. */
static int events_sort(struct events *ev)
{
	fw_autofree struct event *copy = malloc(ev->n * sizeof(*copy) + 1);
	struct event *from = ev->e, *to = copy;

	if (!copy)
		return -ENOMEM;
	fw_huge_pages(copy, ev->n * sizeof(*copy));
	for (int byte = 0; byte < 16; byte++) {
		size_t count[256] = { 0 }, sum = 0;

		for (size_t i = 0; i < ev->n; i++)
			count[event_byte(&from[i], byte)]++;
		if (ev->n && count[event_byte(&from[0], byte)] == ev->n)
			continue;
		for (int v = 0; v < 256; v++) {
			size_t n = count[v];

			count[v] = sum;
			sum += n;
		}
		for (size_t i = 0; i < ev->n; i++)
			to[count[event_byte(&from[i], byte)]++] = from[i];

		struct event *other = from;

		from = to;
		to = other;
	}
	if (from == copy) {
		copy = ev->e;
		ev->e = from;
	}
	return 0;
}

int identity_ranges(const struct fw_address_book *book, uint32_t number, const struct fw_addr_range **r, size_t *n,
		    struct fw_addr_range **owned)
{
	const struct fw_addrs *e = &book->addrs[number];
	int err;

	if (!e->negated && !e->nsets) {
		*r = e->ranges;
		*n = e->nranges;
		return 0;
	}
	err = fw_addrs_ranges(book, number, owned, n);
	*r = *owned;
	return err;
}

/* The starts (or the ends) of all identities of a side in one family. */
static int events_collect(const struct fw_address_book *book, const struct side *side, enum fw_family family,
			  bool start, struct events *ev)
{
	for (uint32_t id = FW_IDENTITY_FRAME + 1; id < side->nids; id++) {
		fw_autofree struct fw_addr_range *owned = NULL;
		const struct fw_addr_range *r;
		size_t n;
		int err = identity_ranges(book, side->ids[id].addrs, &r, &n, &owned);

		for (size_t i = 0; !err && i < n; i++) {
			struct event e = { start ? r[i].lo : r[i].hi, id, start };
			uint64_t one = family == FW_IP4 ? 1ull << 32 : 0;

			if (r[i].family != family || (!start && !fw_addr_cmp(e.at, fw_addr_last(family))))
				continue;
			if (!start) {
				e.at.lo += !one;
				e.at.hi += one ? one : !e.at.lo;
			}
			err = fw_vec_push(ev->e, ev->n, ev->cap, e);
		}
		if (err)
			return err;
	}
	return 0;
}

static int drafts_grow(struct class_drafts *cs)
{
	size_t n = cs->nslots ? cs->nslots * 4 : 1024;
	uint32_t *slots = calloc(n, sizeof(*slots));

	if (!slots)
		return -ENOMEM;
	fw_huge_pages(slots, n * sizeof(*slots));
	for (size_t i = 0; i < cs->n; i++) {
		size_t at = cs->c[i].hash & (n - 1);

		while (slots[at])
			at = (at + 1) & (n - 1);
		slots[at] = (uint32_t)i + 1;
	}
	free(cs->slots);
	cs->slots = slots;
	cs->nslots = n;
	return 0;
}

/* The number of the class with these identities, ascending; @hash: class_hash_with() of all of them. */
static int draft_intern(struct class_drafts *cs, const uint32_t *ids, uint32_t n, uint64_t hash, uint32_t *number)
{
	if (cs->n * 2 >= cs->nslots && drafts_grow(cs))
		return -ENOMEM;

	size_t at = hash & (cs->nslots - 1);

	for (; cs->slots[at]; at = (at + 1) & (cs->nslots - 1)) {
		const struct class_draft *c = &cs->c[cs->slots[at] - 1];

		if (c->hash == hash && c->n == n && (!n || !memcmp(cs->ids + c->first, ids, n * sizeof(*ids)))) {
			*number = cs->slots[at] - 1;
			return 0;
		}
	}

	struct class_draft new = { .first = (uint32_t)cs->nids, .n = n, .hash = hash };

	for (uint32_t i = 0; i < n; i++)
		if (fw_vec_push(cs->ids, cs->nids, cs->ids_cap, ids[i]))
			return -ENOMEM;
	if (fw_vec_push(cs->c, cs->n, cs->cap, new))
		return -ENOMEM;
	cs->slots[at] = (uint32_t)cs->n;
	*number = (uint32_t)cs->n - 1;
	return 0;
}

/* The state of the sweep: the identities that contain the current address, ascending. */
struct active {
	uint32_t id[FW_CLASS_MAX];
	uint32_t n;
	uint64_t hash;
};

static int active_apply(struct active *a, const struct event *e, uint32_t limit)
{
	uint32_t i = 0;

	while (i < a->n && a->id[i] < e->identity)
		i++;
	a->hash ^= fw_mix64(e->identity);
	if (!e->start) {
		a->n--;
		memmove(a->id + i, a->id + i + 1, (a->n - i) * sizeof(*a->id));
		return 0;
	}
	if (a->n == limit)
		return -E2BIG;
	memmove(a->id + i + 1, a->id + i, (a->n - i) * sizeof(*a->id));
	a->id[i] = e->identity;
	a->n++;
	return 0;
}

/* The sweep over the addresses of one side. */
struct pass {
	struct fw_tables *t;
	const struct fw_lowered *l;
	int side;
	struct sweep *out;
	struct fw_diags *ds;
	uint32_t limit; /* identities of a class, `any` and `frame` left out */
};

/* Refuses the first rule that names the identity that is one too many. */
static int refuse_nesting(const struct pass *p, const struct event *e, enum fw_family family)
{
	uint32_t addrs = p->t->side[p->side].ids[e->identity].addrs, i = 0;
	char where[INET6_ADDRSTRLEN] = "";
	uint64_t wire[2] = { htobe64(e->at.hi), htobe64(e->at.lo) };

	inet_ntop(family == FW_IP4 ? AF_INET : AF_INET6, wire, where, sizeof(where));
	while (i < p->l->from.n && (p->side == SRC ? p->l->instances[i]->src : p->l->instances[i]->dst) != addrs)
		i++;
	return tables_refuse(
		&p->l->from, p->ds, p->l->instances[i],
		"merge nested prefixes or put them into one set, which counts once however many elements it has",
		"the %s address is one prefix or set too many around %s: at most %u may contain one address",
		p->side == SRC ? "source" : "destination", where, (unsigned)p->limit);
}

/* Sweeps one family: records where the class changes, and interns each class. 0, -E2BIG with a diagnostic, -ENOMEM. */
static int sweep_family(const struct pass *p, enum fw_family family, const struct events *ev)
{
	struct boundaries *map = &p->out->map[family];
	struct active active = { .n = 0 };
	struct boundary b = { { 0, 0 }, 0 };
	uint32_t always = 1 + p->t->root.frame_rules, *most = &p->t->stats.nesting_max[p->side];

	if (!*most)
		*most = always;
	if (fw_vec_push(map->b, map->n, map->cap, b))
		return -ENOMEM;
	for (size_t i = 0; i < ev->n;) {
		b.start = ev->e[i].at;
		for (; i < ev->n && !fw_addr_cmp(ev->e[i].at, b.start); i++)
			if (active_apply(&active, &ev->e[i], p->limit))
				return refuse_nesting(p, &ev->e[i], family);
		if (active.n + always > *most)
			*most = active.n + always;
		if (draft_intern(&p->out->drafts, active.id, active.n, active.hash, &b.class))
			return -ENOMEM;

		struct boundary *last = &map->b[map->n - 1];

		if (!fw_addr_cmp(last->start, b.start))
			last->class = b.class;
		else if (last->class != b.class && fw_vec_push(map->b, map->n, map->cap, b))
			return -ENOMEM;
	}
	return 0;
}

int identities_number(struct fw_tables *t, int side, const struct fw_lowered *l)
{
	struct side *s = &t->side[side];

	s->naddrs = l->book->naddrs;
	s->identity_of = malloc(s->naddrs * sizeof(uint32_t));
	if (!s->identity_of)
		return -ENOMEM;
	memset(s->identity_of, 0xff, s->naddrs * sizeof(uint32_t));
	s->identity_of[FW_ANY] = FW_IDENTITY_ANY;
	for (uint32_t id = FW_IDENTITY_ANY; id <= FW_IDENTITY_FRAME; id++)
		if (fw_vec_push(s->ids, s->nids, s->ids_cap, (struct identity){ .addrs = FW_ANY }))
			return -ENOMEM;
	for (uint32_t i = 0; i < l->from.n; i++) {
		uint32_t addrs = side == SRC ? l->instances[i]->src : l->instances[i]->dst;

		if (s->identity_of[addrs] == NO_IDENTITY) {
			if (s->nids == t->identities_max)
				return tables_refuse(&l->from, t->ds, l->instances[i], "put them into sets",
						     "more than %u different %s addresses",
						     t->identities_max - FW_IDENTITIES_FIXED,
						     side == SRC ? "source" : "destination");
			s->identity_of[addrs] = (uint32_t)s->nids;
			if (fw_vec_push(s->ids, s->nids, s->ids_cap, (struct identity){ .addrs = addrs }))
				return -ENOMEM;
		}
		s->ids[s->identity_of[addrs]].refs++;
	}
	return 0;
}

static int side_map(const struct pass *p, enum fw_family family)
{
	struct events ev = { 0 };
	const struct side *s = &p->t->side[p->side];
	int err = events_collect(p->l->book, s, family, false, &ev);

	if (!err)
		err = events_collect(p->l->book, s, family, true, &ev);
	if (!err)
		err = events_sort(&ev);
	if (!err)
		err = sweep_family(p, family, &ev);
	free(ev.e);
	return err;
}

int classes_sweep(struct fw_tables *t, int side, const struct fw_lowered *l, struct sweep *out, struct fw_diags *ds)
{
	const struct pass p = { t, l, side, out, ds, FW_CLASS_MAX - 1 - t->root.frame_rules };
	uint32_t empty;
	int err = draft_intern(&out->drafts, NULL, 0, 0, &empty);

	if (!err)
		err = side_map(&p, FW_IP4);
	return err ? err : side_map(&p, FW_IP6);
}

void sweep_free(struct sweep *s)
{
	free(s->drafts.c);
	free(s->drafts.ids);
	free(s->drafts.slots);
	free(s->map[FW_IP4].b);
	free(s->map[FW_IP6].b);
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * From address expressions to identities, and from identities to classes: a
 * sweep over the address space that keeps the list of identities that contain
 * the current address, and notes where it changes.
 */
#include "tables.h"

#include <arpa/inet.h>
#include <endian.h>
#include <string.h>

/* An identity begins or ends at an address. Ends stand before starts in the input, and sorting keeps that at equal addresses. */
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

/* Radix sort from the lowest byte up; bytes that are the same everywhere cost one look. */
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

/* The ranges of an expression; only what needs memory of its own is put into @owned. */
static int expression_ranges(const struct fw_ruleset *rs, uint32_t number, const struct fw_addr_range **r, size_t *n,
			     struct fw_addr_range **owned)
{
	const struct fw_addrs *e = &rs->addrs[number];
	int err;

	if (!e->negated && !e->nsets) {
		*r = e->ranges;
		*n = e->nranges;
		return 0;
	}
	err = fw_addrs_ranges(rs, number, owned, n);
	*r = *owned;
	return err;
}

/* The starts (or the ends) of all identities of a side in one family. */
static int events_collect(const struct fw_ruleset *rs, const struct side *side, enum fw_family family, bool start,
			  struct events *ev)
{
	for (uint32_t id = FW_IDENTITY_FRAME + 1; id < side->nidentities; id++) {
		fw_autofree struct fw_addr_range *owned = NULL;
		const struct fw_addr_range *r;
		size_t n;
		int err = expression_ranges(rs, side->addrs_of[id], &r, &n, &owned);

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

static int classes_grow(struct classes *cs)
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

/* The number of the class with these identities (ascending); @hash is a function of them as a set. */
static int class_intern(struct classes *cs, const uint32_t *ids, uint32_t n, uint64_t hash, uint32_t *number)
{
	if (cs->n * 2 >= cs->nslots && classes_grow(cs))
		return -ENOMEM;

	size_t at = hash & (cs->nslots - 1);

	for (; cs->slots[at]; at = (at + 1) & (cs->nslots - 1)) {
		const struct class *c = &cs->c[cs->slots[at] - 1];

		if (c->hash == hash && c->n == n && !memcmp(cs->ids + c->first, ids, n * sizeof(*ids))) {
			*number = cs->slots[at] - 1;
			return 0;
		}
	}

	struct class new = { .first = (uint32_t)cs->nids, .n = n, .hash = hash };

	for (uint32_t i = 0; i < n; i++)
		if (fw_vec_push(cs->ids, cs->nids, cs->ids_cap, ids[i]))
			return -ENOMEM;
	if (fw_vec_push(cs->c, cs->n, cs->cap, new))
		return -ENOMEM;
	cs->slots[at] = (uint32_t)cs->n;
	*number = (uint32_t)cs->n - 1;
	return 0;
}

/* The sweep's state: identities that contain the current address, ascending. */
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

/* Says which rule first names the identity that is one too many. */
static int refuse_nesting(const struct compilation *c, int side, const struct event *e, enum fw_family family)
{
	uint32_t addrs = c->side[side].addrs_of[e->identity], i = 0;
	char where[INET6_ADDRSTRLEN] = "";
	uint64_t wire[2] = { htobe64(e->at.hi), htobe64(e->at.lo) };

	inet_ntop(family == FW_IP4 ? AF_INET : AF_INET6, wire, where, sizeof(where));
	while (i < c->rs->nrules && (side == SRC ? c->rs->rules[i]->src : c->rs->rules[i]->dst) != addrs)
		i++;
	refuse_rule(c, i,
		    "merge nested prefixes or put them into one set, which counts once however many elements it has",
		    "the %s address is one prefix or set too many around %s: at most %u may contain one address",
		    side == SRC ? "source" : "destination", where, (unsigned)(FW_CLASS_MAX - 1 - c->frame_rules));
	return -E2BIG;
}

static int sweep(struct compilation *c, int side, enum fw_family family, const struct events *ev)
{
	struct side *s = &c->side[side];
	struct boundaries *map = &s->map[family];
	struct active active = { .n = 0 };
	uint32_t limit = FW_CLASS_MAX - 1 - c->frame_rules;
	struct boundary b = { { 0, 0 }, 0 };

	if (!s->nesting_max)
		s->nesting_max = 1 + c->frame_rules;
	if (fw_vec_push(map->b, map->n, map->cap, b))
		return -ENOMEM;
	for (size_t i = 0; i < ev->n;) {
		b.start = ev->e[i].at;
		for (; i < ev->n && !fw_addr_cmp(ev->e[i].at, b.start); i++)
			if (active_apply(&active, &ev->e[i], limit))
				return refuse_nesting(c, side, &ev->e[i], family);
		if (active.n + 1 + c->frame_rules > s->nesting_max)
			s->nesting_max = active.n + 1 + c->frame_rules;
		if (class_intern(&s->classes, active.id, active.n, active.hash, &b.class))
			return -ENOMEM;

		struct boundary *last = &map->b[map->n - 1];

		if (!fw_addr_cmp(last->start, b.start))
			last->class = b.class;
		else if (last->class != b.class && fw_vec_push(map->b, map->n, map->cap, b))
			return -ENOMEM;
	}
	return 0;
}

/* Numbers the address expressions that rules name on this side. */
static int side_number(struct compilation *c, int side)
{
	const struct fw_ruleset *rs = c->rs;
	struct side *s = &c->side[side];

	s->identity_of = malloc(rs->naddrs * sizeof(uint32_t));
	s->addrs_of = malloc((rs->naddrs + 2) * sizeof(uint32_t));
	if (!s->identity_of || !s->addrs_of)
		return -ENOMEM;
	memset(s->identity_of, 0xff, rs->naddrs * sizeof(uint32_t));
	s->identity_of[FW_ANY] = FW_IDENTITY_ANY;
	s->addrs_of[FW_IDENTITY_ANY] = FW_ANY;
	s->addrs_of[FW_IDENTITY_FRAME] = FW_ANY;
	s->nidentities = FW_IDENTITY_FRAME + 1;
	for (uint32_t i = 0; i < rs->nrules; i++) {
		uint32_t addrs = side == SRC ? rs->rules[i]->src : rs->rules[i]->dst;

		if (s->identity_of[addrs] != NO_IDENTITY)
			continue;
		if (s->nidentities == FW_IDENTITIES_MAX)
			return refuse_rule(c, i, NULL, "more than %u different %s addresses", FW_IDENTITIES_MAX - 2,
					   side == SRC ? "source" : "destination");
		s->identity_of[addrs] = s->nidentities;
		s->addrs_of[s->nidentities++] = addrs;
	}
	s->signature = calloc(s->nidentities, sizeof(*s->signature));
	return s->signature ? 0 : -ENOMEM;
}

static int side_map(struct compilation *c, int side, enum fw_family family)
{
	struct events ev = { 0 };
	int err = events_collect(c->rs, &c->side[side], family, false, &ev);

	if (!err)
		err = events_collect(c->rs, &c->side[side], family, true, &ev);
	if (!err)
		err = events_sort(&ev);
	if (!err)
		err = sweep(c, side, family, &ev);
	free(ev.e);
	return err;
}

int identities_build(struct compilation *c)
{
	int err = 0;

	for (int side = SRC; !err && side <= DST; side++) {
		uint32_t empty;

		err = side_number(c, side);
		if (!err)
			err = class_intern(&c->side[side].classes, NULL, 0, 0, &empty);
		if (!err)
			err = side_map(c, side, FW_IP4);
		if (!err)
			err = side_map(c, side, FW_IP6);
		c->stats.identities[side] = c->side[side].nidentities - 1 - !c->frame_rules;
		c->stats.classes[side] = c->side[side].classes.n;
		c->stats.nesting_max[side] = c->side[side].nesting_max;
	}
	return err;
}

// SPDX-License-Identifier: GPL-2.0-only
/* The rules of each shape. Where they must not overlap, they are made of prefixes and port ranges that do not. */
#include "tests/perf/peers/work_parts.h"

#include <netinet/in.h>
#include <string.h>

/* The last /8 on either side is kept for rules that are added. */
#define EXTRA_SRC 0x7e000000u
#define EXTRA_DST 0xa8000000u
/* In a hot pair: destination ports of rules that are added; the others begin at the second. */
#define EXTRA_PORTS 0xff00u
#define FIRST_PORT 256u

struct prefix {
	uint32_t addr;
	uint8_t len;
};

struct zone {
	uint32_t lo, hi;
};
static const struct zone sources = { WORK_SRC_NET, EXTRA_SRC - 1 }, destinations = { WORK_DST_NET, EXTRA_DST - 1 };

/* Lengths from lo to hi, so many of a thousand; what is left over: the row of 0. */
struct lengths {
	uint16_t share;
	uint8_t lo, hi;
};

static unsigned length_draw(const struct lengths *l, struct fw_random *r)
{
	unsigned at = work_between(r, 0, 999);

	for (; l->share && at >= l->share; l++)
		at -= l->share;
	return work_between(r, l->lo, l->hi);
}

static int prefix_compare(const void *a, const void *b)
{
	const struct prefix *x = a, *y = b;

	return x->addr != y->addr ? (x->addr < y->addr ? -1 : 1) : x->len - y->len;
}

static bool prefix_covers(struct prefix p, uint32_t addr)
{
	return !((p.addr ^ addr) & work_mask(p.len));
}

static struct prefix prefix_draw(const struct zone *z, unsigned len, struct fw_random *r)
{
	return (struct prefix){ work_between(r, z->lo, z->hi) & work_mask(len), (uint8_t)len };
}

/* Those that no other covers: how many. */
static size_t disjoin(struct prefix *p, size_t n)
{
	size_t kept = 0;

	qsort(p, n, sizeof(*p), prefix_compare);
	for (size_t i = 0; i < n; i++)
		if (!kept || !prefix_covers(p[kept - 1], p[i].addr))
			p[kept++] = p[i];
	return kept;
}

static void shuffle(void *base, size_t n, size_t size, struct fw_random *r)
{
	uint8_t *at = base, other[sizeof(struct work_rule)];

	for (size_t i = n; i > 1; i--) {
		size_t j = work_between(r, 0, (uint32_t)i - 1);

		memcpy(other, at + (i - 1) * size, size);
		memcpy(at + (i - 1) * size, at + j * size, size);
		memcpy(at + j * size, other, size);
	}
}

/* @n prefixes that do not overlap, in no order; free() them. NULL: memory is out. */
static struct prefix *prefixes_disjoint(const struct zone *z, const struct lengths *l, size_t n, struct fw_random *r)
{
	size_t room = n + n / 2 + 64, have = 0;
	struct prefix *p = malloc(room * sizeof(*p));

	if (!p)
		return NULL;
	while (have < n) {
		while (have < room)
			p[have++] = prefix_draw(z, length_draw(l, r), r);
		have = disjoin(p, have);
	}
	shuffle(p, have, sizeof(*p), r);
	return p;
}

static const struct work_rule any_rule = { .sport = { 0, UINT16_MAX }, .dport = { 0, UINT16_MAX } };

static int blocklist_make(struct work *w, struct fw_random *r)
{
	static const struct lengths lengths[] = {
		{ 720, 32, 32 }, { 80, 25, 31 }, { 180, 24, 24 }, { 19, 17, 23 }, { 0, 16, 16 }
	};
	fw_autofree struct prefix *p = prefixes_disjoint(&sources, lengths, w->n, r);

	if (!p)
		return -ENOMEM;
	w->accept = true;
	for (size_t i = 0; i < w->n; i++) {
		w->rules[i] = any_rule;
		w->rules[i].src = p[i].addr;
		w->rules[i].src_len = p[i].len;
	}
	return 0;
}

/* Services: none overlaps another. */
static const struct service {
	uint8_t proto;
	uint16_t lo, hi;
} services[] = {
	{ IPPROTO_TCP, 22, 22 },       { IPPROTO_TCP, 25, 25 },       { IPPROTO_TCP, 53, 53 },
	{ IPPROTO_TCP, 80, 80 },       { IPPROTO_TCP, 110, 110 },     { IPPROTO_TCP, 143, 143 },
	{ IPPROTO_TCP, 389, 389 },     { IPPROTO_TCP, 443, 443 },     { IPPROTO_TCP, 587, 587 },
	{ IPPROTO_TCP, 993, 995 },     { IPPROTO_TCP, 1433, 1434 },   { IPPROTO_TCP, 1521, 1521 },
	{ IPPROTO_TCP, 3306, 3306 },   { IPPROTO_TCP, 3389, 3389 },   { IPPROTO_TCP, 5432, 5432 },
	{ IPPROTO_TCP, 5900, 5910 },   { IPPROTO_TCP, 6379, 6379 },   { IPPROTO_TCP, 8000, 8099 },
	{ IPPROTO_TCP, 8443, 8443 },   { IPPROTO_TCP, 9200, 9300 },   { IPPROTO_TCP, 11211, 11211 },
	{ IPPROTO_TCP, 27017, 27019 }, { IPPROTO_TCP, 49152, 65535 }, { IPPROTO_UDP, 53, 53 },
	{ IPPROTO_UDP, 123, 123 },     { IPPROTO_UDP, 161, 162 },     { IPPROTO_UDP, 514, 514 },
	{ IPPROTO_UDP, 1812, 1813 },   { IPPROTO_UDP, 4500, 4500 },   { IPPROTO_UDP, 5060, 5061 },
	{ IPPROTO_UDP, 16384, 32767 },
};
#define NSERVICES (sizeof(services) / sizeof(services[0]))

/* Any order that is the same everywhere. */
_Static_assert(sizeof(struct work_rule) == 20, "there are no bytes between the members");
static int rule_compare(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct work_rule));
}

static size_t rules_distinct(struct work_rule *rules, size_t n)
{
	size_t kept = 0;

	qsort(rules, n, sizeof(*rules), rule_compare);
	for (size_t i = 0; i < n; i++)
		if (!kept || rule_compare(&rules[kept - 1], &rules[i]))
			rules[kept++] = rules[i];
	return kept;
}

static void policy_rule(struct work_rule *out, struct prefix src, struct prefix dst, const struct service *s)
{
	*out = any_rule;
	out->src = src.addr;
	out->src_len = src.len;
	out->dst = dst.addr;
	out->dst_len = dst.len;
	out->proto = s->proto;
	out->accept = true;
	out->dport[0] = s->lo;
	out->dport[1] = s->hi;
}

/* A company's policy: rules of disjoint clients, servers and services, all different, in random order. 0 or -ENOMEM. */
static int policy_make(struct work *w, struct fw_random *r)
{
	static const struct lengths clients[] = { { 400, 32, 32 }, { 400, 24, 24 }, { 190, 25, 31 }, { 0, 20, 22 } };
	static const struct lengths servers[] = { { 700, 32, 32 }, { 200, 28, 30 }, { 0, 24, 24 } };
	size_t n = w->n / 4 + 4, room = w->n + w->n / 4 + 64, have = 0;
	fw_autofree struct prefix *src = prefixes_disjoint(&sources, clients, n, r);
	fw_autofree struct prefix *dst = prefixes_disjoint(&destinations, servers, n, r);
	fw_autofree struct work_rule *rules = malloc(room * sizeof(*rules));

	if (!src || !dst || !rules)
		return -ENOMEM;
	while (have < w->n) {
		for (; have < room; have++)
			policy_rule(&rules[have], src[work_between(r, 0, (uint32_t)n - 1)],
				    dst[work_between(r, 0, (uint32_t)n - 1)],
				    &services[work_between(r, 0, NSERVICES - 1)]);
		have = rules_distinct(rules, have);
	}
	shuffle(rules, have, sizeof(*rules), r);
	memcpy(w->rules, rules, w->n * sizeof(*rules));
	return 0;
}

/* Prefixes inside prefixes: each one is a root, or continues one before it. */
static struct prefix *prefixes_nested(const struct zone *z, size_t n, struct fw_random *r)
{
	static const struct lengths roots[] = { { 500, 16, 16 }, { 0, 12, 12 } };
	static const uint8_t steps[] = { 16, 20, 24, 28, 32 };
	struct prefix *p = malloc(n * sizeof(*p));

	for (size_t i = 0; p && i < n; i++) {
		p[i] = prefix_draw(z, length_draw(roots, r), r);
		if (i < 2 || fw_random_percent(r, 5))
			continue;

		struct prefix outer = p[work_between(r, 0, (uint32_t)i - 1)];
		uint8_t len = steps[work_between(r, 0, sizeof(steps) - 1)];

		if (len > outer.len)
			p[i] = (struct prefix){
				work_between(r, outer.addr, outer.addr | ~work_mask(outer.len)) & work_mask(len), len
			};
	}
	return p;
}

/* Protocol and ports of a rule, in about the shares that ClassBench's seeds have. */
static void classbench_ports(struct work_rule *rule, struct fw_random *r)
{
	static const uint16_t known[] = { 21, 22, 23, 25, 53, 80, 110, 123, 143, 161, 389, 443, 445, 514, 993, 1433 };
	unsigned kind = work_between(r, 0, 99);
	uint16_t a = (uint16_t)work_between(r, 1, UINT16_MAX), b = (uint16_t)work_between(r, 1, UINT16_MAX);

	if (kind < 20)
		return;
	rule->proto = fw_random_percent(r, 70) ? IPPROTO_TCP : IPPROTO_UDP;
	if (fw_random_percent(r, 10))
		rule->sport[0] = 1024;
	if (kind < 60) {
		rule->dport[0] = rule->dport[1] = known[work_between(r, 0, sizeof(known) / sizeof(known[0]) - 1)];
	} else if (kind < 75) {
		rule->dport[0] = rule->dport[1] = a;
	} else if (kind < 85) {
		rule->dport[0] = 1024;
	} else {
		rule->dport[0] = a < b ? a : b;
		rule->dport[1] = a < b ? b : a;
	}
}

/* Few addresses before many, as people write them, except for those placed elsewhere. */
static int classbench_compare(const void *a, const void *b)
{
	const struct work_rule *x = a, *y = b;
	int bits = y->src_len + y->dst_len - x->src_len - x->dst_len;

	return bits ? bits : rule_compare(a, b);
}

/* Rules with nested prefixes, most specific first, but for one in ten that has been exchanged. 0 or -ENOMEM. */
static int classbench_make(struct work *w, struct fw_random *r)
{
	size_t n = w->n / 4 + 8;
	fw_autofree struct prefix *src = prefixes_nested(&sources, n, r), *dst = prefixes_nested(&destinations, n, r);

	if (!src || !dst)
		return -ENOMEM;
	for (size_t i = 0; i < w->n; i++) {
		struct work_rule *rule = &w->rules[i];
		struct prefix s = src[work_between(r, 0, (uint32_t)n - 1)],
			      d = dst[work_between(r, 0, (uint32_t)n - 1)];
		unsigned any = work_between(r, 0, 9);

		*rule = any_rule;
		/* Without an address on one side, the other one says more. */
		if (any != 0 || d.len < 24)
			rule->src = s.addr, rule->src_len = s.len;
		if (any != 1 || s.len < 24)
			rule->dst = d.addr, rule->dst_len = d.len;
		rule->accept = fw_random_percent(r, 60);
		classbench_ports(rule, r);
	}
	qsort(w->rules, w->n, sizeof(*w->rules), classbench_compare);
	for (size_t i = 0; i < w->n / 20; i++) {
		struct work_rule *x = &w->rules[work_between(r, 0, (uint32_t)w->n - 1)];
		struct work_rule *y = &w->rules[work_between(r, 0, (uint32_t)w->n - 1)];
		struct work_rule other = *x;

		*x = *y;
		*y = other;
	}
	return 0;
}

/* The ports of two protocols as a grid of cells; a rule lies in a cell that no other lies in. */
struct grid {
	uint32_t width, columns, slices; /* of a cell in destination ports; cells of a row; of all source ports */
};

static struct grid grid_of(size_t n)
{
	struct grid g = { 256, 0, 1 };

	while (g.width > 4 && (EXTRA_PORTS - FIRST_PORT) / g.width < n)
		g.width /= 2;
	g.columns = (EXTRA_PORTS - FIRST_PORT) / g.width;
	while ((uint64_t)g.columns * g.slices < n)
		g.slices *= 2;
	return g;
}

static struct work_rule hotpair_rule(const struct grid *g, uint32_t cell, struct fw_random *r)
{
	uint32_t slice = cell / 2 / g->columns, first = FIRST_PORT + cell / 2 % g->columns * g->width, lo, hi,
		 size = 65536 / g->slices;

	lo = work_between(r, first, first + g->width - 1);
	hi = fw_random_percent(r, 40) ? lo : work_between(r, lo, first + g->width - 1);
	return (struct work_rule){
		.src = 0x14000000,
		.src_len = 8,
		.dst = 0x82010000,
		.dst_len = 16,
		.proto = cell % 2 ? IPPROTO_UDP : IPPROTO_TCP,
		.accept = true,
		.sport = { (uint16_t)(slice * size), (uint16_t)(slice * size + size - 1) },
		.dport = { (uint16_t)lo, (uint16_t)hi },
	};
}

static int hotpair_make(struct work *w, struct fw_random *r)
{
	struct grid g = grid_of(w->n);
	size_t ncells = (size_t)2 * g.columns * g.slices;
	fw_autofree uint32_t *cells = malloc(ncells * sizeof(*cells));

	if (!cells)
		return -ENOMEM;
	for (size_t i = 0; i < ncells; i++)
		cells[i] = (uint32_t)i;
	shuffle(cells, ncells, sizeof(*cells), r);
	for (size_t i = 0; i < w->n; i++)
		w->rules[i] = hotpair_rule(&g, cells[i], r);
	return 0;
}

static int (*const make[WORK_SHAPES])(struct work *w, struct fw_random *r) = {
	[WORK_BLOCKLIST] = blocklist_make,
	[WORK_POLICY] = policy_make,
	[WORK_CLASSBENCH] = classbench_make,
	[WORK_HOTPAIR] = hotpair_make,
};

int work_rules_make(struct work *w, struct fw_random *r)
{
	return make[w->shape](w, r);
}

struct work_rule work_extra(const struct work *w, size_t i)
{
	struct work_rule rule = any_rule;

	rule.src = EXTRA_SRC + 1 + (uint32_t)i * 3;
	rule.src_len = 32;
	if (w->shape == WORK_BLOCKLIST)
		return rule;
	rule.accept = true;
	rule.proto = IPPROTO_TCP;
	rule.dst = EXTRA_DST + 1 + (uint32_t)i * 5;
	rule.dst_len = 32;
	rule.dport[0] = rule.dport[1] = 443;
	if (w->shape == WORK_HOTPAIR) {
		struct grid g = { 256, 1, 1 };
		struct fw_random r = { 0 };

		rule = hotpair_rule(&g, 0, &r);
		rule.dport[0] = rule.dport[1] = (uint16_t)(EXTRA_PORTS + i);
	}
	return rule;
}

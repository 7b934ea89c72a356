// SPDX-License-Identifier: GPL-2.0-only
/*
 * Rulesets like those of real firewalls: nested prefixes, a few services that
 * recur, many rules on a few wildcard pairs, sets, both families. Every rule can
 * match some packet.
 */
#include "tools/fwgen/gen.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#define LEVELS 5
#define SETS_MAX 24
#define WIDE_LEVEL 3      /* of the prefixes that become ranges and elements of sets */
#define SET_ELEMENTS 1000 /* of one level and family, at most */

struct prefix {
	struct fw_addr addr;
	uint8_t len;
};

/*
 * Prefixes of a family by level. Each is inside a prefix of the level before, and
 * all those inside the same prefix have the same length, so an address is in few
 * of them, as with real firewalls.
 */
struct tree {
	struct prefix *level[LEVELS];
	size_t n[LEVELS];
	enum fw_family family;
};

/* The kinds of addresses that a rule has, by weight in percent. */
enum kind { KIND_PAIR, KIND_SOURCE, KIND_DESTINATION, KIND_HOT, KIND_SET, KIND_LIST, KIND_NOT, NKINDS };

struct shape {
	const char *name;
	enum kind usual; /* replaces kinds that have reached their limit */
	uint8_t weight[NKINDS];
	uint8_t any_service;                      /* percent of the rules that match only addresses */
	uint8_t random_port;                      /* percent of the port matches that are one random port */
	uint16_t source_share, destination_share; /* rules per prefix */
	uint16_t few;                             /* the least number of prefixes */
};

static const struct shape shapes[] = {
	{ "server", KIND_DESTINATION, { 28, 12, 40, 10, 8, 1, 1 }, 8, 20, 3, 50, 16 },
	{ "edge", KIND_PAIR, { 62, 12, 10, 6, 6, 3, 1 }, 15, 30, 2, 2, 32 },
	{ "blocklist", KIND_SOURCE, { 4, 88, 2, 2, 2, 1, 1 }, 92, 10, 1, 500, 8 },
	{ "hotpair", KIND_DESTINATION, { 2, 2, 88, 4, 2, 1, 1 }, 1, 80, 2000, 50000, 8 },
};

struct gen {
	struct fw_random rng;
	const struct shape *shape;
	struct tree tree[2][FW_NFAMILIES]; /* [source, destination] */
	enum fw_family set_family[SETS_MAX];
	unsigned nsets, v6;
	unsigned rules[NKINDS]; /* of each kind so far */
	bool wide;              /* the rule being written has no address, or a wide one */
	bool late;              /* it is one of the last, where firewalls have broad rules */
};

static const uint8_t level_len[FW_NFAMILIES][LEVELS] = {
	[FW_IP4] = { 11, 16, 20, 24, 32 },
	[FW_IP6] = { 29, 36, 48, 56, 128 },
};

const char *gen_addr_text(enum fw_family family, struct fw_addr addr, char *text)
{
	uint32_t w[4] = { htonl((uint32_t)(addr.hi >> 32)), htonl((uint32_t)addr.hi), htonl((uint32_t)(addr.lo >> 32)),
			  htonl((uint32_t)addr.lo) };

	return inet_ntop(family == FW_IP4 ? AF_INET : AF_INET6, w, text, GEN_ADDR_TEXT);
}

struct fw_addr gen_host_mask(enum fw_family family, unsigned len)
{
	struct fw_addr m = { len >= 64 ? 0 : ~0ull >> len, len >= 128 ? 0 : len <= 64 ? ~0ull : ~0ull >> (len - 64) };

	if (family == FW_IP4)
		m = (struct fw_addr){ m.hi & 0xffffffff00000000ull, 0 };
	return m;
}

/* A prefix of @level, up to 2 bits longer than that level's length, inside @parent (NULL: anywhere). */
static struct prefix prefix_make(struct fw_random *r, enum fw_family family, unsigned level,
				 const struct prefix *parent)
{
	unsigned base = level_len[family][level];
	unsigned longer = level == LEVELS - 1 || !parent ? 0 : (unsigned)(fw_mix64(parent->addr.hi) % 3);
	unsigned len = base + longer;
	struct fw_addr addr = { fw_random_next(r), fw_random_next(r) };
	struct fw_addr host = gen_host_mask(family, len);

	if (parent) {
		struct fw_addr room = gen_host_mask(family, parent->len);

		addr.hi = parent->addr.hi | (addr.hi & room.hi);
		addr.lo = parent->addr.lo | (addr.lo & room.lo);
	} else if (family == FW_IP6) {
		addr.hi = (addr.hi >> 3) | 0x2000000000000000ull;
	} else { /* 1.0.0.0 to 223.255.255.255 */
		addr.hi = (addr.hi & 0x00ffffff00000000ull) | (fw_random_below(r, 223) + 1) << 56;
		addr.lo = 0;
	}
	return (struct prefix){ { addr.hi & ~host.hi, addr.lo & ~host.lo }, (uint8_t)len };
}

static int tree_make(struct fw_random *r, enum fw_family family, size_t count, struct tree *t)
{
	const size_t n[LEVELS] = { 4 + count / 8192, 4 + count / 256, 4 + count / 8, SETS_MAX + count / 2,
				   SETS_MAX + count / 2 };

	t->family = family;
	for (unsigned l = 0; l < LEVELS; l++) {
		t->level[l] = calloc(n[l], sizeof(*t->level[l]));
		if (!t->level[l])
			return -ENOMEM;
		t->n[l] = n[l];
		for (size_t i = 0; i < n[l]; i++) {
			const struct prefix *parent = l ? &t->level[l - 1][fw_random_below(r, n[l - 1])] : NULL;

			t->level[l][i] = prefix_make(r, family, l, parent);
		}
	}
	return 0;
}

static void tree_free(struct tree *t)
{
	for (unsigned l = 0; l < LEVELS; l++)
		free(t->level[l]);
}

/* Picks a prefix; most are long. Sets @level to its level. */
static const struct prefix *tree_pick(struct fw_random *r, const struct tree *t, unsigned *level)
{
	size_t n = 0;

	for (unsigned l = 0; l < LEVELS; l++)
		n += t->n[l];
	n = fw_random_below(r, n);
	for (*level = 0; n >= t->n[*level]; ++*level)
		n -= t->n[*level];
	return &t->level[*level][n];
}

static void print_prefix(enum fw_family family, const struct prefix *p)
{
	char text[GEN_ADDR_TEXT];

	fputs(gen_addr_text(family, p->addr, text), stdout);
	if (p->len != (family == FW_IP4 ? 32 : 128))
		printf("/%u", p->len);
}

/* Prints the first half of a prefix without its last address: a range that is no prefix. */
static void print_range(enum fw_family family, const struct prefix *p)
{
	uint64_t unit = family == FW_IP4 ? 1ull << 32 : 1;
	uint64_t half = (gen_host_mask(family, p->len).hi >> 1) & -unit;
	struct fw_addr last = { p->addr.hi + half - unit, p->addr.lo };
	char text[GEN_ADDR_TEXT];

	printf("%s-", gen_addr_text(family, p->addr, text));
	fputs(gen_addr_text(family, last, text), stdout);
}

static void print_addresses(struct gen *g, const struct tree *t)
{
	unsigned level;
	const struct prefix *p = tree_pick(&g->rng, t, &level);

	if (level >= WIDE_LEVEL)
		g->wide = false;
	if (level == WIDE_LEVEL && fw_random_percent(&g->rng, 3))
		print_range(t->family, p);
	else
		print_prefix(t->family, p);
}

/* Prints hosts that are neighbours in the tree, so that no address is in many lists. */
static void print_list(struct gen *g, const struct tree *t)
{
	size_t n = t->n[LEVELS - 1], first = fw_random_below(&g->rng, n / 4) * 4;

	g->wide = false;
	fputs("{ ", stdout);
	for (unsigned i = 0; i < 2 + first % 3; i++) {
		fputs(i ? ", " : "", stdout);
		print_prefix(t->family, &t->level[LEVELS - 1][first + i]);
	}
	fputs(" }", stdout);
}

/* Prints the only `not` of the family: it contains nearly every address, so there cannot be many. */
static void print_not(enum fw_family family)
{
	fputs(family == FW_IP4 ? "not { 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16 }" : "not { fd00::/8, fe80::/10 }",
	      stdout);
}

/* @dir: 0 source, 1 destination. */
static void print_side(struct gen *g, int dir, enum fw_family family, enum kind kind)
{
	const struct tree *t = &g->tree[dir][family];
	unsigned set = g->nsets ? (unsigned)fw_random_below(&g->rng, g->nsets) : 0;

	fputs(dir ? " to " : " from ", stdout);
	if (kind == KIND_SET && g->nsets && (g->set_family[set] == family || g->set_family[set] == FW_FAMILY_NONE))
		printf("@s%u", set);
	else if (kind == KIND_LIST)
		print_list(g, t);
	else if (kind == KIND_NOT)
		print_not(family);
	else
		print_addresses(g, t);
}

static void print_sides(struct gen *g, enum fw_family family, enum kind kind)
{
	bool source = kind == KIND_PAIR || kind == KIND_SOURCE || kind >= KIND_SET;
	bool destination = kind == KIND_PAIR || kind == KIND_DESTINATION ||
			   (kind >= KIND_SET && fw_random_percent(&g->rng, 50));

	if (source)
		print_side(g, 0, family, kind);
	if (destination)
		print_side(g, 1, family, KIND_PAIR);
}

/* An early rule with such addresses gets a narrow service: otherwise it would shadow all rules after it. */
static bool catches_much(const struct gen *g)
{
	return g->wide && !g->late;
}

static void print_ports(struct gen *g, const char *keyword)
{
	static const uint16_t known[] = { 22,   25,   53,   80,   110,  123,  143,  161,  389,  443,
					  445,  465,  514,  587,  636,  853,  993,  995,  1433, 1521,
					  3306, 3389, 5060, 5432, 6379, 8080, 8443, 9092, 9100, 27017 };
	static const char *const ranges[] = { "0-1023",           "1024-65535",       "1024-4999",   "5000-5099",
					      "6000-6063",        "6881-6889",        "8000-8099",   "16384-32767",
					      "30000-32767",      "32768-60999",      "49152-65535", "{ 80, 443 }",
					      "{ 25, 465, 587 }", "{ 137-139, 445 }", "not 0-1023",  "not 53" };
	unsigned x = (unsigned)fw_random_below(&g->rng, 100);

	if (x < g->shape->random_port)
		printf(" %s %u", keyword, (unsigned)fw_random_below(&g->rng, 65536));
	else if (x < g->shape->random_port + 18u && !catches_much(g))
		printf(" %s %s", keyword, ranges[fw_random_below(&g->rng, sizeof(ranges) / sizeof(*ranges))]);
	else
		printf(" %s %u", keyword, known[fw_random_below(&g->rng, sizeof(known) / sizeof(*known))]);
}

static void print_tcp_udp(struct gen *g, const char *proto)
{
	static const char *const flags[] = { "syn/syn,ack,fin,rst", "ack/ack", "rst/rst", "fin/syn,fin" };

	printf(" proto %s", proto);
	if (fw_random_percent(&g->rng, 6))
		print_ports(g, "sport");
	if (catches_much(g) || fw_random_percent(&g->rng, 96))
		print_ports(g, "dport");
	if (!strcmp(proto, "tcp") && fw_random_percent(&g->rng, 4))
		printf(" flags %s", flags[fw_random_below(&g->rng, sizeof(flags) / sizeof(*flags))]);
}

/* If both addresses are `any`, only protocols that both families have. */
static void print_other(struct gen *g, enum fw_family family)
{
	static const char *const icmp4[] = { "", " icmp-type echo-request", " icmp-type 3", " icmp-type 3 icmp-code 4",
					     " icmp-type { 0, 11-12 }" };
	static const char *const icmp6[] = { "", " icmp6-type 128", " icmp6-type 133-137",
					     " icmp6-type 1 icmp6-code 4" };
	static const char *const protos[] = { "50", "47", "89", "112", "sctp dport 3868", "udplite", "dccp" };
	unsigned x = (unsigned)fw_random_below(&g->rng, 100);

	if (x < 60 && family == FW_IP6)
		printf(" proto icmp6%s", icmp6[fw_random_below(&g->rng, sizeof(icmp6) / sizeof(*icmp6))]);
	else if (x < 60)
		printf(" proto icmp%s", icmp4[fw_random_below(&g->rng, sizeof(icmp4) / sizeof(*icmp4))]);
	else
		printf(" proto %s", protos[fw_random_below(&g->rng, sizeof(protos) / sizeof(*protos))]);
}

static void print_service(struct gen *g, enum fw_family family)
{
	unsigned x = (unsigned)fw_random_below(&g->rng, 100);

	if (x < 66)
		print_tcp_udp(g, "tcp");
	else if (x < 94)
		print_tcp_udp(g, "udp");
	else
		print_other(g, family);
}

static void print_extras(struct gen *g)
{
	static const char *const extras[] = { " frag no",          " dscp 46", " dscp { 10, 12, 14 }", " length 0-128",
					      " length 1200-1500", " vlan 10", " vlan 100-199" };

	if (fw_random_percent(&g->rng, 4))
		fputs(extras[fw_random_below(&g->rng, sizeof(extras) / sizeof(*extras))], stdout);
}

/* Prints the hook and the interface, which precede the addresses. */
static void print_where(struct gen *g)
{
	static const char *const ifaces[] = { "eth0", "eth1", "wan0", "{ eth0, eth1 }", "not lan0" };
	unsigned x = (unsigned)fw_random_below(&g->rng, 100);

	fputs(x < 75 ? " in" : x < 85 ? " out" : "", stdout);
	if (fw_random_percent(&g->rng, 3))
		printf(" on %s", ifaces[fw_random_below(&g->rng, sizeof(ifaces) / sizeof(*ifaces))]);
}

/* The number of rules on pairs that every packet looks up does not grow with the ruleset. */
static const unsigned kind_limit[NKINDS] = { ~0u, ~0u, ~0u, 300, 2000, ~0u, 50 };

static enum kind kind_pick(struct gen *g)
{
	unsigned x = (unsigned)fw_random_below(&g->rng, 100);
	enum kind k = 0;

	while (x >= g->shape->weight[k])
		x -= g->shape->weight[k++];
	return g->rules[k]++ < kind_limit[k] ? k : g->shape->usual;
}

static void print_rule(struct gen *g, unsigned long i, unsigned long rules)
{
	enum fw_family family = fw_random_percent(&g->rng, g->v6) ? FW_IP6 : FW_IP4;
	enum kind kind = kind_pick(g);
	bool block = g->shape->weight[KIND_SOURCE] > 50 && kind == KIND_SOURCE;

	g->wide = true;
	g->late = i >= rules - rules / 8;
	fputs("rule", stdout);
	if (fw_random_percent(&g->rng, 2))
		printf(" %lu name r%lu", (i + 1) * 10, i);
	print_where(g);
	print_sides(g, family, kind);
	if (kind == KIND_HOT || catches_much(g) || !fw_random_percent(&g->rng, g->shape->any_service))
		print_service(g, family);
	print_extras(g);
	fputs(!block && fw_random_percent(&g->rng, 65) ? " accept" : " drop", stdout);
	puts(fw_random_percent(&g->rng, 1) ? " comment \"generated\"" : "");
}

/* Prints every nsets-th prefix of the wide level, so that an address is in few sets, and some hosts. */
static void print_set_elements(struct gen *g, unsigned s, enum fw_family family, const char *comma)
{
	const struct tree *t = &g->tree[0][family];

	for (size_t i = s; i < t->n[WIDE_LEVEL] && i < SET_ELEMENTS * g->nsets; i += g->nsets, comma = ", ") {
		fputs(comma, stdout);
		print_prefix(family, &t->level[WIDE_LEVEL][i]);
	}
	for (size_t i = s; i < t->n[LEVELS - 1] && i < SET_ELEMENTS * g->nsets; i += g->nsets, comma = ", ") {
		fputs(comma, stdout);
		print_prefix(family, &t->level[LEVELS - 1][i]);
	}
}

static void print_sets(struct gen *g, unsigned long rules)
{
	g->nsets = rules < 8 ? 0 : rules < 64 * (SETS_MAX - 2) ? (unsigned)(rules / 64 + 2) : SETS_MAX;
	for (unsigned s = 0; s < g->nsets; s++) {
		bool both = s % 4 == 3 && g->v6 && g->v6 < 100;
		enum fw_family family = fw_random_percent(&g->rng, g->v6) ? FW_IP6 : FW_IP4;

		g->set_family[s] = both ? FW_FAMILY_NONE : family;
		printf("set s%u {", s);
		print_set_elements(g, s, family, " ");
		if (both)
			print_set_elements(g, s, family == FW_IP4 ? FW_IP6 : FW_IP4, ", ");
		puts(" }");
	}
}

static const struct shape *shape_find(const char *name)
{
	for (size_t i = 0; i < sizeof(shapes) / sizeof(*shapes); i++)
		if (!strcmp(shapes[i].name, name))
			return &shapes[i];
	fprintf(stderr, "fwgen: there is no shape '%s'\n  hint: server, edge, blocklist or hotpair\n", name);
	return NULL;
}

static int trees_make(struct gen *g, const struct gen_options *o)
{
	for (int dir = 0; dir < 2; dir++) {
		size_t n = g->shape->few + o->rules / (dir ? g->shape->destination_share : g->shape->source_share);

		if (tree_make(&g->rng, FW_IP4, n * (100 - g->v6) / 100, &g->tree[dir][FW_IP4]) ||
		    tree_make(&g->rng, FW_IP6, n * g->v6 / 100, &g->tree[dir][FW_IP6]))
			return -ENOMEM;
	}
	return 0;
}

static void trees_free(struct gen *g)
{
	for (int dir = 0; dir < 2; dir++)
		for (int f = 0; f < FW_NFAMILIES; f++)
			tree_free(&g->tree[dir][f]);
}

int gen_rules(const struct gen_options *o)
{
	struct gen g = { .rng = { o->seed }, .shape = shape_find(o->shape), .v6 = (unsigned)o->v6 };
	int err;

	if (!g.shape)
		return 1;
	err = trees_make(&g, o);
	if (!err) {
		printf("policy in drop\npolicy out accept\n");
		print_sets(&g, o->rules);
		for (unsigned long i = 0; i < o->rules; i++)
			print_rule(&g, i, o->rules);
	} else {
		fprintf(stderr, "fwgen: out of memory\n");
	}
	trees_free(&g);
	return err ? 1 : 0;
}

int gen_prefixes(const struct gen_options *o)
{
	struct fw_random r = { o->seed };
	struct tree t[FW_NFAMILIES] = { 0 };
	int err = tree_make(&r, FW_IP4, o->count, &t[FW_IP4]);

	err = err ? err : tree_make(&r, FW_IP6, o->count, &t[FW_IP6]);
	for (unsigned long i = 0; !err && i < o->count; i++) {
		enum fw_family family = fw_random_percent(&r, (unsigned)o->v6) ? FW_IP6 : FW_IP4;
		bool host = fw_random_percent(&r, 75);
		const struct tree *f = &t[family];
		struct prefix p = prefix_make(&r, family, host ? LEVELS - 1 : WIDE_LEVEL,
					      host ? &f->level[2][fw_random_below(&r, f->n[2])] :
						     &f->level[1][fw_random_below(&r, f->n[1])]);

		print_prefix(family, &p);
		putchar('\n');
	}
	if (err)
		fprintf(stderr, "fwgen: out of memory\n");
	tree_free(&t[FW_IP4]);
	tree_free(&t[FW_IP6]);
	return err ? 1 : 0;
}

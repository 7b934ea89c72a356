// SPDX-License-Identifier: GPL-2.0-only
/*
 * Queries against packets: when a query says no, no packet of all that it asks
 * for is matched by the rule; when it says yes, there is one, and its bytes say so.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "fw/oracle.h"

#include "lib/text/frame.h"
#include "tests/unit/random.h"
#include "tests/unit/rows.h"
#include "tests/unit/rulesets.h"

static struct fw_query *query_of(const char *text)
{
	struct fw_diags ds = { .n = 0 };
	struct fw_query *f = NULL;
	char buf[1024];

	if (fw_text_query(text, "query", &ds, &f))
		fail_msg("%s: %s", text, fw_diag_format(&ds.d[0], buf, sizeof(buf)));
	return f;
}

static const struct {
	const char *query, *rule;
	bool passes;
} rows[] = {
	{ "frag later", "proto tcp dport 22", false },
	{ "frag later", "proto icmp icmp-type echo-request", false },
	{ "frag later", "flags syn", false },
	{ "frag later", "proto tcp", true },
	{ "frag later", "frag no", false },
	{ "frag later", "in on eth0 from 10.0.0.0/8", true },
	{ "frag { first, later }", "proto tcp dport 22", true },
	{ "dport 22", "frag later", false },
	{ "proto udp", "flags syn", false },
	{ "proto udp drop", "flags syn", false },
	{ "flags syn", "proto udp", false },
	{ "proto { udp, tcp }", "flags syn", true },
	{ "dport 22", "proto icmp", false },
	{ "dport 22", "proto { tcp, gre }", true },
	{ "dport 22", "proto not { tcp, udp, sctp, dccp, udplite }", false },
	{ "sport 53", "proto tcp dport 22", true },
	{ "dport 23", "proto tcp dport 22", false },
	{ "icmp-type echo-request", "proto icmp6 icmp6-type 8", false },
	{ "icmp-type echo-request", "ip6", false },
	{ "icmp-type echo-request", "proto icmp", true },
	{ "icmp6-type echo-request", "from 10.0.0.0/8", false },
	{ "icmp6-type echo-request", "from not 10.0.0.0/8", true },
	{ "proto icmp", "proto icmp6", false },
	{ "icmp-code 1 icmp-type 3", "proto icmp icmp-type 8", false },
	{ "flags syn/syn,ack", "flags syn,ack", false },
	{ "flags syn/syn,ack", "proto tcp flags not ack", true },
	{ "ip", "ip6", false },
	{ "ip", "from fd00::/8", false },
	{ "ip6", "from @four", false },
	{ "ip", "from @four", true },
	{ "ip", "from @none", false },
	{ "ip", "from not @none", true },
	{ "from 10.0.0.0/8", "from not 10.0.0.0/7", false },
	{ "from 10.0.0.0/8", "from not @halves", false },
	{ "from 10.0.0.0/7", "from not @halves", true },
	{ "from { 10.0.0.0/8, fd00::/8 }", "from fd00::1 to fd00::2", true },
	{ "from { 10.0.0.0/8, fd00::1 } to { 192.0.2.1, fd00::2 }", "from { 10.0.0.0/8, fc00::/16 } to fd00::2",
	  false },
	{ "ethertype arp", "proto tcp", false },
	{ "ethertype arp", "in on eth0", false },
	{ "ethertype arp", "ethertype { arp, lldp }", true },
	{ "ethertype arp", "ethertype not arp", false },
	{ "ethertype 0x8100", "ethertype not arp", false },
	{ "ethertype not arp", "ethertype arp", false },
	{ "in", "ethertype arp", true },
	{ "proto tcp", "ethertype arp", false },
	{ "dscp ef", "ethertype arp", false },
	{ "from any", "ethertype arp", true },
	{ "proto ah frag not later", "ip6", false },
	{ "proto ah frag later", "ip6", true },
	{ "proto ah", "ip", true },
	{ "length 0-19", "ip", false },
	{ "length 20", "ip", true },
	{ "length 0-39", "proto tcp dport 22", false },
	{ "length 40", "proto tcp dport 22 ip6", false },
	{ "length 28", "proto udp dport 53", true },
	{ "length 27", "proto udp dport 53", false },
	{ "proto tcp frag no", "length 0-39", false },
	{ "proto tcp", "frag later length 0-39", true },
	{ "ip6 frag later", "length 0-47", false },
	{ "in", "out", false },
	{ "on eth0", "on not eth0", false },
	{ "on not eth0", "on eth1", true },
	{ "on eth0", "on alt0", true },
	{ "on alt0", "on eth0", true },
	{ "on eth0", "on not alt0", false },
	{ "on not alt0", "on eth0", false },
	{ "on not alt0", "on { eth0, eth1 }", true },
	{ "on eth1", "on alt0", false },
	{ "on eth0", "on { eth0, eth1 }", true },
	{ "on eth7", "on eth*", true },
	{ "on eth*", "on eth7", true },
	{ "on wlan0", "on eth*", false },
	{ "on eth1", "on not eth*", false },
	{ "on not eth1", "on eth1", false },
	{ "on not eth1", "on eth*", true },
	{ "on not eth*", "on { eth1, eth2 }", false },
	{ "on not eth*", "on { eth1, wlan0 }", true },
	{ "on not eth*", "on et*", true },
	{ "on not et*", "on eth*", false },
	{ "on eth*", "on et*", true },
	{ "on et*", "on eth*", true },
	{ "on eth*", "on ev*", false },
	{ "on not eth*", "on not ev*", true },
	{ "on eth*", "on not eth1*", true },
	{ "on eth1*", "on not eth*", false },
	{ "on alt0", "on eth*", true },
	{ "on alt0", "on not et*", false },
	{ "on eth0", "on al*", false },
	{ "on eth*", "on alt0", true },
	{ "on \"eth\\x2a\"", "on eth*", true },
	{ "on \"eth\\x2a\"", "on eth0", false },
	{ "vlan 5", "vlan not 5", false },
	{ "mark 1", "mark 2-3", false },
	{ "mac 02:00:00:00:00:01", "mac 02:00:00:00:00:02", false },
	{ "mac 02:00:00:00:00:01", "mac { 02:00:00:00:00:02, 02:00:00:00:00:01 }", true },
	{ "mac 02:00:01:00:00:01", "mac 02:00:00:00:00:01", false },
	{ "mark 1/3", "mark 2/3", false },
	{ "mark 1/3", "mark 2/2", false },
	{ "mark 1/1", "mark 2/2", true },
	{ "mark 0x10", "mark 0x10/0xff", true },
	{ "mark 0x11", "mark 0x10/0xff", false },
	{ "mark 0x100-0x1ff", "mark 0x210/0xffff", false },
	{ "mark 0x100-0x210", "mark 0x210/0xffff", true },
	{ "mark not 0x210", "mark 0x210/0xffffffff", false },
	{ "mark 0xff00-0x10000", "mark 0x10000/0x10000", true },
	{ "mark 0xff00-0x10000", "mark 0x10001/0x10001", false },
	{ "state established", "input state { established, related }", true },
	{ "state established", "in proto tcp state established", true },
	{ "state new", "input state established", false },
	{ "in state established", "in proto tcp state established", true },
	{ "in state established", "in proto gre", false },
	{ "state established proto gre", "input proto gre", true },
	{ "state invalid proto icmp", "in proto icmp", true },
	{ "log", "in", false },
	{ "drop", "in", true },
	{ "accept", "in", false },
};

static const char *iface_name(void *ctx, size_t iface, size_t i)
{
	static const char *const names[][3] = { { "lo" }, { "eth0", "alt0" } };

	return iface < ROWS(names) && i < 2 ? names[iface][i] : NULL;
}

static void queries_pass_what_could_decide(void **state)
{
	static const char sets[] = "set four { 192.0.2.1, 10.0.0.0/8 }\nset none { }\n"
				   "set halves { 10.0.0.0/9, 10.128.0.0/9, fd00::1 }\nrule ";

	for (size_t i = 0; i < ROWS(rows); i++) {
		struct fw_ruleset *rs = fw_ruleset_new(NULL);
		struct fw_query *f = query_of(rows[i].query);
		struct fw_diags ds = { .n = 0 };
		char text[512];

		assert_int_equal(fw_query_name(f, &(struct fw_query_names){ .name = iface_name }), 0);
		snprintf(text, sizeof(text), "%s%s drop\n", sets, rows[i].rule);
		if (fw_text_parse(rs, text, strlen(text), NULL, &ds))
			fail_msg("%s: %s", text, ds.d[0].message);
		if (fw_query_passes(f, rs, rs->rules[0], NULL) != rows[i].passes)
			fail_msg("query '%s', rule '%s': not %d", rows[i].query, rows[i].rule, rows[i].passes);
		fw_query_free(f);
		fw_ruleset_free(rs);
	}
}

/* Conditions and effects, by their words. */
static void queries_pass_actions(void **state)
{
	static const char *const rules[] = { "limit 3/minute accept",
					     "connections per from over 3 drop",
					     "log mark set 1",
					     "in on eth0 add from to @s drop",
					     "update to to @s timeout 5s log accept",
					     "proto udp audit drop",
					     "mark 1 accept" };
	static const struct {
		const char *query, *passes;
	} asked[] = {
		{ "limit", "0" },          { "connections drop", "1" },
		{ "log", "24" },           { "log accept", "4" },
		{ "mark set", "2" },       { "mark", "2" },
		{ "mark 1", "0123456" },   { "add", "34" },
		{ "update", "4" },         { "audit", "5" },
		{ "audit drop", "5" },     { "audit reject", "" },
		{ "continue", "25" },      { "drop", "13" },
		{ "log mark set", "2" },   { "proto tcp limit", "0" },
		{ "proto tcp audit", "" }, { "on eth1 add", "4" },
	};
	struct fw_ruleset *rs = fw_ruleset_new(NULL);
	fw_cleanup(fw_buf_free) struct fw_buf text = { 0 };
	struct fw_diags ds = { .n = 0 };

	fw_buf_printf(&text, "set s dynamic timeout 1h { }\n");
	for (size_t i = 0; i < ROWS(rules); i++)
		fw_buf_printf(&text, "rule %s\n", rules[i]);
	if (fw_text_parse(rs, text.text, text.len, NULL, &ds))
		fail_msg("%s", ds.d[0].message);
	for (size_t i = 0; i < ROWS(asked); i++) {
		struct fw_query *q = query_of(asked[i].query);
		char passed[ROWS(rules) + 1];
		size_t n = 0;

		for (size_t r = 0; r < rs->nrules; r++)
			if (fw_query_passes(q, rs, rs->rules[r], NULL))
				passed[n++] = (char)('0' + r);
		passed[n] = '\0';
		if (strcmp(passed, asked[i].passes) != 0)
			fail_msg("%s: passes %s, not %s", asked[i].query, passed, asked[i].passes);
		fw_query_free(q);
	}
	fw_ruleset_free(rs);
}

/* Rules of one chain, and by what they match and do. */
static void queries_pass_chains(void **state)
{
	static const char text[] =
		"chain a\nchain b\nrule in jump a\nrule proto tcp goto b\nrule proto tcp drop\n"
		"rule chain a proto tcp drop\nrule chain a proto udp return\nrule chain b in accept\n";
	static const struct {
		const char *query, *passes;
	} asked[] = {
		{ "chain a", "34" }, { "chain a proto tcp", "3" },
		{ "chain b", "5" },  { "chain c", "" },
		{ "drop", "23" },    { "jump", "0" },
		{ "goto", "1" },     { "return", "4" },
	};
	struct fw_ruleset *rs = ruleset_of(text);

	for (size_t i = 0; i < ROWS(asked); i++) {
		struct fw_query *q = query_of(asked[i].query);
		char passed[8] = "";

		for (size_t r = 0, n = 0; r < rs->nrules; r++)
			if (fw_query_passes(q, rs, rs->rules[r], NULL))
				passed[n++] = (char)('0' + r);
		if (strcmp(passed, asked[i].passes) != 0)
			fail_msg("%s: passes %s, not %s", asked[i].query, passed, asked[i].passes);
		fw_query_free(q);
	}
	fw_ruleset_free(rs);
}

/* A query at random: some of the matches of a rule, of whose ruleset it takes the numbers of interfaces. */
struct asked {
	const struct fw_ruleset *rs;
	struct fw_rule rule;
	const struct fw_match *matches[FW_NFIELDS];
	struct fw_query *query;
};

static bool has_sets(const struct fw_ruleset *rs, uint32_t number)
{
	return rs->addrs[number].nsets;
}

/* The rule's matches as text, without the words around them. */
static void print_matches(const struct fw_ruleset *rs, const struct fw_rule *rule, char *out, size_t size)
{
	struct fw_buf b = { 0 };

	fw_text_print_rule(&b, rs, rule);
	assert_memory_equal(b.text, "rule 1 ", 7);
	snprintf(out, size, "%.*s", (int)(b.len - 7 - strlen("drop")), b.text + 7);
	fw_buf_free(&b);
}

static void ask(const struct fw_ruleset *rs, const struct fw_rule *rule, struct asked *a)
{
	char text[4096];
	bool icmp = fw_rule_match(rule, FW_F_ICMP_TYPE) || fw_rule_match(rule, FW_F_ICMP_CODE);
	bool state = fw_rule_match(rule, FW_F_STATE);
	/* Without these the others are refused, or halves. */
	uint64_t kept = FW_FIELD_BIT(FW_F_MAC_HIGH) | FW_FIELD_BIT(FW_F_MAC_LOW) |
			(icmp || state ? FW_FIELD_BIT(FW_F_PROTO) : 0) |
			(state ? FW_FIELD_BIT(FW_F_HOOK) | FW_FIELD_BIT(FW_F_ICMP_TYPE) : 0);

	*a = (struct asked){ .rs = rs, .rule = { .id = 1, .matches = a->matches, .action = FW_DROP } };
	a->rule.src = random_below(2) || has_sets(rs, rule->src) ? FW_ANY : rule->src;
	a->rule.dst = random_below(2) || has_sets(rs, rule->dst) ? FW_ANY : rule->dst;
	for (unsigned i = 0; i < rule->nmatches; i++)
		if (random_below(3) || kept >> rule->matches[i]->field & 1)
			a->matches[a->rule.nmatches++] = rule->matches[i];
	print_matches(rs, &a->rule, text, sizeof(text));
	a->query = query_of(text);
}

/* A query that names nothing of IP is for other frames too, as a rule is not. */
static bool asks_for(const struct asked *a, const struct fw_key *key)
{
	struct fw_key all = *key;

	if (key->family == FW_FAMILY_NONE && a->rule.src == FW_ANY && a->rule.dst == FW_ANY)
		all.family = FW_IP4;
	return fw_oracle_rule(a->rs, &a->rule, &all);
}

static bool is_looked_up(const struct fw_key *key)
{
	return key->reason == FW_R_NONE || key->reason == FW_R_NON_IP || key->reason == FW_R_NOT_PARSED;
}

static void fail_with(const struct asked *a, const struct fw_ruleset *rs, const struct fw_rule *rule, const char *what)
{
	struct fw_buf f = { 0 }, r = { 0 };

	fw_text_print_rule(&f, a->rs, &a->rule);
	fw_text_print_rule(&r, rs, rule);
	fail_msg("query %s\nrule %s\n%s", f.text, r.text, what);
}

/* Values of a field at which something changes, for two rules. */
static size_t corners(const struct fw_rule *a, const struct fw_rule *b, enum fw_field field, uint32_t *out, size_t max)
{
	const struct fw_match *m[] = { fw_rule_match(a, field), fw_rule_match(b, field) };
	size_t n = 0;

	out[n++] = 0;
	for (int i = 0; i < 2; i++)
		for (unsigned k = 0; m[i] && k < m[i]->n && n + 2 < max; k++) {
			out[n++] = m[i]->r[k].lo;
			if (m[i]->r[k].hi < fw_field_info[field].max)
				out[n++] = m[i]->r[k].hi + 1;
		}
	return n;
}

/* The first value from @least on that both accept; false: there is none. */
static bool common(const struct fw_rule *a, const struct fw_rule *b, enum fw_field field, uint32_t least, uint32_t *out)
{
	static const struct fw_ruleset nameless; /* without patterns of interfaces */
	const struct fw_match *m[] = { fw_rule_match(a, field), fw_rule_match(b, field) };
	uint32_t at[512];
	size_t n = corners(a, b, field, at, ROWS(at) - 1);

	at[n++] = least;
	if (fw_field_is_flags(field))
		for (n = 0; n <= fw_field_info[field].max; n++)
			at[n] = (uint32_t)n;
	for (size_t i = 0; i < n; i++) {
		struct fw_rule one = { .nmatches = 1 };
		bool good = at[i] >= least;

		for (int k = 0; k < 2 && good; k++)
			if (m[k]) {
				struct fw_key key;

				fw_key_clear(&key);
				key.family = FW_IP4;
				key.f[field] = at[i];
				one.matches = (const struct fw_match **)&m[k];
				good = fw_oracle_rule(&nameless, &one, &key);
			}
		if (good) {
			*out = at[i];
			return true;
		}
	}
	return false;
}

/* An address of the family that both expressions hold. */
static bool common_addr(const struct asked *a, const struct fw_ruleset *rs, uint32_t asked, uint32_t number,
			enum fw_family family, struct fw_addr *out)
{
	struct fw_addr_range *x, *y;
	size_t nx, ny;
	bool found = false;

	assert_int_equal(fw_addrs_ranges(&a->rs->book, asked, &x, &nx), 0);
	assert_int_equal(fw_addrs_ranges(&rs->book, number, &y, &ny), 0);
	for (size_t i = 0; i < nx && !found; i++)
		for (size_t k = 0; k < ny && !found; k++) {
			*out = fw_addr_cmp(x[i].lo, y[k].lo) > 0 ? x[i].lo : y[k].lo;
			found = x[i].family == family && y[k].family == family && fw_addr_cmp(*out, x[i].hi) <= 0 &&
				fw_addr_cmp(*out, y[k].hi) <= 0;
		}
	free(x);
	free(y);
	return found;
}

static void parse_frame(const struct fw_frame *frame, const struct fw_packet *p, struct fw_key *key)
{
	struct fw_meta meta = { .hook = p->f[FW_F_HOOK],
				.iface = p->f[FW_F_IFACE],
				.mark = p->f[FW_F_MARK],
				.state = p->f[FW_F_STATE],
				.from_if = p->f[FW_F_FROM_IF],
				.to_if = p->f[FW_F_TO_IF],
				.uid = p->f[FW_F_UID],
				.gid = p->f[FW_F_GID],
				.len = frame->wire_len };

	for (enum fw_field f = 0; f < FW_NFIELDS; f++)
		if (FW_FIELDS_OF_KERNEL & FW_FIELD_BIT(f) && fw_packet_hooks(p, f) & 1u << meta.hook)
			meta.asked |= FW_FIELD_BIT(f);
	if (meta.hook == FW_FORWARD)
		meta.iface = FW_ABSENT_IFACE;
	fw_packet_parse(frame->data, frame->data + frame->len, &meta, key);
	for (enum fw_field f = 0; f < FW_NFIELDS; f++)
		if (FW_FIELDS_OF_KERNEL & FW_FIELD_BIT(f) && !(fw_key_layers(key) & fw_field_layer(f)))
			key->f[f] = fw_field_info[f].absent;
}

static bool witnesses(const struct asked *a, const struct fw_ruleset *rs, const struct fw_rule *rule,
		      const struct fw_frame *frame, const struct fw_packet *p)
{
	struct fw_key key;

	parse_frame(frame, p, &key);
	return is_looked_up(&key) && asks_for(a, &key) && fw_oracle_rule(rs, rule, &key);
}

/* An ICMP error: only these have a state where packets come in. */
static bool find_error(const struct asked *a, const struct fw_ruleset *rs, const struct fw_rule *rule,
		       struct fw_packet p)
{
	uint32_t proto = p.f[FW_F_PROTO];
	struct fw_frame frame;

	for (uint32_t type = 1; (proto == IPPROTO_ICMP || proto == IPPROTO_ICMPV6) && type <= 12; type++) {
		p.f[FW_F_ICMP_TYPE] = type;
		fw_packet_build(&p, &frame);
		if (witnesses(a, rs, rule, &frame, &p))
			return true;
	}
	return false;
}

static bool names_either(const struct fw_rule *a, const struct fw_rule *b, enum fw_field field)
{
	return fw_rule_match(a, field) || fw_rule_match(b, field);
}

/* Options and extension headers imply one another, and the length of the headers: a query does not look into that, and may pass too many rules. */
static bool names_options(const struct fw_rule *a, const struct fw_rule *b)
{
	return names_either(a, b, FW_F_IP_OPTION) || names_either(a, b, FW_F_TCP_OPTION) ||
	       names_either(a, b, FW_F_MSS) || names_either(a, b, FW_F_RT_TYPE) || names_either(a, b, FW_F_NEXT_HEADER);
}

/* Looks for an IP packet that both the query's rule and @rule match. true: found one, built and parsed. */
static bool find_ip(const struct asked *a, const struct fw_ruleset *rs, const struct fw_rule *rule, struct fw_packet p)
{
	struct fw_frame frame;

	if (!common_addr(a, rs, a->rule.src, rule->src, p.family, &p.src) ||
	    !common_addr(a, rs, a->rule.dst, rule->dst, p.family, &p.dst))
		return false;
	for (enum fw_field f = 0; f < FW_NFIELDS; f++)
		if (fw_field_info[f].layer != FW_LAYER_FRAME && f != FW_F_PROTO && f != FW_F_FRAG &&
		    !names_either(&a->rule, rule, f) && fw_field_info[f].source == FW_SOURCE_RARE)
			p.f[f] = fw_field_info[f].usual[p.family == FW_IP6];
		else if (fw_field_info[f].layer != FW_LAYER_FRAME && f != FW_F_PROTO && f != FW_F_FRAG &&
			 !common(&a->rule, rule, f, 0, &p.f[f]))
			return false;
	for (p.f[FW_F_FRAG] = 0; p.f[FW_F_FRAG] < 3; p.f[FW_F_FRAG]++)
		for (p.f[FW_F_PROTO] = 0; p.f[FW_F_PROTO] < 256; p.f[FW_F_PROTO]++) {
			uint32_t least = fw_packet_least(&p);

			if (!common(&a->rule, rule, FW_F_LENGTH, least, &p.f[FW_F_LENGTH]))
				continue;
			fw_packet_build(&p, &frame);
			if (witnesses(a, rs, rule, &frame, &p) || find_error(a, rs, rule, p))
				return true;
		}
	return false;
}

/* The same for frames that are not IP. */
static bool find_other(const struct asked *a, const struct fw_ruleset *rs, const struct fw_rule *rule,
		       const struct fw_packet *p)
{
	uint32_t types[512], length, at = 2 * ETH_ALEN;
	size_t n = corners(&a->rule, rule, FW_F_ETHERTYPE, types, ROWS(types) - 2);
	struct fw_frame frame = { .len = 0 };

	if (!common(&a->rule, rule, FW_F_LENGTH, 0, &length))
		return false;
	types[n++] = ETH_P_ARP;
	memset(frame.data, p->f[FW_F_PACKET_TYPE] == FW_PACKET_BROADCAST ? 0xff : 0, ETH_ALEN);
	frame.data[0] |= p->f[FW_F_PACKET_TYPE] == FW_PACKET_MULTICAST;
	for (int i = 0; i < 3; i++) {
		frame.data[ETH_ALEN + i] = (uint8_t)(p->f[FW_F_MAC_HIGH] >> 8 * (2 - i));
		frame.data[ETH_ALEN + 3 + i] = (uint8_t)(p->f[FW_F_MAC_LOW] >> 8 * (2 - i));
	}
	if (p->f[FW_F_VLAN] != FW_ABSENT_VLAN) {
		frame.data[at++] = ETH_P_8021Q >> 8;
		frame.data[at++] = ETH_P_8021Q & 255;
		frame.data[at++] = (uint8_t)(p->f[FW_F_VLAN] >> 8);
		frame.data[at++] = (uint8_t)p->f[FW_F_VLAN];
	}
	frame.wire_len = at + 2 + length;
	frame.len = frame.wire_len < FW_FRAME_MAX ? frame.wire_len : FW_FRAME_MAX;
	for (size_t i = 0; i < n; i++)
		for (uint32_t type = types[i]; type < types[i] + 6; type++) { /* past those that are not such types */
			frame.data[at] = (uint8_t)(type >> 8);
			frame.data[at + 1] = (uint8_t)type;
			if (witnesses(a, rs, rule, &frame, p))
				return true;
		}
	return false;
}

/* Is it a mark that both accept, as a whole and its bytes? */
static bool is_common_mark(const struct fw_rule *a, const struct fw_rule *b, uint32_t mark)
{
	const struct fw_rule *of[] = { a, b };

	for (int i = 0; i < 2; i++)
		for (unsigned k = 0; k < of[i]->nmatches; k++) {
			const struct fw_match *m = of[i]->matches[k];

			if ((m->field == FW_F_MARK && !fw_match_has(m, mark)) ||
			    (fw_field_is_mark_byte(m->field) &&
			     !fw_match_has(m, mark >> 8 * (m->field - FW_F_MARK_0) & 255)))
				return false;
		}
	return true;
}

/* The bytes of @mark above the lowest @n, and the lowest values of these that both accept: after @mark, if that is wanted. */
static bool lower_bytes(const struct fw_rule *a, const struct fw_rule *b, unsigned n, uint32_t *mark)
{
	uint32_t out = n < 4 ? *mark >> 8 * n << 8 * n : 0, v;

	for (unsigned i = 0; i < n; i++) {
		uint32_t least = i == n - 1 ? (*mark >> 8 * i & 255) + 1 : 0;

		if (!common(a, b, (enum fw_field)(FW_F_MARK_0 + i), least, &v))
			return false;
		out |= v << 8 * i;
	}
	*mark = out;
	return true;
}

/* A mark that both accept. */
static bool common_mark(const struct fw_rule *a, const struct fw_rule *b, uint32_t *out)
{
	uint32_t at[512];
	size_t n = corners(a, b, FW_F_MARK, at, ROWS(at));
	bool found = false;

	/* The bytes may make the next one after a corner. */
	for (size_t i = 0; i < n && !found; i++)
		for (unsigned bytes = 0; bytes <= FW_MARK_BYTES && !found; bytes++) {
			*out = at[i];
			found = (!bytes || lower_bytes(a, b, bytes, out)) && is_common_mark(a, b, *out);
		}
	return found;
}

/* The same at one hook. */
static bool find_at(const struct asked *a, const struct fw_ruleset *rs, const struct fw_rule *rule, enum fw_hook hook)
{
	struct fw_packet p = { .family = FW_IP4 };

	for (enum fw_field f = 0; f < FW_NFIELDS; f++)
		if (fw_field_info[f].layer == FW_LAYER_FRAME && f != FW_F_ETHERTYPE && f != FW_F_LENGTH &&
		    !common(&a->rule, rule, f, 0, &p.f[f]))
			return false;
	if (!common_mark(&a->rule, rule, &p.f[FW_F_MARK]))
		return false;
	p.f[FW_F_HOOK] = hook;
	if (hook > FW_OUT || (!fw_rule_match(&a->rule, FW_F_VLAN) && !fw_rule_match(rule, FW_F_VLAN)))
		p.f[FW_F_VLAN] = FW_ABSENT_VLAN;
	if (find_ip(a, rs, rule, p))
		return true;
	p.family = FW_IP6;
	return find_ip(a, rs, rule, p) || (hook <= FW_OUT && find_other(a, rs, rule, &p));
}

/* A packet that the query asks for and the rule matches, made of what both say. */
static bool find_witness(const struct asked *a, const struct fw_ruleset *rs, const struct fw_rule *rule)
{
	unsigned hooks = fw_rule_hooks_named(&a->rule) & fw_rule_hooks_named(rule);

	for (unsigned hook = 0; hook < FW_NHOOKS; hook++)
		if (hooks >> hook & 1 && find_at(a, rs, rule, (enum fw_hook)hook))
			return true;
	return false;
}

/* What the query says of each rule of a ruleset is what there is. */
static void check_query(const struct asked *a, const struct fw_ruleset *rs, unsigned *passed)
{
	for (size_t i = 0; i < rs->nrules; i++) {
		bool passes = fw_query_passes(a->query, rs, rs->rules[i], NULL);

		*passed += passes;
		if (passes && names_options(&a->rule, rs->rules[i]))
			continue;
		if (passes != find_witness(a, rs, rs->rules[i]))
			fail_with(a, rs, rs->rules[i],
				  passes ? "passes, but no packet is of both" :
					   "does not pass, but a packet is of both");
	}
}

/* Asked about the packet itself, the query says the same. The packet has this interface wherever its hook has one. */
static void check_packet(const struct asked *a, const struct fw_key *of)
{
	uint32_t iface = of->f[FW_F_IFACE], hook = of->f[FW_F_HOOK];
	const uint32_t absent = fw_field_info[FW_F_IFACE].absent;
	const char *name = iface >= absent ? NULL : iface < a->rs->nifaces ? a->rs->ifaces[iface].name : "none";
	bool in = hook == FW_IN || hook == FW_INPUT, out = hook == FW_OUT || hook == FW_OUTPUT;
	struct fw_key key = *of;
	const struct fw_query_packet p = { &key, out ? NULL : name, in ? NULL : name, FW_DROP };

	key.f[FW_F_IFACE] = in || out ? iface : absent;
	key.f[FW_F_FROM_IF] = out ? absent : iface;
	key.f[FW_F_TO_IF] = in ? absent : iface;
	if (fw_query_has(a->query, &p) != asks_for(a, &key))
		fail_with(a, a->rs, &a->rule, "says something else of a packet");
}

/* Packets that are not made for the purpose: the rules that match those which the query asks for all pass. */
static void check_packets(const struct asked *a, const struct fw_ruleset *rs, unsigned packets)
{
	for (unsigned n = 0; n < packets; n++) {
		struct random_frame frame;
		struct fw_key key;

		random_frame(random_below(2) ? rs : a->rs, &frame);
		fw_packet_parse(frame.bytes, frame.bytes + frame.meta.len, &frame.meta, &key);
		check_packet(a, &key);
		if (!is_looked_up(&key) || !asks_for(a, &key))
			continue;
		for (size_t i = 0; i < rs->nrules; i++)
			if (fw_oracle_rule(rs, rs->rules[i], &key) &&
			    !fw_query_passes(a->query, rs, rs->rules[i], NULL))
				fail_with(a, rs, rs->rules[i], "does not pass, but matches a packet");
	}
}

static void queries_are_exact(void **state)
{
	static const struct random_shape shapes[] = { { 12, 8, 2, 5, 100 }, { 12, 20, 2, 7, 60 }, { 12, 4, 1, 1, 90 } };
	unsigned passed = 0, asked = 0;

	for (unsigned round = 0; round < random_amount("FW_ROUNDS", 60); round++) {
		struct fw_ruleset *rs = random_ruleset(&shapes[round % ROWS(shapes)]);
		struct fw_ruleset *other = random_ruleset(&shapes[round / 2 % ROWS(shapes)]);

		for (size_t i = 0; i < rs->nrules; i++) {
			const struct fw_ruleset *of = random_below(2) ? rs : other;
			struct asked a;

			if (!of->nrules)
				continue;
			ask(of, of->rules[random_below((uint32_t)of->nrules)], &a);
			check_query(&a, rs, &passed);
			check_packets(&a, rs, 50);
			asked += (unsigned)rs->nrules;
			fw_query_free(a.query);
		}
		fw_ruleset_free(rs);
		fw_ruleset_free(other);
	}
	assert_in_range(passed, asked / 10, asked * 9 / 10);
}

#define POINTS 64 /* addresses of each family that lists are made of; one more represents all others */
#define BIT(n) ((unsigned __int128)1 << (n))

/* Some of the points, as text and as bits, one family above the other. */
static unsigned __int128 random_list(struct fw_buf *b, unsigned n, bool nested)
{
	unsigned __int128 bits = 0;

	for (unsigned i = 0; i < n; i++) {
		unsigned v6 = random_below(2), lo = random_below(POINTS), len = nested ? random_below(30) : 0;
		unsigned hi = lo + len < POINTS ? lo + len : POINTS - 1;

		fw_buf_printf(b, v6 ? "%sfd00::%x-fd00::%x" : "%s10.0.0.%u-10.0.0.%u", i ? ", " : "", lo, hi);
		for (unsigned k = lo; k <= hi; k++)
			bits |= BIT(k + v6 * POINTS);
	}
	return bits;
}

/* An expression with its own ranges and some of the sets; @others: does it hold addresses beyond the points? */
static unsigned __int128 random_expression(struct fw_buf *b, const unsigned __int128 *sets, unsigned nsets,
					   bool *others)
{
	unsigned __int128 bits;
	unsigned n = 1 + random_below(random_below(8) ? 4 : 40);

	*others = random_below(2);
	fw_buf_printf(b, *others ? "not { " : "{ ");
	bits = random_list(b, n, random_below(2));
	for (unsigned i = 0; i < nsets; i++) {
		if (random_below(3))
			continue;
		fw_buf_printf(b, ", @s%u", i);
		bits |= sets[i];
	}
	fw_buf_printf(b, " }");
	return *others ? ~bits : bits;
}

/* The same rule with little work at a time, always the same, which may be less than it takes to begin. */
static int in_pieces(struct fw_query *f, const struct fw_ruleset *rs, const struct fw_rule *rule)
{
	const int64_t piece = random_below(8);

	for (unsigned pieces = 0; pieces < 100000; pieces++) {
		int64_t work = piece;
		int passes = fw_query_passes(f, rs, rule, &work);

		if (passes != -EAGAIN)
			return passes;
	}
	fail_msg("it does not end");
	return -EAGAIN;
}

struct lists {
	struct fw_ruleset *rs;
	unsigned __int128 sets[4], rules[8];
	bool others[8];
};

static void random_lists(struct lists *l)
{
	fw_cleanup(fw_buf_free) struct fw_buf b = { 0 };
	struct fw_diags ds = { .n = 0 };

	*l = (struct lists){ .rs = fw_ruleset_new(NULL) };
	for (unsigned i = 0; i < ROWS(l->sets); i++) {
		fw_buf_printf(&b, "set s%u { ", i);
		l->sets[i] = random_list(&b, random_below(random_below(2) ? 6 : 60), random_below(2));
		fw_buf_printf(&b, " }\n");
	}
	for (unsigned i = 0; i < ROWS(l->rules); i++) {
		fw_buf_printf(&b, "rule from ");
		l->rules[i] = random_expression(&b, l->sets, ROWS(l->sets), &l->others[i]);
		fw_buf_printf(&b, " drop\n");
	}
	if (fw_text_parse(l->rs, b.text, b.len, "lists", &ds))
		fail_msg("%s: %s", b.text, ds.d[0].message);
}

static void addresses_meet_whatever_the_pieces(void **state)
{
	for (unsigned round = 0; round < random_amount("FW_ROUNDS", 60) * 20; round++) {
		fw_cleanup(fw_buf_free) struct fw_buf b = { 0 };
		struct fw_query *whole, *pieces;
		unsigned __int128 asked;
		struct lists l;
		bool others;

		random_lists(&l);
		fw_buf_printf(&b, "from ");
		asked = random_expression(&b, NULL, 0, &others);
		whole = query_of(b.text);
		pieces = query_of(b.text);
		for (unsigned i = 0; i < ROWS(l.rules); i++) {
			bool meet = asked & l.rules[i] || (others && l.others[i]);

			if (fw_query_passes(whole, l.rs, l.rs->rules[i], NULL) != meet)
				fail_msg("seed %llu: %s, rule %u: not %d", (unsigned long long)random_seed(), b.text, i,
					 meet);
			if (in_pieces(pieces, l.rs, l.rs->rules[i]) != meet)
				fail_msg("seed %llu: %s, rule %u: in pieces it is not %d",
					 (unsigned long long)random_seed(), b.text, i, meet);
		}
		fw_query_free(whole);
		fw_query_free(pieces);
		fw_ruleset_free(l.rs);
	}
}

/* A list of @n addresses, every @step-th. */
static void add_many(struct fw_buf *b, unsigned n, unsigned step, unsigned from)
{
	for (unsigned i = 0; i < n; i++) {
		unsigned a = from + i * step;

		fw_buf_printf(b, "%s10.%u.%u.%u", i ? "," : "", a >> 16, a >> 8 & 255, a & 255);
	}
}

/* Comparisons for all rules of a text, each asked once. */
static int64_t comparisons(const char *text, size_t len, const char *query)
{
	struct fw_ruleset *rs = fw_ruleset_new(NULL);
	struct fw_query *f = query_of(query);
	struct fw_diags ds = { .n = 0 };
	int64_t work = INT64_MAX;

	assert_int_equal(fw_text_parse(rs, text, len, "many", &ds), 0);
	for (const struct fw_rule *r = rs->first; r; r = r->next)
		assert_in_range(fw_query_passes(f, rs, r, &work), 0, 1);
	fw_query_free(f);
	fw_ruleset_free(rs);
	return INT64_MAX - work;
}

/* In rules or sets that many rules name, a comparison with all of them costs little more than with one. */
static void comparisons_are_few(void **state)
{
	static const struct {
		const char *before; /* of the set's other elements */
		unsigned elements, asked, rules;
		const char *negated;
	} cases[] = {
		{ "", 2000, 4500, 500, "" },
		{ "", 100000, 4500, 400, "" },
		{ "", 100000, 1, 400, "" },
		{ "0.0.0.0-10.9.0.0,", 100000, 4500, 400,
		  "" }, /* reaches as far as most: each element must be looked at */
		{ "", 100000, 4500, 400, "not " },
		{ "0.0.0.0-10.9.0.0,", 100000, 4500, 400, "not " },
	};

	for (size_t i = 0; i < ROWS(cases); i++) {
		fw_cleanup(fw_buf_free) struct fw_buf text = { 0 };
		fw_cleanup(fw_buf_free) struct fw_buf query = { 0 };
		int64_t work;

		fw_buf_printf(&text, "set s { %s", cases[i].before);
		add_many(&text, cases[i].elements, 4, 0);
		fw_buf_printf(&text, " }\n");
		for (unsigned k = 0; k < cases[i].rules; k++)
			fw_buf_printf(&text, "rule from %s@s proto tcp dport %u drop\n", cases[i].negated, k + 1);
		fw_buf_printf(&query, "from { ");
		add_many(&query, cases[i].asked, 4, *cases[i].negated ? 0 : 1);
		fw_buf_printf(&query, " }");
		work = comparisons(text.text, text.len, query.text);
		assert_in_range(work, 1, 8 * (cases[i].elements + cases[i].asked) + 2000ll * cases[i].rules);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses_meet_whatever_the_pieces),
		cmocka_unit_test(comparisons_are_few),
		cmocka_unit_test(queries_pass_what_could_decide),
		cmocka_unit_test(queries_pass_actions),
		cmocka_unit_test(queries_pass_chains),
		cmocka_unit_test(queries_are_exact),
	};

	random_start();
	random_ifaces = 4;
	return cmocka_run_group_tests(tests, NULL, NULL);
}

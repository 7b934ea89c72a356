// SPDX-License-Identifier: GPL-2.0-only
/* What a ruleset refuses: names that cannot be, and rules that could never match a packet. One row per reason. */
#include <ctype.h>

#include "lib/rule/internal.h"

#define ETH_IP4 0x0800
#define ETH_IP6 0x86dd
#define FAMILIES (1u << FW_IP4 | 1u << FW_IP6)

enum { PROTO_ICMP = 1, PROTO_TCP = 6, PROTO_ICMP6 = 58 };

/* A rule under examination. */
struct check {
	const struct fw_ruleset *rs;
	const struct fw_rule *rule;
	const struct fw_rule_places *at;
	struct fw_diags *ds;
	const struct fw_match *m[FW_NFIELDS];
	unsigned src, dst; /* families that the addresses leave, a bit each */
	unsigned ether;    /* families that the ethertypes leave */
};

#define REFUSE(c, spot, hint, ...) fw_diag_add((c)->ds, fw_place_of((c)->at, (c)->at->spot), hint, __VA_ARGS__)

static bool only(const struct fw_match *m, uint32_t value)
{
	return m && !m->negated && m->n == 1 && m->r[0].lo == value && m->r[0].hi == value;
}

static const char *family_name(unsigned families)
{
	return families == 1u << FW_IP4 ? "IPv4" : "IPv6";
}

/* `not` of nothing holds every address, but says so in a way that nobody can read. */
static bool excludes_nothing(const struct check *c, uint32_t number)
{
	const struct fw_addrs *a = &c->rs->addrs[number];

	return a->negated && !a->nranges && !a->nsets;
}

static int check_addresses(const struct check *c)
{
	if (excludes_nothing(c, c->rule->src))
		return REFUSE(c, src, "leave the match out", "the list of 'from not' is empty");
	if (excludes_nothing(c, c->rule->dst))
		return REFUSE(c, dst, "leave the match out", "the list of 'to not' is empty");
	if (!c->src)
		return REFUSE(c, src, "leave an address over, or drop the rule",
			      "'from not' excludes every address: it matches nothing");
	if (!c->dst)
		return REFUSE(c, dst, "leave an address over, or drop the rule",
			      "'to not' excludes every address: it matches nothing");
	if (!(c->src & c->dst))
		return REFUSE(c, dst, "use one family on both sides", "'from' is %s and 'to' is %s: no packet has both",
			      family_name(c->src), family_name(c->dst));
	return 0;
}

static int check_non_ip(const struct check *c)
{
	static const uint8_t needs_ip[] = { FW_F_SPORT,     FW_F_DPORT, FW_F_ICMP_TYPE, FW_F_ICMP_CODE,
					    FW_F_TCP_FLAGS, FW_F_DSCP,  FW_F_FRAG,      FW_F_PROTO };
	const char *hint = "leave it out, or name an IP ethertype";

	if (c->ether)
		return 0;
	if (c->rule->src != FW_ANY)
		return REFUSE(c, src, hint, "the ethertypes are not IP, so there is no address to match");
	if (c->rule->dst != FW_ANY)
		return REFUSE(c, dst, hint, "the ethertypes are not IP, so there is no address to match");
	for (size_t i = 0; i < sizeof(needs_ip); i++)
		if (c->m[needs_ip[i]])
			return REFUSE(c, field[needs_ip[i]], hint,
				      "the ethertypes are not IP, so there is no '%s' to match",
				      fw_field_info[needs_ip[i]].keyword);
	return 0;
}

static int check_family(const struct check *c)
{
	unsigned addrs = c->src & c->dst;
	const char *hint = addrs == 1u << FW_IP4 ? "use 'ip', or leave the family out" :
						   "use 'ip6', or leave the family out";

	if (!c->ether || c->ether & addrs)
		return 0;
	return REFUSE(c, field[FW_F_ETHERTYPE], hint, "the rule asks for %s packets, but its addresses are %s",
		      family_name(c->ether), family_name(addrs));
}

static int check_ports(const struct check *c)
{
	static const uint8_t carrying[] = { 6, 17, 33, 132, 136 }; /* TCP, UDP, DCCP, SCTP, UDPLite */
	const char *hint = "say 'proto tcp' (or udp, sctp, dccp, udplite, or a list of these)";
	enum fw_field f = c->m[FW_F_SPORT] ? FW_F_SPORT : FW_F_DPORT;
	const struct fw_match *proto = c->m[FW_F_PROTO];

	if (!c->m[f])
		return 0;
	if (!proto)
		return REFUSE(c, field[f], hint, "'%s' needs a protocol that has ports", fw_field_info[f].keyword);

	uint32_t first = proto->negated ? 0 : proto->r[0].lo;
	uint32_t last = proto->negated ? fw_field_info[FW_F_PROTO].max : proto->r[proto->n - 1].hi;

	for (uint32_t v = first; v <= last; v++)
		if (fw_match_has(proto, v) && !memchr(carrying, (int)v, sizeof(carrying)))
			return REFUSE(c, field[f], hint, "'%s' cannot go with protocol %u, which has no ports",
				      fw_field_info[f].keyword, v);
	return 0;
}

static int check_icmp(const struct check *c)
{
	enum fw_field f = c->m[FW_F_ICMP_TYPE] ? FW_F_ICMP_TYPE : FW_F_ICMP_CODE;
	const struct fw_match *proto = c->m[FW_F_PROTO];

	if (c->m[f] && !only(proto, PROTO_ICMP) && !only(proto, PROTO_ICMP6))
		return REFUSE(c, field[f],
			      "say 'proto icmp' with icmp-type and icmp-code, 'proto icmp6' with "
			      "icmp6-type and icmp6-code",
			      "ICMP types and codes need the protocol icmp or icmp6, and no other");
	return 0;
}

static int check_icmp_family(const struct check *c)
{
	unsigned families = c->src & c->dst & (c->ether ? c->ether : FAMILIES);

	if (only(c->m[FW_F_PROTO], PROTO_ICMP) && families == 1u << FW_IP6)
		return REFUSE(c, field[FW_F_PROTO], "say 'proto icmp6'",
			      "icmp is a protocol of IPv4, but the rule is IPv6 only");
	if (only(c->m[FW_F_PROTO], PROTO_ICMP6) && families == 1u << FW_IP4)
		return REFUSE(c, field[FW_F_PROTO], "say 'proto icmp'",
			      "icmp6 is a protocol of IPv6, but the rule is IPv4 only");
	return 0;
}

static int check_flags(const struct check *c)
{
	if (c->m[FW_F_TCP_FLAGS] && c->m[FW_F_PROTO] && !only(c->m[FW_F_PROTO], PROTO_TCP))
		return REFUSE(c, field[FW_F_TCP_FLAGS], "say 'proto tcp', or leave the protocol out",
			      "'flags' are flags of TCP, but the rule names another protocol");
	return 0;
}

static int check_later(const struct check *c)
{
	static const uint8_t upper[] = { FW_F_SPORT, FW_F_DPORT, FW_F_ICMP_TYPE, FW_F_ICMP_CODE, FW_F_TCP_FLAGS };
	const struct fw_match *frag = c->m[FW_F_FRAG];

	if (!frag || fw_match_has(frag, FW_FRAG_NO) || fw_match_has(frag, FW_FRAG_FIRST))
		return 0;
	for (size_t i = 0; i < sizeof(upper); i++)
		if (c->m[upper[i]])
			return REFUSE(c, field[upper[i]],
				      "later fragments match on addresses, protocol and fragment state",
				      "a later fragment has no '%s'", fw_field_info[upper[i]].keyword);
	return 0;
}

static unsigned ether_families(const struct fw_match *m)
{
	if (!m)
		return FAMILIES;
	return (unsigned)fw_match_has(m, ETH_IP4) << FW_IP4 | (unsigned)fw_match_has(m, ETH_IP6) << FW_IP6;
}

int fw_rule_check(const struct fw_ruleset *rs, const struct fw_rule *r, const struct fw_rule_places *at,
		  struct fw_diags *ds)
{
	static int (*const checks[])(const struct check *) = {
		check_addresses, check_non_ip,      check_family, check_ports,
		check_icmp,      check_icmp_family, check_flags,  check_later,
	};
	struct check c = {
		.rs = rs,
		.rule = r,
		.at = at,
		.ds = ds,
		.src = fw_addrs_families(&rs->addrs[r->src]),
		.dst = fw_addrs_families(&rs->addrs[r->dst]),
	};

	for (unsigned i = 0; i < r->nmatches; i++)
		c.m[r->matches[i]->field] = r->matches[i];
	c.ether = ether_families(c.m[FW_F_ETHERTYPE]);
	for (size_t i = 0; i < sizeof(checks) / sizeof(*checks); i++) {
		int err = checks[i](&c);

		if (err)
			return err;
	}
	return 0;
}

int fw_name_check(const char *what, const char *name, struct fw_place at, struct fw_diags *ds)
{
	static const char hint[] = "names start with a letter or '_' and go on with letters, digits, '_', '.' and '-'";
	size_t len = strlen(name);

	if (len > FW_NAME_MAX)
		return fw_diag_add(ds, at, NULL, "the name of a %s has at most %d bytes, not %zu", what, FW_NAME_MAX,
				   len);
	if (!len || !(isascii(name[0]) && (isalpha((unsigned char)name[0]) || name[0] == '_')))
		return fw_diag_add(ds, at, hint, "'%s' is no name for a %s", name, what);
	for (size_t i = 1; i < len; i++)
		if (!isascii(name[i]) || (!isalnum((unsigned char)name[i]) && !strchr("_.-", name[i])))
			return fw_diag_add(ds, at, hint, "'%s' is no name for a %s", name, what);
	return 0;
}

int fw_comment_check(const char *comment, struct fw_place at, struct fw_diags *ds)
{
	size_t len = strlen(comment);

	if (len > FW_COMMENT_MAX)
		return fw_diag_add(ds, at, NULL, "a comment has at most %d bytes, not %zu", FW_COMMENT_MAX, len);
	for (size_t i = 0, n; i < len; i += n) {
		n = fw_utf8_len(comment + i, len - i);
		if (!n)
			return fw_diag_add(ds, at, NULL, "byte 0x%02x of the comment is not printable UTF-8",
					   (unsigned char)comment[i]);
	}
	return 0;
}

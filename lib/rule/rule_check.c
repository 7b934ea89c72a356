// SPDX-License-Identifier: GPL-2.0-only
/* Refuses illegal names and comments, and rules that can never match a packet. */
#include <ctype.h>
#include <linux/if_ether.h>
#include <netinet/in.h>

#include "fw/table/packet.h"
#include "lib/rule/internal.h"

#define FAMILIES (1u << FW_IP4 | 1u << FW_IP6)

/* A rule under examination. */
struct check {
	const struct fw_ruleset *rs;
	const struct fw_rule *rule;
	const struct fw_rule_places *at;
	struct fw_diags *ds;
	const struct fw_match *m[FW_NFIELDS];
	unsigned src, dst; /* families that the addresses leave, a bit each */
	unsigned ether;    /* families that the ethertypes leave */
	unsigned hooks;    /* at which it can match */
};

#define NOT_IP_HINT "leave it out, or name an IP ethertype"
#define REFUSE(c, spot, hint, ...) fw_diag_add((c)->ds, fw_place_of((c)->at, (c)->at->spot), hint, __VA_ARGS__)

static bool only(const struct fw_match *m, uint32_t value)
{
	return m && !m->negated && m->n == 1 && m->r[0].lo == value && m->r[0].hi == value;
}

static const char *family_name(unsigned families)
{
	return families == 1u << FW_IP4 ? "IPv4" : "IPv6";
}

/* `not` of an empty list means every address, but that is hardly what was meant. */
static bool excludes_nothing(const struct check *c, uint32_t number)
{
	const struct fw_addrs *a = &c->rs->addrs[number];

	return a->negated && !a->nranges && !a->nsets;
}

static int check_addresses(struct check *c)
{
	if (excludes_nothing(c, c->rule->src))
		return REFUSE(c, src, "leave the match out", "the list of 'from not' is empty");
	if (excludes_nothing(c, c->rule->dst))
		return REFUSE(c, dst, "leave the match out", "the list of 'to not' is empty");
	if (!c->src)
		return REFUSE(c, src, "leave at least one address, or remove the rule",
			      "'from not' excludes every address: it matches nothing");
	if (!c->dst)
		return REFUSE(c, dst, "leave at least one address, or remove the rule",
			      "'to not' excludes every address: it matches nothing");
	if (!(c->src & c->dst))
		return REFUSE(c, dst, "use one family on both sides", "'from' is %s and 'to' is %s: no packet has both",
			      family_name(c->src), family_name(c->dst));
	return 0;
}

static int check_non_ip(struct check *c)
{
	if (c->ether)
		return 0;
	if (c->rule->src != FW_ANY)
		return REFUSE(c, src, NOT_IP_HINT, "the ethertypes are not IP, so there is no address to match");
	if (c->rule->dst != FW_ANY)
		return REFUSE(c, dst, NOT_IP_HINT, "the ethertypes are not IP, so there is no address to match");
	for (enum fw_field f = FW_NFIELDS;
	     f-- > 0;) /* the protocol may be one that a query's port implies: it is last */
		if (c->m[f] && fw_field_info[f].layer != FW_LAYER_FRAME)
			return REFUSE(c, field[f], NOT_IP_HINT,
				      "the ethertypes are not IP, so there is no '%s' to match",
				      fw_field_info[f].keyword);
	return 0;
}

static int check_family(struct check *c)
{
	unsigned addrs = c->src & c->dst;
	const char *hint = addrs == 1u << FW_IP4 ? "use 'ip', or leave the family out" :
						   "use 'ip6', or leave the family out";

	if (!c->ether || c->ether & addrs)
		return 0;
	return REFUSE(c, field[FW_F_ETHERTYPE], hint, "the rule asks for %s packets, but its addresses are %s",
		      family_name(c->ether), family_name(addrs));
}

/* Fields that only packets of one family have. */
static int check_field_families(struct check *c)
{
	unsigned families = c->src & c->dst & (c->ether ? c->ether : FAMILIES);

	for (enum fw_field f = 0; f < FW_NFIELDS; f++) {
		unsigned known = fw_field_info[f].families;

		if (!c->m[f] || !known)
			continue;
		if (!(families & known))
			return REFUSE(c, field[f], "leave it out, or the other family's match",
				      "'%s' is of %s packets, but the rule holds for %s only", fw_field_info[f].keyword,
				      family_name(known), family_name(families));
		families &= known;
	}
	return 0;
}

/* What fields of a layer require of the protocol, apart from that its packets must have them. */
static const struct {
	const char *fields; /* what they are */
	const char *needs;  /* the protocol that a rule must name; NULL: it need not name any */
	bool alone;         /* only one, since the values mean something else in another */
	const char *hint;
} layers[FW_NLAYERS] = {
	[FW_LAYER_PORTS] = { "ports", "a protocol that has ports", false,
			     "write 'proto tcp' (or udp, sctp, dccp, udplite, or a list of these)" },
	[FW_LAYER_ICMP] = { "ICMP type and code", "the protocol icmp or icmp6 only", true,
			    "write 'proto icmp' with icmp-type and icmp-code, 'proto icmp6' with icmp6-type and icmp6-code" },
	[FW_LAYER_TCP] = { "TCP header", NULL, false, "write 'proto tcp', or leave the protocol out" },
};

/* The first protocol that the match accepts and whose packets lack the layer; negative: there is none. */
static int proto_without(const struct fw_match *proto, unsigned layer)
{
	uint32_t first = proto->negated ? 0 : proto->r[0].lo;
	uint32_t last = proto->negated ? fw_field_info[FW_F_PROTO].max : proto->r[proto->n - 1].hi;

	for (uint32_t v = first; v <= last; v++)
		if (fw_match_has(proto, v) && !(fw_proto_layers(v, FW_FAMILY_NONE) & layer))
			return (int)v;
	return -ENOENT;
}

static int check_proto(const struct check *c, enum fw_field f)
{
	const struct fw_field_info *info = &fw_field_info[f];
	const char *needs = layers[info->layer].needs, *hint = layers[info->layer].hint;
	const struct fw_match *proto = c->m[FW_F_PROTO];
	int without = proto ? proto_without(proto, fw_field_layer(f)) : -ENOENT;
	bool several = proto && (proto->n > 1 || proto->r[0].lo != proto->r[0].hi);

	if (without >= 0)
		return REFUSE(c, field[f], hint, "'%s' cannot be used with protocol %d, which has no %s", info->keyword,
			      without, layers[info->layer].fields);
	if ((!proto && needs) || (several && layers[info->layer].alone))
		return REFUSE(c, field[f], hint, "'%s' needs %s", info->keyword, needs);
	return 0;
}

static bool only_later_fragments(const struct fw_match *frag)
{
	return frag && !fw_match_has(frag, FW_FRAG_NO) && !fw_match_has(frag, FW_FRAG_FIRST);
}

/* Fields beyond those of IP are only in packets of some protocols, and in no later fragment. */
static int check_transport(struct check *c)
{
	for (unsigned i = 0; i < c->rule->nmatches; i++) {
		enum fw_field f = c->rule->matches[i]->field;
		int err;

		if (!(fw_field_layer(f) & ~FW_LAYERS_IP))
			continue;
		err = check_proto(c, f);
		if (err)
			return err;
		if (only_later_fragments(c->m[FW_F_FRAG]))
			return REFUSE(c, field[f], "later fragments match on addresses, protocol and fragment state",
				      "a later fragment has no '%s'", fw_field_info[f].keyword);
	}
	return 0;
}

static int check_icmp_family(struct check *c)
{
	unsigned families = c->src & c->dst & (c->ether ? c->ether : FAMILIES);

	if (only(c->m[FW_F_PROTO], IPPROTO_ICMP) && families == 1u << FW_IP6)
		return REFUSE(c, field[FW_F_PROTO], "write 'proto icmp6'",
			      "icmp is a protocol of IPv4, but the rule is IPv6 only");
	if (only(c->m[FW_F_PROTO], IPPROTO_ICMPV6) && families == 1u << FW_IP4)
		return REFUSE(c, field[FW_F_PROTO], "write 'proto icmp'",
			      "icmp6 is a protocol of IPv6, but the rule is IPv4 only");
	return 0;
}

/* "in, input or forward" */
const char *fw_hooks_text(unsigned hooks, char buf[64])
{
	size_t used = 0;

	buf[0] = '\0';
	for (unsigned h = 0; h < FW_NHOOKS; h++) {
		unsigned more = hooks >> h >> 1;

		if (hooks >> h & 1)
			used += (size_t)snprintf(buf + used, 64 - used, "%s%s", fw_hook_name((enum fw_hook)h),
						 !more             ? "" :
						 more & (more - 1) ? ", " :
								     " or ");
	}
	return buf;
}

/* The hooks that know what the rule requires of a field. Netfilter's get IP packets only. */
static unsigned known_at(const struct check *c, enum fw_field f)
{
	return f == FW_F_ETHERTYPE && !c->ether ? FW_HOOKS_FRAMES : fw_field_hooks(f);
}

static int check_hooks(struct check *c)
{
	char names[64], hint[128];

	for (unsigned i = 0; i < c->rule->nmatches; i++) {
		enum fw_field f = c->rule->matches[i]->field;
		unsigned known = known_at(c, f);

		if (c->hooks & known) {
			c->hooks &= known;
			continue;
		}
		snprintf(hint, sizeof(hint),
			 f == FW_F_IFACE ? "write from-if or to-if; '%s' is for %s" : "'%s' is for %s",
			 fw_field_info[f].keyword, fw_hooks_text(known, names));
		return REFUSE(c, field[f], hint, "'%s' is not known at %s, where the rule holds",
			      fw_field_info[f].keyword, fw_hooks_text(c->hooks, names));
	}
	return 0;
}

/* Are all packets of the rule such that their connection can be asked for at FW_IN? */
static bool state_known_at_in(const struct check *c)
{
	const struct fw_match *proto = c->m[FW_F_PROTO], *type = c->m[FW_F_ICMP_TYPE];
	enum fw_family family = only(proto, IPPROTO_ICMPV6) ? FW_IP6 : FW_IP4;

	for (uint32_t v = 0; proto && v <= fw_field_info[FW_F_PROTO].max; v++) {
		if (!fw_match_has(proto, v))
			continue;
		for (uint32_t t = 0; t <= fw_field_info[FW_F_ICMP_TYPE].max; t++)
			if ((!type || fw_match_has(type, t)) && !fw_state_at_in(family, v, t))
				return false;
	}
	return proto;
}

static int check_state(struct check *c)
{
	if (!c->m[FW_F_STATE] || !(c->hooks & FW_HOOK_BIT(IN)) || state_known_at_in(c) || c->rule->chain != FW_MAIN)
		return 0; /* of rules in chains the callers decide: fw_chains_check() */
	return REFUSE(
		c, field[FW_F_STATE],
		"name the hooks (input forward output), or write proto { tcp, udp }, or icmp or icmp6 with types of errors",
		"'state' is known at in for TCP, UDP and ICMP errors only, and the rule holds there for others");
}

static unsigned ether_families(const struct fw_match *m)
{
	if (!m)
		return FAMILIES;
	return (unsigned)fw_match_has(m, ETH_P_IP) << FW_IP4 | (unsigned)fw_match_has(m, ETH_P_IPV6) << FW_IP6;
}

int fw_rule_check(const struct fw_ruleset *rs, const struct fw_rule *r, const struct fw_rule_places *at,
		  struct fw_diags *ds)
{
	static int (*const checks[])(struct check *) = {
		check_addresses,      check_non_ip,      check_transport, check_family,
		check_field_families, check_icmp_family, check_hooks,     check_state,
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
	c.hooks = fw_rule_hooks_named(r);
	for (size_t i = 0; i < sizeof(checks) / sizeof(*checks); i++) {
		int err = checks[i](&c);

		if (err)
			return err;
	}
	return 0;
}

int fw_name_check(const char *what, const char *name, struct fw_place at, struct fw_diags *ds)
{
	static const char hint[] = "names start with a letter or '_', followed by letters, digits, '_', '.' and '-'";
	size_t len = strlen(name);

	if (len > FW_NAME_MAX)
		return fw_diag_add(ds, at, NULL, "the name of a %s has at most %d bytes, not %zu", what, FW_NAME_MAX,
				   len);
	if (!len || !(isascii(name[0]) && (isalpha((unsigned char)name[0]) || name[0] == '_')))
		return fw_diag_add(ds, at, hint, "'%s' is not a valid name for a %s", name, what);
	for (size_t i = 1; i < len; i++)
		if (!isascii(name[i]) || (!isalnum((unsigned char)name[i]) && !strchr("_.-", name[i])))
			return fw_diag_add(ds, at, hint, "'%s' is not a valid name for a %s", name, what);
	return 0;
}

int fw_string_check(const char *what, const char *s, size_t max, struct fw_place at, struct fw_diags *ds)
{
	size_t len = strlen(s);

	if (len > max)
		return fw_diag_add(ds, at, NULL, "a %s has at most %zu bytes, not %zu", what, max, len);
	for (size_t i = 0, n; i < len; i += n) {
		n = fw_utf8_len(s + i, len - i);
		if (!n)
			return fw_diag_add(ds, at, NULL, "byte 0x%02x of the %s is not printable UTF-8",
					   (unsigned char)s[i], what);
	}
	return 0;
}

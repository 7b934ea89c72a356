// SPDX-License-Identifier: GPL-2.0-only
/* Ranges, kinds and sets of addresses. */
#include <strings.h>

#include "lib/import/ipt_match.h"
#include "lib/import/ipt_set.h"
#include "lib/import/ipt_values.h"

static enum said_field side(bool from)
{
	return from ? SAID_FROM : SAID_TO;
}

static const char *side_word(bool from)
{
	return from ? " from " : " to ";
}

static void say_iprange(struct ipt_said *s, const struct ipt_use *use)
{
	if (!use->first)
		return said_refuse(s, FW_IMPORT_AS_SYNTAX, use->column, "-m iprange lacks an option");
	for (const struct ipt_given *g = use->first; g && !s->rule->refused; g = g->next) {
		fw_cleanup(fw_buf_free) struct fw_buf b = { 0 };
		bool from = g->option->name[0] == 's';

		if (!ipt_print_between(&b, s->family, g->value))
			return said_refuse(s, FW_IMPORT_AS_VALUE, g->column, "%.100s is no range of addresses",
					   g->value);
		said_match_text(s, side(from), side_word(from), g->negated, &b, false);
	}
}

static const struct ipt_option iprange_options[] = {
	{ "src-range", 0, 1, true },
	{ "dst-range", 0, 1, true },
	{ NULL, 0, 0, false },
};
const struct ipt_module ipt_iprange = { "iprange", 0, iprange_options, say_iprange };

/*
 * Kinds of addresses, and what is one: for the kernel 0.0.0.0/8 is a broadcast, IPv4 has no anycast, and IPv6 no broadcast.
 * NULL: rules do not know.
 */
static const struct {
	const char *name, *set[IPT_NFAMILIES];
} kinds[] = {
	{ "LOCAL", { "@local", "@local" } },
	{ "BROADCAST", { "@broadcast, 0.0.0.0/8", NULL } },
	{ "MULTICAST", { "@multicast", "@multicast" } },
	{ "ANYCAST", { "", NULL } },
};

static void say_kinds(struct ipt_said *s, const struct ipt_given *g)
{
	bool from = g->option->name[0] == 's';
	fw_cleanup(fw_buf_free) struct fw_buf b = { 0 };
	size_t len;

	for (const char *at = g->value;; at += len + 1) {
		const char *set = NULL;

		len = strcspn(at, ",");
		for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
			if (strlen(kinds[i].name) == len && !strncasecmp(kinds[i].name, at, len))
				set = kinds[i].set[s->family];
		if (!set)
			return said_refuse(s, FW_IMPORT_AS_VALUE, g->column,
					   "rules do not know which addresses are %.*s", (int)len, at);
		fw_buf_printf(&b, "%s%s", b.len && *set ? ", " : "", set);
		if (!at[len])
			break;
	}
	if (b.len)
		said_match_text(s, side(from), side_word(from), g->negated, &b, strchr(b.text, ','));
	else
		s->never |= !g->negated;
}

static void say_addrtype(struct ipt_said *s, const struct ipt_use *use)
{
	if (!use->first)
		return said_refuse(s, FW_IMPORT_AS_SYNTAX, use->column, "-m addrtype lacks an option");
	for (const struct ipt_given *g = use->first; g && !s->rule->refused; g = g->next) {
		if (!strncmp(g->option->name, "limit", 5))
			return said_refuse(s, FW_IMPORT_AS_MATCH, g->column,
					   "rules do not ask which interface has an address");
		say_kinds(s, g);
	}
}

static const struct ipt_option addrtype_options[] = {
	{ "src-type", 0, 1, true },         { "dst-type", 0, 1, true }, { "limit-iface-in", 0, 0, false },
	{ "limit-iface-out", 0, 0, false }, { NULL, 0, 0, false },
};
const struct ipt_module ipt_addrtype = { "addrtype", 0, addrtype_options, say_addrtype };

/* Refuses, by what the set is. */
static void refuse_set(struct ipt_said *s, const struct ipt_given *g, const struct ipt_set *set)
{
	if (!set)
		said_refuse(s, FW_IMPORT_AS_SET, g->column,
			    "the set %.64s is missing: import the output of `ipset save`, too", g->value);
	else
		said_refuse(s, FW_IMPORT_AS_SET, g->column, "rules cannot match on %.64s, a set of the type %.32s",
			    g->value, set->type);
}

#define RULES_MAX 1000 /* that a set becomes, for each rule that names it */

/* Each element is the match of a rule: one of them, or none. */
static void say_elements(struct ipt_said *s, const struct ipt_given *g, const struct ipt_set *set)
{
	fw_cleanup(fw_buf_free) struct fw_buf lines = { 0 };
	bool macs = set->kind == IPT_SET_MACS;
	unsigned n = 0;
	char one[256];
	size_t len;

	for (const char *at = set->elements.text; *at && n++ <= RULES_MAX; at += len) {
		len = strcspn(at, macs ? ", " : "\n");
		snprintf(one, sizeof(one), "%.*s", (int)len, at);
		if (macs)
			fw_buf_printf(&lines, " mac %s", one);
		else if (!ipt_tuple_print(&lines, set, g->second, one))
			return said_refuse(s, FW_IMPORT_AS_VALUE, g->column,
					   "rules cannot match on %.64s %.32s of a %.32s", one, g->second, set->type);
		fw_buf_printf(&lines, "\n");
		len += strspn(at + len, macs ? ", " : "\n");
	}
	if (n > RULES_MAX)
		return said_refuse(s, FW_IMPORT_AS_SET, g->column, "the set %.64s would become more than %d rules",
				   g->value, RULES_MAX);
	if (lines.failed)
		s->c->failed = true;
	else if (!g->negated)
		said_any(s, &lines, !macs && n > 1 && ipt_tuple_overlaps(set));
	else
		said_excepts(s, &lines);
}

/* Sets of ports are lists in the rule; without a protocol, those of TCP and UDP are meant. */
static void say_ports(struct ipt_said *s, const struct ipt_given *g, const struct ipt_set *set, bool from)
{
	int proto = s->rule->proto;

	if (proto >= 0 && proto != 6 && proto != 17) {
		s->never |= !g->negated;
		return;
	}
	if (proto < 0 && g->negated)
		return refuse_set(s, g, set);
	if (proto < 0)
		said_match(s, SAID_PROTO, " proto { tcp, udp }");
	said_match_text(s, from ? SAID_SPORT : SAID_DPORT, from ? " sport " : " dport ", g->negated, &set->elements,
			true);
}

/* Does no packet of the family match the set? */
static bool is_empty(const struct ipt_set *set, enum ipt_family family)
{
	return set->kind == IPT_SET_TUPLES ? !set->elements.len || set->family != family :
					     !set->elements.len && set->kind != IPT_SET_ADDRS;
}

static void say_kind(struct ipt_said *s, const struct ipt_given *g, const struct ipt_set *set)
{
	const char *said = g->second ? g->second : "";
	bool from = !strcmp(said, "src");

	if (is_empty(set, s->family))
		s->never |= !g->negated;
	else if ((set->kind == IPT_SET_TUPLES && (set->dynamic || set->masked)) || (set->kind == IPT_SET_MACS && !from))
		refuse_set(s, g, set);
	else if (set->kind == IPT_SET_TUPLES || set->kind == IPT_SET_MACS)
		say_elements(s, g, set);
	else if (!from && strcmp(said, "dst") != 0)
		said_refuse(s, FW_IMPORT_AS_VALUE, g->column, "%.32s has more sides than the set", said);
	else if (set->kind == IPT_SET_PORTS)
		say_ports(s, g, set, from);
	else if (set->kind == IPT_SET_ADDRS)
		said_match(s, side(from), "%s%s@%s", side_word(from), said_not(g), set->out);
	else
		said_match_text(s, side(from), side_word(from), g->negated, &set->elements, true);
}

static void say_set(struct ipt_said *s, const struct ipt_use *use)
{
	for (const struct ipt_given *g = use->first; g && !s->rule->refused; g = g->next) {
		const struct ipt_set *set = g->value ? import_names_get(&s->c->sets, g->value) : NULL;

		if (g->option->args != 2)
			return said_refuse(s, FW_IMPORT_AS_MATCH, g->column, "rules do not count in sets: --%s",
					   g->option->name);
		if (!set || set->kind == IPT_SET_OTHER)
			return refuse_set(s, g, set);
		say_kind(s, g, set);
	}
}

static const struct ipt_option set_options[] = {
	{ "match-set", 0, 2, true },          { "set", 0, 2, true },
	{ "return-nomatch", 0, 0, true },     { "update-counters", 0, 0, true },
	{ "update-subcounters", 0, 0, true }, { "packets-eq", 0, 1, true },
	{ "packets-lt", 0, 1, false },        { "packets-gt", 0, 1, false },
	{ "bytes-eq", 0, 1, true },           { "bytes-lt", 0, 1, false },
	{ "bytes-gt", 0, 1, false },          { NULL, 0, 0, false },
};
const struct ipt_module ipt_set = { "set", 0, set_options, say_set };

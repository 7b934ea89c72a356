// SPDX-License-Identifier: GPL-2.0-only
/*
 * Ports, TCP flags and types of ICMP. Whatever options they have, these matches of iptables are false for later fragments:
 * if none of the options says so, `frag not later` does.
 */
#include <strings.h>

#include "lib/import/ipt_match.h"
#include "lib/import/ipt_values.h"

/* Appends one port or range. false: refused. */
static bool print_port(struct ipt_said *s, const struct ipt_given *g, const char *text, struct fw_buf *b)
{
	unsigned from, to;

	if (ipt_ports(text, s->rule->proto, &from, &to)) {
		said_refuse(s, FW_IMPORT_AS_VALUE, g->column, "there is no port %.64s here", text);
		return false;
	}
	said_print_range(b, from, to);
	return true;
}

static bool is_all(const struct fw_buf *b)
{
	return !strcmp(b->text, "0-65535");
}

static void say_port(struct ipt_said *s, const struct ipt_given *g, bool source)
{
	fw_cleanup(fw_buf_free) struct fw_buf b = { 0 };

	if (!print_port(s, g, g->value, &b))
		return;
	s->never |= g->negated && is_all(&b);
	said_match_text(s, source ? SAID_SPORT : SAID_DPORT, source ? " sport " : " dport ", g->negated, &b, false);
}

#define PORT_OPTIONS                                                                     \
	{ "sport", 0, 1, true }, { "source-port", 0, 1, true }, { "dport", 0, 1, true }, \
	{                                                                                \
		"destination-port", 0, 1, true                                           \
	}

static const struct ipt_option tcp_options[] = {
	PORT_OPTIONS,          { "tcp-flags", 0, 2, true }, { "syn", 0, 0, true }, { "tcp-option", 0, 1, true },
	{ NULL, 0, 0, false },
};
/* With options of SCTP and DCCP that no field has. */
static const struct ipt_option port_options[] = { PORT_OPTIONS,
						  { "chunk-types", 0, 2, true },
						  { "dccp-types", 0, 1, true },
						  { "dccp-option", 0, 1, true },
						  { NULL, 0, 0, false } };

static const char *const flag_names[] = { "fin", "syn", "rst", "psh", "ack", "urg" };
#define FLAGS_ALL 0x3fu

/* `SYN,ACK`, ALL or NONE. -1: something else. */
static int read_flags(const char *text)
{
	int flags = 0;
	size_t len;

	for (;; text += len + 1) {
		unsigned i = 0;

		len = strcspn(text, ",");
		while (i < 6 && (strlen(flag_names[i]) != len || strncasecmp(flag_names[i], text, len) != 0))
			i++;
		if (i < 6)
			flags |= 1 << i;
		else if (len == 3 && !strncasecmp(text, "ALL", 3))
			flags |= FLAGS_ALL;
		else if (len != 4 || strncasecmp(text, "NONE", 4) != 0)
			return -1;
		if (!text[len])
			return flags;
	}
}

static void print_flags(struct fw_buf *b, unsigned flags)
{
	size_t from = b->len;

	for (unsigned i = 0; i < 6; i++)
		if (flags & 1u << i)
			fw_buf_printf(b, "%s%s", b->len > from ? "," : "", flag_names[i]);
	if (!flags)
		fw_buf_printf(b, "none");
}

static void say_flags(struct ipt_said *s, const struct ipt_given *g, const char *mask_text, const char *value_text)
{
	int mask = read_flags(mask_text), value = read_flags(value_text);
	fw_cleanup(fw_buf_free) struct fw_buf b = { 0 };

	if (mask < 0 || value < 0)
		return said_refuse(s, FW_IMPORT_AS_SYNTAX, g->column, "these are no flags of TCP");
	if (value & ~mask || !mask) {
		s->never |= !g->negated == !!(value & ~mask);
		return said_not_later(s);
	}
	print_flags(&b, (unsigned)value);
	fw_buf_printf(&b, "/");
	print_flags(&b, (unsigned)mask);
	said_match_text(s, SAID_FLAGS, " flags ", g->negated, &b, false);
}

/* `--tcp-option N`: an option is there. */
static void say_option(struct ipt_said *s, const struct ipt_given *g)
{
	static const struct {
		unsigned number;
		const char *word;
	} names[] = { { 2, "mss" },       { 3, "window" }, { 4, "sack-permitted" }, { 5, "sack" },
		      { 8, "timestamp" }, { 19, "md5" },   { 30, "mptcp" },         { 34, "fastopen" } };
	uint64_t number;

	for (size_t i = 0; ipt_number(g->value, 255, &number) && i < sizeof(names) / sizeof(*names); i++)
		if (names[i].number == number)
			return said_match(s, SAID_TCP_OPTION, " tcp-option %s%s", said_not(g), names[i].word);
	said_refuse(s, FW_IMPORT_AS_VALUE, g->column, "rules do not know the TCP option %.32s", g->value);
}

static void say_ports(struct ipt_said *s, const struct ipt_use *use, int proto)
{
	if (s->rule->proto != proto)
		return said_refuse(s, FW_IMPORT_AS_SYNTAX, use->column, "-m %s wants -p %s", use->module->name,
				   use->module->name);
	s->never |= s->later;
	if (!use->first)
		said_not_later(s);
	for (const struct ipt_given *g = use->first; g && !s->rule->refused; g = g->next) {
		if (!strcmp(g->option->name, "tcp-flags"))
			say_flags(s, g, g->value, g->second);
		else if (!strcmp(g->option->name, "syn"))
			say_flags(s, g, "FIN,SYN,RST,ACK", "SYN");
		else if (!strcmp(g->option->name, "tcp-option"))
			say_option(s, g);
		else if (!strcmp(g->option->name, "chunk-types") || !strncmp(g->option->name, "dccp", 4))
			said_refuse(s, FW_IMPORT_AS_MATCH, g->column, "rules do not match on --%s", g->option->name);
		else
			say_port(s, g, g->option->name[0] == 's');
	}
}

#define PORTS_OF(sym, word, proto, opts)                                     \
	static void say_##sym(struct ipt_said *s, const struct ipt_use *use) \
	{                                                                    \
		say_ports(s, use, proto);                                    \
	}                                                                    \
	const struct ipt_module ipt_##sym = { .name = word, .options = opts, .say = say_##sym }
PORTS_OF(tcp, "tcp", 6, tcp_options);
PORTS_OF(udp, "udp", 17, port_options);
PORTS_OF(udplite, "udplite", 136, port_options);
PORTS_OF(sctp, "sctp", 132, port_options);
PORTS_OF(dccp, "dccp", 33, port_options);

static void say_icmp_type(struct ipt_said *s, const struct ipt_given *g, const char *field, const char *proto)
{
	int type, code;

	if (!ipt_icmp(g->value, s->family, &type, &code))
		return said_refuse(s, FW_IMPORT_AS_VALUE, g->column, "there is no single ICMP type %.64s", g->value);
	if (type < 0 || (type == 255 && s->family == IPT_V4)) {
		s->never |= g->negated;
		return said_not_later(s);
	}
	if (code < 0)
		return said_match(s, SAID_ICMP, " %s-type %s%d", field, said_not(g), type);
	if (!g->negated)
		return said_match(s, SAID_ICMP, " %s-type %d %s-code %d", field, type, field, code);
	said_not_later(s);
	said_except(s, " proto %s %s-type %d %s-code %d", proto, field, type, field, code);
}

static void say_icmp_of(struct ipt_said *s, const struct ipt_use *use, int proto, const char *word)
{
	const struct ipt_given *g = use->first;

	if (s->rule->proto != proto)
		return said_refuse(s, FW_IMPORT_AS_SYNTAX, use->column, "-m %s wants the protocol %s",
				   use->module->name, word);
	s->never |= s->later;
	if (g)
		say_icmp_type(s, g, word, word);
	else
		said_not_later(s);
}

static void say_icmp4(struct ipt_said *s, const struct ipt_use *use)
{
	say_icmp_of(s, use, 1, "icmp");
}

static void say_icmp6(struct ipt_said *s, const struct ipt_use *use)
{
	say_icmp_of(s, use, 58, "icmp6");
}

static const struct ipt_option icmp_options[] = { { "icmp-type", 0, 1, true }, { NULL, 0, 0, false } };
static const struct ipt_option icmp6_options[] = { { "icmpv6-type", 0, 1, true }, { NULL, 0, 0, false } };
const struct ipt_module ipt_icmp4 = { "icmp", IPT_FAMILY_BIT(IPT_V4), icmp_options, say_icmp4 };
const struct ipt_module ipt_icmp6 = { "icmp6", IPT_FAMILY_BIT(IPT_V6), icmp6_options, say_icmp6 };
const struct ipt_module ipt_icmpv6 = { "icmpv6", IPT_FAMILY_BIT(IPT_V6), icmp6_options, say_icmp6 };

/* Ports with commas between. false: refused. */
static bool print_ports(struct ipt_said *s, const struct ipt_given *g, struct fw_buf *b)
{
	char one[64];
	size_t len;

	for (const char *at = g->value;; at += len + 1) {
		len = strcspn(at, ",");
		snprintf(one, sizeof(one), "%.*s", (int)len, at);
		fw_buf_printf(b, "%s", b->len ? ", " : "");
		if (!print_port(s, g, one, b))
			return false;
		if (!at[len])
			return true;
	}
}

/* Does a list that was printed leave no port out? */
static bool is_every_port(struct ipt_said *s, const char *list)
{
	bool seen[UINT16_MAX + 1] = { false };
	unsigned from, to;
	char one[64];
	size_t len;

	for (const char *at = list;; at += len + 1) {
		len = strcspn(at, ",");
		snprintf(one, sizeof(one), "%.*s", (int)len, at);
		if (!ipt_ports(one, s->rule->proto, &from, &to))
			memset(seen + from, true, to - from + 1);
		if (!at[len])
			return !memchr(seen, 0, sizeof(seen));
	}
}

/* Either port is one of them: what has neither is an exception. */
static void say_either(struct ipt_said *s, const struct ipt_given *g, const struct fw_buf *b)
{
	const char *proto = ipt_proto_word(s->rule->proto);

	if (g->negated) {
		said_match(s, SAID_SPORT, " sport not { %s }", b->text);
		said_match(s, SAID_DPORT, " dport not { %s }", b->text);
		return;
	}
	said_not_later(s);
	said_except(s, " proto %s sport not { %s } dport not { %s }", proto, b->text, b->text);
}

static void say_multiport(struct ipt_said *s, const struct ipt_use *use)
{
	if (!use->first)
		return said_refuse(s, FW_IMPORT_AS_SYNTAX, use->column, "-m multiport lacks an option");
	s->never |= s->later;
	for (const struct ipt_given *g = use->first; g && !s->rule->refused; g = g->next) {
		fw_cleanup(fw_buf_free) struct fw_buf b = { 0 };
		bool source = g->option->name[0] == 's';

		if (!strchr("\x06\x11\x21\x84\x88", s->rule->proto < 0 ? ' ' : s->rule->proto) || !s->rule->proto)
			return said_refuse(s, FW_IMPORT_AS_SYNTAX, use->column, "-m multiport wants -p tcp or udp");
		if (!print_ports(s, g, &b))
			return;
		if (is_every_port(s, g->value)) {
			s->never |= g->negated;
			said_not_later(s);
			continue;
		}
		if (g->option->name[0] == 'p')
			say_either(s, g, &b);
		else
			said_match_text(s, source ? SAID_SPORT : SAID_DPORT, source ? " sport " : " dport ", g->negated,
					&b, strchr(b.text, ','));
	}
}

static const struct ipt_option multiport_options[] = {
	{ "sports", 0, 1, true }, { "source-ports", 0, 1, true },
	{ "dports", 0, 1, true }, { "destination-ports", 0, 1, true },
	{ "ports", 0, 1, true },  { NULL, 0, 0, false },
};
const struct ipt_module ipt_multiport = { "multiport", 0, multiport_options, say_multiport };

/* `! --mss` is true of TCP without the option, too. */
static void say_tcpmss(struct ipt_said *s, const struct ipt_use *use)
{
	const struct ipt_given *g = use->first;
	fw_cleanup(fw_buf_free) struct fw_buf b = { 0 };
	uint64_t from, to;

	if (!g || s->rule->proto != 6)
		return said_refuse(s, FW_IMPORT_AS_SYNTAX, use->column, "-m tcpmss wants -p tcp and --mss");
	if (!ipt_range(g->value, ':', 65535, &from, &to))
		return said_refuse(s, FW_IMPORT_AS_VALUE, g->column, "%.32s is no range", g->value);
	said_print_range(&b, from, to);
	if (!g->negated)
		return said_match(s, SAID_MSS, " mss %s", b.text);
	said_not_later(s);
	said_except(s, " proto tcp mss %s", b.text);
}

static const struct ipt_option tcpmss_options[] = { { "mss", 0, 1, true }, { NULL, 0, 0, false } };
const struct ipt_module ipt_tcpmss = { "tcpmss", 0, tcpmss_options, say_tcpmss };

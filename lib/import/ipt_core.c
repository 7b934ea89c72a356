// SPDX-License-Identifier: GPL-2.0-only
/* The options that every rule of iptables has: addresses, interfaces, protocol, fragments, and where it leads to. */
#include <ctype.h>

#include "fw/rule.h"
#include "lib/import/ipt_match.h"
#include "lib/import/ipt_values.h"

static const struct ipt_option options[] = {
	{ "protocol", 'p', 1, true },      { "source", 's', 1, true },   { "src", 0, 1, true },
	{ "destination", 'd', 1, true },   { "dst", 0, 1, true },        { "in-interface", 'i', 1, true },
	{ "out-interface", 'o', 1, true }, { "fragment", 'f', 0, true }, { "match", 'm', 1, false },
	{ "jump", 'j', 1, false },         { "goto", 'g', 1, false },    { "set-counters", 'c', 2, false },
	{ "ipv4", '4', 0, false },         { "ipv6", '6', 0, false },    { "wait", 'w', 0, false },
	{ "verbose", 'v', 0, false },      { "numeric", 'n', 0, false }, { NULL, 0, 0, false },
};

/* ::ffff:a.b.c.d: no packet has it, and it is no element of our language. */
static bool is_mapped(const struct ipt_net *n)
{
	static const uint8_t prefix[12] = { [10] = 0xff, [11] = 0xff };

	return n->family == IPT_V6 && n->len > 96 && !memcmp(n->addr, prefix, sizeof(prefix));
}

/* One of the addresses between commas. */
static bool say_net(struct ipt_said *s, const struct ipt_given *g, const char *text, size_t len, struct fw_buf *b,
		    bool *any)
{
	struct ipt_net net;
	char one[128];

	snprintf(one, sizeof(one), "%.*s", (int)len, text);
	if (len >= sizeof(one) || !ipt_net(one, s->family, &net)) {
		said_refuse(s, FW_IMPORT_AS_VALUE, g->column,
			    "%.100s is no address and mask; a host name would be looked up only now", one);
		return false;
	}
	if (is_mapped(&net)) {
		said_refuse(s, FW_IMPORT_AS_VALUE, g->column, "no packet has the address %.100s", one);
		return false;
	}
	if (!net.len)
		*any = true;
	fw_buf_printf(b, "%s", b->len ? ", " : "");
	ipt_print_net(b, &net);
	return true;
}

/* `-s` or `-d`: addresses with commas between. */
static void say_addresses(struct ipt_said *s, const struct ipt_given *g, enum said_field field)
{
	fw_cleanup(fw_buf_free) struct fw_buf b = { 0 };
	bool any = false, list = strchr(g->value, ',');
	size_t len;

	if (list && g->negated)
		return said_refuse(s, FW_IMPORT_AS_SYNTAX, g->column, "several addresses cannot be negated");
	for (const char *at = g->value;; at += len + 1) {
		len = strcspn(at, ",");
		if (!say_net(s, g, at, len, &b, &any))
			return;
		if (!at[len])
			break;
	}
	if (any) {
		s->never |= g->negated;
		return;
	}
	said_match_text(s, field, field == SAID_FROM ? " from " : " to ", g->negated, &b, list);
	s->family_implied |= !g->negated;
}

/* Is it a word that stands for a name in our language without quotes? A pattern may end in `*`. */
static bool is_plain(const char *name)
{
	size_t len = strlen(name);

	if (!isalpha((unsigned char)name[0]) || !strcmp(name, "not") || !strcmp(name, "any"))
		return false;
	return strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-") >=
	       len - (name[len - 1] == '*');
}

/* An interface, or all whose names begin so (eth+). A packet without one is not called so: `!` is true of it. */
static void say_interface(struct ipt_said *s, const struct ipt_given *g, bool in)
{
	const char *word = in ? "from-if" : "to-if";
	unsigned without = 1u << (in ? IPT_OUTPUT : IPT_INPUT);
	fw_cleanup(fw_buf_free) struct fw_buf name = { 0 };
	bool any = !strcmp(g->value, "+");
	size_t len = strlen(g->value);
	char text[FW_IFNAME_MAX + 2];

	if (!len || len > FW_IFNAME_MAX || strchr(g->value, '*'))
		return said_refuse(s, FW_IMPORT_AS_VALUE, g->column, "%.64s is no name of an interface", g->value);
	/* No interface can have a name that the kernel does not take. */
	if (any || !fw_ifname_valid(g->value, len, FW_IFNAME_MAX)) {
		s->never |= g->negated == any;
		return;
	}
	snprintf(text, sizeof(text), "%s", g->value);
	if (text[len - 1] == '+')
		text[len - 1] = '*';
	if (is_plain(text))
		fw_buf_printf(&name, "%s", text);
	else
		import_print_string(&name, text);
	if (g->negated && s->rule->chain->reached & without)
		said_except(s, " %s %s", word, name.text);
	else
		said_match(s, in ? SAID_FROM_IF : SAID_TO_IF, " %s %s%s", word, said_not(g), name.text);
}

static void say_proto(struct ipt_said *s, const struct ipt_given *g)
{
	int proto = ipt_proto(g->value);
	const char *word = ipt_proto_word(proto);
	bool other_icmp = proto == (s->family == IPT_V4 ? 58 : 1);

	if (!proto)
		s->never |= g->negated;
	else if (other_icmp && !g->negated) /* a rule of ours that names the family must not name this */
		said_apart(s, SAID_PROTO, " proto %d", proto);
	else if (word)
		said_match(s, SAID_PROTO, " proto %s%s", said_not(g), word);
	else
		said_match(s, SAID_PROTO, " proto %s%d", said_not(g), proto);
}

static void say_fragment(struct ipt_said *s, const struct ipt_given *g)
{
	if (s->family == IPT_V6)
		return said_refuse(s, FW_IMPORT_AS_SYNTAX, g->column, "-f is of IPv4 only");
	s->later |= !g->negated;
	said_match(s, SAID_FRAG, g->negated ? " frag not later" : " frag later");
}

static void say(struct ipt_said *s, const struct ipt_use *use)
{
	for (const struct ipt_given *g = use->first; g && !s->rule->refused; g = g->next) {
		switch (g->option->name[0]) {
		case 'p':
			say_proto(s, g);
			break;
		case 'i':
		case 'o':
			if (!strncmp(g->option->name, "ip", 2))
				break;
			say_interface(s, g, g->option->name[0] == 'i');
			break;
		case 'f':
			say_fragment(s, g);
			break;
		case 's':
			if (g->option->letter != 's' && g->option->letter)
				break;
			say_addresses(s, g, SAID_FROM);
			break;
		case 'd':
			say_addresses(s, g, SAID_TO);
			break;
		default:
			break;
		}
	}
}

const struct ipt_module ipt_core = { .name = "", .options = options, .say = say };

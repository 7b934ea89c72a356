// SPDX-License-Identifier: GPL-2.0-only
/* Properties of packets: TTL, length, DSCP, mark, MAC, packet type, routing header, connection state, owner. */
#include <grp.h>
#include <pwd.h>
#include <strings.h>

#include "lib/import/ipt_match.h"
#include "lib/import/ipt_values.h"

#define END                       \
	{                         \
		NULL, 0, 0, false \
	}
#define MODULE(sym, word, families, opts) const struct ipt_module ipt_##sym = { word, families, opts, say_##sym }

static void bad_value(struct ipt_said *s, const struct ipt_given *g)
{
	said_refuse(s, FW_IMPORT_AS_VALUE, g->column, "%.64s is no value of --%s", g->value, g->option->name);
}

static void missing(struct ipt_said *s, const struct ipt_use *use)
{
	said_refuse(s, FW_IMPORT_AS_SYNTAX, use->column, "-m %s wants one option", use->module->name);
}

/* `-m ttl` and `-m hl`: equal, less or greater. */
static void say_ttl(struct ipt_said *s, const struct ipt_use *use)
{
	uint64_t n;

	if (!use->first || use->first->next)
		return missing(s, use);
	for (const struct ipt_given *g = use->first; g && !s->rule->refused; g = g->next) {
		const char *dash = strchr(g->option->name, '-'), *how = dash ? dash + 1 : "eq";

		if (!ipt_number(g->value, 255, &n))
			return bad_value(s, g);
		if (how[0] == 'e')
			said_match(s, SAID_TTL, " ttl %s%u", said_not(g), (unsigned)n);
		else if (n == (how[0] == 'l' ? 0 : 255))
			s->never = true;
		else if (how[0] == 'l')
			said_match(s, SAID_TTL, " ttl 0-%u", (unsigned)n - 1);
		else
			said_match(s, SAID_TTL, " ttl %u-255", (unsigned)n + 1);
	}
}

static const struct ipt_option ttl_options[] = {
	{ "ttl-eq", 0, 1, true }, { "ttl", 0, 1, true }, { "ttl-lt", 0, 1, false }, { "ttl-gt", 0, 1, false }, END
};
static const struct ipt_option hl_options[] = {
	{ "hl-eq", 0, 1, true }, { "hl", 0, 1, true }, { "hl-lt", 0, 1, false }, { "hl-gt", 0, 1, false }, END
};
MODULE(ttl, "ttl", IPT_FAMILY_BIT(IPT_V4), ttl_options);
const struct ipt_module ipt_hl = { "hl", IPT_FAMILY_BIT(IPT_V6), hl_options, say_ttl };

static void say_length(struct ipt_said *s, const struct ipt_use *use)
{
	fw_cleanup(fw_buf_free) struct fw_buf b = { 0 };
	uint64_t from, to;

	if (!use->first)
		return missing(s, use);
	if (!ipt_range(use->first->value, ':', 65535, &from, &to))
		return bad_value(s, use->first);
	if (!from && to == 65535) {
		s->never |= use->first->negated;
		return;
	}
	said_print_range(&b, from, to);
	said_match_text(s, SAID_LENGTH, " length ", use->first->negated, &b, false);
}

static const struct ipt_option length_options[] = { { "length", 0, 1, true }, END };
MODULE(length, "length", 0, length_options);

/* The number of a class, BE, EF, CS3 or AF21; -1: there is none. */
static int dscp_class(const char *s)
{
	if (!strcasecmp(s, "BE"))
		return 0;
	if (!strcasecmp(s, "EF"))
		return 46;
	if (!strncasecmp(s, "CS", 2) && s[2] >= '0' && s[2] <= '7' && !s[3])
		return 8 * (s[2] - '0');
	if (!strncasecmp(s, "AF", 2) && s[2] >= '1' && s[2] <= '4' && s[3] >= '1' && s[3] <= '3' && !s[4])
		return 8 * (s[2] - '0') + 2 * (s[3] - '0');
	return -1;
}

static void say_dscp(struct ipt_said *s, const struct ipt_use *use)
{
	const struct ipt_given *g = use->first;
	uint64_t n;
	int class;

	if (!g || g->next)
		return missing(s, use);
	class = !strcmp(g->option->name, "dscp-class") ? dscp_class(g->value) :
		ipt_number(g->value, 63, &n)           ? (int)n :
							 -1;
	if (class < 0)
		return bad_value(s, g);
	said_match(s, SAID_DSCP, " dscp %s%d", said_not(g), class);
}

static const struct ipt_option dscp_options[] = { { "dscp", 0, 1, true }, { "dscp-class", 0, 1, true }, END };
MODULE(dscp, "dscp", 0, dscp_options);

static bool in_one_byte(uint32_t mask)
{
	return !(mask & ~(0xffu << __builtin_ctz(mask) / 8 * 8));
}

static void say_mark(struct ipt_said *s, const struct ipt_use *use)
{
	const struct ipt_given *g = use->first;
	uint32_t value, mask;

	if (!g)
		return missing(s, use);
	if (!ipt_masked(g->value, &value, &mask))
		return bad_value(s, g);
	if (value & ~mask || !mask)
		s->never |= !g->negated == !!(value & ~mask);
	else if (mask == UINT32_MAX)
		said_match(s, SAID_MARK, " mark %s0x%x", said_not(g), value);
	else if (g->negated && !in_one_byte(mask))
		said_refuse(s, FW_IMPORT_AS_VALUE, g->column,
			    "a rule excludes a mark by a mask if its bits are in the same byte");
	else
		said_match(s, SAID_MARK, " mark %s0x%x/0x%x", said_not(g), value, mask);
}

static const struct ipt_option mark_options[] = { { "mark", 0, 1, true }, END };
MODULE(mark, "mark", 0, mark_options);

static void say_mac(struct ipt_said *s, const struct ipt_use *use)
{
	const struct ipt_given *g = use->first;
	uint8_t mac[IMPORT_MAC_BYTES];

	if (!g)
		return missing(s, use);
	if (!import_mac(g->value, mac))
		return bad_value(s, g);
	if (g->negated)
		return said_refuse(s, FW_IMPORT_AS_VALUE, g->column, "rules do not exclude MAC addresses");
	said_match(s, SAID_MAC, " mac %s%02x:%02x:%02x:%02x:%02x:%02x", said_not(g), mac[0], mac[1], mac[2], mac[3],
		   mac[4], mac[5]);
}

static const struct ipt_option mac_options[] = { { "mac-source", 0, 1, true }, END };
MODULE(mac, "mac", 0, mac_options);

/* What the host sends has no type for us; for the kernel it is unicast. */
static void say_pkttype(struct ipt_said *s, const struct ipt_use *use)
{
	static const char *const types[][2] = { { "unicast", "unicast" },     { "host", "unicast" },
						{ "broadcast", "broadcast" }, { "bcast", "broadcast" },
						{ "multicast", "multicast" }, { "mcast", "multicast" } };
	const struct ipt_given *g = use->first;
	const char *word = NULL;

	if (!g)
		return missing(s, use);
	for (size_t i = 0; i < sizeof(types) / sizeof(*types); i++)
		if (!strcmp(types[i][0], g->value))
			word = types[i][1];
	if (!word)
		return bad_value(s, g);
	if (s->rule->chain->reached & 1u << IPT_OUTPUT && (word[0] == 'u') != g->negated)
		return said_refuse(s, FW_IMPORT_AS_PLACE, use->column,
				   "packets that the host sends have no packet type");
	said_match(s, SAID_PACKET_TYPE, " packet-type %s%s", said_not(g), word);
}

static const struct ipt_option pkttype_options[] = { { "pkt-type", 0, 1, true }, END };
MODULE(pkttype, "pkttype", 0, pkttype_options);

static void say_rt(struct ipt_said *s, const struct ipt_use *use)
{
	const struct ipt_given *g = said_given(use, "rt-type");
	uint64_t n;

	if (!g || use->first != g || g->next)
		return said_refuse(s, FW_IMPORT_AS_MATCH, use->column,
				   "of a routing header rules match on the type only");
	if (!ipt_number(g->value, 255, &n))
		return bad_value(s, g);
	said_match(s, SAID_RT_TYPE, " rt-type %s%u", said_not(g), (unsigned)n);
}

static const struct ipt_option rt_options[] = { { "rt-type", 0, 1, true },
						{ "rt-segsleft", 0, 1, true },
						{ "rt-len", 0, 1, true },
						{ "rt-0-res", 0, 0, false },
						{ "rt-0-addrs", 0, 1, false },
						{ "rt-0-not-strict", 0, 0, false },
						END };
MODULE(rt, "rt", IPT_FAMILY_BIT(IPT_V6), rt_options);

static void say_states(struct ipt_said *s, const struct ipt_given *g)
{
	static const char *const names[] = { "new", "established", "related", "invalid", "untracked" };
	fw_cleanup(fw_buf_free) struct fw_buf b = { 0 };
	unsigned states = 0;
	size_t len;

	for (const char *at = g->value;; at += len + 1) {
		unsigned i = 0;

		len = strcspn(at, ",");
		while (i < 5 && (strlen(names[i]) != len || strncasecmp(names[i], at, len) != 0))
			i++;
		if (i == 5)
			return said_refuse(s, FW_IMPORT_AS_STATE, g->column, "rules do not know the state %.*s",
					   (int)len, at);
		states |= 1u << i;
		if (!at[len])
			break;
	}
	if (states == 0x1f) {
		s->never |= g->negated;
		return;
	}
	for (unsigned i = 0; i < 5; i++)
		if (states & 1u << i)
			fw_buf_printf(&b, "%s%s", b.len ? ", " : "", names[i]);
	said_match_text(s, SAID_STATE, " state ", g->negated, &b, states & (states - 1));
}

static void say_conntrack(struct ipt_said *s, const struct ipt_use *use)
{
	if (!use->first)
		return missing(s, use);
	for (const struct ipt_given *g = use->first; g && !s->rule->refused; g = g->next) {
		if (strcmp(g->option->name, "ctstate") != 0)
			return said_refuse(s, FW_IMPORT_AS_MATCH, g->column,
					   "of a connection rules match on the state only, not --%s", g->option->name);
		say_states(s, g);
	}
}

static const struct ipt_option conntrack_options[] = { { "ctstate", 0, 1, true },       { "ctproto", 0, 1, true },
						       { "ctorigsrc", 0, 1, true },     { "ctorigdst", 0, 1, true },
						       { "ctreplsrc", 0, 1, true },     { "ctrepldst", 0, 1, true },
						       { "ctorigsrcport", 0, 1, true }, { "ctorigdstport", 0, 1, true },
						       { "ctreplsrcport", 0, 1, true }, { "ctrepldstport", 0, 1, true },
						       { "ctstatus", 0, 1, true },      { "ctexpire", 0, 1, true },
						       { "ctdir", 0, 1, false },        END };
MODULE(conntrack, "conntrack", 0, conntrack_options);

static void say_state(struct ipt_said *s, const struct ipt_use *use)
{
	if (!use->first)
		return missing(s, use);
	say_states(s, use->first);
}

static const struct ipt_option state_options[] = { { "state", 0, 1, true }, END };
MODULE(state, "state", 0, state_options);

/* The number of a user or group; -1: there is none of this name. */
static int64_t owner_id(const char *name, bool group)
{
	uint64_t n;
	const struct passwd *user;
	const struct group *of;

	if (ipt_number(name, UINT32_MAX - 1, &n))
		return (int64_t)n;
	if (group) {
		of = getgrnam(name);
		return of ? (int64_t)of->gr_gid : -1;
	}
	user = getpwnam(name);
	return user ? (int64_t)user->pw_uid : -1;
}

/* Packets without an owner have not the one that is named: `!` is true of them. */
static void say_owner(struct ipt_said *s, const struct ipt_use *use)
{
	if (!use->first)
		return missing(s, use);
	for (const struct ipt_given *g = use->first; g && !s->rule->refused; g = g->next) {
		bool group = g->option->name[0] == 'g';
		const char *word = group ? "gid" : "uid";
		fw_cleanup(fw_buf_free) struct fw_buf b = { 0 };
		uint64_t from, to;
		int64_t id;

		if (strcmp(g->option->name, "uid-owner") != 0 && !group)
			return said_refuse(s, FW_IMPORT_AS_MATCH, g->column, "rules do not ask for --%s",
					   g->option->name);
		id = owner_id(g->value, group);
		from = to = (uint64_t)id;
		if (id < 0 && !ipt_range(g->value, '-', UINT32_MAX - 1, &from, &to))
			return said_refuse(s, FW_IMPORT_AS_VALUE, g->column, "there is no %s %.64s here",
					   group ? "group" : "user", g->value);
		said_print_range(&b, from, to);
		if (g->negated)
			said_except(s, " %s %s", word, b.text);
		else
			said_match(s, group ? SAID_GID : SAID_UID, " %s %s", word, b.text);
	}
}

static const struct ipt_option owner_options[] = { { "uid-owner", 0, 1, true },
						   { "gid-owner", 0, 1, true },
						   { "socket-exists", 0, 0, true },
						   { "suppl-groups", 0, 0, false },
						   END };
MODULE(owner, "owner", 0, owner_options);

#define COMMENT_MAX 255

static void say_comment(struct ipt_said *s, const struct ipt_use *use)
{
	char text[COMMENT_MAX + 1];

	if (!use->first)
		return missing(s, use);
	import_clean(text, COMMENT_MAX, use->first->value);
	s->comment.len = 0;
	fw_buf_printf(&s->comment, " comment ");
	import_print_string(&s->comment, text);
}

static const struct ipt_option comment_options[] = { { "comment", 0, 1, false }, END };
MODULE(comment, "comment", 0, comment_options);

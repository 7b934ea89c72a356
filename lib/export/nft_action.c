// SPDX-License-Identifier: GPL-2.0-only
/* What a rule does, in the words of nft. More than one line, or one for several ways to match, goes into a chain of its own. */
#include <string.h>

#include "lib/export/nft.h"

/* Up to so many lines for one rule. */
#define LINES 8
struct lines {
	struct fw_buf line[LINES];
	size_t n;
};

static struct fw_buf *next_line(struct lines *l)
{
	return &l->line[l->n++];
}

static void lines_free(struct lines *l)
{
	for (size_t i = 0; i < l->n; i++)
		fw_buf_free(&l->line[i]);
}

static void print_rate(struct fw_buf *b, const struct fw_rate *r, bool over)
{
	fw_buf_printf(b, "limit rate %s%u/%s burst %u packets", over ? "over " : "", r->packets, fw_unit_names[r->unit],
		      r->tokens);
}

static void print_text(struct fw_buf *b, const char *text)
{
	fw_buf_printf(b, "\"");
	for (; *text; text++)
		fw_buf_add(b, *text == '"' || *text == '\\' ? "'" : text, 1);
	fw_buf_printf(b, "\"");
}

static int print_log(struct export *e, const struct fw_action *a, struct lines *l)
{
	const struct fw_log *log = &e->rule->log;
	struct fw_buf *b = next_line(l);

	if (log->prefix && strpbrk(log->prefix, "\"\\"))
		return export_refuse(e, "nft has no quotes and backslashes in a log prefix");
	print_rate(b, &a->log, false);
	fw_buf_printf(b, " log");
	if (log->prefix) {
		fw_buf_printf(b, " prefix ");
		print_text(b, log->prefix);
	}
	fw_buf_printf(b, " level %s", log->level == FW_LOG_LEVEL_DEFAULT ? "warn" : fw_log_levels[log->level]);
	return 0;
}

/* One line for each family. */
static void print_add(struct export *e, const struct fw_action *a, struct lines *l)
{
	const char *side = a->add_per == FW_PER_FROM ? "saddr" : "daddr",
		   *op = a->flags & FW_ACTION_UPDATE ? "update" : "add";

	for (unsigned family = FW_IP4; family <= FW_IP6; family++) {
		struct fw_buf *b = next_line(l);

		fw_buf_printf(b, "%s @%s%s { %s %s", op, e->rs->sets[a->set].name, EXPORT_SUFFIX(family),
			      family == FW_IP4 ? "ip" : "ip6", side);
		if (a->timeout)
			fw_buf_printf(b, " timeout %us", a->timeout);
		fw_buf_printf(b, " }");
	}
}

/* The last line, or two for answers that depend on the packet. */
static void print_reject(const struct fw_action *a, struct lines *l)
{
	static const struct {
		const char *first, *second;
	} kinds[FW_NREJECTS] = {
		[FW_REJECT_DEFAULT] = { "meta l4proto tcp counter reject with tcp reset",
					"counter reject with icmpx port-unreachable" },
		[FW_REJECT_TCP_RESET] = { "meta l4proto tcp counter reject with tcp reset", "counter drop" },
		[FW_REJECT_PORT_UNREACHABLE] = { "counter reject with icmpx port-unreachable", NULL },
		[FW_REJECT_HOST_UNREACHABLE] = { "counter reject with icmpx host-unreachable", NULL },
		[FW_REJECT_NET_UNREACHABLE] = { "counter reject with icmpx no-route", NULL },
		[FW_REJECT_PROTO_UNREACHABLE] = { "counter reject with icmp prot-unreachable",
						  "counter reject with icmpv6 port-unreachable" },
		[FW_REJECT_ADMIN_PROHIBITED] = { "counter reject with icmpx admin-prohibited", NULL },
		[FW_REJECT_HOST_PROHIBITED] = { "counter reject with icmp host-prohibited",
						"counter reject with icmpv6 admin-prohibited" },
	};

	fw_buf_printf(next_line(l), "%s", kinds[a->reject].first);
	if (kinds[a->reject].second)
		fw_buf_printf(next_line(l), "%s", kinds[a->reject].second);
}

static void print_verdict(struct export *e, const struct fw_action *a, struct lines *l)
{
	struct fw_buf *b;

	if (a->verdict == FW_REJECT) {
		print_reject(a, l);
		return;
	}
	b = next_line(l);
	if (a->verdict != FW_JUMP && a->verdict != FW_GOTO)
		fw_buf_printf(b, "counter");
	if (a->verdict == FW_CONTINUE)
		return;
	fw_buf_printf(b, "%s%s", b->len ? " " : "", fw_verdict_name(a->verdict));
	if (e->rule->target != FW_MAIN)
		fw_buf_printf(b, " %s", e->rs->chains[e->rule->target].name);
}

/* All but the conditions. */
static int print_lines(struct export *e, const struct fw_action *a, struct lines *l)
{
	int err = 0;

	if (a->flags & FW_ACTION_LOG)
		err = print_log(e, a, l);
	if (a->flags & FW_ACTION_ADD)
		print_add(e, a, l);
	if (a->flags & FW_ACTION_MARK)
		fw_buf_printf(next_line(l), "meta mark set meta mark & 0x%08x | 0x%x", ~a->mark_mask, a->mark);
	print_verdict(e, a, l);
	return err;
}

/* The key of the buckets of a limit for each address. */
static void print_key(struct fw_buf *b, const struct fw_action *a, enum fw_family family)
{
	static const char *const sides[FW_NPERS][2] = {
		[FW_PER_FROM] = { "saddr", NULL },
		[FW_PER_TO] = { "daddr", NULL },
		[FW_PER_FROM_TO] = { "saddr", "daddr" },
	};
	unsigned bits = family == FW_IP4 ? a->per4 : a->per6, width = family == FW_IP4 ? 32 : 128;

	for (unsigned i = 0; i < 2 && sides[a->per][i]; i++) {
		fw_buf_printf(b, "%s%s %s", i ? " . " : "", family == FW_IP4 ? "ip" : "ip6", sides[a->per][i]);
		if (bits == width)
			continue;
		if (family == FW_IP4) {
			uint32_t mask = ~0u << (32 - bits);

			fw_buf_printf(b, " & %u.%u.%u.%u", mask >> 24, mask >> 16 & 255, mask >> 8 & 255, mask & 255);
			continue;
		}
		fw_buf_printf(b, " & ");
		for (unsigned at = 0; at < 128; at += 16)
			fw_buf_printf(b, "%s%x", at ? ":" : "",
				      bits >= at + 16 ? 0xffff :
				      bits > at       ? 0xffffu << (at + 16 - bits) & 0xffff :
							0);
	}
}

/* Buckets are kept until they are full again. */
static unsigned bucket_time(const struct fw_rate *r)
{
	static const unsigned seconds[] = { 1, 60, 3600, 86400 };

	return (unsigned)(((uint64_t)r->tokens * seconds[r->unit] + r->packets - 1) / r->packets + 1);
}

static void print_limit_set(struct export *e, const struct fw_action *a, enum fw_family family)
{
	const char *type = family == FW_IP4 ? "ipv4_addr" : "ipv6_addr";

	fw_buf_printf(&e->sets, "\tset " EXPORT_OWN "%u%s {\n\t\ttype %s", e->limits, EXPORT_SUFFIX(family), type);
	if (a->per == FW_PER_FROM_TO)
		fw_buf_printf(&e->sets, " . %s", type);
	fw_buf_printf(&e->sets, "\n\t\tsize 65535\n\t\tflags dynamic, timeout\n\t\ttimeout %us\n\t}\n",
		      bucket_time(&a->limit));
}

/* The conditions as lines, each of which may be true. */
static void print_conditions(struct export *e, const struct fw_action *a, struct lines *l)
{
	bool over = a->flags & FW_ACTION_LIMIT_OVER;

	if (!a->per) {
		print_rate(next_line(l), &a->limit, over);
		return;
	}
	e->limits++;
	for (unsigned family = FW_IP4; family <= FW_IP6; family++) {
		struct fw_buf *b = next_line(l);

		print_limit_set(e, a, (enum fw_family)family);
		fw_buf_printf(b, "update @" EXPORT_OWN "%u%s { ", e->limits, EXPORT_SUFFIX(family));
		print_key(b, a, (enum fw_family)family);
		fw_buf_printf(b, " ");
		print_rate(b, &a->limit, over);
		fw_buf_printf(b, " }");
	}
}

/* A chain with these lines, each of them followed by @end. Return: its number. */
static unsigned new_chain(struct export *e, const struct lines *l, const char *end)
{
	fw_buf_printf(&e->chains, "\tchain " EXPORT_OWN "%u {\n", ++e->helpers);
	for (size_t i = 0; i < l->n; i++)
		fw_buf_printf(&e->chains, "\t\t%s%s\n", l->line[i].text, end);
	fw_buf_printf(&e->chains, "\t}\n");
	return e->helpers;
}

/* The chain that the rule's ways lead to, if one line for each of them is not enough. */
static int print_helper(struct export *e, const struct fw_action *a, const struct lines *does, char jump[32])
{
	fw_cleanup(lines_free) struct lines conditions = { 0 };
	char to[32];

	if (does->n == 1 && !fw_action_asks(a))
		return 0;
	if (a->verdict == FW_RETURN || a->verdict == FW_GOTO)
		return export_refuse(e, "it leaves its chain, under a condition or with an effect");
	snprintf(jump, 32, "jump " EXPORT_OWN "%u", new_chain(e, does, ""));
	if (!fw_action_asks(a))
		return 0;
	print_conditions(e, a, &conditions);
	snprintf(to, sizeof(to), " %s", jump);
	snprintf(jump, 32, "jump " EXPORT_OWN "%u", new_chain(e, &conditions, to));
	return 0;
}

int export_action(struct export *e, const struct export_matches *m, struct fw_buf *chain)
{
	const struct fw_action *a = fw_rule_action(e->rs, e->rule);
	fw_cleanup(lines_free) struct lines does = { 0 };
	char jump[32] = "";
	int err = print_lines(e, a, &does);

	if (!err)
		err = print_helper(e, a, &does, jump);
	if (!err && m->overlap && (*jump || !fw_verdict_is(a->verdict, FW_TERMINAL)))
		err = export_refuse(e, "its addresses may be in several sets, and it does more than decide");
	for (size_t i = 0; !err && i < m->n; i++) {
		fw_buf_printf(chain, "\t\t%s%s", m->text[i], *jump ? jump : does.line[0].text);
		if (e->rule->comment) {
			fw_buf_printf(chain, " comment ");
			print_text(chain, e->rule->comment);
		}
		fw_buf_printf(chain, "\n");
	}
	return err;
}

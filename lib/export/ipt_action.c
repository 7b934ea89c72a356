// SPDX-License-Identifier: GPL-2.0-only
/* What a rule does, as targets of iptables. A line has one target, so several effects take a chain of their own. */
#include <netinet/in.h>
#include <string.h>

#include "lib/export/ipt.h"

/* Up to so many lines for what a rule does: log, set, mark, and an answer in two parts. */
#define LINES 5
struct does {
	struct {
		char text[256];
		bool tcp; /* of TCP only: it has to name the protocol */
	} line[LINES];
	size_t n;
};

#define LOG_PREFIX_MAX 29
#define RATE_MAX 10000 /* packets in a second */
#define BURST_MAX 10000
#define WAIT_MAX 1300000000u /* units of 0.1 ms that a burst may take to come back */

static const unsigned unit_seconds[FW_NUNITS] = { 1, 60, 3600, 86400 };

/* A text in quotes. */
static void print_text(struct fw_buf *b, const char *text)
{
	fw_buf_printf(b, "\"");
	for (; *text; text++)
		fw_buf_printf(b, *text == '"' || *text == '\\' ? "\\%c" : "%c", *text);
	fw_buf_printf(b, "\"");
}

/* What the kernel takes. 0 or -EINVAL. */
static int check_rate(struct export *e, const struct fw_rate *r)
{
	uint64_t wait = 10000ull * unit_seconds[r->unit] * r->tokens / r->packets;

	if (r->packets > RATE_MAX * (uint64_t)unit_seconds[r->unit] || r->tokens > BURST_MAX || wait > WAIT_MAX)
		return export_refuse(e, "%s has no rate of %u/%s with a burst of %u", e->tool, r->packets,
				     fw_unit_names[r->unit], r->tokens);
	return 0;
}

static int print_log(struct export *e, const struct fw_action *a, struct does *d)
{
	const struct fw_log *log = &e->rule->log;
	fw_cleanup(fw_buf_free) struct fw_buf prefix = { 0 };
	const char *s = log->prefix ? log->prefix : "";

	if (strlen(s) > LOG_PREFIX_MAX)
		return export_refuse(e, "a log prefix of %s has up to %d bytes", e->tool, LOG_PREFIX_MAX);
	for (; *s; s++)
		if ((unsigned char)*s < ' ')
			return export_refuse(e, "%s has no control characters in a log prefix", e->tool);
	if (log->prefix) {
		fw_buf_printf(&prefix, " --log-prefix ");
		print_text(&prefix, log->prefix);
	}
	snprintf(d->line[d->n].text, sizeof(d->line->text),
		 " -m limit --limit %u/%s --limit-burst %u -j LOG%s --log-level %u", a->log.packets,
		 fw_unit_names[a->log.unit], a->log.tokens, prefix.len ? prefix.text : "", log->level);
	d->n++;
	return prefix.failed ? -ENOMEM : check_rate(e, &a->log);
}

static int print_add(struct export *e, const struct fw_action *a, enum fw_family family, struct does *d)
{
	const struct fw_set *set = &e->rs->sets[a->set];
	char timeout[32] = "";

	if (a->timeout)
		snprintf(timeout, sizeof(timeout), " --timeout %u", a->timeout);
	snprintf(d->line[d->n++].text, sizeof(d->line->text), " -j SET --add-set %s%s %s%s%s", set->name,
		 EXPORT_SUFFIX(family), a->add_per == FW_PER_FROM ? "src" : "dst",
		 a->flags & FW_ACTION_UPDATE ? " --exist" : "", timeout);
	return ipset_check_name(e, set);
}

static const char *reject_kind(enum fw_reject kind, enum fw_family family)
{
	static const char *const kinds[FW_NREJECTS][2] = {
		[FW_REJECT_DEFAULT] = { "icmp-port-unreachable", "icmp6-port-unreachable" },
		[FW_REJECT_PORT_UNREACHABLE] = { "icmp-port-unreachable", "icmp6-port-unreachable" },
		[FW_REJECT_HOST_UNREACHABLE] = { "icmp-host-unreachable", "icmp6-addr-unreachable" },
		[FW_REJECT_NET_UNREACHABLE] = { "icmp-net-unreachable", "icmp6-no-route" },
		[FW_REJECT_PROTO_UNREACHABLE] = { "icmp-proto-unreachable", "icmp6-port-unreachable" },
		[FW_REJECT_ADMIN_PROHIBITED] = { "icmp-admin-prohibited", "icmp6-adm-prohibited" },
		[FW_REJECT_HOST_PROHIBITED] = { "icmp-host-prohibited", "icmp6-adm-prohibited" },
	};

	return kinds[kind][family == FW_IP6];
}

/* A reset answers TCP, and what is not TCP gets no answer, or another one. */
static void print_reject(const struct fw_action *a, enum fw_family family, int proto, struct does *d)
{
	bool reset = a->reject == FW_REJECT_TCP_RESET || a->reject == FW_REJECT_DEFAULT;

	if (reset && (proto < 0 || proto == IPPROTO_TCP)) {
		snprintf(d->line[d->n].text, sizeof(d->line->text), " -j REJECT --reject-with tcp-reset");
		d->line[d->n++].tcp = true;
	}
	if (reset && proto == IPPROTO_TCP)
		return;
	if (a->reject == FW_REJECT_TCP_RESET)
		snprintf(d->line[d->n++].text, sizeof(d->line->text), " -j DROP");
	else
		snprintf(d->line[d->n++].text, sizeof(d->line->text), " -j REJECT --reject-with %s",
			 reject_kind((enum fw_reject)a->reject, family));
}

static void print_verdict(struct export *e, const struct fw_action *a, enum fw_family family, int proto, struct does *d)
{
	static const char *const targets[FW_NVERDICTS] = { [FW_ACCEPT] = " -j ACCEPT",
							   [FW_DROP] = " -j DROP",
							   [FW_RETURN] = " -j RETURN",
							   [FW_JUMP] = " -j ",
							   [FW_GOTO] = " -g " };

	if (a->verdict == FW_REJECT)
		return print_reject(a, family, proto, d);
	if (a->verdict == FW_CONTINUE && d->n)
		return;
	snprintf(d->line[d->n++].text, sizeof(d->line->text), "%s%s", targets[a->verdict] ? targets[a->verdict] : "",
		 e->rule->target != FW_MAIN ? e->rs->chains[e->rule->target].name : "");
}

/* The effects and the verdict. @proto: that all packets have; -1: it is not known. */
static int print_does(struct export *e, const struct fw_action *a, const struct ipt_place *at, int proto,
		      struct does *d)
{
	int err = 0;

	if (a->flags & FW_ACTION_LOG)
		err = print_log(e, a, d);
	if (!err && a->flags & FW_ACTION_ADD)
		err = print_add(e, a, at->family, d);
	if (a->flags & FW_ACTION_MARK)
		snprintf(d->line[d->n++].text, sizeof(d->line->text), " -j MARK --set-xmark 0x%x/0x%x", a->mark,
			 a->mark_mask);
	print_verdict(e, a, at->family, proto, d);
	return err;
}

/* ` --hashlimit-mode srcip --hashlimit-srcmask 24`. */
static void print_per(const struct fw_action *a, enum fw_family family, char *out, size_t size)
{
	static const struct {
		const char *mode, *first, *second;
	} sides[FW_NPERS] = {
		[FW_PER_FROM] = { "srcip", "src", NULL },
		[FW_PER_TO] = { "dstip", "dst", NULL },
		[FW_PER_FROM_TO] = { "srcip,dstip", "src", "dst" },
	};
	unsigned bits = family == FW_IP4 ? a->per4 : a->per6;
	int n;

	n = snprintf(out, size, " --hashlimit-mode %s --hashlimit-%smask %u", sides[a->per].mode, sides[a->per].first,
		     bits);
	if (sides[a->per].second)
		snprintf(out + n, size - (size_t)n, " --hashlimit-%smask %u", sides[a->per].second, bits);
}

/* Buckets are kept until they are full again. */
static int print_hashlimit(struct export *e, const struct fw_action *a, enum fw_family family, char *out, size_t size)
{
	const struct fw_rate *r = &a->limit;
	uint64_t ms = (1000ull * r->tokens * unit_seconds[r->unit] + r->packets - 1) / r->packets + 1000;
	char per[128] = "";

	if (a->per)
		print_per(a, family, per, sizeof(per));
	snprintf(out, size,
		 " -m hashlimit --hashlimit-%s %u/%s --hashlimit-burst %u%s --hashlimit-htable-expire %llu"
		 " --hashlimit-name fw.%llu",
		 a->flags & FW_ACTION_LIMIT_OVER ? "above" : "upto", r->packets, fw_unit_names[r->unit], r->tokens, per,
		 (unsigned long long)ms, (unsigned long long)e->rule->id);
	return check_rate(e, r);
}

/* The condition as options. One bucket for all packets of a rule is one for each family in iptables. */
static int print_limit(struct export *e, const struct fw_action *a, enum fw_family family, char *out, size_t size)
{
	unsigned both = 1u << FW_IP4 | 1u << FW_IP6;
	bool in_both = (export_families(e->rule) & both) == both && e->reach[FW_IP4][e->rule->chain] &&
		       e->reach[FW_IP6][e->rule->chain];

	if (!a->limit.interval)
		return 0;
	if (!a->per && in_both)
		return export_refuse(e, "IPv4 and IPv6 share its limit: write a rule for each, with ip and ip6");
	if (a->per || a->flags & FW_ACTION_LIMIT_OVER)
		return print_hashlimit(e, a, family, out, size);
	snprintf(out, size, " -m limit --limit %u/%s --limit-burst %u", a->limit.packets, fw_unit_names[a->limit.unit],
		 a->limit.tokens);
	return check_rate(e, &a->limit);
}

/* The end of a line: where it leads to, and what else it has to say. */
struct end {
	char text[512];
	bool tcp; /* it has to name the protocol */
};

/* The name of a chain that only this rule needs: the same in iptables and ip6tables, as far as both need it. */
struct own {
	char name[48];
};

static struct own new_chain(struct export *e, const struct ipt_place *at)
{
	struct own chain;

	snprintf(chain.name, sizeof(chain.name), EXPORT_OWN "%llu%c%u", (unsigned long long)e->rule->id, at->letter,
		 ++e->helpers);
	fw_buf_printf(&e->sets, ":%s - [0:0]\n", chain.name);
	return chain;
}

static struct end jump_to(const struct own *chain)
{
	struct end end = { .tcp = false };

	snprintf(end.text, sizeof(end.text), " -j %s", chain->name);
	return end;
}

/* A line of one of these chains. */
static void print_line(struct export *e, const struct own *chain, int proto, const char *options, const struct end *end)
{
	fw_buf_printf(&e->chains, "-A %s", chain->name);
	if (proto >= 0 || end->tcp)
		ipt_print_proto(&e->chains, end->tcp ? IPPROTO_TCP : proto);
	fw_buf_printf(&e->chains, "%s%s\n", options, end->text);
}

/* A chain whose rules go on as @end says. */
static struct end print_through(struct export *e, const struct ipt_place *at, const struct end *end)
{
	struct own chain = new_chain(e, at);

	print_line(e, &chain, -1, "", end);
	return jump_to(&chain);
}

/* A chain that asks one thing more. */
static struct end print_ask(struct export *e, const struct ipt_place *at, const struct ipt_match *m,
			    const struct ipt_ask *ask, struct end end)
{
	const struct end back = { .text = " -j RETURN" };
	struct own chain;

	if (ask->overlap) {
		end = print_through(e, at, &end);
		end.text[2] = 'g';
	}
	chain = new_chain(e, at);
	for (size_t i = 0; i < ask->n; i++)
		print_line(e, &chain, ask->proto ? m->proto : -1, ask->options[i], ask->none ? &back : &end);
	if (ask->none)
		print_line(e, &chain, -1, "", &end);
	return jump_to(&chain);
}

/* The lines of what a rule does, in a chain. */
static struct end print_chain(struct export *e, const struct ipt_place *at, const struct does *d)
{
	struct own chain = new_chain(e, at);

	for (size_t i = 0; i < d->n; i++) {
		struct end end = { .tcp = d->line[i].tcp };

		snprintf(end.text, sizeof(end.text), "%s", d->line[i].text);
		print_line(e, &chain, -1, "", &end);
	}
	return jump_to(&chain);
}

/* A line of the chain that the rule is in. */
static void print_rule(const struct export *e, const struct ipt_place *at, const struct ipt_match *m,
		       const char *options, const struct end *end, struct fw_buf *chain)
{
	fw_buf_printf(chain, "-A %s", at->chain);
	if (end->tcp && m->proto < 0)
		ipt_print_proto(chain, IPPROTO_TCP);
	fw_buf_printf(chain, "%s%s", m->line.len ? m->line.text : "", options);
	if (e->rule->comment) {
		fw_buf_printf(chain, " -m comment --comment ");
		print_text(chain, e->rule->comment);
	}
	fw_buf_printf(chain, "%s\n", end->text);
}

/* Does it leave its chain, which it can do only from a line of this chain? */
static bool leaves(const struct fw_action *a)
{
	return a->verdict == FW_RETURN || a->verdict == FW_GOTO;
}

/* Does it take a chain, even if nothing else is asked? */
static bool is_apart(const struct ipt_ask *ask)
{
	return ask->none || ask->overlap || ask->apart;
}

/* Where the lines with the first ask lead to: through chains with the others, the limit and what the rule does. */
static int print_end(struct export *e, const struct fw_action *a, const struct ipt_place *at, struct ipt_match *m,
		     struct end *end)
{
	struct does d = { .n = 0 };
	struct end last = { .tcp = false };
	char limit[300] = "";
	int err = print_does(e, a, at, m->proto, &d);

	if (!err)
		err = print_limit(e, a, at->family, limit, sizeof(limit));
	if (!err && leaves(a) && (d.n > 1 || m->n > 1 || (m->n && (is_apart(m->asks) || *limit))))
		err = export_refuse(e, "it leaves its chain, with an effect, or after several lists or under a limit");
	if (err)
		return err;
	if (d.n > 1)
		last = print_chain(e, at, &d);
	else
		snprintf(last.text, sizeof(last.text), "%s", d.line[0].text);
	end->tcp = d.n == 1 && d.line[0].tcp;
	snprintf(end->text, sizeof(end->text), "%s%.200s", limit, last.text);
	if (*limit && m->n)
		*end = print_through(e, at, end);
	for (size_t i = m->n; i-- > 0 && (i || is_apart(m->asks));)
		*end = print_ask(e, at, m, &m->asks[i], *end);
	return 0;
}

/* A packet that may match several lines leaves by the first one that decides; what does more must happen once. */
static void settle_overlaps(const struct fw_action *a, struct ipt_match *m)
{
	bool decides = !fw_action_asks(a) && !a->flags && (fw_verdict_is(a->verdict, FW_TERMINAL) || leaves(a));

	for (size_t i = 0; i < m->n && decides; i++)
		m->asks[i].overlap = false;
}

int ipt_action(struct export *e, const struct ipt_place *at, struct ipt_match *m, struct fw_buf *chain)
{
	const struct fw_action *a = fw_rule_action(e->rs, e->rule);
	struct end end;
	int err;

	settle_overlaps(a, m);
	err = print_end(e, a, at, m, &end);
	if (err)
		return err;
	if (!m->n || is_apart(m->asks))
		print_rule(e, at, m, "", &end, chain);
	for (size_t i = 0; m->n && !is_apart(m->asks) && i < m->asks[0].n; i++)
		print_rule(e, at, m, m->asks[0].options[i], &end, chain);
	return 0;
}

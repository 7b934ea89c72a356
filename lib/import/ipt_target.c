// SPDX-License-Identifier: GPL-2.0-only
/* Targets: verdicts, logs and marks. */
#include <strings.h>

#include "lib/import/ipt_match.h"
#include "lib/import/ipt_set.h"
#include "lib/import/ipt_values.h"

static const struct ipt_option no_options[] = { { NULL, 0, 0, false } };

static void end(struct ipt_said *s, const char *verdict)
{
	fw_buf_printf(&s->verdict, " %s", verdict);
	s->ends = true;
}

/* A chain of raw or mangle passes the packet on to filter. */
static void say_accept(struct ipt_said *s, const struct ipt_use *use)
{
	if (!s->rule->chain->outer)
		return end(s, "accept");
	fw_buf_printf(&s->verdict, " return");
	s->leads = true;
}

static void say_drop(struct ipt_said *s, const struct ipt_use *use)
{
	end(s, "drop");
}

/* In the chain of a hook, the policy decides. */
static void say_return(struct ipt_said *s, const struct ipt_use *use)
{
	const struct ipt_chain *chain = s->rule->chain;

	if (chain->hook >= 0 && (chain->drops || !chain->outer))
		return end(s, chain->drops ? "drop" : "accept");
	fw_buf_printf(&s->verdict, " return");
	s->leads = true;
}

const struct ipt_module ipt_accept = { "ACCEPT", 0, no_options, say_accept };
const struct ipt_module ipt_drop = { "DROP", 0, no_options, say_drop };
const struct ipt_module ipt_return = { "RETURN", 0, no_options, say_return };

/* Kinds of rejects, by the names of iptables and their short forms; NULL: our language has none like it. */
static const struct {
	const char *name, *alias;
	enum ipt_family family;
	const char *kind;
} rejects[] = {
	{ "icmp-port-unreachable", "port-unreach", IPT_V4, "port-unreachable" },
	{ "icmp-net-unreachable", "net-unreach", IPT_V4, "net-unreachable" },
	{ "icmp-host-unreachable", "host-unreach", IPT_V4, "host-unreachable" },
	{ "icmp-proto-unreachable", "proto-unreach", IPT_V4, "proto-unreachable" },
	{ "icmp-net-prohibited", "net-prohib", IPT_V4, NULL },
	{ "icmp-host-prohibited", "host-prohib", IPT_V4, "host-prohibited" },
	{ "tcp-reset", "tcp-rst", IPT_V4, "tcp-reset" },
	{ "icmp-admin-prohibited", "admin-prohib", IPT_V4, "admin-prohibited" },
	{ "icmp6-port-unreachable", "port-unreach", IPT_V6, "port-unreachable" },
	{ "icmp6-no-route", "no-route", IPT_V6, "net-unreachable" },
	{ "icmp6-adm-prohibited", "adm-prohibited", IPT_V6, "admin-prohibited" },
	{ "icmp6-addr-unreachable", "addr-unreach", IPT_V6, "host-unreachable" },
	{ "icmp6-policy-fail", "policy-fail", IPT_V6, NULL },
	{ "icmp6-reject-route", "reject-route", IPT_V6, NULL },
	{ "tcp-reset", "tcp-reset", IPT_V6, "tcp-reset" },
};

/* Without a kind it is "port unreachable", of TCP too. Names may be cut short. */
static void say_reject(struct ipt_said *s, const struct ipt_use *use)
{
	const struct ipt_given *g = use->first;
	const char *kind = g ? NULL : "port-unreachable";

	for (size_t i = 0; g && !kind && i < sizeof(rejects) / sizeof(*rejects); i++) {
		if (rejects[i].family != s->family || !*g->value ||
		    (strncasecmp(rejects[i].name, g->value, strlen(g->value)) != 0 &&
		     strncasecmp(rejects[i].alias, g->value, strlen(g->value)) != 0))
			continue;
		kind = rejects[i].kind;
		break;
	}
	if (!kind)
		return said_refuse(s, FW_IMPORT_AS_VALUE, g->column, "rules do not reject with %.64s", g->value);
	if (!strcmp(kind, "tcp-reset") && s->rule->proto != 6)
		return said_refuse(s, FW_IMPORT_AS_SYNTAX, g->column, "a reset answers TCP only: -p tcp is missing");
	fw_buf_printf(&s->verdict, " reject with %s", kind);
	s->ends = true;
}

static const struct ipt_option reject_options[] = { { "reject-with", 0, 1, false }, { NULL, 0, 0, false } };
const struct ipt_module ipt_reject = { "REJECT", 0, reject_options, say_reject };

static const struct {
	const char *name, *word;
} levels[] = {
	{ "alert", "alert" },   { "crit", "crit" },   { "debug", "debug" },
	{ "emerg", "emerg" },   { "error", "err" },   { "info", "info" },
	{ "notice", "notice" }, { "panic", "emerg" }, { "warning", "warning" },
};
static const char *const level_numbers[] = { "emerg", "alert", "crit", "err", "warning", "notice", "info", "debug" };

/* A number, or a name that may be cut short. NULL: none. */
static const char *level_of(const char *s)
{
	uint64_t n;

	if (ipt_number(s, 7, &n))
		return level_numbers[n];
	for (size_t i = 0; *s && i < sizeof(levels) / sizeof(*levels); i++)
		if (!strncasecmp(levels[i].name, s, strlen(s)))
			return levels[i].word;
	return NULL;
}

#define PREFIX_MAX 63

/* Prints the log. A limit that is all that the rule asks becomes the rate of the log: packets beyond it only are not logged. */
static void print_log(struct ipt_said *s, const struct ipt_given *prefix, const char *level)
{
	struct fw_buf *b = said_log(s);
	char text[PREFIX_MAX + 1];

	fw_buf_printf(b, " log");
	if (prefix && *prefix->value) {
		import_clean(text, PREFIX_MAX, prefix->value);
		fw_buf_printf(b, " prefix ");
		import_print_string(b, text);
	}
	if (level)
		fw_buf_printf(b, " level %s", level);
	if (!s->rate[0] || s->n > 1)
		return;
	fw_buf_printf(b, " rate %s", s->rate);
	fw_buf_free(&s->groups[0].action);
	s->groups[0].asks = false;
	s->own_rate = false;
}

static void say_log(struct ipt_said *s, const struct ipt_use *use)
{
	const struct ipt_given *g = said_given(use, "log-level");
	const char *level = g ? level_of(g->value) : NULL;

	if (g && !level)
		return said_refuse(s, FW_IMPORT_AS_VALUE, g->column, "there is no level %.32s", g->value);
	print_log(s, said_given(use, "log-prefix"), level);
}

static const struct ipt_option log_options[] = {
	{ "log-level", 0, 1, false },        { "log-prefix", 0, 1, false },
	{ "log-tcp-sequence", 0, 0, false }, { "log-tcp-options", 0, 0, false },
	{ "log-ip-options", 0, 0, false },   { "log-uid", 0, 0, false },
	{ "log-macdecode", 0, 0, false },    { NULL, 0, 0, false },
};
const struct ipt_module ipt_log = { "LOG", 0, log_options, say_log };

/* A program that listens to the group will not see the packets: fwd's log has them. */
static void say_nflog(struct ipt_said *s, const struct ipt_use *use)
{
	print_log(s, said_given(use, "nflog-prefix"), NULL);
	s->c->im->report->lines[s->rule->note].message =
		"the packets are in fwd's log, not with a program that listens to NFLOG";
}

static const struct ipt_option nflog_options[] = {
	{ "nflog-group", 0, 1, false },     { "nflog-prefix", 0, 1, false }, { "nflog-range", 0, 1, false },
	{ "nflog-threshold", 0, 1, false }, { "nflog-size", 0, 1, false },   { NULL, 0, 0, false },
};
const struct ipt_module ipt_nflog = { "NFLOG", 0, nflog_options, say_nflog };

/* Bits of the mask are cleared, then those of the value set; --set-xmark flips them instead. */
static void say_mark_target(struct ipt_said *s, const struct ipt_use *use)
{
	const struct ipt_given *g = use->first;
	const char *how = g ? g->option->name : "";
	uint32_t value, mask;

	if (!g || g->next || !ipt_masked(g->value, &value, &mask))
		return said_refuse(s, FW_IMPORT_AS_VALUE, use->column, "MARK wants one option, with a number or two");
	if (how[0] == 'o')
		mask = value;
	else if (how[0] == 'a') {
		mask = ~value;
		value = 0;
	} else if (how[0] == 'x') {
		mask = 0;
	} else if (how[4] == 'm')
		mask |= value;
	if (value & ~mask)
		return said_refuse(s, FW_IMPORT_AS_VALUE, g->column, "rules do not flip bits of the mark");
	if (s->rule->chain->reached & s->c->mark_hooks)
		return said_refuse(
			s, FW_IMPORT_AS_STATE, use->column,
			"rules match on the mark that a packet comes with, not on the one that a rule before has set");
	if (!mask)
		return;
	said_effect(s, " mark set 0x%x%s", value, "");
	if (mask != UINT32_MAX)
		fw_buf_printf(&s->groups[s->n - 1].action, "/0x%x", mask);
}

static const struct ipt_option mark_options[] = {
	{ "set-mark", 0, 1, false }, { "set-xmark", 0, 1, false }, { "or-mark", 0, 1, false },
	{ "and-mark", 0, 1, false }, { "xor-mark", 0, 1, false },  { NULL, 0, 0, false },
};
const struct ipt_module ipt_mark_target = { "MARK", 0, mark_options, say_mark_target };

/* `--add-set NAME src [--exist] [--timeout N]`. */
static void say_set_target(struct ipt_said *s, const struct ipt_use *use)
{
	const struct ipt_given *g = said_given(use, "add-set"), *timeout = said_given(use, "timeout");
	struct ipt_set *set = g ? import_names_get(&s->c->sets, g->value) : NULL;
	bool exist = said_given(use, "exist");
	uint64_t seconds = 0;

	if (!g || said_given(use, "del-set") || said_given(use, "map-set"))
		return said_refuse(s, FW_IMPORT_AS_STATE, use->column, "packets only add to sets");
	if (!set || set->kind != IPT_SET_ADDRS || set->family != s->family)
		return said_refuse(s, FW_IMPORT_AS_SET, g->column,
				   "there is no set of addresses %.64s: import the output of `ipset save`, too",
				   g->value);
	if ((strcmp(g->second, "src") != 0 && strcmp(g->second, "dst") != 0) || set->masked)
		return said_refuse(s, FW_IMPORT_AS_VALUE, g->column,
				   "packets add their source or destination to a set");
	if (timeout && !ipt_number(timeout->value, TIMEOUT_MAX, &seconds))
		return said_refuse(s, FW_IMPORT_AS_VALUE, timeout->column, "%.32s is no number of seconds",
				   timeout->value);
	set->dynamic = true;
	said_effect(s, " %s %s to @%s", exist ? "update" : "add", g->second[0] == 's' ? "from" : "to", set->out);
	if (timeout && seconds)
		fw_buf_printf(&s->groups[s->n - 1].action, " timeout %llu", (unsigned long long)seconds);
}

static const struct ipt_option set_options[] = {
	{ "add-set", 0, 2, false }, { "del-set", 0, 2, false }, { "map-set", 0, 2, false },
	{ "timeout", 0, 1, false }, { "exist", 0, 0, false },   { NULL, 0, 0, false },
};
const struct ipt_module ipt_set_target = { "SET", 0, set_options, say_set_target };

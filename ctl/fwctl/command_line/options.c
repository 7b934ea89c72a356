// SPDX-License-Identifier: GPL-2.0-only
/* The options of all commands, one row each, and the parser of argument vectors. */
#include "options.h"
#include "find.h"
#include "ctl/fwctl/output/message.h"

#include "fw/export.h"
#include "fw/import.h"
#include "fw/kern.h"
#include "fw/text.h"

#include <getopt.h>
#include <math.h>
#include <string.h>

#define OPTIONS_MAX 24
#define HELP_OPTION 1000
#define CONFIRM_MAX 86400

#define SETTING(type, o, s) ((type *)(void *)((char *)(s) + (o)->at))

static const char *set_flag(const struct ctl_option *o, struct ctl_settings *s, const char *value)
{
	*SETTING(bool, o, s) = true;
	return NULL;
}

static const char *set_text(const struct ctl_option *o, struct ctl_settings *s, const char *value)
{
	*SETTING(const char *, o, s) = value;
	return NULL;
}

/* An error lists the words. */
static const char *set_choice(const struct ctl_option *o, struct ctl_settings *s, const char *value)
{
	static char want[128];
	size_t len = 0;

	for (int i = 0; o->words[i]; i++) {
		if (!strcmp(o->words[i], value)) {
			*SETTING(int, o, s) = i;
			return NULL;
		}
		len += (size_t)snprintf(want + len, sizeof(want) - len, "%s%s",
					!i              ? "" :
					o->words[i + 1] ? ", " :
							  " or ",
					o->words[i]);
	}
	return want;
}

static const char *set_number(const struct ctl_option *o, struct ctl_settings *s, const char *value)
{
	char *end;

	errno = 0;
	*SETTING(uint64_t, o, s) = strtoull(value, &end, 10);
	if (errno || *end || value[0] < '0' || value[0] > '9' || !*SETTING(uint64_t, o, s))
		return "a number above 0";
	return NULL;
}

/* Seconds, or a number followed by s, m or h. */
static const char *set_seconds(const struct ctl_option *o, struct ctl_settings *s, const char *value)
{
	static const char want[] = "a time from 1s to 24h, such as 60s or 5m";
	static const char units[] = "smh";
	static const uint64_t seconds[] = { 1, 60, 3600 };
	char *end;
	unsigned long long v = strtoull(value, &end, 10);
	const char *unit = *end ? strchr(units, *end) : units;

	if (value[0] < '0' || value[0] > '9' || !unit || (*end && end[1]) || v > CONFIRM_MAX)
		return want;
	v *= seconds[unit - units];
	if (!v || v > CONFIRM_MAX)
		return want;
	*SETTING(uint64_t, o, s) = v;
	return NULL;
}

/* A number followed by ns, us or ms. */
static const char *set_nanoseconds(const struct ctl_option *o, struct ctl_settings *s, const char *value)
{
	static const char *const units[] = { "ns", "us", "ms" };
	static const double nanoseconds[] = { 1, 1e3, 1e6 };
	char *end;
	double v = strtod(value, &end);

	for (size_t i = 0; i < sizeof(units) / sizeof(*units); i++) {
		if (value[0] < '0' || value[0] > '9' || strcmp(end, units[i]) != 0)
			continue;
		v *= nanoseconds[i];
		if (v < 1 || v > 1e9)
			break;
		*SETTING(uint64_t, o, s) = (uint64_t)v;
		return NULL;
	}
	return "a time from 1ns to 1000ms, such as 10us";
}

static const char *set_interval(const struct ctl_option *o, struct ctl_settings *s, const char *value)
{
	char *end;
	double v = strtod(value, &end);

	if (end == value || *end || !isfinite(v) || v < 0.1 || v > 3600)
		return "seconds from 0.1 to 3600";
	*SETTING(double, o, s) = v;
	return NULL;
}

static const char *set_dev(const struct ctl_option *o, struct ctl_settings *s, const char *value)
{
	fw_name_read((char *)value, strlen(value) + 1, value);
	for (unsigned i = 0; i < s->ndevs; i++)
		if (!strcmp(s->devs[i], value))
			return "each device once";
	if (s->ndevs == CTL_DEVS_MAX)
		return "at most 32 devices";
	s->devs[s->ndevs++] = value;
	return NULL;
}

static const char *set_key(const struct ctl_option *o, struct ctl_settings *s, const char *value)
{
	if (s->nkeys == CTL_KEYS_MAX)
		return "at most 16 keys";
	s->keys[s->nkeys++] = value;
	return NULL;
}

static const char *const xdp_words[] = {
	[FW_XDP_AUTO] = "auto", [FW_XDP_NATIVE] = "native", [FW_XDP_GENERIC] = "generic", NULL
};
static const char *const mode_words[] = { "auto", "native", "generic", "tc", NULL };

static const char *const out_words[] = { "auto", "yes", "no", NULL };

#define AT(field) .at = offsetof(struct ctl_settings, field)
#define OPTION(sym, n, a, h, s, ...) \
	const struct ctl_option ctl_opt_##sym = { .name = n, .arg = a, .help = h, .set = s, __VA_ARGS__ }

OPTION(format, "format", "FORMAT", "format of the file: rules (the default) or classbench", set_choice, AT(format),
       .words = fw_format_names);
OPTION(json, "json", NULL, "JSON instead of text, one object per line", set_flag, AT(json));
OPTION(socket, "socket", "PATH", "fwd's socket (else $FWD_SOCKET, else /run/fwd/fwd.sock)", set_text, AT(socket),
       .kind = CTL_KIND_FILE);
OPTION(pins, "pins", "DIR", "fwd's folder in bpffs, while fwd is not running (else $FWD_PINS, else /sys/fs/bpf/fwd)",
       set_text, AT(pins), .kind = CTL_KIND_FILE);
OPTION(agent, "agent", "FILE", "fw-agent's status, on a host of a fleet (default: /run/fw-agent/status)", set_text,
       AT(agent), .kind = CTL_KIND_FILE);
OPTION(kernel, "kernel", NULL, "with --rules: classify in the kernel too (root)", set_flag, AT(kernel));
OPTION(pcap, "pcap", "FILE", "classify the packets of a capture file, as incoming ones", set_text, AT(pcap),
       .kind = CTL_KIND_FILE);
OPTION(rules, "rules", "FILE", "classify by the rules of a file, without fwd", set_text, AT(rules),
       .kind = CTL_KIND_FILE);
OPTION(dev, "dev", "DEV", "filter on this interface; may be repeated", set_dev, .kind = CTL_KIND_IFACE, .many = true);
OPTION(xdp, "xdp", "MODE", "native, generic or auto (the default)", set_choice, AT(xdp), .words = xdp_words);
OPTION(tc, "tc", NULL, "filter incoming packets by tc instead of XDP", set_flag, AT(tc));
OPTION(interval, "interval", "S", "seconds between readings (default 1)", set_interval, AT(interval));
OPTION(from, "from", "REF", "start with this rule", set_text, AT(from), .kind = CTL_KIND_RULE);
OPTION(limit, "limit", "N", "at most N", set_number, AT(limit));
OPTION(top, "top", "N", "only the N rules with the most packets, busiest first", set_number, AT(top));
OPTION(terse, "terse", NULL, "rules without counters, sets without elements", set_flag, AT(terse));
OPTION(reset, "reset", NULL, "set counters to 0: those of the rules given, or all", set_flag, AT(reset));
OPTION(check, "check", NULL, "only check whether it would be accepted; change nothing", set_flag, AT(check));
OPTION(diff, "diff", NULL, "show what is added (+), removed (-) and moved (~): policies, addresses of sets, rules",
       set_flag, AT(diff));
OPTION(max_cost, "max-cost", "TIME", "refuse rules with which a packet may take longer: 10us, 1ms, ...",
       set_nanoseconds, AT(max_cost));
OPTION(confirm, "confirm", "TIME", "undo it unless `fwctl confirm` is run within 60s, 5m, ...", set_seconds,
       AT(confirm));
OPTION(yes, "yes", NULL, "do not ask before removing all rules", set_flag, AT(yes));
OPTION(echo, "echo", NULL, "print the ids of the rules, one per line", set_flag, AT(echo));
OPTION(exist, "exist", NULL, "ignore elements that exist already, or that do not exist", set_flag, AT(exist));
OPTION(mode, "mode", "MODE", "auto (XDP, the default), native, generic or tc", set_choice, AT(mode),
       .words = mode_words);
OPTION(out, "out", "WHEN", "filter outgoing packets: auto (if rules do, the default), yes or no", set_choice, AT(out),
       .words = out_words);
OPTION(follow, "follow", NULL, "go on with packets as they come", set_flag, AT(follow));
OPTION(rule, "rule", "REF", "only packets that this rule has logged", set_text, AT(rule), .kind = CTL_KIND_RULE);
OPTION(capture, "pcap", "FILE", "write the packets to a capture file", set_text, AT(capture), .kind = CTL_KIND_FILE);
OPTION(import_from, "from", "FORMAT", "format of the files: iptables, ip6tables, ipset, nft, or auto (the default)",
       set_choice, AT(import_from), .words = fw_import_format_names);
OPTION(to, "to", "FORMAT",
       "format of the result: nft (the default), iptables, ip6tables, or ipset (the sets that these two name)",
       set_choice, AT(to), .words = fw_export_format_names);
OPTION(output, "output", "FILE", "write the rules to this file (also -o)", set_text, AT(output), .kind = CTL_KIND_FILE,
       .letter = 'o');
OPTION(report, "report", NULL, "show what became of each line, instead of the rules", set_flag, AT(report));
OPTION(counters, "counters", NULL, "start counters of new rules at the values in the files; only with --load", set_flag,
       AT(counters));
OPTION(partial, "partial", NULL, "leave out lines that have no equivalent, if that cannot let packets pass", set_flag,
       AT(partial));
OPTION(load, "load", NULL, "load the rules, as `fwctl load` does", set_flag, AT(load));

OPTION(chain, "chain", "NAME", "replace only the rules of this chain", set_text, AT(chain), .kind = CTL_KIND_CHAIN);
OPTION(publish_to, "to", "DIR-or-URL", "where the fleet's rulesets are published", set_text, AT(target),
       .kind = CTL_KIND_FILE);
OPTION(key, "key", "FILE", "sign with this secret key; may be repeated", set_key, .kind = CTL_KIND_FILE, .many = true);
OPTION(fleet, "fleet", "NAME", "name of the fleet; needed for its first generation", set_text, AT(fleet));
OPTION(parent, "parent", "GENERATION", "the generation that hosts go back to (default: that of head)", set_number,
       AT(parent));
OPTION(author, "author", "TEXT", "whose change this is (default: USER@HOST)", set_text, AT(author));
OPTION(trust, "trust", "FILE", "public keys one of which has signed the head, besides those of --key", set_text,
       AT(trust), .kind = CTL_KIND_FILE);
OPTION(config, "config", "FILE", "settings of the fleet (default: /etc/fwd/fleet.conf)", set_text, AT(config),
       .kind = CTL_KIND_FILE);
OPTION(hosts, "hosts", NULL, "all hosts, also those that have confirmed", set_flag, AT(hosts));
OPTION(until, "follow", NULL, "show each step until the rollout has ended", set_flag, AT(follow));
OPTION(host, "host", NULL, "the host's own hooks: input, forward and output", set_flag, AT(host));
OPTION(later, "later", NULL, "also take interfaces that do not exist yet, when they appear", set_flag, AT(later));

const struct ctl_option *const ctl_global_options[] = { &ctl_opt_json, &ctl_opt_socket, NULL };

static int usage_error(const struct ctl_command *cmd, const char *what, const char *which)
{
	ctl_error("%s%s%s %s", cmd ? cmd->name : "", cmd ? ": " : "", what, which);
	ctl_hint("`fwctl help%s%s` lists what it takes", cmd ? " " : "", cmd ? cmd->name : "");
	return CTL_USAGE;
}

/* It may be an option of another firewall's rules or commands. */
static int unknown_option(const struct ctl_command *cmd, const char *which)
{
	bool rule = cmd && cmd->kinds & CTL_KIND_MATCH;
	const char *word = rule ? fw_other_word((struct fw_str){ which, strlen(which) }, FW_WORD_OF_RULE) : NULL;
	const char *command = cmd ? NULL : ctl_other_command(which);

	if (!word && !command)
		return usage_error(cmd, "unknown option", which);
	ctl_error("%s%sunknown option %s", cmd ? cmd->name : "", cmd ? ": " : "", which);
	if (word)
		ctl_hint("%s", word);
	else
		ctl_hint("use `fwctl %s`", command);
	return CTL_USAGE;
}

/* Sets an option, or prints what would be right. */
static int apply(const struct ctl_command *cmd, const struct ctl_option *o, struct ctl_settings *s, const char *value)
{
	const char *want = o ? o->set(o, s, value) : NULL;

	if (!want)
		return 0;
	ctl_error("%s%s--%s wants %s, not \"%s\"", cmd ? cmd->name : "", cmd ? ": " : "", o->name, want, value);
	return CTL_USAGE;
}

/* The options of a command, as rows and for getopt. */
struct rows {
	const struct ctl_option *row[OPTIONS_MAX];
	struct option longs[OPTIONS_MAX + 2];
	int n;
	char letters[2 * OPTIONS_MAX + 8]; /* short forms, as getopt wants them */
};

static void rows_add(const struct ctl_option *o, void *ctx)
{
	struct rows *r = ctx;

	if (r->n == OPTIONS_MAX)
		return;
	r->longs[r->n] = (struct option){ o->name, o->arg ? required_argument : no_argument, NULL, r->n };
	r->row[r->n++] = o;
	if (o->letter)
		snprintf(r->letters + strlen(r->letters), 3, "%c%s", o->letter, o->arg ? ":" : "");
}

void ctl_options_each(const struct ctl_command *cmd, void (*each)(const struct ctl_option *o, void *ctx), void *ctx)
{
	for (const struct ctl_option *const *o = cmd ? cmd->options : NULL; o && *o; o++)
		each(*o, ctx);
	for (const struct ctl_option *const *o = ctl_global_options; *o; o++)
		each(*o, ctx);
}

/* The row of what getopt found: its number, or its letter. */
static const struct ctl_option *row_of(const struct rows *r, int c)
{
	for (int i = 0; i < r->n; i++)
		if (c == i || (c >= OPTIONS_MAX && c == r->row[i]->letter))
			return r->row[i];
	return NULL;
}

/* The option that getopt has refused. In several letters, as in -dash, it has only read the first. */
static const char *refused(char **argv)
{
	const char letter[] = { '-', (char)optopt, '\0' };
	bool is_long = optopt >= 0 && (optopt <= OPTIONS_MAX || optopt == HELP_OPTION);

	return is_long || !strcmp(argv[optind - 1], letter) ? argv[optind - 1] : argv[optind];
}

/* @shorts: "+:h" stops at the first operand, ":h" does not. Return: as ctl_options_parse(). */
static int parse(const struct ctl_command *cmd, const char *shorts, struct ctl_arguments *args, struct ctl_settings *s)
{
	struct rows r = { 0 };
	int c;

	snprintf(r.letters, sizeof(r.letters), "%s", shorts);
	ctl_options_each(cmd, rows_add, &r);
	r.longs[r.n] = (struct option){ "help", no_argument, NULL, HELP_OPTION };
	opterr = 0;
	optind = 0; /* resets getopt */
	while ((c = getopt_long(args->n, args->v, r.letters, r.longs, NULL)) != -1) {
		if (c == HELP_OPTION || c == 'h')
			return -1;
		if (c == ':')
			return usage_error(cmd, "missing value of", args->v[optind - 1]);
		if (c == '?')
			return unknown_option(cmd, refused(args->v));
		if (apply(cmd, row_of(&r, c), s, optarg))
			return CTL_USAGE;
	}
	args->n -= optind;
	args->v += optind;
	return 0;
}

int ctl_options_global(struct ctl_arguments *args, struct ctl_settings *s)
{
	*s = (struct ctl_settings){ .interval = 1, .xdp = -1 };
	return parse(NULL, "+:h", args, s);
}

int ctl_options_parse(const struct ctl_command *cmd, struct ctl_arguments *args, struct ctl_settings *s)
{
	int err = parse(cmd, ":h", args, s);

	if (err || !cmd)
		return err;
	if (args->n < cmd->min_operands)
		return usage_error(cmd, "missing operand; want", cmd->operands);
	if (cmd->max_operands >= 0 && args->n > cmd->max_operands)
		return usage_error(cmd, "unexpected operand", args->v[cmd->max_operands]);
	if (s->check && s->confirm)
		return usage_error(cmd, "--check changes nothing, so it cannot be used with", "--confirm");
	return 0;
}

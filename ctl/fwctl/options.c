// SPDX-License-Identifier: GPL-2.0-only
/* The options of all commands, one row each, and how an argument vector becomes settings. */
#include "ctl.h"

#include <getopt.h>
#include <math.h>
#include <string.h>

#define OPTIONS_MAX 16
#define HELP_OPTION 1000

/* A choice among words. */
struct choice {
	const char *word;
	int value;
};

static bool choose(const struct choice *c, const char *word, int *value)
{
	for (; c->word; c++)
		if (!strcmp(c->word, word)) {
			*value = c->value;
			return true;
		}
	return false;
}

static const char *set_format(struct ctl_settings *s, const char *value)
{
	static const struct choice formats[] = {
		{ "rules", FW_FORMAT_RULES },
		{ "classbench", FW_FORMAT_CLASSBENCH },
		{ NULL, 0 },
	};
	int v;

	if (!choose(formats, value, &v))
		return "rules or classbench";
	s->format = (enum fw_format)v;
	return NULL;
}

static const char *set_json(struct ctl_settings *s, const char *value)
{
	s->json = true;
	return NULL;
}

static const char *set_kernel(struct ctl_settings *s, const char *value)
{
	s->kernel = true;
	return NULL;
}

static const char *set_tc(struct ctl_settings *s, const char *value)
{
	s->tc = true;
	return NULL;
}

static const char *set_pcap(struct ctl_settings *s, const char *value)
{
	s->pcap = value;
	return NULL;
}

static const char *set_dev(struct ctl_settings *s, const char *value)
{
	for (unsigned i = 0; i < s->ndevs; i++)
		if (!strcmp(s->devs[i], value))
			return "each device once";
	if (s->ndevs == CTL_DEVS_MAX)
		return "at most 32 devices";
	s->devs[s->ndevs++] = value;
	return NULL;
}

static const char *set_xdp(struct ctl_settings *s, const char *value)
{
	static const struct choice modes[] = {
		{ "auto", FW_XDP_AUTO },
		{ "native", FW_XDP_NATIVE },
		{ "generic", FW_XDP_GENERIC },
		{ NULL, 0 },
	};
	int v;

	if (!choose(modes, value, &v))
		return "native, generic or auto";
	s->xdp = (enum fw_xdp_mode)v;
	s->xdp_set = true;
	return NULL;
}

static const char *set_interval(struct ctl_settings *s, const char *value)
{
	char *end;
	double v = strtod(value, &end);

	if (end == value || *end || !isfinite(v) || v < 0.1 || v > 3600)
		return "seconds from 0.1 to 3600";
	s->interval = v;
	return NULL;
}

const struct ctl_option ctl_opt_format = { "format", "FORMAT", "rules (the default) or classbench", set_format };
const struct ctl_option ctl_opt_json = { "json", NULL, "one JSON object a line instead of text", set_json };
const struct ctl_option ctl_opt_kernel = { "kernel", NULL, "ask the program in the kernel too (root)", set_kernel };
const struct ctl_option ctl_opt_pcap = { "pcap", "FILE", "take packets from a capture file, as incoming", set_pcap };
const struct ctl_option ctl_opt_dev = { "dev", "DEV", "filter on this interface; may be repeated", set_dev };
const struct ctl_option ctl_opt_xdp = { "xdp", "MODE", "native, generic or auto (the default)", set_xdp };
const struct ctl_option ctl_opt_tc = { "tc", NULL, "filter incoming packets by tc instead of XDP", set_tc };
const struct ctl_option ctl_opt_interval = { "interval", "S", "seconds between counters (default 1)", set_interval };

static void usage_hint(const struct ctl_command *cmd)
{
	fprintf(stderr, "  hint: `fwctl help %s` lists what it takes\n", cmd->name);
}

static int usage_error(const struct ctl_command *cmd, const char *what, const char *which)
{
	ctl_error("%s: %s %s", cmd->name, what, which);
	usage_hint(cmd);
	return CTL_USAGE;
}

static int apply(const struct ctl_command *cmd, const struct ctl_option *o, struct ctl_settings *s, const char *value)
{
	const char *want = o->set(s, value);

	if (!want)
		return 0;
	ctl_error("%s: --%s wants %s, not \"%s\"", cmd->name, o->name, want, value);
	return CTL_USAGE;
}

static int check_operands(const struct ctl_command *cmd, int n, char **operands)
{
	if (n < cmd->min_operands)
		return usage_error(cmd, "missing operand; want", cmd->operands);
	if (cmd->max_operands >= 0 && n > cmd->max_operands)
		return usage_error(cmd, "unexpected operand", operands[cmd->max_operands]);
	return 0;
}

int ctl_options_parse(const struct ctl_command *cmd, int argc, char **argv, struct ctl_settings *s, int *n,
		      char ***operands)
{
	struct option longs[OPTIONS_MAX + 2] = { 0 };
	int c, rows = 0;

	for (; rows < OPTIONS_MAX && cmd->options[rows]; rows++)
		longs[rows] = (struct option){ cmd->options[rows]->name,
					       cmd->options[rows]->arg ? required_argument : no_argument, NULL, rows };
	longs[rows] = (struct option){ "help", no_argument, NULL, HELP_OPTION };

	*s = (struct ctl_settings){ .interval = 1 };
	opterr = 0;
	optind = 1;
	while ((c = getopt_long(argc, argv, ":h", longs, NULL)) != -1) {
		if (c == HELP_OPTION || c == 'h')
			return -1;
		if (c == ':')
			return usage_error(cmd, "missing value of", argv[optind - 1]);
		if (c == '?')
			return usage_error(cmd, "unknown option", argv[optind - 1]);
		if (apply(cmd, cmd->options[c], s, optarg))
			return CTL_USAGE;
	}
	*n = argc - optind;
	*operands = argv + optind;
	return check_operands(cmd, *n, *operands);
}

void ctl_options_print(FILE *f, const struct ctl_command *cmd)
{
	for (const struct ctl_option *const *o = cmd->options; *o; o++) {
		char left[64];

		snprintf(left, sizeof(left), "--%s%s%s", (*o)->name, (*o)->arg ? " " : "", (*o)->arg ? (*o)->arg : "");
		fprintf(f, "  %-18s %s\n", left, (*o)->help);
	}
	fprintf(f, "  %-18s %s\n", "--help", "this text");
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * fwgen generates rulesets, prefix lists and packet traces of any size from a
 * seed, so a checkout needs no other data. The same options give the same output.
 */
#include "gen.h"

#include <string.h>

enum option { O_RULES, O_COUNT, O_PACKETS, O_SEED, O_V6, O_SHAPE, O_FILE, O_TRACE, O_FORMAT, O_ZIPF, NOPTIONS };

struct option_row {
	const char *name, *argument, *help;
	unsigned long max; /* of a number; 0: the option is a text */
	size_t offset;
};

#define AT(member) offsetof(struct gen_options, member)
static const struct option_row options[NOPTIONS] = {
	[O_RULES] = { "--rules", "N", "how many rules (default 1000)", 16000000, AT(rules) },
	[O_COUNT] = { "--count", "N", "how many prefixes (default 1000)", 100000000, AT(count) },
	[O_PACKETS] = { "--packets", "N", "how many packets (default 1000)", 100000000, AT(packets) },
	[O_SEED] = { "--seed", "S", "of the random numbers (default 1)", ~0ul, AT(seed) },
	[O_V6] = { "--v6", "PERCENT", "share of IPv6 (default 30)", 100, AT(v6) },
	[O_SHAPE] = { "--shape", "NAME", "server (default), edge, blocklist or hotpair", 0, AT(shape) },
	[O_FILE] = { "--rules", "FILE", "the ruleset; - is standard input", 0, AT(rules_path) },
	[O_TRACE] = { "--trace", "FILE", "the packets, one per line", 0, AT(trace_path) },
	[O_FORMAT] = { "--format", "NAME", "of the ruleset: rules (default) or classbench", 0, AT(format) },
	[O_ZIPF] = { "--zipf", "A", "packets repeat: flow number i has weight 1/i^A (0 to 4)", 0, AT(zipf) },
};

#define OPT(o) (1u << O_##o)
static const struct command {
	const char *name, *help;
	int (*run)(const struct gen_options *o);
	unsigned options;
	unsigned required;
} commands[] = {
	{ "rules", "print a ruleset", gen_rules, OPT(RULES) | OPT(SEED) | OPT(V6) | OPT(SHAPE), 0 },
	{ "prefixes", "print a list of prefixes for `set NAME file`", gen_prefixes, OPT(COUNT) | OPT(SEED) | OPT(V6),
	  0 },
	{ "trace", "print packets near the edges of a ruleset's rules", gen_trace,
	  OPT(FILE) | OPT(FORMAT) | OPT(PACKETS) | OPT(SEED) | OPT(ZIPF), OPT(FILE) },
	{ "truth",
	  "print the number (from 0) of the first rule that matches each packet of a trace,\n"
	  "           or -1, found by linear search",
	  gen_truth, OPT(FILE) | OPT(FORMAT) | OPT(TRACE), OPT(FILE) | OPT(TRACE) },
};
#define NCOMMANDS (sizeof(commands) / sizeof(*commands))

static void usage_command(FILE *out, const struct command *c)
{
	fprintf(out, "usage: fwgen %s [OPTION...]\n  %-9s%s\n", c->name, c->name, c->help);
	for (int o = 0; o < NOPTIONS; o++)
		if (c->options & 1u << o)
			fprintf(out, "    %-9s %-8s %s%s\n", options[o].name, options[o].argument, options[o].help,
				c->required & 1u << o ? " (required)" : "");
}

static void usage(FILE *out)
{
	fprintf(out, "usage: fwgen COMMAND [OPTION...]\n");
	for (size_t i = 0; i < NCOMMANDS; i++)
		fprintf(out, "  %-9s%s\n", commands[i].name, commands[i].help);
	fprintf(out, "`fwgen COMMAND --help` lists a command's options.\n");
}

/* Parses and stores an option's value. 0, or -EINVAL after printing the error. */
static int option_set(struct gen_options *o, const struct option_row *row, const char *value)
{
	void *where = (char *)o + row->offset;
	char *end;

	if (row->max) {
		*(unsigned long *)where = strtoul(value, &end, 10);
		if (*value >= '0' && *value <= '9' && !*end && *(unsigned long *)where <= row->max)
			return 0;
		fprintf(stderr, "fwgen: %s %s: expected a number from 0 to %lu\n", row->name, value, row->max);
		return -EINVAL;
	}
	if (row != &options[O_ZIPF]) {
		*(const char **)where = value;
		return 0;
	}
	o->zipf = strtod(value, &end);
	if (end != value && !*end && o->zipf >= 0 && o->zipf <= 4)
		return 0;
	fprintf(stderr, "fwgen: --zipf %s: expected a number from 0 to 4\n", value);
	return -EINVAL;
}

/* Return: the option's row if the command has it, or NOPTIONS. */
static int option_find(const struct command *c, const char *name)
{
	for (int o = 0; o < NOPTIONS; o++)
		if (c->options & 1u << o && !strcmp(options[o].name, name))
			return o;
	return NOPTIONS;
}

/* Parses the options of a command, and checks that the required ones are given. 0, or -EINVAL after printing the error. */
static int parse(const struct command *c, char **argv, struct gen_options *o)
{
	unsigned missing = c->required;

	for (; *argv; argv += 2) {
		int row = option_find(c, *argv);

		if (row == NOPTIONS || !argv[1]) {
			fprintf(stderr, "fwgen: %s: %s\n", *argv,
				row == NOPTIONS ? "no such option" : "a value is missing");
			usage_command(stderr, c);
			return -EINVAL;
		}
		if (option_set(o, &options[row], argv[1]))
			return -EINVAL;
		missing &= ~(1u << row);
	}
	if (!missing)
		return 0;
	fprintf(stderr, "fwgen: %s is missing\n", options[__builtin_ctz(missing)].name);
	usage_command(stderr, c);
	return -EINVAL;
}

/* Runs a command with its arguments. Return: the exit status, a failure also if the output cannot be written. */
static int run(const struct command *c, char **argv)
{
	struct gen_options o = {
		.rules = 1000, .count = 1000, .packets = 1000, .seed = 1, .v6 = 30, .shape = "server", .format = "rules"
	};
	int status;

	if (*argv && (!strcmp(*argv, "--help") || !strcmp(*argv, "-h"))) {
		usage_command(stdout, c);
		return 0;
	}
	if (parse(c, argv, &o))
		return 2;
	setvbuf(stdout, NULL, _IOFBF, 1 << 20);
	status = c->run(&o);
	if (fflush(stdout) || ferror(stdout)) {
		fprintf(stderr, "fwgen: cannot write the output: %s\n", strerror(errno));
		return 1;
	}
	return status;
}

int main(int argc, char **argv)
{
	if (argc > 1 && (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h"))) {
		usage(stdout);
		return 0;
	}
	for (size_t i = 0; argc > 1 && i < NCOMMANDS; i++)
		if (!strcmp(commands[i].name, argv[1]))
			return run(&commands[i], argv + 2);
	if (argc > 1)
		fprintf(stderr, "fwgen: there is no command '%s'\n", argv[1]);
	usage(stderr);
	return 2;
}

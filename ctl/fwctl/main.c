// SPDX-License-Identifier: GPL-2.0-only
/* fwctl: the table of commands, from which come dispatch, usage and help. */
#include "ctl.h"

#include <string.h>

static int run_help(const struct ctl_settings *s, int n, char **operands);

static const struct ctl_option *const no_options[] = { NULL };

static const struct ctl_command ctl_help = {
	.name = "help",
	.operands = "[COMMAND]",
	.summary = "what a command does and takes",
	.options = no_options,
	.max_operands = 1,
	.run = run_help,
};

static const struct ctl_command *const commands[] = { &ctl_check, &ctl_classify, &ctl_run, &ctl_help };
#define NCOMMANDS (sizeof(commands) / sizeof(commands[0]))

static void print_usage(FILE *f)
{
	fputs("usage: fwctl COMMAND [OPTIONS] OPERANDS\n\n", f);
	for (size_t i = 0; i < NCOMMANDS; i++)
		fprintf(f, "  %-9s %s\n", commands[i]->name, commands[i]->summary);
	fputs("\n`fwctl help COMMAND` says more, `fwctl --version` which version this is.\n"
	      "Exit code: 0 done, 1 refused or failed, 2 wrong usage.\n",
	      f);
}

static void print_help(const struct ctl_command *cmd)
{
	printf("usage: fwctl %s%s %s\n\n%s\n\noptions:\n", cmd->name, cmd->options[0] ? " [OPTIONS]" : "",
	       cmd->operands, cmd->summary);
	ctl_options_print(stdout, cmd);
	if (cmd->details)
		printf("\n%s", cmd->details);
}

/* Levenshtein's distance of two words, the longer ones cut. */
static unsigned distance(const char *a, const char *b)
{
	enum { CUT = 15 };
	unsigned row[CUT + 1], na = (unsigned)strnlen(a, CUT), nb = (unsigned)strnlen(b, CUT);

	for (unsigned j = 0; j <= nb; j++)
		row[j] = j;
	for (unsigned i = 1; i <= na; i++) {
		unsigned diagonal = row[0];

		row[0] = i;
		for (unsigned j = 1; j <= nb; j++) {
			unsigned best = diagonal + (a[i - 1] != b[j - 1]);

			diagonal = row[j];
			if (row[j] + 1 < best)
				best = row[j] + 1;
			if (row[j - 1] + 1 < best)
				best = row[j - 1] + 1;
			row[j] = best;
		}
	}
	return row[nb];
}

static const struct ctl_command *find(const char *name)
{
	const struct ctl_command *near = NULL;
	unsigned least = 4;

	for (size_t i = 0; i < NCOMMANDS; i++) {
		unsigned d = distance(name, commands[i]->name);

		if (!strcmp(name, commands[i]->name))
			return commands[i];
		if (d < least) {
			least = d;
			near = commands[i];
		}
	}
	ctl_error("unknown command \"%s\"", name);
	if (near)
		fprintf(stderr, "  hint: did you mean `fwctl %s`?\n", near->name);
	else
		fputs("  hint: `fwctl help` lists the commands\n", stderr);
	return NULL;
}

static int run_help(const struct ctl_settings *s, int n, char **operands)
{
	const struct ctl_command *cmd = n ? find(operands[0]) : NULL;

	if (n && !cmd)
		return CTL_USAGE;
	if (cmd)
		print_help(cmd);
	else
		print_usage(stdout);
	return CTL_OK;
}

int main(int argc, char **argv)
{
	const struct ctl_command *cmd;
	struct ctl_settings settings;
	char **operands;
	int n, err;

	if (argc < 2) {
		print_usage(stderr);
		return CTL_USAGE;
	}
	if (!strcmp(argv[1], "--version")) {
		puts("fwctl " FW_VERSION);
		return CTL_OK;
	}
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h")) {
		print_usage(stdout);
		return CTL_OK;
	}
	cmd = find(argv[1]);
	if (!cmd)
		return CTL_USAGE;
	err = ctl_options_parse(cmd, argc - 1, argv + 1, &settings, &n, &operands);
	if (err < 0) {
		print_help(cmd);
		return CTL_OK;
	}
	return err ? err : cmd->run(&settings, n, operands);
}

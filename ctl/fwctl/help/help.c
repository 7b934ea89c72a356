// SPDX-License-Identifier: GPL-2.0-only
/* Usage and help, from the table of commands. */
#include "help.h"
#include "ctl/fwctl/command_line/find.h"
#include "ctl/fwctl/command_line/options.h"

static const struct ctl_option *const no_options[] = { NULL };

void ctl_print_usage(FILE *f, const struct ctl_command *const *commands)
{
	fputs("usage: fwctl [OPTIONS] COMMAND [OPTIONS] OPERANDS\n\n", f);
	for (const struct ctl_command *const *c = commands; *c; c++)
		if (!(*c)->hidden)
			fprintf(f, "  %-14s %s\n", (*c)->name, (*c)->summary);
	fputs("\n`fwctl help COMMAND` explains a command, `fwctl --version` prints the version.\n"
	      "Exit code: 0 done, 1 refused or failed, 2 wrong usage, 3 fwd is not running.\n",
	      f);
}

static void print_option(const struct ctl_option *o, void *ctx)
{
	char left[64];

	snprintf(left, sizeof(left), "--%s%s%s", o->name, o->arg ? " " : "", o->arg ? o->arg : "");
	printf("  %-18s %s\n", left, o->help);
}

void ctl_print_help(const struct ctl_command *cmd)
{
	printf("usage: fwctl %s [OPTIONS]%s%s\n\n%s\n\noptions:\n", cmd->name, cmd->operands[0] ? " " : "",
	       cmd->operands, cmd->summary);
	ctl_options_each(cmd, print_option, NULL);
	printf("  %-18s %s\n", "--help", "this text");
	if (cmd->details)
		printf("\n%s", cmd->details);
}

static int run_help(const struct ctl_settings *s, int n, char **operands)
{
	const struct ctl_command *cmd;
	int words = 0;

	if (!n) {
		ctl_print_usage(stdout, s->commands);
		return CTL_OK;
	}
	cmd = ctl_command_find(s->commands, n, operands, &words);
	if (!cmd)
		return CTL_USAGE;
	ctl_print_help(cmd);
	return CTL_OK;
}

const struct ctl_command ctl_help = {
	.name = "help",
	.operands = "[COMMAND]",
	.summary = "explain a command and its options",
	.options = no_options,
	.kinds = CTL_KIND_COMMAND,
	.max_operands = 2,
	.run = run_help,
};

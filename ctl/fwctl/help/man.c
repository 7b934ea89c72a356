// SPDX-License-Identifier: GPL-2.0-only
/*
 * fwctl man: the manual page, for the build. The lines of a hand-written template are copied; @SYNOPSIS@, @COMMANDS@ and
 * @OPTIONS@ are replaced by what the table of commands contains.
 */
#include "help.h"
#include "ctl/fwctl/command_line/options.h"
#include "ctl/fwctl/output/message.h"

#include <errno.h>
#include <string.h>

static const struct ctl_option *const no_options[] = { NULL };

/* Prints text as roff, so that it contains no requests and no escapes, and hyphens stay hyphens. */
static void print_roff(const char *s)
{
	bool start = true;

	for (; *s; s++) {
		if (start && (*s == '.' || *s == '\''))
			fputs("\\&", stdout);
		if (*s == '\\')
			fputs("\\e", stdout);
		else if (*s == '-')
			fputs("\\-", stdout);
		else
			putchar(*s);
		start = *s == '\n';
	}
}

static void print_synopsis(const struct ctl_command *const *commands)
{
	for (const struct ctl_command *const *c = commands; *c; c++) {
		if ((*c)->hidden)
			continue;
		printf(".B fwctl %s\n.I \"", (*c)->name);
		print_roff((*c)->operands);
		fputs("\"\n.br\n", stdout);
	}
}

static void print_option(const struct ctl_option *o, void *ctx)
{
	for (const struct ctl_option *const *g = ctl_global_options; *g; g++)
		if (ctx && o == *g)
			return;
	fputs(".TP\n.B \\-\\-", stdout);
	print_roff(o->name);
	if (o->arg)
		printf(" \\fI%s\\fR", o->arg);
	putchar('\n');
	print_roff(o->help);
	putchar('\n');
}

static void print_commands(const struct ctl_command *const *commands)
{
	for (const struct ctl_command *const *c = commands; *c; c++) {
		if ((*c)->hidden)
			continue;
		printf(".SS fwctl %s\n", (*c)->name);
		print_roff((*c)->summary);
		putchar('\n');
		ctl_options_each(*c, print_option, (void *)*c);
		if ((*c)->details) {
			fputs(".PP\n.nf\n", stdout);
			print_roff((*c)->details);
			fputs(".fi\n", stdout);
		}
	}
}

static void print_options(const struct ctl_command *const *commands)
{
	for (const struct ctl_option *const *o = ctl_global_options; *o; o++)
		print_option(*o, NULL);
}

/* Copies the template, line by line, and replaces the marked ones. */
static int run(const struct ctl_settings *s, int n, char **operands)
{
	static const struct {
		const char *line;
		void (*print)(const struct ctl_command *const *commands);
	} parts[] = {
		{ "@SYNOPSIS@\n", print_synopsis },
		{ "@COMMANDS@\n", print_commands },
		{ "@OPTIONS@\n", print_options },
	};
	char line[1024];
	FILE *f = fopen(operands[0], "re");

	if (!f) {
		ctl_error("cannot read %s: %s", operands[0], strerror(errno));
		return CTL_FAILED;
	}
	while (fgets(line, sizeof(line), f)) {
		size_t i = 0;

		while (i < sizeof(parts) / sizeof(parts[0]) && strcmp(line, parts[i].line))
			i++;
		if (i < sizeof(parts) / sizeof(parts[0]))
			parts[i].print(s->commands);
		else
			fputs(line, stdout);
	}
	fclose(f);
	return CTL_OK;
}

const struct ctl_command ctl_man = {
	.name = "man",
	.operands = "TEMPLATE",
	.summary = "the manual page",
	.options = no_options,
	.min_operands = 1,
	.max_operands = 1,
	.hidden = true,
	.run = run,
};

// SPDX-License-Identifier: GPL-2.0-only
/* The table of commands; finding one; usage and help, which are read off it. */
#include "ctl.h"

#include <string.h>

static const struct ctl_option *const no_options[] = { NULL };

const struct ctl_command *const ctl_commands[] = {
	&ctl_add,         &ctl_replace,    &ctl_move,     &ctl_del,     &ctl_show,      &ctl_list,
	&ctl_counters,    &ctl_set_create, &ctl_set_add,  &ctl_set_del, &ctl_set_flush, &ctl_set_replace,
	&ctl_set_destroy, &ctl_set_list,   &ctl_policy,   &ctl_batch,   &ctl_flush,     &ctl_load_command,
	&ctl_confirm,     &ctl_undo,       &ctl_save,     &ctl_attach,  &ctl_detach,    &ctl_status,
	&ctl_history,     &ctl_watch,      &ctl_classify, &ctl_check,   &ctl_run,       &ctl_completion,
	&ctl_man,         &ctl_help,       NULL,
};

/* Levenshtein's distance of a word and a command's first one, the longer ones cut. */
static unsigned distance(const char *a, const char *b)
{
	enum { CUT = 15 };
	unsigned row[CUT + 1], na = (unsigned)strnlen(a, CUT), nb = (unsigned)strcspn(b, " ");

	if (nb > CUT)
		nb = CUT;

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

/* How many of the words are the command's name: all of its words, or 0. */
static int words_of(const struct ctl_command *cmd, int argc, char **argv)
{
	const char *second = strchr(cmd->name, ' ');
	size_t first = second ? (size_t)(second - cmd->name) : strlen(cmd->name);

	if (strncmp(argv[0], cmd->name, first) || argv[0][first])
		return 0;
	if (!second)
		return 1;
	return argc > 1 && !strcmp(argv[1], second + 1) ? 2 : 0;
}

static bool begins_with(const struct ctl_command *cmd, const char *word)
{
	size_t len = strlen(word);

	return !strncmp(cmd->name, word, len) && cmd->name[len] == ' ';
}

/* The word is the first of two: which can follow? */
static bool say_second_words(const char *word)
{
	const char *sep = "";
	bool any = false;

	for (const struct ctl_command *const *c = ctl_commands; *c; c++)
		any |= begins_with(*c, word);
	if (!any)
		return false;
	ctl_error("%s: one word is missing, or another was meant", word);
	fputs("  hint: say ", stderr);
	for (const struct ctl_command *const *c = ctl_commands; *c; c++) {
		if (!begins_with(*c, word))
			continue;
		fprintf(stderr, "%s`fwctl %s %s`", sep, (*c)->name, (*c)->operands);
		sep = ", ";
	}
	fputc('\n', stderr);
	return true;
}

const char *ctl_other_command(const char *word)
{
	static const struct {
		const char *word, *say;
	} others[] = {
		{ "allow", "add rule ... accept" },
		{ "permit", "add rule ... accept" },
		{ "accept", "add rule ... accept" },
		{ "deny", "add rule ... drop" },
		{ "block", "add rule ... drop" },
		{ "ban", "set add NAME ADDRESS" },
		{ "reject", "add rule ... drop" },
		{ "drop", "add rule ... drop" },
		{ "rule", "add rule ..." },
		{ "append", "add rule ..." },
		{ "-A", "add rule ..." },
		{ "insert", "add rule first ..." },
		{ "-I", "add rule first ..." },
		{ "delete", "del rule REF" },
		{ "remove", "del rule REF" },
		{ "-D", "del rule REF" },
		{ "-R", "replace rule REF ..." },
		{ "-L", "list" },
		{ "-S", "list" },
		{ "-F", "flush" },
		{ "-P", "policy in drop" },
		{ "default", "policy in drop" },
		{ "restore", "load FILE" },
		{ "reload", "load FILE" },
		{ "apply", "load FILE" },
		{ "-f", "load FILE" },
		{ "enable", "attach IFACE" },
		{ "start", "attach IFACE" },
		{ "up", "attach IFACE" },
		{ "disable", "detach IFACE" },
		{ "stop", "detach IFACE" },
		{ "down", "detach IFACE" },
		{ "monitor", "watch" },
		{ "top", "watch" },
	};

	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (!strcmp(others[i].word, word))
			return others[i].say;
	return NULL;
}

const struct ctl_command *ctl_command_find(int argc, char **argv, int *words)
{
	const struct ctl_command *near = NULL;
	unsigned least = 4;

	for (const struct ctl_command *const *c = ctl_commands; *c; c++) {
		unsigned d = distance(argv[0], (*c)->name);

		*words = words_of(*c, argc, argv);
		if (*words)
			return *c;
		if (d < least && !(*c)->hidden) {
			least = d;
			near = *c;
		}
	}
	if (say_second_words(argv[0]))
		return NULL;
	ctl_error("unknown command \"%s\"", argv[0]);
	if (ctl_other_command(argv[0]))
		ctl_hint("say `fwctl %s`", ctl_other_command(argv[0]));
	else if (near)
		ctl_hint("did you mean `fwctl %s`?", near->name);
	else
		ctl_hint("`fwctl help` lists the commands");
	return NULL;
}

void ctl_print_usage(FILE *f)
{
	fputs("usage: fwctl [OPTIONS] COMMAND [OPTIONS] OPERANDS\n\n", f);
	for (const struct ctl_command *const *c = ctl_commands; *c; c++)
		if (!(*c)->hidden)
			fprintf(f, "  %-13s %s\n", (*c)->name, (*c)->summary);
	fputs("\n`fwctl help COMMAND` says more, `fwctl --version` which version this is.\n"
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
		ctl_print_usage(stdout);
		return CTL_OK;
	}
	cmd = ctl_command_find(n, operands, &words);
	if (!cmd)
		return CTL_USAGE;
	ctl_print_help(cmd);
	return CTL_OK;
}

const struct ctl_command ctl_help = {
	.name = "help",
	.operands = "[COMMAND]",
	.summary = "what a command does and takes",
	.options = no_options,
	.kinds = CTL_KIND_COMMAND,
	.max_operands = 2,
	.run = run_help,
};

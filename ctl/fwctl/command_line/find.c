// SPDX-License-Identifier: GPL-2.0-only
/* Finding the command that an argument vector begins with, or the one that was probably meant. */
#include "find.h"
#include "ctl/fwctl/output/message.h"

#include <string.h>

/* The Levenshtein distance of a word and the first word of a command, of which at most CUT bytes count. */
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

/* How many words of @argv are the name of the command: all of its words, or 0. */
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

/* A word that is the first of two: prints which can follow. Return: false: it is not one. */
static bool print_second_words(const struct ctl_command *const *commands, const char *word)
{
	const char *sep = "";
	bool any = false;

	for (const struct ctl_command *const *c = commands; *c; c++)
		any |= begins_with(*c, word);
	if (!any)
		return false;
	ctl_error("%s: the second word is missing or unknown", word);
	fputs("  hint: use ", stderr);
	for (const struct ctl_command *const *c = commands; *c; c++) {
		if (!begins_with(*c, word))
			continue;
		fprintf(stderr, "%s`fwctl %s %s`", sep, (*c)->name, (*c)->operands);
		sep = ", ";
	}
	fputc('\n', stderr);
	return true;
}

const struct ctl_command *ctl_command_find(const struct ctl_command *const *commands, int argc, char **argv, int *words)
{
	const struct ctl_command *near = NULL;
	unsigned least = 4;

	for (const struct ctl_command *const *c = commands; *c; c++) {
		unsigned d = distance(argv[0], (*c)->name);

		*words = words_of(*c, argc, argv);
		if (*words)
			return *c;
		if (d < least && !(*c)->hidden) {
			least = d;
			near = *c;
		}
	}
	if (print_second_words(commands, argv[0]))
		return NULL;
	ctl_error("unknown command \"%s\"", argv[0]);
	if (ctl_other_command(argv[0]))
		ctl_hint("use `fwctl %s`", ctl_other_command(argv[0]));
	else if (near)
		ctl_hint("did you mean `fwctl %s`?", near->name);
	else
		ctl_hint("`fwctl help` lists the commands");
	return NULL;
}

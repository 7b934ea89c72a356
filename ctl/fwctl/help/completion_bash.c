// SPDX-License-Identifier: GPL-2.0-only
/* The script for bash: the words before the cursor select the command, and its case offers the words that can follow. */
#include "completion.h"
#include "ctl/fwctl/command_line/options.h"

#include <string.h>

/*
 * Names from fwd and the kernel are data. They are never passed to compgen as a word list, which would expand them, and they
 * are quoted when they are offered, since they become part of the command line.
 */
static const char head[] =
	"# bash completion for fwctl; `fwctl completion bash` writes it.\n"
	"_fwctl_rules() { timeout 1 fwctl list rules --terse --limit 1000 2>/dev/null |\n"
	"\tawk '{ print $3 == \"name\" ? $4 : $2 }'; }\n"
	"_fwctl_sets() { timeout 1 fwctl list sets --terse --limit 1000 2>/dev/null | awk '{ print $2 }'; }\n"
	"_fwctl_chains() { timeout 1 fwctl list chains 2>/dev/null | awk '{ print $2 }'; }\n"
	"\n"
	"# _fwctl_offer WORD...: those that begin with what was typed.\n"
	"_fwctl_offer() {\n"
	"\tlocal w q\n"
	"\t[[ $split ]] && return\n"
	"\tfor w; do\n"
	"\t\tprintf -v q %q \"$w\"\n"
	"\t\t[[ $w == \"$cur\"* || $q == \"$cur\"* ]] && COMPREPLY+=(\"$q\")\n"
	"\tdone\n"
	"}\n"
	"\n"
	"# _fwctl_offer_names NAME...: but those that look like options, are not printable, or that readline would split.\n"
	"_fwctl_offer_names() {\n"
	"\tlocal name q\n"
	"\tfor name; do\n"
	"\t\tprintf -v q %q \"$name\"\n"
	"\t\tcase $q in -* | \\$* | ?*@* | \"''\") ;; *) _fwctl_offer \"$name\" ;; esac\n"
	"\tdone\n"
	"}\n"
	"\n"
	"# _fwctl_offer_kinds LETTERS: names of rules, sets, chains and interfaces. bash may split a word after '@', but readline replaces both\n"
	"# parts by what is offered.\n"
	"_fwctl_offer_kinds() {\n"
	"\tlocal -a names=()\n"
	"\tlocal at cur=$cur split=$split\n"
	"\tcase $1 in *R*) mapfile -t names < <(_fwctl_rules) && _fwctl_offer_names \"${names[@]}\" ;; esac\n"
	"\tcase $1 in *S*) mapfile -t names < <(_fwctl_sets) && _fwctl_offer_names \"${names[@]}\" ;; esac\n"
	"\tcase $1 in *C*) mapfile -t names < <(_fwctl_chains) && _fwctl_offer_names \"${names[@]}\" ;; esac\n"
	"\tcase $1 in *I*)\n"
	"\t\tfor at in /sys/class/net/{*,.[!.]*,..?*}; do [[ -e $at/ifindex ]] && _fwctl_offer_names \"${at##*/}\"; done ;;\n"
	"\tesac\n"
	"\tcase $1 in *A*)\n"
	"\t\tmapfile -t names < <(_fwctl_sets)\n"
	"\t\t[[ $prev != @ ]] || cur=@$cur\n"
	"\t\t[[ $cur != @* ]] || split=\n"
	"\t\t_fwctl_offer_names \"${names[@]/#/@}\" ;;\n"
	"\tesac\n"
	"}\n"
	"\n"
	"# Files: ./ precedes one that looks like an option or a home; compgen splits a name with line breaks.\n"
	"_fwctl_offer_files() {\n"
	"\tlocal file\n"
	"\tlocal -a files\n"
	"\tmapfile -t files < <(compgen -f -- \"$cur\")\n"
	"\tfor file in \"${files[@]}\"; do\n"
	"\t\tcase $cur:$file in\n"
	"\t\t\\~*) COMPREPLY+=(\"$file\") ;;\n"
	"\t\t*) [[ -e $file || -L $file ]] || continue ;;&\n"
	"\t\t*:[-~]*) COMPREPLY+=(\"./$file\") ;;\n"
	"\t\t*) COMPREPLY+=(\"$file\") ;;\n"
	"\t\tesac\n"
	"\tdone\n"
	"\tcompopt -o filenames 2>/dev/null\n"
	"}\n"
	"\n";

static const char values_of[] = "# What the value of $field may be.\n"
				"_fwctl_offer_values() {\n"
				"\tcase $field in\n";

static const char start[] =
	"\tesac\n"
	"}\n"
	"\n"
	"_fwctl() {\n"
	"\tlocal cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]} command= words= kinds= field= split= w i\n"
	"\tlocal -a said=()\n"
	"\tCOMPREPLY=()\n"
	"\t# After a character that ends a word for the shell, nothing that begins a word is offered.\n"
	"\t[[ $prev == [=:\\;\\&\\|\\(\\<\\>@]* || $cur == [=:\\;\\&\\|\\(\\<\\>@]* ]] && split=yes\n"
	"\tfor ((i = 1; i < COMP_CWORD; i++)); do\n"
	"\t\tw=${COMP_WORDS[i]}\n"
	"\t\tcase $w in\n"
	"\t\t--socket) ((i++)) ;;\n"
	"\t\t-*) ;;\n"
	"\t\t*) said+=(\"$w\") ;;\n"
	"\t\tesac\n"
	"\tdone\n"
	"\tcommand=\"${said[0]-} ${said[1]-}\"\n"
	"\tcase \"${said[0]-} $prev\" in\n";

/* $words holds words of this script only. The name of a rule or set can only be the first operand. */
static const char tail[] = "\tesac\n"
			   "\tcase $kinds in *@*) _fwctl_field \"${said[@]}\" ;; esac\n"
			   "\tif [[ $field ]]; then\n"
			   "\t\t_fwctl_offer_values\n"
			   "\t\treturn\n"
			   "\tfi\n"
			   "\tcase $kinds in\n"
			   "\t*S*) (( ${#said[@]} > 2 )) && kinds= ;;\n"
			   "\t*R*@* | *@*R*)\n"
			   "\t\tif (( ${#said[@]} > 2 )); then kinds=${kinds//R/}; else words= kinds=R; fi ;;\n"
			   "\tesac\n"
			   "\t# shellcheck disable=SC2086\n"
			   "\t_fwctl_offer $words\n"
			   "\t_fwctl_offer_kinds \"$kinds\"\n"
			   "\tcase $kinds in *F*) _fwctl_offer_files ;; esac\n"
			   "}\n"
			   "complete -F _fwctl fwctl\n";

static void print_field(const char *word, const char *letters, const char *values)
{
	printf("\t%s) _fwctl_offer %s; _fwctl_offer_kinds '%s' ;;\n", word, values, letters);
}

/* The options that take a value, one of each name: the first in the table of commands. */
struct values {
	const struct ctl_option *first[64];
	size_t n;
	const struct ctl_command *command;
};

/* Writes the case of an option's value; @command: its first word, or a pattern. */
static void print_value(const struct ctl_option *o, const char *command, int len)
{
	printf("\t%.*s\\ --%s) words=\"", len, command, o->name);
	for (const char *const *w = o->words; w && *w; w++)
		printf("%s%s", w == o->words ? "" : " ", *w);
	fputs("\" kinds=", stdout);
	completion_kinds(o->kind);
	puts(" command=value ;;");
}

/* Keeps the first option of a name for print_values(). Another one of the name gets a case for its command, in front of that. */
static void add_value(const struct ctl_option *o, void *ctx)
{
	struct values *v = ctx;
	size_t i = 0;

	if (!o->arg)
		return;
	while (i < v->n && strcmp(v->first[i]->name, o->name) != 0)
		i++;
	if (i < v->n && v->first[i] != o)
		print_value(o, v->command->name, (int)strcspn(v->command->name, " "));
	else if (i == v->n && i < sizeof(v->first) / sizeof(v->first[0]))
		v->first[v->n++] = o;
}

static void print_values(const struct ctl_command *const *commands)
{
	struct values v = { 0 };

	for (; *commands; commands++) {
		v.command = *commands;
		ctl_options_each(*commands, add_value, &v);
	}
	for (size_t i = 0; i < v.n; i++)
		print_value(v.first[i], "*", 1);
}

static void print_option(const struct ctl_option *o, void *ctx)
{
	printf(" --%s", o->name);
}

static void print_command(const struct ctl_command *const *commands, const struct ctl_command *c)
{
	const char *two = strchr(c->name, ' ');

	printf("\t\"%s\"%s) case $cur in -*) words=\"--help", c->name, two ? "" : "\\ *");
	ctl_options_each(c, print_option, NULL);
	printf("\" ;; *) words=\"%s", c->words ? c->words : "");
	completion_words(commands, c->kinds);
	fputs("\" kinds=", stdout);
	completion_kinds(c->kinds);
	puts(" ;; esac ;;");
}

/* The second words after each first word. */
static void print_second_words(const struct ctl_command *const *commands)
{
	size_t len;

	for (const struct ctl_command *const *c = commands; *c; c++) {
		if (!completion_first(commands, c, &len) || !(*c)->name[len])
			continue;
		printf("\t\"%.*s \") words=\"", (int)len, (*c)->name);
		for (const struct ctl_command *const *d = c; *d && !strncmp((*d)->name, (*c)->name, len + 1); d++)
			printf("%s%s", d == c ? "" : " ", (*d)->name + len + 1);
		puts("\" ;;");
	}
}

static void print_first_words(const struct ctl_command *const *commands)
{
	size_t len;

	fputs("\t\" \") words=\"--version --help", stdout);
	for (const struct ctl_option *const *o = ctl_global_options; *o; o++)
		print_option(*o, NULL);
	for (const struct ctl_command *const *c = commands; *c; c++)
		if (completion_first(commands, c, &len) && !(*c)->hidden)
			printf(" %.*s", (int)len, (*c)->name);
	puts("\" ;;");
}

void completion_bash(const struct ctl_command *const *commands)
{
	fputs(head, stdout);
	completion_field_function();
	fputs(values_of, stdout);
	completion_fields(print_field);
	fputs(start, stdout);
	print_values(commands);
	puts("\tesac\n\tcase $command in\n\tvalue) ;;");
	print_first_words(commands);
	print_second_words(commands);
	for (const struct ctl_command *const *c = commands; *c; c++)
		if (!(*c)->hidden)
			print_command(commands, *c);
	fputs(tail, stdout);
}

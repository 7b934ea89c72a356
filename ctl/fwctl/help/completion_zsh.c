// SPDX-License-Identifier: GPL-2.0-only
/*
 * The script for zsh: a case for each command, with its options and operands in the form of _arguments of zshcompsys(1), and
 * their descriptions from the table.
 */
#include "completion.h"
#include "ctl/fwctl/command_line/options.h"

#include <string.h>

static const char head[] =
	"#compdef fwctl\n"
	"# zsh completion for fwctl; `fwctl completion zsh` writes it.\n"
	"\n"
	"# TAG NAME...: but those that look like options, and those with '!', which zsh would take for history.\n"
	"_fwctl_names() {\n"
	"\tlocal tag=$1\n"
	"\tlocal -a names=(${@[2,-1]:#(-*|*\\!*)}) expl=()\n"
	"\t_wanted $tag expl ${tag%s} compadd -a names\n"
	"}\n"
	"\n"
	"_fwctl_rules() {\n"
	"\t_fwctl_names rules ${(f)\"$(timeout 1 fwctl list rules --terse --limit 1000 2>/dev/null |\n"
	"\t\tawk '{ print $3 == \"name\" ? $4 : $2 }')\"}\n"
	"}\n"
	"\n"
	"_fwctl_sets() {\n"
	"\t_fwctl_names sets $1${^${(f)\"$(timeout 1 fwctl list sets --terse --limit 1000 2>/dev/null | awk '{ print $2 }')\"}}\n"
	"}\n"
	"\n"
	"_fwctl_chains() {\n"
	"\t_fwctl_names chains ${(f)\"$(timeout 1 fwctl list chains 2>/dev/null | awk '{ print $2 }')\"}\n"
	"}\n"
	"\n"
	"_fwctl_ifaces() {\n"
	"\t_fwctl_names interfaces /sys/class/net/*/ifindex(ND:h:t)\n"
	"}\n"
	"\n";

static const char values_of[] = "# What the value of $field may be.\n"
				"_fwctl_values() {\n"
				"\tlocal -a said=()\n"
				"\tlocal letters= ret=1\n"
				"\tcase $field in\n";

static const char any[] =
	"\tesac\n"
	"\t_fwctl_offer \"$letters\"\n"
	"}\n"
	"\n"
	"# LETTERS: the words of $said, and names.\n"
	"_fwctl_offer() {\n"
	"\tlocal ret=1\n"
	"\tlocal -a expl=()\n"
	"\t(( $#said )) && _wanted words expl word compadd -a said && ret=0\n"
	"\t[[ $1 = *R* ]] && _fwctl_rules && ret=0\n"
	"\t[[ $1 = *S* ]] && _fwctl_sets && ret=0\n"
	"\t[[ $1 = *C* ]] && _fwctl_chains && ret=0\n"
	"\t[[ $1 = *A* ]] && _fwctl_sets @ && ret=0\n"
	"\t[[ $1 = *I* ]] && _fwctl_ifaces && ret=0\n"
	"\t[[ $1 = *F* ]] && _files && ret=0\n"
	"\treturn ret\n"
	"}\n"
	"\n"
	"# KINDS WORD...: what an operand can be. A command of two words counts as one word.\n"
	"_fwctl_any() {\n"
	"\tlocal kinds=$1 field= w\n"
	"\tlocal -a said=($@[2,-1]) before=()\n"
	"\tfor w in ${(Q)words[1,CURRENT-1]}; do [[ $w = -* ]] || before+=($w); done\n"
	"\t[[ $kinds = *@* ]] && _fwctl_field $before\n"
	"\tif [[ -n $field ]]; then\n"
	"\t\t_fwctl_values\n"
	"\t\treturn\n"
	"\tfi\n"
	"\tcase $kinds in\n"
	"\t*S* | *C*) (( $#before > 1 )) && kinds= ;;\n"
	"\t*R*@* | *@*R*) if (( $#before > 1 )); then kinds=${kinds//R/}; else said=() kinds=R; fi ;;\n"
	"\tesac\n"
	"\t_fwctl_offer \"$kinds\"\n"
	"}\n"
	"\n"
	"_fwctl_commands() {\n"
	"\tlocal -a said=(\n";
static const char middle[] = "\t)\n"
			     "\t_describe -t commands command said\n"
			     "}\n"
			     "\n"
			     "_fwctl() {\n"
			     "\tlocal curcontext=$curcontext state= state_descr= command=\n"
			     "\tlocal -a line said\n"
			     "\tlocal -A opt_args\n"
			     "\t_arguments -C \\\n"
			     "\t\t'(- *)--version[print the version]' \\\n"
			     "\t\t'(- *)--help[list the commands]' \\\n";

static const char operands[] = "\t\t'1: :_fwctl_commands' \\\n"
			       "\t\t'*:: :->operands' && return\n"
			       "\t[[ $state = operands ]] || return 1\n"
			       "\tcommand=$words[1]\n"
			       "\tcase $command in\n";

/* _arguments sees a command of two words as one word. */
static const char shift[] = "\t*) said=() ;;\n"
			    "\tesac\n"
			    "\tif (( $#said )); then\n"
			    "\t\tif (( CURRENT == 2 )); then\n"
			    "\t\t\t_describe -t commands 'second word' said\n"
			    "\t\t\treturn\n"
			    "\t\tfi\n"
			    "\t\tcommand+=\" $words[2]\"\n"
			    "\t\tshift words\n"
			    "\t\t(( CURRENT-- ))\n"
			    "\tfi\n"
			    "\tcase $command in\n";

/* A script that is sourced registers the function; as a file of $fpath it is the first call of it. */
static const char tail[] = "\t*) return 1 ;;\n"
			   "\tesac\n"
			   "}\n"
			   "\n"
			   "if [[ $funcstack[1] = _fwctl ]]; then\n"
			   "\t_fwctl \"$@\"\n"
			   "else\n"
			   "\tcompdef _fwctl fwctl\n"
			   "fi\n";

/* Inside '...', where brackets and colons have a meaning for _arguments and _describe. */
static void print_quoted(const char *s, size_t len)
{
	for (; len--; s++) {
		if (strchr("\\[]:", *s))
			putchar('\\');
		if (*s == '\'')
			fputs("'\\'", stdout);
		putchar(*s);
	}
}

static void print_text(const char *s)
{
	print_quoted(s, strlen(s));
}

/* :MESSAGE: ACTION; the action is a blank if nothing can be completed. */
static void print_message(const char *message, unsigned kinds, bool words)
{
	putchar(':');
	print_text(message);
	fputs(": ", stdout);
	if (!kinds && !words)
		return;
	fputs("_fwctl_any \"\"", stdout);
	completion_kinds(kinds);
}

static void print_option(const struct ctl_option *o, void *ctx)
{
	printf("\t\t'%s--%s%s[", o->many ? "*" : "", o->name, o->arg ? "=" : "");
	print_text(o->help);
	putchar(']');
	if (o->arg)
		print_message(o->arg, o->kind, o->words);
	for (const char *const *w = o->words; w && *w; w++)
		printf(" %s", *w);
	fputs("' \\\n", stdout);
}

/* The @i-th operand, or with 0 any of them. */
static void print_operand(const struct ctl_command *const *commands, const struct ctl_command *c, int i)
{
	char which[16] = "*";

	if (i)
		snprintf(which, sizeof(which), "%d", i);
	printf("\t\t'%s", which);
	print_message(c->operands, c->kinds, c->words);
	if (c->words)
		printf(" %s", c->words);
	completion_words(commands, c->kinds);
	fputs("' \\\n", stdout);
}

static void print_command(const struct ctl_command *const *commands, const struct ctl_command *c)
{
	printf("\t'%s')\n\t\t_arguments \\\n", c->name);
	ctl_options_each(c, print_option, NULL);
	if (c->max_operands < 0)
		print_operand(commands, c, 0);
	for (int i = 1; i <= c->max_operands; i++)
		print_operand(commands, c, i);
	fputs("\t\t'(- *)--help[explain the command]' ;;\n", stdout);
}

/* 'WORD:SUMMARY', @word being @len bytes. */
static void print_described(const char *word, size_t len, const char *summary)
{
	putchar('\'');
	print_quoted(word, len);
	putchar(':');
	print_text(summary);
	putchar('\'');
}

static bool begins(const struct ctl_command *c, const char *name, size_t len)
{
	return c && !strncmp(c->name, name, len + 1);
}

/* A first word, described by the second words that can follow. */
static void print_group(const struct ctl_command *const *c, size_t len)
{
	printf("'%.*s:", (int)len, (*c)->name);
	for (const struct ctl_command *const *d = c; begins(*d, (*c)->name, len); d++)
		printf("%s%s", d == c ? "" : ", ", (*d)->name + len + 1);
	putchar('\'');
}

static void print_first_words(const struct ctl_command *const *commands)
{
	size_t len;

	for (const struct ctl_command *const *c = commands; *c; c++) {
		if (!completion_first(commands, c, &len) || (*c)->hidden)
			continue;
		fputs("\t\t", stdout);
		if (begins(c[1], (*c)->name, len))
			print_group(c, len);
		else
			print_described((*c)->name, len, (*c)->summary);
		putchar('\n');
	}
}

static void print_second_words(const struct ctl_command *const *commands)
{
	size_t len;

	for (const struct ctl_command *const *c = commands; *c; c++) {
		if (!completion_first(commands, c, &len) || !(*c)->name[len])
			continue;
		printf("\t%.*s) said=(", (int)len, (*c)->name);
		for (const struct ctl_command *const *d = c; begins(*d, (*c)->name, len); d++) {
			if (d != c)
				putchar(' ');
			print_described((*d)->name + len + 1, strlen((*d)->name + len + 1), (*d)->summary);
		}
		puts(") ;;");
	}
}

static void print_field(const char *word, const char *letters, const char *values)
{
	printf("\t%s) said=(%s) letters=%s ;;\n", word, values, letters);
}

void completion_zsh(const struct ctl_command *const *commands)
{
	fputs(head, stdout);
	completion_field_function();
	fputs(values_of, stdout);
	completion_fields(print_field);
	fputs(any, stdout);
	print_first_words(commands);
	fputs(middle, stdout);
	for (const struct ctl_option *const *o = ctl_global_options; *o; o++)
		print_option(*o, NULL);
	fputs(operands, stdout);
	print_second_words(commands);
	fputs(shift, stdout);
	for (const struct ctl_command *const *c = commands; *c; c++)
		if (!(*c)->hidden)
			print_command(commands, *c);
	fputs(tail, stdout);
}

// SPDX-License-Identifier: GPL-2.0-only
/* What the completions of all shells share: which words and names can follow, from the table of commands and of fields. */
#include "completion.h"

#include "fw/text.h"

#include <string.h>

void completion_kinds(unsigned kinds)
{
	static const struct {
		enum ctl_kind kind;
		char letter;
	} letters[] = {
		{ CTL_KIND_FILE, 'F' },  { CTL_KIND_IFACE, 'I' },   { CTL_KIND_RULE, 'R' },  { CTL_KIND_SET, 'S' },
		{ CTL_KIND_MATCH, '@' }, { CTL_KIND_COMMAND, '!' }, { CTL_KIND_PLACE, '@' }, { CTL_KIND_CHAIN, 'C' },
	};

	for (size_t i = 0; i < sizeof(letters) / sizeof(letters[0]); i++)
		if (kinds & letters[i].kind)
			putchar(letters[i].letter);
}

/* The first words of what a rule does besides its verdict; `mark` is a field as well. */
#define ACTION_WORDS " limit connections log add update audit with"

static void print_match_words(void)
{
#define WORD(word, field, value) " " word
	fputs(FW_FIELD_WORDS(WORD) " from to any not " FW_RULE_VERDICTS "name chain counter comment" ACTION_WORDS,
	      stdout);
#undef WORD
	for (unsigned i = 0; i < FW_NFIELDS; i++)
		if (fw_field_info[i].kind != FW_KIND_WORD && !fw_field_info[i].part)
			printf(" %s", fw_field_info[i].keyword);
	for (unsigned i = 0; i < FW_NFIELDS; i++)
		if (fw_field_info[i].keyword6)
			printf(" %s", fw_field_info[i].keyword6);
}

static size_t add_names(char *out, size_t size, const struct fw_name *names)
{
	size_t n = 0;

	for (; names && names->name && n < size; names++)
		n += (size_t)snprintf(out + n, size - n, " %s", names->name);
	return n;
}

void completion_fields(void (*each)(const char *word, const char *letters, const char *values))
{
#define REJECT_WORD(sym, word, ...) word " "
/* But the default, which is not written. */
#define REJECT_KINDS &FW_REJECTS(REJECT_WORD)[sizeof("default ") - 1]
#define LEVEL_WORD(word) word " "
#define LOG_LEVELS FW_LOG_LEVELS(LEVEL_WORD)
	static const struct {
		const char *word, *letters, *values;
	} others[] = {
		{ "from", "A", "any not" },
		{ "to", "A", "any not" },
		{ "before", "R", "" },
		{ "after", "R", "" },
		{ "name", "", "" },
		{ "comment", "", "" },
		{ "sets", "S", "" },
		{ "chain", "C", "" },
		{ "jump", "C", "" },
		{ "goto", "C", "" },
		{ "with", "", REJECT_KINDS },
		{ "level", "", LOG_LEVELS },
		{ "limit", "", "over" },
		{ "audit", "", "drop reject" },
		{ "per", "", "from to from-to" },
		{ "add", "", "from to" },
		{ "update", "", "from to" },
		{ "connections", "", "per" },
	};
	char values[2048];
	size_t n = 0;

	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		each(others[i].word, others[i].letters, others[i].values);
	for (unsigned r = 0; r < FW_NREASONS; r++)
		if (!fw_reason_is_fault((uint32_t)r))
			n += (size_t)snprintf(values + n, sizeof(values) - n, "%s%s", n ? " " : "",
					      fw_reason_info[r].name);
	each("policy", "", values);
	for (enum fw_field f = 0; f < FW_NFIELDS; f++) {
		const struct fw_field_info *info = &fw_field_info[f];

		for (int v6 = 0; v6 < (info->keyword6 ? 2 : 1); v6++) {
			n = (size_t)snprintf(values, sizeof(values), info->any ? "any not" : "not");
			if (info->kind == FW_KIND_WORD || info->part)
				continue;
			add_names(values + n, sizeof(values) - n, fw_field_names(f, v6));
			each(fw_field_word(f, v6), fw_field_is_iface(f) ? "I" : "", values);
		}
	}
}

static void print_pattern(const char *word, const char *letters, const char *values)
{
	printf("%s:%s", !strcmp(word, "from") ? "" : " | ", word);
}

/* A lone '@' is a word in bash only. */
void completion_field_function(void)
{
	fputs("# _fwctl_field WORD...: the word whose value is typed next goes to $field.\n"
	      "_fwctl_field() {\n"
	      "\tlocal w open=\n"
	      "\tfield=\n"
	      "\tfor w; do\n"
	      "\t\tcase $field:$w in\n"
	      "\t\t?*:not | ?*:@ | ?*:,) ;;\n"
	      "\t\t?*:'{') open=yes ;;\n"
	      "\t\t?*:'}') open= field= ;;\n"
	      "\t\t?*:*) [[ -n $open ]] || field= ;;\n"
	      "\t\t",
	      stdout);
	completion_fields(print_pattern);
	fputs(") field=$w ;;\n"
	      "\t\tesac\n"
	      "\tdone\n"
	      "}\n"
	      "\n",
	      stdout);
}

static bool is_among(const char *name, const char *word)
{
	size_t len = strlen(word), first = strcspn(name, " ");

	return (first == len && !strncmp(name, word, len)) || (name[first] && !strcmp(name + first + 1, word));
}

/* The second word of a command, unless an earlier command has it. */
static void print_second_word(const struct ctl_command *const *commands, const struct ctl_command *const *c,
			      const char *word)
{
	for (const struct ctl_command *const *before = commands; before != c; before++)
		if (is_among((*before)->name, word))
			return;
	printf(" %s", word);
}

static void print_command_words(const struct ctl_command *const *commands)
{
	for (const struct ctl_command *const *c = commands; *c; c++) {
		const char *space = strchr((*c)->name, ' ');
		size_t len;

		if ((*c)->hidden)
			continue;
		if (completion_first(commands, c, &len))
			printf(" %.*s", (int)len, (*c)->name);
		if (space)
			print_second_word(commands, c, space + 1);
	}
}

void completion_words(const struct ctl_command *const *commands, unsigned kinds)
{
	if (kinds & CTL_KIND_MATCH)
		print_match_words();
	if (kinds & CTL_KIND_COMMAND)
		print_command_words(commands);
}

bool completion_first(const struct ctl_command *const *commands, const struct ctl_command *const *c, size_t *len)
{
	*len = strcspn((*c)->name, " ");
	return c == commands || strncmp(c[-1]->name, (*c)->name, *len) ||
	       (c[-1]->name[*len] && c[-1]->name[*len] != ' ');
}

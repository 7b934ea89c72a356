// SPDX-License-Identifier: GPL-2.0-only
/* The words that follow `set NAME file "PATH"`: one row each, for the parser and the printer. */
#include "lib/text/parse.h"

static const struct {
	const char *name, *value; /* value: NULL: none follows */
	enum fw_set_word word;
} words[] = {
	{ "may-be-empty", NULL, FW_SET_MAY_BE_EMPTY },
	{ "skip-bad", NULL, FW_SET_SKIP_BAD },
	{ "format", "csv", FW_SET_CSV },
	{ "format", "p2p", FW_SET_P2P },
};
#define NWORDS (sizeof(words) / sizeof(words[0]))

/* All words that begin with that name. */
static uint8_t of_name(const char *name)
{
	uint8_t all = 0;

	for (size_t i = 0; i < NWORDS; i++)
		if (!strcmp(words[i].name, name))
			all |= words[i].word;
	return all;
}

/* What follows the name of row @i, in this row or the next ones. */
static int parse_value(struct fw_parser *p, size_t i, uint8_t *out)
{
	const char *name = words[i].name;

	for (; i < NWORDS && !strcmp(words[i].name, name); i++)
		if (!words[i].value || fw_parser_at(p, words[i].value)) {
			*out |= words[i].word;
			if (words[i].value)
				fw_parser_next(p);
			return 0;
		}
	return fw_parser_expected(p, "'csv' or 'p2p'",
				  "other formats are recognised by their lines: leave 'format' out");
}

static int refuse_word(struct fw_parser *p)
{
	struct fw_nearest near = { .word = p->tok.text };
	char hint[128];

	for (size_t i = 0; i < NWORDS; i++)
		fw_nearest_try(&near, words[i].name);
	return fw_diag_add(p->ds, fw_parser_here(p),
			   near.best ? fw_nearest_hint(&near, hint, sizeof(hint)) :
				       "after the file: may-be-empty, skip-bad, format csv or format p2p",
			   "'%s' is not an option of a set's file", FW_SHOW(p->tok.text));
}

static int parse_word(struct fw_parser *p, uint8_t *out)
{
	size_t i = 0;

	while (i < NWORDS && !fw_parser_at(p, words[i].name))
		i++;
	if (i == NWORDS)
		return refuse_word(p);
	if (*out & of_name(words[i].name))
		return fw_diag_add(p->ds, fw_parser_here(p), "keep one of the two", "'%s' is given twice",
				   words[i].name);
	fw_parser_next(p);
	return parse_value(p, i, out);
}

int fw_set_words_parse(struct fw_parser *p, uint8_t *out)
{
	int err = 0;

	while (!err && p->tok.kind == FW_T_WORD)
		err = parse_word(p, out);
	return err;
}

void fw_print_set_words(struct fw_buf *b, const struct fw_set *set)
{
	for (size_t i = 0; i < NWORDS; i++)
		if (set->words & words[i].word)
			fw_buf_printf(b, words[i].value ? " %s %s" : " %s", words[i].name, words[i].value);
}

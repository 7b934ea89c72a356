// SPDX-License-Identifier: GPL-2.0-only
/* The words behind `set NAME file "PATH"`: one row each, for the parser and the printer. */
#include "lib/text/parse.h"

static const struct {
	const char *name;
	enum fw_set_word word;
} words[] = {
	{ "may-be-empty", FW_SET_MAY_BE_EMPTY },
};
#define NWORDS (sizeof(words) / sizeof(words[0]))

static int parse_word(struct fw_parser *p, uint8_t *out)
{
	struct fw_nearest near = { .word = p->tok.text };
	char hint[128];

	for (size_t i = 0; i < NWORDS; i++) {
		fw_nearest_try(&near, words[i].name);
		if (!fw_parser_at(p, words[i].name))
			continue;
		if (*out & words[i].word)
			return fw_diag_add(p->ds, fw_parser_here(p), "keep one of the two", "'%s' stands twice",
					   words[i].name);
		*out |= words[i].word;
		fw_parser_next(p);
		return 0;
	}
	return fw_diag_add(p->ds, fw_parser_here(p),
			   near.best ? fw_nearest_hint(&near, hint, sizeof(hint)) : "behind the file: may-be-empty",
			   "'%s' is no word for a set's file", FW_SHOW(p->tok.text));
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
			fw_buf_printf(b, " %s", words[i].name);
}

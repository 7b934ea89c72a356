// SPDX-License-Identifier: GPL-2.0-only
/* The first words of changes: `add`, `set add` and so on lead to the function that carries the change out. */
#include "lib/text/parse_edit.h"

static int refuse_verb(struct fw_parser *p, const struct verb *verbs, const char *expected)
{
	const char *other = fw_other_word(p->tok.text, FW_WORD_OF_CHANGE);
	struct fw_nearest near = { .word = p->tok.text };
	char hint[128];

	for (; verbs->word && p->tok.kind == FW_T_WORD; verbs++)
		fw_nearest_try(&near, verbs->word);
	return fw_parser_expected(p, expected, other ? other : fw_nearest_hint(&near, hint, sizeof(hint)));
}

int fw_change_dispatch(struct change *c, const struct verb *verbs, const char *expected)
{
	const struct verb *v = verbs;

	while (v->word && !fw_parser_at(&c->p, v->word))
		v++;
	if (!v->word)
		return refuse_verb(&c->p, verbs, expected);
	fw_parser_next(&c->p);
	return v->change(c);
}

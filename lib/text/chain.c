// SPDX-License-Identifier: GPL-2.0-only
/* Chains in the language: `chain NAME`, which defines one, and where rules name one. */
#include "lib/text/parse.h"

static int refuse_chain(struct fw_parser *p)
{
	struct fw_nearest near = { .word = p->tok.text };
	char hint[128];

	for (size_t i = 1; i < p->rs->nchains && i < FW_NEAREST_TRIES; i++)
		if (p->rs->chains[i].name)
			fw_nearest_try(&near, p->rs->chains[i].name);
	return fw_diag_add(p->ds, fw_parser_here(p),
			   near.best ? fw_nearest_hint(&near, hint, sizeof(hint)) :
			   p->edit   ? "create it first: chain create NAME" :
				       "define it first: chain NAME",
			   "there is no chain '%s'", FW_SHOW(p->tok.text));
}

int fw_parser_find_chain(struct fw_parser *p, uint16_t *out)
{
	struct fw_str s = p->tok.text;
	char name[FW_NAME_MAX + 1];
	int number = -ENOENT;

	if (p->tok.kind != FW_T_WORD)
		return fw_parser_expected(p, "the name of a chain", NULL);
	if (s.len <= FW_NAME_MAX) {
		memcpy(name, s.s, s.len);
		name[s.len] = '\0';
		number = fw_ruleset_chain_find(p->rs, name);
	}
	if (number < 0)
		return refuse_chain(p);
	*out = (uint16_t)number;
	return 0;
}

static int refuse_defined(struct fw_parser *p, struct fw_place at, const char *name)
{
	uint32_t line = p->rs->chains[fw_ruleset_chain_find(p->rs, name)].line;
	char hint[64] = "";

	if (line)
		snprintf(hint, sizeof(hint), "line %u defines it", line);
	return fw_diag_add(p->ds, at, hint, "there is already a chain '%s'", name);
}

int fw_parser_chain(struct fw_parser *p, char name[FW_NAME_MAX + 1], bool *owned, uint32_t *owner)
{
	struct fw_place at = fw_parser_here(p);
	struct fw_range group = { 0, 0 };
	int err = fw_parser_name(p, "chain", name);

	*owned = false;
	if (!err && fw_ruleset_chain_find(p->rs, name) >= 0)
		return refuse_defined(p, at, name);
	if (err || !fw_parser_at(p, FW_WORD_OWNER))
		return err;
	fw_parser_next(p);
	if (p->tok.kind != FW_T_WORD)
		return fw_parser_expected(p, "a group", "its members may change the chain's rules");
	err = fw_parse_owner(p, FW_F_GID, &group);
	if (!err && group.lo != group.hi)
		return fw_parser_expected(p, "one group", "a chain has one owner");
	*owned = true;
	*owner = group.lo;
	fw_parser_next(p);
	return err;
}

void fw_print_chain_words(struct fw_buf *b, const struct fw_chain *c)
{
	fw_buf_add(b, c->name, strlen(c->name));
	if (c->owned)
		fw_buf_printf(b, " " FW_WORD_OWNER " %u", c->owner);
}

void fw_text_print_chain(struct fw_buf *b, const struct fw_chain *c)
{
	fw_buf_printf(b, FW_WORD_CHAIN " ");
	fw_print_chain_words(b, c);
}

/* SPDX-License-Identifier: GPL-2.0-only */
/* The state of one parse, shared by the statements (parse.c) and the matches of a rule (parse_rule.c). */
#ifndef FW_TEXT_PARSE_H
#define FW_TEXT_PARSE_H

#include "lib/text/internal.h"

#define FW_LIST_MAX 65535 /* values of one list */

struct fw_parser {
	struct fw_lexer lx;
	struct fw_token tok; /* the one that is looked at */
	bool fresh;          /* it is the first of its line */
	struct fw_ruleset *rs;
	const char *name;
	struct fw_diags *ds;
	unsigned depth;                    /* open braces */
	struct fw_match *room[FW_NFIELDS]; /* matches of the rule that is being read */
	size_t room_cap[FW_NFIELDS];       /* ranges that fit */
	struct fw_addr_range *ranges;      /* addresses of the expression that is being read */
	size_t nranges, ranges_cap;
	uint32_t *sets;
	size_t nsets, sets_cap;
};

void fw_parser_next(struct fw_parser *p);
void fw_parser_skip_newlines(struct fw_parser *p);

static inline struct fw_place fw_parser_here(const struct fw_parser *p)
{
	return (struct fw_place){ p->name, p->tok.line, p->tok.column };
}

static inline bool fw_parser_at(const struct fw_parser *p, const char *word)
{
	return p->tok.kind == FW_T_WORD && fw_str_is(p->tok.text, word);
}

/* Refuses the current token: always -EINVAL. */
int fw_parser_expected(struct fw_parser *p, const char *what, const char *hint);

/**
 * fw_parser_list - one element, or several between braces
 * @element: takes the current word or string, which the list then passes over; after -EINVAL the list goes on,
 *           so that every bad element is reported
 * @empty:   may `{ }` be empty?
 * Return: 0, -EINVAL when anything was refused, -ENOMEM.
 */
int fw_parser_list(struct fw_parser *p, int (*element)(struct fw_parser *, void *), void *ctx, bool empty);

/* Takes a string: unescaped, printable UTF-8, at most @max - 1 bytes. */
int fw_parser_string(struct fw_parser *p, const char *what, char *out, size_t max);
/* Takes a word as the name of a rule or set. */
int fw_parser_name(struct fw_parser *p, const char *what, char *out);
/* Takes `accept` or `drop`. */
int fw_parser_verdict(struct fw_parser *p, uint8_t *out);

/* `rule ...`, from behind the word to before the end of the statement. */
int fw_parse_rule(struct fw_parser *p, struct fw_token start);

#endif

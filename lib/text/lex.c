// SPDX-License-Identifier: GPL-2.0-only
/* The grammar's tokens: words, strings, braces, commas and ends of lines. */
#include "lib/text/internal.h"

/* A word extends to the next blank, quote, brace, comma or comment. */
static const bool in_word[256] = {
	['!'] = true, ['$' ... '+'] = true, ['-' ... 'z'] = true, ['|'] = true, ['~'] = true,
};

static bool is_word(unsigned char c)
{
	return in_word[c];
}

bool fw_lex_is_word(const char *s)
{
	bool word = *s;

	for (; *s && word; s++)
		word = is_word((unsigned char)*s);
	return word;
}

static void skip_blanks(struct fw_lexer *lx)
{
	while (lx->s < lx->end && (*lx->s == ' ' || *lx->s == '\t' || *lx->s == '\r'))
		lx->s++;
	if (lx->s < lx->end && *lx->s == '#') {
		const char *newline = memchr(lx->s, '\n', (size_t)(lx->end - lx->s));

		lx->s = newline ? newline : lx->end;
	}
}

static void take_word(struct fw_lexer *lx)
{
	const char *s = lx->s, *end = lx->end;

	for (;;) {
		while (s < end && is_word((unsigned char)*s))
			s++;
		if (!lx->commas || end - s < 2 || *s != ',' || !is_word((unsigned char)s[1]))
			break;
		s++;
	}
	lx->s = s;
}

static struct fw_token take_string(struct fw_lexer *lx, struct fw_token t)
{
	const char *from = ++lx->s;

	while (lx->s < lx->end && *lx->s != '"' && *lx->s != '\n')
		lx->s += *lx->s == '\\' && lx->s + 1 < lx->end && lx->s[1] != '\n' ? 2 : 1;
	t.text = (struct fw_str){ from, (size_t)(lx->s - from) };
	if (lx->s == lx->end || *lx->s == '\n') {
		t.kind = FW_T_BAD;
		t.text = (struct fw_str){ from - 1, t.text.len + 1 };
		t.why = "the string has no closing '\"' on its line";
		return t;
	}
	lx->s++;
	t.kind = FW_T_STRING;
	return t;
}

struct fw_token fw_lex(struct fw_lexer *lx)
{
	static const char single[] = "\n{},";
	static const enum fw_token_kind kinds[] = { FW_T_NEWLINE, FW_T_OPEN, FW_T_CLOSE, FW_T_COMMA };

	skip_blanks(lx);

	struct fw_token t = { .line = lx->line, .column = (unsigned)(lx->s - lx->line_start) + 1 };

	t.text.s = lx->s;
	if (lx->s == lx->end)
		return t;
	if (is_word((unsigned char)*lx->s)) {
		take_word(lx);
		t.kind = FW_T_WORD;
		t.text.len = (size_t)(lx->s - t.text.s);
		return t;
	}
	if (*lx->s == '"')
		return take_string(lx, t);

	const char *known = memchr(single, *lx->s, sizeof(single) - 1);

	t.kind = known ? kinds[known - single] : FW_T_BAD;
	t.why = "such bytes are allowed only in strings and comments";
	t.text.len = 1;
	lx->s++;
	if (t.kind == FW_T_NEWLINE) {
		lx->line++;
		lx->line_start = lx->s;
	}
	return t;
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * What all statements are parsed with: the current token, lists, strings, names, verdicts. Whatever is refused gets a
 * diagnostic with its line and column.
 */
#include "lib/text/parse.h"

#include "fw/builtin.h"

void fw_parser_init(struct fw_parser *p, struct fw_ruleset *rs, const char *text, size_t len, const char *name,
		    struct fw_diags *ds)
{
	static const char nothing[1];

	if (!text)
		text = nothing;
	*p = (struct fw_parser){ .rs = rs, .name = name, .ds = ds, .fresh = true };
	p->lx = (struct fw_lexer){
		.s = fw_str_behind_mark(text, text + len), .end = text + len, .line_start = text, .line = 1
	};
	p->tok = fw_lex(&p->lx);
}

void fw_parser_free(struct fw_parser *p)
{
	for (uint64_t left = p->has_room; left; left &= left - 1)
		free(p->room[__builtin_ctzll(left)]);
	free(p->src.ranges);
	free(p->src.sets);
	free(p->dst.ranges);
	free(p->dst.sets);
	free(p->services.text);
	free(p->users.text);
	free(p->groups.text);
}

void fw_parser_next(struct fw_parser *p)
{
	p->fresh = p->tok.kind == FW_T_NEWLINE;
	p->tok = fw_lex(&p->lx);
}

void fw_parser_skip_newlines(struct fw_parser *p)
{
	while (p->tok.kind == FW_T_NEWLINE)
		fw_parser_next(p);
}

int fw_parser_expected(struct fw_parser *p, const char *what, const char *hint)
{
	const struct fw_token *t = &p->tok;

	if (t->kind == FW_T_BAD && t->text.s[0] != '"')
		return fw_diag_add(p->ds, fw_parser_here(p), t->why, "unexpected byte 0x%02x",
				   (unsigned char)t->text.s[0]);
	if (t->kind == FW_T_BAD)
		return fw_diag_add(p->ds, fw_parser_here(p), "end it with '\"'", "%s", t->why);
	if (t->kind == FW_T_NEWLINE || t->kind == FW_T_END)
		return fw_diag_add(p->ds, fw_parser_here(p), hint, "expected %s before the end of the %s", what,
				   t->kind == FW_T_END ? "text" : "line");
	return fw_diag_add(p->ds, fw_parser_here(p), hint, "expected %s, not '%s'", what, FW_SHOW(t->text));
}

bool fw_parser_at_statement(const struct fw_parser *p)
{
	const char *const *word = p->statements;

	if (!p->fresh)
		return false;
	while (*word && !fw_parser_at(p, *word))
		word++;
	return *word;
}

/* To the next element of a list; true when the list is cut off by the end of the text or the next statement. */
static bool list_cut_off(struct fw_parser *p)
{
	fw_parser_skip_newlines(p);
	return p->tok.kind == FW_T_END || fw_parser_at_statement(p);
}

/* The elements after the '{' at @open, up to the '}', which stays the current token. Contract of fw_parser_list(). */
static int list_elements(struct fw_parser *p, struct fw_place open, int (*element)(struct fw_parser *, void *),
			 void *ctx)
{
	int result = 0;

	for (;;) {
		if (list_cut_off(p))
			return fw_diag_add(p->ds, open, "end the list with '}'", "the '{' is never closed");
		if (p->tok.kind == FW_T_CLOSE)
			return result;
		if (p->tok.kind != FW_T_WORD && p->tok.kind != FW_T_STRING)
			return fw_parser_expected(p, "a value", p->tok.kind == FW_T_OPEN ? "lists do not nest" : NULL);

		int err = element(p, ctx);

		if (err && err != -EINVAL)
			return err;
		result = err ? err : result;
		fw_parser_next(p);
		if (list_cut_off(p))
			return fw_diag_add(p->ds, open, "end the list with '}'", "the '{' is never closed");
		if (p->tok.kind == FW_T_COMMA)
			fw_parser_next(p);
		else if (p->tok.kind != FW_T_CLOSE)
			return fw_parser_expected(p, "',' or '}'", "put ',' between the values of a list");
	}
}

int fw_parser_list(struct fw_parser *p, int (*element)(struct fw_parser *, void *), void *ctx, bool empty)
{
	struct fw_place open = fw_parser_here(p);
	int err;

	if (p->tok.kind == FW_T_WORD || p->tok.kind == FW_T_STRING) {
		err = element(p, ctx);
		fw_parser_next(p);
		return err;
	}
	if (p->tok.kind != FW_T_OPEN)
		return fw_parser_expected(p, "a value or '{'", NULL);
	p->depth++;
	fw_parser_next(p);
	fw_parser_skip_newlines(p);
	if (p->tok.kind == FW_T_CLOSE && !empty) {
		err = fw_diag_add(p->ds, open, "name at least one value, or leave the match out",
				  "an empty list matches nothing");
	} else {
		err = list_elements(p, open, element, ctx);
	}
	if (p->tok.kind == FW_T_CLOSE) {
		p->depth--;
		fw_parser_next(p);
	}
	return err;
}

/* How many bytes of a string encode its next byte; 0: a backslash without a meaning. */
static size_t string_byte(const char *s, size_t left, char *byte)
{
	if (*s != '\\')
		return 1;
	if (left > 1 && (s[1] == '\\' || s[1] == '"')) {
		*byte = s[1];
		return 2;
	}
	return fw_hex_escape(s, left, byte) ? 4 : 0;
}

int fw_str_unescape(struct fw_str s, const char *what, struct fw_place at, struct fw_diags *ds, char *out, size_t max)
{
	size_t n = 0;

	for (size_t i = 0, taken; i < s.len; i += taken) {
		char byte = s.s[i];

		taken = string_byte(s.s + i, s.len - i, &byte);
		if (!taken)
			return fw_diag_add(
				ds, at,
				"write \\\\ for a backslash, \\\" for a quote and \\x1b for a byte that cannot be typed",
				"there is a lone '\\' in the string");
		if (n + 1 == max)
			return fw_diag_add(ds, at, NULL, "%s has at most %zu bytes", what, max - 1);
		if (!byte)
			return fw_diag_add(ds, at, NULL, "the string holds a byte 0x00");
		out[n++] = byte;
	}
	out[n] = '\0';
	return 0;
}

int fw_parser_string(struct fw_parser *p, const char *what, char *out, size_t max)
{
	if (p->tok.kind != FW_T_STRING)
		return fw_parser_expected(p, what, "put it between '\"'");

	int err = fw_str_unescape(p->tok.text, what, fw_parser_here(p), p->ds, out, max);

	if (!err)
		fw_parser_next(p);
	return err;
}

int fw_parser_name(struct fw_parser *p, const char *what, char *out)
{
	struct fw_place at = fw_parser_here(p);

	if (p->tok.kind != FW_T_WORD)
		return fw_parser_expected(p, "a name", NULL);
	if (p->tok.text.len > FW_NAME_MAX)
		return fw_diag_add(p->ds, at, NULL, "the name of a %s has at most %d bytes, not %zu", what, FW_NAME_MAX,
				   p->tok.text.len);
	memcpy(out, p->tok.text.s, p->tok.text.len);
	out[p->tok.text.len] = '\0';
	if (fw_name_check(what, out, at, p->ds))
		return -EINVAL;
	fw_parser_next(p);
	return 0;
}

const char *fw_verdict_words(unsigned roles, const char *before, char *buf, size_t size)
{
	size_t at = (size_t)snprintf(buf, size, "%s", before);
	int last = FW_NVERDICTS - 1;

	while (!fw_verdict_is((unsigned)last, roles))
		last--;
	for (int v = 0; v <= last && at < size; v++)
		if (fw_verdict_is((unsigned)v, roles))
			at += (size_t)snprintf(buf + at, size - at, "%s'%s'",
					       !at       ? "" :
					       v == last ? " or " :
							   ", ",
					       fw_verdict_name((unsigned)v));
	return buf;
}

void fw_nearest_try_verdicts(struct fw_nearest *near, unsigned roles)
{
	for (unsigned v = 0; v < FW_NVERDICTS; v++)
		if (fw_verdict_is(v, roles))
			fw_nearest_try(near, fw_verdict_name(v));
}

int fw_parser_at_verdict(const struct fw_parser *p, unsigned roles)
{
	return p->tok.kind == FW_T_WORD ? fw_verdict_find(p->tok.text.s, p->tok.text.len, roles) : -1;
}

static int no_verdict(struct fw_parser *p, unsigned roles)
{
	struct fw_nearest near = { .word = p->tok.text };
	const char *other = fw_other_word(p->tok.text, FW_WORD_OF_RULE);
	char words[FW_VERDICT_WORDS], hint[128];

	fw_nearest_try_verdicts(&near, roles);
	fw_verdict_words(roles, "", words, sizeof(words));
	return fw_parser_expected(p, words, other ? other : fw_nearest_hint(&near, hint, sizeof(hint)));
}

int fw_parser_verdict(struct fw_parser *p, unsigned roles, uint8_t *out)
{
	int verdict = fw_parser_at_verdict(p, roles);

	if (verdict < 0)
		return no_verdict(p, roles);
	*out = (uint8_t)verdict;
	fw_parser_next(p);
	return 0;
}

int fw_parser_range(struct fw_parser *p, struct fw_addr_range *out)
{
	int err = fw_str_addr_range(p->tok.text, fw_parser_here(p), p->ds, out);

	if (err || fw_parser_stored(p) || !fw_addr_is_mapped(out))
		return err;
	return fw_addr_refuse_mapped(out, p->tok.text, fw_parser_here(p), p->ds);
}

int fw_parser_statement_end(struct fw_parser *p)
{
	if (p->tok.kind == FW_T_NEWLINE || p->tok.kind == FW_T_END)
		return 0;

	const char *other = p->tok.kind == FW_T_WORD ? fw_other_word(p->tok.text, FW_WORD_OF_RULE) : NULL;

	return fw_parser_expected(p, "the end of the line",
				  other ? other : "a statement is one line; write matches before the verdict");
}

/* Contract of fw_parser_find_set(), for sets that rules define. */
static int find_defined(struct fw_parser *p, struct fw_str s, uint32_t *out)
{
	struct fw_nearest near = { .word = s };
	char name[FW_NAME_MAX + 1], hint[128];
	int number = -ENOENT;

	if (s.len <= FW_NAME_MAX) {
		memcpy(name, s.s, s.len);
		name[s.len] = '\0';
		number = fw_ruleset_set_find(p->rs, name);
	}
	*out = (uint32_t)number;
	if (number >= 0)
		return 0;
	for (size_t i = 0; i < p->rs->nsets && i < FW_NEAREST_TRIES; i++)
		if (p->rs->sets[i].name)
			fw_nearest_try(&near, p->rs->sets[i].name);
	if (!near.best)
		snprintf(hint, sizeof(hint), "%s",
			 p->edit ? "create it first: set create NAME" : "define it first: set NAME { ... }");
	return fw_diag_add(p->ds, fw_parser_here(p), near.best ? fw_nearest_hint(&near, hint, sizeof(hint)) : hint,
			   "there is no set '%s'", FW_SHOW(s));
}

int fw_parser_find_set(struct fw_parser *p, struct fw_str s, uint32_t *out)
{
	int which = fw_builtin_find(s.s, s.len);
	char name[FW_NAME_MAX + 1];

	snprintf(name, sizeof(name), "%.*s", (int)(which < 0 ? 0 : s.len), s.s);
	if (which < 0 || fw_ruleset_set_find(p->rs, name) >= 0)
		return find_defined(p, s, out);
	if (p->edit)
		return fw_edit_builtin(p->edit, (enum fw_builtin)which, out);
	return fw_ruleset_builtin(p->rs, (enum fw_builtin)which, out);
}

int fw_parser_change_set(struct fw_parser *p, struct fw_str s, uint32_t *out)
{
	int err = fw_builtin_find(s.s, s.len) < 0 ? find_defined(p, s, out) : fw_parser_find_set(p, s, out);

	if (err || !p->rs->sets[*out].builtin)
		return err;
	return fw_diag_add(p->ds, fw_parser_here(p),
			   "rules can match on it; for other addresses create a set with another name",
			   "the set '%s' is built in: fwd keeps its addresses itself", FW_SHOW(s));
}

int fw_parser_set_name(struct fw_parser *p, char *out)
{
	struct fw_place at = fw_parser_here(p);
	int err = fw_parser_name(p, "set", out);

	if (err || fw_parser_stored(p) || fw_builtin_find(out, strlen(out)) < 0)
		return err;
	return fw_diag_add(p->ds, at, "rules can name it without a definition; give this set another name",
			   "'%s' is the name of a built-in set", out);
}

/* Skips the rest of a statement that was refused. */
static void recover(struct fw_parser *p)
{
	while (p->tok.kind != FW_T_END && !fw_parser_at_statement(p)) {
		if (p->tok.kind == FW_T_OPEN)
			p->depth++;
		if (p->tok.kind == FW_T_CLOSE && p->depth)
			p->depth--;
		fw_parser_next(p);
		if (p->fresh && !p->depth)
			break;
	}
	p->depth = 0;
}

int fw_parser_statements(struct fw_parser *p, int (*statement)(struct fw_parser *, void *), void *ctx)
{
	int result = 0;

	for (fw_parser_skip_newlines(p); p->tok.kind != FW_T_END; fw_parser_skip_newlines(p)) {
		int err = statement(p, ctx);

		p->lx.commas = false;
		if (err && err != -EINVAL)
			return err;
		if (err) {
			recover(p);
			result = err;
		}
	}
	return result;
}

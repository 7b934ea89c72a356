// SPDX-License-Identifier: GPL-2.0-only
/*
 * The rule grammar: statements, sets and policies. After an error the parser
 * goes on with the next statement, so that one run reports every error of a text.
 */
#include <limits.h>

#include "lib/text/parse.h"

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

/* Does a statement begin here, whatever came before? */
static bool at_statement(const struct fw_parser *p)
{
	return p->fresh && (fw_parser_at(p, "rule") || fw_parser_at(p, "set") || fw_parser_at(p, "policy"));
}

/* To the next element of a list; true when the list is cut off by the end of the text or the next statement. */
static bool list_cut_off(struct fw_parser *p)
{
	fw_parser_skip_newlines(p);
	return p->tok.kind == FW_T_END || at_statement(p);
}

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

int fw_parser_string(struct fw_parser *p, const char *what, char *out, size_t max)
{
	struct fw_place at = fw_parser_here(p);
	struct fw_str s = p->tok.text;
	size_t n = 0;

	if (p->tok.kind != FW_T_STRING)
		return fw_parser_expected(p, what, "put it between '\"'");
	for (size_t i = 0; i < s.len; i++) {
		if (s.s[i] == '\\' && (i + 1 == s.len || !strchr("\\\"", s.s[i + 1]) || !s.s[i + 1]))
			return fw_diag_add(p->ds, at, "write \\\\ for a backslash and \\\" for a quote",
					   "'\\' stands alone in the string");
		if (s.s[i] == '\\')
			i++;
		if (n + 1 == max)
			return fw_diag_add(p->ds, at, NULL, "%s has at most %zu bytes", what, max - 1);
		if (!s.s[i])
			return fw_diag_add(p->ds, at, NULL, "the string holds a byte 0x00");
		out[n++] = s.s[i];
	}
	out[n] = '\0';
	fw_parser_next(p);
	return 0;
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

int fw_parser_verdict(struct fw_parser *p, uint8_t *out)
{
	bool accept = fw_parser_at(p, "accept");

	if (!accept && !fw_parser_at(p, "drop"))
		return fw_parser_expected(p, "'accept' or 'drop'", NULL);
	*out = accept ? FW_ACCEPT : FW_DROP;
	fw_parser_next(p);
	return 0;
}

static int parse_policy(struct fw_parser *p, struct fw_token start)
{
	struct fw_nearest near = { .word = p->tok.text };
	struct fw_place at = fw_parser_here(p);
	char hint[128];
	size_t r = 0;
	int err;

	if (p->tok.kind != FW_T_WORD)
		return fw_parser_expected(p, "what the policy is for",
					  "in, out, malformed, non-ip, vlan-depth or ext-headers");
	for (; r < FW_NREASONS && !(r != FW_R_INTERNAL && fw_parser_at(p, fw_reason_info[r].name)); r++)
		if (r != FW_R_INTERNAL)
			fw_nearest_try(&near, fw_reason_info[r].name);
	if (r == FW_NREASONS)
		return fw_diag_add(p->ds, at,
				   near.best ? fw_nearest_hint(&near, hint, sizeof(hint)) :
					       "in, out, malformed, non-ip, vlan-depth or ext-headers",
				   "there is no policy for '%s'", FW_SHOW(p->tok.text));
	fw_parser_next(p);
	err = fw_parser_verdict(p, &p->rs->policy[r]);
	if (!err && p->rs->policy_set[r])
		return fw_diag_add(p->ds, at, "keep one of the two", "the policy of '%s' is said twice",
				   fw_reason_info[r].name);
	if (!err)
		p->rs->policy_set[r] = 1;
	return err;
}

static int set_element(struct fw_parser *p, void *ctx)
{
	struct fw_addr_range r;

	if (p->tok.kind == FW_T_WORD && p->tok.text.s[0] == '@')
		return fw_diag_add(p->ds, fw_parser_here(p), "name both sets in the rule: from { @a, @b }",
				   "a set cannot hold another set");
	if (p->tok.kind != FW_T_WORD)
		return fw_parser_expected(p, "an address", "addresses stand without quotes");

	int err = fw_str_addr_range(p->tok.text, fw_parser_here(p), p->ds, &r);

	return err ? err : fw_set_push(ctx, &r);
}

/* The path as seen from the rules' own directory. */
static char *set_path(const struct fw_parser *p, const char *path)
{
	const char *slash = path[0] == '/' ? NULL : strrchr(p->name, '/');
	int directory = slash ? (int)(slash - p->name) + 1 : 0;
	char *full;

	return asprintf(&full, "%.*s%s", directory, p->name, path) < 0 ? NULL : full;
}

static int read_set(struct fw_parser *p, struct fw_set *set, struct fw_place at)
{
	fw_autofree char *path = set_path(p, set->path), *text = NULL;
	size_t len;

	if (!path)
		return -ENOMEM;

	int err = fw_file_read(path, at, p->ds, &text, &len);

	if (err)
		return err == -ENOMEM ? err : -EINVAL;
	return fw_text_set_elements(set, text, len, path, p->ds);
}

static int new_set(struct fw_parser *p, const char *name, const char *path, struct fw_token start, struct fw_place at,
		   struct fw_set **out)
{
	int old = fw_ruleset_set_find(p->rs, name);
	char hint[64] = "";
	uint32_t number;

	if (old >= 0 && p->rs->sets[old].line)
		snprintf(hint, sizeof(hint), "line %u defines it", p->rs->sets[old].line);
	if (old >= 0)
		return fw_diag_add(p->ds, at, hint, "there is already a set '%s'", name);
	if (fw_ruleset_set(p->rs, name, path, &number))
		return -ENOMEM;
	*out = &p->rs->sets[number];
	(*out)->line = start.line;
	return 0;
}

static int parse_set_file(struct fw_parser *p, const char *name, struct fw_token start, struct fw_place at)
{
	struct fw_place here;
	char path[PATH_MAX];
	struct fw_set *set;

	fw_parser_next(p);
	here = fw_parser_here(p);

	int err = fw_parser_string(p, "the path of a file", path, sizeof(path));

	if (err)
		return err;
	if (!path[0])
		return fw_diag_add(p->ds, here, "name a file", "the path is empty");
	for (const char *c = path; *c; c++)
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			return fw_diag_add(p->ds, here, NULL, "the path holds a control character");
	if (!p->name)
		return fw_diag_add(p->ds, here, "list the addresses between '{' and '}'",
				   "sets can be read from files only by rules that are in a file");
	err = new_set(p, name, path, start, at, &set);
	return err ? err : read_set(p, set, here);
}

static int parse_set(struct fw_parser *p, struct fw_token start)
{
	struct fw_place at = fw_parser_here(p);
	char name[FW_NAME_MAX + 1];
	struct fw_set *set;
	int err = fw_parser_name(p, "set", name);

	if (err)
		return err;
	if (fw_parser_at(p, "file"))
		return parse_set_file(p, name, start, at);
	if (p->tok.kind != FW_T_OPEN)
		return fw_parser_expected(p, "'{' or 'file'",
					  "set NAME { 192.0.2.1, 10.0.0.0/8 }, or set NAME file \"PATH\"");
	err = new_set(p, name, NULL, start, at, &set);
	if (err)
		return err;
	err = fw_parser_list(p, set_element, set, true);
	fw_set_sort(set);
	return err;
}

static int parse_statement(struct fw_parser *p)
{
	static const struct {
		const char *word;
		int (*parse)(struct fw_parser *, struct fw_token);
	} statements[] = { { "rule", fw_parse_rule }, { "set", parse_set }, { "policy", parse_policy } };
	struct fw_nearest near = { .word = p->tok.text };
	struct fw_token start = p->tok;
	char hint[128];

	for (size_t i = 0; i < sizeof(statements) / sizeof(*statements); i++) {
		if (!fw_parser_at(p, statements[i].word)) {
			fw_nearest_try(&near, statements[i].word);
			continue;
		}
		fw_parser_next(p);

		int err = statements[i].parse(p, start);

		if (err || p->tok.kind == FW_T_NEWLINE || p->tok.kind == FW_T_END)
			return err;
		return fw_parser_expected(p, "the end of the line",
					  "a statement is one line; matches stand before the verdict");
	}
	return fw_parser_expected(p, "'rule', 'set' or 'policy'", fw_nearest_hint(&near, hint, sizeof(hint)));
}

/* Behind the statement that went wrong. */
static void recover(struct fw_parser *p)
{
	while (p->tok.kind != FW_T_END && !at_statement(p)) {
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

static void parser_free(struct fw_parser *p)
{
	for (size_t f = 0; f < FW_NFIELDS; f++)
		free(p->room[f]);
	free(p->ranges);
	free(p->sets);
}

int fw_text_parse(struct fw_ruleset *rs, const char *text, size_t len, const char *name, struct fw_diags *ds)
{
	static const char nothing[1];
	fw_cleanup(parser_free) struct fw_parser p = { .rs = rs, .name = name, .ds = ds };
	int result = 0;

	if (!text)
		text = nothing;
	p.lx = (struct fw_lexer){ .s = text, .end = text + len, .line_start = text, .line = 1 };
	fw_parser_next(&p);
	for (fw_parser_skip_newlines(&p); p.tok.kind != FW_T_END; fw_parser_skip_newlines(&p)) {
		int err = parse_statement(&p);

		p.lx.commas = false;
		if (err && err != -EINVAL)
			return err;
		if (err) {
			recover(&p);
			result = err;
		}
	}
	return result;
}

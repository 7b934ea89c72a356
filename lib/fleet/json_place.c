// SPDX-License-Identifier: GPL-2.0-only
/* Finding the place of a value in the text of JSON. */
#include "json_place.h"

#include <string.h>

/* A character outside of strings, or a whole string. */
struct token {
	const char *at;
	size_t len; /* of a string, with its quotes; otherwise 1 */
};

static struct token next_token(const char *s, const char *end)
{
	const char *begin = s;

	if (*s != '"')
		return (struct token){ s, 1 };
	for (s++; s < end && *s != '"'; s++)
		if (*s == '\\')
			s++;
	return (struct token){ begin, (size_t)((s < end ? s + 1 : end) - begin) };
}

static void set_place(const char *text, const char *at, struct fw_place *out)
{
	const char *line = text;

	out->line = 1;
	for (const char *s = text; s < at; s++)
		if (*s == '\n') {
			out->line++;
			line = s + 1;
		}
	out->column = (unsigned)(at - line) + 1;
}

static bool is_member(const struct token *t, const char *member)
{
	return member && t->len == strlen(member) + 2 && !memcmp(t->at + 1, member, t->len - 2);
}

void fw_json_place(const char *text, size_t len, size_t object, const char *member, struct fw_place *at)
{
	const char *end = text + len, *name = NULL;
	size_t depth = 0, element = 0;
	struct token t;

	for (const char *s = text; s < end; s = t.at + t.len) {
		t = next_token(s, end);
		if (*s == '}' || *s == ']') {
			depth--;
		} else if (*s == '{' || *s == '[') {
			if (depth == 2 && element == object)
				set_place(text, s, at);
			depth++;
		} else if (*s == ',' && depth == 2) {
			element++;
		} else if (*s == '"') {
			name = s; /* of a member, if a colon follows */
		} else if (*s == ':' && depth == 3 && element == object && name &&
			   is_member(&(struct token){ name, next_token(name, end).len }, member)) {
			set_place(text, name, at);
			return;
		}
	}
}

// SPDX-License-Identifier: GPL-2.0-only
/* Counters of rules as lines of text. A million of them pass here twice for a page: one walk over each, no copies. */
#include "lines.h"

#include <string.h>

#define DIGITS_MAX 20

/* [@s, @end) as @n fields between single spaces, the last of which may hold some; none is empty. false: it is not that. */
static bool split(const char *s, const char *end, size_t n, struct line_span *out)
{
	for (size_t i = 0; i < n; i++) {
		const char *stop = s >= end ? NULL : i + 1 < n ? memchr(s, ' ', (size_t)(end - s)) : end;

		if (!stop || stop == s)
			return false;
		out[i] = (struct line_span){ s, (size_t)(stop - s) };
		s = stop + 1;
	}
	return true;
}

bool line_is(struct line_span field, const char *word)
{
	return field.len == strlen(word) && !memcmp(field.s, word, field.len);
}

/* Is it a number of up to 20 digits? */
static bool is_number(struct line_span field)
{
	if (!field.len || field.len > DIGITS_MAX)
		return false;
	for (size_t i = 0; i < field.len; i++)
		if (field.s[i] < '0' || field.s[i] > '9')
			return false;
	return true;
}

uint64_t line_number(struct line_span field)
{
	uint64_t v = 0;

	for (size_t i = 0; i < field.len; i++)
		if (__builtin_mul_overflow(v, 10, &v) || __builtin_add_overflow(v, (uint64_t)(field.s[i] - '0'), &v))
			return UINT64_MAX;
	return v;
}

static bool check(struct line *l)
{
	bool counter = line_is(l->field[LINE_MARK], "counter");

	l->accept = line_is(l->field[LINE_VERDICT], "accept");
	if (line_is(l->field[LINE_NAME], "-"))
		l->field[LINE_NAME].len = 0;
	l->marked = counter || l->field[LINE_NAME].len;
	return is_number(l->field[LINE_ID]) && is_number(l->field[LINE_PACKETS]) && is_number(l->field[LINE_BYTES]) &&
	       (l->accept || line_is(l->field[LINE_VERDICT], "drop")) && (counter || line_is(l->field[LINE_MARK], "-"));
}

long line_parse(const char *text, const char *end, struct line *out)
{
	size_t room = (size_t)(end - text);
	const char *newline = memchr(text, '\n', room < LINE_BYTES_MAX ? room : LINE_BYTES_MAX);

	if (!newline)
		return -EPROTO;
	return split(text, newline, LINE_NFIELDS, out->field) && check(out) ? newline + 1 - text : -EPROTO;
}

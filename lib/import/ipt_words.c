// SPDX-License-Identifier: GPL-2.0-only
/*
 * A line of iptables as words. Quotes are those of iptables-save: "..." with \" and \\, whose end ends the word; and of
 * shells, at the start of a word: '...'.
 */
#include "lib/import/ipt.h"

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\v' || c == '\f';
}

/* Copies a word without its quotes to @out. Return: where it ends; NULL: a quote does not end. */
static const char *unquote(const char *s, const char *end, char *out, bool *quoted)
{
	char quote = '\0';

	for (bool first = true; s < end && (quote || !is_blank(*s)); s++, first = false) {
		if (quote == '"' && *s == '\\' && s + 1 < end)
			*out++ = *++s;
		else if (quote == '"' && *s == '"')
			return *out = '\0', s + 1;
		else if (quote && *s == quote)
			quote = '\0';
		else if (!quote && (*s == '"' || (*s == '\'' && first))) {
			quote = *s;
			*quoted = true;
		} else if (*s)
			*out++ = *s;
	}
	*out = '\0';
	return quote ? NULL : s;
}

/* A `#` begins a comment. */
int ipt_words(struct fw_region *mem, const char *text, size_t len, struct ipt_word words[IPT_WORDS])
{
	const char *s = text, *end = text + len;
	char *room = fw_region_alloc(mem, len + 2);
	int n = 0;

	if (!room)
		return -ENOMEM;
	for (;;) {
		bool quoted = false;

		while (s < end && is_blank(*s))
			s++;
		if (s == end || *s == '#')
			return n;
		if (n == IPT_WORDS)
			return -1;
		words[n] = (struct ipt_word){ room, (unsigned)(s - text) + 1, false };
		s = unquote(s, end, room, &quoted);
		if (!s)
			return -1;
		words[n].quoted = quoted;
		room += strlen(room) + 1;
		n++;
	}
}

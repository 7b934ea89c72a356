// SPDX-License-Identifier: GPL-2.0-only
/* Words of users become lines that cannot be taken for others. */
#include "ctl/fwd/record.h"

#include <string.h>

/* C0, DEL, and C1 in UTF-8, which some terminals take for the start of a sequence. */
static size_t control(const char *s, size_t left)
{
	unsigned char ch = (unsigned char)*s;

	if (ch < 0x20 || ch == 0x7f)
		return 1;
	return ch == 0xc2 && left > 1 && (unsigned char)s[1] >= 0x80 && (unsigned char)s[1] <= 0x9f ? 2 : 0;
}

/* One character of @text, at most 8 bytes: how many of @text it took. */
static size_t escape(char out[9], const char *text, size_t left)
{
	size_t n = control(text, left);

	if (!n)
		snprintf(out, 9, "%c", *text);
	else if (*text == '\n' || *text == '\t')
		snprintf(out, 9, "\\%c", *text == '\n' ? 'n' : 't');
	else
		snprintf(out, 9, "\\x%02x", (unsigned char)text[n - 1]);
	return n ? n : 1;
}

/* Where the text has to end so that no UTF-8 character is cut in two. */
static size_t whole(const char *s, size_t n)
{
	while (n && ((unsigned char)s[n] & 0xc0) == 0x80)
		n--;
	return n;
}

char *record_text(char *out, size_t size, const char *text, size_t len)
{
	static const char cut[] = "...";
	char one[9];
	size_t n = 0;

	for (size_t i = 0; i < len && text[i];) {
		size_t taken = escape(one, text + i, len - i), add = strlen(one);

		if (n + add >= size) {
			n = n > size - sizeof(cut) ? whole(out, size - sizeof(cut)) : n;
			snprintf(out + n, size - n, "%s", cut);
			return out;
		}
		memcpy(out + n, one, add);
		n += add;
		i += taken;
	}
	out[n] = '\0';
	return out;
}

char *record_change(char *out, size_t size, const char *text, size_t len, const char *name)
{
	const char *newline = memchr(text, '\n', len);
	size_t first = newline ? (size_t)(newline - text) : len, next = first;
	char all[256];

	while (next < len && strchr(" \t\n", text[next]))
		next++;
	if (next == len)
		return record_text(out, size, text, first);
	snprintf(all, sizeof(all), "batch %s", name ? name : "");
	return record_text(out, size, all, strlen(all));
}

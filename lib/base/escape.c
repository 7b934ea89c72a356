// SPDX-License-Identifier: GPL-2.0-only
/* Text of others on its way to a terminal or a log: no byte of it may move the cursor, set a colour or begin a line. */
#include "fw/base.h"

#include <string.h>

size_t fw_utf8_len(const char *text, size_t left)
{
	const unsigned char *s = (const unsigned char *)text;
	size_t n = s[0] < 0x80 ? 1 : s[0] >> 5 == 6 ? 2 : s[0] >> 4 == 14 ? 3 : s[0] >> 3 == 30 ? 4 : 0;
	uint32_t c = n == 1 ? s[0] : n ? s[0] & (0x7fu >> n) : 0;
	static const uint32_t least[] = { 0, 0x20, 0x80, 0x800, 0x10000 };

	if (n > left)
		return 0;
	for (size_t i = 1; i < n; i++) {
		if (s[i] >> 6 != 2)
			return 0;
		c = c << 6 | (s[i] & 0x3f);
	}
	if (c < least[n] || (c >= 0x7f && c < 0xa0) || (c >= 0xd800 && c < 0xe000) || c > 0x10ffff)
		return 0;
	return n;
}

size_t fw_escape_one(char out[FW_ESCAPE_ONE], const char *text, size_t left)
{
	size_t n = fw_utf8_len(text, left);

	if (n)
		snprintf(out, FW_ESCAPE_ONE, "%.*s", (int)n, text);
	else if (*text == '\n' || *text == '\t')
		snprintf(out, FW_ESCAPE_ONE, "\\%c", *text == '\n' ? 'n' : 't');
	else
		snprintf(out, FW_ESCAPE_ONE, "\\x%02x", (unsigned char)*text);
	return n ? n : 1;
}

/* Where the text has to end so that no UTF-8 character is cut in two. */
static size_t whole(const char *s, size_t n)
{
	while (n && ((unsigned char)s[n] & 0xc0) == 0x80)
		n--;
	return n;
}

char *fw_escape(char *out, size_t size, const char *text, size_t len)
{
	static const char cut[] = "...";
	char one[FW_ESCAPE_ONE];
	size_t n = 0;

	for (size_t i = 0; i < len && text[i];) {
		size_t taken = fw_escape_one(one, text + i, len - i), add = strlen(one);

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

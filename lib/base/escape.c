// SPDX-License-Identifier: GPL-2.0-only
/*
 * Untrusted text for a terminal, a log or a page: it must not move the cursor, set a colour, begin a line, change the
 * direction of writing or hide anything.
 */
#include "fw/base.h"

#include <string.h>

/* Decodes a character of @n bytes. UINT32_MAX: it is invalid, or not in its shortest form. */
static uint32_t code_point(const unsigned char *s, size_t n)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	uint32_t c = n == 1 ? s[0] : s[0] & (0x7fu >> n);

	for (size_t i = 1; i < n; i++) {
		if (s[i] >> 6 != 2)
			return UINT32_MAX;
		c = c << 6 | (s[i] & 0x3f);
	}
	return c < least[n] || (c >= 0xd800 && c < 0xe000) || c > 0x10ffff ? UINT32_MAX : c;
}

size_t fw_utf8_read(const char *text, size_t left, uint32_t *code)
{
	const unsigned char *s = (const unsigned char *)text;
	size_t n = !left ? 0 : s[0] < 0x80 ? 1 : s[0] >> 5 == 6 ? 2 : s[0] >> 4 == 14 ? 3 : s[0] >> 3 == 30 ? 4 : 0;

	if (!n || n > left)
		return 0;
	*code = code_point(s, n);
	return *code == UINT32_MAX ? 0 : n;
}

static bool is_control(uint32_t c)
{
	return c < 0x20 || (c >= 0x7f && c < 0xa0);
}

size_t fw_utf8_len(const char *text, size_t left)
{
	uint32_t c = 0;
	size_t n = fw_utf8_read(text, left, &c);

	return is_control(c) ? 0 : n;
}

/*
 * Characters that are invisible or change the direction of what follows: line and paragraph separators, direction marks,
 * zero-width characters, fillers, tags and noncharacters. Unicode's Bidi_Control and Default_Ignorable_Code_Point, except for
 * the variation selectors of emoji.
 */
static bool is_hidden(uint32_t c)
{
	static const struct {
		uint32_t first, last;
	} ranges[] = {
		{ 0xad, 0xad },       { 0x34f, 0x34f },   { 0x61c, 0x61c },     { 0x115f, 0x1160 },
		{ 0x17b4, 0x17b5 },   { 0x180b, 0x180f }, { 0x200b, 0x200f },   { 0x2028, 0x202e },
		{ 0x2060, 0x206f },   { 0x3164, 0x3164 }, { 0xfdd0, 0xfdef },   { 0xfeff, 0xfeff },
		{ 0xffa0, 0xffa0 },   { 0xfff0, 0xfffb }, { 0x1bca0, 0x1bca3 }, { 0x1d173, 0x1d17a },
		{ 0xe0000, 0xe0fff },
	};

	if ((c & 0xfffe) == 0xfffe)
		return true;
	for (size_t i = 0; c >= ranges[0].first && i < sizeof(ranges) / sizeof(ranges[0]); i++)
		if (c >= ranges[i].first && c <= ranges[i].last)
			return true;
	return false;
}

size_t fw_utf8_shown(const char *text, size_t left)
{
	uint32_t c = 0;
	size_t n;

	if (left && *text >= ' ' && *text <= '~')
		return 1;
	n = fw_utf8_read(text, left, &c);
	return is_control(c) || is_hidden(c) ? 0 : n;
}

size_t fw_utf8_cut(const char *text, size_t len, size_t max)
{
	size_t n = max;

	if (len <= max)
		return len;
	while (n && max - n < 3 && ((unsigned char)text[n] & 0xc0) == 0x80)
		n--;
	return n;
}

size_t fw_escape_one(char out[FW_ESCAPE_ONE], const char *text, size_t left)
{
	size_t n = fw_utf8_shown(text, left);

	if (n)
		snprintf(out, FW_ESCAPE_ONE, "%.*s", (int)n, text);
	else if (*text == '\n' || *text == '\t')
		snprintf(out, FW_ESCAPE_ONE, "\\%c", *text == '\n' ? 'n' : 't');
	else
		snprintf(out, FW_ESCAPE_ONE, "\\x%02x", (unsigned char)*text);
	return n ? n : 1;
}

char *fw_escape(char *out, size_t size, const char *text, size_t len)
{
	static const char cut[] = "...";
	char one[FW_ESCAPE_ONE];
	size_t n = 0;

	for (size_t i = 0; i < len && text[i];) {
		size_t taken = fw_escape_one(one, text + i, len - i), add = strlen(one);

		if (n + add >= size) {
			n = fw_utf8_cut(out, n, size - sizeof(cut));
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

char *fw_escaped(const char *text)
{
	size_t len = strlen(text), size = len * (FW_ESCAPE_ONE / 2) + sizeof("...");
	char *out = malloc(size);

	return out ? fw_escape(out, size, text, len) : NULL;
}

struct fw_name_shown fw_name_show(const char *name)
{
	struct fw_name_shown out;
	size_t left = name ? strnlen(name, FW_ALTNAME_MAX) : 0, n = 0;

	while (left) {
		size_t shown = *name == '\\' ? 0 : fw_utf8_shown(name, left), taken = shown ? shown : 1;

		if (shown)
			memcpy(out.s + n, name, shown);
		else
			snprintf(out.s + n, 5, "\\x%02x", (unsigned char)*name);
		n += shown ? shown : 4;
		name += taken;
		left -= taken;
	}
	out.s[n] = '\0';
	return out;
}

bool fw_name_is_plain(const char *name)
{
	for (size_t left = strlen(name), n; left; name += n, left -= n) {
		n = fw_utf8_shown(name, left);
		if (!n)
			return false;
	}
	return true;
}

static int digit(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : (c | 0x20) >= 'a' && (c | 0x20) <= 'f' ? (c | 0x20) - 'a' + 10 : -1;
}

bool fw_hex_escape(const char *text, size_t left, char *byte)
{
	int v;

	if (left < 4 || text[0] != '\\' || text[1] != 'x' || digit(text[2]) < 0 || digit(text[3]) < 0)
		return false;
	v = digit(text[2]) << 4 | digit(text[3]);
	*byte = (char)v;
	return v != 0;
}

/* Return: the length; 0: it does not fit. */
static size_t unescape(char *out, size_t size, const char *shown)
{
	size_t n = 0;

	for (size_t left = strlen(shown), taken; left; shown += taken, left -= taken) {
		char byte = *shown;

		taken = fw_hex_escape(shown, left, &byte) ? 4 : 1;
		if (n + 1 >= size)
			return 0;
		out[n++] = taken == 4 ? byte : *shown;
	}
	out[n] = '\0';
	return n;
}

size_t fw_name_read(char *out, size_t size, const char *text)
{
	char name[FW_ALTNAME_MAX + 1];
	size_t len = unescape(name, sizeof(name), text);
	bool is_shown = len && !strcmp(FW_NAME(name), text);

	len = is_shown ? len : strlen(text);
	if (len >= size)
		return 0;
	memmove(out, is_shown ? name : text, len + 1);
	return len;
}

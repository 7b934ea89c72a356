// SPDX-License-Identifier: GPL-2.0-only
/*
 * Guesses what was meant by a word that is not an address. Other programs write
 * addresses in other ways, some of which are ambiguous. These are not accepted,
 * but the hint gives the spelling to use instead.
 */
#include <ctype.h>

#include "lib/text/internal.h"

#define WORD_MAX 128 /* bytes; longer words get no hint */

static bool made_of(struct fw_str s, const char *bytes)
{
	for (size_t i = 0; i < s.len; i++)
		if (!s.s[i] || !strchr(bytes, s.s[i]))
			return false;
	return s.len;
}

static struct fw_str str_of(const char *s)
{
	return (struct fw_str){ s, strlen(s) };
}

/* The index of the first @c, or the length if there is none. */
static size_t find(struct fw_str s, char c)
{
	const char *p = memchr(s.s, c, s.len);

	return p ? (size_t)(p - s.s) : s.len;
}

static struct fw_str until(struct fw_str s, size_t n)
{
	return (struct fw_str){ s.s, n };
}

static struct fw_str from(struct fw_str s, size_t n)
{
	return n < s.len ? (struct fw_str){ s.s + n, s.len - n } : (struct fw_str){ s.s + s.len, 0 };
}

static bool is_ip4(struct fw_str s)
{
	enum fw_family family;
	struct fw_addr addr;

	return !fw_str_addr(s, &family, &addr) && family == FW_IP4;
}

/* "write X", where @text is an element in another spelling. */
static bool write_instead(struct fw_buf *b, const char *before, const char *text)
{
	struct fw_addr_range r;

	if (!fw_str_is_element(str_of(text), &r))
		return false;
	fw_buf_printf(b, "%swrite ", before);
	fw_text_print_addr_range(b, &r);
	return true;
}

static bool hint_scope(struct fw_str s, struct fw_buf *b)
{
	if (find(s, ':') == s.len || find(s, '%') == s.len)
		return false;
	fw_buf_printf(b, "leave '%%' and the interface out; use 'on' to match an interface");
	return true;
}

static bool hint_not(struct fw_str s, struct fw_buf *b)
{
	if (!s.len || s.s[0] != '!')
		return false;
	fw_buf_printf(b, "write 'not' instead of '!'");
	return true;
}

static bool hint_quotes(struct fw_str s, struct fw_buf *b)
{
	if (!s.len || (s.s[0] != '"' && s.s[0] != '\''))
		return false;
	fw_buf_printf(b, "write addresses without quotes");
	return true;
}

static bool hint_brackets(struct fw_str s, struct fw_buf *b)
{
	size_t close = find(s, ']');
	struct fw_addr_range r;

	if (!s.len || s.s[0] != '[' || close == s.len || !fw_str_is_element(from(until(s, close), 1), &r))
		return false;
	fw_buf_printf(b, "write ");
	fw_text_print_addr_range(b, &r);
	fw_buf_printf(b, ", without brackets%s", close + 1 < s.len && s.s[close + 1] == ':' ? " and port" : "");
	return true;
}

static bool hint_port(struct fw_str s, struct fw_buf *b)
{
	size_t colon = find(s, ':');

	if (colon == s.len || !is_ip4(until(s, colon)))
		return false;
	fw_buf_printf(b, "write %.*s; ports are matched by 'sport' and 'dport'", (int)colon, s.s);
	return true;
}

static bool hint_url(struct fw_str s, struct fw_buf *b)
{
	for (size_t i = 0; i + 2 < s.len; i++)
		if (!memcmp(s.s + i, "://", 3)) {
			fw_buf_printf(b, "this is a URL; write the address alone; names are not looked up");
			return true;
		}
	return false;
}

/* 192.0.2.* and 192.0.x.x */
static bool hint_wildcard(struct fw_str s, struct fw_buf *b)
{
	char text[WORD_MAX + 32];
	unsigned stars = 0;
	size_t n = s.len;

	while (n > 1 && (s.s[n - 1] == '*' || s.s[n - 1] == 'x') && s.s[n - 2] == '.') {
		n -= 2;
		stars++;
	}
	if (!stars || stars > 3)
		return false;
	snprintf(text, sizeof(text), "%.*s%s/%u", (int)n, s.s, &".0.0.0"[2 * (3 - stars)], 32 - 8 * stars);
	return write_instead(b, "", text);
}

/* 081.002.3.4, also in prefixes and ranges: some programs read such numbers as octal. */
static bool hint_zeros(struct fw_str s, struct fw_buf *b)
{
	char text[WORD_MAX + 1];
	size_t n = 0;

	if (!made_of(s, "0123456789./-"))
		return false;
	for (size_t i = 0; i < s.len; i++) {
		bool first = !i || !isdigit((unsigned char)s.s[i - 1]) || !n || !isdigit((unsigned char)text[n - 1]);

		if (s.s[i] == '0' && first && i + 1 < s.len && isdigit((unsigned char)s.s[i + 1]))
			continue;
		text[n++] = s.s[i];
	}
	text[n] = '\0';
	return n < s.len && write_instead(b, "leading zeros: octal or decimal? if decimal, ", text);
}

/* 192.0.2.20-30: the end gives only the numbers that differ. */
static bool hint_short_range(struct fw_str s, struct fw_buf *b)
{
	size_t dash = find(s, '-'), keep = 0;
	struct fw_str end = from(s, dash + 1);
	char text[2 * WORD_MAX];
	unsigned dots = 0;

	if (!made_of(end, "0123456789.") || !is_ip4(until(s, dash)))
		return false;
	for (size_t i = 0; i < end.len; i++)
		dots += end.s[i] == '.';
	for (unsigned left = 3 - dots; dots < 3 && left; keep++)
		left -= s.s[keep] == '.';
	snprintf(text, sizeof(text), "%.*s-%.*s%.*s", (int)dash, s.s, (int)keep, s.s, (int)end.len, end.s);
	return keep && write_instead(b, "", text);
}

/* 10/8, 192.168/16, 10.: numbers are missing at the end. */
static bool hint_short(struct fw_str s, struct fw_buf *b)
{
	size_t slash = find(s, '/'), n = slash;
	char text[2 * WORD_MAX], length[8] = "";
	unsigned numbers = 1;

	if (!made_of(until(s, slash), "0123456789."))
		return false;
	if (slash == s.len && s.s[n - 1] == '.')
		n--;
	for (size_t i = 0; i < n; i++)
		numbers += s.s[i] == '.';
	if (numbers > 3 || (slash == s.len && numbers == 1 && n == s.len))
		return false;
	if (slash == s.len)
		snprintf(length, sizeof(length), "/%u", numbers * 8);
	snprintf(text, sizeof(text), "%.*s%s%.*s%s", (int)n, s.s, &".0.0.0"[2 * (numbers - 1)], (int)(s.len - slash),
		 s.s + slash, length);
	return write_instead(b, slash == s.len ? "an IPv4 address has four numbers; for the network " : "", text);
}

bool fw_str_masked(struct fw_str addr, struct fw_str mask, struct fw_addr_range *out)
{
	enum fw_family family, of_mask;
	struct fw_addr a, m;
	unsigned len;

	if (fw_str_addr(addr, &family, &a) || fw_str_addr(mask, &of_mask, &m) || family != FW_IP4 || of_mask != FW_IP4)
		return false;
	len = (unsigned)__builtin_popcountll(m.hi);
	*out = fw_addr_prefix(FW_IP4, a, len);
	return m.hi == fw_addr_prefix(FW_IP4, fw_addr_last(FW_IP4), len).lo.hi && out->lo.hi == a.hi;
}

/* 10.0.0.0/255.0.0.0, and 10.0.0.0/0.255.255.255 as routers write it. */
static bool hint_mask(struct fw_str s, struct fw_buf *b)
{
	size_t slash = find(s, '/');
	struct fw_str mask = from(s, slash + 1);
	char text[WORD_MAX + 8];
	enum fw_family family;
	struct fw_addr m;
	unsigned len;

	if (!is_ip4(until(s, slash)) || !is_ip4(mask) || fw_str_addr(mask, &family, &m))
		return false;
	if (m.hi && !(m.hi >> 63))
		m.hi ^= fw_addr_last(FW_IP4).hi;
	len = (unsigned)__builtin_popcountll(m.hi);
	if (m.hi != fw_addr_prefix(FW_IP4, fw_addr_last(FW_IP4), len).lo.hi)
		return false;
	snprintf(text, sizeof(text), "%.*s/%u", (int)slash, s.s, len);
	if (write_instead(b, "", text))
		return true;
	fw_buf_printf(b, "the mask is /%u, but the address has bits set after it", len);
	return true;
}

/* 3221225985, 0xc0000201 */
static bool hint_number(struct fw_str s, struct fw_buf *b)
{
	uint64_t v;

	if (fw_str_u64(s, &v) || v < 1u << 24 || v > UINT32_MAX)
		return false;
	fw_buf_printf(b, "write %u.%u.%u.%u", (unsigned)(v >> 24), (unsigned)(v >> 16 & 255), (unsigned)(v >> 8 & 255),
		      (unsigned)(v & 255));
	return true;
}

static bool hint_numbers(struct fw_str s, struct fw_buf *b)
{
	if (!made_of(s, "0123456789./-") || find(s, '.') == s.len || is_ip4(until(s, find(s, '/'))))
		return false;
	fw_buf_printf(b, "an IPv4 address has four numbers from 0 to 255, with dots between");
	return true;
}

static bool hint_hardware(struct fw_str s, struct fw_buf *b)
{
	if (s.len != 17 || !made_of(s, "0123456789abcdefABCDEF:-"))
		return false;
	for (size_t i = 2; i < s.len; i += 3)
		if (s.s[i] != ':' && s.s[i] != '-')
			return false;
	fw_buf_printf(b, "this is a hardware address; rules match IP addresses");
	return true;
}

static bool hint_system(struct fw_str s, struct fw_buf *b)
{
	if (s.len < 3 || (s.s[0] | 0x20) != 'a' || (s.s[1] | 0x20) != 's' || !made_of(from(s, 2), "0123456789"))
		return false;
	fw_buf_printf(b, "name the prefixes of the autonomous system; its number is not looked up");
	return true;
}

static bool hint_bytes(struct fw_str s, struct fw_buf *b)
{
	for (size_t i = 0; i < s.len; i++)
		if ((unsigned char)s.s[i] >= 0x7f || (unsigned char)s.s[i] < ' ') {
			fw_buf_printf(b, "type it again: its byte %zu is 0x%02x, which cannot occur in an address",
				      i + 1, (unsigned char)s.s[i]);
			return true;
		}
	return false;
}

/* Words that other programs use for addresses: *, all, localhost, $SET. */
static bool hint_word(struct fw_str s, struct fw_buf *b)
{
	static const struct {
		const char *word, *hint;
	} words[] = {
		{ "*", "write 'any' for every address" },
		{ "all", "write 'any' for every address" },
		{ "anywhere", "write 'any' for every address" },
		{ "Anywhere", "write 'any' for every address" },
		{ "default", "write 0.0.0.0/0 or ::/0" },
		{ "localhost", "write 127.0.0.1 or ::1; names are not looked up" },
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (fw_str_is(s, words[i].word)) {
			fw_buf_printf(b, "%s", words[i].hint);
			return true;
		}
	if (!s.len || (s.s[0] != '$' && s.s[0] != '<'))
		return false;
	fw_buf_printf(b, "a set is written with '@': @NAME");
	return true;
}

bool fw_addr_hint(struct fw_str s, struct fw_buf *b)
{
	static bool (*const hints[])(struct fw_str, struct fw_buf *) = {
		hint_bytes,    hint_scope, hint_not,         hint_quotes, hint_brackets, hint_url,
		hint_wildcard, hint_zeros, hint_short_range, hint_short,  hint_mask,     hint_number,
		hint_numbers,  hint_port,  hint_hardware,    hint_system, hint_word,
	};
	bool found = false;

	for (size_t i = 0; s.len && s.len <= WORD_MAX && i < sizeof(hints) / sizeof(*hints) && !found; i++)
		found = hints[i](s, b);
	return found && !b->failed;
}

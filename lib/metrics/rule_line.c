// SPDX-License-Identifier: GPL-2.0-only
/* Lines of rules' counters, by hand in both directions: a page of metrics takes up to a million of them, twice. */
#include "fw/rule_line.h"

#include "fw/rule.h"

#include <string.h>

enum field { ID, PACKETS, BYTES, VERDICT, EXPORTED, NAME, CHAIN, NFIELDS };

struct span {
	const char *s;
	size_t len;
};

static char *put(char *at, const char *s, size_t len)
{
	return (char *)memcpy(at, s, len) + len;
}

/* A word with a space after it. */
static char *put_word(char *at, const char *word)
{
	at = put(at, word, strlen(word));
	*at++ = ' ';
	return at;
}

static char *put_number(char *at, uint64_t v)
{
	at = fw_put_u64(at, v);
	*at++ = ' ';
	return at;
}

/* A name, or what tells that there is none. */
static char *put_name(char *at, const char *name, size_t len)
{
	return len ? put(at, name, len) : put(at, FW_RULE_LINE_NONE, 1);
}

size_t fw_rule_line_print(char *out, const struct fw_rule_line *l)
{
	char *at = put_number(out, l->id);

	at = put_number(at, l->count.packets);
	at = put_number(at, l->count.bytes);
	at = put_word(at, fw_verdict_name(l->verdict));
	at = put_word(at, l->exported ? FW_RULE_LINE_FLAG : FW_RULE_LINE_NONE);
	at = put_name(at, l->name, l->name_len);
	*at++ = ' ';
	at = put_name(at, l->chain, l->chain_len);
	*at++ = '\n';
	return (size_t)(at - out);
}

/* [@s, @end) as NFIELDS fields, none of them empty; the last one may hold spaces. false: it is not that. */
static bool split(const char *s, const char *end, struct span *out)
{
	for (size_t i = 0; i < NFIELDS; i++) {
		const char *stop = s >= end ? NULL : i + 1 < NFIELDS ? memchr(s, ' ', (size_t)(end - s)) : end;

		if (!stop || stop == s)
			return false;
		out[i] = (struct span){ s, (size_t)(stop - s) };
		s = stop + 1;
	}
	return true;
}

static bool is(struct span field, const char *word)
{
	return field.len == strlen(word) && !memcmp(field.s, word, field.len);
}

static bool take_number(struct span field, uint64_t *out)
{
	uint64_t v = 0;
	bool over = false;

	if (field.len > FW_U64_DIGITS)
		return false;
	for (size_t i = 0; i < field.len; i++) {
		unsigned digit = (unsigned char)field.s[i] - '0';

		if (digit > 9)
			return false;
		over |= __builtin_mul_overflow(v, 10, &v) | __builtin_add_overflow(v, digit, &v);
	}
	*out = over ? UINT64_MAX : v;
	return true;
}

static bool take_verdict(struct span field, enum fw_verdict *out)
{
	int verdict = fw_verdict_find(field.s, field.len, FW_OF_RULES);

	*out = verdict < 0 ? FW_DROP : (enum fw_verdict)verdict;
	return verdict >= 0;
}

static bool take_flag(struct span field, bool *out)
{
	*out = is(field, FW_RULE_LINE_FLAG);
	return *out || is(field, FW_RULE_LINE_NONE);
}

static void take_name(struct span field, const char **name, size_t *len)
{
	*name = field.s;
	*len = is(field, FW_RULE_LINE_NONE) ? 0 : field.len;
}

long fw_rule_line_parse(const char *text, const char *end, struct fw_rule_line *out)
{
	size_t room = (size_t)(end - text);
	const char *newline = memchr(text, '\n', room < FW_RULE_LINE_MAX ? room : FW_RULE_LINE_MAX);
	struct span f[NFIELDS];

	if (!newline || !split(text, newline, f) || !take_number(f[ID], &out->id) ||
	    !take_number(f[PACKETS], &out->count.packets) || !take_number(f[BYTES], &out->count.bytes) ||
	    !take_verdict(f[VERDICT], &out->verdict) || !take_flag(f[EXPORTED], &out->exported))
		return -EPROTO;
	take_name(f[NAME], &out->name, &out->name_len);
	take_name(f[CHAIN], &out->chain, &out->chain_len);
	return newline + 1 - text;
}

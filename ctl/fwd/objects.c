// SPDX-License-Identifier: GPL-2.0-only
/* JSON by hand where there is much of it, by jansson where there is little. */
#include "ctl/fwd/objects.h"

#include <string.h>

/* Bytes of the UTF-8 character at @s, 0: there is none. Long forms, surrogates and what is above U+10FFFF are none. */
static size_t utf8(const unsigned char *s)
{
	static const struct {
		unsigned char lo, hi, next_lo, next_hi, len;
	} forms[] = {
		{ 0xc2, 0xdf, 0x80, 0xbf, 2 }, { 0xe0, 0xe0, 0xa0, 0xbf, 3 }, { 0xe1, 0xec, 0x80, 0xbf, 3 },
		{ 0xed, 0xed, 0x80, 0x9f, 3 }, { 0xee, 0xef, 0x80, 0xbf, 3 }, { 0xf0, 0xf0, 0x90, 0xbf, 4 },
		{ 0xf1, 0xf3, 0x80, 0xbf, 4 }, { 0xf4, 0xf4, 0x80, 0x8f, 4 },
	};

	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		if (*s < forms[i].lo || *s > forms[i].hi)
			continue;
		if (s[1] < forms[i].next_lo || s[1] > forms[i].next_hi)
			return 0;
		for (size_t k = 2; k < forms[i].len; k++)
			if ((s[k] & 0xc0) != 0x80)
				return 0;
		return forms[i].len;
	}
	return 0;
}

static bool plain(unsigned char ch)
{
	return ch >= 0x20 && ch < 0x7f && ch != '"' && ch != '\\';
}

static void escape(struct fw_buf *b, const char *s)
{
	while (*s) {
		const char *from = s;
		size_t len;

		while (plain((unsigned char)*s))
			s++;
		fw_buf_add(b, from, (size_t)(s - from));
		if (!*s)
			return;
		len = utf8((const unsigned char *)s);
		if (len)
			fw_buf_add(b, s, len);
		else if (*s == '"' || *s == '\\')
			fw_buf_printf(b, "\\%c", *s);
		else if ((unsigned char)*s < 0x20)
			fw_buf_printf(b, "\\u%04x", *s);
		else
			fw_buf_add(b, *s == 0x7f ? "\x7f" : "?", 1);
		s += len ? len : 1;
	}
}

void objects_string(struct fw_buf *b, const char *s)
{
	if (!s) {
		fw_buf_add(b, "null", 4);
		return;
	}
	fw_buf_add(b, "\"", 1);
	escape(b, s);
	fw_buf_add(b, "\"", 1);
}

/* What was printed from @from on becomes the inside of a JSON string; mostly it is that already. */
static void escape_in_place(struct fw_buf *b, size_t from)
{
	const char *s;

	if (b->failed || b->len == from)
		return;
	for (s = b->text + from; plain((unsigned char)*s); s++)
		;
	if (!*s)
		return;

	fw_autofree char *copy = strdup(b->text + from);

	if (!copy) {
		b->failed = true;
		return;
	}
	b->len = from;
	escape(b, copy);
}

static void counters(struct fw_buf *b, const struct fw_count *count)
{
	if (count)
		fw_buf_printf(b, ",\"packets\":%llu,\"bytes\":%llu", (unsigned long long)count->packets,
			      (unsigned long long)count->bytes);
}

void objects_rule(struct fw_buf *b, const struct fw_ruleset *rs, const struct fw_rule *rule,
		  const struct fw_count *count)
{
	/* Above what JSON libraries hold as an integer it is a string. */
	const char *quote = rule->id > INT64_MAX ? "\"" : "";
	size_t from;

	fw_buf_printf(b, "{\"id\":%s%llu%s,\"name\":", quote, (unsigned long long)rule->id, quote);
	objects_string(b, rule->name);
	fw_buf_printf(b, ",\"verdict\":\"%s\",\"text\":\"", fw_verdict_name(rule->verdict));
	from = b->len;
	fw_text_print_rule(b, rs, rule);
	escape_in_place(b, from);
	fw_buf_add(b, "\"", 1);
	counters(b, count);
	fw_buf_printf(b, ",\"slot\":%u}", rule->slot);
}

void objects_policy(struct fw_buf *b, const struct fw_ruleset *rs, enum fw_reason reason,
		    const struct fw_count count[2])
{
	uint8_t is = rs->policy[reason], was = !is;
	bool follows = is == FW_FOLLOW;
	struct fw_count both;

	if (count)
		both = (struct fw_count){ count[0].packets + count[1].packets, count[0].bytes + count[1].bytes };
	fw_buf_printf(b, "{\"policy\":\"%s\",\"verdict\":\"%s\",\"set\":%s", fw_reason_info[reason].name,
		      fw_verdict_name(is), rs->policy_set[reason] ? "true" : "false");
	counters(b, !count ? NULL : follows ? &both : &count[is]);
	if (count && !follows && count[was].packets) {
		fw_buf_printf(b, ",\"before\":{\"verdict\":\"%s\"", fw_verdict_name(was));
		counters(b, &count[was]);
		fw_buf_add(b, "}", 1);
	}
	fw_buf_add(b, "}", 1);
}

void objects_json(struct fw_buf *b, json_t *object)
{
	fw_autofree char *text = object ? json_dumps(object, JSON_COMPACT | JSON_REAL_PRECISION(15)) : NULL;

	json_decref(object);
	if (text)
		fw_buf_printf(b, "%s\n", text);
	else
		b->failed = true;
}

json_t *objects_text(const char *s)
{
	json_t *j = s ? json_string(s) : json_null();

	if (j)
		return j;

	fw_autofree char *copy = strdup(s);

	for (char *p = copy; p && *p; p++)
		if ((unsigned char)*p >= 0x80)
			*p = '?';
	return copy ? json_string(copy) : NULL;
}

static json_t *diag(const struct fw_diag *d)
{
	json_t *o = json_pack("{so}", "message", objects_text(d->message));

	if (o && d->file[0])
		json_object_set_new(o, "file", objects_text(d->file));
	if (o && d->line)
		json_object_set_new(o, "line", json_integer(d->line));
	if (o && d->column)
		json_object_set_new(o, "column", json_integer(d->column));
	if (o && d->hint[0])
		json_object_set_new(o, "hint", objects_text(d->hint));
	return o;
}

json_t *objects_diags(const struct fw_diags *ds)
{
	json_t *array = json_array();

	for (unsigned i = 0; array && i < ds->n; i++)
		json_array_append_new(array, diag(&ds->d[i]));
	return array;
}

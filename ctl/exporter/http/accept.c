// SPDX-License-Identifier: GPL-2.0-only
/*
 * Content negotiation. A header is a list of items separated by commas; an item is a word and parameters separated by
 * semicolons; the value of a parameter may be a quoted string. Malformed items are skipped.
 */
#include "accept.h"

#include <string.h>
#include <strings.h>

struct span {
	const char *s;
	size_t len;
};

static bool is(struct span a, const char *word)
{
	return a.len == strlen(word) && !strncasecmp(a.s, word, a.len);
}

static bool blank(char ch)
{
	return ch == ' ' || ch == '\t';
}

static struct span trim(const char *s, const char *end)
{
	while (s < end && blank(*s))
		s++;
	while (end > s && blank(end[-1]))
		end--;
	return (struct span){ s, (size_t)(end - s) };
}

/* The next piece of [*at, end) up to a @separator outside quoted strings; *at is moved past it. Return: false: none is left. */
static bool next(const char **at, const char *end, char separator, struct span *out)
{
	const char *s = *at;
	bool quoted = false;

	if (s >= end)
		return false;
	for (; s < end && (quoted || *s != separator); s++) {
		if (*s == '"')
			quoted = !quoted;
		else if (*s == '\\' && quoted && s + 1 < end)
			s++;
	}
	*out = trim(*at, s);
	*at = s < end ? s + 1 : end;
	return true;
}

/* NAME=VALUE; the quotes of a value are removed. */
static void split(struct span parameter, struct span *name, struct span *value)
{
	const char *end = parameter.s + parameter.len, *eq = memchr(parameter.s, '=', parameter.len);

	*name = trim(parameter.s, eq ? eq : end);
	*value = eq ? trim(eq + 1, end) : (struct span){ end, 0 };
	if (value->len >= 2 && value->s[0] == '"' && value->s[value->len - 1] == '"')
		*value = (struct span){ value->s + 1, value->len - 2 };
}

/* A weight from 0 to 1 with up to three decimals, in thousandths. Return: -1: it is not one. */
static int weight(struct span v)
{
	int q = 0, scale = 1000;

	if (!v.len || v.len > 5 || (v.s[0] != '0' && v.s[0] != '1') || (v.len > 1 && v.s[1] != '.'))
		return -1;
	for (size_t i = 0; i < v.len; i++) {
		if (i == 1)
			continue;
		if (v.s[i] < '0' || v.s[i] > '9')
			return -1;
		q += (v.s[i] - '0') * scale;
		scale /= 10;
	}
	return q <= 1000 ? q : -1;
}

/* The formats that are offered. */
static const struct offer {
	const char *type, *range; /* type/subtype, and type with any subtype */
	const char *version;
} offers[PAGE_NFORMATS] = {
	[PAGE_PROMETHEUS] = { "text/plain", "text/*", "0.0.4" },
	[PAGE_OPENMETRICS] = { "application/openmetrics-text", "application/*", "1.0.0" },
};

/* The weight that a range gives to an offer, and how specific the range is. Return: -1: it does not match. */
static int range_weight(struct span item, const struct offer *o, int *specific)
{
	const char *at = item.s, *end = item.s + item.len;
	struct span part, name, value;
	int q = 1000;

	if (!next(&at, end, ';', &part))
		return -1;
	*specific = is(part, o->type) ? 3 : is(part, o->range) ? 2 : is(part, "*/*") ? 1 : 0;
	if (!*specific)
		return -1;
	while (next(&at, end, ';', &part)) {
		split(part, &name, &value);
		if (is(name, "q")) {
			q = weight(value);
			break;
		}
		if ((is(name, "version") && !is(value, o->version)) || (is(name, "charset") && !is(value, "utf-8")))
			return -1;
		*specific += is(name, "version") || is(name, "charset") ? 3 : 0;
	}
	return q;
}

/* The weight of an offer: that of the most specific range that matches it. */
static int offer_weight(const char *header, const struct offer *o)
{
	const char *end = header + strlen(header);
	int best = 0, best_specific = 0;
	struct span item;

	while (next(&header, end, ',', &item)) {
		int specific, q = range_weight(item, o, &specific);

		if (q >= 0 && specific > best_specific) {
			best = q;
			best_specific = specific;
		}
	}
	return best;
}

enum page_format accept_format(const char *header)
{
	enum page_format best = PAGE_PROMETHEUS;
	int best_weight;

	if (!header)
		return best;
	best_weight = offer_weight(header, &offers[best]);
	for (int f = best + 1; f < PAGE_NFORMATS; f++) {
		int q = offer_weight(header, &offers[f]);

		if (q > best_weight) {
			best = (enum page_format)f;
			best_weight = q;
		}
	}
	return best;
}

/* The weight of an item of Accept-Encoding, and its coding. Return: -1: it is malformed. */
static int coding_weight(struct span item, struct span *coding)
{
	const char *at = item.s, *end = item.s + item.len;
	struct span part, name, value;
	int q = 1000;

	if (!next(&at, end, ';', coding))
		return -1;
	while (next(&at, end, ';', &part)) {
		split(part, &name, &value);
		if (is(name, "q"))
			q = weight(value);
	}
	return q;
}

bool accept_gzip(const char *header)
{
	const char *end = header ? header + strlen(header) : NULL;
	int gzip = -1, any = -1, identity = 0;
	struct span item, coding;

	while (header && next(&header, end, ',', &item)) {
		int q = coding_weight(item, &coding);

		if (q < 0)
			continue;
		if (is(coding, "gzip") || is(coding, "x-gzip"))
			gzip = q;
		else if (is(coding, "identity"))
			identity = q;
		else if (is(coding, "*"))
			any = q;
	}
	gzip = gzip < 0 ? any : gzip;
	return gzip > 0 && gzip >= identity;
}

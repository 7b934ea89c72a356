// SPDX-License-Identifier: GPL-2.0-only
/* Words as values: numbers, names, ranges, TCP flags; and what the nearest known word is. */
#include <ctype.h>

#include "lib/text/internal.h"

struct fw_shown fw_str_show(struct fw_str s)
{
	struct fw_shown out = { "" };

	fw_escape(out.s, sizeof(out.s), s.s, s.len);
	return out;
}

int fw_str_u64(struct fw_str s, uint64_t *out)
{
	bool hex = s.len > 2 && s.s[0] == '0' && (s.s[1] | 0x20) == 'x';
	unsigned base = hex ? 16 : 10;
	uint64_t v = 0;
	int err = 0;

	if (!s.len || (!hex && s.len > 1 && s.s[0] == '0'))
		return -EINVAL;
	for (size_t i = hex ? 2 : 0; i < s.len; i++) {
		unsigned d = (unsigned char)s.s[i] - '0';
		unsigned letter = ((unsigned char)s.s[i] | 0x20u) - 'a';

		if (d > 9)
			d = letter < 6 ? letter + 10 : 99;
		if (d >= base)
			return -EINVAL;
		if (__builtin_mul_overflow(v, base, &v) || __builtin_add_overflow(v, d, &v))
			err = -ERANGE;
	}
	if (!err)
		*out = v;
	return err;
}

#define NEAR 2 /* the most letters by which a word that is suggested differs */

/* Letters to change, insert, delete or swap until @a is @b, whatever their case; words of up to 31 letters, else far. */
static unsigned distance(struct fw_str a, const char *b)
{
	size_t blen = strlen(b);
	unsigned row[3][32];

	/* Each letter too many is one to delete. */
	if (a.len > 31 || blen > 31 || a.len > blen + NEAR || blen > a.len + NEAR)
		return 99;
	for (size_t j = 0; j <= blen; j++)
		row[0][j] = (unsigned)j;
	for (size_t i = 1; i <= a.len; i++) {
		unsigned *now = row[i % 3], *up = row[(i + 2) % 3], *up2 = row[(i + 1) % 3];

		now[0] = (unsigned)i;
		for (size_t j = 1; j <= blen; j++) {
			unsigned best =
				up[j - 1] + (tolower((unsigned char)a.s[i - 1]) != tolower((unsigned char)b[j - 1]));

			best = up[j] + 1 < best ? up[j] + 1 : best;
			best = now[j - 1] + 1 < best ? now[j - 1] + 1 : best;
			if (i > 1 && j > 1 && a.s[i - 1] == b[j - 2] && a.s[i - 2] == b[j - 1] && up2[j - 2] + 1 < best)
				best = up2[j - 2] + 1;
			now[j] = best;
		}
	}
	return row[a.len % 3][blen];
}

void fw_nearest_try(struct fw_nearest *n, const char *candidate)
{
	unsigned d = distance(n->word, candidate);

	/* Of two that are as near, the one with the same first letter is meant. */
	d = d * 2 + (!n->word.len || (n->word.s[0] | 0x20) != (candidate[0] | 0x20));
	if (d <= (n->word.len < 4 ? 3 : 2 * NEAR + 1) && d / 2 < n->word.len && (!n->best || d < n->distance)) {
		n->best = candidate;
		n->distance = d;
	}
}

const char *fw_text_nearer(const char *word, const char *best, const char *candidate)
{
	struct fw_nearest n = { .word = { word, strlen(word) } };

	if (best)
		fw_nearest_try(&n, best);
	fw_nearest_try(&n, candidate);
	return n.best;
}

const char *fw_nearest_hint(const struct fw_nearest *n, char *buf, size_t size)
{
	if (!n->best)
		return NULL;
	snprintf(buf, size, "did you mean '%s'?", n->best);
	return buf;
}

static bool find_name(const struct fw_name *names, struct fw_str s, uint32_t *value)
{
	for (; names && names->name; names++)
		if (s.len && names->name[0] == s.s[0] && fw_str_is(s, names->name)) {
			*value = names->value;
			return true;
		}
	return false;
}

/* One value: 0, -EINVAL (neither name nor number), -ERANGE (too large). No diagnostic. */
static int one_value(struct fw_str s, const struct fw_name *names, uint32_t max, uint32_t *out)
{
	uint64_t v;

	if (find_name(names, s, out))
		return 0;

	int err = fw_str_u64(s, &v);

	if (!err)
		*out = (uint32_t)v;
	return err ? err : v > max ? -ERANGE : 0;
}

/* Values as other programs write them: a:b, !a, >a. */
static const char *other_value(struct fw_str s, enum fw_field field, bool v6, char *buf, size_t size)
{
	const char *word = fw_field_word(field, v6), *colon = memchr(s.s, ':', s.len);
	size_t before = colon ? (size_t)(colon - s.s) : 0;
	char text[64];
	struct fw_range r;
	int n;

	if (fw_str_is(s, "any") || fw_str_is(s, "all"))
		return snprintf(buf, size, "leave '%s' out: a field that is not named matches any value", word), buf;
	if (s.len && s.s[0] == '!')
		return snprintf(buf, size, "write 'not': %s not VALUE", word), buf;
	if (s.len && (s.s[0] == '<' || s.s[0] == '>'))
		return snprintf(buf, size, "write a range, up to %u", fw_field_info[field].max), buf;
	if (!colon || s.len > 40)
		return NULL;
	n = snprintf(text, sizeof(text), "%.*s-%.*s", before ? (int)before : 1, before ? s.s : "0",
		     (int)(s.len - before - 1), colon + 1);
	if (before + 1 == s.len)
		n += snprintf(text + n, sizeof(text) - (size_t)n, "%u", fw_field_info[field].max);
	if (fw_str_value((struct fw_str){ text, (size_t)n }, field, v6, (struct fw_place){ 0 }, NULL, &r))
		return NULL;
	return snprintf(buf, size, "write %s", text), buf;
}

/* What a value may be: all names, where these are all values; else a number, with a name as an example. */
static const char *some_value(enum fw_field field, bool v6, char *buf, size_t size)
{
	const struct fw_field_info *info = &fw_field_info[field];
	const struct fw_name *names = fw_field_names(field, v6);
	const char *example = info->kind == FW_KIND_PORT ? "ssh" : names ? names->name : NULL;
	int n = 0;

	if (!info->any && !info->spelled) {
		snprintf(buf, size, "a number up to %u, a range a-b%s%s", info->max,
			 example ? ", or a name such as " : "", example ? example : "");
		return buf;
	}
	for (; names && names->name && n >= 0 && (size_t)n < size; names++)
		n += snprintf(buf + n, size - (size_t)n, n ? ", %s" : "%s", names->name);
	if (info->any && (size_t)n < size)
		snprintf(buf + n, size - (size_t)n, " or any");
	return buf;
}

static int refuse_value(struct fw_str s, enum fw_field field, bool v6, struct fw_place at, struct fw_diags *ds)
{
	struct fw_nearest near = { .word = s };
	char buf[128];

	for (const struct fw_name *n = fw_field_names(field, v6); n && n->name; n++)
		fw_nearest_try(&near, n->name);

	const char *hint = other_value(s, field, v6, buf, sizeof(buf));

	hint = hint ? hint : fw_nearest_hint(&near, buf, sizeof(buf));
	hint = hint ? hint : some_value(field, v6, buf, sizeof(buf));
	return fw_diag_add(ds, at, hint, "'%s' is not a value of '%s'", FW_SHOW(s), fw_field_word(field, v6));
}

int fw_str_value(struct fw_str s, enum fw_field field, bool v6, struct fw_place at, struct fw_diags *ds,
		 struct fw_range *out)
{
	const struct fw_name *names = fw_field_names(field, v6);
	const struct fw_field_info *info = &fw_field_info[field];
	int err = one_value(s, names, info->max, &out->lo);

	out->hi = out->lo;
	/* Names may hold a '-' themselves, so every '-' is tried. */
	for (size_t i = 1; err == -EINVAL && i + 1 < s.len; i++) {
		if (s.s[i] != '-')
			continue;
		err = one_value((struct fw_str){ s.s, i }, names, info->max, &out->lo);
		if (err != -EINVAL) {
			int err2 = one_value((struct fw_str){ s.s + i + 1, s.len - i - 1 }, names, info->max, &out->hi);

			err = err2 ? err2 : err;
		}
	}
	if (err == -ERANGE)
		return fw_diag_add(ds, at, NULL, "the largest value of '%s' is %u: '%s' is too large",
				   fw_field_word(field, v6), info->max, FW_SHOW(s));
	if (err)
		return refuse_value(s, field, v6, at, ds);
	if (out->lo > out->hi)
		return fw_diag_add(ds, at, "write the smaller value first", "the range '%s' is empty", FW_SHOW(s));
	return 0;
}

bool fw_str_mac(struct fw_str s, uint32_t *high, uint32_t *low)
{
	uint64_t mac = 0;

	if (s.len != 17)
		return false;
	for (size_t i = 0; i < s.len; i++) {
		char c = s.s[i];
		unsigned letter = (unsigned)(c | 0x20) - 'a';

		if (i % 3 == 2) {
			if (c != ':')
				return false;
			continue;
		}
		if ((c < '0' || c > '9') && letter > 5)
			return false;
		mac = mac << 4 | (c <= '9' ? (unsigned)c - '0' : letter + 10);
	}
	*high = (uint32_t)(mac >> FW_MAC_BITS);
	*low = (uint32_t)mac & ((1u << FW_MAC_BITS) - 1);
	return true;
}

void fw_text_print_mac(struct fw_buf *b, uint32_t high, uint32_t low)
{
	fw_buf_printf(b, "%02x:%02x:%02x:%02x:%02x:%02x", high >> 16 & 255, high >> 8 & 255, high & 255,
		      low >> 16 & 255, low >> 8 & 255, low & 255);
}

static int refuse_flag(struct fw_str s, enum fw_field field, struct fw_place at, struct fw_diags *ds)
{
	const struct fw_field_info *info = &fw_field_info[field];
	struct fw_nearest near = { .word = s };
	char buf[64];

	for (const struct fw_name *n = fw_field_names(field, false); n->name; n++)
		fw_nearest_try(&near, n->name);
	return fw_diag_add(ds, at, near.best ? fw_nearest_hint(&near, buf, sizeof(buf)) : info->hint,
			   "'%s' is not a %s", FW_SHOW(s), info->flag);
}

/* Flags joined by commas. */
static int flag_bits(struct fw_str s, enum fw_field field, struct fw_place at, struct fw_diags *ds, uint32_t *out)
{
	const struct fw_name *names = fw_field_names(field, false);
	const char *p = s.s, *end = s.s + s.len;

	*out = 0;
	if (fw_str_is(s, "none"))
		return 0;
	if (fw_str_is(s, "all")) {
		*out = fw_field_info[field].max;
		return 0;
	}
	for (;;) {
		const char *comma = memchr(p, ',', (size_t)(end - p));
		struct fw_str one = { p, (size_t)((comma ? comma : end) - p) };
		uint32_t bit;

		if (!find_name(names, one, &bit))
			return refuse_flag(one, field, at, ds);
		*out |= bit;
		if (!comma)
			return 0;
		p = comma + 1;
	}
}

int fw_str_flags(struct fw_str s, enum fw_field field, struct fw_place at, struct fw_diags *ds, struct fw_range *out)
{
	const char *slash = memchr(s.s, '/', s.len);
	struct fw_str value = { s.s, slash ? (size_t)(slash - s.s) : s.len };

	if (flag_bits(value, field, at, ds, &out->hi))
		return -EINVAL;
	out->lo = out->hi ? out->hi : fw_field_info[field].max;
	return slash ? flag_bits((struct fw_str){ slash + 1, s.len - value.len - 1 }, field, at, ds, &out->lo) : 0;
}

/* Bytes that terminals do not show are printed as \xNN, so that a saved ruleset can be viewed on any terminal. */
void fw_print_string(struct fw_buf *b, const char *s)
{
	fw_buf_add(b, "\"", 1);
	for (size_t left = strlen(s), n; left; s += n, left -= n) {
		n = fw_utf8_shown(s, left);
		if (!n)
			fw_buf_printf(b, "\\x%02x", (unsigned char)*s);
		else if (*s == '"' || *s == '\\')
			fw_buf_printf(b, "\\%c", *s);
		else
			fw_buf_add(b, s, n);
		n = n ? n : 1;
	}
	fw_buf_add(b, "\"", 1);
}

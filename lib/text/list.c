// SPDX-License-Identifier: GPL-2.0-only
/*
 * Published lists of addresses: one element per line, possibly with other text
 * next to it. A form is read without a format only if it is unambiguous; files
 * with columns need a format, which the ruleset names. The table of forms lists
 * what is read; list_hint.c explains what is refused.
 */
#include "lib/text/list.h"

static bool begins(struct fw_str s, const char *with)
{
	size_t len = strlen(with);

	return s.len >= len && !memcmp(s.s, with, len);
}

static bool is_number(struct fw_str s)
{
	for (size_t i = 0; i < s.len; i++)
		if (s.s[i] < '0' || s.s[i] > '9')
			return false;
	return s.len;
}

static bool is_address(struct fw_str s, struct fw_addr_range *out)
{
	return fw_str_is_element(s, out) && !memchr(s.s, '/', s.len) && !memchr(s.s, '-', s.len);
}

/* `a - b`, `a -b`, `a- b`: a range with blanks in it. */
static int form_range(struct fw_list *l, struct fw_str s, const struct fw_list_words *w, struct fw_addr_range *out)
{
	char text[2 * INET6_ADDRSTRLEN + 2];
	size_t n = 0;

	if (w->n < 2 || w->n > 3 || !memchr(s.s, '-', s.len))
		return 0;
	for (unsigned i = 0; i < w->n; n += w->word[i++].len) {
		if (w->word[i].len >= sizeof(text) - n)
			return 0;
		memcpy(text + n, w->word[i].s, w->word[i].len);
	}
	/* Joining two words that are elements on their own would give something that neither means. */
	for (unsigned i = 0; i < w->n; i++)
		if (memchr(w->word[i].s, '-', w->word[i].len) && fw_str_is_element(w->word[i], out))
			return 0;
	return fw_str_is_element((struct fw_str){ text, n }, out);
}

/* `10.0.0.0/255.0.0.0`, and with a blank between where it cannot be two addresses. */
static int form_mask(struct fw_list *l, struct fw_str s, const struct fw_list_words *w, struct fw_addr_range *out)
{
	const char *slash = w->n == 1 ? memchr(s.s, '/', s.len) : NULL;

	if (slash)
		return fw_str_masked((struct fw_str){ s.s, (size_t)(slash - s.s) },
				     (struct fw_str){ slash + 1, s.len - (size_t)(slash - s.s) - 1 }, out);
	return w->n == 2 && begins(w->word[1], "255.") && fw_str_masked(w->word[0], w->word[1], out) &&
	       out->lo.hi < (uint64_t)224 << 56;
}

/* `address count`, unless the number may be the length of a prefix. */
static int form_count(struct fw_list *l, struct fw_str s, const struct fw_list_words *w, struct fw_addr_range *out)
{
	return w->n == 2 && is_number(w->word[1]) && fw_str_is_element(w->word[0], out) &&
	       !fw_list_maybe_length(w->word[0], w->word[1]);
}

/* A prefix given three times over: first address, last address and length. */
static bool is_first_last(struct fw_str lo, struct fw_str hi, struct fw_str length, struct fw_addr_range *out)
{
	struct fw_addr_range first, last;
	uint64_t len;

	if (!is_address(lo, &first) || !is_address(hi, &last) || first.family != last.family ||
	    fw_str_u64(length, &len) || len > (first.family == FW_IP4 ? 32 : 128))
		return false;
	*out = fw_addr_prefix(first.family, first.lo, (unsigned)len);
	return !fw_addr_cmp(out->lo, first.lo) && !fw_addr_cmp(out->hi, last.lo);
}

/* `first last length ...` */
static int form_first_last(struct fw_list *l, struct fw_str s, const struct fw_list_words *w, struct fw_addr_range *out)
{
	return w->n > 2 && is_first_last(w->word[0], w->word[1], w->word[2], out);
}

static bool is_value(const struct fw_list_words *w, unsigned i, const char *name, const char *value)
{
	return i + 1 < w->n && fw_str_is(w->word[i], name) && fw_str_is(w->word[i + 1], value);
}

/* Do the words after the element of an ipset line leave its addresses and their lifetime as they are? */
static bool is_plain_add(const struct fw_list *l, const struct fw_list_words *w)
{
	static const char *const numbers[] = { "packets", "bytes", "skbmark", "skbprio", "skbqueue" };
	bool stays = !l->expires;

	for (unsigned i = 3; i < w->n; i++) {
		bool number = is_value(w, i, "timeout", "0");

		stays |= number;
		for (size_t k = 0; k < sizeof(numbers) / sizeof(*numbers); k++)
			number |= fw_str_is(w->word[i], numbers[k]);
		if (number)
			i++;
		else if (fw_str_is(w->word[i], "comment"))
			while (++i < w->n && w->word[i].s[w->word[i].len - 1] != '"')
				;
		else if (!fw_str_is(w->word[i], "-exist"))
			return false;
	}
	return stays;
}

/* A set with a mask of its own has elements that match more addresses than they name. */
static bool is_plain_create(struct fw_list *l, const struct fw_list_words *w)
{
	for (unsigned i = 3; i < w->n; i++) {
		if (fw_str_is(w->word[i], "netmask") || fw_str_is(w->word[i], "bitmask"))
			return false;
		l->expires |= fw_str_is(w->word[i], "timeout") && !is_value(w, i, "timeout", "0");
	}
	return w->n >= 3;
}

/* What `ipset save` writes: `create NAME ...`, `add NAME element ...`. */
static int form_ipset(struct fw_list *l, struct fw_str s, const struct fw_list_words *w, struct fw_addr_range *out)
{
	bool add = fw_str_is(w->word[0], "add") || fw_str_is(w->word[0], "-A");
	bool create = fw_str_is(w->word[0], "create") || fw_str_is(w->word[0], "-N");

	if (w->n == 1)
		return fw_str_is(s, "COMMIT") ? FW_LIST_NOTHING : 0;
	if (create && is_plain_create(l, w))
		return FW_LIST_NOTHING;
	if (fw_str_is(w->word[0], "flush") && w->n == 2 && !l->ipset.len)
		return FW_LIST_NOTHING;
	if (!add || w->n < 3 || !fw_str_is_element(w->word[2], out) || !is_plain_add(l, w))
		return 0;
	if (!l->ipset.len)
		l->ipset = w->word[1];
	return l->ipset.len == w->word[1].len && !memcmp(l->ipset.s, w->word[1].s, l->ipset.len);
}

/* `label:first-last`; a label of nothing but what an IPv6 address may have is none. */
static int form_p2p(struct fw_list *l, struct fw_str s, const struct fw_list_words *w, struct fw_addr_range *out)
{
	const char *colon = memrchr(s.s, ':', s.len);
	struct fw_str label = { s.s, colon ? (size_t)(colon - s.s) : 0 };
	struct fw_str range = colon ? fw_list_trim(colon + 1, s.s + s.len) : label;
	size_t i = 0;

	if (!colon || s.s[0] == '!' || !memchr(range.s, '-', range.len))
		return 0;
	while (i < label.len && strchr("0123456789abcdefABCDEF:.", label.s[i]) && label.s[i])
		i++;
	return (i < label.len || l->set->words & FW_SET_P2P) && fw_str_is_element(range, out) && out->family == FW_IP4;
}

static int read_form(struct fw_list *l, struct fw_str s, struct fw_addr_range *out)
{
	static int (*const forms[])(struct fw_list *, struct fw_str, const struct fw_list_words *,
				    struct fw_addr_range *) = {
		form_ipset, form_count, form_range, form_mask, form_first_last, form_p2p,
	};
	struct fw_list_words w;
	int what = 0;

	fw_list_words(s, &w);
	for (size_t i = 0; i < sizeof(forms) / sizeof(*forms) && !what; i++)
		what = forms[i](l, s, &w, out);
	return what;
}

/* One of the forms that need no format. Comments of ipset are quoted: what is in them is no element. */
static int read_any(struct fw_list *l, struct fw_str line, struct fw_addr_range *out)
{
	struct fw_str s = fw_list_body(line), element;
	int what;

	if (!s.len)
		return FW_LIST_NOTHING;
	what = fw_str_is_element(s, out) ? FW_LIST_ELEMENT : read_form(l, s, out);
	return what && !l->stored && !l->ipset.len && fw_list_hides(line, s, &element) ? 0 : what;
}

static int read_p2p(struct fw_list *l, struct fw_str line, struct fw_addr_range *out)
{
	if (!line.len || line.s[0] == '#')
		return FW_LIST_NOTHING;
	return form_p2p(l, line, NULL, out);
}

/* Words without an address in any spelling: the names of columns. */
static bool is_title(struct fw_str s)
{
	for (size_t i = 0; i < s.len; i++)
		if (s.s[i] == '.' || s.s[i] == ':')
			return false;
	return s.len && (s.s[0] | 0x20) >= 'a' && (s.s[0] | 0x20) <= 'z';
}

/* The first column. The first line may name the columns. */
static int read_csv(struct fw_list *l, struct fw_str line, struct fw_addr_range *out)
{
	struct fw_str s = fw_list_column(line, 0), second = fw_list_column(line, 1);
	bool first = !l->began;
	struct fw_addr_range other;

	if (!line.len || line.s[0] == '#')
		return FW_LIST_NOTHING;
	l->began = true;
	if (first && is_title(s))
		return FW_LIST_NOTHING;
	if (is_address(second, &other))
		return is_first_last(s, second, fw_list_column(line, 2), out);
	return s.len ? read_any(l, s, out) : 0;
}

/* Reports a bad line, or with skip-bad counts it. */
static int bad_line(struct fw_list *l, struct fw_str line, struct fw_place at, struct fw_diags *ds)
{
	if (!(l->set->words & FW_SET_SKIP_BAD))
		return fw_list_refuse(l, line, at, ds);
	if (!l->skipped++) {
		l->first_bad = at.line;
		fw_list_refuse(l, line, at, &l->bad);
	}
	return 0;
}

static int read_line(struct fw_list *l, struct fw_str line, struct fw_place at, struct fw_diags *ds)
{
	struct fw_addr_range *r = &l->element;
	int what = l->set->words & FW_SET_CSV ? read_csv(l, line, r) :
		   l->set->words & FW_SET_P2P ? read_p2p(l, line, r) :
						read_any(l, line, r);

	l->mapped = what == FW_LIST_ELEMENT && !l->stored && fw_addr_is_mapped(r);
	if (l->mapped)
		return bad_line(l, line, at, ds);
	if (what == FW_LIST_ELEMENT)
		return fw_set_push(l->set, r);
	return what == FW_LIST_NOTHING ? 0 : bad_line(l, line, at, ds);
}

/* Warns of skipped lines; refuses the list if it has no other lines. */
static int say_skipped(struct fw_ruleset *rs, const struct fw_list *l, const char *name, struct fw_diags *ds)
{
	const struct fw_diag *d = &l->bad.d[0];
	struct fw_diags *warnings;

	if (!l->skipped)
		return 0;
	if (!l->set->n)
		return fw_diag_add(ds, (struct fw_place){ name, d->line, d->column }, d->hint,
				   "no line holds an address: %s", d->message);
	warnings = fw_ruleset_warnings(rs);
	if (!warnings)
		return -ENOMEM;
	fw_diag_add(warnings, (struct fw_place){ .file = name }, d->hint, "%zu line%s skipped, first at line %u: %s",
		    l->skipped, fw_plural(l->skipped), l->first_bad, d->message);
	return 0;
}

int fw_list_read(struct fw_ruleset *rs, struct fw_set *set, const char *text, size_t len, const char *name, bool stored,
		 struct fw_diags *ds)
{
	const char *end = text + len, *next;
	struct fw_place at = { .file = name };
	struct fw_list l = { .set = set, .stored = stored };
	int result = fw_list_check(text, len, name, ds);

	if (result)
		return result;
	for (const char *line = text; line < end; line = next) {
		const char *newline = memchr(line, '\n', (size_t)(end - line)), *stop = newline ? newline : end;
		struct fw_str s = fw_list_trim(fw_str_behind_mark(line, stop), stop);
		int err;

		next = newline ? newline + 1 : end;
		at.line++;
		at.column = (unsigned)(s.s - line) + 1;
		err = read_line(&l, s, at, ds);
		if (err == -ENOMEM)
			return err;
		result = err ? err : result;
	}
	fw_set_sort(set);
	return result ? result : say_skipped(rs, &l, name, ds);
}

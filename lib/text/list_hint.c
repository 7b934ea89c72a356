// SPDX-License-Identifier: GPL-2.0-only
/* Diagnostics for lines and files of addresses that cannot be read: what they are, and what to write instead. */
#include "lib/text/list.h"

bool fw_list_maybe_length(struct fw_str addr, struct fw_str number)
{
	enum fw_family family;
	struct fw_addr a;
	uint64_t len;

	if (fw_str_addr(addr, &family, &a) || fw_str_u64(number, &len) || len > (family == FW_IP4 ? 32 : 128))
		return false;
	return !fw_addr_cmp(fw_addr_prefix(family, a, (unsigned)len).lo, a);
}

static bool begins(struct fw_str s, const char *with)
{
	size_t len = strlen(with);

	return s.len >= len && !memcmp(s.s, with, len);
}

static bool holds(struct fw_str s, const char *what)
{
	return memmem(s.s, s.len, what, strlen(what));
}

static bool hint_leave_out(const struct fw_list *l, struct fw_str s, const struct fw_list_words *w, struct fw_buf *b)
{
	if (s.s[0] != '!' && !fw_str_is(w->word[0], "not"))
		return false;
	fw_buf_printf(b, "a list cannot exclude addresses; put them in another set, with a rule before this one");
	return true;
}

static bool hint_carriage_return(const struct fw_list *l, struct fw_str s, const struct fw_list_words *w,
				 struct fw_buf *b)
{
	if (!memchr(s.s, '\r', s.len))
		return false;
	fw_buf_printf(b, "the lines end with a carriage return only: tr '\\r' '\\n'");
	return true;
}

static bool hint_length(const struct fw_list *l, struct fw_str s, const struct fw_list_words *w, struct fw_buf *b)
{
	if (w->n != 2 || !fw_list_maybe_length(w->word[0], w->word[1]))
		return false;
	fw_buf_printf(b, "a count or a prefix length? for the prefix write %.*s/%.*s, otherwise leave the number out",
		      (int)w->word[0].len, w->word[0].s, (int)w->word[1].len, w->word[1].s);
	return true;
}

/* Of routers: `10.0.0.0 0.255.255.255`. */
static bool hint_mask(const struct fw_list *l, struct fw_str s, const struct fw_list_words *w, struct fw_buf *b)
{
	fw_cleanup(fw_buf_free) struct fw_buf joined = { 0 };
	struct fw_addr_range first, second;

	if (w->n != 2 || !fw_str_is_element(w->word[0], &first) || !fw_str_is_element(w->word[1], &second) ||
	    !(begins(w->word[1], "0.") || begins(w->word[1], "255.")))
		return false;
	fw_buf_printf(&joined, "%.*s/%.*s", (int)w->word[0].len, w->word[0].s, (int)w->word[1].len, w->word[1].s);
	return !joined.failed && fw_addr_hint((struct fw_str){ joined.text, joined.len }, b);
}

/* Of a line that form_ipset() does not take. */
static bool hint_ipset(const struct fw_list *l, struct fw_str s, const struct fw_list_words *w, struct fw_buf *b)
{
	struct fw_addr_range r;
	bool add = fw_str_is(w->word[0], "add") || fw_str_is(w->word[0], "-A");

	if (holds(s, "netmask ") || holds(s, "bitmask "))
		fw_buf_printf(b, "an ipset with its own mask: write the networks that its elements stand for");
	else if (!add || w->n < 3 || holds(s, "address="))
		return false;
	else if (holds(s, " timeout ") || (l->expires && fw_str_is_element(w->word[2], &r)))
		fw_buf_printf(b, "elements of a set do not expire: leave 'timeout' out");
	else if (holds(s, " nomatch"))
		fw_buf_printf(b,
			      "a list cannot exclude addresses; put them in another set, with a rule before this one");
	else if (memchr(w->word[2].s, ',', w->word[2].len))
		fw_buf_printf(b, "a set holds addresses only; ports and interfaces are matched by the rule");
	else if (fw_str_is_element(w->word[2], &r))
		fw_buf_printf(b, "the file holds several ipsets; save one of them: ipset save NAME");
	else
		return fw_addr_hint(w->word[2], b);
	return true;
}

static bool hint_router(const struct fw_list *l, struct fw_str s, const struct fw_list_words *w, struct fw_buf *b)
{
	if (!holds(s, "address=") && !begins(s, "/ip"))
		return false;
	fw_buf_printf(b, "this is a RouterOS export; keep only the values of 'address=', one per line");
	return true;
}

static bool hint_hosts(const struct fw_list *l, struct fw_str s, const struct fw_list_words *w, struct fw_buf *b)
{
	static const char *const local[] = { "0.0.0.0", "127.0.0.1", "::", "::1" };
	struct fw_addr_range r;

	if (w->n < 2 || fw_str_is_element(w->word[1], &r))
		return false;
	for (size_t i = 0; i < sizeof(local) / sizeof(*local); i++)
		if (fw_str_is(w->word[0], local[i])) {
			fw_buf_printf(b, "this is a hosts file, a list of names; a set holds addresses");
			return true;
		}
	return false;
}

static bool hint_markup(const struct fw_list *l, struct fw_str s, const struct fw_list_words *w, struct fw_buf *b)
{
	if (s.s[0] != '<' && s.s[0] != '{' && s.s[0] != '}' && !begins(s, "[{"))
		return false;
	fw_buf_printf(b, "this is %s, not a list; write its addresses one per line",
		      s.s[0] == '<' ? "HTML or XML" : "JSON or the text of another program");
	return true;
}

/* Columns: all of them addresses, or only the first one. */
static bool hint_columns(const struct fw_list *l, struct fw_str s, const struct fw_list_words *w, struct fw_buf *b)
{
	struct fw_str column = fw_list_column(s, 0);
	struct fw_addr_range r, last;
	const char *comma = memchr(s.s, ',', s.len);

	if (!comma && !memchr(s.s, '\t', s.len) && s.s[0] != '"')
		return false;
	if (!fw_str_is_element(column, &r)) {
		if (!comma || fw_addr_hint(column, b))
			return b->len;
		fw_buf_printf(b, "the first column is not an address; keep only the address column, as with `cut`");
		return true;
	}
	if (fw_str_is_element(fw_list_column(s, 1), &last))
		fw_buf_printf(b, "two addresses: write one per line, or first-last for a range");
	else
		fw_buf_printf(b, "to use the first column of each line, write: set NAME file \"...\" format csv");
	return true;
}

/* The elements among the words of the line, also where other programs join several in one word. */
static unsigned find_elements(struct fw_str s, struct fw_addr_range *first)
{
	const char *p = s.s, *end = s.s + s.len;
	unsigned found = 0;

	while (p < end) {
		size_t n = 0;
		struct fw_addr_range r;

		while (p + n < end && !strchr(" \t,;={}\"'()[]@", p[n]))
			n++;
		if (n && fw_str_is_element((struct fw_str){ p, n }, &r) && !found++)
			*first = r;
		p += n + 1;
	}
	return found;
}

static bool hint_words(const struct fw_list *l, struct fw_str s, const struct fw_list_words *w, struct fw_buf *b)
{
	struct fw_addr_range r;
	unsigned n = w->n > 1 ? find_elements(s, &r) : 0;

	if (n > 1)
		fw_buf_printf(b, "%s addresses: write one per line, or first-last for a range",
			      n == 2 ? "two" : "several");
	if (n != 1)
		return n || (w->n > 1 && fw_addr_hint(w->word[0], b));
	fw_buf_printf(b, "write ");
	fw_text_print_addr_range(b, &r);
	fw_buf_printf(b, " with nothing else on the line but a count or a comment");
	return true;
}

/* In a list without a format. */
static int refuse_any(const struct fw_list *l, struct fw_str s, struct fw_place at, struct fw_diags *ds)
{
	static bool (*const hints[])(const struct fw_list *, struct fw_str, const struct fw_list_words *,
				     struct fw_buf *) = {
		hint_carriage_return, hint_leave_out, hint_markup, hint_ipset,   hint_router,
		hint_hosts,           hint_length,    hint_mask,   hint_columns, hint_words,
	};
	fw_cleanup(fw_buf_free) struct fw_buf b = { 0 };
	struct fw_list_words w;
	struct fw_addr_range r;
	bool found = false;

	fw_list_words(s, &w);
	for (size_t i = 0; w.n && i < sizeof(hints) / sizeof(*hints) && !found; i++)
		found = hints[i](l, s, &w, &b);
	if (w.n < 2 && !found)
		return fw_str_addr_range(s, at, ds, &r);
	return fw_diag_add(ds, at,
			   found && !b.failed ? b.text :
						"a line holds one address, prefix or range; names are not looked up",
			   "'%s' is not an address", FW_SHOW(s));
}

int fw_list_refuse(const struct fw_list *l, struct fw_str line, struct fw_place at, struct fw_diags *ds)
{
	struct fw_str body = fw_list_body(line), element;

	if (l->mapped)
		return fw_addr_refuse_mapped(&l->element, body, at, ds);
	if (l->set->words & FW_SET_P2P)
		return fw_diag_add(ds, at, "lines of a p2p list are like LABEL:192.0.2.1-192.0.2.9",
				   "'%s' is not a range with a label", FW_SHOW(line));
	if (l->set->words & FW_SET_CSV)
		return refuse_any(l, line, at, ds);
	if (l->ipset.len || !fw_list_hides(line, body, &element))
		return refuse_any(l, body, at, ds);
	at.column += (unsigned)(element.s - line.s);
	return fw_diag_add(ds, at, "write one per line; a comment mark needs a blank before and after it",
			   "'%s' would be the comment of '%s'", FW_SHOW(element), FW_SHOW(body));
}

/* Recognises compressed files, UTF-16, HTML and JSON by their first bytes. */
int fw_list_check(const char *text, size_t len, const char *name, struct fw_diags *ds)
{
	static const struct {
		const char *magic;
		unsigned len;
		const char *what, *hint;
	} kinds[] = {
		{ "\x1f\x8b", 2, "compressed (gzip)", "unpack it: gunzip" },
		{ "PK\3\4", 4, "compressed (zip)", "unpack it: unzip" },
		{ "BZh", 3, "compressed (bzip2)", "unpack it: bunzip2" },
		{ "\xfd"
		  "7zXZ",
		  5, "compressed (xz)", "unpack it: unxz" },
		{ "\x28\xb5\x2f\xfd", 4, "compressed (zstd)", "unpack it: unzstd" },
		{ "\xff\xfe", 2, "in UTF-16", "convert it to UTF-8: iconv -f utf-16 -t utf-8" },
		{ "\xfe\xff", 2, "in UTF-16", "convert it to UTF-8: iconv -f utf-16 -t utf-8" },
		{ "<", 1, "HTML or XML", "did the download fail? a list has one address per line" },
		{ "{", 1, "JSON", "extract the addresses, for example with: jq -r '.prefixes[].ip_prefix'" },
		{ "[{", 2, "JSON", "extract the addresses, for example with: jq -r '.[].ip'" },
		{ "[\"", 2, "JSON", "extract the addresses, for example with: jq -r '.[]'" },
	};
	struct fw_place at = { name, 1, 1 };
	const char *s = fw_str_behind_mark(text, text + len), *end = text + len;

	for (; s < end && strchr(" \t\r\n", *s) && *s; s++) {
		at.line += *s == '\n';
		at.column = *s == '\n' ? 1 : at.column + 1;
	}
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
		if ((size_t)(end - s) >= kinds[i].len && !memcmp(s, kinds[i].magic, kinds[i].len))
			return fw_diag_add(ds, at, kinds[i].hint, "the file is %s, not a list of addresses",
					   kinds[i].what);
	return 0;
}

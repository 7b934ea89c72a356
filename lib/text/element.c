// SPDX-License-Identifier: GPL-2.0-only
/*
 * Elements of sets, and what is said of dynamic sets: for how long elements stay, and how many there may be.
 *
 *	set banned dynamic timeout 1d size 10000 { 192.0.2.1 timeout 1h, 192.0.2.2, 192.0.2.3 timeout never }
 */
#include "lib/text/parse.h"

int fw_parser_time(struct fw_parser *p, uint32_t *seconds)
{
	if (p->tok.kind != FW_T_WORD)
		return fw_parser_expected(p, "a time", FW_TIME_HINT);
	if (fw_parser_at(p, FW_WORD_NEVER)) {
		*seconds = 0;
		return 0;
	}
	if (fw_str_time(p->tok.text, seconds))
		return fw_diag_add(p->ds, fw_parser_here(p), FW_TIME_HINT, "'%s' is not a time", FW_SHOW(p->tok.text));
	return 0;
}

int fw_parser_count(struct fw_parser *p, const char *what, uint32_t max, uint32_t *out)
{
	uint64_t n;

	if (p->tok.kind != FW_T_WORD)
		return fw_parser_expected(p, what, NULL);
	if (fw_str_u64(p->tok.text, &n) || !n || n > max)
		return fw_diag_add(p->ds, fw_parser_here(p), NULL, "%s is a number from 1 to %u, not '%s'", what, max,
				   FW_SHOW(p->tok.text));
	*out = (uint32_t)n;
	return 0;
}

/* Does the line go on with that word? Looks at the text, since most elements are followed by nothing of the kind. */
static bool follows(const struct fw_parser *p, const char *word)
{
	const char *s = p->lx.s, *end = p->lx.end;
	size_t len = strlen(word);

	while (s < end && (*s == ' ' || *s == '\t'))
		s++;
	return (size_t)(end - s) >= len && !memcmp(s, word, len) &&
	       ((size_t)(end - s) == len || strchr(" \t\r\n,}#", s[len]));
}

static int take_timeout(struct fw_parser *p, uint32_t *until)
{
	uint32_t timeout = 0;
	int err;

	fw_parser_next(p);
	fw_parser_next(p);
	err = fw_parser_time(p, &timeout);
	*until = fw_until_after(fw_ruleset_now(p->rs), timeout);
	return err;
}

static int take_until(struct fw_parser *p, uint32_t *until)
{
	fw_parser_next(p);
	fw_parser_next(p);
	return fw_parser_count(p, "a time in seconds since the epoch", UINT32_MAX, until);
}

int fw_parser_element(struct fw_parser *p, const struct fw_set *set, struct fw_addr_range *out, bool *own)
{
	int err = fw_parser_range(p, out);
	bool timeout = follows(p, FW_WORD_TIMEOUT), until = !timeout && follows(p, FW_WORD_UNTIL);

	if (own)
		*own = timeout || until;
	if ((timeout || until) && !set->dynamic) {
		fw_parser_next(p);
		return fw_diag_add(p->ds, fw_parser_here(p), "define it as `set NAME dynamic { ... }`",
				   "only elements of dynamic sets have a timeout, and '%s' is not dynamic", set->name);
	}
	out->until = FW_FOREVER;
	if (timeout || until) {
		int bad = timeout ? take_timeout(p, &out->until) : take_until(p, &out->until);

		return err ? err : bad;
	}
	if (set->timeout)
		out->until = fw_until_after(fw_ruleset_now(p->rs), set->timeout);
	return err;
}

int fw_parser_dynamic(struct fw_parser *p, uint32_t *timeout, uint32_t *size)
{
	int err = 0;

	*timeout = *size = 0;
	if (fw_parser_at(p, FW_WORD_TIMEOUT)) {
		fw_parser_next(p);
		err = fw_parser_time(p, timeout);
		if (!err)
			fw_parser_next(p);
	}
	if (!err && fw_parser_at(p, FW_WORD_SIZE)) {
		fw_parser_next(p);
		err = fw_parser_count(p, "the size of a set", FW_SET_SIZE_MAX, size);
		if (!err)
			fw_parser_next(p);
	}
	return err;
}

void fw_print_dynamic_words(struct fw_buf *b, const struct fw_set *set)
{
	if (!set->dynamic)
		return;
	fw_buf_printf(b, " %s", FW_WORD_DYNAMIC);
	if (set->timeout) {
		fw_buf_printf(b, " %s ", FW_WORD_TIMEOUT);
		fw_text_print_time(b, set->timeout);
	}
	if (set->size)
		fw_buf_printf(b, " %s %u", FW_WORD_SIZE, set->size);
}

void fw_text_print_element(struct fw_buf *b, const struct fw_set *set, const struct fw_addr_range *r, uint32_t now)
{
	fw_text_print_addr_range(b, r);
	if (r->until == FW_FOREVER) {
		if (set->timeout)
			fw_buf_printf(b, " %s %s", FW_WORD_TIMEOUT, FW_WORD_NEVER);
		return;
	}
	if (!now) {
		fw_buf_printf(b, " %s %u", FW_WORD_UNTIL, r->until);
		return;
	}
	fw_buf_printf(b, " %s ", FW_WORD_TIMEOUT);
	fw_text_print_time(b, fw_until_left(r->until, now));
}

/* SPDX-License-Identifier: GPL-2.0-only */
/* Lines of rules' counters, printed and parsed. Pure. */
#ifndef FW_RULE_LINE_H
#define FW_RULE_LINE_H

#include "fw/pinned.h"
#include "fw/table/rule_line.h"

#define FW_RULE_LINE_MAX 512 /* bytes of a line, its newline included */

struct fw_rule_line {
	uint64_t id;
	struct fw_count count;
	enum fw_verdict verdict;
	bool exported;     /* it has the export flag */
	const char *name;  /* @name_len bytes, without a NUL; borrowed, as is @chain */
	size_t name_len;   /* 0: none */
	const char *chain; /* to which it belongs */
	size_t chain_len;  /* 0: the main list */
};

/* The rule has a name or the export flag: it is exported before others. */
static inline bool fw_rule_line_marked(const struct fw_rule_line *l)
{
	return l->exported || l->name_len;
}

/* @out has room for FW_RULE_LINE_MAX bytes; names have at most FW_NAME_MAX. Return: the number of bytes, without a NUL. */
size_t fw_rule_line_print(char *out, const struct fw_rule_line *l);
/**
 * fw_rule_line_parse - the line that @text begins with
 * @end: of the text
 * @out: its names point into @text; a number above UINT64_MAX, of up to 20 digits, becomes UINT64_MAX
 * Return: its bytes, the newline included; -EPROTO when it is none, or incomplete.
 */
long fw_rule_line_parse(const char *text, const char *end, struct fw_rule_line *out);

#endif

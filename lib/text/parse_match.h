/* SPDX-License-Identifier: GPL-2.0-only */
/* The matches of a rule: which there are (parse_matches.c), how one is read (parse_match.c), and its values (parse_value.c). */
#ifndef FW_TEXT_PARSE_MATCH_H
#define FW_TEXT_PARSE_MATCH_H

#include "lib/text/parse.h"

/* A word that begins a match. */
struct fw_keyword {
	const char *word;
	uint8_t len;
	uint8_t subject; /* enum fw_field, FW_SIDE_SRC or FW_SIDE_DST: at most once per rule */
	bool v6;         /* it is ICMPv6's word for the field */
	int (*parse)(struct fw_parser *, struct fw_rule_text *, const struct fw_keyword *);
	uint32_t value; /* of parse_constant(): the value that the word means */
};

/* The current word or string as a value of the keyword's field, as struct fw_range has them. 0, -EINVAL with a diagnostic, -ENOMEM. */
int fw_parse_value(struct fw_parser *p, const struct fw_keyword *kw, struct fw_range *out);

/* What follows the keyword of a field, or of a side. 0, -EINVAL with a diagnostic, -ENOMEM. */
int fw_parse_match(struct fw_parser *p, struct fw_rule_text *rule, const struct fw_keyword *kw);
int fw_parse_addrs(struct fw_parser *p, struct fw_rule_text *rule, const struct fw_keyword *kw);
/* A keyword that is field and value at once: in, out, ip, ip6. Several hooks mean any of them. */
int fw_parse_constant(struct fw_parser *p, struct fw_rule_text *rule, const struct fw_keyword *kw);

/* Before the first match of a rule. */
void fw_matches_begin(struct fw_parser *p);
/* Matches up to the action (of a query: or the end), each at most once; notes the place of each. 0, -EINVAL with a diagnostic, -ENOMEM. */
int fw_parse_matches(struct fw_parser *p, struct fw_rule_text *rule);
/* After the whole rule was read: checks them together, and looks up its addresses. Errors as above. */
int fw_matches_end(struct fw_parser *p, struct fw_rule_text *rule);

#endif

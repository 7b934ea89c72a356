/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Rules of one ruleset compared with those of another. Both intern their
 * expressions and matches, so each expression and each array of matches is looked up once
 * in the old ruleset. From then on a rule is four numbers and a comment, and two
 * rules are equal when these are.
 */
#ifndef FW_RULE_TRANSLATE_H
#define FW_RULE_TRANSLATE_H

#include "lib/rule/internal.h"

#define FW_UNKNOWN UINT32_MAX

/* What the new ruleset's numbers are in the old one. */
struct fw_translation {
	const struct fw_ruleset *rs, *before;
	uint32_t *sets, *addrs, *chains; /* FW_UNKNOWN: the old ruleset has none */
	const void **blobs;              /* by number of the blob; NULL: there is none, or it is not known yet */
	bool *blob_known;
	uint32_t *scratch; /* numbers of sets */
	uint32_t action[FW_ACTIONS_MAX];
};

/* Interfaces have the same numbers in both. 0 or -ENOMEM; fw_translation_free() in any case. */
int fw_translation_init(struct fw_translation *t, const struct fw_ruleset *rs, const struct fw_ruleset *old);
void fw_translation_free(struct fw_translation *t);

/* The array of matches that a rule would have in the old ruleset; NULL: none. */
const void *fw_translate_matches(const struct fw_translation *t, const struct fw_rule *r);
/* Do both match the same packets, by the same sets? */
bool fw_same_matches(const struct fw_translation *t, const struct fw_rule *r, const struct fw_rule *old);
/* Do packets get the same from both, with the same comment? */
bool fw_same_content(const struct fw_translation *t, const struct fw_rule *r, const struct fw_rule *old);
/* Name and word `counter` too: the whole text of the rules, except for their ids. */
bool fw_same_text(const struct fw_translation *t, const struct fw_rule *r, const struct fw_rule *old);

static inline bool fw_same_string(const char *a, const char *b)
{
	return a && b ? !strcmp(a, b) : a == b;
}

static inline bool fw_same_log(const struct fw_log *a, const struct fw_log *b)
{
	return a->level == b->level && fw_same_string(a->prefix, b->prefix);
}

#endif

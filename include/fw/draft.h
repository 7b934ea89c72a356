/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Drafts of rules for callers that know where each part was written, as a parser does: diagnostics then have the line and
 * column of the part that is wrong. Parts of a draft can also be checked on their own.
 */
#ifndef FW_DRAFT_H
#define FW_DRAFT_H

#include "fw/edit.h"

/* Where the parts of a rule were written: line and column, both from 1. */
struct fw_spot {
	unsigned line, column;
};
struct fw_rule_places {
	const char *file;
	struct fw_spot rule, id, name, chain, comment, src, dst;
	struct fw_spot limit, connections, log, mark, add, verdict, target; /* of the parts of the action that it has */
	struct fw_spot field[FW_NFIELDS]; /* by enum fw_field; of the matches that the rule has */
};
static inline struct fw_place fw_place_of(const struct fw_rule_places *p, struct fw_spot s)
{
	return (struct fw_place){ p->file, s.line, s.column };
}

/* The same place for all parts. */
struct fw_rule_places fw_places(struct fw_place at);

/* As fw_ruleset_add(), fw_edit_add() and fw_edit_replace(). All of @at is borrowed. */
int fw_ruleset_add_at(struct fw_ruleset *rs, const struct fw_rule *draft, const struct fw_rule_places *at,
		      struct fw_diags *ds, struct fw_rule **out);
int fw_edit_add_at(struct fw_edit *e, const struct fw_rule *draft, struct fw_position pos,
		   const struct fw_rule_places *at, struct fw_diags *ds, struct fw_rule **out);
int fw_edit_replace_at(struct fw_edit *e, struct fw_rule *rule, const struct fw_rule *draft,
		       const struct fw_rule_places *at, struct fw_diags *ds, struct fw_rule **out);

/* Refuses a rule that can never match a packet. Its matches are normalised and ascend. 0, or -EINVAL with a diagnostic. */
int fw_rule_check(const struct fw_ruleset *rs, const struct fw_rule *r, const struct fw_rule_places *at,
		  struct fw_diags *ds);
/* Is @name a legal name for a @what, "rule" or "set"? 0, or -EINVAL with a diagnostic. */
int fw_name_check(const char *what, const char *name, struct fw_place at, struct fw_diags *ds);
/**
 * fw_match_normalise - a match with its ranges sorted, merged and interned
 * @m:   borrowed; ranges in any order
 * @at:  for diagnostics
 * @out: the interned match, with a reference; NULL: the match is not a constraint (both hooks). Untouched on failure
 * Return: 0, -EINVAL with a diagnostic (no values, values out of bounds, none left), -ENOMEM.
 */
int fw_match_normalise(struct fw_ruleset *rs, const struct fw_match *m, struct fw_place at, struct fw_diags *ds,
		       const struct fw_match **out);

/* Fetches into the cache what fw_ruleset_addrs() will read for an expression of this one range. */
void fw_addrs_prefetch(const struct fw_ruleset *rs, const struct fw_addr_range *range, bool negated);

#endif

/* SPDX-License-Identifier: GPL-2.0-only */
/* The instances of rules that call chains: made by lib/lower, kept by rulesets and edits. */
#ifndef FW_INLINED_H
#define FW_INLINED_H

#include "fw/edit.h"

/* What several rules match together: as of an instance, with a reference to each part. */
struct fw_common {
	uint32_t src, dst;
	uint8_t n;
	bool all; /* of no rules yet: whatever there is. Else only IP, unless @m names other ethertypes */
	const struct fw_match *m[FW_NFIELDS]; /* ascending by field */
};
/*
 * What @c, and of that an instance, matches. 1: it is in @out, ended by fw_common_put(); 0: nothing, whatever sets hold; -E2BIG: too
 * many values of a field; -ENOMEM.
 */
int fw_common_and(struct fw_ruleset *rs, const struct fw_common *c, const struct fw_instance *in,
		  struct fw_common *out);
void fw_common_put(struct fw_ruleset *rs, const struct fw_common *c);
/* Fills in addresses and matches of an instance, ended by fw_instance_put(). 0 or -ENOMEM. */
int fw_common_instance(struct fw_ruleset *rs, const struct fw_common *c, struct fw_instance *out);
void fw_instance_put(struct fw_ruleset *rs, const struct fw_instance *in);

/* @n instances, whose references it takes. NULL when memory is out: then they are still the caller's. */
struct fw_inlined *fw_inlined_new(struct fw_ruleset *rs, const struct fw_inlined_at *at, uint32_t n);
void fw_inlined_free(struct fw_ruleset *rs, struct fw_inlined *in); /* NULL is fine */
/* Are they the same, apart from ranks? NULL is nothing's equal. */
bool fw_inlined_same(const struct fw_inlined *a, const struct fw_inlined *b);

/*
 * A rule of the main list gets its instances, in a ruleset that is not in use. Once all have theirs, fw_ruleset_inlined() gives
 * ranks to all rules and instances.
 */
void fw_rule_inline(struct fw_ruleset *rs, struct fw_rule *r, struct fw_inlined *in);
void fw_ruleset_inlined(struct fw_ruleset *rs);
/*
 * A rule of the main list gets its instances, and they their ranks, as a step of an edit: with a row, and maybe rows of
 * neighbours, which get other ranks. @in is taken, also on failure. 0 or -ENOMEM.
 */
int fw_edit_inline(struct fw_edit *e, struct fw_rule *r, struct fw_inlined *in);

#endif

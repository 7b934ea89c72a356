/* SPDX-License-Identifier: GPL-2.0-only */
/* What all rules counted, read in one pass. */
#ifndef FWD_RULE_COUNTS_H
#define FWD_RULE_COUNTS_H

#include "fw/rule.h"
#include "fw/rule_choice.h"

struct engine;

/* Slots that are read at once, in about a millisecond; where there are more, a child process reads them. */
#define RULE_COUNTS_FEW 16384

/* A rule and what it counted. Not by pointer: the rule may be gone when its turn comes. */
struct rule_count {
	struct fw_rule_row row;
	uint32_t slot;
};

/*
 * All rules of the live ruleset, by slot. Their ids and whether they are marked (see fw/rule_choice.h) come from the labels
 * of their counters: the rules themselves are not read.
 */
void rule_counts_read(struct engine *e, void (*each)(void *ctx, const struct rule_count *c, bool marked), void *ctx);
/* For fw_rule_choice_end(): is the row (struct rule_count) of a rule of the ruleset @rs? Its label may be an older rule's. */
bool rule_counts_is_of(const void *row, void *rs);

#endif

/* SPDX-License-Identifier: GPL-2.0-only */
/* Two rulesets compared: everything that a packet could notice, and which rules are still the same. */
#ifndef FW_DIFF_H
#define FW_DIFF_H

#include "fw/edit.h"

#define FW_DIFF_RANGES 10 /* largest number of ranges of a set that are listed, for each side */

struct fw_diff_counts {
	size_t added, removed, changed, kept; /* numbers of rules; changed: the same rule with another text */
	size_t moved;    /* how many changed or kept rules have moved: the fewest that explain the order */
	size_t policies; /* number of policies that differ, or that only one ruleset sets */
	size_t sets_created, sets_destroyed;
	size_t chains_created, chains_deleted, chains_changed; /* numbers of chains; changed: with another owner */
	size_t elements_added, elements_removed;               /* numbers of elements, summed over all sets */
	size_t elements_prolonged; /* number of elements that an edit prolonged, or shortened by replacing them */
};

/* @before NULL: added; @after NULL: removed. The same rule counts at the same slot. */
struct fw_diff_rule {
	const struct fw_rule *before, *after;
	bool changed, moved;
};

/* The addresses of a set that only one ruleset has: the number of ranges, and the first ones. */
struct fw_diff_side {
	size_t n;
	struct fw_addr_range first[FW_DIFF_RANGES];
};
struct fw_diff_set {
	const struct fw_set *before, *after; /* NULL: that ruleset has no set of this name */
	struct fw_diff_side removed, added;
};

struct fw_diff {
	const struct fw_ruleset *before, *after;
	struct fw_diff_counts counts;
	bool policy[FW_NREASONS];
	struct fw_diff_set *sets;
	size_t nsets, sets_cap, more_sets; /* @more_sets: how many there was no room for */
	struct fw_diff_rule *rules; /* in the order of @after, followed by the removed ones in the order of @before */
	size_t nrules, rules_cap, more_rules;
};

/* Has a chain another owner in the other ruleset, or one where the other has none? */
static inline bool fw_chain_differs(const struct fw_chain *a, const struct fw_chain *b)
{
	return a->owned != b->owned || (a->owned && a->owner != b->owner);
}

/**
 * fw_diff - what another ruleset changes
 * @new: has the ids, slots and interfaces of @old where rules are the same (fw_ruleset_adopt(), or both from the same store)
 * @max: rules, and sets, that @out holds at most; its counts are of all
 * @out: refers to both rulesets; fw_diff_free(); untouched on failure
 *
 * Sets are compared by the addresses that they hold: an element that others of its set cover makes no difference, and
 * 10.0.0.0/8 is the same as both its halves. The rules that have moved are those outside a longest increasing subsequence
 * (Schensted, "Longest increasing and decreasing subsequences", 1961): a rule inserted in front moves no other.
 * Return: 0 or -ENOMEM.
 */
int fw_diff(const struct fw_ruleset *old, const struct fw_ruleset *new, size_t max, struct fw_diff *out);
void fw_diff_free(struct fw_diff *d);

/* The same of an edit, before it ends. Elements are counted as they were added and deleted. */
void fw_edit_counts(const struct fw_edit *e, struct fw_diff_counts *out);
/* Are two rules of one ruleset the same, except for their ids? */
bool fw_rule_same_text(const struct fw_rule *a, const struct fw_rule *b);
/* Was the rule added, deleted, moved, or given another text? One that only got another rank was not. */
bool fw_rule_changed(const struct fw_rule_change *row);

#endif

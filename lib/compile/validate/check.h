/* SPDX-License-Identifier: GPL-2.0-only */
/* The parts of fw_image_validate(), private to it. Each returns false, with the reason noted, when something is wrong. */
#ifndef FW_CHECK_H
#define FW_CHECK_H

#include "fw/compile.h"
#include "fw/table/hash.h"

struct check {
	const struct fw_pool *pool;
	const struct fw_root *root;
	uint64_t *signature[2]; /* what the pairs require, by identity */
	uint32_t identities[2]; /* above every identity of the pairs */
	uint32_t chained;       /* blocks that are not the first of their pair */
	uint64_t fields;        /* FW_FIELD_BIT()s: something compares these */
	const char *reason;     /* NULL: nothing is wrong so far */
};

/* check.c */

/* Notes the reason, unless there is one. Returns false, for `return check_wrong(...)`. */
bool check_wrong(struct check *c, const char *reason);
/* Are these lines in segments that are taken? */
bool check_inside(const struct check *c, uint64_t line, uint64_t lines);
/* And in a single one? */
bool check_inside_segment(const struct check *c, uint64_t line, uint64_t lines);

/* check_blocks.c: all that a pair has, or what is below @depth splits; notes fields and chained blocks. */
bool check_tree(struct check *c, uint64_t hit, unsigned depth);
/* Is it the hit of a rule with a counter, and if that skips others, one of those that the table of skips has? */
bool check_hit_is_rule(const struct check *c, uint64_t hit);
/* check_pairs.c: lanes, and the pair table; notes the fields and signatures that the pairs require. */
bool check_lanes(struct check *c);
bool check_pairs(struct check *c);
/* check_tries.c, after check_pairs() */
bool check_trie(struct check *c, int side, enum fw_family family);
/* @first: the identity that all classes of the trie begin with. */
bool check_class(struct check *c, int side, uint32_t line, uint32_t first);

#endif

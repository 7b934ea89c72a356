/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which rules are shown by themselves to those who export what was counted, and
 * what the others come to. A rule is marked when it has a name or says `counter`.
 */
#ifndef FWD_SELECTION_H
#define FWD_SELECTION_H

#include "best.h"

struct engine;

#define SELECTION_FEW \
	16384 /* slots that are looked at at once, in about a millisecond; of more, a child process does it */

/* Rules, and what they counted together. */
struct selection_sum {
	uint64_t rules;
	struct fw_count count;
};

struct selection {
	struct best marked, top; /* once it is complete: all that are shown, by id, in @marked */
	uint64_t nmarked;        /* of all rules */
	struct selection_sum all, shown;
	uint64_t marked_left_out;
};

/* The @limit marked rules with the lowest ids, and of the others the @top with the most packets. */
void selection_init(struct selection *s, size_t limit, size_t top);
void selection_add(struct selection *s, const struct best_row *row, bool marked);
/* No more rules come. Rows that are not of @rs are not shown. 0 or -ENOMEM. */
int selection_complete(struct selection *s, const struct fw_ruleset *rs);
void selection_free(struct selection *s);

/*
 * All rules of the live ruleset by slot, in one go. Their ids and whether they are marked
 * are as their labels say, so that the rules themselves are not looked at.
 */
void selection_scan(struct engine *e, void (*each)(void *ctx, const struct best_row *row, bool marked), void *ctx);

#endif

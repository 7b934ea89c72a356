/* SPDX-License-Identifier: GPL-2.0-only */
/* The best N of any number of rules, by whatever order. */
#ifndef FWD_BEST_H
#define FWD_BEST_H

#include "fw/kern.h"

/* A rule and what it counted: not by pointer, for the rule may be gone when its turn comes. */
struct best_row {
	uint64_t id;
	uint32_t slot;
	struct fw_count count;
};

struct best {
	/* Is @a better than @b? No two rows are as good. */
	bool (*better)(const struct best_row *a, const struct best_row *b);
	struct best_row *rows; /* once there are @room of them: a heap, the worst first */
	size_t n, cap, room;
	bool failed; /* memory ran out for some */
};

void best_init(struct best *b, size_t room, bool (*better)(const struct best_row *a, const struct best_row *b));
void best_add(struct best *b, struct best_row row);
/* The rows that are left, best first; nothing is added any more. */
void best_sort(struct best *b);
void best_free(struct best *b);

/* Orders: more packets; of those with as many, and else, the lower id. */
bool best_by_packets(const struct best_row *a, const struct best_row *b);
bool best_by_id(const struct best_row *a, const struct best_row *b);

#endif

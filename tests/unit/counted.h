/* SPDX-License-Identifier: GPL-2.0-only */
/* The lookup in user space with a count of what it reads. */
#ifndef FW_TEST_COUNTED_H
#define FW_TEST_COUNTED_H

#include "fw/cost.h"

/*
 * The answer of one lookup without flow cache. Lines of @cost: each that is asked for, and each of a block or split that is
 * touched for the first time. Rounds: lines of blocks and splits but for their headers, each of which has to be waited for;
 * that of walks, classes and pairs are left out.
 */
struct fw_result counted_lookup(const struct fw_pool *pool, uint32_t root, const struct fw_key *key,
				struct fw_cost *cost);
/* The lines that the last one read. */
#define COUNTED_LINES 65536
const uint32_t *counted_lines(size_t *n);

#endif

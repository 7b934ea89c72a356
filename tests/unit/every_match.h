/* SPDX-License-Identifier: GPL-2.0-only */
/* Every rule that a packet matches, one after the other, as the lookup finds them with a floor. */
#ifndef FW_TEST_EVERY_MATCH_H
#define FW_TEST_EVERY_MATCH_H

#include "fw/compile.h"
#include "fw/rule.h"

/*
 * Walks all matches of a packet in a ruleset's tables and in the oracle, or of very many the first ones and those after a
 * random rule: they are the same, or the test fails with the seed. @rs: its rules in order.
 */
void assert_every_match(const struct fw_pool *pool, const struct fw_image *image, const struct fw_ruleset *rs,
			const struct fw_key *key);
/* Matches that were compared so far. */
extern uint64_t every_match_count;

#endif

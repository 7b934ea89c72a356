// SPDX-License-Identifier: GPL-2.0-only
/* fw/table/lookup.h with a rising floor, compared with the oracle. */
#include "tests/unit/every_match.h"

#include "fw/memory_pool.h"
#include "fw/oracle.h"
#include "fw/table/flow.h"
#include "tests/unit/random.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

/* Matches of one packet in a row. */
#define WALK_MOST 40

uint64_t every_match_count;

static struct fw_cpu cpu __attribute__((aligned(FW_LINE)));

/* The rank after all instances of a rule. */
static uint32_t end_of(const struct fw_ruleset *rs, long rule)
{
	return (size_t)rule + 1 < rs->nrules ? rs->rules[rule + 1]->rank : FW_RANK_MAX + 1;
}

static bool has_rank(const struct fw_ruleset *rs, long rule, uint32_t rank)
{
	return rs->rules[rule]->inlined ? rank >= rs->rules[rule]->rank && rank < end_of(rs, rule) :
					  rank == rs->rules[rule]->rank;
}

/* The next match after rule @after; its index, -1: there is none. */
static long same_match(const struct fw_ruleset *rs, const struct fw_key *key, long after)
{
	long want = fw_oracle_next(rs, key, after);
	int err = fw_lookup_all(&cpu);
	bool same = !err && (want < 0 ? cpu.hit == FW_HIT_NONE :
					cpu.hit != FW_HIT_NONE && has_rank(rs, want, FW_HIT_RANK(cpu.hit)) &&
						FW_WHAT_COUNTER((uint32_t)cpu.hit) ==
							rs->rules[want]->slot + FW_COUNTER_RULES &&
						FW_WHAT_ACTION((uint32_t)cpu.hit) == rs->rules[want]->action);

	if (!same)
		fail_msg("FW_SEED=%llu: after rule %ld of %zu: rule %ld, but the hit is %#llx",
			 (unsigned long long)random_seed(), after, rs->nrules, want, (unsigned long long)cpu.hit);
	every_match_count += want >= 0;
	return want;
}

static void walk(const struct fw_ruleset *rs, const struct fw_key *key, long after)
{
	for (int i = 0; i < WALK_MOST; i++) {
		cpu.floor = after < 0 ? 0 : FW_HIT(end_of(rs, after), 0, 0);
		after = same_match(rs, key, after);
		if (after < 0)
			return;
	}
}

void assert_every_match(const struct fw_pool *pool, const struct fw_image *image, const struct fw_ruleset *rs,
			const struct fw_key *key)
{
	const struct fw_root *root = fw_pool_ptr(pool, image->root);

	/* Rules of chains have no ranks of their own. */
	if (fw_ruleset_chains(rs))
		return;
	if (key->reason != FW_R_NONE && !(root->frame_rules && fw_reason_has_rules(key->reason)))
		return;
	fw_pool_base = pool->base;
	cpu.key = *key;
	cpu.control = 0; /* the line of a root may be another root's by now */
	fw_begin(&cpu, FW_CONTROL(image->root, image->generation));
	walk(rs, key, -1);
	if (rs->nrules > WALK_MOST)
		walk(rs, key, (long)random_below((uint32_t)rs->nrules));
}

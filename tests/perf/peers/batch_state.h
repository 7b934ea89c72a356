/* SPDX-License-Identifier: GPL-2.0-only */
/* What a batch remembers from stage to stage: arrays by packet, and lists of what is left to be asked. */
#ifndef FWBENCH_BATCH_STATE_H
#define FWBENCH_BATCH_STATE_H

#include "fw/table/format.h"
#include "tests/perf/peers/batch.h"

#define BATCH_SIDES (2 * BATCH_PACKETS)
#define BATCH_PAIRS (BATCH_PACKETS * FW_CLASS_IDENTITIES * FW_CLASS_IDENTITIES)
#define BATCH_WANTS (BATCH_PAIRS * (FW_PAIR_DISPLACEMENT + 1) + 8) /* and room for a vector */
/* One of each pair, and of up to three splits below it. */
#define BATCH_HITS (4 * BATCH_PAIRS + 1)

/* clang-format off */
struct batch {
	const struct fw_pool *pool;
	__u64 control;
	struct fw_root root;
	__u32 ref[BATCH_SIDES];       /* where the walks are: 2 * packet, and 1 more for its destination */
	struct fw_addr rest[BATCH_SIDES];
	__u64 lanes[BATCH_PACKETS];
	__u64 best[BATCH_PACKETS];    /* hits that are rules */
	__u64 first[BATCH_PACKETS];   /* hits that are blocks, the lowest */
	__u32 alone;                  /* bit p: packet p is processed alone */
	unsigned wanted, nhits;
	/* Of pairs (identity, identity) in turn, by 8: numbers of the first and of the second, when there are so many second ones. */
	__u8 turn[FW_CLASS_IDENTITIES + 1][2][32];
	__u64 want[BATCH_WANTS];      /* FW_PAIR_KEY | packet << 48 */
	__u32 line[BATCH_WANTS];      /* where it may be */
	__u64 hit[BATCH_HITS];        /* of pairs that are there and match, or are no rules */
	__u8 hit_packet[BATCH_HITS];
	struct fw_cpu *cpu;           /* for what packets do one after the other; without the flow cache's places */
};
/* clang-format on */

#endif

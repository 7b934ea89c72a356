/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the dearest packet of a ruleset costs, from its tables alone: see lib/compile/cost/cost.c.
 */
#ifndef FW_COST_H
#define FW_COST_H

#include "fw/compile.h"

/*
 * Prices in nanoseconds. With these no packet that `fwbench cost` measured takes longer than its lines and rounds cost: with all
 * of its lines flushed from the caches, in user space, on a virtual Intel Xeon with 2 MiB of L2 a core, in rulesets from 1,000
 * rules to a million.
 */
#define FW_COST_PACKET_NS 250 /* parsing, counting */
#define FW_COST_LINE_NS 10    /* reading a line while others are on their way, and what is done with it */
#define FW_COST_ROUND_NS 60   /* waiting for a line whose place depends on one before */

/* Lines that a packet reads, and how many of them it has to wait for. */
struct fw_cost {
	uint64_t lines, rounds;
};

/* In picoseconds, so that sums are exact; without FW_COST_PACKET_NS. */
static inline uint64_t fw_cost_price(struct fw_cost c)
{
	return (c.lines * FW_COST_LINE_NS + c.rounds * FW_COST_ROUND_NS) * 1000;
}

static inline double fw_cost_seconds(struct fw_cost c)
{
	return 1e-9 * (double)(c.lines * FW_COST_LINE_NS + c.rounds * FW_COST_ROUND_NS + FW_COST_PACKET_NS);
}

/* A pair of addresses' identities whose blocks a packet searches. */
struct fw_cost_pair {
	uint32_t slot; /* of its first rule */
	struct fw_cost cost;
};

#define FW_COST_PAIRS 5
struct fw_cost_worst {
	struct fw_cost most;   /* no packet costs more */
	struct fw_cost found;  /* the dearest that was found: of packets between these addresses */
	enum fw_family family; /* FW_FAMILY_NONE: not IP */
	struct fw_addr src, dst;
	uint32_t pairs;                         /* that it asks for */
	uint32_t blocks;                        /* of these, pairs that have some */
	struct fw_cost_pair top[FW_COST_PAIRS]; /* the dearest of them */
	unsigned ntop;
};

/**
 * fw_cost_worst - what no packet costs more than
 * @root: of tables that do not change meanwhile
 *
 * Packets that meet a change before its grace period is over read a line more for each pair that it touches.
 * Return: 0 or -ENOMEM.
 */
int fw_cost_worst(const struct fw_pool *pool, uint32_t root, struct fw_cost_worst *out);

/* "12.3 us", "1.2 ms". Return: @buf. */
const char *fw_cost_text(double seconds, char *buf, size_t size);
/* Above that a ruleset is warned of. */
#define FW_COST_WARN_SECONDS 10e-6

#endif

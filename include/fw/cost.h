/* SPDX-License-Identifier: GPL-2.0-only */
/* What the most expensive packet of a ruleset costs, computed from its tables alone: see lib/compile/cost/cost.c. */
#ifndef FW_COST_H
#define FW_COST_H

#include "fw/compile.h"

/*
 * Prices in nanoseconds. No packet that `fwbench cost` measured took longer than its lines and rounds cost at these prices: with
 * all of its lines flushed from the caches, in user space, on a virtual Intel Xeon with 2 MiB of L2 per core, in rulesets of
 * 1,000 rules to a million.
 */
#define FW_COST_PACKET_NS 250 /* parsing, counting */
#define FW_COST_LINE_NS 10    /* reading a line while others are being fetched, and using it */
#define FW_COST_ROUND_NS 60   /* waiting for a line whose address depends on an earlier one */

/* Cache lines that a packet reads, and how often it has to wait for one. */
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

/* A pair whose blocks a packet searches. */
struct fw_cost_pair {
	uint32_t slot; /* slot of the pair's first rule */
	struct fw_cost cost;
};

#define FW_COST_PAIRS 5
struct fw_cost_worst {
	struct fw_cost most;   /* upper bound: no packet costs more */
	struct fw_cost found;  /* the highest cost that was found, by packets from @src to @dst */
	enum fw_family family; /* family of @src and @dst; FW_FAMILY_NONE: the packets are not IP */
	struct fw_addr src, dst;
	uint32_t pairs;                         /* number of pairs that such a packet looks up */
	uint32_t blocks;                        /* number of these that have blocks */
	struct fw_cost_pair top[FW_COST_PAIRS]; /* the @ntop most expensive of them */
	unsigned ntop;
};

/**
 * fw_cost_worst - an upper bound of what a packet costs
 * @root: of tables that do not change meanwhile
 *
 * Until the grace period after an update is over, packets read one more line for each pair that it touched.
 * Return: 0 or -ENOMEM.
 */
int fw_cost_worst(const struct fw_pool *pool, uint32_t root, struct fw_cost_worst *out);

/* "12.3 us", "1.2 ms". Return: @buf. */
const char *fw_cost_text(double seconds, char *buf, size_t size);
/* Rulesets with a packet above this get a warning. */
#define FW_COST_WARN_SECONDS 10e-6

#endif

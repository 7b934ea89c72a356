/* SPDX-License-Identifier: GPL-2.0-only */
/* Limits twice, in plain memory: as the programs take them, and exactly, with a bucket for each rule and address. */
#ifndef FW_TEST_LIMITS_H
#define FW_TEST_LIMITS_H

#include "fw/compile.h"
#include "fw/table/limit.h"

#include <stdbool.h>

/* The table of fw/table/limit.h, and the buckets of rules, by slot. The caller moves the clock. */
struct limits {
	uint64_t now; /* ns */
	struct fw_limit_key key;
	struct fw_limit_line lines[FW_LIMIT_LINES];
	struct fw_buckets *rules;
	uint32_t nrules;
};
struct limits *limits_new(uint32_t slots);
void limits_free(struct limits *l);
/* Is the packet within the action's limit? Takes a token if it is. */
bool limits_within(struct limits *l, const struct fw_key *key, const struct fw_action *a, uint32_t slot);

/* Tokens that come in one by one, as a user thinks of them; in a list of all that were ever asked for. */
struct exact_bucket {
	uint32_t slot;
	uint8_t family;
	struct fw_addr src, dst;
	uint64_t held; /* tokens times the interval */
	uint64_t at;   /* when that was so */
};
struct exact {
	uint64_t now;
	struct exact_bucket *v;
	size_t n, cap;
};
void exact_free(struct exact *e);
bool exact_within(struct exact *e, const struct fw_key *key, const struct fw_action *a, uint32_t slot);

/* Packets per second, so many at once. */
struct fw_rate limits_rate(uint32_t packets, uint32_t burst);

#endif

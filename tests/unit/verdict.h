/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One packet, one verdict: the oracle's, the lookup's in user space with and
 * without its flow cache, and the loaded program's on every hook that the packet
 * can come by.
 */
#ifndef FW_TEST_VERDICT_H
#define FW_TEST_VERDICT_H

#include "fw/compile.h"
#include "fw/table/packet.h"

/* Answers that were compared with the oracle's, not counting those that a flow cache gave again. */
struct verdict_counts {
	uint64_t user, kernel;
};
extern struct verdict_counts verdict_counts;

/* Asks the kernel too from now on. False, and said, when we may not load programs. */
bool verdict_kernel(void);
/* The loaded program that holds the ruleset of verdict_begin(); NULL: no kernel. */
struct fw_kern *verdict_kern(void);

/**
 * verdict_begin - compile a ruleset for every engine, validate the images, and publish them
 * @rs: borrowed until the next call
 * Return: false when it exceeds a limit, in every engine alike; everything else fails the test.
 */
bool verdict_begin(struct fw_ruleset *rs);
/* Lets everything go. */
void verdict_end(void);

/*
 * The frame's verdict is the same everywhere, or else the test fails with the packet and the fewest rules that show it.
 * The kernel is left out when a test run cannot say what @meta says.
 */
void assert_same_verdict(const uint8_t *bytes, uint32_t readable, const struct fw_meta *meta);
/* The same for a key, in user space. */
void assert_same_answer(const struct fw_key *key);

#endif

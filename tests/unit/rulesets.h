/* SPDX-License-Identifier: GPL-2.0-only */
/* Rulesets made for one purpose, and the packet cases in all their lengths: what the tests of user space and kernel share. */
#ifndef FW_TEST_RULESETS_H
#define FW_TEST_RULESETS_H

#include "fw/rule.h"
#include "tests/unit/cases.h"

/* The texts of rulesets that tell the packet cases apart. */
extern const char *const case_rulesets[];
extern const size_t case_nrulesets;

/* The ruleset of a text, which must be right; it knows four interfaces. */
struct fw_ruleset *ruleset_of(const char *text);

/* The text of a ruleset, freed by the caller. */
char *ruleset_print(const struct fw_ruleset *rs);

/* @n rules `proto tcp dport N`, N from 0, all in one pair. */
struct fw_ruleset *ruleset_ports(unsigned n);

/*
 * @depth prefixes inside each other, the shortest of @first bits, and a rule for every pair of two of them, each with a
 * port of its own, in random order; @frames: and one for frames that are not IP.
 */
struct fw_ruleset *ruleset_nested(enum fw_family family, unsigned first, unsigned depth, bool frames);

/* A case whole, cut at every byte, and with every byte but the first readable, given to @check. */
void case_cuts(const struct fw_case *c,
	       void (*check)(const uint8_t *bytes, uint32_t readable, const struct fw_meta *meta));

#endif

/* SPDX-License-Identifier: GPL-2.0-only */
/* Does a ruleset hold together: list, ranks, array, tables, slots, references? */
#ifndef FW_TEST_RULESET_CHECK_H
#define FW_TEST_RULESET_CHECK_H

#include "fw/rule.h"

#define RULESET_HELD_SOME SIZE_MAX /* any number, of tables; and expressions may be left that nothing holds */

/*
 * NULL: it does; else what is wrong. While no edit is open, references are counted exactly: @held says how many holds there
 * are on address expressions, besides the ruleset's own.
 */
const char *ruleset_check(const struct fw_ruleset *rs, size_t held);

/* Of all rules and instances and their ranks: the same before an edit and after it was undone. */
uint64_t ruleset_digest(const struct fw_ruleset *rs);

#endif

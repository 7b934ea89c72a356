/* SPDX-License-Identifier: GPL-2.0-only */
/* Rules that decide by hook and state alone. Private to lib/lower. */
#ifndef FW_SHORTCUTS_H
#define FW_SHORTCUTS_H

#include "fw/lower.h"

/* Fills in the shortcuts of a ruleset, which has none so far. */
void lower_shortcuts(const struct fw_ruleset *rs, struct fw_lowering *l);

#endif

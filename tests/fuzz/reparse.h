/* SPDX-License-Identifier: GPL-2.0-only */
/* The printed text must parse back and print the same. */
#ifndef FW_FUZZ_REPARSE_H
#define FW_FUZZ_REPARSE_H

#include "tests/fuzz/files.h"

void fuzz_reparse(const struct fw_ruleset *rs);

#endif

/* SPDX-License-Identifier: GPL-2.0-only */
/* What another ruleset changes, as JSON objects (docs/fwd.socket.md). */
#ifndef FWD_DIFF_H
#define FWD_DIFF_H

#include "fw/json.h"

#include "fw/diff.h"

/* One line for each policy, set and rule. */
void diff_lines(struct fw_buf *b, const struct fw_diff *d);
/* The counts, as fields of END; NULL: out of memory. */
json_t *diff_counts(const struct fw_diff_counts *c);

#endif

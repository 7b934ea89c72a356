/* SPDX-License-Identifier: GPL-2.0-only */
/* A ruleset as the store keeps it: see snapshot.c. */
#ifndef FWD_SNAPSHOT_H
#define FWD_SNAPSHOT_H

#include "ctl/fwd/store/store.h"

#include "fw/rule.h"

#define SNAPSHOT_OWN_ID 0x80000000u /* in a stored slot: the user chose the rule's id */

/* The ids of rules in order, and their slots with SNAPSHOT_OWN_ID: free() both, also on failure. 0 or -ENOMEM. */
int snapshot_numbers(const struct fw_ruleset *rs, uint64_t **ids, uint32_t **slots);
/* The two parts of a new snapshot. store_snapshot_commit() makes it the current one. 0, -errno with a diagnostic. */
int snapshot_write_text(struct store *s, const struct store_text *t, struct fw_diags *ds);
/* @carried: changes on top of the text; NULL: none. */
int snapshot_write_numbers(struct store *s, const struct fw_ruleset *rs, const struct fw_buf *carried,
			   struct fw_diags *ds);

#endif

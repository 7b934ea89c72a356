/* SPDX-License-Identifier: GPL-2.0-only */
/* The user who alone may change the ruleset: fwd's settings `owner` and `local`. What is left to others: engine/owners.h. */
#ifndef FWD_OWNER_H
#define FWD_OWNER_H

#include "ctl/fwd/fwd.h"
#include "ctl/fwd/history.h"

/* Looks the user up. If there is none of that name, nobody may change the ruleset, and the log says so. */
void owner_open(struct fwd *d);
/* The owner, unless it is @uid; NULL: it is, or there is none, or the file of the setting `local` exists. */
const char *owner_but(const struct fwd *d, uid_t uid);
/*
 * Somebody wants to @verb the ruleset as a whole ("load"), or ("confirm", "undo") what waits to be confirmed and the user @by has begun.
 * 0, or -EPERM with a diagnostic: the refusal is in the history. @e: as it would be done
 */
int owner_check(struct fwd *d, const struct history_event *e, const char *verb, struct fw_diags *ds);
int owner_check_waiting(struct fwd *d, const struct history_event *e, const char *verb, uid_t by, struct fw_diags *ds);

#endif

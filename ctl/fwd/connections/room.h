/* SPDX-License-Identifier: GPL-2.0-only */
/* Making room: when all of a thing is in use, the user who has the most of it gives way to one who has less. */
#ifndef FWD_ROOM_H
#define FWD_ROOM_H

#include "connection.h"

/**
 * room_make - may a user have @amount more of a thing?
 * @why: when not: what is in use and what to do; NULL: the user is not turned away but waits
 *
 * Closes connections of others where that is fair.
 */
bool room_make(struct fwd *d, struct share *s, enum share_thing thing, uint64_t amount, char why[SHARES_WHY]);

#endif

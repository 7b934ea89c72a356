/* SPDX-License-Identifier: GPL-2.0-only */
/* Connections by address, which fwd counts while the live ruleset has a rule with `connections`. */
#ifndef FWD_TRACKED_H
#define FWD_TRACKED_H

#include "ctl/fwd/fwd.h"

#include <jansson.h>

/* After everything that may have changed the ruleset, and from time to time. */
void tracked_look(struct fwd *d);
void tracked_close(struct fwd *d);
/* The object `connections` of the status; null: no rule asks for it. */
json_t *tracked_json(const struct fwd *d);

#endif

/* SPDX-License-Identifier: GPL-2.0-only */
/* Connection tracking, which is on while the live ruleset names `state` or `connections`: what others do to it. */
#ifndef FWD_TRACKING_H
#define FWD_TRACKING_H

#include "ctl/fwd/fwd.h"

#include <jansson.h>

/* After everything that may have switched it on, and from time to time. */
void tracking_look(struct fwd *d);
/* The object `conntrack` of the status. */
json_t *tracking_json(const struct fwd *d);

#endif

/* SPDX-License-Identifier: GPL-2.0-only */
/* The object of the request `status`. */
#ifndef FWD_STATUS_H
#define FWD_STATUS_H

#include "ctl/fwd/fwd.h"

#include <jansson.h>

/* NULL when memory is out. */
json_t *status_json(const struct fwd *d);
/* A number of rules, from what was undone; null if the ruleset was not touched. */
json_t *status_undone(const struct engine_undone *u, int64_t rules);

#endif

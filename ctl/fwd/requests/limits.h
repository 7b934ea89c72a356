/* SPDX-License-Identifier: GPL-2.0-only */
/* Limited resources, and how much of each is in use. Changes that need more are refused. */
#ifndef FWD_LIMITS_H
#define FWD_LIMITS_H

#include "ctl/fwd/fwd.h"

#include <jansson.h>

/* An array of {"what", "used", "max"}; NULL when memory is out. */
json_t *limits_json(const struct fwd *d);

#endif

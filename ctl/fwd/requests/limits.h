/* SPDX-License-Identifier: GPL-2.0-only */
/* What there is only so much of: how much of it is in use. What is over is refused. */
#ifndef FWD_LIMITS_H
#define FWD_LIMITS_H

#include "ctl/fwd/fwd.h"

#include <jansson.h>

/* An array of {"what", "used", "max"}; NULL when memory is out. */
json_t *limits_json(const struct fwd *d);

#endif

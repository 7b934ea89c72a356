/* SPDX-License-Identifier: GPL-2.0-only */
/* How a change or a load went, as END. */
#ifndef FWD_RESULT_H
#define FWD_RESULT_H

#include "ctl/fwd/client.h"

/* @load: with the fields that only a load has. */
void result_end(struct client *c, const struct engine_result *r, bool load);

#endif

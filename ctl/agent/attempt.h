/* SPDX-License-Identifier: GPL-2.0-only */
/* From a wanted generation to one that is confirmed, or failed. */
#ifndef AGENT_ATTEMPT_H
#define AGENT_ATTEMPT_H

#include "core.h"

void attempt_begin(struct agent *a, const struct fw_generation *to);
/* The next step; a->attempt.stage is STAGE_NONE when it is over. */
void attempt_step(struct agent *a);
/* It is not wanted any more: what fwd has got of it is undone. */
void attempt_leave(struct agent *a, const char *why);
void attempt_free(struct agent *a);

#endif

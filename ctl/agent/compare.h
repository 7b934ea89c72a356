/* SPDX-License-Identifier: GPL-2.0-only */
/* Is what fwd filters by the snapshot of a generation? */
#ifndef AGENT_COMPARE_H
#define AGENT_COMPARE_H

#include "core.h"

/* Brings the snapshot and lets fwd compare; the agent waits meanwhile. @done is not called if that is not possible now. */
void compare_start(struct agent *a, const struct fw_generation *g, void (*done)(struct agent *a, bool differs));
/* Finds out whether a->live is record.running, but not too often. Return: false: not now. */
bool compare_live(struct agent *a);

#endif

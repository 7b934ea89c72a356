/* SPDX-License-Identifier: GPL-2.0-only */
/* Is the host well? What fwd says of itself, the targets of the probes, the connection to etcd, the share of dropped packets. */
#ifndef AGENT_CHECKUP_H
#define AGENT_CHECKUP_H

#include "core.h"

/* Asks fwd and all targets once; the agent waits meanwhile. @done: the answers are in a->checkup. */
void checkup_start(struct agent *a, void (*done)(struct agent *a));
void checkup_cancel(struct agent *a);

/* A ruleset is about to be loaded: what is wrong now, by the last checkup, is not held against it. */
void health_begin(struct agent *a);
/**
 * health_worse - by the last checkup, is the host worse than before the load?
 * @why: what is; empty: nothing
 * Return: is it?
 */
bool health_worse(const struct agent *a, char why[LOCAL_TEXT]);

#endif

/* SPDX-License-Identifier: GPL-2.0-only */
/* How a rollout and its hosts are shown. */
#ifndef FWCTL_SHOW_H
#define FWCTL_SHOW_H

#include "state.h"

#include <jansson.h>

/* "generation 12 from 11: running since ..., by ann@admin" */
void show_rollout(const struct fleet_state *s);
/* A line for each ring. */
void show_rings(const struct fleet_state *s);
/* Hosts that are worse, lag, or are left out, and why; all with @all. */
void show_hosts(const struct fleet_state *s, bool all);

/* The same as objects, printed. 0 or -EIO. */
int show_json(const struct fleet_state *s, bool all);
json_t *show_rollout_json(const struct fleet_state *s);

/* The present step in one line: "ring first: 2 of 3 hosts have confirmed". */
void show_step(const struct fleet_state *s, char *out, size_t size);

#endif

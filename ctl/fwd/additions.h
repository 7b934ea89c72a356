/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Addresses that packets add to sets, by rules with `add` or `update`. The programs send them through the ring; here they wait, up
 * to a bound, until one transaction adds many of them. It is written down, but not waited for until it is on disk.
 */
#ifndef FWD_ADDITIONS_H
#define FWD_ADDITIONS_H

#include "ctl/fwd/fwd.h"

#include "fw/table/event.h"

#include <jansson.h>

/* 0 or -ENOMEM. */
int additions_open(struct fwd *d);
void additions_close(struct fwd *d); /* fine if it was not opened */
/* An event of kind FW_EVENT_ADD. */
void additions_take(struct fwd *d, const struct fw_event *event);
/* Called in each round. Return: seconds until the next call at the latest. */
double additions_round(struct fwd *d, double now);
/* The object `additions` of the status. */
json_t *additions_json(const struct fwd *d);

#endif

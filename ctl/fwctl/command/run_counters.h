/* SPDX-License-Identifier: GPL-2.0-only */
/* The counters of fwctl run, shown by counter_view. */
#ifndef FWCTL_RUN_COUNTERS_H
#define FWCTL_RUN_COUNTERS_H

#include "fw/kern.h"
#include "fw/rule.h"

struct counters;

/* Counts from now. @rs, @k: borrowed. @json: JSON instead of text. Return: 0 or -ENOMEM. */
int counters_new(const struct fw_ruleset *rs, const struct fw_kern *k, bool json, struct counters **out);
void counters_free(struct counters *c); /* NULL is fine */
/* Reads the counters and shows how they moved since the last time. @title: of the table. */
void counters_show(struct counters *c, const char *title);
/* Reads the counters and shows the totals of all rules and policies that decided on a packet. */
void counters_total(struct counters *c);

#endif

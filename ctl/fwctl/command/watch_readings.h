/* SPDX-License-Identifier: GPL-2.0-only */
/* Readings of fwd's counters: how far each rule and policy moved since the last one. */
#ifndef FWCTL_WATCH_READINGS_H
#define FWCTL_WATCH_READINGS_H

#include "ctl/fwctl/output/counter_view.h"

/* A rule's counter at the last reading. */
struct reading {
	uint64_t id; /* 0: unused */
	struct fw_count count;
};

struct readings {
	struct counter_view view;
	bool first;            /* none was complete yet: what was counted before is no movement */
	struct reading *by_id; /* open addressing, at most half full */
	size_t n, size;        /* used; a power of two, or 0 */
	struct fw_count reasons[FW_NREASONS][FW_NVERDICTS];
	json_t *kept[COUNTER_VIEW_TOP + 1]; /* rules that the view holds, and one more while it decides */
	size_t nkept;
};

/* As counter_view_init(). Free with readings_free(). */
void readings_init(struct readings *r, bool json);
void readings_free(struct readings *r);
/* A reading begins. */
void readings_begin(struct readings *r);
/* A rule or a policy of it; `line` of struct ctl_request, @ctx being struct readings. Return: 0 or -ENOMEM. */
int readings_line(void *ctx, json_t *o);

#endif

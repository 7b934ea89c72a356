/* SPDX-License-Identifier: GPL-2.0-only */
/* Any number of timers on one timerfd, in a heap by time. */
#ifndef FW_LIB_FLEET_TIMER_H
#define FW_LIB_FLEET_TIMER_H

#include "fw/fleet/http.h"

struct fw_timers {
	struct fw_loop *loop;
	struct fw_loop_source source;
	struct fw_timer **heap; /* the first rings first; the place of heap[i] is i + 1 */
	size_t n, cap;
	double armed; /* when the timerfd is set to ring; 0: it is not */
};

/* 0 or -errno. The loop outlives it. */
int fw_timers_open(struct fw_timers *t, struct fw_loop *loop);
void fw_timers_close(struct fw_timers *t);
int fw_timers_set(struct fw_timers *t, struct fw_timer *timer, double seconds);
void fw_timers_stop(struct fw_timers *t, struct fw_timer *timer);

#endif

/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Traffic that goes on whatever happens to the daemon: flows that always pass
 * and flows that never do. Every frame has a number; a batch is over when the
 * last of its frames has come out, and what came out must be exactly what
 * should, in order.
 */
#ifndef FW_KILLS_TRAFFIC_H
#define FW_KILLS_TRAFFIC_H

#include "fw/text.h"

enum flow {
	FLOW_STAY,
	FLOW_CARRY,
	FLOW_CARRY6,
	FLOW_GATE,
	FLOW_BLOCK,
	FLOW_WALL,
	FLOW_POLICY,
	FLOW_CUT,
	FLOW_ONCE,
	NFLOWS
};

struct flow_info {
	const char *packet; /* as fw_text_frame() reads it */
	const char *rule;   /* that decides; NULL: a policy */
	const char *policy;
	bool passes, cut;
};
extern const struct flow_info flow_info[NFLOWS];

/* Frames from @from to @to, names of interfaces. */
void traffic_start(const char *from, const char *to);
/* Back when all that was sent has been filtered; nothing is sent until traffic_resume(). Fails the test on a wrong packet. */
void traffic_pause(void);
void traffic_resume(void);
void traffic_stop(void);

/* While it pauses: */
uint64_t traffic_sent(enum flow flow);
uint32_t traffic_bytes(enum flow flow); /* of one frame */
bool traffic_has(enum flow flow);
void traffic_switch(enum flow flow, bool on);
/* After traffic_stop(): does one more frame come out? */
bool traffic_gets_through(enum flow flow);

#endif

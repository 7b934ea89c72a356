/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Traffic that continues whatever happens to the daemon: flows that always pass
 * and flows that never do. Every frame has a number; a batch ends when its last
 * frame has arrived, and exactly the frames that should pass must arrive, in order.
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
	const char *packet; /* for fw_text_frame() */
	const char *rule;   /* that matches; NULL: a policy decides */
	const char *policy;
	bool passes, cut;
};
extern const struct flow_info flow_info[NFLOWS];

/* Sends frames from interface @from to interface @to. */
void traffic_start(const char *from, const char *to);
/* Waits until everything that was sent has been filtered, and sends nothing until traffic_resume(). Fails the test on an error. */
void traffic_pause(void);
void traffic_resume(void);
void traffic_stop(void);

/* While it pauses: */
uint64_t traffic_sent(enum flow flow);
uint32_t traffic_bytes(enum flow flow); /* of one frame */
bool traffic_has(enum flow flow);
void traffic_switch(enum flow flow, bool on);
/* After traffic_stop(): does another frame pass? */
bool traffic_gets_through(enum flow flow);

#endif

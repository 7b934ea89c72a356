/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Leading rollouts: one of a fleet's candidates holds the key `leader` by its lease, looks at the reports while a rollout is under way,
 * and takes its steps (fw/fleet/promote.h). Each step is one transaction, which fails if the leader, the rollout or the rings are not
 * those that it was decided with any more. So a leader can die at any point, and two that believe to lead do no harm.
 *
 * A candidate watches three keys, and reads reports only while it leads and a rollout is under way. A few candidates are enough.
 */
#ifndef FW_FLEET_LEAD_H
#define FW_FLEET_LEAD_H

#include "fw/fleet/etcd.h"
#include "fw/fleet/rings.h"

#define FW_LEAD_LEASE 15 /* seconds after which another candidate takes over */

/* All is borrowed until fw_lead_close(). */
struct fw_lead_setup {
	struct fw_http *http;
	struct fw_etcd *etcd;
	const char *fleet;
	const char *by;      /* whom others see as the leader: fw-agent@web-1 */
	double (*now)(void); /* seconds on a clock that does not jump: fw_now() */
	/* Leads now, or does not any more; a step was taken; why one was not. A line for the log. May be NULL. */
	void (*log)(void *ctx, const char *line);
	/* The rollout is another one, also by others. @rollout NULL: there is none. May be NULL. */
	void (*changed)(void *ctx, const struct fw_rollout *rollout);
	void *ctx;
};

struct fw_lead;
/* Becomes a candidate. 0 or -ENOMEM. */
int fw_lead_open(const struct fw_lead_setup *setup, struct fw_lead **out);
bool fw_lead_leads(const struct fw_lead *l);
/* Gives the lead back, so that another candidate need not wait for the end of the lease. done() is called once, perhaps much later. */
void fw_lead_resign(struct fw_lead *l, void (*done)(void *ctx), void *ctx);
/* Without having resigned, it leaves the lease to its end. NULL is fine. */
void fw_lead_close(struct fw_lead *l);

/* The value of the key `leader`: {"by":"NAME"}. 0 or -EPROTO. */
#define FW_LEADER_NAME 320
int fw_leader_parse(const char *text, size_t len, char by[FW_LEADER_NAME]);
void fw_leader_print(struct fw_buf *b, const char *by);

#endif

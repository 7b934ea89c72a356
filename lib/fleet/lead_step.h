/* SPDX-License-Identifier: GPL-2.0-only */
/* The steps of the rollout that a leader takes: it reads the reports, asks fw_promote(), and writes what changed. */
#ifndef FW_LIB_FLEET_LEAD_STEP_H
#define FW_LIB_FLEET_LEAD_STEP_H

#include "fw/fleet/lead.h"

struct lead_step {
	const struct fw_lead_setup *setup;
	uint64_t leader; /* revision at which the key `leader` became ours; 0: we do not lead */
	struct fw_rings rings;
	uint64_t rings_modified;
	struct fw_rollout rollout;
	uint64_t rollout_modified; /* 0: there is none */
	/* What is being written; @next_text empty: nothing is. */
	struct fw_rollout next;
	struct fw_buf next_text;
	bool reading;
	double read_at, read_took; /* seconds */
	unsigned unreadable;       /* reports of the last reading */
	double clock;              /* setup->now() when the leader took over, and the time of day then */
	uint64_t day;
};

/* A line for the log. */
void lead_log(const struct fw_lead_setup *setup, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

void lead_step_rings(struct lead_step *s, const struct fw_etcd_pair *pair);
void lead_step_rollout(struct lead_step *s, const struct fw_etcd_pair *pair);
/* We lead from now on; 0: no longer. */
void lead_step_leads(struct lead_step *s, uint64_t leader);
/* Is a rollout under way? */
bool lead_step_active(const struct lead_step *s);
/* Reads the reports if it is time, and takes a step if there is one to take. */
void lead_step_poll(struct lead_step *s);
void lead_step_free(struct lead_step *s);

#endif

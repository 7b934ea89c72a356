/* SPDX-License-Identifier: GPL-2.0-only */
/* A connection with a fleet's etcd, in which a command reads all and changes something. Each function prints why it failed. */
#ifndef FWCTL_SESSION_H
#define FWCTL_SESSION_H

#include "state.h"
#include "ctl/fwctl/command_line/command.h"

#include "fw/fleet/connect.h"

struct session {
	struct fw_fleet_config config;
	const char *path; /* of the configuration file */
	struct fw_fleet_access access;
	struct fw_loop loop;
	struct fw_http *http;
	struct fw_etcd *etcd;
	char by[FW_LEADER_NAME]; /* who runs this: user@host */
	bool patient;            /* what etcd does not answer is not printed as an error */
	/* Of the operation that is waited for. */
	int err;
	char why[400];
	struct fleet_state *reads;
};

/* @s stays in place, and is to be closed in any case. 0 or -errno. */
int session_open(const struct ctl_settings *settings, struct session *s);
void session_close(struct session *s);

/* Reads all that the fleet keeps in etcd, as of one moment. @out: fleet_state_free() it. 0 or -errno; @out is untouched then. */
int session_read(struct session *s, struct fleet_state *out);
/* Finds out which hosts of the ring that is being moved on are silent: state->silent. What etcd has forgotten is no error. */
void session_find_silent(struct session *s, struct fleet_state *state);

/* What a command writes, in one transaction; changes of heads that are none are left out. */
struct change {
	const struct session *session;
	const struct fleet_state *state; /* that it was decided with */
	struct fw_etcd_put puts[2 * FW_RINGS_MAX + 2];
	unsigned n;
	struct fw_region memory; /* of keys and values */
	bool failed;             /* out of memory */
};
void change_rollout(struct change *c, const struct fw_rollout *r);
void change_rings(struct change *c, const struct fw_rings *r);
/* @head: number 0: there is none. */
void change_head(struct change *c, const char *ring, const struct fw_generation *head);
/* 0; -ECANCELED, which is not printed: somebody else has changed rollout or rings meanwhile; -errno. Frees @c. */
int session_write(struct session *s, struct change *c);

#endif

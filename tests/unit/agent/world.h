/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What is around an agent, for its tests: a fwd, probes, a folder, a web server and etcd, in this process and on a clock that only
 * world_run() moves. Takes the place of fw/fleet/http.h and fw/fleet/etcd.h when it is linked. Everything can fail, and the agent can
 * be killed at any write. It watches that the agent never breaks its promises.
 */
#ifndef FW_TEST_AGENT_WORLD_H
#define FW_TEST_AGENT_WORLD_H

#include "ctl/agent/agent.h"

#include "fw/fleet/manifest.h"
#include "fw/random.h"

#define WORLD_GENERATIONS 16 /* from 1; each is the parent of the next */
#define WORLD_ADMIN 1000     /* the ruleset of an administrator */
#define WORLD_MIXED 1001     /* a delta on top of another ruleset than its parent's */

struct world_artifact {
	char *text; /* the manifest's */
	size_t len;
	struct fw_generation name;
	void *snapshot, *delta; /* compressed; generation 1 has no delta */
	struct fw_object about, about_delta;
	bool bad;     /* the host is cut off with it */
	bool refused; /* fwd does */
	bool drops;   /* most packets are dropped with it */
};

struct world {
	struct fw_random random;
	struct fw_secret_key secret;
	struct fw_public_keys keys;
	struct world_artifact artifact[WORLD_GENERATIONS + 1];
	bool some_bad;
	unsigned head; /* in etcd, and the file head; 0: none */

	/* What does not work now. */
	bool web_down, web_damaged, etcd_down, fwd_down, disk_full;
	unsigned web_cut; /* that many objects are sent without their end */
	bool target_down; /* of the probes, whatever fwd filters */
	bool fwd_dies;    /* during the next request: half of the times it was done */
	bool kills;       /* at a write of a file, once kill_at is 0 */
	unsigned kill_at;

	/* fwd. */
	unsigned live;
	double started;
	uint64_t version;
	unsigned before; /* what undoes it, if something waits */
	char waiting[80], undone[80];
	double deadline;
	uint64_t packets, dropped, memory;
	unsigned loads, changes; /* that were done */
	unsigned top;            /* the highest that was ever loaded */
	unsigned puts;           /* of the report in etcd */

	/* The agent. */
	struct fw_fleet_config config;
	struct agent *agent;
	bool killed;
	bool has_etcd;
};

void world_open(struct world *w, uint64_t seed, bool etcd);
void world_close(struct world *w);
/* Starts the agent; if it runs, kills it first. */
void world_start_agent(struct world *w);
void world_kill_agent(struct world *w);
/* Lets time pass. */
void world_run(struct world *w, double seconds);
/* The head names another generation. */
void world_head(struct world *w, unsigned generation);
/* Signs a generation's manifest anew: with another key, or of another fleet. */
void world_sign(struct world *w, unsigned generation, const struct fw_secret_key *key, const char *fleet);
/* Somebody else changes the ruleset, or elements of a dynamic set; fwd is started again. */
void world_admin(struct world *w, unsigned live);
void world_ban(struct world *w);
void world_restart_fwd(struct world *w);
void world_etcd(struct world *w, bool up);
/* The agent's files. NULL: there is none. */
const char *world_file(struct world *w, const char *name);
void world_remove_files(struct world *w);
void world_damage_file(struct world *w, const char *name);
/* The host's report in etcd; false: there is none. */
bool world_report(struct world *w, struct fw_report *out);
const struct fw_report *world_status(struct world *w);

#endif

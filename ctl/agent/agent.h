/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * An agent: keeps the ruleset of one host what its fleet wants it to be. Everything that it needs is passed to it, and there is no
 * global state, so a process can run thousands on one loop.
 */
#ifndef AGENT_H
#define AGENT_H

#include "local.h"

#include "fw/fleet/config.h"
#include "fw/fleet/etcd.h"
#include "fw/fleet/rings.h"

/* What can go wrong, counted by kind. X(symbol, word) */
#define AGENT_ERRORS(X)         \
	X(ETCD, "etcd")         \
	X(FETCH, "fetch")       \
	X(MANIFEST, "manifest") \
	X(OBJECT, "object")     \
	X(MEMORY, "memory")     \
	X(RULES, "rules")       \
	X(FWD, "fwd")           \
	X(PROBE, "probe")       \
	X(DISK, "disk")
enum agent_error {
#define AGENT_ERROR(sym, word) AGENT_ERROR_##sym,
	AGENT_ERRORS(AGENT_ERROR)
#undef AGENT_ERROR
		AGENT_NERRORS
};
extern const char *const agent_error_names[AGENT_NERRORS];

/* What the agent does, and what runs on its host. */
struct agent_status {
	struct fw_report report;        /* as it is in etcd, or would be */
	struct fw_generation confirmed; /* the last that was; 0: none */
	bool connected;                 /* to etcd, or the last poll of head succeeded */
	double heard;                   /* when that was last so, by the agent's clock; 0: never */
	uint64_t errors[AGENT_NERRORS];
};

/* All is borrowed until agent_close(). */
struct agent_setup {
	const struct fw_fleet_config *config;
	const char *host;
	const struct fw_public_keys *keys;
	struct fw_http *http;
	struct fw_etcd *etcd; /* NULL: head is polled */
	struct local *local;
	struct probes *probes;
	struct folder *folder;
	double (*now)(void); /* seconds on a clock that does not jump: fw_now() */
	/* The status is another one. May be NULL. */
	void (*changed)(void *ctx);
	/* A line for the log. May be NULL. */
	void (*log)(void *ctx, const char *line);
	void *ctx;
};

struct agent;
/* Starts: asks fwd, then follows its fleet. 0 or -ENOMEM. */
int agent_open(const struct agent_setup *setup, struct agent **out);
/* Leaves fwd as it is. The report in etcd goes with its lease. NULL is fine. */
void agent_close(struct agent *a);
/* Tries the wanted generation again, even if it has failed. */
void agent_retry(struct agent *a);
const struct agent_status *agent_status(const struct agent *a);

#endif

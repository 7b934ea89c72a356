/* SPDX-License-Identifier: GPL-2.0-only */
/* The daemon as a whole: what its parts share, each of which keeps its state in a struct of its own. */
#ifndef FWD_FWD_H
#define FWD_FWD_H

#include "fw/loop.h"
#include "ctl/fwd/base/shares.h"
#include "ctl/fwd/config.h"
#include "ctl/fwd/connections/listen.h"
#include "ctl/fwd/engine/cursor.h"
#include "ctl/fwd/engine/engine.h"

/* What was last reported to the service manager (daemon.c). */
struct service_state {
	double watchdog; /* seconds between two signs of life; 0: none are asked for */
	double alive;    /* when the last one was given, on the clock of fw_now() */
	double told_at;  /* the same, of the status */
	size_t nrules;   /* in that status */
	uint32_t generation;
};

/* What was logged lately of one kind (history.c). */
struct history {
	double since; /* when the second began, on the clock of fw_now() */
	unsigned lines;
	uint64_t left_out;
};

/* The file of the setting `rules` (rules_file.c). */
struct rules_file {
	enum rules_file_state { RULES_FILE_UNKNOWN, RULES_FILE_SAME, RULES_FILE_DIFFERS } state;
	uint32_t generation;   /* of the ruleset that it was compared with */
	char why[320];         /* UNKNOWN: the reason; empty: it was not compared yet */
	bool waits;            /* to be loaded when the engine is not busy any more */
	struct record_who who; /* asked for that */
};

/* The socket, its connections and what they wait for (connections/). */
struct server {
	struct listener listener;
	struct fw_loop_source accepting;
	double accept_again; /* descriptors ran out: when to try again; 0: they did not */
	gid_t admins;
	struct connection *connections, *dead;
	unsigned nconnections;
	struct shares shares;
	struct connection *waiting;      /* for the engine: root's, then others', oldest first */
	struct connection *waiting_long; /* for a place among the long replies */
	bool woken;                      /* a reply has got something to send, see request_wake() */
	struct child *children;
	uint64_t forks;                  /* since the start */
	double fork_after[SHARE_NRANKS]; /* when the next child may be forked */
};

struct fwd {
	struct config config;
	uid_t owner;    /* of the ruleset (owner.c); (uid_t)-1: there is no such user */
	double started; /* on the clock of fw_now() */
	double born;    /* the same moment, in seconds since the epoch */
	struct fw_loop loop;
	double tick; /* seconds that the loop sleeps at most */
	struct fw_loop_source signals;
	struct service_state service;

	struct engine *engine;
	struct fw_loop_source work;       /* the engine's */
	bool pins_private;                /* what is pinned is lost with the mount namespace of this process */
	const struct fw_ruleset *ruleset; /* as of the last look: when the engine's is another one, cursors are void */
	struct cursors cursors;           /* of replies that list rules */
	unsigned needs;                   /* what the ruleset asks of attachments, as of the last look */
	double looked;                    /* when the store's files were, on the clock of fw_now() */
	int store_trouble;                /* -errno, as it was logged last */
	int closed_err;                   /* the same, of closed.c */
	struct fw_loop_source tracking;   /* changes of nftables' tables, once the ruleset has named `state` */
	int tracking_err;                 /* the same, of tracking.c */

	struct history history[RECORD_NRINGS];
	struct rules_file rules_file;
	struct server server;
	struct packet_log *packet_log;
	struct additions *additions;
	struct tracked *tracked; /* NULL: no rule asks for connections */
	struct devices *devices;
	struct fw_loop_source interfaces; /* of the devices */
	uint64_t attach_failures;
};

/* Call it after everything that may have changed the ruleset or replaced it. */
void fwd_ruleset_changed(struct fwd *d);

#endif

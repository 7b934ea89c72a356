/* SPDX-License-Identifier: GPL-2.0-only */
/* The daemon as a whole: what its parts share. */
#ifndef FWD_FWD_H
#define FWD_FWD_H

#include "ctl/fwd/config.h"
#include "ctl/fwd/engine/cursor.h"
#include "ctl/fwd/engine/engine.h"
#include "ctl/fwd/connections/listen.h"
#include "ctl/fwd/base/loop.h"
#include "ctl/fwd/connections/shares.h"

/* What the service manager shows. */
struct told {
	double at;
	size_t nrules;
	uint32_t generation;
};

/* What was told lately of one kind. */
struct history {
	double since; /* on the clock of fw_now(): when the second began */
	unsigned lines;
	uint64_t left_out;
};

/* Of the file of the setting `rules`, as it was looked at last. */
struct rules_file {
	enum rules_file_state { RULES_FILE_UNKNOWN, RULES_FILE_SAME, RULES_FILE_DIFFERS } state;
	uint32_t generation;   /* of the ruleset that it was compared with */
	char why[320];         /* UNKNOWN: the reason; empty: it was not looked at yet */
	bool waits;            /* it is to be loaded when the engine is not busy any more */
	struct record_who who; /* asked for that */
};

struct fwd {
	struct config config;
	double started; /* on the clock of fw_now() */
	double born;    /* the same, in seconds since the epoch */
	struct loop loop;
	double tick; /* seconds that the loop sleeps at most */
	struct engine *engine;
	bool pins_private;  /* what is pinned goes with the mount namespace that this process is in */
	struct source work; /* of the engine */
	struct source signals;
	double watchdog; /* seconds between two signs of life to the service manager; 0: none */
	double alive;    /* when the last one was given */
	struct told told;
	double looked;                         /* when the store's files were, on the same clock */
	int store_trouble;                     /* -errno, as it was told last */
	int closed_err;                        /* closed.c: as it was told last */
	struct history history[RECORD_NRINGS]; /* history.c */
	struct rules_file rules_file;          /* rules_file.c */

	/* server.c */
	struct listener listener;
	struct source accepting;
	double accept_again; /* descriptors ran out: when to try again; 0: they did not */
	gid_t admins;
	struct client *clients, *dead;
	unsigned nclients;
	struct shares shares;
	struct client *waiting; /* requests that wait for a load to be over: root's, then others', oldest first */

	/* forked.c */
	struct child *children;
	uint64_t forks;                  /* since the start */
	struct client *waiting_long;     /* requests whose replies wait for a place */
	double fork_after[SHARE_NRANKS]; /* when the next one may be */

	/* cursor.c */
	struct cursors cursors;
	const struct fw_ruleset *ruleset; /* as of the last look: when the engine's is another one, cursors are void */
	unsigned needs;                   /* what it asks of attachments, as of the last look */

	/* devices.c */
	struct devices *devices;
	struct source links;
	uint64_t attach_failures;
};

/* After everything that may have changed the ruleset or put another one in its place. */
void fwd_ruleset_changed(struct fwd *d);

#endif

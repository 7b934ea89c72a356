/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The log of packets. fwd alone reads the ring of events, in steps of bounded work: at intervals of some milliseconds while
 * events arrive, and else when the kernel reports the first one. What it reads is kept for a while, for the request `log`, and
 * goes to the journal if the settings say so.
 */
#ifndef FWD_PACKET_LOG_H
#define FWD_PACKET_LOG_H

#include "ctl/fwd/fwd.h"
#include "ctl/fwd/log/kept.h"

#include <jansson.h>

struct packet_log {
	struct fw_loop *loop;
	struct fw_loop_source source;
	struct kept kept;
	bool reading;         /* at intervals; else the source tells when there is something */
	double read_at;       /* when it was last read, on the clock of fw_now() */
	double idle_since;    /* since when nothing was found */
	double counted;       /* when losses were last looked at */
	int64_t realtime;     /* CLOCK_REALTIME - CLOCK_MONOTONIC at the last read, nanoseconds */
	double journal_since; /* when the second began */
	unsigned journal_lines;
	uint64_t journal_left_out; /* since the last report; since the start: */
	uint64_t journal_left_out_all;
};

/* Opens the log of d->packet_log. 0 or -errno. */
int packet_log_open(struct fwd *d);
void packet_log_close(struct fwd *d); /* fine if it was not opened */
/* Called in each round, before connections are served. Return: seconds until the next call at the latest. */
double packet_log_round(struct fwd *d, double now);
/* Reads all that was written so far: before rules change, which their events refer to by slot. */
void packet_log_catch_up(struct fwd *d);
/* For status: what was written, lost and kept. */
json_t *packet_log_json(const struct fwd *d);

#endif

/* SPDX-License-Identifier: GPL-2.0-only */
/* What was done, for the journal, or for standard error where there is none. The store keeps it too, see engine_record(). */
#ifndef FWD_HISTORY_H
#define FWD_HISTORY_H

#include "ctl/fwd/fwd.h"

/* For engine_options.record; @ctx is the daemon. Return: false for a refusal beyond what is kept of one second. */
bool history_record(const struct record *r, void *ctx);
/* Logs how many entries of the last second were left out. Call it after each round. */
void history_tick(struct fwd *d, double now);
/* Something that was done or refused outside of the engine. */
struct history_event {
	enum record_action action;
	struct record_who who;
	const char *what;
	bool refused;
	const char *why; /* NULL: none to give */
};
void history_say(struct fwd *d, const struct history_event *e);

#endif

/* SPDX-License-Identifier: GPL-2.0-only */
/* What was done: to the journal, or to standard error where there is none. The store keeps it, see engine_record(). */
#ifndef FWD_HISTORY_H
#define FWD_HISTORY_H

#include "ctl/fwd/fwd.h"

/* For engine_options; @ctx is the daemon. */
bool history_record(const struct record *r, void *ctx);
/* From time to time: says how many entries were left out because there were too many in a second. */
void history_tick(struct fwd *d, double now);
/* Something that the engine does not know of. */
struct history_event {
	enum record_action action;
	struct record_who who;
	const char *what;
	bool refused;
	const char *why; /* NULL: none to give */
};
void history_say(struct fwd *d, const struct history_event *e);

#endif

/* SPDX-License-Identifier: GPL-2.0-only */
/* What waits to be confirmed, and how it is undone: see engine_confirm.c, engine_undo.c and engine_decide.c. */
#ifndef FWD_ENGINE_CONFIRM_H
#define FWD_ENGINE_CONFIRM_H

#include "loaded.h"

/* What waits to be confirmed. */
struct confirm {
	int64_t by;             /* seconds since the epoch; 0: nothing waits */
	unsigned seconds;       /* that it was given */
	uint32_t uid;           /* who has begun it; UINT32_MAX: not known */
	char what[RECORD_WHAT]; /* as somebody would say it: "load FILE" */
	size_t rules;           /* that there are with it */
	bool outside;           /* it is not of the ruleset: see engine_outside() */
	bool undoing;           /* it is being undone */
	char error[160];        /* why that did not work yet; empty: it was not tried */
	struct record_who undoer;
	uint32_t *slots; /* of rules that it removed, kept for the case that it is undone */
	size_t nslots;
	int timer;
};

/* engine_confirm.c */
/* Before a load or a change that waits is committed: writes down until when. @rules: how many there are with it. */
int confirm_prepare(struct engine *e, const struct engine_cause *w, size_t rules, struct fw_diags *ds);
/* Once it is live. Takes @slots, of the rules that it removed. */
void confirm_begin(struct engine *e, const struct engine_cause *w, size_t rules, uint32_t *slots, size_t nslots);
/* It began in a process before, and has @left seconds left. */
void confirm_resume(struct engine *e, int64_t left);
/* Nothing waits any more. */
void confirm_end(struct engine *e);
void confirm_timer(struct engine *e, int64_t seconds);
/* Why there is nothing to confirm or to undo, as @done says: -ENOENT with a diagnostic. */
int confirm_nothing_waits(const struct engine *e, const char *done, struct fw_diags *ds);
/* The seconds that the store says are left; a damaged or missing setting: none. 0 or -errno. */
int confirm_read_deadline(struct engine *e, int64_t *left);
/* What engine_outside_begin() wrote down: free() it. -ENOENT: nothing. */
int confirm_before(struct engine *e, char **out);
/* "not confirmed within 60 s" */
void confirm_late(const struct engine *e, char *out, size_t size);
/* For the status: what waited was undone. @restored: how many rules there are then, -1: not yet known. */
void undone_note(struct engine *e, int64_t restored, const char *why);
/* What a process before noted. */
void undone_read(struct engine *e);
/* Something was confirmed since. */
void undone_forget(struct engine *e);

/* engine_undo.c */
/* The store goes back. @rs: what goes, whose dynamic sets are carried over to what comes back; NULL: they are not. */
int store_back(struct engine *e, const struct fw_ruleset *rs, struct fw_diags *ds);
/*
 * Slots that are free in @next, which takes the place of @of, but may still be counted in, are held there and come back in @slots;
 * @of NULL: all that are free. 0 or -ENOMEM.
 */
int slots_hold(struct engine *e, struct loaded *next, const struct fw_ruleset *of, uint32_t **slots, size_t *nslots);
/* Takes back what waits: 0 when it is done or begun; -errno with a diagnostic: it is tried again. */
int undo_start(struct engine *e, const struct record_who *who, const char *why, struct fw_diags *ds);

/* engine_decide.c */
/* Before the store is read: undoes what waited, if its time is over. 0, -errno with a diagnostic. */
int confirm_open(struct engine *e, struct fw_diags *ds);
/* Once the stored ruleset is live. */
void confirm_opened(struct engine *e);
/* When the timer has run out, undoes what waits. */
void confirm_work(struct engine *e);

#endif

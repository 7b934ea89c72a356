/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The event loop: descriptors, and what is done when they are ready. One thread.
 *
 * Two kinds of sources: those that everybody waits for (changes, confirmations,
 * interfaces, signals), all of which each round serves, and patient ones
 * (readers), of which a round serves a single one, so that none of the others
 * waits longer than one step of one reader takes. How long the longest rounds
 * took is kept, with what took longest in them.
 */
#ifndef FWD_LOOP_H
#define FWD_LOOP_H

#include "fw/base.h"

#include <sys/epoll.h>

/* Part of what owns the descriptor. */
struct source {
	int fd;
	uint32_t events;  /* that are asked for */
	const char *name; /* what it is, for the time that it takes */
	bool patient;     /* see loop_patient() */
	void (*ready)(struct source *s, uint32_t events);
};

/* A time in which the loop looked at no source. */
struct stretch {
	double seconds;
	const char *what; /* that took most of it, a constant string; NULL: there was none yet */
};

#define LOOP_MINUTES 10

struct loop {
	int fd;
	int patient; /* epoll of the patient sources, itself a source of @fd */
	bool end;    /* set by a source: no further round */
	/* After each round, and at least once in @tick seconds: what waits for time or for others. */
	void (*round)(struct loop *l);
	double tick;
	const char *doing;                   /* what the source that is ready does */
	struct stretch longest;              /* since the start */
	int64_t most_work;                   /* of one step, as work.h counts it */
	struct stretch recent[LOOP_MINUTES]; /* by minute */
	uint64_t minute;                     /* of the last of them */
};

/* 0 or -errno. */
int loop_open(struct loop *l);
void loop_close(struct loop *l);
/* 0 or -errno. The source must stay in place until it is removed. */
int loop_add(struct loop *l, struct source *s, uint32_t events);
void loop_want(struct loop *l, struct source *s, uint32_t events);
/* Whether others come first from now on. */
void loop_patient(struct loop *l, struct source *s, bool patient);
/* The source may be ready once more in the same round; only then may it be freed. */
void loop_remove(struct loop *l, struct source *s);
/* Until l->end. 0 or -errno. */
int loop_run(struct loop *l);
/* What is done now, a constant string: for whoever reads how long it took. */
void loop_doing(struct loop *l, const char *what);
/* A step has done so much (work.h). */
void loop_worked(struct loop *l, int64_t work);
/* The longest of the last LOOP_MINUTES minutes. */
struct stretch loop_recent(const struct loop *l);

#endif

/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The event loop: descriptors, and what is done when they are ready. One thread.
 * How long the longest rounds took is kept, with what took longest in them.
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
	bool end; /* set by a source: no further round */
	/* After each round, and at least once in @tick seconds: what waits for time or for others. */
	void (*round)(struct loop *l);
	double tick;
	const char *doing;                   /* what the source that is ready does */
	double since;                        /* when this part of the round began */
	struct stretch part;                 /* the longest part of the round */
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
/* The source may be ready once more in the same round; only then may it be freed. */
void loop_remove(struct loop *l, struct source *s);
/* Until l->end. 0 or -errno. */
int loop_run(struct loop *l);
/* What is done now, a constant string: for whoever reads how long it took. */
void loop_doing(struct loop *l, const char *what);
/* A part of the round is over: the time since the one before was for what was said by loop_doing(). */
void loop_part(struct loop *l);
/* A step has done so much (work.h). */
void loop_worked(struct loop *l, int64_t work);
/* The longest of the last LOOP_MINUTES minutes. */
struct stretch loop_recent(const struct loop *l);

#endif

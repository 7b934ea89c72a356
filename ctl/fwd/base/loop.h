/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The event loop: descriptors, and what to do when they are ready. One thread. The loop remembers how long its longest rounds
 * took, and what took most of them.
 */
#ifndef FWD_LOOP_H
#define FWD_LOOP_H

#include "fw/base.h"

#include <sys/epoll.h>

/* A descriptor. Embedded in the struct of its owner. */
struct source {
	int fd;
	uint32_t events;  /* to wait for: EPOLLIN and so on */
	const char *name; /* for the report of what took long */
	void (*ready)(struct source *s, uint32_t events);
};

/* A time in which the loop looked at no other source. */
struct stretch {
	double seconds;
	const char *what; /* took most of it, a constant string; NULL: there was none yet */
};

#define LOOP_MINUTES 10

struct loop {
	int fd;
	bool end; /* set by a source to end the loop after this round */
	/* Called after each round, and at least every @tick seconds. */
	void (*round)(struct loop *l);
	double tick;
	const char *doing;                   /* what is being done now */
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
/* The source may still be called in this round: free it after that. */
void loop_remove(struct loop *l, struct source *s);
/* Runs until l->end is set. 0 or -errno. */
int loop_run(struct loop *l);
/* What is being done from now on, a constant string. */
void loop_doing(struct loop *l, const char *what);
/* A part of the round is over: the time since the last part goes to what loop_doing() named. */
void loop_part(struct loop *l);
/* A step has done this much work, as work.h counts it. */
void loop_worked(struct loop *l, int64_t work);
/* The longest of the last LOOP_MINUTES minutes. */
struct stretch loop_recent(const struct loop *l);

#endif

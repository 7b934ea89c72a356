/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The event loop of a program: descriptors, and what to do when they are ready. One thread. The loop remembers how long its
 * longest rounds took, and what took most of them.
 */
#ifndef FW_LOOP_H
#define FW_LOOP_H

#include "fw/base.h"

#include <sys/epoll.h>

/* A descriptor. Embedded in the struct of its owner. */
struct fw_loop_source {
	int fd;
	uint32_t events;  /* to wait for: EPOLLIN and so on */
	const char *name; /* for the report of what took long */
	void (*ready)(struct fw_loop_source *s, uint32_t events);
};

/* A time in which the loop looked at no other source. */
struct fw_stretch {
	double seconds;
	const char *what; /* took most of it, a constant string; NULL: there was none yet */
};

#define FW_LOOP_MINUTES 10

struct fw_loop {
	int fd;
	bool end; /* set by a source to end the loop after this round */
	/* Called after each round, and at least every @tick seconds; NULL: nothing is. */
	void (*round)(struct fw_loop *l);
	double tick;                               /* 0: rounds only when a source is ready */
	const char *doing;                         /* what is being done now */
	double since;                              /* when this part of the round began */
	struct fw_stretch part;                    /* the longest part of the round */
	struct fw_stretch longest;                 /* since the start */
	int64_t most_work;                         /* of one step, as work.h counts it */
	struct fw_stretch recent[FW_LOOP_MINUTES]; /* by minute */
	uint64_t minute;                           /* of the last of them */
};

/* 0 or -errno. */
int fw_loop_open(struct fw_loop *l);
void fw_loop_close(struct fw_loop *l);
/* 0 or -errno. The source must stay in place until it is removed. */
int fw_loop_add(struct fw_loop *l, struct fw_loop_source *s, uint32_t events);
void fw_loop_want(struct fw_loop *l, struct fw_loop_source *s, uint32_t events);
/* The source may still be called in this round: free it after that. */
void fw_loop_remove(struct fw_loop *l, struct fw_loop_source *s);
/* Runs until l->end is set. 0 or -errno. */
int fw_loop_run(struct fw_loop *l);
/* What is being done from now on, a constant string. */
void fw_loop_doing(struct fw_loop *l, const char *what);
/* A part of the round is over: the time since the last part goes to what fw_loop_doing() named. */
void fw_loop_part(struct fw_loop *l);
/* A step has done this much work, as work.h counts it. */
void fw_loop_worked(struct fw_loop *l, int64_t work);
/* The longest of the last FW_LOOP_MINUTES minutes. */
struct fw_stretch fw_loop_recent(const struct fw_loop *l);

#endif

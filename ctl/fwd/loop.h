/* SPDX-License-Identifier: GPL-2.0-only */
/* The event loop: descriptors, and what is done when they are ready. One thread. */
#ifndef FWD_LOOP_H
#define FWD_LOOP_H

#include "fw/base.h"

#include <sys/epoll.h>

/* Part of what owns the descriptor. */
struct source {
	int fd;
	uint32_t events; /* that are asked for */
	void (*ready)(struct source *s, uint32_t events);
};

struct loop {
	int fd;
	bool end; /* set by a source: no further round */
	/* After each round, and at least once in @tick seconds: what waits for time or for others. */
	void (*round)(struct loop *l);
	double tick;
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

#endif

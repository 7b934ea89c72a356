// SPDX-License-Identifier: GPL-2.0-only
/* epoll, level-triggered: a source that does only a part of its work is called again. */
#include "ctl/fwd/base/loop.h"

#include <string.h>
#include <unistd.h>

#define EVENTS 512 /* of one round */

int loop_open(struct loop *l)
{
	l->fd = epoll_create1(EPOLL_CLOEXEC);
	return l->fd < 0 ? -errno : 0;
}

void loop_close(struct loop *l)
{
	if (l->fd >= 0)
		close(l->fd);
	l->fd = -1;
}

int loop_add(struct loop *l, struct source *s, uint32_t events)
{
	struct epoll_event e = { .events = events, .data.ptr = s };

	s->events = events;
	return epoll_ctl(l->fd, EPOLL_CTL_ADD, s->fd, &e) ? -errno : 0;
}

void loop_want(struct loop *l, struct source *s, uint32_t events)
{
	struct epoll_event e = { .events = events, .data.ptr = s };

	if (s->events == events)
		return;
	s->events = events;
	epoll_ctl(l->fd, EPOLL_CTL_MOD, s->fd, &e);
}

void loop_remove(struct loop *l, struct source *s)
{
	epoll_ctl(l->fd, EPOLL_CTL_DEL, s->fd, NULL);
}

void loop_doing(struct loop *l, const char *what)
{
	l->doing = what;
}

void loop_worked(struct loop *l, int64_t work)
{
	if (work > l->most_work)
		l->most_work = work;
}

static void take_longer(struct stretch *kept, const struct stretch *s)
{
	if (s->seconds > kept->seconds)
		*kept = *s;
}

/* A round is over: in the minute's record, whose predecessors older than LOOP_MINUTES are cleared. */
static void note(struct loop *l, const struct stretch *s, double now)
{
	uint64_t minute = (uint64_t)now / 60;

	for (; l->minute < minute && minute - l->minute < LOOP_MINUTES; l->minute++)
		l->recent[(l->minute + 1) % LOOP_MINUTES] = (struct stretch){ 0 };
	if (l->minute < minute)
		memset(l->recent, 0, sizeof(l->recent));
	l->minute = minute;
	take_longer(&l->recent[minute % LOOP_MINUTES], s);
	take_longer(&l->longest, s);
}

struct stretch loop_recent(const struct loop *l)
{
	uint64_t minute = (uint64_t)fw_now() / 60;
	struct stretch longest = { 0 };

	for (uint64_t i = 0; i < LOOP_MINUTES && i <= l->minute; i++)
		if (minute - (l->minute - i) < LOOP_MINUTES)
			take_longer(&longest, &l->recent[(l->minute - i) % LOOP_MINUTES]);
	return longest;
}

void loop_part(struct loop *l)
{
	double now = fw_now();

	take_longer(&l->part, &(struct stretch){ now - l->since, l->doing });
	l->since = now;
}

/* One round: the sources that are ready, then l->round(). */
static void serve_all(struct loop *l, const struct epoll_event *events, int n)
{
	double start = fw_now();

	l->since = start;
	l->part = (struct stretch){ .what = "round" };
	for (int i = 0; i < n; i++) {
		struct source *s = events[i].data.ptr;

		l->doing = s->name;
		s->ready(s, events[i].events);
		loop_part(l);
	}
	l->doing = "round";
	l->round(l);
	loop_part(l);
	note(l, &(struct stretch){ l->since - start, l->part.what }, l->since);
}

int loop_run(struct loop *l)
{
	struct epoll_event events[EVENTS];

	while (!l->end) {
		int n = epoll_wait(l->fd, events, EVENTS, (int)(l->tick * 1000));

		if (n < 0 && errno != EINTR)
			return -errno;
		serve_all(l, events, n);
	}
	return 0;
}

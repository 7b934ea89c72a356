// SPDX-License-Identifier: GPL-2.0-only
/* epoll, level-triggered: a source that does only a part of its work is called again. */
#include "fw/loop.h"

#include <string.h>
#include <unistd.h>

#define EVENTS 512 /* of one round */

int fw_loop_open(struct fw_loop *l)
{
	l->fd = epoll_create1(EPOLL_CLOEXEC);
	return l->fd < 0 ? -errno : 0;
}

void fw_loop_close(struct fw_loop *l)
{
	if (l->fd >= 0)
		close(l->fd);
	l->fd = -1;
}

int fw_loop_add(struct fw_loop *l, struct fw_loop_source *s, uint32_t events)
{
	struct epoll_event e = { .events = events, .data.ptr = s };

	s->events = events;
	return epoll_ctl(l->fd, EPOLL_CTL_ADD, s->fd, &e) ? -errno : 0;
}

void fw_loop_want(struct fw_loop *l, struct fw_loop_source *s, uint32_t events)
{
	struct epoll_event e = { .events = events, .data.ptr = s };

	if (s->events == events)
		return;
	s->events = events;
	epoll_ctl(l->fd, EPOLL_CTL_MOD, s->fd, &e);
}

void fw_loop_remove(struct fw_loop *l, struct fw_loop_source *s)
{
	epoll_ctl(l->fd, EPOLL_CTL_DEL, s->fd, NULL);
}

void fw_loop_doing(struct fw_loop *l, const char *what)
{
	l->doing = what;
}

void fw_loop_worked(struct fw_loop *l, int64_t work)
{
	if (work > l->most_work)
		l->most_work = work;
}

static void take_longer(struct fw_stretch *kept, const struct fw_stretch *s)
{
	if (s->seconds > kept->seconds)
		*kept = *s;
}

/* A round is over: in the minute's record, whose predecessors older than FW_LOOP_MINUTES are cleared. */
static void note(struct fw_loop *l, const struct fw_stretch *s, double now)
{
	uint64_t minute = (uint64_t)now / 60;

	for (; l->minute < minute && minute - l->minute < FW_LOOP_MINUTES; l->minute++)
		l->recent[(l->minute + 1) % FW_LOOP_MINUTES] = (struct fw_stretch){ 0 };
	if (l->minute < minute)
		memset(l->recent, 0, sizeof(l->recent));
	l->minute = minute;
	take_longer(&l->recent[minute % FW_LOOP_MINUTES], s);
	take_longer(&l->longest, s);
}

struct fw_stretch fw_loop_recent(const struct fw_loop *l)
{
	uint64_t minute = (uint64_t)fw_now() / 60;
	struct fw_stretch longest = { 0 };

	for (uint64_t i = 0; i < FW_LOOP_MINUTES && i <= l->minute; i++)
		if (minute - (l->minute - i) < FW_LOOP_MINUTES)
			take_longer(&longest, &l->recent[(l->minute - i) % FW_LOOP_MINUTES]);
	return longest;
}

void fw_loop_part(struct fw_loop *l)
{
	double now = fw_now();

	take_longer(&l->part, &(struct fw_stretch){ now - l->since, l->doing });
	l->since = now;
}

/* One round: the sources that are ready, then l->round(). */
static void serve_all(struct fw_loop *l, const struct epoll_event *events, int n)
{
	double start = fw_now();

	l->since = start;
	l->part = (struct fw_stretch){ .what = "round" };
	for (int i = 0; i < n; i++) {
		struct fw_loop_source *s = events[i].data.ptr;

		l->doing = s->name;
		s->ready(s, events[i].events);
		fw_loop_part(l);
	}
	l->doing = "round";
	if (l->round)
		l->round(l);
	fw_loop_part(l);
	note(l, &(struct fw_stretch){ l->since - start, l->part.what }, l->since);
}

int fw_loop_run(struct fw_loop *l)
{
	struct epoll_event events[EVENTS];

	while (!l->end) {
		int n = epoll_wait(l->fd, events, EVENTS, l->tick > 0 ? (int)(l->tick * 1000) : -1);

		if (n < 0 && errno != EINTR)
			return -errno;
		serve_all(l, events, n);
	}
	return 0;
}

// SPDX-License-Identifier: GPL-2.0-only
/* epoll, level-triggered: a source that does only a part of its work comes around again. */
#include "ctl/fwd/loop.h"

#include <unistd.h>

#define EVENTS 64 /* of one round */

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

int loop_run(struct loop *l)
{
	struct epoll_event events[EVENTS];

	while (!l->end) {
		int n = epoll_wait(l->fd, events, EVENTS, (int)(l->tick * 1000));

		if (n < 0 && errno != EINTR)
			return -errno;
		for (int i = 0; i < n; i++) {
			struct source *s = events[i].data.ptr;

			s->ready(s, events[i].events);
		}
		l->round(l);
	}
	return 0;
}

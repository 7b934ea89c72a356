// SPDX-License-Identifier: GPL-2.0-only
/* epoll, level-triggered: a source that does only a part of its work comes around again, behind the others of its kind. */
#include "ctl/fwd/loop.h"

#include <string.h>
#include <unistd.h>

#define EVENTS 64 /* of one round */

int loop_open(struct loop *l)
{
	struct epoll_event e = { .events = EPOLLIN };

	l->fd = epoll_create1(EPOLL_CLOEXEC);
	l->patient = epoll_create1(EPOLL_CLOEXEC);
	if (l->fd < 0 || l->patient < 0 || epoll_ctl(l->fd, EPOLL_CTL_ADD, l->patient, &e))
		return -errno;
	return 0;
}

void loop_close(struct loop *l)
{
	if (l->fd >= 0)
		close(l->fd);
	if (l->patient >= 0)
		close(l->patient);
	l->fd = l->patient = -1;
}

static int set_of(const struct loop *l, bool patient)
{
	return patient ? l->patient : l->fd;
}

static int control(int set, int what, struct source *s)
{
	struct epoll_event e = { .events = s->events, .data.ptr = s };

	return epoll_ctl(set, what, s->fd, &e) ? -errno : 0;
}

int loop_add(struct loop *l, struct source *s, uint32_t events)
{
	s->events = events;
	return control(set_of(l, s->patient), EPOLL_CTL_ADD, s);
}

void loop_want(struct loop *l, struct source *s, uint32_t events)
{
	if (s->events == events)
		return;
	s->events = events;
	control(set_of(l, s->patient), EPOLL_CTL_MOD, s);
}

void loop_patient(struct loop *l, struct source *s, bool patient)
{
	/* Where memory is short it stays where it is. */
	if (s->patient == patient || control(set_of(l, patient), EPOLL_CTL_ADD, s))
		return;
	control(set_of(l, s->patient), EPOLL_CTL_DEL, s);
	s->patient = patient;
}

void loop_remove(struct loop *l, struct source *s)
{
	control(set_of(l, s->patient), EPOLL_CTL_DEL, s);
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

/* @most: what took longest of the round so far. Return: the time. */
static double serve(struct loop *l, const struct epoll_event *e, double since, struct stretch *most)
{
	struct source *s = e->data.ptr;
	double now;

	l->doing = s->name;
	s->ready(s, e->events);
	now = fw_now();
	take_longer(most, &(struct stretch){ now - since, l->doing });
	return now;
}

/* All that are ready, of the patient ones the first: it goes to the end of their queue. */
static void serve_all(struct loop *l, const struct epoll_event *events, int n)
{
	double start = fw_now(), now = start;
	struct stretch round = { .what = "round" };
	struct epoll_event one;
	bool patient = false;

	for (int i = 0; i < n; i++) {
		if (events[i].data.ptr)
			now = serve(l, &events[i], now, &round);
		else
			patient = true;
	}
	if (patient && epoll_wait(l->patient, &one, 1, 0) == 1)
		now = serve(l, &one, now, &round);
	l->doing = "round";
	l->round(l);
	take_longer(&round, &(struct stretch){ fw_now() - now, l->doing });
	now = fw_now();
	round.seconds = now - start;
	note(l, &round, now);
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

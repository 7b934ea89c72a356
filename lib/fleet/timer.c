// SPDX-License-Identifier: GPL-2.0-only
/* A binary heap; the timerfd is set to its first. */
#include "timer.h"

#include <sys/timerfd.h>
#include <unistd.h>

static void put(struct fw_timers *t, size_t i, struct fw_timer *timer)
{
	t->heap[i] = timer;
	timer->place = (unsigned)i + 1;
}

/* Moves a timer from @i, whose old timer is gone, up or down to where it belongs. */
static void settle(struct fw_timers *t, size_t i, struct fw_timer *timer)
{
	for (; i && t->heap[(i - 1) / 2]->at > timer->at; i = (i - 1) / 2)
		put(t, i, t->heap[(i - 1) / 2]);
	for (;;) {
		size_t child = 2 * i + 1;

		if (child + 1 < t->n && t->heap[child + 1]->at < t->heap[child]->at)
			child++;
		if (child >= t->n || t->heap[child]->at >= timer->at)
			break;
		put(t, i, t->heap[child]);
		i = child;
	}
	put(t, i, timer);
}

/* Only to an earlier time: ringing once in vain costs less than setting it each time that the first timer changes. */
static void arm(struct fw_timers *t)
{
	double at = t->n ? t->heap[0]->at : 0;
	struct itimerspec when = { 0 };

	if (!t->n || (t->armed > 0 && t->armed <= at))
		return;
	t->armed = at;
	when.it_value.tv_sec = (time_t)at;
	when.it_value.tv_nsec = (long)((at - (double)(time_t)at) * 1e9);
	timerfd_settime(t->source.fd, TFD_TIMER_ABSTIME, &when, NULL);
}

static void take(struct fw_timers *t, struct fw_timer *timer)
{
	size_t i = timer->place - 1;
	struct fw_timer *last = t->heap[--t->n];

	timer->place = 0;
	if (last != timer)
		settle(t, i, last);
}

/* Those that are set for 0 seconds by another one ring in the next round. */
static void ready(struct fw_loop_source *s, uint32_t events)
{
	struct fw_timers *t = (struct fw_timers *)((char *)s - offsetof(struct fw_timers, source));
	double now = fw_now();
	uint64_t times;

	if (read(s->fd, &times, sizeof(times)) < 0 && errno != EAGAIN)
		return;
	t->armed = 0;
	while (t->n && t->heap[0]->at <= now) {
		struct fw_timer *timer = t->heap[0];

		take(t, timer);
		timer->ring(timer);
	}
	arm(t);
}

int fw_timers_open(struct fw_timers *t, struct fw_loop *loop)
{
	int err;

	*t = (struct fw_timers){ .loop = loop, .source = { .name = "timers", .ready = ready } };
	t->source.fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (t->source.fd < 0)
		return -errno;
	err = fw_loop_add(loop, &t->source, EPOLLIN);
	if (err)
		close(t->source.fd);
	return err;
}

void fw_timers_close(struct fw_timers *t)
{
	fw_loop_remove(t->loop, &t->source);
	close(t->source.fd);
	free(t->heap);
}

int fw_timers_set(struct fw_timers *t, struct fw_timer *timer, double seconds)
{
	timer->at = fw_now() + (seconds > 0 ? seconds : 0);
	if (!timer->place) {
		if (fw_vec_grow(&t->heap, t->n, &t->cap, sizeof(*t->heap)))
			return -ENOMEM;
		t->n++;
		timer->place = (unsigned)t->n;
	}
	settle(t, timer->place - 1, timer);
	arm(t);
	return 0;
}

void fw_timers_stop(struct fw_timers *t, struct fw_timer *timer)
{
	if (!timer->place)
		return;
	take(t, timer);
	arm(t);
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * A thread that waits for grace periods in the kernel, one at a time. What they were for is freed by the owner's thread.
 */
#include "fw/live.h"

#include <pthread.h>

struct fw_live_waiter {
	struct fw_live *live;
	void (*wake)(void *ctx);
	void *ctx;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t turn;
	enum grace_state { GRACE_IDLE, GRACE_RUNS, GRACE_OVER } state; /* under the lock */
	bool quit;                                                     /* under the lock */
};

static void owner_wake(const struct fw_live_waiter *w)
{
	if (w->wake)
		w->wake(w->ctx);
}

/* Lets a grace period pass whenever the owner has begun one, and reports it. */
static void *waiter_run(void *arg)
{
	struct fw_live_waiter *w = arg;

	pthread_mutex_lock(&w->lock);
	while (!w->quit) {
		if (w->state != GRACE_RUNS) {
			pthread_cond_wait(&w->turn, &w->lock);
			continue;
		}
		pthread_mutex_unlock(&w->lock);
		while (fw_kern_grace(w->live->kern))
			; /* interrupted, or memory is short for a moment: nothing may be freed without it */
		pthread_mutex_lock(&w->lock);
		w->state = GRACE_OVER;
		pthread_cond_broadcast(&w->turn);
		owner_wake(w);
	}
	pthread_mutex_unlock(&w->lock);
	return NULL;
}

static void waiter_free(struct fw_live_waiter *w)
{
	pthread_cond_destroy(&w->turn);
	pthread_mutex_destroy(&w->lock);
	free(w);
}

int fw_live_waiter_start(struct fw_live *live, void (*wake)(void *ctx), void *ctx, struct fw_live_waiter **out)
{
	struct fw_live_waiter *w = calloc(1, sizeof(*w));
	int err;

	if (!w)
		return -ENOMEM;
	w->live = live;
	w->wake = wake;
	w->ctx = ctx;
	pthread_mutex_init(&w->lock, NULL);
	pthread_cond_init(&w->turn, NULL);
	err = -pthread_create(&w->thread, NULL, waiter_run, w);
	if (err)
		waiter_free(w);
	else
		*out = w;
	return err;
}

static enum grace_state state_of(struct fw_live_waiter *w)
{
	enum grace_state state;

	pthread_mutex_lock(&w->lock);
	state = w->state;
	pthread_mutex_unlock(&w->lock);
	return state;
}

static void set_state(struct fw_live_waiter *w, enum grace_state state)
{
	pthread_mutex_lock(&w->lock);
	w->state = state;
	pthread_cond_broadcast(&w->turn);
	pthread_mutex_unlock(&w->lock);
}

void fw_live_waiter_work(struct fw_live_waiter *w, int64_t *work)
{
	if (state_of(w) == GRACE_OVER) {
		if (fw_live_grace_end(w->live, work))
			set_state(w, GRACE_IDLE);
		owner_wake(w);
	}
	if (state_of(w) == GRACE_IDLE && fw_live_grace_begin(w->live))
		set_state(w, GRACE_RUNS);
}

static void wait_one(struct fw_live_waiter *w)
{
	pthread_mutex_lock(&w->lock);
	while (w->state == GRACE_RUNS)
		pthread_cond_wait(&w->turn, &w->lock);
	pthread_mutex_unlock(&w->lock);
}

void fw_live_waiter_settle(struct fw_live_waiter *w)
{
	for (fw_live_waiter_work(w, NULL); state_of(w) != GRACE_IDLE; fw_live_waiter_work(w, NULL))
		wait_one(w);
}

void fw_live_waiter_stop(struct fw_live_waiter *w)
{
	if (!w)
		return;
	pthread_mutex_lock(&w->lock);
	w->quit = true;
	pthread_cond_broadcast(&w->turn);
	pthread_mutex_unlock(&w->lock);
	pthread_join(w->thread, NULL);
	waiter_free(w);
}

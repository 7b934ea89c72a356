// SPDX-License-Identifier: GPL-2.0-only
/*
 * Grace periods. A thread waits for one at a time; what it was for is freed by
 * the engine's own thread, and not while a job is compiling, since they would
 * both use the pool and the job reads which slots are free. What is freed is freed in
 * steps, so that nobody has to wait until the tables of a million rules are.
 */
#include "engine_internal.h"
#include "work.h"

#include <string.h>

static void *waiter(void *arg)
{
	struct engine *e = arg;
	struct graces *g = &e->graces;

	pthread_mutex_lock(&g->lock);
	while (!g->quit) {
		if (g->state != GRACE_RUNS) {
			pthread_cond_wait(&g->turn, &g->lock);
			continue;
		}
		pthread_mutex_unlock(&g->lock);
		while (fw_kern_grace(e->kern))
			; /* interrupted, or out of memory for a moment: nothing may be freed without it */
		pthread_mutex_lock(&g->lock);
		g->state = GRACE_OVER;
		pthread_cond_broadcast(&g->turn);
		engine_wake(e);
	}
	pthread_mutex_unlock(&g->lock);
	return NULL;
}

int graces_start(struct engine *e)
{
	pthread_mutex_init(&e->graces.lock, NULL);
	pthread_cond_init(&e->graces.turn, NULL);
	return -pthread_create(&e->graces.thread, NULL, waiter, e);
}

static enum grace_state state_of(struct graces *g)
{
	enum grace_state state;

	pthread_mutex_lock(&g->lock);
	state = g->state;
	pthread_mutex_unlock(&g->lock);
	return state;
}

static void set_state(struct graces *g, enum grace_state state)
{
	pthread_mutex_lock(&g->lock);
	g->state = state;
	pthread_cond_broadcast(&g->turn);
	pthread_mutex_unlock(&g->lock);
}

bool grace_pending(const struct engine *e)
{
	return e->graces.waiting || e->graces.running || e->graces.ticket_of || names_wanted(e) ||
	       fw_image_grace_wanted(&e->live->image);
}

static void begin(struct engine *e)
{
	struct graces *g = &e->graces;

	if (!g->waiting && !names_wanted(e) && !fw_image_grace_wanted(&e->live->image))
		return;
	g->running = fw_take(g->waiting);
	g->ticket_of = e->live;
	g->ticket = fw_image_grace_begin(&e->live->image);
	names_wait(e);
	set_state(g, GRACE_RUNS);
}

/* false: some of them are left. */
static bool slots_release(struct engine *e, struct later *l, int64_t *work)
{
	for (; l->nslots && *work > 0; *work -= WORK_COUNTER) {
		uint32_t slot = l->slots[--l->nslots];

		fw_kern_counter_clear(e->kern, slot);
		fw_ruleset_slot_release(e->live->rs, slot);
	}
	return !l->nslots;
}

static void later_free(struct engine *e, struct later *l)
{
	fw_image_free(&l->image);
	if (l->live)
		live_free(e, l->live);
	free(l->slots);
	free(l);
}

/* Some of what waited for the grace period that is over; true: that was all. */
static bool end_some(struct engine *e)
{
	struct graces *g = &e->graces;
	int64_t work = WORK_STEP;

	/* The image may have been replaced while its grace period ran: then all of it goes away by another. */
	if (g->ticket_of == e->live && !fw_image_grace_end(&e->live->image, g->ticket, &work))
		return false;
	g->ticket_of = NULL;
	while (g->running && work > 0) {
		struct later *l = g->running;

		if (!slots_release(e, l, &work))
			return false;
		work -= l->live || l->image.root ? WORK_STEP : WORK_COUNTER;
		g->tables |= l->live || l->image.root;
		g->running = l->next;
		later_free(e, l);
	}
	return !g->running;
}

static void end(struct engine *e)
{
	struct graces *g = &e->graces;

	if (!end_some(e)) {
		engine_wake(e);
		return;
	}
	names_part(e);
	/* Segments that were given back are let go when the pool is synced. If that fails now, the next change does it. */
	if (g->tables)
		fw_kern_sync(e->kern);
	g->tables = false;
	engine_wake(e);
	set_state(g, GRACE_IDLE);
}

void grace_work(struct engine *e)
{
	struct graces *g = &e->graces;

	if (e->swapping && !e->held)
		return;
	if (state_of(g) == GRACE_OVER)
		end(e);
	if (state_of(g) == GRACE_IDLE)
		begin(e);
	if (e->held && !grace_pending(e))
		job_release(e);
	if (e->awaits_grace && !grace_pending(e))
		e->awaits_grace = false;
}

void grace_later(struct engine *e, struct later *what)
{
	struct later **at = &e->graces.waiting;

	/* In order: the tables before the ruleset that they are of. */
	while (*at)
		at = &(*at)->next;
	what->next = NULL;
	*at = what;
	grace_work(e);
}

static void wait_one(struct graces *g)
{
	pthread_mutex_lock(&g->lock);
	while (g->state == GRACE_RUNS)
		pthread_cond_wait(&g->turn, &g->lock);
	pthread_mutex_unlock(&g->lock);
}

void grace_wait(struct engine *e)
{
	grace_work(e);
	while (state_of(&e->graces) != GRACE_IDLE) {
		wait_one(&e->graces);
		grace_work(e);
	}
}

static void list_free(struct engine *e, struct later *l)
{
	while (l) {
		struct later *next = l->next;

		later_free(e, l);
		l = next;
	}
}

/* What waits is freed in this process only: segments stay in the kernel's maps, since nothing is synced any more. */
void graces_stop(struct engine *e)
{
	struct graces *g = &e->graces;

	pthread_mutex_lock(&g->lock);
	g->quit = true;
	pthread_cond_broadcast(&g->turn);
	pthread_mutex_unlock(&g->lock);
	pthread_join(g->thread, NULL);
	list_free(e, g->running);
	list_free(e, g->waiting);
	pthread_cond_destroy(&g->turn);
	pthread_mutex_destroy(&g->lock);
}

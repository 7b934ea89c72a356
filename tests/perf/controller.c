// SPDX-License-Identifier: GPL-2.0-only
/*
 * What fwd does for a change, but for the disk: the same calls in the same order
 * on the same pool of maps, with a thread that waits for grace periods, one at a time.
 */
#include "tests/perf/changes.h"

#include "fw/kern.h"
#include "fw/tables.h"

#include <pthread.h>
#include <string.h>

struct slots {
	uint32_t *v;
	size_t n, cap;
};

struct bench_controller {
	struct fw_ruleset *rs;
	struct fw_kern *kern;
	struct fw_image image;
	pthread_t waiter;
	pthread_mutex_t lock;
	pthread_cond_t turn;
	enum { IDLE, RUNS, OVER } grace; /* under the lock */
	bool quit;                       /* under the lock */
	bool started;
	uint32_t ticket;
	struct fw_image before;        /* that was replaced just now */
	struct slots waiting, running; /* of deleted rules, until a grace period is over */
	struct fw_diags ds;
};

static void *wait_grace(void *arg)
{
	struct bench_controller *c = arg;

	pthread_mutex_lock(&c->lock);
	while (!c->quit) {
		if (c->grace != RUNS) {
			pthread_cond_wait(&c->turn, &c->lock);
			continue;
		}
		pthread_mutex_unlock(&c->lock);
		while (fw_kern_grace(c->kern))
			; /* interrupted */
		pthread_mutex_lock(&c->lock);
		c->grace = OVER;
		pthread_cond_broadcast(&c->turn);
	}
	pthread_mutex_unlock(&c->lock);
	return NULL;
}

static int grace_state(struct bench_controller *c)
{
	int state;

	pthread_mutex_lock(&c->lock);
	state = c->grace;
	pthread_mutex_unlock(&c->lock);
	return state;
}

static void grace_set(struct bench_controller *c, int state)
{
	pthread_mutex_lock(&c->lock);
	c->grace = state;
	pthread_cond_broadcast(&c->turn);
	pthread_mutex_unlock(&c->lock);
}

static void grace_end(struct bench_controller *c)
{
	/* One that began before all tables were written anew was for memory of the old ones. */
	if (!c->before.root)
		fw_image_grace_end(&c->image, c->ticket, NULL);
	for (size_t i = 0; i < c->running.n; i++) {
		fw_kern_counter_clear(c->kern, c->running.v[i]);
		fw_ruleset_slot_release(c->rs, c->running.v[i]);
	}
	c->running.n = 0;
	grace_set(c, IDLE);
}

static void grace_begin(struct bench_controller *c)
{
	struct slots empty = c->running;

	if (!c->waiting.n && !fw_image_grace_wanted(&c->image))
		return;
	c->running = c->waiting;
	c->waiting = empty;
	c->ticket = fw_image_grace_begin(&c->image);
	grace_set(c, RUNS);
}

static void grace_work(struct bench_controller *c)
{
	if (grace_state(c) == OVER)
		grace_end(c);
	if (grace_state(c) == IDLE)
		grace_begin(c);
}

/* Until the one that runs is over and its work is done. */
static void grace_wait(struct bench_controller *c)
{
	pthread_mutex_lock(&c->lock);
	while (c->grace == RUNS)
		pthread_cond_wait(&c->turn, &c->lock);
	pthread_mutex_unlock(&c->lock);
	if (grace_state(c) == OVER)
		grace_end(c);
}

void bench_controller_settle(struct bench_controller *c)
{
	for (grace_work(c); grace_state(c) != IDLE; grace_work(c))
		grace_wait(c);
}

struct fw_kern *bench_controller_kern(struct bench_controller *c)
{
	return c->kern;
}

int bench_controller_open(const struct fw_kern_options *options, struct bench_controller **out)
{
	struct bench_controller *c = calloc(1, sizeof(*c));
	int err;

	if (!c)
		return -ENOMEM;
	pthread_mutex_init(&c->lock, NULL);
	pthread_cond_init(&c->turn, NULL);
	err = fw_kern_open(options, &c->ds, &c->kern);
	if (!err) {
		*out = c;
		return 0;
	}
	bench_say(&c->ds);
	bench_controller_free(c);
	return err;
}

static int controller_start(struct bench_controller *c)
{
	int err = fw_ruleset_order(c->rs);

	err = err ? err : fw_tables_compile(c->rs, fw_kern_pool(c->kern), NULL, &c->ds, &c->image);
	err = err ? err : fw_kern_counters_reserve(c->kern, c->rs->next_slot);
	err = err ? err : fw_kern_sync(c->kern);
	if (err)
		return err;
	c->image.generation = 1;
	err = fw_kern_publish(c->kern, c->image.root, c->image.generation);
	err = err ? err : -pthread_create(&c->waiter, NULL, wait_grace, c);
	c->started = !err;
	return err;
}

int bench_controller_start(struct bench_controller *c, struct fw_ruleset *rs)
{
	int err;

	c->rs = rs;
	err = controller_start(c);
	if (!err)
		return 0;
	bench_say(&c->ds);
	return c->ds.n ? err : bench_said("bring the ruleset into the kernel", err);
}

int bench_controller_new(struct fw_ruleset *rs, const struct fw_kern_options *options, struct bench_controller **out)
{
	int err = bench_controller_open(options, out);

	err = err ? err : bench_controller_start(*out, rs);
	if (err)
		bench_controller_free(fw_take(*out));
	return err;
}

void bench_controller_free(struct bench_controller *c)
{
	if (!c)
		return;
	if (c->started) {
		pthread_mutex_lock(&c->lock);
		c->quit = true;
		pthread_cond_broadcast(&c->turn);
		pthread_mutex_unlock(&c->lock);
		pthread_join(c->waiter, NULL);
	}
	fw_image_free(&c->image);
	fw_kern_close(c->kern);
	free(c->waiting.v);
	free(c->running.v);
	free(c);
}

static double lap(double *since)
{
	double now = fw_now(), passed = now - *since;

	*since = now;
	return passed;
}

/* The tables of the edited ruleset: what differs, or all of them, into @anew. */
static int prepare(struct bench_controller *c, const struct fw_edit *e, struct fw_update **change,
		   struct fw_image *anew)
{
	int err = fw_tables_update(&c->image, e, &c->ds, change);

	if (err != -EAGAIN)
		return err;
	err = fw_ruleset_order(c->rs);
	return err ? err : fw_tables_compile(c->rs, fw_kern_pool(c->kern), NULL, &c->ds, anew);
}

/* All that can fail. */
static int change_prepare(struct bench_controller *c, struct fw_edit *e, const struct fw_buf *text,
			  struct fw_update **change, struct fw_image *anew, struct bench_stages *out)
{
	double since = fw_now();
	struct fw_buf log = { 0 };
	int err = fw_text_edit(e, text->text, text->len, "change", &c->ds, &log);

	fw_buf_free(&log);
	out->parse += lap(&since);
	err = err ? err : prepare(c, e, change, anew);
	out->compile = lap(&since);
	err = err ? err : fw_kern_counters_reserve(c->kern, c->rs->next_slot);
	err = err ? err : fw_kern_sync(c->kern);
	out->kernel = lap(&since);
	return err;
}

/* Tables that were written anew take the place of the old ones. */
static void image_replace(struct bench_controller *c, const struct fw_image *anew)
{
	c->before = c->image;
	c->image = *anew;
	c->image.generation = c->before.generation + 1;
}

static void old_free(struct bench_controller *c)
{
	if (!c->before.root)
		return;
	grace_wait(c);
	while (fw_kern_grace(c->kern))
		; /* interrupted */
	fw_image_free(&c->before);
	c->before = (struct fw_image){ 0 };
	fw_kern_sync(c->kern);
}

static void change_publish(struct bench_controller *c, struct fw_update *change, const struct fw_image *anew,
			   struct bench_stages *out)
{
	double since = fw_now();

	if (change)
		fw_update_commit(change);
	else
		image_replace(c, anew);
	out->compile += lap(&since);
	fw_kern_publish(c->kern, c->image.root, c->image.generation);
	out->kernel += lap(&since);
}

static void change_end(struct bench_controller *c, struct fw_edit *e,
		       void (*each)(const struct fw_rule_change *row, void *ctx), void *ctx)
{
	for (size_t i = 0; i < e->nrules; i++) {
		if (each)
			each(&e->rules[i], ctx);
		/* Without memory the slot is just not used again. */
		if (!e->rules[i].after)
			(void)fw_vec_push(c->waiting.v, c->waiting.n, c->waiting.cap, e->rules[i].slot);
	}
}

/* Until it was published: as in fwd, all that can fail, and what cannot. */
static int attempt(struct bench_controller *c, struct fw_edit *e, const struct fw_buf *text, struct bench_stages *out)
{
	struct fw_update *change = NULL;
	struct fw_image anew = { 0 };
	double since = fw_now();
	int err = fw_edit_begin(c->rs, e);

	if (err)
		return err;
	out->parse = lap(&since);
	err = change_prepare(c, e, text, &change, &anew, out);
	if (!err) {
		out->anew = !change;
		change_publish(c, change, &anew, out);
		return 0;
	}
	if (change)
		fw_update_abort(change);
	fw_image_free(&anew);
	fw_edit_abort(e);
	return err;
}

int bench_controller_change(struct bench_controller *c, const struct fw_buf *text,
			    void (*each)(const struct fw_rule_change *row, void *ctx), void *ctx,
			    struct bench_stages *out)
{
	double start = fw_now(), since;
	struct fw_edit e;
	int err;

	*out = (struct bench_stages){ 0 };
	c->ds.n = c->ds.total = 0;
	err = attempt(c, &e, text, out);
	if (err == -EBUSY || err == -ENOSPC) {
		/* What was replaced just now still takes room, or was replaced too often since the last grace period. */
		bench_controller_settle(c);
		c->ds.n = c->ds.total = 0;
		*out = (struct bench_stages){ .waited = true };
		err = attempt(c, &e, text, out);
	}
	if (err) {
		bench_say(&c->ds);
		return bench_said("make the change", err);
	}
	out->total = lap(&start);
	change_end(c, &e, each, ctx);
	since = fw_now();
	fw_edit_commit(&e);
	old_free(c);
	grace_work(c);
	out->after = lap(&since);
	return 0;
}

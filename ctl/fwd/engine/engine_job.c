// SPDX-License-Identifier: GPL-2.0-only
/*
 * The worker runs one job at a time, and the engine's own thread finishes each before the next one is run. That thread also ends
 * and begins grace periods, but not while a job compiles: both would use the pool, and the job reads which slots are free.
 */
#include "engine_internal.h"
#include "work.h"

#include <sys/resource.h>
#include <unistd.h>

void engine_wake(struct engine *e)
{
	uint64_t one = 1;

	while (write(e->wake, &one, sizeof(one)) < 0 && errno == EINTR)
		;
}

bool engine_busy(const struct engine *e)
{
	return e->swapping || e->awaits_grace;
}

/* Runs the first job of the queue, and waits until it is finished. */
static void *worker(void *arg)
{
	struct engine *e = arg;
	struct jobs *j = &e->jobs;

	setpriority(PRIO_PROCESS, 0, 0); /* long work has no priority; see privileges_first() */
	pthread_mutex_lock(&j->lock);
	while (!j->quit) {
		struct job *job = j->finishing ? NULL : j->queue;

		if (!job) {
			pthread_cond_wait(&j->turn, &j->lock);
			continue;
		}
		pthread_mutex_unlock(&j->lock);
		job->run(e, job);
		pthread_mutex_lock(&j->lock);
		j->finishing = true;
		engine_wake(e);
	}
	pthread_mutex_unlock(&j->lock);
	return NULL;
}

int jobs_start(struct engine *e)
{
	pthread_mutex_init(&e->jobs.lock, NULL);
	pthread_cond_init(&e->jobs.turn, NULL);
	return -pthread_create(&e->jobs.thread, NULL, worker, e);
}

static void enqueue(struct engine *e, struct job *job)
{
	struct job **at = &e->jobs.queue;

	job->next = NULL;
	pthread_mutex_lock(&e->jobs.lock);
	while (*at)
		at = &(*at)->next;
	*at = job;
	pthread_cond_signal(&e->jobs.turn);
	pthread_mutex_unlock(&e->jobs.lock);
}

static void job_release(struct engine *e)
{
	if (e->held)
		enqueue(e, fw_take(e->held));
}

void grace_work(struct engine *e)
{
	int64_t work = WORK_STEP;

	if (e->swapping && !e->held)
		return;
	fw_live_waiter_work(e->waiter, &work);
	if (fw_live_grace_pending(e->live))
		return;
	job_release(e);
	e->awaits_grace = false;
}

void grace_wait(struct engine *e)
{
	fw_live_waiter_settle(e->waiter);
	grace_work(e);
}

void job_queue(struct engine *e, struct job *job)
{
	if (!job->swaps) {
		enqueue(e, job);
		return;
	}
	e->swapping = e->held = job;
	grace_work(e);
}

/* The job that has been run; NULL: none. */
static struct job *job_take(struct jobs *j)
{
	struct job *job;

	pthread_mutex_lock(&j->lock);
	job = j->finishing ? j->queue : NULL;
	pthread_mutex_unlock(&j->lock);
	return job;
}

static void job_done(struct engine *e, struct job *job)
{
	struct jobs *j = &e->jobs;

	if (e->swapping == job)
		e->swapping = NULL;
	job->finish(e, job);
	pthread_mutex_lock(&j->lock);
	j->finishing = false;
	pthread_cond_signal(&j->turn);
	pthread_mutex_unlock(&j->lock);
}

void jobs_work(struct engine *e)
{
	struct job *job = job_take(&e->jobs);

	if (!job)
		return;
	pthread_mutex_lock(&e->jobs.lock);
	e->jobs.queue = job->next;
	pthread_mutex_unlock(&e->jobs.lock);
	job_done(e, job);
}

/* Jobs that were not run are finished all the same, so that they are freed; jobs.quit tells them. */
void jobs_stop(struct engine *e)
{
	struct jobs *j = &e->jobs;

	pthread_mutex_lock(&j->lock);
	j->quit = true;
	pthread_cond_signal(&j->turn);
	pthread_mutex_unlock(&j->lock);
	pthread_join(j->thread, NULL);
	job_release(e);
	while (j->queue) {
		struct job *job = j->queue;

		j->queue = job->next;
		job_done(e, job);
	}
	pthread_cond_destroy(&j->turn);
	pthread_mutex_destroy(&j->lock);
}

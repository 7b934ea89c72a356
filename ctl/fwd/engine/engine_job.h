/* SPDX-License-Identifier: GPL-2.0-only */
/* The worker's jobs, and grace periods between them: see engine_job.c. */
#ifndef FWD_ENGINE_JOB_H
#define FWD_ENGINE_JOB_H

#include "engine.h"

#include <pthread.h>

/* Work for the worker: run() there, then finish() in the thread that called. */
struct job {
	struct job *next;
	bool swaps; /* it makes another ruleset: no changes until it is finished */
	void (*run)(struct engine *e, struct job *job);
	void (*finish)(struct engine *e, struct job *job); /* frees it too */
};
struct jobs {
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t turn;
	struct job *queue; /* all of this under the lock; the first one is being run, or is to be finished */
	bool finishing;
	bool quit;
};

int jobs_start(struct engine *e);
void jobs_stop(struct engine *e);
/* A job that makes another ruleset waits until no memory of replaced rulesets is left to free. */
void job_queue(struct engine *e, struct job *job);
/* Finishes the job that has been run, if there is one. */
void jobs_work(struct engine *e);

/* Ends a grace period that is over, and begins another if something waits for one. */
void grace_work(struct engine *e);
/* Waits for all of them. */
void grace_wait(struct engine *e);

/* engine_work() has something to do. Any thread. */
void engine_wake(struct engine *e);

#endif

// SPDX-License-Identifier: GPL-2.0-only
/*
 * Grace periods end, and others begin, in the engine's own thread, and not while a job is compiling, since they would
 * both use the pool and the job reads which slots are free.
 */
#include "engine_internal.h"
#include "work.h"

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

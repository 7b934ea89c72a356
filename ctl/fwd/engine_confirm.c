// SPDX-License-Identifier: GPL-2.0-only
/*
 * Loads that have to be confirmed. The store keeps the ruleset before, and a
 * setting, written first, says until when. When the time is over the store goes
 * back at once, so that a restart from then on brings the old ruleset, and the
 * worker compiles it; what fails is tried again until it works.
 */
#include "ctl/fwd/engine_internal.h"

#include <string.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#define DEADLINE "confirm"  /* "seconds since the epoch" "seconds given" */
#define ROLLBACK "rollback" /* "seconds since the epoch" "rules" "reason" */
#define TRY_AGAIN 5         /* seconds */

struct undo_job {
	struct job job;
	struct live *live;
	struct labels labels;
	struct fw_diags ds;
	double start;
	int err;
};

static int64_t now(void)
{
	return (int64_t)time(NULL);
}

static void timer_set(struct engine *e, int64_t seconds)
{
	struct itimerspec at = { .it_value = { .tv_sec = seconds > 0 ? seconds : 0, .tv_nsec = 1 } };

	timerfd_settime(e->confirm.timer, 0, &at, NULL);
}

static void timer_stop(struct engine *e)
{
	const struct itimerspec never = { 0 };

	timerfd_settime(e->confirm.timer, 0, &never, NULL);
}

static void until(const struct engine *e, char *out, size_t size)
{
	time_t by = (time_t)e->confirm.by;
	struct tm tm;

	if (!localtime_r(&by, &tm) || !strftime(out, size, "%Y-%m-%d %H:%M:%S", &tm))
		snprintf(out, size, "second %lld", (long long)by);
}

int confirm_check(const struct engine *e, struct fw_diags *ds)
{
	char by[64];

	if (!e->confirm.by)
		return 0;
	until(e, by, sizeof(by));
	if (e->confirm.undoing)
		fw_diag_add(ds, (struct fw_place){ 0 }, "try again when that is done; `fwctl status` says how it went",
			    "the last load was not confirmed by %s and is being undone%s%s", by,
			    e->rollback_reason[0] ? ": " : "", e->rollback_reason);
	else
		fw_diag_add(ds, (struct fw_place){ 0 },
			    "`fwctl confirm` keeps it; if nobody says so in time, the ruleset before comes back",
			    "a load waits until %s to be confirmed", by);
	return -EBUSY;
}

int confirm_prepare(struct engine *e, unsigned seconds, struct fw_diags *ds)
{
	char value[64];

	snprintf(value, sizeof(value), "%lld %u", (long long)now() + seconds, seconds);
	return store_set(e->store, DEADLINE, value, ds);
}

void confirm_begin(struct engine *e, unsigned seconds, uint32_t *slots, size_t nslots)
{
	e->confirm.by = now() + seconds;
	e->confirm.seconds = seconds;
	e->confirm.slots = slots;
	e->confirm.nslots = nslots;
	timer_set(e, seconds);
}

/* Nothing waits any more. */
static void confirm_end(struct engine *e)
{
	e->confirm.by = 0;
	e->confirm.undoing = false;
	timer_stop(e);
	store_set(e->store, DEADLINE, NULL, NULL); /* without a kept snapshot it means nothing */
}

int engine_confirm(struct engine *e, bool *was_waiting, struct fw_diags *ds)
{
	struct later *l;
	int err;

	*was_waiting = e->confirm.by;
	if (!e->confirm.by)
		return 0;
	if (e->confirm.undoing)
		return confirm_check(e, ds);
	l = calloc(1, sizeof(*l));
	err = l ? store_forget(e->store, ds) : -ENOMEM;
	if (err) {
		free(l);
		return err;
	}
	confirm_end(e);
	/* After a restart nobody knows which rules the load removed, but only which slots have none. */
	if (!e->confirm.slots)
		engine_settle(e);
	l->slots = fw_take(e->confirm.slots);
	l->nslots = e->confirm.nslots;
	grace_later(e, l);
	engine_upkeep(e);
	return 0;
}

/* What was undone, for the status; @why as in "not confirmed within 30 s". */
static void rollback_note(struct engine *e, size_t rules, const char *why)
{
	char value[256];

	e->rollback_at = now();
	e->rollback_rules = rules;
	snprintf(e->rollback_reason, sizeof(e->rollback_reason), "%s", why);
	snprintf(value, sizeof(value), "%lld %zu %s", (long long)e->rollback_at, rules, why);
	store_set(e->store, ROLLBACK, value, NULL);
}

static void not_confirmed(const struct engine *e, char *out, size_t size)
{
	snprintf(out, size, "not confirmed within %u s", e->confirm.seconds);
}

static int undo_build(struct engine *e, struct undo_job *j)
{
	struct stored st = { 0 };
	const char *reason = NULL;
	int err = stored_read(e, j->live->arena, e->live->rs, false, &st, &j->ds);

	j->live->rs = st.rs;
	err = err ? err : live_compile(e, j->live, &j->ds);
	if (!err && fw_image_validate(fw_kern_pool(e->kern), j->live->image.root, &reason)) {
		fw_diag_add(&j->ds, (struct fw_place){ 0 }, NULL, "the tables of the ruleset before are wrong: %s",
			    reason);
		err = -EIO;
	}
	err = err ? err : engine_kernel_ready(e, st.rs, &j->ds);
	return err ? err : labels_prepare(e, st.rs, &j->labels);
}

static void undo_run(struct engine *e, struct job *job)
{
	struct undo_job *j = (struct undo_job *)job;

	j->live = calloc(1, sizeof(*j->live));
	if (!j->live) {
		j->err = -ENOMEM;
		return;
	}
	j->live->arena = memory_new();
	j->err = undo_build(e, j);
}

static void undo_swap(struct engine *e, struct undo_job *j)
{
	struct live *old = e->live;
	char why[160];

	e->live = fw_take(j->live);
	e->live->image.generation = engine_next_generation(e);
	engine_publish(e, &e->live->image);
	labels_commit(e, &j->labels);
	not_confirmed(e, why, sizeof(why));
	confirm_end(e);
	free(fw_take(e->confirm.slots)); /* their rules are there again */
	engine_settle(e);                /* and no packet sees the old tables from here on */
	if (e->graces.ticket_of == old)
		e->graces.ticket_of = NULL;
	live_free(e, old);
	e->reloads[ENGINE_ROLLBACK]++;
	histogram_add(&e->reload_seconds, fw_now() - j->start);
	rollback_note(e, e->live->rs->nrules, why);
}

static void undo_finish(struct engine *e, struct job *job)
{
	struct undo_job *j = (struct undo_job *)job;
	int err = j->err;

	if (!err && e->jobs.quit)
		err = -ECANCELED;
	if (!err) {
		grace_wait(e); /* slots that wait to be released are of the ruleset that goes */
		err = engine_make_ready(e, j->live->rs, &j->ds);
	}
	if (!err) {
		undo_swap(e, j);
	} else {
		engine_explain(err, "bring the ruleset before back", &j->ds);
		snprintf(e->rollback_reason, sizeof(e->rollback_reason), "%.150s", j->ds.d[0].message);
		e->failures[ENGINE_FAILED_LOAD]++;
		timer_set(e, TRY_AGAIN);
	}
	live_free(e, j->live);
	labels_free(&j->labels);
	free(j);
}

static void undo_start(struct engine *e)
{
	struct fw_diags ds = { 0 };
	struct undo_job *j = calloc(1, sizeof(*j));
	int err = j ? 0 : -ENOMEM;

	e->confirm.undoing = true;
	if (!err && store_keeps(e->store))
		err = store_rollback(e->store, &ds);
	if (err) {
		engine_explain(err, "go back to the ruleset before", &ds);
		snprintf(e->rollback_reason, sizeof(e->rollback_reason), "%.150s", ds.d[0].message);
		free(j);
		timer_set(e, TRY_AGAIN);
		return;
	}
	j->start = fw_now();
	j->job = (struct job){ .swaps = true, .run = undo_run, .finish = undo_finish };
	job_queue(e, &j->job);
}

void confirm_work(struct engine *e)
{
	uint64_t n;

	if (read(e->confirm.timer, &n, sizeof(n)) == sizeof(n) && e->confirm.by && !e->swapping)
		undo_start(e);
}

/* A number at the start of the text, which goes on behind it. */
static bool take_number(const char **text, uint64_t *out)
{
	char *end;

	errno = 0;
	*out = strtoull(*text, &end, 10);
	if (errno || end == *text)
		return false;
	*text = end;
	return true;
}

static void rollback_read(struct engine *e)
{
	fw_autofree char *value = NULL;
	const char *rest;
	uint64_t at, rules;

	if (store_get(e->store, ROLLBACK, &value))
		return;
	rest = value;
	if (!take_number(&rest, &at) || !take_number(&rest, &rules))
		return;
	snprintf(e->rollback_reason, sizeof(e->rollback_reason), "%s", rest + strspn(rest, " "));
	e->rollback_at = (int64_t)at;
	e->rollback_rules = rules;
}

int confirm_open(struct engine *e, struct fw_diags *ds)
{
	fw_autofree char *value = NULL;
	uint64_t by = 0, seconds = 0;
	const char *rest;
	int64_t left;
	int err;

	rollback_read(e);
	if (!store_keeps(e->store))
		return 0;
	err = store_get(e->store, DEADLINE, &value);
	if (err && err != -ENOENT)
		return err;
	rest = value;
	if (value && (!take_number(&rest, &by) || !take_number(&rest, &seconds)))
		by = seconds = 0;
	e->confirm.seconds = (unsigned)seconds;
	left = (int64_t)by - now();
	if (left > 0) {
		/* A clock that was set back does not make it longer than it was. */
		left = left > (int64_t)seconds ? (int64_t)seconds : left;
		e->confirm.by = now() + left;
		timer_set(e, left);
		return 0;
	}
	err = store_rollback(e->store, ds);
	e->rolled_back = !err;
	return err;
}

void confirm_opened(struct engine *e)
{
	char why[160];

	if (!e->rolled_back)
		return;
	not_confirmed(e, why, sizeof(why));
	rollback_note(e, e->live->rs->nrules, why);
	store_set(e->store, DEADLINE, NULL, NULL);
}

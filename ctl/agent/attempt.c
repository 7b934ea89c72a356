// SPDX-License-Identifier: GPL-2.0-only
/*
 * Stages, each of which begins one thing and is entered again until it has succeeded:
 *
 *	MANIFEST  bring it; signed, of this fleet, not older than the way back
 *	BASELINE  how well is the host now? is there memory?
 *	OBJECT    bring the delta, if what runs is its parent, or else the snapshot
 *	CHECK     (a snapshot) would fwd accept it, and is it not live already?
 *	LOAD      fwd takes it, and undoes it unless it is confirmed in time
 *	PROBE     is the host as well as before? Then it is confirmed,
 *	UNDO      or else undone
 */
#include "attempt.h"

#include "bring.h"
#include "checkup.h"
#include "survey.h"

#include <stdarg.h>
#include <string.h>

#define BASELINES 3 /* checkups before a target counts as not reached before the load */
#define BASELINE_PAUSE 1.0
#define WATCHED 0.5   /* the share of `confirm` for which a new ruleset is watched, at least, */
#define TOO_LONG 0.8  /* and at most */
#define BAD_ROUNDS 3  /* after WATCHED: checkups in a row after which it is taken back */
#define ROUNDS 10.0   /* checkups within `confirm`, about */
#define ROUND_MIN 0.5 /* seconds between them */
#define ROUND_MAX 5.0

static void drop_bytes(struct attempt *t)
{
	free(t->bytes);
	t->bytes = NULL;
}

void attempt_free(struct agent *a)
{
	drop_bytes(&a->attempt);
	a->attempt.stage = STAGE_NONE;
}

void attempt_begin(struct agent *a, const struct fw_generation *to)
{
	attempt_free(a);
	a->attempt = (struct attempt){ .stage = STAGE_MANIFEST, .to = *to };
	agent_state(a, FW_REPORT_FETCHING, "%s", "");
	agent_wake(a, 0);
}

static void next(struct agent *a, enum stage stage)
{
	a->attempt.stage = stage;
	a->attempt.rounds = 0;
	agent_well(a);
	agent_wake(a, 0);
}

/* Not again while the head stays there. */
__attribute__((format(printf, 3, 4))) static void refuse(struct agent *a, enum agent_error kind, const char *fmt, ...)
{
	struct failed *f = &a->record.failed;
	va_list ap;

	*f = (struct failed){ .to = a->attempt.to, .state = FW_REPORT_REFUSED };
	va_start(ap, fmt);
	vsnprintf(f->why, sizeof(f->why), fmt, ap);
	va_end(ap);
	agent_error(a, kind);
	attempt_free(a);
	agent_save(a);
}

static void manifest_came(struct agent *a, int err, const char *why)
{
	struct attempt *t = &a->attempt;
	struct record *r = &a->record;
	struct fw_manifest highest = { .self = r->highest, .parent = r->parent };
	char reason[256] = "";

	snprintf(highest.fleet, sizeof(highest.fleet), "%s", r->fleet);
	t->manifest = a->bring.manifest;
	if (!err && strcmp(t->manifest.fleet, r->fleet)) {
		err = -EXDEV;
		snprintf(reason, sizeof(reason), "it is of the fleet '%s'", t->manifest.fleet);
	}
	if (!err && r->highest.number)
		err = fw_manifest_accept(&highest, &t->manifest, reason);
	if (err) {
		refuse(a, AGENT_ERROR_MANIFEST, "%s", reason[0] ? reason : why);
		return;
	}
	if (t->manifest.self.number > r->highest.number) {
		r->highest = t->manifest.self;
		r->parent = t->manifest.parent;
		if (!agent_save(a))
			return;
	}
	next(a, STAGE_BASELINE);
}

static void bring_the_manifest(struct agent *a)
{
	bring_manifest(a, &a->attempt.to, manifest_came);
}

/* By the delta, if what runs is exactly what it starts from. */
static bool is_parent(const struct agent *a)
{
	const struct attempt *t = &a->attempt;

	return t->manifest.delta.sha256.hex[0] && !fw_generation_same(&a->no_delta, &t->to) && a->live == LIVE_SAME &&
	       a->record.running.number && fw_generation_same(&t->manifest.parent, &a->record.running) &&
	       mark_same(&a->record.mark, &a->seen);
}

static void looked(struct agent *a)
{
	struct attempt *t = &a->attempt;
	const struct local_answer *fwd = &a->checkup.fwd;

	if (fwd->err) {
		agent_later(a, AGENT_ERROR_FWD, "fwd does not answer: %s", fwd->why);
		return;
	}
	if (fwd->waiting[0]) {
		agent_later(a, AGENT_ERROR_FWD, "on this host, '%s' waits to be confirmed", fwd->waiting);
		return;
	}
	if (a->record.running.number && a->live == LIVE_SAME && !mark_same(&a->record.mark, &a->seen)) {
		a->live = LIVE_UNKNOWN; /* first that */
		attempt_free(a);
		return;
	}
	if (a->checkup.failed && ++t->rounds < BASELINES) {
		agent_wake(a, BASELINE_PAUSE);
		a->later = agent_now(a) + BASELINE_PAUSE;
		return;
	}
	t->delta = is_parent(a);
	if (!t->delta && fwd->memory < t->manifest.memory) {
		refuse(a, AGENT_ERROR_MEMORY, "it needs %llu MiB of memory, and %llu are free",
		       (unsigned long long)(t->manifest.memory >> 20) + 1, (unsigned long long)fwd->memory >> 20);
		return;
	}
	next(a, STAGE_OBJECT);
}

static void look(struct agent *a)
{
	checkup_start(a, looked);
}

static void object_came(struct agent *a, int err, const char *why)
{
	struct attempt *t = &a->attempt;

	drop_bytes(t);
	t->bytes = fw_take(a->bring.bytes);
	t->len = a->bring.object.size;
	next(a, t->delta ? STAGE_LOAD : STAGE_CHECK);
}

static void bring_the_object(struct agent *a)
{
	struct attempt *t = &a->attempt;

	bring_object(a, t->delta ? &t->manifest.delta : &t->manifest.snapshot, object_came);
}

static void checked(struct agent *a, const struct local_answer *answer)
{
	struct record *r = &a->record;

	if (answer->err == -EINVAL) {
		refuse(a, AGENT_ERROR_RULES, "%s", answer->why);
	} else if (answer->err) {
		agent_later(a, AGENT_ERROR_FWD, "fwd cannot check it: %s", answer->why);
	} else if (answer->differs) {
		next(a, STAGE_LOAD);
	} else {
		r->trying = (struct trying){ .to = a->attempt.to, .after = a->seen.version };
		health_begin(a);
		attempt_free(a);
		survey_confirmed(a);
	}
}

static void check(struct agent *a)
{
	const struct local_request request = {
		.kind = LOCAL_LOAD, .bytes = a->attempt.bytes, .len = a->attempt.len, .check = true
	};

	agent_state(a, FW_REPORT_LOADING, "%s", "");
	agent_ask(a, &request, &a->attempt.to, checked);
}

/* It is not known what fwd does with it: survey.c finds out. */
static void lose(struct agent *a)
{
	attempt_free(a);
	a->surveyed = false;
}

/* The snapshot instead. */
static void no_delta(struct agent *a, const char *why)
{
	agent_log(a, "the delta is not used: %s", why);
	a->no_delta = a->attempt.to;
	next(a, STAGE_BASELINE);
}

static void not_loaded(struct agent *a, const struct local_answer *answer)
{
	struct attempt *t = &a->attempt;

	if (answer->err != -EINVAL && answer->err != -EBUSY) {
		lose(a);
		agent_later(a, AGENT_ERROR_FWD, "fwd did not answer: %s", answer->why);
		return;
	}
	a->record.trying.open = false;
	agent_save(a);
	if (answer->err == -EBUSY)
		agent_later(a, AGENT_ERROR_FWD, "fwd is busy: %s", answer->why);
	else if (t->delta)
		no_delta(a, answer->why);
	else
		refuse(a, AGENT_ERROR_RULES, "%s", answer->why);
}

static void loaded(struct agent *a, const struct local_answer *answer)
{
	struct attempt *t = &a->attempt;
	struct trying *sent = &a->record.trying;

	if (answer->err) {
		not_loaded(a, answer);
		return;
	}
	drop_bytes(t);
	sent->after = answer->version;
	agent_save(a);
	next(a, STAGE_PROBE);
	t->since = agent_now(a);
	if (t->delta && sent->after != sent->before.version + 1) {
		a->no_delta = t->to; /* others changed what it starts from, at the same time */
		attempt_leave(a, "");
	} else
		agent_state(a, FW_REPORT_PROBING, "%s", "");
}

static void load(struct agent *a)
{
	struct attempt *t = &a->attempt;
	struct trying *sent = &a->record.trying;
	const struct local_request request = { .kind = t->delta ? LOCAL_CHANGE : LOCAL_LOAD,
					       .bytes = t->bytes,
					       .len = t->len,
					       .confirm = a->setup.config->confirm };
	unsigned starts = fw_generation_same(&sent->to, &t->to) ? sent->starts : 0;

	*sent = (struct trying){ .to = t->to, .open = true, .starts = starts + 1, .before = a->seen };
	health_begin(a);
	if (!agent_save(a))
		return;
	a->restarted = false;
	agent_state(a, FW_REPORT_LOADING, "%s", "");
	agent_ask(a, &request, &t->to, loaded);
}

static void undone(struct agent *a, const struct local_answer *answer)
{
	bool again = !a->record.trying.why[0];

	if (answer->err && answer->err != -ENOENT)
		agent_later(a, AGENT_ERROR_FWD, "fwd does not undo it: %s", answer->why);
	if (!again)
		agent_error(a, AGENT_ERROR_PROBE);
	lose(a);
}

static void undo(struct agent *a)
{
	agent_ask(a, &(struct local_request){ .kind = LOCAL_UNDO }, &a->attempt.to, undone);
}

void attempt_leave(struct agent *a, const char *why)
{
	struct attempt *t = &a->attempt;

	if (t->stage < STAGE_PROBE) {
		attempt_free(a);
		return;
	}
	if (t->stage == STAGE_UNDO)
		return;
	snprintf(a->record.trying.why, sizeof(a->record.trying.why), "%s", why);
	a->left = !why[0];
	agent_save(a);
	next(a, STAGE_UNDO);
}

static void confirmed(struct agent *a, const struct local_answer *answer)
{
	if (answer->err) {
		lose(a);
		if (answer->err != -ENOENT)
			agent_later(a, AGENT_ERROR_FWD, "fwd did not confirm it: %s", answer->why);
		return;
	}
	attempt_free(a);
	survey_confirmed(a);
}

/* After a checkup: goes on, confirms or takes it back. */
static void judge(struct agent *a)
{
	struct attempt *t = &a->attempt;
	double confirm = a->setup.config->confirm, watched = agent_now(a) - t->since;
	bool silent = a->setup.etcd && a->reporter.answered < t->since;

	if (silent)
		a->checkup.failed |= CHECKUP_ETCD;
	if (!health_worse(a, t->why))
		t->rounds = 0;
	else
		t->rounds++;
	if (watched < confirm * WATCHED)
		return;
	if (!t->why[0])
		agent_ask(a, &(struct local_request){ .kind = LOCAL_CONFIRM }, &t->to, confirmed);
	else if (t->rounds >= BAD_ROUNDS || watched >= confirm * TOO_LONG)
		attempt_leave(a, t->why);
}

static void probed(struct agent *a)
{
	const struct local_answer *fwd = &a->checkup.fwd;
	double pause = a->setup.config->confirm / ROUNDS;

	if (!fwd->err && !agent_is_named(a, fwd->waiting, &a->attempt.to)) {
		lose(a);
		return;
	}
	if (fwd->err)
		agent_error(a, AGENT_ERROR_FWD);
	judge(a);
	pause = pause < ROUND_MIN ? ROUND_MIN : pause > ROUND_MAX ? ROUND_MAX : pause;
	if (a->attempt.stage == STAGE_PROBE && !a->waiting)
		a->later = agent_now(a) + pause;
}

static void probe(struct agent *a)
{
	checkup_start(a, probed);
}

void attempt_step(struct agent *a)
{
	static void (*const stages[])(struct agent * a) = {
		[STAGE_MANIFEST] = bring_the_manifest,
		[STAGE_BASELINE] = look,
		[STAGE_OBJECT] = bring_the_object,
		[STAGE_CHECK] = check,
		[STAGE_LOAD] = load,
		[STAGE_PROBE] = probe,
		[STAGE_UNDO] = undo,
	};

	stages[a->attempt.stage](a);
}

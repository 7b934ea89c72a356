// SPDX-License-Identifier: GPL-2.0-only
/*
 * fwd's count of changes tells what became of a ruleset that was sent and not decided. As it was with it: it was confirmed. As it was
 * before: fwd never got it. If fwd says that it was undone, it was; one more than with it, and nobody has changed anything since.
 * Otherwise others have changed the ruleset meanwhile, or fwd is another one, and what is live is compared with it.
 */
#include "survey.h"

#include "compare.h"
#include "kept.h"

#define STARTS 3 /* how often one generation is sent if the agent is killed each time */

/* What runs is known; is it undisturbed? */
static void surveyed(struct agent *a)
{
	struct record *r = &a->record;

	a->surveyed = true;
	/* A fwd that has lost its ruleset is one that has none yet, and nobody's change. */
	if (r->running.number && a->empty && !mark_same_fwd(&a->seen, &r->mark)) {
		agent_log(a, "fwd is another one, and has no rules");
		r->running.number = 0;
	}
	a->live = !r->running.number || mark_same(&r->mark, &a->seen) ? LIVE_SAME :
		  mark_same(&a->other, &a->seen)                      ? LIVE_OTHER :
									LIVE_UNKNOWN;
	agent_save(a);
	agent_wake(a, 0);
}

void survey_confirmed(struct agent *a)
{
	struct record *r = &a->record;

	if (r->running.number && !fw_generation_same(&r->running, &r->trying.to))
		a->forgot = false;
	r->running = r->trying.to;
	r->mark = (struct mark){ a->seen.started, r->trying.after };
	r->trying = (struct trying){ .open = false };
	r->failed = (struct failed){ .to = { .number = 0 } };
	r->overruled = a->force = false;
	a->status.confirmed = r->running;
	a->live = LIVE_SAME;
	a->surveyed = true;
	if (agent_save(a))
		kept_sweep(a);
}

/* It does not run. @why: it must not be tried again; NULL: it may. */
static void over(struct agent *a, const char *why)
{
	struct trying *t = &a->record.trying;

	if (t->why[0])
		why = t->why;
	else if (!why && a->restarted && t->starts >= STARTS)
		why = "the agent ended each time that it was loaded";
	if (why) {
		a->record.failed = (struct failed){ .to = t->to, .state = FW_REPORT_TAKEN_BACK };
		snprintf(a->record.failed.why, sizeof(a->record.failed.why), "%s", why);
		t->starts = 0;
	}
	t->open = false;
	t->why[0] = '\0';
	a->left = false;
	surveyed(a);
}

static void trying_compared(struct agent *a, bool differs)
{
	struct record *r = &a->record;

	if (differs) {
		over(a, NULL);
		return;
	}
	r->trying.after = a->seen.version;
	survey_confirmed(a);
}

static void undone(struct agent *a, const struct local_answer *answer)
{
	if (answer->err && answer->err != -ENOENT)
		agent_later(a, AGENT_ERROR_FWD, "fwd does not undo what waits: %s", answer->why);
}

/* By what fwd said of itself. */
static void decide(struct agent *a, const struct local_answer *fwd)
{
	struct record *r = &a->record;
	struct trying *t = &r->trying;
	bool same_fwd = mark_same_fwd(&a->seen, &t->before);
	bool was_undone = agent_is_named(a, fwd->undone, &t->to);

	if (agent_is_named(a, fwd->waiting, &t->to)) {
		agent_ask(a, &(struct local_request){ .kind = LOCAL_UNDO }, &t->to, undone);
	} else if (same_fwd && t->after && a->seen.version == t->after) {
		survey_confirmed(a);
	} else if (same_fwd && a->seen.version == t->before.version) {
		over(a, NULL);
	} else if (was_undone) {
		if (same_fwd && t->after && a->seen.version == t->after + 1 && mark_same(&t->before, &r->mark))
			r->mark = a->seen;
		over(a, a->restarted || a->left || !t->after ? NULL :
							       "it was undone on the host, or not confirmed in time");
	} else {
		compare_start(a, &t->to, trying_compared);
	}
}

static void answered(struct agent *a, const struct local_answer *fwd)
{
	if (fwd->err) {
		agent_later(a, AGENT_ERROR_FWD, "fwd does not answer: %s", fwd->why);
		return;
	}
	agent_well(a);
	a->seen = (struct mark){ fwd->started, fwd->version };
	a->empty = !fwd->rules;
	if (a->record.trying.open)
		decide(a, fwd);
	else
		surveyed(a);
}

void survey_step(struct agent *a)
{
	agent_ask(a, &(struct local_request){ .kind = LOCAL_STATUS }, NULL, answered);
}

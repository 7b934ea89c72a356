// SPDX-License-Identifier: GPL-2.0-only
/* The agent's loop of steps. */
#include "core.h"

#include "attempt.h"
#include "bring.h"
#include "checkup.h"
#include "compare.h"
#include "follow.h"
#include "overrule.h"
#include "reporter.h"
#include "kept.h"
#include "survey.h"

#include <string.h>

#define LOOK 10.0  /* seconds between looks at fwd and the probes */
#define CLOSER 2.0 /* the same while the host is worse */
#define BAD 3      /* looks in a row after which it counts as worse */

/* The wanted generation runs: is the host still well? */
static void watch_health(struct agent *a)
{
	struct fw_report *r = &a->status.report;
	char why[LOCAL_TEXT];
	bool worse, was = r->worse;

	if (r->state != FW_REPORT_CONFIRMED) {
		r->worse = false;
		return;
	}
	a->health.bad = health_worse(a, why) ? a->health.bad + 1 : 0;
	worse = a->health.bad >= BAD;
	r->worse = worse;
	if (worse && !was)
		agent_error(a, AGENT_ERROR_PROBE);
	if (worse || was)
		agent_state(a, r->state, "%s", worse ? why : "");
	if (worse != was)
		agent_changed(a);
}

static void looked(struct agent *a)
{
	a->look = agent_now(a) + agent_jitter(a, LOOK);
	if (a->checkup.fwd.err) {
		agent_log(a, "fwd does not answer: %s", a->checkup.fwd.why);
		agent_error(a, AGENT_ERROR_FWD);
		return;
	}
	if (a->record.running.number && !mark_same(&a->record.mark, &a->seen) && a->live != LIVE_UNKNOWN)
		a->surveyed = false; /* others have changed something, or fwd is another one */
	watch_health(a);
	if (a->health.bad)
		a->look = agent_now(a) + CLOSER;
}

static void is_confirmed(struct agent *a)
{
	const struct fw_report *r = &a->status.report;

	a->status.confirmed = a->record.running;
	if (r->worse && r->state == FW_REPORT_CONFIRMED && fw_generation_same(&r->running, &a->record.running))
		return;
	a->status.report.worse = false;
	agent_state(a, FW_REPORT_CONFIRMED, "%s",
		    a->forgot ? "the first that the agent knows of: it cannot tell whether there was a newer one" : "");
}

/* Nothing was begun: what is to be done? */
static void rest(struct agent *a)
{
	const struct record *r = &a->record;
	bool running = r->running.number, wanted = a->wanted.number;

	if (agent_now(a) >= a->look) {
		checkup_start(a, looked);
		return;
	}
	agent_wake(a, a->look - agent_now(a));
	if (running && a->live == LIVE_UNKNOWN) {
		compare_live(a);
		return;
	}
	if (running && a->live == LIVE_OTHER && a->setup.config->drift == FW_DRIFT_REPORT && !a->force) {
		agent_state(a, FW_REPORT_DRIFTED, "the ruleset was changed on this host");
		return;
	}
	if (!wanted)
		agent_state(a, FW_REPORT_IDLE, "%s", !a->heard ? "nothing was heard of the fleet yet" : "");
	else if (fw_generation_same(&r->running, &a->wanted) && a->live == LIVE_SAME && !a->force)
		is_confirmed(a);
	else if (fw_generation_same(&r->failed.to, &a->wanted))
		agent_state(a, r->failed.state, "%s", r->failed.why);
	else
		attempt_begin(a, &a->wanted);
}

/* The file of this host is there: the fleet's rulesets are not loaded. */
static void overruled(struct agent *a)
{
	if (a->attempt.stage) {
		attempt_leave(a, "");
		if (a->attempt.stage)
			attempt_step(a);
		return;
	}
	a->status.report.worse = false;
	agent_state(a, FW_REPORT_OVERRULED, "%s exists", a->setup.config->local);
	agent_wake(a, LOOK);
}

static void step(struct agent *a)
{
	struct attempt *t = &a->attempt;

	if (a->waiting)
		return;
	if (agent_now(a) < a->later) {
		agent_wake(a, a->later - agent_now(a));
		return;
	}
	if (a->dirty && !agent_save(a))
		return;
	if (overrule_is(a)) {
		overruled(a);
		return;
	}
	if (!a->surveyed && !t->stage) {
		survey_step(a);
		return;
	}
	if (a->record.overruled)
		a->force = true;
	if (t->stage && !fw_generation_same(&t->to, &a->wanted))
		attempt_leave(a, "");
	if (t->stage)
		attempt_step(a);
	else
		rest(a);
}

static void rings(struct fw_timer *timer)
{
	struct agent *a = (struct agent *)((char *)timer - offsetof(struct agent, step));

	step(a);
	/* Whatever it was that could not be begun is tried again then. */
	if (!a->waiting && !a->step.place)
		agent_wake(a, a->later > agent_now(a) ? a->later - agent_now(a) : LOOK);
}

static void set_url(struct agent *a)
{
	size_t len;

	snprintf(a->url, sizeof(a->url), "%s", a->setup.config->url);
	for (len = strlen(a->url); len && a->url[len - 1] == '/'; len--)
		a->url[len - 1] = '\0';
}

/* Different on each host, and in each run of it. */
static uint64_t seed(const struct agent *a)
{
	uint64_t x = (uint64_t)(agent_now(a) * 1e9) ^ (uintptr_t)a;

	for (const char *p = a->setup.host; *p; p++)
		x = fw_mix64(x + (unsigned char)*p);
	return x;
}

int agent_open(const struct agent_setup *setup, struct agent **out)
{
	struct agent *a = calloc(1, sizeof(*a));
	int err;

	if (!a)
		return -ENOMEM;
	a->setup = *setup;
	a->identity = (struct fw_http_identity){ setup->config->ca, setup->config->cert, setup->config->key };
	a->step.ring = rings;
	a->health.share = a->health.before = -1;
	a->random.state = seed(a);
	snprintf(a->status.report.host, sizeof(a->status.report.host), "%.*s", FW_HOST_NAME, setup->host);
	set_url(a);
	kept_open(a);
	a->status.confirmed = a->status.report.running = a->record.running;
	err = fw_timer_set(setup->http, &a->step, 0);
	if (!err)
		err = follow_open(a);
	if (err) {
		agent_close(a);
		return err;
	}
	reporter_open(a);
	*out = a;
	return 0;
}

void agent_close(struct agent *a)
{
	if (!a)
		return;
	fw_timer_stop(a->setup.http, &a->step);
	follow_close(a);
	reporter_close(a);
	checkup_cancel(a);
	if (a->asking)
		a->setup.local->forget(a->setup.local);
	bring_cancel(a);
	fw_timer_stop(a->setup.http, &a->step);
	attempt_free(a);
	free(a);
}

void agent_retry(struct agent *a)
{
	a->record.failed.to.number = 0;
	a->record.trying.starts = 0;
	a->compared = 0;
	a->look = 0;
	if (a->live == LIVE_OTHER)
		a->live = LIVE_UNKNOWN;
	agent_well(a);
	agent_wake(a, 0);
}

const struct agent_status *agent_status(const struct agent *a)
{
	return &a->status;
}

// SPDX-License-Identifier: GPL-2.0-only
#include "reporter.h"

#include <string.h>

#define DROPPED_STEP 0.05
#define TTL 30         /* seconds of the lease */
#define KEEPALIVE 10.0 /* seconds between */
#define PASSING 2.0    /* seconds for which states that pass are not reported */
#define PAUSE_MAX 20.0 /* seconds between attempts, at most: less than TTL */

static void due(struct agent *a, double seconds)
{
	struct fw_timer *t = &a->reporter.timer;
	double pause = agent_pause(seconds);

	if (!t->place || agent_now(a) + pause < t->at)
		fw_timer_set(a->setup.http, t, pause);
}

/* etcd has answered, or not. */
static void note(struct agent *a, const struct fw_etcd_answer *answer)
{
	struct reporter *r = &a->reporter;
	double pause = r->failures < 5 ? (double)(1u << r->failures) : PAUSE_MAX;

	r->busy = false;
	if (!answer->err) {
		r->failures = 0;
		r->answered = agent_now(a);
		due(a, 0);
		return;
	}
	if (answer->err == -ENOENT) { /* the lease is gone, and the report with it */
		r->lease = 0;
		free(r->sent);
		r->sent = NULL;
	}
	r->failures++;
	if (answer->err != -ENOENT)
		a->status.errors[AGENT_ERROR_ETCD]++;
	due(a, answer->err == -ENOENT && r->failures == 1 ? 0 : agent_jitter(a, pause));
}

static void granted(void *ctx, const struct fw_etcd_answer *answer)
{
	struct agent *a = ctx;

	if (!answer->err)
		a->reporter.lease = answer->lease;
	note(a, answer);
}

static void kept_alive(void *ctx, const struct fw_etcd_answer *answer)
{
	note(ctx, answer);
}

static void put(void *ctx, const struct fw_etcd_answer *answer)
{
	struct agent *a = ctx;
	struct reporter *r = &a->reporter;

	if (!answer->err) {
		free(r->sent);
		r->sent = fw_take(r->under);
	}
	note(a, answer);
}

static int put_report(struct agent *a, char *text)
{
	struct reporter *r = &a->reporter;
	char key[FW_FLEET_KEY];
	const struct fw_etcd_put p = { .key = fw_fleet_key(a->setup.config->fleet, "host/", a->setup.host, key),
				       .value = text,
				       .lease = r->lease };

	free(r->under);
	r->under = text;
	return fw_etcd_txn(a->setup.etcd, NULL, 0, &p, 1, put, a);
}

/* What is to be reported, if it is not in etcd yet. Return: NULL: it is, or there is no memory. */
static char *unsent(struct agent *a)
{
	fw_cleanup(fw_buf_free) struct fw_buf b = { 0 };
	struct fw_report now = a->status.report;
	double *told = &a->reporter.dropped;

	/* The share of dropped packets is never the same twice: alone it is no reason to write. */
	if (now.dropped > *told - DROPPED_STEP && now.dropped < *told + DROPPED_STEP)
		now.dropped = *told;
	*told = now.dropped;
	fw_report_print(&b, &now);
	if (b.failed || (a->reporter.sent && !strcmp(a->reporter.sent, b.text)))
		return NULL;
	return fw_take(b.text);
}

static void tick(struct fw_timer *t)
{
	struct agent *a = (struct agent *)((char *)t - offsetof(struct agent, reporter.timer));
	struct reporter *r = &a->reporter;
	char *text = NULL;
	int err;

	if (r->busy)
		return;
	if (!r->lease)
		err = fw_etcd_lease_grant(a->setup.etcd, TTL, granted, a);
	else if ((text = unsent(a)) != NULL)
		err = put_report(a, text);
	else if (agent_now(a) - r->answered >= KEEPALIVE)
		err = fw_etcd_lease_keepalive(a->setup.etcd, r->lease, kept_alive, a);
	else {
		due(a, KEEPALIVE - (agent_now(a) - r->answered));
		return;
	}
	r->busy = !err;
	if (err)
		due(a, PAUSE_MAX);
}

void reporter_open(struct agent *a)
{
	if (!a->setup.etcd)
		return;
	a->reporter.timer.ring = tick;
	due(a, 0);
}

void reporter_changed(struct agent *a)
{
	enum fw_report_state s = a->status.report.state;
	bool passes = s == FW_REPORT_IDLE || s == FW_REPORT_FETCHING || s == FW_REPORT_LOADING;

	if (!a->setup.etcd || !a->reporter.timer.ring || a->reporter.busy)
		return;
	if (!a->reporter.failures || s == FW_REPORT_PROBING)
		due(a, passes ? PASSING : 0);
}

void reporter_hurry(struct agent *a)
{
	a->reporter.failures = 0;
	if (a->reporter.timer.ring && !a->reporter.busy)
		due(a, 0);
}

void reporter_close(struct agent *a)
{
	if (a->setup.etcd) {
		fw_timer_stop(a->setup.http, &a->reporter.timer);
		fw_etcd_forget(a->setup.etcd, a);
	}
	free(a->reporter.sent);
	free(a->reporter.under);
}

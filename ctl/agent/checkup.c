// SPDX-License-Identifier: GPL-2.0-only
#include "checkup.h"

#include <string.h>

#define ENOUGH 100 /* packets that tell a share */

/* Shares are of spans in which there were enough packets. Counters that went back begin anew. */
static void sample(struct agent *a, const struct local_answer *fwd)
{
	struct health *h = &a->health;
	bool anew = !h->sampled || fwd->packets < h->packets || fwd->dropped < h->dropped;
	uint64_t packets = anew ? fwd->packets : fwd->packets - h->packets;
	uint64_t dropped = anew ? fwd->dropped : fwd->dropped - h->dropped;

	if (packets >= ENOUGH)
		h->share = (double)dropped / (double)packets;
	if (anew || packets >= ENOUGH) {
		h->packets = fwd->packets;
		h->dropped = fwd->dropped;
	}
	h->sampled = true;
	a->status.report.dropped = h->share > 0 ? h->share : 0;
}

static void part_over(struct agent *a)
{
	struct checkup *c = &a->checkup;

	if (c->asking || c->probing)
		return;
	c->under_way = false;
	if (!c->fwd.err) {
		sample(a, &c->fwd);
		a->seen = (struct mark){ c->fwd.started, c->fwd.version };
		a->empty = !c->fwd.rules;
	}
	if (a->setup.etcd && !a->status.connected)
		c->failed |= CHECKUP_ETCD;
	a->record.known &= c->failed;
	agent_ready(a);
	c->done(a);
}

static void answered(void *ctx, const struct local_answer *answer)
{
	struct agent *a = ctx;

	a->asking = a->checkup.asking = false;
	a->checkup.fwd = *answer;
	part_over(a);
}

static void probed(void *ctx, uint32_t failed)
{
	struct agent *a = ctx;
	struct checkup *c = &a->checkup;

	c->probing = false;
	c->failed = failed;
	part_over(a);
}

void checkup_start(struct agent *a, void (*done)(struct agent *a))
{
	const struct local_request request = { .kind = LOCAL_STATUS, .done = answered, .ctx = a };
	struct local *l = a->setup.local;
	struct probes *p = a->setup.probes;
	struct checkup *c = &a->checkup;
	int err;

	*c = (struct checkup){ .under_way = true, .done = done };
	err = l->start(l, &request);
	c->asking = a->asking = !err;
	c->fwd.err = err;
	err = p->start(p, probed, a);
	c->probing = !err;
	if (err)
		agent_log(a, "cannot probe: %s", strerror(-err));
	a->waiting = c->asking || c->probing;
	if (!a->waiting)
		agent_later(a, AGENT_ERROR_FWD, "neither fwd nor the probes can be asked");
}

void checkup_cancel(struct agent *a)
{
	struct checkup *c = &a->checkup;

	if (c->under_way && c->probing)
		a->setup.probes->stop(a->setup.probes);
	c->under_way = c->probing = false;
}

void health_begin(struct agent *a)
{
	struct health *h = &a->health;

	a->record.known = a->checkup.failed;
	h->before = h->share;
	h->share = -1;
	h->packets = a->checkup.fwd.packets;
	h->dropped = a->checkup.fwd.dropped;
	h->bad = 0;
}

bool health_worse(const struct agent *a, char why[LOCAL_TEXT])
{
	const struct health *h = &a->health;
	const struct checkup *c = &a->checkup;
	uint32_t failed = c->failed & ~a->record.known;
	double limit = (double)a->setup.config->dropped / 100;

	why[0] = '\0';
	if (failed & ~CHECKUP_ETCD)
		snprintf(why, LOCAL_TEXT, "%s is not reached",
			 a->setup.probes->name(a->setup.probes, (unsigned)__builtin_ctz(failed)));
	else if (failed)
		snprintf(why, LOCAL_TEXT, "etcd is not reached");
	else if (limit < 1 && h->before >= 0 && h->share > h->before + limit)
		snprintf(why, LOCAL_TEXT, "%.1f%% of packets are dropped, %.1f%% were before", 100 * h->share,
			 100 * h->before);
	return why[0] != '\0';
}

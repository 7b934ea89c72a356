// SPDX-License-Identifier: GPL-2.0-only
/*
 * A candidate for leading rollouts. It watches the keys `leader`, `rollout` and `rings`. When there is no leader, it is granted a lease and
 * makes the key `leader` under it, if nobody was faster; it leads until that key is not its own any more.
 *
 *	FOLLOWING  -- no key `leader`: grant -->  GRANTING  -- granted: transaction -->  CAMPAIGNING  -- made -->  LEADING
 *	    ^                                                                                                         |
 *	    +---- somebody else was faster, an error, the lease has ended, the key is gone: give the lease back  <----+
 */
#include "lead_step.h"
#include "record.h"

#include <string.h>

#define KEEPALIVE (FW_LEAD_LEASE / 3.0) /* seconds */
#define TICK 1.0                        /* while leading */
#define AGAIN 2.0                       /* before another try to become the leader */

enum phase { FOLLOWING, GRANTING, CAMPAIGNING, LEADING };

struct fw_lead {
	struct fw_lead_setup setup;
	char leader[FW_FLEET_KEY], rollout[FW_FLEET_KEY], rings[FW_FLEET_KEY];
	struct fw_etcd_watch *watch;
	struct fw_timer timer;
	enum phase phase;
	bool synced;       /* the keys were read */
	uint64_t present;  /* revision of the key `leader`; 0: there is none */
	uint64_t lease;    /* 0: none */
	bool told;         /* why it cannot become the leader */
	bool keeping;      /* a keepalive is on its way */
	double sent, kept; /* when it was sent, and the last one that succeeded */
	struct lead_step step;
	void (*resigned)(void *ctx);
	void *resigned_ctx;
};

static const struct fw_record_row leader_rows[] = {
	{ .name = "by",
	  .parse = fw_record_parse_text,
	  .print = fw_record_print_text,
	  .want = "a line of text, of at most 319 bytes",
	  .size = FW_LEADER_NAME },
};
static const struct fw_record leader_record = { "a leader", leader_rows, 1 };

int fw_leader_parse(const char *text, size_t len, char by[FW_LEADER_NAME])
{
	return fw_record_parse(&leader_record, text, len, by, NULL);
}

void fw_leader_print(struct fw_buf *b, const char *by)
{
	fw_record_print(&leader_record, by, b);
}

static void ring_in(struct fw_lead *l, double seconds)
{
	if (fw_timer_set(l->setup.http, &l->timer, seconds))
		lead_log(&l->setup, "out of memory");
}

static void ignore(void *ctx, const struct fw_etcd_answer *a)
{
}

/* We do not lead, or try to, any more; the key goes with the lease. @why: NULL: nothing is wrong. */
static void stand_back(struct fw_lead *l, const char *why)
{
	if (l->phase == LEADING)
		lead_log(&l->setup, "does not lead any more: %s", why);
	else if (!l->told && why)
		lead_log(&l->setup, "cannot become the leader: %s", why);
	l->told = l->phase != LEADING && why;
	if (l->lease)
		fw_etcd_lease_revoke(l->setup.etcd, l->lease, ignore, NULL);
	l->lease = 0;
	l->phase = FOLLOWING;
	lead_step_leads(&l->step, 0);
	ring_in(l, AGAIN);
}

static void campaigned(void *ctx, const struct fw_etcd_answer *a)
{
	struct fw_lead *l = ctx;

	if (a->err) {
		stand_back(l, a->err == -ECANCELED ? NULL : a->why); /* somebody was faster */
		return;
	}
	l->phase = LEADING;
	l->present = a->revision;
	lead_log(&l->setup, "leads");
	lead_step_leads(&l->step, a->revision);
	ring_in(l, 0);
}

static void granted(void *ctx, const struct fw_etcd_answer *a)
{
	struct fw_lead *l = ctx;
	fw_cleanup(fw_buf_free) struct fw_buf by = { 0 };
	const struct fw_etcd_if absent = { l->leader, 0 };

	if (a->err) {
		stand_back(l, a->why);
		return;
	}
	l->lease = a->lease;
	l->kept = l->setup.now();
	l->phase = CAMPAIGNING;
	fw_leader_print(&by, l->setup.by);
	if (by.failed || fw_etcd_txn(l->setup.etcd, &absent, 1, &(struct fw_etcd_put){ l->leader, by.text, l->lease },
				     1, campaigned, l))
		stand_back(l, "out of memory");
}

/* Is there no leader? */
static void campaign(struct fw_lead *l)
{
	if (l->phase != FOLLOWING || !l->synced || l->present)
		return;
	l->phase = GRANTING;
	if (fw_etcd_lease_grant(l->setup.etcd, FW_LEAD_LEASE, granted, l))
		stand_back(l, "out of memory");
}

static void kept(void *ctx, const struct fw_etcd_answer *a)
{
	struct fw_lead *l = ctx;

	l->keeping = false;
	if (!a->err)
		l->kept = l->sent;
	else if (l->phase == LEADING && a->err == -ENOENT)
		stand_back(l, a->why);
}

/* Prolongs the lease; one that may have ended is one that has. */
static void keep(struct fw_lead *l)
{
	double now = l->setup.now();

	if (now >= l->kept + FW_LEAD_LEASE) {
		stand_back(l, "etcd has not answered for too long");
		return;
	}
	if (l->keeping || now < l->kept + KEEPALIVE)
		return;
	l->sent = now;
	l->keeping = !fw_etcd_lease_keepalive(l->setup.etcd, l->lease, kept, l);
}

static void tick(struct fw_timer *t)
{
	struct fw_lead *l = (struct fw_lead *)((char *)t - offsetof(struct fw_lead, timer));

	if (l->resigned) {
		l->resigned(l->resigned_ctx);
		return;
	}
	if (l->phase == LEADING)
		keep(l);
	if (l->phase == LEADING) {
		lead_step_poll(&l->step);
		ring_in(l, lead_step_active(&l->step) ? TICK : KEEPALIVE);
	}
	campaign(l);
}

static void leader_changed(struct fw_lead *l, const struct fw_etcd_pair *pair)
{
	if (l->phase == LEADING && pair->modified < l->step.leader)
		return; /* from before we led */
	l->present = pair->value ? pair->modified : 0;
	if (l->phase == LEADING && l->present != l->step.leader)
		stand_back(l, pair->value ? "there is another leader" : "the lease has ended");
}

static void changed(void *ctx, const struct fw_etcd_pair *pair)
{
	struct fw_lead *l = ctx;

	if (!strcmp(pair->key, l->leader))
		leader_changed(l, pair);
	else if (!strcmp(pair->key, l->rings))
		lead_step_rings(&l->step, pair);
	else
		lead_step_rollout(&l->step, pair);
	if (l->phase == LEADING)
		ring_in(l, 0);
	else
		campaign(l);
}

static void synced(void *ctx, uint64_t revision)
{
	struct fw_lead *l = ctx;

	l->synced = true;
	campaign(l);
}

int fw_lead_open(const struct fw_lead_setup *setup, struct fw_lead **out)
{
	struct fw_lead *l = calloc(1, sizeof(*l));
	const char *keys[3];
	int err;

	if (!l)
		return -ENOMEM;
	l->setup = *setup;
	l->step.setup = &l->setup;
	l->timer.ring = tick;
	keys[0] = fw_fleet_key(setup->fleet, "leader", "", l->leader);
	keys[1] = fw_fleet_key(setup->fleet, "rollout", "", l->rollout);
	keys[2] = fw_fleet_key(setup->fleet, "rings", "", l->rings);
	err = fw_etcd_watch(
		setup->etcd,
		&(struct fw_etcd_watching){ .keys = keys, .nkeys = 3, .changed = changed, .synced = synced, .ctx = l },
		&l->watch);
	if (err)
		free(l);
	else
		*out = l;
	return err;
}

bool fw_lead_leads(const struct fw_lead *l)
{
	return l->phase == LEADING;
}

/* Ends what is on its way, and all calls. */
static void stop(struct fw_lead *l)
{
	fw_timer_stop(l->setup.http, &l->timer);
	fw_etcd_watch_close(l->watch);
	l->watch = NULL;
	fw_etcd_forget(l->setup.etcd, l);
	fw_etcd_forget(l->setup.etcd, &l->step);
}

static void revoked(void *ctx, const struct fw_etcd_answer *a)
{
	struct fw_lead *l = ctx;

	l->resigned(l->resigned_ctx);
}

void fw_lead_resign(struct fw_lead *l, void (*done)(void *ctx), void *ctx)
{
	stop(l);
	l->resigned = done;
	l->resigned_ctx = ctx;
	l->phase = FOLLOWING;
	if (!l->lease || fw_etcd_lease_revoke(l->setup.etcd, l->lease, revoked, l))
		ring_in(l, 0);
}

void fw_lead_close(struct fw_lead *l)
{
	if (!l)
		return;
	stop(l);
	lead_step_free(&l->step);
	free(l);
}

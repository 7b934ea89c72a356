// SPDX-License-Identifier: GPL-2.0-only
#include "follow.h"

#include "bring.h"
#include "reporter.h"

#include <string.h>
#include <time.h>

#define POLL_SECONDS 60 /* of a request for head */

static void note_heard(struct agent *a, bool connected)
{
	bool was = a->status.connected;

	a->status.connected = connected;
	if (connected)
		a->status.heard = agent_now(a);
	if (was != connected)
		agent_changed(a);
}

/* The head names another generation, or none: what was begun for the former one ends. */
static void wants(struct agent *a, const struct fw_generation *g)
{
	bool same = fw_generation_same(&a->wanted, g);

	a->heard = true;
	if (!same) {
		a->wanted = *g;
		if (!fw_generation_same(&a->record.failed.to, g))
			a->record.failed.to.number = 0;
		a->compared = 0;
		agent_well(a);
		if (a->attempt.stage && a->attempt.stage < STAGE_LOAD)
			bring_cancel(a);
	}
	agent_wake(a, 0);
}

static void no_head(struct agent *a)
{
	wants(a, &(struct fw_generation){ .number = 0 });
}

/* Whose head is to be watched has changed. Watches are not closed in their own callbacks. */
static void set_ring(struct agent *a, const char *name)
{
	struct follow *f = &a->follow;

	if (!strcmp(f->ring, name))
		return;
	snprintf(f->ring, sizeof(f->ring), "%s", name);
	snprintf(a->status.report.ring, sizeof(a->status.report.ring), "%s", name);
	agent_log(a, "this host is in %s%s", name[0] ? "the ring " : "no ring", name);
	agent_changed(a);
	fw_timer_set(a->setup.http, &f->again, 0);
	if (!name[0])
		no_head(a);
}

static void rings_changed(struct agent *a, const char *text)
{
	struct fw_rings rings = { .n = 0 };
	struct fw_diags ds = { .n = 0 };
	int ring;

	if (!text) {
		set_ring(a, "");
		return;
	}
	if (fw_rings_parse(text, strlen(text), a->follow.rings_key, &rings, &ds)) {
		agent_log(a, "the fleet's rings are damaged: %s", ds.n ? ds.d[0].message : "");
		agent_error(a, AGENT_ERROR_ETCD);
		return;
	}
	ring = fw_ring_of(&rings, a->setup.host);
	set_ring(a, ring < 0 ? "" : rings.ring[ring].name);
	fw_rings_free(&rings);
}

static void head_changed(struct agent *a, const char *text)
{
	struct fw_generation g;
	char why[256];

	a->follow.has_head = true;
	if (!text) {
		no_head(a);
		return;
	}
	if (fw_generation_parse(text, strlen(text), &g, why)) {
		agent_log(a, "the ring's head is damaged: %s", why);
		agent_error(a, AGENT_ERROR_ETCD);
		return;
	}
	wants(a, &g);
}

static void changed(void *ctx, const struct fw_etcd_pair *pair)
{
	struct agent *a = ctx;

	if (!strcmp(pair->key, a->follow.rings_key))
		rings_changed(a, pair->value);
	else if (!strcmp(pair->key, a->follow.head_key))
		head_changed(a, pair->value);
}

/* Without a ring, or a head, there is nothing to do; that is known now. */
static void synced(void *ctx, uint64_t revision)
{
	struct agent *a = ctx;

	note_heard(a, true);
	if (a->follow.head_key[0] && !a->follow.has_head)
		no_head(a);
	if (!a->follow.ring[0])
		a->heard = true;
	agent_wake(a, 0);
}

static void connection(void *ctx, const char *why)
{
	struct agent *a = ctx;

	if (why && a->status.connected) {
		agent_log(a, "etcd: %s", why);
		a->status.errors[AGENT_ERROR_ETCD]++;
	}
	note_heard(a, !why);
	if (!why)
		reporter_hurry(a);
	agent_wake(a, 0);
}

/* The rings, unless the settings name the ring, and the head of the ring, if there is one. */
static int watch(struct agent *a)
{
	struct follow *f = &a->follow;
	const char *fleet = a->setup.config->fleet;
	struct fw_etcd_watching w = {
		.keys = f->keys, .changed = changed, .synced = synced, .connection = connection, .ctx = a
	};

	fw_etcd_watch_close(f->watch);
	f->watch = NULL;
	fw_fleet_key(fleet, "rings", "", f->rings_key);
	f->head_key[0] = '\0';
	f->has_head = false;
	if (!a->setup.config->ring[0])
		f->keys[w.nkeys++] = f->rings_key;
	if (f->ring[0])
		f->keys[w.nkeys++] = fw_fleet_key(fleet, "ring/", f->ring, f->head_key);
	return fw_etcd_watch(a->setup.etcd, &w, &f->watch);
}

static void watch_again(struct fw_timer *t)
{
	struct agent *a = (struct agent *)((char *)t - offsetof(struct agent, follow.again));

	if (watch(a))
		fw_timer_set(a->setup.http, t, 1);
}

/* The file `head` is a manifest: whatever it names must be signed. */
static void take_head(struct agent *a, const struct fw_http_answer *answer)
{
	struct fw_manifest m;
	char why[256] = "", *copy = NULL;
	int err = fw_manifest_read(answer->body, answer->len, a->setup.keys, &m, why);

	if (!err && !(copy = strndup(answer->body, answer->len)))
		return;
	if (err) {
		agent_log(a, "head is not accepted: %s", why);
		agent_error(a, AGENT_ERROR_MANIFEST);
		return;
	}
	fw_sha256_of(answer->body, answer->len, &m.self.manifest);
	free(a->head);
	a->head = copy;
	a->head_len = answer->len;
	snprintf(a->follow.etag, sizeof(a->follow.etag), "%s", answer->etag);
	wants(a, &m.self);
}

static void polled(void *ctx, const struct fw_http_answer *answer)
{
	struct agent *a = ctx;
	struct follow *f = &a->follow;
	bool came = !answer->err && (answer->status == 200 || answer->status == 304);
	double pause = a->setup.config->poll;

	f->poll = NULL;
	if (came && answer->status == 200)
		take_head(a, answer);
	if (!came) {
		if (!f->failures++)
			agent_log(a, "cannot read head: %s", answer->why);
		agent_error(a, AGENT_ERROR_FETCH);
	} else {
		f->failures = 0;
	}
	note_heard(a, came);
	fw_timer_set(a->setup.http, &f->again, agent_jitter(a, pause));
}

static void poll_again(struct fw_timer *t)
{
	struct agent *a = (struct agent *)((char *)t - offsetof(struct agent, follow.again));
	struct follow *f = &a->follow;
	char url[FW_SETTING_TEXT + 8], match[sizeof(f->etag) + 32];
	const char *headers[] = { match, NULL };
	struct fw_http_request request = { .url = url,
					   .headers = f->etag[0] ? headers : NULL,
					   .identity = &a->identity,
					   .timeout = POLL_SECONDS,
					   .max = FW_MANIFEST_MAX,
					   .done = polled,
					   .ctx = a };

	snprintf(url, sizeof(url), "%s/head", a->url);
	snprintf(match, sizeof(match), "If-None-Match: %s", f->etag);
	if (fw_http_start(a->setup.http, &request, &f->poll))
		fw_timer_set(a->setup.http, t, agent_jitter(a, a->setup.config->poll));
}

int follow_open(struct agent *a)
{
	struct follow *f = &a->follow;

	f->again.ring = a->setup.etcd ? watch_again : poll_again;
	if (!a->setup.etcd)
		return fw_timer_set(a->setup.http, &f->again, 0);
	snprintf(f->ring, sizeof(f->ring), "%.*s", FW_RING_NAME, a->setup.config->ring);
	snprintf(a->status.report.ring, sizeof(a->status.report.ring), "%s", f->ring);
	return watch(a);
}

void follow_close(struct agent *a)
{
	struct follow *f = &a->follow;

	fw_timer_stop(a->setup.http, &f->again);
	if (f->poll)
		fw_http_cancel(f->poll);
	fw_etcd_watch_close(f->watch);
	free(a->head);
}

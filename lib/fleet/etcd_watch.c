// SPDX-License-Identifier: GPL-2.0-only
/*
 * A watch reads its keys in one transaction, then follows them in a stream from the next revision on. Whatever ends the stream, it
 * begins again with the read, so nothing is missed, neither across compactions nor when etcd was restored from a backup. It also does so
 * every few minutes, since a member that hangs keeps its connections open in silence.
 */
#include "etcd_op.h"

#include <string.h>

#define KEYS 8
#define LINE_MAX_BYTES (4u << 20) /* of an object of the stream */
#define RENEW 300.0               /* seconds, with jitter */
#define PAUSE 0.5                 /* seconds before the first try after a loss; doubles */
#define PAUSE_MAX 30.0
#define LASTING 10.0 /* seconds after which a connection was a good one */

struct followed {
	char *key;
	uint64_t modified; /* of the value that was told last */
	bool exists;
};

struct fw_etcd_watch {
	struct fw_etcd *etcd;
	struct fw_etcd_watch *next, **link;
	struct fw_etcd_watching w; /* without its keys */
	struct followed keys[KEYS];
	struct etcd_op *read;
	struct fw_http_call *stream;
	unsigned endpoint;  /* of the stream */
	unsigned created;   /* keys that the stream follows */
	struct fw_buf part; /* of the stream: an incomplete line */
	struct fw_timer timer;
	double pause, since; /* since: when all keys were followed */
	bool connected;
	unsigned busy; /* calls of ours that go on to use it */
	bool closed;
};

static void lose(struct fw_etcd_watch *w, const char *why);

static void leave(struct fw_etcd_watch *w)
{
	if (--w->busy || !w->closed)
		return;
	for (unsigned i = 0; i < w->w.nkeys; i++)
		free(w->keys[i].key);
	free(w);
}

static void stop(struct fw_etcd_watch *w)
{
	if (w->read)
		etcd_op_cancel(w->read);
	if (w->stream)
		fw_http_cancel(w->stream);
	w->read = NULL;
	w->stream = NULL;
	w->created = 0;
	fw_buf_free(&w->part);
	fw_timer_stop(w->etcd->http, &w->timer);
}

void fw_etcd_watch_close(struct fw_etcd_watch *w)
{
	if (!w)
		return;
	stop(w);
	*w->link = w->next;
	if (w->next)
		w->next->link = w->link;
	w->closed = true;
	w->busy++;
	leave(w);
}

static void tell_connection(struct fw_etcd_watch *w, const char *why)
{
	if (!w->closed && w->w.connection)
		w->w.connection(w->w.ctx, why);
}

/* Tells a value that is another than the one before. */
static void tell(struct fw_etcd_watch *w, struct followed *f, const struct fw_etcd_pair *p)
{
	if (w->closed || (!p->value && !f->exists))
		return;
	f->modified = p->modified;
	f->exists = p->value != NULL;
	w->w.changed(w->w.ctx, p);
}

static const struct fw_etcd_pair *find(const struct fw_etcd_pair *pairs, size_t n, const char *key)
{
	for (size_t i = 0; i < n; i++)
		if (!strcmp(pairs[i].key, key))
			return &pairs[i];
	return NULL;
}

static void take_event(struct fw_etcd_watch *w, const struct fw_etcd_pair *p)
{
	for (unsigned i = 0; i < w->w.nkeys && !w->closed; i++)
		if (!strcmp(w->keys[i].key, p->key) && p->modified > w->keys[i].modified)
			tell(w, &w->keys[i], p);
}

/* All keys are followed from now on. */
static void following(struct fw_etcd_watch *w)
{
	w->since = fw_now();
	fw_timer_set(w->etcd->http, &w->timer, etcd_jitter(RENEW));
	if (w->connected)
		return;
	w->connected = true;
	tell_connection(w, NULL);
}

static void take_object(struct fw_etcd_watch *w, const char *text, size_t len)
{
	struct etcd_reply r = { 0 };
	int err = etcd_reply_add(&r, text, len);
	char shown[200];

	for (size_t i = 0; !err && i < r.n && !w->closed; i++)
		take_event(w, &r.pairs[i]);
	if (err && !w->closed)
		lose(w, "the stream is not one of etcd");
	else if ((r.code || r.canceled) && !w->closed)
		lose(w, r.message && *r.message ? fw_escape(shown, sizeof(shown), r.message, strlen(r.message)) :
						  "etcd has ended the watch");
	else if (r.created && !w->closed && ++w->created == w->w.nkeys)
		following(w);
	etcd_reply_free(&r);
}

/* Bytes of the stream: an object in each line. */
static int stream_part(void *ctx, const char *bytes, size_t len)
{
	struct fw_etcd_watch *w = ctx;
	struct fw_buf all;
	size_t done = 0;
	const char *end;

	fw_buf_add(&w->part, bytes, len);
	all = w->part;
	w->part = (struct fw_buf){ 0 };
	w->busy++;
	while (!w->closed && w->stream && (end = memchr(all.text + done, '\n', all.len - done))) {
		take_object(w, all.text + done, (size_t)(end - all.text) - done);
		done = (size_t)(end - all.text) + 1;
	}
	if (!w->closed && w->stream) {
		fw_buf_add(&w->part, all.text + done, all.len - done);
		if (all.failed || w->part.failed || w->part.len > LINE_MAX_BYTES)
			lose(w, "an object of the stream is too large");
	}
	fw_buf_free(&all);
	leave(w);
	return 0;
}

static void stream_done(void *ctx, const struct fw_http_answer *a)
{
	struct fw_etcd_watch *w = ctx;

	w->stream = NULL;
	w->busy++;
	lose(w, *a->why ? a->why : "etcd has closed the connection");
	leave(w);
}

static void follow(struct fw_etcd_watch *w, uint64_t revision)
{
	struct fw_etcd *e = w->etcd;
	fw_cleanup(fw_buf_free) struct fw_buf body = { 0 };
	struct fw_http_request r = { .part = stream_part, .done = stream_done, .ctx = w };

	for (unsigned i = 0; i < w->w.nkeys; i++)
		etcd_put_watch(&body, w->keys[i].key, revision);
	r.body = body.text;
	r.len = body.len;
	w->endpoint = e->at;
	if (body.failed || etcd_request(e, w->endpoint, "/v3/watch", &r, &w->stream) ||
	    fw_timer_set(e->http, &w->timer, e->settings->timeout))
		lose(w, "out of memory");
}

static void take_read(void *ctx, const struct fw_etcd_answer *a)
{
	struct fw_etcd_watch *w = ctx;

	w->read = NULL;
	if (a->err) {
		w->busy++;
		lose(w, a->why);
		leave(w);
		return;
	}
	w->busy++;
	for (unsigned i = 0; i < w->w.nkeys && !w->closed; i++) {
		struct followed *f = &w->keys[i];
		const struct fw_etcd_pair *p = find(a->pairs, a->n, f->key);
		const struct fw_etcd_pair deleted = { .key = f->key, .modified = a->revision };

		if (!p || !f->exists || p->modified != f->modified)
			tell(w, f, p ? p : &deleted);
	}
	if (!w->closed && w->w.synced)
		w->w.synced(w->w.ctx, a->revision);
	if (!w->closed)
		follow(w, a->revision + 1);
	leave(w);
}

static void read_keys(struct fw_etcd_watch *w)
{
	const char *keys[KEYS];
	struct etcd_op *op = etcd_op_new(w->etcd, "/v3/kv/txn", take_read, w);

	stop(w);
	for (unsigned i = 0; i < w->w.nkeys; i++)
		keys[i] = w->keys[i].key;
	if (op)
		etcd_put_reads(&op->body, keys, w->w.nkeys);
	if (!op || etcd_op_start(op))
		lose(w, "out of memory");
	else
		w->read = op;
}

/* Ends the attempt, and sets the time of the next one. */
static void lose(struct fw_etcd_watch *w, const char *why)
{
	char kept[500];

	if (w->connected && fw_now() - w->since > LASTING)
		w->pause = 0;
	w->pause = w->pause ? w->pause * 2 : PAUSE;
	if (w->pause > PAUSE_MAX)
		w->pause = PAUSE_MAX;
	w->connected = false;
	snprintf(kept, sizeof(kept), "%s", why);
	if (w->stream || w->created)
		etcd_avoid(w->etcd, w->endpoint);
	stop(w);
	fw_timer_set(w->etcd->http, &w->timer, etcd_jitter(w->pause));
	tell_connection(w, kept);
}

/* A pause is over, a stream was not made in time, or has lasted long enough. */
static void timer_ring(struct fw_timer *t)
{
	struct fw_etcd_watch *w = (struct fw_etcd_watch *)((char *)t - offsetof(struct fw_etcd_watch, timer));

	w->busy++;
	if (w->stream && w->created < w->w.nkeys)
		lose(w, "etcd does not answer");
	else
		read_keys(w);
	leave(w);
}

int fw_etcd_watch(struct fw_etcd *e, const struct fw_etcd_watching *watching, struct fw_etcd_watch **out)
{
	struct fw_etcd_watch *w = calloc(1, sizeof(*w));
	bool failed = !w || watching->nkeys > KEYS;

	if (failed)
		return free(w), -ENOMEM;
	*w = (struct fw_etcd_watch){ .etcd = e, .w = *watching, .timer = { .ring = timer_ring } };
	w->next = e->watches;
	if (w->next)
		w->next->link = &w->next;
	w->link = &e->watches;
	e->watches = w;
	for (unsigned i = 0; i < w->w.nkeys; i++) {
		w->keys[i].key = strdup(watching->keys[i]);
		failed = failed || !w->keys[i].key;
	}
	if (failed || fw_timer_set(e->http, &w->timer, 0)) {
		fw_etcd_watch_close(w);
		return -ENOMEM;
	}
	*out = w;
	return 0;
}

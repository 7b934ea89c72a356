// SPDX-License-Identifier: GPL-2.0-only
/* A web server and etcd. */
#include "around.h"

#include "fw/fleet/etcd.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define CALLS 16
#define HOST_KEY "/fw/edge/host/web1"
#define RINGS "{\"rings\":[{\"name\":\"all\",\"percent\":100}]}"

struct fw_http_call {
	bool used;
	char path[160], match[128];
	size_t max;
	void (*done)(void *ctx, const struct fw_http_answer *a);
	void *ctx;
	uint64_t event;
};
static struct fw_http_call calls[CALLS];

/* Does a file's name begin with the hash of the object? */
static bool is_object(const char *name, const struct fw_object *o)
{
	return !strncmp(name, o->sha256.hex, FW_SHA256_HEX);
}

/* The file of a path below the URL. false: 404. */
static bool find(struct world *w, const char *path, const char **bytes, size_t *len)
{
	for (unsigned n = 1; n <= WORLD_GENERATIONS; n++) {
		const struct world_artifact *a = &w->artifact[n];
		bool head = !strcmp(path, "head") && n == w->head;
		const char *hash = strchr(path, '/');

		hash = hash ? hash + 1 : "";
		if (head || !strcmp(hash, a->name.manifest.hex)) {
			*bytes = a->text;
			*len = a->len;
			return true;
		}
		if (is_object(hash, &a->about)) {
			*bytes = a->snapshot;
			*len = a->about.bytes;
			return true;
		}
		if (n > 1 && is_object(hash, &a->about_delta)) {
			*bytes = a->delta;
			*len = a->about_delta.bytes;
			return true;
		}
	}
	return false;
}

static void serve(struct world *w, const struct fw_http_call *c, struct fw_http_answer *out, char *copy)
{
	const char *bytes;
	bool there = find(w, c->path, &bytes, &out->len);

	out->status = there ? 200 : 404;
	snprintf(out->why, sizeof(out->why), "%s", there ? "" : "404 Not Found");
	if (!there)
		return;
	memcpy(copy, bytes, out->len);
	out->etag = w->artifact[w->head].name.manifest.hex;
	if (!strcmp(c->path, "head") && !strcmp(c->match, out->etag))
		out->status = 304;
	if (w->web_damaged)
		copy[out->len / 2] ^= 1;
	if (w->web_cut && !strncmp(c->path, "object", 6)) {
		w->web_cut--;
		out->len /= 2;
	}
	if (out->len > c->max)
		out->err = -EFBIG;
	copy[out->len] = '\0';
}

static void web_answers(void *ctx)
{
	struct fw_http_call *c = ctx;
	struct world *w = world_here();
	struct fw_http_answer out = { .etag = "" };
	char copy[FW_MANIFEST_MAX + 1] = "";

	out.body = copy;
	if (w->web_down) {
		out.err = -ECONNREFUSED;
		snprintf(out.why, sizeof(out.why), "connection refused");
	} else {
		serve(w, c, &out, copy);
	}
	c->used = false;
	c->done(c->ctx, &out);
}

int fw_http_start(struct fw_http *h, const struct fw_http_request *request, struct fw_http_call **out)
{
	struct world *w = (struct world *)h;
	struct fw_http_call *c = calls;
	const char *match = request->headers ? strchr(request->headers[0], ' ') : NULL;

	if (w->killed)
		return -ENOMEM;
	while (c->used)
		c++;
	assert_true(c < calls + CALLS);
	assert_memory_equal(request->url, "http://web/fleet/", 17);
	*c = (struct fw_http_call){ .used = true, .max = request->max, .done = request->done, .ctx = request->ctx };
	snprintf(c->path, sizeof(c->path), "%s", request->url + 17);
	snprintf(c->match, sizeof(c->match), "%s", match ? match + 1 : "");
	c->event = world_later(0.01 + (double)fw_random_below(&w->random, 100) / 100, web_answers, c);
	if (out)
		*out = c;
	return 0;
}

void fw_http_cancel(struct fw_http_call *c)
{
	assert_true(c->used);
	world_never(c->event);
	c->used = false;
}

struct fw_etcd_watch {
	bool open, connected;
	struct fw_etcd_watching about;
	uint64_t event;
};
static struct fw_etcd_watch watch;
static struct {
	char *report;
	uint64_t lease, last_lease, revision;
	double expires;
	struct operation {
		bool used;
		int kind; /* 0: grant, 1: keepalive, 2: put */
		uint64_t lease;
		char *value;
		fw_etcd_done *done;
		void *ctx;
		uint64_t event;
	} op;
} store;

void etcd_begin(struct world *w)
{
	memset(&store, 0, sizeof(store));
	memset(calls, 0, sizeof(calls));
	watch = (struct fw_etcd_watch){ .open = false };
}

void etcd_end(struct world *w)
{
	free(store.report);
	free(store.op.value);
}

static void expire(void)
{
	if (store.lease && world_now() > store.expires) {
		store.lease = 0;
		free(store.report);
		store.report = NULL;
	}
}

bool world_report(struct world *w, struct fw_report *out)
{
	char why[256];

	expire();
	return store.report && !fw_report_parse(store.report, strlen(store.report), out, why);
}

/* Passes the present values on. */
static void tell(void *ctx)
{
	struct world *w = ctx;
	char head[160];

	watch.event = 0;
	if (w->etcd_down || !watch.open)
		return;
	snprintf(head, sizeof(head), "{\"generation\":%u,\"manifest\":\"%s\"}", w->head,
		 w->artifact[w->head].name.manifest.hex);
	for (unsigned i = 0; i < watch.about.nkeys && watch.open; i++) {
		bool rings = strstr(watch.about.keys[i], "rings") != NULL;
		const struct fw_etcd_pair pair = { .key = watch.about.keys[i],
						   .value = rings ? RINGS : head,
						   .modified = 1 };

		if (rings || w->head)
			watch.about.changed(watch.about.ctx, &pair);
	}
	if (!watch.connected) {
		watch.connected = true;
		watch.about.connection(watch.about.ctx, NULL);
		watch.about.synced(watch.about.ctx, 1);
	}
}

static void tell_soon(struct world *w)
{
	world_never(watch.event);
	watch.event = watch.open ? world_later(0.01 + (double)fw_random_below(&w->random, 50) / 100, tell, w) : 0;
}

int fw_etcd_watch(struct fw_etcd *e, const struct fw_etcd_watching *about, struct fw_etcd_watch **out)
{
	assert_false(watch.open);
	watch = (struct fw_etcd_watch){ .open = true, .about = *about };
	*out = &watch;
	tell_soon((struct world *)e);
	return 0;
}

void fw_etcd_watch_close(struct fw_etcd_watch *w)
{
	if (!w)
		return;
	world_never(watch.event);
	watch.open = false;
}

void world_etcd(struct world *w, bool up)
{
	w->etcd_down = !up;
	if (up) {
		tell_soon(w);
	} else if (watch.open && watch.connected) {
		watch.connected = false;
		watch.about.connection(watch.about.ctx, "connection refused");
	}
}

void world_head(struct world *w, unsigned generation)
{
	w->head = generation;
	if (w->has_etcd && !w->etcd_down)
		tell_soon(w);
}

static void operate(struct operation *op, struct fw_etcd_answer *out)
{
	expire();
	if (op->kind && op->lease != store.lease) {
		out->err = -ENOENT;
		return;
	}
	store.expires = world_now() + 30;
	if (!op->kind)
		out->lease = store.lease = ++store.last_lease;
	if (op->kind != 2)
		return;
	free(store.report);
	store.report = fw_take(op->value);
	world_here()->puts++;
}

static void etcd_answers(void *ctx)
{
	struct world *w = ctx;
	struct fw_etcd_answer out = { .why = "", .revision = 1 };
	struct operation op = store.op;

	store.op = (struct operation){ .used = false };
	if (w->etcd_down || (w->live <= WORLD_GENERATIONS && w->artifact[w->live].bad))
		out = (struct fw_etcd_answer){ .err = -ETIMEDOUT, .why = "timed out" };
	else
		operate(&op, &out);
	free(op.value);
	op.done(op.ctx, &out);
}

/* The agent has one operation under way at a time. */
static int begin(struct fw_etcd *e, const struct operation *op)
{
	struct world *w = (struct world *)e;

	assert_false(store.op.used);
	if (w->killed)
		return -ENOMEM;
	store.op = *op;
	store.op.used = true;
	store.op.event = world_later(w->etcd_down ? 10 : 0.05, etcd_answers, w);
	return 0;
}

int fw_etcd_lease_grant(struct fw_etcd *e, unsigned seconds, fw_etcd_done *done, void *ctx)
{
	assert_int_equal(seconds, 30);
	return begin(e, &(struct operation){ .kind = 0, .done = done, .ctx = ctx });
}

int fw_etcd_lease_keepalive(struct fw_etcd *e, uint64_t lease, fw_etcd_done *done, void *ctx)
{
	return begin(e, &(struct operation){ .kind = 1, .lease = lease, .done = done, .ctx = ctx });
}

int fw_etcd_txn(struct fw_etcd *e, const struct fw_etcd_if *ifs, unsigned nifs, const struct fw_etcd_put *puts,
		unsigned nputs, fw_etcd_done *done, void *ctx)
{
	assert_int_equal(nputs, 1);
	assert_string_equal(puts->key, HOST_KEY);
	return begin(e,
		     &(struct operation){
			     .kind = 2, .lease = puts->lease, .value = strdup(puts->value), .done = done, .ctx = ctx });
}

void fw_etcd_forget(struct fw_etcd *e, const void *ctx)
{
	world_never(store.op.event);
	free(store.op.value);
	store.op = (struct operation){ .used = false };
}

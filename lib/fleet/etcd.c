// SPDX-License-Identifier: GPL-2.0-only
/* The operations: what each sends and what its answer means. */
#include "etcd_op.h"

#include <string.h>
#include <sys/random.h>

#define PAGE 500 /* keys of one read */
#define OPERATIONS 128

static int add_endpoint(struct fw_etcd *e, const char *url, size_t len, struct fw_diags *ds)
{
	while (len && url[len - 1] == '/')
		len--;
	if ((strncmp(url, "http://", 7) || len <= 7) && (strncmp(url, "https://", 8) || len <= 8))
		return fw_diag_add(ds, (struct fw_place){ 0 },
				   "for example: https://192.0.2.1:2379,https://192.0.2.2:2379",
				   "'%.*s' is not the URL of an endpoint of etcd", (int)len, url);
	if (e->n == FW_ETCD_ENDPOINTS)
		return fw_diag_add(ds, (struct fw_place){ 0 }, NULL, "more than %d endpoints of etcd",
				   FW_ETCD_ENDPOINTS);
	e->endpoints[e->n] = strndup(url, len);
	return e->endpoints[e->n++] ? 0 : -ENOMEM;
}

static int add_endpoints(struct fw_etcd *e, const char *list, struct fw_diags *ds)
{
	int err = 0;

	for (const char *s = list; !err; s += strcspn(s, ",") + 1) {
		size_t blanks = strspn(s, " "), len = strcspn(s + blanks, ", ");

		err = add_endpoint(e, s + blanks, len, ds);
		if (!s[strcspn(s, ",")])
			break;
	}
	return err;
}

int fw_etcd_open(struct fw_http *http, const struct fw_etcd_settings *settings, struct fw_etcd **out,
		 struct fw_diags *ds)
{
	struct fw_etcd *e = calloc(1, sizeof(*e));
	unsigned random = 0;
	int err;

	if (!e)
		return -ENOMEM;
	e->http = http;
	e->settings = settings;
	err = add_endpoints(e, settings->endpoints, ds);
	if (err) {
		fw_etcd_close(e);
		return err;
	}
	/* Hosts spread over the endpoints. */
	if (getrandom(&random, sizeof(random), GRND_NONBLOCK) < 0)
		random = 0;
	e->at = random % e->n;
	*out = e;
	return 0;
}

void fw_etcd_close(struct fw_etcd *e)
{
	if (!e)
		return;
	while (e->watches)
		fw_etcd_watch_close(e->watches);
	while (e->ops)
		etcd_op_cancel(e->ops);
	for (unsigned i = 0; i < e->n; i++)
		free(e->endpoints[i]);
	free(e);
}

void fw_etcd_forget(struct fw_etcd *e, const void *ctx)
{
	for (struct etcd_op *op = e->ops, *next; op; op = next) {
		next = op->next;
		if (op->ctx == ctx)
			etcd_op_cancel(op);
	}
}

/* The next page, of the same revision as the first. */
static bool take_page(struct etcd_op *op)
{
	struct etcd_reply *r = &op->reply;

	if (!r->more || !r->n)
		return false;
	fw_buf_free(&op->body);
	etcd_put_page(&op->body, op->prefix, r->pairs[r->n - 1].key, PAGE, op->answer.revision);
	if (!op->body.failed)
		return true;
	op->answer.err = -ENOMEM;
	return false;
}

/* @revision 0: the present one. */
static int get_prefix(struct fw_etcd *e, const char *prefix, uint64_t revision, fw_etcd_done *done, void *ctx)
{
	struct etcd_op *op = etcd_op_new(e, "/v3/kv/range", done, ctx);

	if (!op)
		return -ENOMEM;
	op->take = take_page;
	op->prefix = strdup(prefix);
	op->answer.revision = revision;
	etcd_put_page(&op->body, prefix, NULL, PAGE, revision);
	op->body.failed = op->body.failed || !op->prefix;
	return etcd_op_start(op);
}

int fw_etcd_get(struct fw_etcd *e, const char *key, bool prefix, fw_etcd_done *done, void *ctx)
{
	struct etcd_op *op;

	if (prefix)
		return get_prefix(e, key, 0, done, ctx);
	op = etcd_op_new(e, "/v3/kv/range", done, ctx);
	if (!op)
		return -ENOMEM;
	etcd_put_range(&op->body, key);
	return etcd_op_start(op);
}

int fw_etcd_get_past(struct fw_etcd *e, const char *prefix, uint64_t revision, fw_etcd_done *done, void *ctx)
{
	return get_prefix(e, prefix, revision, done, ctx);
}

static bool take_txn(struct etcd_op *op)
{
	if (!op->reply.succeeded) {
		op->answer.err = -ECANCELED;
		snprintf(op->why, sizeof(op->why), "someone else has changed it meanwhile");
	}
	return false;
}

int fw_etcd_txn(struct fw_etcd *e, const struct fw_etcd_if *ifs, unsigned nifs, const struct fw_etcd_put *puts,
		unsigned nputs, fw_etcd_done *done, void *ctx)
{
	struct etcd_op *op;

	if (nifs > OPERATIONS || nputs > OPERATIONS)
		return -E2BIG;
	for (unsigned i = 0; i < nputs; i++)
		if (puts[i].value && strlen(puts[i].value) > FW_ETCD_VALUE)
			return -E2BIG;
	op = etcd_op_new(e, "/v3/kv/txn", done, ctx);
	if (!op)
		return -ENOMEM;
	op->take = take_txn;
	etcd_put_txn(&op->body, ifs, nifs, puts, nputs);
	return etcd_op_start(op);
}

static bool take_lease(struct etcd_op *op)
{
	op->answer.lease = op->reply.lease;
	return false;
}

/* A lease that is gone has no time left. */
static bool take_keepalive(struct etcd_op *op)
{
	if (!op->reply.ttl) {
		op->answer.err = -ENOENT;
		snprintf(op->why, sizeof(op->why), "the lease has ended");
	}
	return take_lease(op);
}

static int lease_op(struct fw_etcd *e, const char *path, bool (*take)(struct etcd_op *), const char *member,
		    uint64_t value, fw_etcd_done *done, void *ctx)
{
	struct etcd_op *op = etcd_op_new(e, path, done, ctx);

	if (!op)
		return -ENOMEM;
	op->take = take;
	fw_buf_printf(&op->body, "{\"%s\":\"%llu\"}", member, (unsigned long long)value);
	return etcd_op_start(op);
}

int fw_etcd_lease_grant(struct fw_etcd *e, unsigned seconds, fw_etcd_done *done, void *ctx)
{
	return lease_op(e, "/v3/lease/grant", take_lease, "TTL", seconds, done, ctx);
}

int fw_etcd_lease_keepalive(struct fw_etcd *e, uint64_t lease, fw_etcd_done *done, void *ctx)
{
	return lease_op(e, "/v3/lease/keepalive", take_keepalive, "ID", lease, done, ctx);
}

int fw_etcd_lease_revoke(struct fw_etcd *e, uint64_t lease, fw_etcd_done *done, void *ctx)
{
	return lease_op(e, "/v3/lease/revoke", NULL, "ID", lease, done, ctx);
}

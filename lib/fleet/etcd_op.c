// SPDX-License-Identifier: GPL-2.0-only
/*
 * An operation goes to one endpoint after another, with a pause after each lap, until one answers or its time is over. Operations
 * that need a token wait while one of them, the login, fetches it.
 */
#include "etcd_op.h"

#include <string.h>
#include <sys/random.h>

#define ANSWER_MAX (16u << 20) /* bytes: a page of keys with their values */
#define PAUSE 0.2              /* seconds after the first lap; doubles with each */
#define PAUSE_MAX 2.0
#define TRIES 3   /* for which an operation has time, if there are as many endpoints */
#define REFUSED 2 /* tokens in a row after which another login makes no sense */

static void op_try(struct etcd_op *op);

double etcd_jitter(double seconds)
{
	uint32_t random = UINT32_MAX / 2;

	if (getrandom(&random, sizeof(random), GRND_NONBLOCK) < 0)
		random = UINT32_MAX / 2;
	return seconds * (0.5 + (double)random / UINT32_MAX);
}

void etcd_avoid(struct fw_etcd *e, unsigned endpoint)
{
	if (e->at == endpoint)
		e->at = (endpoint + 1) % e->n;
}

static void op_unlink(struct etcd_op *op)
{
	*op->link = op->next;
	if (op->next)
		op->next->link = op->link;
	fw_timer_stop(op->etcd->http, &op->again);
	if (op->call)
		fw_http_cancel(op->call);
}

static void op_free(struct etcd_op *op)
{
	etcd_reply_free(&op->reply);
	fw_buf_free(&op->body);
	free(op->prefix);
	free(op);
}

void etcd_op_cancel(struct etcd_op *op)
{
	op_unlink(op);
	op_free(op);
}

/* done() may end everything else. */
static void finish(struct etcd_op *op)
{
	op_unlink(op);
	op->answer.why = op->why;
	op->answer.pairs = op->reply.pairs;
	op->answer.n = op->answer.err ? 0 : op->reply.n;
	op->done(op->ctx, &op->answer);
	op_free(op);
}

static void fail(struct etcd_op *op, int err, const char *why)
{
	op->answer.err = err;
	snprintf(op->why, sizeof(op->why), "%s: %.360s", op->etcd->endpoints[op->endpoint], why);
}

static void again(struct fw_timer *t)
{
	struct etcd_op *op = (struct etcd_op *)((char *)t - offsetof(struct etcd_op, again));

	if (op->failed)
		finish(op);
	else
		op_try(op);
}

/* After a failure of its endpoint, which answer and why tell: goes on with the next one, unless its time is over. */
static void retry(struct etcd_op *op)
{
	struct fw_etcd *e = op->etcd;
	unsigned laps = op->tries / e->n;
	double pause = 0;

	etcd_avoid(e, op->endpoint);
	if (op->tries % e->n == 0)
		pause = etcd_jitter(laps > 4 ? PAUSE_MAX : PAUSE * (1u << (laps - 1)));
	op->failed = fw_now() + pause >= op->deadline;
	if (fw_timer_set(e->http, &op->again, op->failed ? 0 : pause))
		finish(op);
}

/* Those that wait for a token try again, or fail as the login did. */
static void wake(struct fw_etcd *e, const struct fw_etcd_answer *login)
{
	for (struct etcd_op *op = e->ops; op; op = op->next) {
		if (!op->waiting)
			continue;
		op->waiting = false;
		op->failed = login->err != 0;
		op->answer.err = login->err;
		snprintf(op->why, sizeof(op->why), "%s", login->why);
		fw_timer_set(e->http, &op->again, 0);
	}
}

static void logged_in(void *ctx, const struct fw_etcd_answer *a)
{
	struct fw_etcd *e = ctx;

	e->logging_in = false;
	wake(e, a);
}

static bool take_token(struct etcd_op *op)
{
	struct fw_etcd *e = op->etcd;
	const char *token = op->reply.token;

	if (!token || !*token || strlen(token) >= sizeof(e->token) || strpbrk(token, "\r\n")) {
		fail(op, -EPROTO, "the answer to the login has no token");
		return false;
	}
	strcpy(e->token, token);
	e->logins++;
	return false;
}

static int log_in(struct fw_etcd *e)
{
	struct etcd_op *op = etcd_op_new(e, "/v3/auth/authenticate", logged_in, e);

	if (!op)
		return -ENOMEM;
	op->take = take_token;
	etcd_put_credentials(&op->body, e->settings->user, e->settings->password ? e->settings->password : "");
	e->logging_in = true;
	if (!etcd_op_start(op))
		return 0;
	e->logging_in = false;
	return -ENOMEM;
}

static bool has_user(const struct fw_etcd *e)
{
	return e->settings->user && *e->settings->user;
}

/* The token of the operation is not valid any more: a new one, once. Return: may it be tried again? */
static bool renew_token(struct etcd_op *op)
{
	struct fw_etcd *e = op->etcd;

	if (!has_user(e) || op->take == take_token || op->refused++ == REFUSED)
		return false;
	if (op->logins == e->logins)
		*e->token = 0;
	op_try(op);
	return true;
}

static bool is_about_token(const struct etcd_reply *r)
{
	return r->code == ETCD_UNAUTHENTICATED ||
	       (r->code == ETCD_INVALID && r->message && strstr(r->message, "revision of auth store is old"));
}

static bool is_about_user(const struct etcd_op *op)
{
	const struct etcd_reply *r = &op->reply;

	return r->code == ETCD_UNAUTHENTICATED || r->code == ETCD_FORBIDDEN || op->take == take_token ||
	       (r->code == ETCD_INVALID && r->message && strstr(r->message, "user name"));
}

/* etcd answers with an error: it is told, or tried again elsewhere. */
static void refused(struct etcd_op *op)
{
	const struct etcd_reply *r = &op->reply;
	const char *message = r->message ? r->message : "an error without a message";
	bool lasting = r->code == ETCD_INVALID || r->code == ETCD_NOT_FOUND || r->code == ETCD_FORBIDDEN ||
		       r->code == ETCD_PRECONDITION || r->code == ETCD_UNAUTHENTICATED || r->code == ETCD_COMPACTED;
	char shown[300];

	fail(op,
	     is_about_user(op) && lasting ? -EACCES :
	     r->code == ETCD_NOT_FOUND    ? -ENOENT :
	     lasting                      ? -EINVAL :
					    -EIO,
	     fw_escape(shown, sizeof(shown), message, strlen(message)));
	if (is_about_token(r) && renew_token(op))
		return;
	if (lasting)
		finish(op);
	else
		retry(op);
}

/* An answer that does not come from etcd's gateway, or none. */
static void unusable(struct etcd_op *op, const struct fw_http_answer *a)
{
	char line[120], why[360];

	fw_escape(line, sizeof(line), a->body, strcspn(a->body, "\r\n"));
	if (a->err || !*line)
		snprintf(why, sizeof(why), "%s", *a->why ? a->why : "the answer is empty");
	else
		snprintf(why, sizeof(why), "%.200s%s%s", a->why,
			 *a->why ? ": " : "the answer is not one of etcd: ", line);
	fail(op, a->err ? a->err : -EIO, why);
	if (a->err == -EFBIG) /* it would be as large elsewhere */
		finish(op);
	else
		retry(op);
}

static void answered(void *ctx, const struct fw_http_answer *a)
{
	struct etcd_op *op = ctx;

	op->call = NULL;
	op->reply.code = 0;
	op->reply.message = NULL;
	if (a->err || etcd_reply_add(&op->reply, a->body, a->len) || (a->status != 200 && !op->reply.code)) {
		unusable(op, a);
		return;
	}
	if (op->reply.code) {
		refused(op);
		return;
	}
	op->answer.err = 0;
	if (!op->answer.revision)
		op->answer.revision = op->reply.revision;
	*op->why = 0;
	if (op->take && op->take(op))
		op_try(op);
	else
		finish(op);
}

int etcd_request(struct fw_etcd *e, unsigned endpoint, const char *path, struct fw_http_request *r,
		 struct fw_http_call **out)
{
	fw_cleanup(fw_buf_free) struct fw_buf url = { 0 }, token = { 0 };
	const char *headers[3] = { "Grpc-Metadata-hasleader: true" };

	fw_buf_printf(&url, "%s%s", e->endpoints[endpoint], path);
	if (*e->token) {
		fw_buf_printf(&token, "Authorization: %s", e->token);
		headers[1] = token.text;
	}
	if (url.failed || token.failed)
		return -ENOMEM;
	r->url = url.text;
	r->headers = headers;
	r->identity = &e->settings->identity;
	return fw_http_start(e->http, r, out);
}

/* Sends it, or waits for a token. Without memory it is tried again, as after other failures. */
static void op_try(struct etcd_op *op)
{
	struct fw_etcd *e = op->etcd;
	double left = op->deadline - fw_now(), most = e->settings->timeout / (e->n < TRIES ? e->n : TRIES);
	struct fw_http_request r = { .body = op->body.text, .len = op->body.len, .max = ANSWER_MAX };

	if (has_user(e) && !*e->token && op->take != take_token) {
		op->waiting = true;
		if (!e->logging_in && log_in(e))
			wake(e, &(struct fw_etcd_answer){ .err = -ENOMEM, .why = "out of memory" });
		return;
	}
	op->tries++;
	op->endpoint = e->at;
	op->logins = e->logins;
	r.timeout = left < 0.01 ? 0.01 : left < most ? left : most;
	r.done = answered;
	r.ctx = op;
	if (!etcd_request(e, op->endpoint, op->path, &r, &op->call))
		return;
	fail(op, -ENOMEM, "out of memory");
	retry(op);
}

struct etcd_op *etcd_op_new(struct fw_etcd *e, const char *path, fw_etcd_done *done, void *ctx)
{
	struct etcd_op *op = calloc(1, sizeof(*op));

	if (!op)
		return NULL;
	*op = (struct etcd_op){ .etcd = e, .path = path, .again = { .ring = again }, .done = done, .ctx = ctx };
	op->deadline = fw_now() + e->settings->timeout;
	op->next = e->ops;
	if (op->next)
		op->next->link = &op->next;
	op->link = &e->ops;
	e->ops = op;
	return op;
}

int etcd_op_start(struct etcd_op *op)
{
	if (!op->body.failed && !fw_timer_set(op->etcd->http, &op->again, 0))
		return 0;
	etcd_op_cancel(op);
	return -ENOMEM;
}

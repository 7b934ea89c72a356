// SPDX-License-Identifier: GPL-2.0-only
/*
 * Requests by libcurl. What callers are told is told outside of libcurl's callbacks, where they may start and cancel requests: bytes
 * that arrive are kept until libcurl returns.
 */
#include "http_sockets.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>

#define ERROR_BODY 4096   /* bytes kept of an answer that is not what was asked for */
#define KEEPALIVE_IDLE 10 /* seconds until the kernel asks whether the other end is still there */
#define KEEPALIVE_EVERY 5 /* seconds between questions */
#define DEAD_AFTER 20000u /* milliseconds without an answer, to data too */

struct fw_http {
	struct http_sockets sockets; /* first */
	const char *user_agent;
	struct fw_http_call *calls;
	struct fw_http_call *arrived;   /* those with bytes that part() has not seen */
	struct fw_http_call *delivered; /* whose part() runs; NULL: cancelled meanwhile */
};

struct fw_http_call {
	struct fw_http *http;
	struct fw_http_call *next, **link; /* of http->calls */
	struct fw_http_call *next_arrived;
	bool has_arrived;
	CURL *easy;
	struct curl_slist *headers;
	struct fw_buf body; /* collected, or not seen by part() yet */
	size_t got, max;
	int err; /* that ended it in a callback */
	double last, stalled;
	struct fw_timer stall;
	int (*part)(void *ctx, const char *bytes, size_t len);
	void (*done)(void *ctx, const struct fw_http_answer *a);
	void *ctx;
	char why[80];                /* of err */
	char error[CURL_ERROR_SIZE]; /* of libcurl */
};

static const struct {
	CURLcode code;
	int err;
} errors[] = {
	{ CURLE_OPERATION_TIMEDOUT, -ETIMEDOUT },
	{ CURLE_COULDNT_CONNECT, -ECONNREFUSED },
	{ CURLE_COULDNT_RESOLVE_HOST, -EHOSTUNREACH },
	{ CURLE_FILESIZE_EXCEEDED, -EFBIG },
	{ CURLE_PEER_FAILED_VERIFICATION, -EPROTO },
	{ CURLE_SSL_CONNECT_ERROR, -EPROTO },
	{ CURLE_SSL_CERTPROBLEM, -EPROTO },
	{ CURLE_SSL_CACERT_BADFILE, -EPROTO },
	{ CURLE_OUT_OF_MEMORY, -ENOMEM },
	{ CURLE_URL_MALFORMAT, -EINVAL },
	{ CURLE_UNSUPPORTED_PROTOCOL, -EPROTO },
};

static int error_of(CURLcode code)
{
	for (size_t i = 0; i < sizeof(errors) / sizeof(*errors); i++)
		if (errors[i].code == code)
			return errors[i].err;
	return code ? -EIO : 0;
}

static long status_of(const struct fw_http_call *c)
{
	long status = 0;

	curl_easy_getinfo(c->easy, CURLINFO_RESPONSE_CODE, &status);
	return status;
}

static void call_free(struct fw_http_call *c)
{
	fw_timers_stop(&c->http->sockets.timers, &c->stall);
	if (c->easy) {
		curl_multi_remove_handle(c->http->sockets.multi, c->easy);
		curl_easy_cleanup(c->easy);
	}
	curl_slist_free_all(c->headers);
	fw_buf_free(&c->body);
	free(c);
}

/* Takes it out of all lists. */
static void unlink_call(struct fw_http_call *c)
{
	struct fw_http *h = c->http;

	*c->link = c->next;
	if (c->next)
		c->next->link = c->link;
	for (struct fw_http_call **at = &h->arrived; c->has_arrived && *at; at = &(*at)->next_arrived)
		if (*at == c) {
			*at = c->next_arrived;
			break;
		}
	if (h->delivered == c)
		h->delivered = NULL;
}

void fw_http_cancel(struct fw_http_call *c)
{
	unlink_call(c);
	call_free(c);
}

static void explain(const struct fw_http_call *c, struct fw_http_answer *a)
{
	if (a->err)
		snprintf(a->why, sizeof(a->why), "%s", *c->why ? c->why : *c->error ? c->error : strerror(-a->err));
	else if (a->status != 200 && a->status != 206 && a->status != 304)
		snprintf(a->why, sizeof(a->why), "the server answered with status %ld", a->status);
}

/* Ends a call: tells its owner, and frees it. */
static void finish(struct fw_http_call *c, int err)
{
	struct fw_http_answer a = { .err = err, .status = status_of(c), .etag = "", .body = "" };
	struct curl_header *etag;

	unlink_call(c);
	if (curl_easy_header(c->easy, "etag", 0, CURLH_HEADER, -1, &etag) == CURLHE_OK)
		a.etag = etag->value;
	if (c->body.len) {
		a.body = c->body.text;
		a.len = c->body.len;
	}
	explain(c, &a);
	c->done(c->ctx, &a);
	call_free(c);
}

/* Gives what has arrived to part(), which may cancel any call, this one included. */
static void deliver(struct fw_http *h)
{
	struct fw_http_call *c;

	while ((c = h->arrived)) {
		struct fw_buf body = c->body;
		int err;

		h->arrived = c->next_arrived;
		c->has_arrived = false;
		c->body = (struct fw_buf){ 0 };
		h->delivered = c;
		err = c->part(c->ctx, body.text, body.len);
		fw_buf_free(&body);
		if (h->delivered && err)
			finish(c, err);
	}
	h->delivered = NULL;
}

/* After each call of libcurl that may have moved bytes. */
static void serve(struct http_sockets *s)
{
	struct fw_http *h = (struct fw_http *)s;
	CURLMsg *m;
	int left;

	deliver(h);
	while ((m = curl_multi_info_read(h->sockets.multi, &left))) {
		struct fw_http_call *c;
		CURLcode code = m->data.result;

		if (m->msg != CURLMSG_DONE || curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, &c))
			continue;
		finish(c, c->err ? c->err : error_of(code));
	}
}

static size_t on_bytes(char *bytes, size_t size, size_t n, void *ctx)
{
	struct fw_http_call *c = ctx;
	bool wanted = status_of(c) == 200 || !c->part;
	size_t len = size * n, keep = len;

	c->last = fw_now();
	c->got += len;
	if (c->max && c->got > c->max) {
		c->err = -EFBIG;
		snprintf(c->why, sizeof(c->why), "the answer has more than %zu bytes", c->max);
		return 0;
	}
	if (!wanted && c->body.len + len > ERROR_BODY)
		keep = ERROR_BODY - c->body.len;
	fw_buf_add(&c->body, bytes, keep);
	if (c->body.failed) {
		c->err = -ENOMEM;
		return 0;
	}
	if (wanted && c->part && !c->has_arrived) {
		c->has_arrived = true;
		c->next_arrived = c->http->arrived;
		c->http->arrived = c;
	}
	return len;
}

/* The kernel gives up a connection whose other end is gone without a word, as behind a link that is down. */
static int on_open(void *ctx, curl_socket_t fd, curlsocktype purpose)
{
	unsigned ms = DEAD_AFTER;

	setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &ms, sizeof(ms));
	return CURL_SOCKOPT_OK;
}

static void stall_ring(struct fw_timer *t)
{
	struct fw_http_call *c = (struct fw_http_call *)((char *)t - offsetof(struct fw_http_call, stall));
	double left = c->last + c->stalled - fw_now();

	if (left > 0 && !fw_timers_set(&c->http->sockets.timers, t, left))
		return;
	snprintf(c->why, sizeof(c->why), "nothing came for %g seconds", c->stalled);
	finish(c, -ETIMEDOUT);
}

int fw_http_open(struct fw_loop *loop, const char *user_agent, struct fw_http **out)
{
	struct fw_http *h = calloc(1, sizeof(*h));
	int err;

	if (!h)
		return -ENOMEM;
	h->user_agent = user_agent;
	h->sockets.served = serve;
	err = http_sockets_open(&h->sockets, loop);
	if (err)
		free(h);
	else
		*out = h;
	return err;
}

void fw_http_close(struct fw_http *h)
{
	if (!h)
		return;
	while (h->calls)
		fw_http_cancel(h->calls);
	http_sockets_close(&h->sockets);
	free(h);
}

int fw_timer_set(struct fw_http *h, struct fw_timer *t, double seconds)
{
	return fw_timers_set(&h->sockets.timers, t, seconds);
}

void fw_timer_stop(struct fw_http *h, struct fw_timer *t)
{
	fw_timers_stop(&h->sockets.timers, t);
}

static bool given(const char *s)
{
	return s && *s;
}

/* With a CA of one's own, those of the system are not trusted. */
static CURLcode set_identity(CURL *easy, const struct fw_http_identity *id)
{
	CURLcode bad = CURLE_OK;

	if (id && given(id->ca)) {
		bad |= curl_easy_setopt(easy, CURLOPT_CAINFO, id->ca);
		bad |= curl_easy_setopt(easy, CURLOPT_CAPATH, NULL);
	}
	if (id && given(id->cert))
		bad |= curl_easy_setopt(easy, CURLOPT_SSLCERT, id->cert);
	if (id && given(id->key))
		bad |= curl_easy_setopt(easy, CURLOPT_SSLKEY, id->key);
	return bad;
}

static int add_header(struct fw_http_call *c, const char *header)
{
	struct curl_slist *list = curl_slist_append(c->headers, header);

	if (list)
		c->headers = list;
	return list ? 0 : -ENOMEM;
}

static CURLcode set_body(struct fw_http_call *c, const struct fw_http_request *r)
{
	CURLcode bad = CURLE_OK;

	if (!r->body)
		return bad;
	/* Without it, large bodies would wait for the server's consent first. */
	if (add_header(c, "Expect:") || add_header(c, "Content-Type: application/json"))
		return CURLE_OUT_OF_MEMORY;
	bad |= curl_easy_setopt(c->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)r->len);
	bad |= curl_easy_setopt(c->easy, CURLOPT_COPYPOSTFIELDS, r->body);
	return bad;
}

/* Nothing is taken from the environment, redirects are not followed, and the protocol is HTTP/1.1: a connection is one request's. */
static CURLcode set_options(struct fw_http_call *c, const struct fw_http_request *r)
{
	CURL *e = c->easy;
	CURLcode bad = CURLE_OK;

	bad |= curl_easy_setopt(e, CURLOPT_URL, r->url);
	bad |= curl_easy_setopt(e, CURLOPT_PROTOCOLS_STR, "http,https");
	bad |= curl_easy_setopt(e, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	bad |= curl_easy_setopt(e, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	bad |= curl_easy_setopt(e, CURLOPT_PROXY, "");
	bad |= curl_easy_setopt(e, CURLOPT_NOSIGNAL, 1L);
	bad |= curl_easy_setopt(e, CURLOPT_USERAGENT, c->http->user_agent);
	bad |= curl_easy_setopt(e, CURLOPT_TCP_KEEPALIVE, 1L);
	bad |= curl_easy_setopt(e, CURLOPT_TCP_KEEPIDLE, (long)KEEPALIVE_IDLE);
	bad |= curl_easy_setopt(e, CURLOPT_TCP_KEEPINTVL, (long)KEEPALIVE_EVERY);
	bad |= curl_easy_setopt(e, CURLOPT_SOCKOPTFUNCTION, on_open);
	bad |= curl_easy_setopt(e, CURLOPT_TIMEOUT_MS, (long)(r->timeout * 1000));
	bad |= curl_easy_setopt(e, CURLOPT_MAXFILESIZE_LARGE, (curl_off_t)r->max);
	bad |= curl_easy_setopt(e, CURLOPT_ERRORBUFFER, c->error);
	bad |= curl_easy_setopt(e, CURLOPT_PRIVATE, c);
	bad |= curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, on_bytes);
	bad |= curl_easy_setopt(e, CURLOPT_WRITEDATA, c);
	bad |= set_identity(e, r->identity);
	bad |= set_body(c, r);
	for (const char *const *h = r->headers; h && *h; h++)
		bad |= add_header(c, *h) ? CURLE_OUT_OF_MEMORY : CURLE_OK;
	bad |= curl_easy_setopt(e, CURLOPT_HTTPHEADER, c->headers);
	return bad;
}

static int begin(struct fw_http_call *c, const struct fw_http_request *r)
{
	struct fw_http *h = c->http;

	c->easy = curl_easy_init();
	if (!c->easy || set_options(c, r))
		return -ENOMEM;
	if (r->stalled > 0 && fw_timers_set(&h->sockets.timers, &c->stall, r->stalled))
		return -ENOMEM;
	return curl_multi_add_handle(h->sockets.multi, c->easy) ? -ENOMEM : 0;
}

int fw_http_start(struct fw_http *h, const struct fw_http_request *r, struct fw_http_call **out)
{
	struct fw_http_call *c = calloc(1, sizeof(*c));

	if (!c)
		return -ENOMEM;
	*c = (struct fw_http_call){ .http = h, .max = r->max, .part = r->part, .done = r->done, .ctx = r->ctx };
	c->last = fw_now();
	c->stalled = r->stalled;
	c->stall.ring = stall_ring;
	if (begin(c, r)) {
		call_free(c);
		return -ENOMEM;
	}
	c->next = h->calls;
	if (c->next)
		c->next->link = &c->next;
	c->link = &h->calls;
	h->calls = c;
	if (out)
		*out = c;
	return 0;
}

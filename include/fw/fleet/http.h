/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * HTTP requests (by libcurl) and timers on the loop of fw/loop.h. Nothing blocks; thousands of requests may be open at once. All
 * requests of an fw_http share its connections and its limits.
 */
#ifndef FW_FLEET_HTTP_H
#define FW_FLEET_HTTP_H

#include "fw/loop.h"

/* A timer, embedded in the struct of its owner; zero-initialised is not set. */
struct fw_timer {
	void (*ring)(struct fw_timer *t);
	double at;      /* on the clock of fw_now() */
	unsigned place; /* in the heap, from 1; 0: not set */
};

struct fw_http;
/* @user_agent: borrowed. 0, -ENOMEM, -errno. The loop outlives it. */
int fw_http_open(struct fw_loop *loop, const char *user_agent, struct fw_http **out);
/* Cancels what is open, without a call. Not from a call of the loop. NULL is fine. */
void fw_http_close(struct fw_http *h);
/* Rings once, @seconds from now; set anew if it was set. 0 or -ENOMEM. */
int fw_timer_set(struct fw_http *h, struct fw_timer *t, double seconds);
void fw_timer_stop(struct fw_http *h, struct fw_timer *t);

/* What proves who we are and who the server is; all borrowed, empty or NULL: none. */
struct fw_http_identity {
	const char *ca;         /* PEM file; none: the system's */
	const char *cert, *key; /* PEM files of a client certificate */
};

struct fw_http_answer {
	int err; /* 0: there is an answer, of any status; -ETIMEDOUT, -EFBIG, -ECONNREFUSED, -EPROTO (TLS, or no HTTP), -EIO and so on */
	long status;      /* 200, 304, 404 ... */
	const char *body; /* borrowed, ends in NUL */
	size_t len;
	const char *etag; /* empty: none */
	char why[256];    /* of an error, and of a status that is not 200, 206 or 304: for people */
};

struct fw_http_request {
	const char *url;
	const char *const *headers; /* `Name: value`, ended by NULL; may be NULL */
	const char *body;           /* NULL: GET, otherwise POST */
	size_t len;
	const struct fw_http_identity *identity; /* may be NULL */
	double timeout;                          /* seconds for all of it; 0: none, for streams */
	double stalled;                          /* seconds without a byte after which it fails; 0: none */
	size_t max; /* bytes of the answer; more end it with -EFBIG; 0: any, only with part */
	/*
	 * Gets parts of the body as they arrive, of answers with status 200 only. NULL: they are collected for @done. Non-zero ends
	 * the request with that error.
	 */
	int (*part)(void *ctx, const char *bytes, size_t len);
	void (*done)(void *ctx, const struct fw_http_answer *a);
	void *ctx;
};

struct fw_http_call;
/* Starts a request. @request and what it points to is copied, but identity, which is borrowed. @out may be NULL. 0 or -ENOMEM; done() is
 * called later, never from here. */
int fw_http_start(struct fw_http *h, const struct fw_http_request *request, struct fw_http_call **out);
/* Ends it; done() is not called. Not for calls whose done() has begun. */
void fw_http_cancel(struct fw_http_call *c);

#endif

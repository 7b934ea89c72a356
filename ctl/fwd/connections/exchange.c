// SPDX-License-Identifier: GPL-2.0-only
/* Reading a request, having it carried out, sending the reply. */
#include "exchange.h"

#include "admission.h"
#include "children.h"
#include "queues.h"
#include "room.h"

#include "ctl/fwd/base/peer.h"
#include "ctl/fwd/requests/handlers.h"

#include <string.h>
#include <sys/socket.h>

#define READ_ONCE (1 << 20) /* bytes of one read, so that everybody has a turn */
#define OUT_KEEP 4096       /* memory of a reply that is kept for the next */
#define RESUME_TIME 0.004   /* seconds of a round for requests that waited */
#define LONG_WAIT 6.0       /* seconds that a request waits for its place among the long replies */

static void want(struct connection *c)
{
	const struct reply *r = &c->request.reply;
	uint32_t events = 0;

	if (c->state == CONNECTION_READ || c->state == CONNECTION_DRAIN)
		events |= EPOLLIN;
	if (r->len || (r->stream && !r->stream_waits))
		events |= EPOLLOUT;
	fw_loop_want(&c->fwd->loop, &c->source, events);
}

static void reply_over(struct connection *c)
{
	struct reply *r = &c->request.reply;

	request_end(&c->request);
	r->ended = false;
	if (r->room > OUT_KEEP) {
		free(fw_take(r->out));
		r->room = 0;
	}
	c->got = 0;
	connection_hold(c, SHARE_REQUEST, 0);
	c->state = r->last ? CONNECTION_DRAIN : CONNECTION_READ;
	if (r->last)
		shutdown(c->source.fd, SHUT_WR);
}

/* 0, or -errno: the connection is of no more use. */
static int flush(struct connection *c)
{
	struct reply *r = &c->request.reply;
	ssize_t n;

	if (!r->len)
		return 0;
	n = send(c->source.fd, r->out + r->from, r->len - r->from, MSG_NOSIGNAL | MSG_DONTWAIT);
	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -errno;
	c->progress = fw_now();
	r->from += (size_t)n;
	if (r->from == r->len)
		r->from = r->len = 0;
	return 0;
}

/* Makes some more of the reply and sends what the socket takes; once all was sent, the next request can be read. */
static void pump(struct connection *c)
{
	struct reply *r = &c->request.reply;

	if (c->state == CONNECTION_DEAD)
		return;
	if (r->stream && !r->len && !r->ended)
		request_step(&c->request);
	if (r->ended)
		reply_stop(r);
	if (r->broken || flush(c)) {
		connection_close(c);
		return;
	}
	if (r->ended && !r->len)
		reply_over(c);
	connection_hold(c, SHARE_REPLY, r->room + (r->stream ? r->stream_bytes : 0));
	want(c);
}

/* Carries out the request, unless too many bytes of replies to its user are unread already. */
static void run(struct connection *c)
{
	struct request *req = &c->request;
	char why[SHARES_WHY];

	if (!room_make(c->fwd, c->share, SHARE_REPLY, 1, why)) {
		reply_fail(&req->reply, NULL, "%s", why);
		return;
	}
	handlers_run(req);
	if (req->again)
		waits_for_engine(c);
	else if (req->long_reply.write)
		waits_for_child(c);
}

/* The request is complete: it is carried out, or waits for a load to be over. */
static void begin(struct connection *c)
{
	struct request *req = &c->request;
	struct fw_diags ds = { .n = 0 };
	int err = request_decode(req, &ds);

	request_doing(req);
	c->state = CONNECTION_REPLY;
	if (err)
		reply_fail_errno(&req->reply, &ds, "cannot read the request", err);
	else if (handlers_wait(req) && (engine_busy(c->fwd->engine) || c->fwd->server.waiting))
		waits_for_engine(c);
	else
		run(c);
}

/* Bytes of the header or of the body: more than 0; 0: the client has closed; -errno. */
static ssize_t receive(struct connection *c)
{
	const struct request *req = &c->request;
	bool head = c->got < FW_WIRE_HEADER;
	size_t body = head ? 0 : c->got - FW_WIRE_HEADER;
	size_t left = head ? FW_WIRE_HEADER - c->got : req->header.bytes - body;
	ssize_t n = recv(c->source.fd, head ? c->head + c->got : req->body + body, left < READ_ONCE ? left : READ_ONCE,
			 MSG_DONTWAIT);

	return n < 0 ? -errno : n;
}

/* The header is there. Memory for the body is taken at once, and filled as it is received. */
static void head_read(struct connection *c)
{
	struct request *req = &c->request;

	fw_wire_head_read(c->head, &req->header);
	c->begun = c->progress;
	if (!admission_check(c))
		return;
	req->body = malloc(req->header.bytes);
	if (req->body)
		return;
	req->reply.last = true;
	c->state = CONNECTION_REPLY;
	reply_fail_errno(&req->reply, NULL, "cannot read the request", -ENOMEM);
}

/* Some of it: 0, or -errno when there is no more for now or at all. */
static int read_some(struct connection *c)
{
	ssize_t n = receive(c);

	if (n == -EAGAIN || n == -EINTR)
		return -EAGAIN;
	if (n <= 0)
		return -ECONNRESET;
	c->progress = fw_now();
	c->got += (size_t)n;
	return 0;
}

static void read_request(struct connection *c)
{
	int err = read_some(c);

	if (!err && c->got == FW_WIRE_HEADER) {
		head_read(c);
		/* Now it is known whether the request only reads: then the rest has to wait for its turn. */
		if (c->state != CONNECTION_READ || turns_only_reads(c))
			return;
		err = read_some(c);
	}
	if (err == -ECONNRESET)
		connection_close(c);
	else if (!err && c->got == FW_WIRE_HEADER + (size_t)c->request.header.bytes)
		begin(c);
}

static void drain(struct connection *c)
{
	char away[4096];
	ssize_t n = recv(c->source.fd, away, sizeof(away), MSG_DONTWAIT);

	if (!n || (n < 0 && errno != EAGAIN && errno != EINTR))
		connection_close(c);
}

void exchange_turn(struct connection *c, uint32_t events)
{
	if (events & EPOLLIN && c->state == CONNECTION_READ)
		read_request(c);
	else if (events & EPOLLIN && c->state == CONNECTION_DRAIN)
		drain(c);
	pump(c);
}

void exchange_wake(struct fwd *d)
{
	if (!d->server.woken)
		return;
	d->server.woken = false;
	for (struct connection *c = d->server.connections, *next; c; c = next) {
		next = c->next;
		if (!c->request.woken)
			continue;
		c->request.woken = false;
		pump(c);
	}
}

bool exchange_resume(struct fwd *d)
{
	double end = fw_now() + RESUME_TIME;

	while (d->server.waiting && !engine_busy(d->engine) && fw_now() < end) {
		struct connection *c = d->server.waiting;

		waits_leave(&d->server.waiting, c);
		request_doing(&c->request);
		run(c);
		pump(c);
	}
	return d->server.waiting && !engine_busy(d->engine);
}

static void start_child(struct connection *c)
{
	char what[64];
	int err = child_start(c);

	if (!err)
		return;
	snprintf(what, sizeof(what), "cannot %s", c->request.long_reply.verb);
	reply_fail_errno(&c->request.reply, NULL, what, err);
}

/* Begins the long reply, unless the client has hung up. true: it has begun, or failed; false: there is no place yet. */
static bool begin_long(struct connection *c)
{
	struct request *req = &c->request;
	const struct server *s = &c->fwd->server;
	double now = fw_now();
	bool late = now - c->begun > LONG_WAIT;
	char why[SHARES_WHY] = "";

	if (!late && (now < s->fork_after[c->share->rank] || children_ending(c->fwd, c->share->rank)))
		return false;
	if (peer_is_gone(c->source.fd)) {
		req->reply.broken = true;
		return true;
	}
	if (room_make(c->fwd, c->share, SHARE_LONG, 1, late ? why : NULL))
		start_child(c);
	else if (late)
		reply_fail(&req->reply, NULL, "cannot %s: %s", req->long_reply.verb, why);
	else
		return false;
	return true;
}

void exchange_resume_long(struct fwd *d)
{
	struct connection **p = &d->server.waiting_long;

	while (*p) {
		struct connection *c = *p;

		if (!begin_long(c)) {
			p = &c->waits;
			continue;
		}
		*p = c->waits;
		pump(c);
	}
}

void exchange_reap(struct fwd *d, pid_t pid, bool well)
{
	struct connection *c = child_reap(d, pid, well);

	if (c)
		pump(c);
}

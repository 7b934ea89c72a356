// SPDX-License-Identifier: GPL-2.0-only
/* The life of a connection: reading a request, carrying it out, writing the reply, in pieces as the socket lets us. */
#include "client.h"

#include "request.h"
#include "turns.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define READ_ONCE (1 << 20) /* bytes of one read, so that everybody has a turn */
#define OUT_KEEP 4096       /* memory of a reply that is kept for the next */

static void want(struct client *c)
{
	uint32_t events = 0;

	if (c->state == CLIENT_READ || c->state == CLIENT_DRAIN)
		events |= EPOLLIN;
	if (c->out_len || c->stream)
		events |= EPOLLOUT;
	loop_want(&c->fwd->loop, &c->source, events);
}

static void reply_over(struct client *c)
{
	request_forget(c);
	free(c->body);
	c->body = NULL;
	c->got = 0;
	c->ended = false;
	shares_hold(c, SHARE_REQUEST, 0);
	if (c->out_room > OUT_KEEP) {
		free(fw_take(c->out));
		c->out_room = 0;
	}
	c->state = c->closing ? CLIENT_DRAIN : CLIENT_READ;
	if (c->closing)
		shutdown(c->source.fd, SHUT_WR);
}

/* 0, or -errno: the connection is of no more use. */
static int flush(struct client *c)
{
	ssize_t n;

	if (!c->out_len)
		return 0;
	n = send(c->source.fd, c->out + c->out_from, c->out_len - c->out_from, MSG_NOSIGNAL | MSG_DONTWAIT);
	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -errno;
	c->progress = fw_now();
	c->out_from += (size_t)n;
	if (c->out_from == c->out_len)
		c->out_from = c->out_len = 0;
	return 0;
}

void client_pump(struct client *c)
{
	if (c->state == CLIENT_DEAD)
		return;
	if (c->stream && !c->out_len && !c->ended) {
		request_doing(c);
		c->stream->step(c, c->stream);
	}
	if (c->ended && c->stream) {
		c->stream_bytes = 0;
		c->stream->free(c->stream);
		c->stream = NULL;
	}
	if (c->broken || flush(c)) {
		client_close(c);
		return;
	}
	if (c->ended && !c->out_len)
		reply_over(c);
	shares_hold(c, SHARE_REPLY, c->out_room + (c->stream ? c->stream_bytes : 0));
	want(c);
}

/* Bytes of the header or of the body: more than 0; 0: the other end closed; -errno. */
static ssize_t receive(struct client *c)
{
	bool head = c->got < FW_WIRE_HEADER;
	size_t body = head ? 0 : c->got - FW_WIRE_HEADER;
	size_t left = head ? FW_WIRE_HEADER - c->got : c->header.bytes - body;
	ssize_t n = recv(c->source.fd, head ? c->head + c->got : c->body + body, left < READ_ONCE ? left : READ_ONCE,
			 MSG_DONTWAIT);

	return n < 0 ? -errno : n;
}

/* The header is there. Memory for the body is taken at once, and filled as it comes. */
static void head_read(struct client *c)
{
	fw_wire_head_read(c->head, &c->header);
	c->begun = c->progress;
	if (!request_allowed(c))
		return;
	c->body = malloc(c->header.bytes);
	if (c->body)
		return;
	c->closing = true;
	c->state = CLIENT_REPLY;
	client_fail_errno(c, NULL, "cannot read the request", -ENOMEM);
}

/* Some of it: 0, or -errno when there is no more for now or at all. */
static int read_some(struct client *c)
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

static void read_request(struct client *c)
{
	int err = read_some(c);

	if (!err && c->got == FW_WIRE_HEADER) {
		head_read(c);
		/* Now it is known whether it only reads: then the rest has to wait for its turn. */
		if (c->state != CLIENT_READ || client_only_reads(c))
			return;
		err = read_some(c);
	}
	if (err == -ECONNRESET)
		client_close(c);
	else if (!err && c->got == FW_WIRE_HEADER + (size_t)c->header.bytes)
		request_begin(c);
}

static void drain(struct client *c)
{
	char away[4096];
	ssize_t n = recv(c->source.fd, away, sizeof(away), MSG_DONTWAIT);

	if (!n || (n < 0 && errno != EAGAIN && errno != EINTR))
		client_close(c);
}

/* Who has hung up reads no reply: what he asked for ends, or does not begin. */
static void ready(struct source *s, uint32_t events)
{
	struct client *c = (struct client *)s;

	if (c->state == CLIENT_DEAD)
		return;
	if (events & (EPOLLERR | EPOLLHUP))
		client_close(c);
	else
		turns_queue(c, events);
}

void client_turn(struct client *c, uint32_t events)
{
	if (events & EPOLLIN && c->state == CLIENT_READ)
		read_request(c);
	else if (events & EPOLLIN && c->state == CLIENT_DRAIN)
		drain(c);
	client_pump(c);
}

bool client_only_reads(const struct client *c)
{
	bool head = c->state == CLIENT_READ && c->got >= FW_WIRE_HEADER;

	return !client_is_admin(c) || c->stream || (head && fw_request_info[c->header.kind].right == FW_RIGHT_READ);
}

bool client_is_admin(const struct client *c)
{
	return c->share->rank != SHARE_READER;
}

int client_new(struct fwd *d, struct share *share, int fd)
{
	struct client *c = share ? calloc(1, sizeof(*c)) : NULL;
	int err;

	if (!c) {
		close(fd);
		return -ENOMEM;
	}
	c->source = (struct source){ .fd = fd, .name = "client", .ready = ready };
	c->fwd = d;
	c->share = share;
	c->progress = fw_now();
	err = loop_add(&d->loop, &c->source, EPOLLIN);
	if (err) {
		close(fd);
		free(c);
		return err;
	}
	c->next = d->clients;
	d->clients = c;
	d->nclients++;
	shares_hold(c, SHARE_CONNECTIONS, 1);
	turns_queue(c, EPOLLIN); /* most ask at once */
	return 0;
}

struct record_who client_who(const struct client *c)
{
	struct record_who who;

	listen_peer(c->source.fd, &who);
	return who;
}

void client_close(struct client *c)
{
	struct client **p = &c->fwd->clients;

	if (c->state == CLIENT_DEAD)
		return;
	request_forget(c);
	if (c->stream)
		c->stream->free(c->stream);
	c->stream = NULL;
	turns_leave(c);
	for (int thing = 0; thing < SHARE_NTHINGS; thing++)
		if (thing != SHARE_LONG)
			shares_hold(c, (enum share_thing)thing, 0);
	loop_remove(&c->fwd->loop, &c->source);
	close(c->source.fd);
	while (*p != c)
		p = &(*p)->next;
	*p = c->next;
	c->fwd->nclients--;
	c->state = CLIENT_DEAD;
	c->next = c->fwd->dead;
	c->fwd->dead = c;
}

void client_bury(struct fwd *d)
{
	while (d->dead) {
		struct client *c = d->dead;

		d->dead = c->next;
		free(c->body);
		free(c->out);
		free(c);
	}
}

bool client_stuck(const struct client *c, double now)
{
	bool half = c->out_len || c->state == CLIENT_DRAIN || (c->state == CLIENT_READ && c->got);

	return half && now - c->progress > c->fwd->config.client_timeout;
}

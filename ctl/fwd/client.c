// SPDX-License-Identifier: GPL-2.0-only
/* The life of a connection: reading a request, carrying it out, writing the reply, in pieces as the socket lets us. */
#include "ctl/fwd/client.h"

#include "ctl/fwd/request.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define READ_FIRST 65536            /* memory for a body to begin with */
#define READ_ONCE (1 << 20)         /* bytes of one read, so that everybody has a turn */
#define OUT_KEEP (2 * CLIENT_CHUNK) /* memory of a reply that is kept for the next */

static void want(struct client *c)
{
	uint32_t events = 0;

	if (c->state == CLIENT_READ || c->state == CLIENT_DRAIN)
		events |= EPOLLIN;
	if (c->out_len || c->stream)
		events |= EPOLLOUT;
	loop_patient(&c->fwd->loop, &c->source, !c->admin || c->stream);
	loop_want(&c->fwd->loop, &c->source, events);
}

static void reply_over(struct client *c)
{
	request_forget(c);
	free(c->body);
	c->body = NULL;
	c->room = c->got = 0;
	c->ended = false;
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
		c->stream->free(c->stream);
		c->stream = NULL;
	}
	if (c->broken || flush(c)) {
		client_close(c);
		return;
	}
	if (c->ended && !c->out_len)
		reply_over(c);
	want(c);
}

static int grow(struct client *c)
{
	size_t body = c->got - FW_WIRE_HEADER;
	size_t room = c->room ? c->room * 2 : READ_FIRST;
	char *grown;

	if (body < c->room)
		return 0;
	if (room > c->header.bytes)
		room = c->header.bytes;
	grown = realloc(c->body, room);
	if (!grown)
		return -ENOMEM;
	c->body = grown;
	c->room = room;
	return 0;
}

/* Bytes of the header or of the body: more than 0; 0: the other end closed; -errno. */
static ssize_t receive(struct client *c)
{
	size_t body = c->got - FW_WIRE_HEADER, room;
	ssize_t n;

	if (c->got < FW_WIRE_HEADER) {
		n = recv(c->source.fd, c->head + c->got, FW_WIRE_HEADER - c->got, MSG_DONTWAIT);
		return n < 0 ? -errno : n;
	}
	if (grow(c))
		return -ENOMEM;
	room = c->room - body;
	n = recv(c->source.fd, c->body + body, room < READ_ONCE ? room : READ_ONCE, MSG_DONTWAIT);
	return n < 0 ? -errno : n;
}

static void read_request(struct client *c)
{
	ssize_t n = receive(c);

	if (n == -EAGAIN || n == -EINTR)
		return;
	if (n <= 0) {
		client_close(c);
		return;
	}
	c->progress = fw_now();
	c->got += (size_t)n;
	if (c->got == FW_WIRE_HEADER) {
		fw_wire_head_read(c->head, &c->header);
		if (!request_allowed(c))
			return;
	}
	if (c->got == FW_WIRE_HEADER + (size_t)c->header.bytes)
		request_begin(c);
}

static void drain(struct client *c)
{
	char away[4096];
	ssize_t n = recv(c->source.fd, away, sizeof(away), MSG_DONTWAIT);

	if (!n || (n < 0 && errno != EAGAIN && errno != EINTR))
		client_close(c);
}

static void ready(struct source *s, uint32_t events)
{
	struct client *c = (struct client *)s;

	if (c->state == CLIENT_DEAD)
		return;
	if (events & (EPOLLERR | EPOLLHUP) && !(events & EPOLLIN)) {
		client_close(c);
		return;
	}
	if (events & EPOLLIN && c->state == CLIENT_READ)
		read_request(c);
	else if (events & EPOLLIN && c->state == CLIENT_DRAIN)
		drain(c);
	client_pump(c);
}

int client_new(struct fwd *d, int fd)
{
	struct client *c = calloc(1, sizeof(*c));
	int err;

	if (!c) {
		close(fd);
		return -ENOMEM;
	}
	c->source = (struct source){ .fd = fd, .name = "client", .ready = ready };
	c->fwd = d;
	c->admin = listen_peer_is(fd, d->admins);
	c->progress = fw_now();
	c->source.patient = !c->admin;
	err = loop_add(&d->loop, &c->source, EPOLLIN);
	if (err) {
		close(fd);
		free(c);
		return err;
	}
	c->next = d->clients;
	d->clients = c;
	d->nclients++;
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

// SPDX-License-Identifier: GPL-2.0-only
/* Connections are opened and closed here; exchange.c serves them. */
#include "connection.h"

#include "children.h"
#include "queues.h"

#include <unistd.h>

/* A client that has hung up reads no reply: what it asked for is ended, or not begun. */
static void ready(struct fw_loop_source *s, uint32_t events)
{
	struct connection *c = (struct connection *)s;

	if (c->state == CONNECTION_DEAD)
		return;
	if (events & (EPOLLERR | EPOLLHUP))
		connection_close(c);
	else
		turns_queue(c, events);
}

int connection_new(struct fwd *d, struct share *share, int fd)
{
	struct connection *c = share ? calloc(1, sizeof(*c)) : NULL;
	int err;

	if (!c) {
		close(fd);
		return -ENOMEM;
	}
	c->source = (struct fw_loop_source){ .fd = fd, .name = "client", .ready = ready };
	c->fwd = c->request.fwd = d;
	c->request.fd = fd;
	c->share = share;
	c->progress = fw_now();
	err = fw_loop_add(&d->loop, &c->source, EPOLLIN);
	if (err) {
		close(fd);
		free(c);
		return err;
	}
	c->next = d->server.connections;
	d->server.connections = c;
	d->server.nconnections++;
	connection_hold(c, SHARE_CONNECTIONS, 1);
	turns_queue(c, EPOLLIN); /* most clients ask at once */
	return 0;
}

static void unlink_from_all(struct connection *c)
{
	struct server *s = &c->fwd->server;
	struct connection **p = &s->connections;

	while (*p != c)
		p = &(*p)->next;
	*p = c->next;
	s->nconnections--;
	c->next = s->dead;
	s->dead = c;
}

void connection_close(struct connection *c)
{
	if (c->state == CONNECTION_DEAD)
		return;
	waits_leave(&c->fwd->server.waiting, c);
	waits_leave(&c->fwd->server.waiting_long, c);
	turns_leave(c);
	child_kill(c);
	request_end(&c->request);
	free(c->request.reply.out);
	c->request.reply = (struct reply){ .out = NULL };
	for (int thing = 0; thing < SHARE_NTHINGS; thing++)
		if (thing != SHARE_LONG)
			connection_hold(c, (enum share_thing)thing, 0);
	fw_loop_remove(&c->fwd->loop, &c->source);
	close(c->source.fd);
	unlink_from_all(c);
	c->state = CONNECTION_DEAD;
}

void connection_bury(struct fwd *d)
{
	while (d->server.dead) {
		struct connection *c = d->server.dead;

		d->server.dead = c->next;
		free(c);
	}
}

bool connection_is_idle(const struct connection *c)
{
	return c->state == CONNECTION_DRAIN || (c->state == CONNECTION_READ && !c->got);
}

bool connection_is_stuck(const struct connection *c, double now)
{
	bool half = c->request.reply.len || c->state == CONNECTION_DRAIN || (c->state == CONNECTION_READ && c->got);

	return half && now - c->progress > c->fwd->config.client_timeout;
}

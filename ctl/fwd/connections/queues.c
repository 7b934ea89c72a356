// SPDX-License-Identifier: GPL-2.0-only
/*
 * A queue of ready connections for each user, and users in the order of their last turns. Descriptors are level-triggered:
 * while anything is left in a queue, the loop does not sleep.
 */
#include "queues.h"

bool turns_only_reads(const struct connection *c)
{
	bool head = c->state == CONNECTION_READ && c->got >= FW_WIRE_HEADER;

	return !connection_is_admin(c) || c->request.reply.stream ||
	       (head && fw_request_info[c->request.header.kind].right != FW_RIGHT_CHANGE);
}

void turns_queue(struct connection *c, uint32_t events)
{
	struct share_queue *q;

	c->pending |= events;
	if (c->queued)
		return;
	c->queued = true;
	c->turn = turns_only_reads(c) ? SHARE_READER : c->share->rank;
	c->ready_next = NULL;
	q = &c->share->ready[c->turn];
	if (!q->first)
		q->end = &q->first;
	*q->end = c;
	q->end = &c->ready_next;
}

void turns_leave(struct connection *c)
{
	struct share_queue *q = &c->share->ready[c->turn];
	struct connection **p = &q->first;

	if (!c->queued)
		return;
	while (*p != c)
		p = &(*p)->ready_next;
	*p = c->ready_next;
	if (!*p)
		q->end = p;
	c->queued = false;
}

struct connection *turns_next(struct fwd *d, enum share_rank turn)
{
	struct share **p = &d->server.shares.first, *s;
	struct connection *c;

	while (*p && !(*p)->ready[turn].first)
		p = &(*p)->next;
	s = *p;
	if (!s)
		return NULL;
	*p = s->next;
	while (*p)
		p = &(*p)->next;
	*p = s;
	s->next = NULL;
	c = s->ready[turn].first;
	turns_leave(c);
	return c;
}

/* A request that was tried already was the first. */
static bool goes_before(const struct connection *a, const struct connection *c)
{
	bool root = c->share->rank == SHARE_ROOT, waited = c->request.waited;

	return a->share->rank == SHARE_ROOT ? !root || !waited : !root && !waited;
}

static void insert(struct connection **at, struct connection *c)
{
	c->waits = *at;
	*at = c;
}

void waits_for_engine(struct connection *c)
{
	struct connection **at = &c->fwd->server.waiting;

	while (*at && goes_before(*at, c))
		at = &(*at)->waits;
	insert(at, c);
}

void waits_for_child(struct connection *c)
{
	struct connection **at = &c->fwd->server.waiting_long;

	while (*at && (*at)->share->long_at <= c->share->long_at)
		at = &(*at)->waits;
	insert(at, c);
}

void waits_leave(struct connection **list, struct connection *c)
{
	while (*list && *list != c)
		list = &(*list)->waits;
	if (!*list)
		return;
	*list = c->waits;
	c->waits = NULL;
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * A queue of ready clients for each user, and users in the order of their last
 * turns. Descriptors are level-triggered: while anything is left in a queue, the
 * loop does not sleep.
 */
#include "turns.h"

/* Seconds of a round, and then the step that is under way. Who only reads has his turn with the readers. */
static const double times[SHARE_NRANKS] = { [SHARE_ROOT] = 0.004, [SHARE_ADMIN] = 0.002, [SHARE_READER] = 0.001 };

void turns_queue(struct client *c, uint32_t events)
{
	struct share_queue *q;

	c->pending |= events;
	if (c->queued)
		return;
	c->queued = true;
	c->turn = client_only_reads(c) ? SHARE_READER : c->share->rank;
	c->ready_next = NULL;
	q = &c->share->ready[c->turn];
	if (!q->first)
		q->end = &q->first;
	*q->end = c;
	q->end = &c->ready_next;
}

void turns_leave(struct client *c)
{
	struct share_queue *q = &c->share->ready[c->turn];
	struct client **p = &q->first;

	if (!c->queued)
		return;
	while (*p != c)
		p = &(*p)->ready_next;
	*p = c->ready_next;
	if (!*p)
		q->end = p;
	c->queued = false;
}

/* The first user who has something to do, behind all others from now on; NULL: nobody. */
static const struct share *next(struct fwd *d, enum share_rank turn)
{
	struct share **p = &d->shares.first, *s;

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
	return s;
}

static void serve(struct fwd *d, enum share_rank turn)
{
	double end = fw_now() + times[turn];
	const struct share *s;

	while ((s = next(d, turn)) != NULL) {
		struct client *c = s->ready[turn].first;
		uint32_t events = c->pending;

		turns_leave(c);
		c->pending = 0;
		loop_doing(&d->loop, c->source.name);
		client_turn(c, events);
		loop_part(&d->loop);
		if (fw_now() >= end)
			return;
	}
}

void turns_serve(struct fwd *d)
{
	for (int turn = 0; turn < SHARE_NRANKS; turn++)
		serve(d, (enum share_rank)turn);
}

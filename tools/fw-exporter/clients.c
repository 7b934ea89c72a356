// SPDX-License-Identifier: GPL-2.0-only
/* Connections, and how long each may take. All under one lock; a connection is cut off by shutdown(), which wakes its thread. */
#include "tools/fw-exporter/clients.h"

#include <sys/socket.h>
#include <time.h>

int clients_init(struct clients *all, unsigned max, double timeout)
{
	pthread_condattr_t attr;
	int err;

	*all = (struct clients){ .max = max, .timeout = timeout };
	pthread_mutex_init(&all->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	err = pthread_cond_init(&all->changed, &attr);
	pthread_condattr_destroy(&attr);
	return -err;
}

void clients_fini(struct clients *all)
{
	pthread_cond_destroy(&all->changed);
	pthread_mutex_destroy(&all->lock);
}

static void cut(struct client *c)
{
	c->cut = true;
	shutdown(c->fd, SHUT_RDWR);
}

/* The one that has waited longest for its request; else the one that has read longest, if that is long. NULL: none. */
static struct client *least_missed(struct clients *all, double now)
{
	struct client *asking = NULL, *reading = NULL;

	for (struct client *c = all->first; c; c = c->next) {
		struct client **best = c->reading ? &reading : &asking;

		if (!c->cut && (!*best || c->since < (*best)->since))
			*best = c;
	}
	return asking ? asking : reading && now - reading->since > CLIENTS_STALL ? reading : NULL;
}

struct client *clients_open(struct clients *all, int fd)
{
	struct client *c = calloc(1, sizeof(*c)), *other;

	if (!c)
		return NULL;
	c->fd = fd;
	c->since = fw_now();
	pthread_mutex_lock(&all->lock);
	if (++all->n > all->max) {
		other = least_missed(all, c->since);
		cut(other ? other : c);
		all->n--;
	}
	c->next = all->first;
	c->link = &all->first;
	if (c->next)
		c->next->link = &c->next;
	all->first = c;
	pthread_mutex_unlock(&all->lock);
	return c;
}

static void leave(struct clients *all, struct client *c)
{
	if (!c->scrape)
		return;
	c->scrape = 0;
	all->scrapes--;
	pthread_cond_broadcast(&all->changed);
}

void clients_close(struct clients *all, struct client *c)
{
	if (!c)
		return;
	pthread_mutex_lock(&all->lock);
	leave(all, c);
	all->n -= !c->cut;
	*c->link = c->next;
	if (c->next)
		c->next->link = c->link;
	pthread_mutex_unlock(&all->lock);
	free(c);
}

void clients_reading(struct clients *all, struct client *c, bool reading)
{
	pthread_mutex_lock(&all->lock);
	c->reading = reading;
	c->since = fw_now();
	pthread_mutex_unlock(&all->lock);
}

void clients_sweep(struct clients *all)
{
	double now = fw_now();

	pthread_mutex_lock(&all->lock);
	for (struct client *c = all->first; c; c = c->next)
		if (!c->cut && now - c->since > all->timeout) {
			cut(c);
			all->n--;
		}
	pthread_mutex_unlock(&all->lock);
}

void clients_stop(struct clients *all)
{
	pthread_mutex_lock(&all->lock);
	all->closing = true;
	pthread_cond_broadcast(&all->changed);
	pthread_mutex_unlock(&all->lock);
}

/* How much a scrape is in the way: seconds of standing still, or else of going on, beyond what is allowed. */
static double in_the_way(const struct client *c, double now)
{
	if (!c->scrape || c->cut)
		return 0;
	if (c->moved && now - c->moved > CLIENTS_STALL)
		return now - c->moved;
	return now - c->scrape > CLIENTS_GRACE ? now - c->scrape : 0;
}

/* Cuts the scrape off that is most in the way, if one is. */
static void make_room(struct clients *all, double now)
{
	struct client *worst = NULL;

	for (struct client *c = all->first; c; c = c->next)
		if (in_the_way(c, now) > (worst ? in_the_way(worst, now) : 0))
			worst = c;
	if (!worst)
		return;
	cut(worst);
	all->n--;
	leave(all, worst);
}

static bool may_scrape(const struct clients *all, const struct client *self)
{
	for (const struct client *c = all->first; c; c = c->next)
		if (c->ticket && c->ticket < self->ticket)
			return false;
	return all->scrapes < CLIENTS_SCRAPES;
}

/* A tenth of a second, or until something changes. */
static void wait_a_little(struct clients *all)
{
	struct timespec until;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_nsec += 100000000;
	if (until.tv_nsec >= 1000000000) {
		until.tv_nsec -= 1000000000;
		until.tv_sec++;
	}
	pthread_cond_timedwait(&all->changed, &all->lock, &until);
}

int clients_scrape_begin(struct clients *all, struct client *c)
{
	double start = fw_now(), now = start;

	pthread_mutex_lock(&all->lock);
	c->ticket = ++all->tickets;
	while (!may_scrape(all, c) && !all->closing && !c->cut && now - start < CLIENTS_QUEUE) {
		if (all->scrapes >= CLIENTS_SCRAPES)
			make_room(all, now);
		if (!may_scrape(all, c))
			wait_a_little(all);
		now = fw_now();
	}
	if (may_scrape(all, c) && !all->closing && !c->cut) {
		c->scrape = now;
		c->moved = 0;
		all->scrapes++;
	}
	c->ticket = 0;
	pthread_cond_broadcast(&all->changed);
	pthread_mutex_unlock(&all->lock);
	return c->scrape ? 0 : -EBUSY;
}

void clients_scrape_piece(struct clients *all, struct client *c, bool made)
{
	pthread_mutex_lock(&all->lock);
	c->moved = made ? fw_now() : 0;
	pthread_mutex_unlock(&all->lock);
}

void clients_scrape_end(struct clients *all, struct client *c)
{
	pthread_mutex_lock(&all->lock);
	leave(all, c);
	pthread_mutex_unlock(&all->lock);
}

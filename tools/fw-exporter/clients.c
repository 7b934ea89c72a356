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
	return asking ? asking : reading && now - reading->since > CLIENTS_GRACE ? reading : NULL;
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

/* Cuts the scrape off that goes on longest, if that is long. */
static void make_room(struct clients *all, double now)
{
	struct client *oldest = NULL;

	for (struct client *c = all->first; c; c = c->next)
		if (c->scrape && !c->cut && (!oldest || c->scrape < oldest->scrape))
			oldest = c;
	if (!oldest || now - oldest->scrape < CLIENTS_GRACE)
		return;
	cut(oldest);
	all->n--;
	leave(all, oldest);
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
	while (all->scrapes >= CLIENTS_SCRAPES && !all->closing && now - start < CLIENTS_QUEUE) {
		make_room(all, now);
		if (all->scrapes >= CLIENTS_SCRAPES)
			wait_a_little(all);
		now = fw_now();
	}
	if (all->scrapes < CLIENTS_SCRAPES && !all->closing) {
		c->scrape = now;
		all->scrapes++;
	}
	pthread_mutex_unlock(&all->lock);
	return c->scrape ? 0 : -EBUSY;
}

void clients_scrape_end(struct clients *all, struct client *c)
{
	pthread_mutex_lock(&all->lock);
	leave(all, c);
	pthread_mutex_unlock(&all->lock);
}

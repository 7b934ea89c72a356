// SPDX-License-Identifier: GPL-2.0-only
/* Connections, and how long each may take. All under one lock; a connection is cut off by shutdown(), which wakes its thread. */
#include "clients.h"

#include <netinet/in.h>
#include <string.h>
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

static uint64_t key6(const struct in6_addr *a)
{
	uint64_t half[2];

	memcpy(half, a, sizeof(half));
	return IN6_IS_ADDR_V4MAPPED(a) ? half[1] >> 32 : half[0];
}

static uint64_t key_of(int fd)
{
	struct sockaddr_storage a = { .ss_family = AF_UNSPEC };
	socklen_t len = sizeof(a), size = sizeof(struct ucred);
	struct ucred who = { 0 };

	getpeername(fd, (struct sockaddr *)&a, &len);
	if (a.ss_family == AF_INET)
		return ((struct sockaddr_in *)&a)->sin_addr.s_addr;
	if (a.ss_family == AF_INET6)
		return key6(&((struct sockaddr_in6 *)&a)->sin6_addr);
	getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &size);
	return who.uid;
}

/* NULL: no memory. */
static struct origin *origin_get(struct clients *all, uint64_t key)
{
	struct origin **o = &all->origins;

	while (*o && (*o)->key != key)
		o = &(*o)->next;
	if (!*o) {
		*o = calloc(1, sizeof(**o));
		if (!*o)
			return NULL;
		(*o)->key = key;
	}
	(*o)->n++;
	(*o)->open++;
	return *o;
}

static void origin_put(struct clients *all, struct origin *which)
{
	struct origin **o = &all->origins;

	if (--which->n)
		return;
	while (*o != which)
		o = &(*o)->next;
	*o = which->next;
	free(which);
}

/* From now on it does not count. */
static void cut(struct clients *all, struct client *c)
{
	c->cut = true;
	c->origin->open--;
	all->n--;
	shutdown(c->fd, SHUT_RDWR);
}

/* The most connections that come from one place. */
static unsigned most_open(const struct clients *all)
{
	unsigned most = 0;

	for (const struct origin *o = all->origins; o; o = o->next)
		most = o->open > most ? o->open : most;
	return most;
}

/*
 * Of those who come from where most do, the one that has waited longest for its request; else the one that has read
 * longest, if that is long, or if fewer come from where @c does. NULL: none.
 */
static struct client *least_missed(struct clients *all, const struct client *c, double now)
{
	struct client *asking = NULL, *reading = NULL;
	unsigned most = most_open(all);

	for (struct client *other = all->first; other; other = other->next) {
		struct client **best = other->reading ? &reading : &asking;

		if (!other->cut && other->origin->open == most && (!*best || other->since < (*best)->since))
			*best = other;
	}
	if (asking)
		return asking;
	return reading && (most > c->origin->open || now - reading->since > CLIENTS_STALL) ? reading : NULL;
}

struct client *clients_open(struct clients *all, int fd)
{
	struct client *c = calloc(1, sizeof(*c)), *other;

	if (!c)
		return NULL;
	c->fd = fd;
	c->since = fw_now();
	pthread_mutex_lock(&all->lock);
	c->origin = origin_get(all, key_of(fd));
	if (!c->origin) {
		pthread_mutex_unlock(&all->lock);
		free(c);
		return NULL;
	}
	if (++all->n > all->max) {
		other = least_missed(all, c, c->since);
		cut(all, other ? other : c);
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
	c->origin->scrapes--;
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
	c->origin->open -= !c->cut;
	origin_put(all, c->origin);
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
		if (!c->cut && now - c->since > all->timeout)
			cut(all, c);
	pthread_mutex_unlock(&all->lock);
}

void clients_stop(struct clients *all)
{
	pthread_mutex_lock(&all->lock);
	all->closing = true;
	pthread_cond_broadcast(&all->changed);
	pthread_mutex_unlock(&all->lock);
}

/* Seconds that a scrape is in the way of @self, who has waited for @waited: of standing still, or else of going on. */
static double in_the_way(const struct client *c, const struct client *self, double now, double waited)
{
	if (!c->scrape || c->cut)
		return 0;
	if (c->moved && now - c->moved > CLIENTS_STALL)
		return now - c->moved;
	if (waited > CLIENTS_PATIENCE && c->origin->scrapes > self->origin->scrapes + 1)
		return now - c->scrape;
	return now - c->scrape > CLIENTS_GRACE ? now - c->scrape : 0;
}

/* Cuts the scrape off that is most in the way, if one is. */
static void make_room(struct clients *all, const struct client *self, double now, double waited)
{
	struct client *worst = NULL;
	double most = 0;

	for (struct client *c = all->first; c; c = c->next) {
		double seconds = in_the_way(c, self, now, waited);

		if (seconds > most) {
			worst = c;
			most = seconds;
		}
	}
	if (!worst)
		return;
	cut(all, worst);
	leave(all, worst);
}

/* Who comes from where fewer scrapes go on is first, then who came first. */
static bool before(const struct client *a, const struct client *b)
{
	if (a->origin->scrapes != b->origin->scrapes)
		return a->origin->scrapes < b->origin->scrapes;
	return a->ticket < b->ticket;
}

static bool may_scrape(const struct clients *all, const struct client *self)
{
	for (const struct client *c = all->first; c; c = c->next)
		if (c->ticket && before(c, self))
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
			make_room(all, c, now, now - start);
		if (!may_scrape(all, c))
			wait_a_little(all);
		now = fw_now();
	}
	if (may_scrape(all, c) && !all->closing && !c->cut) {
		c->scrape = now;
		c->moved = 0;
		c->origin->scrapes++;
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

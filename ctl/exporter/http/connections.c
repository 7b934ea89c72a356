// SPDX-License-Identifier: GPL-2.0-only
/* Connections and their time limits, under one lock. One is cut off by shutdown(), which wakes its thread. */
#include "connections.h"

#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

int connections_init(struct connections *all, unsigned max, double timeout)
{
	pthread_condattr_t attr;
	int err;

	*all = (struct connections){ .max = max, .timeout = timeout };
	pthread_mutex_init(&all->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	err = pthread_cond_init(&all->changed, &attr);
	pthread_condattr_destroy(&attr);
	return -err;
}

void connections_fini(struct connections *all)
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

/* What identifies an origin; see struct origin. */
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

/* The origin of a new connection. Return: NULL: out of memory. */
static struct origin *origin_get(struct connections *all, uint64_t key)
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

static void origin_put(struct connections *all, struct origin *which)
{
	struct origin **o = &all->origins;

	if (--which->n)
		return;
	while (*o != which)
		o = &(*o)->next;
	*o = which->next;
	free(which);
}

/* It no longer counts as open; its thread closes it. */
static void cut(struct connections *all, struct connection *c)
{
	c->cut = true;
	c->origin->open--;
	all->n--;
	shutdown(c->fd, SHUT_RDWR);
}

/* The number of open connections of the origin that has most. */
static unsigned most_open(const struct connections *all)
{
	unsigned most = 0;

	for (const struct origin *o = all->origins; o; o = o->next)
		most = o->open > most ? o->open : most;
	return most;
}

/*
 * The connection to close in favour of @c, of an origin that has most: the one that has been waited for longest to ask;
 * else the one that has been reading longest, if that is long or the origin of @c has fewer. NULL: none.
 */
static struct connection *least_missed(struct connections *all, const struct connection *c, double now)
{
	struct connection *asking = NULL, *reading = NULL;
	unsigned most = most_open(all);

	for (struct connection *other = all->first; other; other = other->next) {
		struct connection **best = other->reading ? &reading : &asking;

		if (!other->cut && other->origin->open == most && (!*best || other->since < (*best)->since))
			*best = other;
	}
	if (asking)
		return asking;
	return reading && (most > c->origin->open || now - reading->since > CONNECTIONS_STALL) ? reading : NULL;
}

struct connection *connections_open(struct connections *all, int fd)
{
	struct connection *c = calloc(1, sizeof(*c)), *other;

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

/* Ends the scrape of a connection, if one is running. */
static void leave(struct connections *all, struct connection *c)
{
	if (!c->scrape)
		return;
	c->scrape = 0;
	c->origin->scrapes--;
	all->scrapes--;
	pthread_cond_broadcast(&all->changed);
}

void connections_close(struct connections *all, struct connection *c)
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

void connections_reading(struct connections *all, struct connection *c, bool reading)
{
	pthread_mutex_lock(&all->lock);
	c->reading = reading;
	c->since = fw_now();
	pthread_mutex_unlock(&all->lock);
}

void connections_sweep(struct connections *all)
{
	double now = fw_now();

	pthread_mutex_lock(&all->lock);
	for (struct connection *c = all->first; c; c = c->next)
		if (!c->cut && now - c->since > all->timeout)
			cut(all, c);
	pthread_mutex_unlock(&all->lock);
}

void connections_stop(struct connections *all)
{
	pthread_mutex_lock(&all->lock);
	all->closing = true;
	pthread_cond_broadcast(&all->changed);
	pthread_mutex_unlock(&all->lock);
}

/*
 * For how many seconds a scrape has blocked @self, which has waited for @waited: since it stalled, or since it began if its
 * origin runs more scrapes than that of @self, or if it takes too long. 0: it need not make room.
 */
static double in_the_way(const struct connection *c, const struct connection *self, double now, double waited)
{
	if (!c->scrape || c->cut)
		return 0;
	if (c->moved && now - c->moved > CONNECTIONS_STALL)
		return now - c->moved;
	if (waited > CONNECTIONS_PATIENCE && c->origin->scrapes > self->origin->scrapes + 1)
		return now - c->scrape;
	return now - c->scrape > CONNECTIONS_GRACE ? now - c->scrape : 0;
}

/* Cuts off the scrape that has blocked @self longest, if there is one. */
static void make_room(struct connections *all, const struct connection *self, double now, double waited)
{
	struct connection *worst = NULL;
	double most = 0;

	for (struct connection *c = all->first; c; c = c->next) {
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

/* The queue: origins with fewer running scrapes first, then by arrival. */
static bool before(const struct connection *a, const struct connection *b)
{
	if (a->origin->scrapes != b->origin->scrapes)
		return a->origin->scrapes < b->origin->scrapes;
	return a->ticket < b->ticket;
}

static bool may_scrape(const struct connections *all, const struct connection *self)
{
	for (const struct connection *c = all->first; c; c = c->next)
		if (c->ticket && before(c, self))
			return false;
	return all->scrapes < CONNECTIONS_SCRAPES;
}

/* A tenth of a second, or until something changes. */
static void wait_a_little(struct connections *all)
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

int connections_scrape_begin(struct connections *all, struct connection *c)
{
	double start = fw_now(), now = start;

	pthread_mutex_lock(&all->lock);
	c->ticket = ++all->tickets;
	while (!may_scrape(all, c) && !all->closing && !c->cut && now - start < CONNECTIONS_QUEUE) {
		if (all->scrapes >= CONNECTIONS_SCRAPES)
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

void connections_scrape_piece(struct connections *all, struct connection *c, bool made)
{
	pthread_mutex_lock(&all->lock);
	c->moved = made ? fw_now() : 0;
	pthread_mutex_unlock(&all->lock);
}

void connections_scrape_end(struct connections *all, struct connection *c)
{
	pthread_mutex_lock(&all->lock);
	leave(all, c);
	pthread_mutex_unlock(&all->lock);
}

// SPDX-License-Identifier: GPL-2.0-only
/* Limits of what is in use at once, by rank and by user. Whose turn it is: turns.c. */
#include "shares.h"

#include "client.h"

#define MIB (1ull << 20)

struct limit {
	uint64_t all, a_user;
};

/* Those of connections depend on clients-max. Readers have no large requests. */
static const struct limit limits[SHARE_NRANKS][SHARE_NTHINGS] = {
	[SHARE_ROOT] = { [SHARE_LONG] = { 4, 4 },
			 [SHARE_REQUEST] = { 1024 * MIB, 1024 * MIB },
			 [SHARE_REPLY] = { 256 * MIB, 256 * MIB } },
	[SHARE_ADMIN] = { [SHARE_LONG] = { 4, 2 },
			  [SHARE_REQUEST] = { 1024 * MIB, 1024 * MIB },
			  [SHARE_REPLY] = { 256 * MIB, 128 * MIB } },
	[SHARE_READER] = { [SHARE_LONG] = { 4, 1 }, [SHARE_REPLY] = { 128 * MIB, 16 * MIB } },
};

static const char *const rank_names[SHARE_NRANKS] = { "root", "admin", "reader" };

static const struct thing {
	const char *name; /* of what was turned away */
	uint64_t unit;
	double grace; /* seconds after which what has it gives way to someone else who has less */
	const char *what, *advice;
} things[SHARE_NTHINGS] = {
	[SHARE_CONNECTIONS] = { "connection", 1, 0, "connections, none of them idle",
				"close some, or see clients-max in fwd.conf" },
	[SHARE_LONG] = { "long_reply", 1, 1, "long replies under way", "try again when one of them has ended" },
	[SHARE_REQUEST] = { "request", MIB, 5, "MiB of requests under way", "try again when they are done" },
	[SHARE_REPLY] = { "reply", MIB, 5, "MiB of replies that have not been read", "read them and try again" },
};

static struct limit limit_of(const struct fwd *d, enum share_rank rank, enum share_thing thing)
{
	unsigned max = d->config.clients_max;

	if (thing == SHARE_CONNECTIONS)
		return (struct limit){ max, rank == SHARE_ROOT ? max : (max + 1) / 2 };
	return limits[rank][thing];
}

struct share *shares_of(struct fwd *d, uid_t uid, enum share_rank rank)
{
	struct share **p = &d->shares.first;

	for (; *p; p = &(*p)->next)
		if ((*p)->uid == uid && (*p)->rank == rank)
			return *p;
	*p = calloc(1, sizeof(**p));
	if (*p)
		**p = (struct share){ .uid = uid, .rank = rank };
	return *p;
}

void shares_sweep(struct fwd *d)
{
	struct share **p = &d->shares.first;

	while (*p) {
		struct share *s = *p;

		if (s->used[SHARE_CONNECTIONS] || s->used[SHARE_LONG]) {
			p = &s->next;
			continue;
		}
		*p = s->next;
		free(s);
	}
}

void shares_add(struct fwd *d, struct share *s, enum share_thing thing, int64_t amount)
{
	s->used[thing] += (uint64_t)amount;
	d->shares.used[s->rank][thing] += (uint64_t)amount;
}

void shares_hold(struct client *c, enum share_thing thing, uint64_t amount)
{
	shares_add(c->fwd, c->share, thing, (int64_t)(amount - c->held[thing]));
	c->held[thing] = amount;
}

static bool idle(const struct client *c)
{
	return c->state == CLIENT_DRAIN || (c->state == CLIENT_READ && !c->got);
}

/* May a client be closed so that @s can have of a thing? Of one's own, idle connections may. */
static bool gives_way(const struct client *c, const struct share *s, enum share_thing thing, double now)
{
	uint64_t more = c->share->used[thing], less = s->used[thing];

	if (c->share->rank != s->rank || !c->held[thing])
		return false;
	if (thing == SHARE_CONNECTIONS)
		return idle(c) ? c->share == s || more > less : more > less + 1;
	/* What has come as a whole is carried out. */
	if (thing == SHARE_REQUEST && c->state != CLIENT_READ)
		return false;
	return more > less && now - c->begun > things[thing].grace;
}

/* Of whom has the most; an idle one; the one in which nothing has moved for longest. */
static bool before(const struct client *a, const struct client *b, enum share_thing thing)
{
	if (a->share->used[thing] != b->share->used[thing])
		return a->share->used[thing] > b->share->used[thing];
	return idle(a) != idle(b) ? idle(a) : a->progress < b->progress;
}

/* @own: only a connection of his own would make room. */
static struct client *find_victim(const struct fwd *d, const struct share *s, enum share_thing thing, bool own)
{
	struct client *found = NULL;
	double now = fw_now();

	if (own && thing != SHARE_CONNECTIONS)
		return NULL;
	for (struct client *c = d->clients; c; c = c->next)
		if ((!own || c->share == s) && gives_way(c, s, thing, now) && (!found || before(c, found, thing)))
			found = c;
	return found;
}

/* @own: the user is at his limit, else all of his rank together are at theirs. */
static void turn_away(struct fwd *d, const struct share *s, enum share_thing thing, bool own, char *why, size_t size)
{
	const struct limit limit = limit_of(d, s->rank, thing);
	uint64_t used = own ? s->used[thing] : d->shares.used[s->rank][thing], max = own ? limit.a_user : limit.all;
	const struct thing *t = &things[thing];
	char who[32] = "all users together have";

	if (own)
		snprintf(who, sizeof(who), "user %u has", s->uid);
	snprintf(why, size, "busy: %s %llu of %llu %s: %s", who, (unsigned long long)(used / t->unit),
		 (unsigned long long)(max / t->unit), t->what, t->advice);
	d->shares.turned_away[thing]++;
}

bool shares_room(struct fwd *d, struct share *s, enum share_thing thing, uint64_t amount, char *why, size_t size)
{
	const struct limit limit = limit_of(d, s->rank, thing);
	const uint64_t *all = &d->shares.used[s->rank][thing];

	while (s->used[thing] + amount > limit.a_user || *all + amount > limit.all) {
		bool own = s->used[thing] + amount > limit.a_user;
		struct client *c = find_victim(d, s, thing, own);

		if (!c) {
			if (why)
				turn_away(d, s, thing, own, why, size);
			return false;
		}
		d->shares.gave_way++;
		client_close(c);
		/* Its place is free once its child process has ended: who waits asks again then. */
		if (thing == SHARE_LONG)
			return why != NULL;
	}
	return true;
}

static json_t *number(uint64_t n)
{
	return json_integer((json_int_t)n);
}

static json_t *rank_json(const struct fwd *d, enum share_rank rank)
{
	const uint64_t *used = d->shares.used[rank];
	uint64_t users = 0;

	for (const struct share *s = d->shares.first; s; s = s->next)
		users += s->rank == rank && s->used[SHARE_CONNECTIONS];
	return json_pack("{so so so so so so}", "users", number(users), "connections", number(used[SHARE_CONNECTIONS]),
			 "connections_max", number(d->config.clients_max), "long_replies", number(used[SHARE_LONG]),
			 "request_bytes", number(used[SHARE_REQUEST]), "reply_bytes", number(used[SHARE_REPLY]));
}

json_t *shares_json(const struct fwd *d)
{
	json_t *o = json_object();

	for (int r = 0; r < SHARE_NRANKS; r++)
		json_object_set_new(o, rank_names[r], rank_json(d, (enum share_rank)r));
	return o;
}

json_t *shares_turned_away_json(const struct fwd *d)
{
	json_t *o = json_object();

	for (int t = 0; t < SHARE_NTHINGS; t++)
		json_object_set_new(o, things[t].name, number(d->shares.turned_away[t]));
	return o;
}

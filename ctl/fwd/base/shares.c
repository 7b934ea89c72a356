// SPDX-License-Identifier: GPL-2.0-only
/* Limits of what is in use at once, by rank and by user. */
#include "shares.h"

#define MIB (1ull << 20)

struct limit {
	uint64_t all, a_user;
};

/* The limits of connections depend on clients-max. Readers have no large requests. */
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
	const char *name; /* in the count of what was turned away */
	uint64_t unit;
	double grace; /* see share_grace() */
	const char *what, *advice;
} things[SHARE_NTHINGS] = {
	[SHARE_CONNECTIONS] = { "connection", 1, 0, "connections, none of them idle",
				"close some, or see clients-max in fwd.conf" },
	[SHARE_LONG] = { "long_reply", 1, 1, "long replies under way", "try again when one of them has ended" },
	[SHARE_REQUEST] = { "request", MIB, 5, "MiB of requests under way", "try again when they are done" },
	[SHARE_REPLY] = { "reply", MIB, 5, "MiB of replies that have not been read", "read them and try again" },
};

static struct limit limit_of(const struct shares *all, enum share_rank rank, enum share_thing thing)
{
	unsigned max = all->clients_max;

	if (thing == SHARE_CONNECTIONS)
		return (struct limit){ max, rank == SHARE_ROOT ? max : (max + 1) / 2 };
	return limits[rank][thing];
}

struct share *shares_of(struct shares *all, uid_t uid, enum share_rank rank)
{
	struct share **p = &all->first;

	for (; *p; p = &(*p)->next)
		if ((*p)->uid == uid && (*p)->rank == rank)
			return *p;
	*p = calloc(1, sizeof(**p));
	if (*p)
		**p = (struct share){ .uid = uid, .rank = rank };
	return *p;
}

void shares_sweep(struct shares *all)
{
	struct share **p = &all->first;

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

void shares_add(struct shares *all, struct share *s, enum share_thing thing, int64_t amount)
{
	s->used[thing] += (uint64_t)amount;
	all->used[s->rank][thing] += (uint64_t)amount;
}

enum share_room shares_room(const struct shares *all, const struct share *s, enum share_thing thing, uint64_t amount)
{
	const struct limit limit = limit_of(all, s->rank, thing);

	if (s->used[thing] + amount > limit.a_user)
		return SHARE_USER_FULL;
	return all->used[s->rank][thing] + amount > limit.all ? SHARE_ALL_FULL : SHARE_ROOM;
}

double share_grace(enum share_thing thing)
{
	return things[thing].grace;
}

void shares_turn_away(struct shares *all, const struct share *s, enum share_thing thing, enum share_room full,
		      char why[SHARES_WHY])
{
	const struct limit limit = limit_of(all, s->rank, thing);
	bool own = full == SHARE_USER_FULL;
	uint64_t used = own ? s->used[thing] : all->used[s->rank][thing], max = own ? limit.a_user : limit.all;
	const struct thing *t = &things[thing];
	char who[32] = "all users together have";

	if (own)
		snprintf(who, sizeof(who), "user %u has", s->uid);
	snprintf(why, SHARES_WHY, "busy: %s %llu of %llu %s: %s", who, (unsigned long long)(used / t->unit),
		 (unsigned long long)(max / t->unit), t->what, t->advice);
	all->turned_away[thing]++;
}

static json_t *number(uint64_t n)
{
	return json_integer((json_int_t)n);
}

static json_t *rank_json(const struct shares *all, enum share_rank rank)
{
	const uint64_t *used = all->used[rank];
	uint64_t users = 0;

	for (const struct share *s = all->first; s; s = s->next)
		users += s->rank == rank && s->used[SHARE_CONNECTIONS];
	return json_pack("{so so so so so so}", "users", number(users), "connections", number(used[SHARE_CONNECTIONS]),
			 "connections_max", number(all->clients_max), "long_replies", number(used[SHARE_LONG]),
			 "request_bytes", number(used[SHARE_REQUEST]), "reply_bytes", number(used[SHARE_REPLY]));
}

json_t *shares_json(const struct shares *all)
{
	json_t *o = json_object();

	for (int r = 0; r < SHARE_NRANKS; r++)
		json_object_set_new(o, rank_names[r], rank_json(all, (enum share_rank)r));
	return o;
}

json_t *shares_turned_away_json(const struct shares *all)
{
	json_t *o = json_object();

	for (int t = 0; t < SHARE_NTHINGS; t++)
		json_object_set_new(o, things[t].name, number(all->turned_away[t]));
	return o;
}

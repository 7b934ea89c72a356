// SPDX-License-Identifier: GPL-2.0-only
/* Which connection is closed to make room. */
#include "room.h"

/* May a connection be closed to make room for @s? One of the same user only if it is idle. */
static bool gives_way(const struct connection *c, const struct share *s, enum share_thing thing, double now)
{
	uint64_t more = c->share->used[thing], less = s->used[thing];

	if (c->share->rank != s->rank || !c->held[thing])
		return false;
	if (thing == SHARE_CONNECTIONS)
		return connection_is_idle(c) ? c->share == s || more > less : more > less + 1;
	/* A request that was received as a whole is carried out. */
	if (thing == SHARE_REQUEST && c->state != CONNECTION_READ)
		return false;
	return more > less && now - c->begun > share_grace(thing);
}

/* First those of the user who has the most, then idle ones, then those without progress for longest. */
static bool goes_before(const struct connection *a, const struct connection *b, enum share_thing thing)
{
	bool idle = connection_is_idle(a);

	if (a->share->used[thing] != b->share->used[thing])
		return a->share->used[thing] > b->share->used[thing];
	return idle != connection_is_idle(b) ? idle : a->progress < b->progress;
}

/* @own: only a connection of the same user would make room. */
static struct connection *find_victim(const struct fwd *d, const struct share *s, enum share_thing thing, bool own)
{
	struct connection *found = NULL;
	double now = fw_now();

	if (own && thing != SHARE_CONNECTIONS)
		return NULL;
	for (struct connection *c = d->server.connections; c; c = c->next)
		if ((!own || c->share == s) && gives_way(c, s, thing, now) && (!found || goes_before(c, found, thing)))
			found = c;
	return found;
}

bool room_make(struct fwd *d, struct share *s, enum share_thing thing, uint64_t amount, char why[SHARES_WHY])
{
	struct shares *all = &d->server.shares;
	enum share_room full;

	while ((full = shares_room(all, s, thing, amount)) != SHARE_ROOM) {
		struct connection *c = find_victim(d, s, thing, full == SHARE_USER_FULL);

		if (!c) {
			if (why)
				shares_turn_away(all, s, thing, full, why);
			return false;
		}
		all->gave_way++;
		connection_close(c);
		/* Its place is free once its child process has ended: a request that waits asks again then. */
		if (thing == SHARE_LONG)
			return why != NULL;
	}
	return true;
}

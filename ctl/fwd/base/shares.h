/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What clients may use of the daemon, so that none keeps the others out. Root, the admin group and readers have
 * their own places, and within each of these ranks every user has a share:
 *
 *	            connections      long replies    large requests     replies not read
 *	            all    a user    all    a user   all      a user    all        a user
 *	root        128    128       4      4        1 GiB    1 GiB     256 MiB    256 MiB
 *	admin       128    64        4      2        1 GiB    1 GiB     256 MiB    128 MiB
 *	reader      128    64        4      1        none     none      128 MiB    16 MiB
 *
 * When all of a thing is in use, the user who has the most of it gives way to one who has less, see connections/room.h. 128 is
 * the setting clients-max.
 */
#ifndef FWD_SHARES_H
#define FWD_SHARES_H

#include "fw/base.h"

#include <jansson.h>
#include <sys/types.h>

struct connection;

enum share_rank { SHARE_ROOT, SHARE_ADMIN, SHARE_READER, SHARE_NRANKS };
enum share_thing {
	SHARE_CONNECTIONS,
	SHARE_LONG,    /* replies written by child processes */
	SHARE_REQUEST, /* bytes of large requests, as announced */
	SHARE_REPLY,   /* bytes of replies that have not been read */
	SHARE_NTHINGS,
};

/* One user in one rank, while anything is in use. */
struct share {
	struct share *next;
	uid_t uid;
	enum share_rank rank;
	uint64_t used[SHARE_NTHINGS];
	double long_at; /* when its last long reply began */
	/* Connections that wait for their turn, oldest first; by the rank whose time they use, see connections/queues.h. */
	struct share_queue {
		struct connection *first, **end;
	} ready[SHARE_NRANKS];
};

struct shares {
	unsigned clients_max; /* the setting */
	struct share *first;  /* whose turn was longest ago */
	uint64_t used[SHARE_NRANKS][SHARE_NTHINGS];
	/* Since the start: */
	uint64_t turned_away[SHARE_NTHINGS];
	uint64_t gave_way; /* connections that were closed to make room */
};

/* The share of a user, created if there is none; NULL: memory is out. */
struct share *shares_of(struct shares *all, uid_t uid, enum share_rank rank);
/* Frees the shares of users without anything in use. */
void shares_sweep(struct shares *all);
/* @amount more of a thing is in use, or less when it is negative. */
void shares_add(struct shares *all, struct share *s, enum share_thing thing, int64_t amount);
/* Is there room for @amount more? */
enum share_room {
	SHARE_ROOM,
	SHARE_USER_FULL, /* no: the user is at the limit of one user */
	SHARE_ALL_FULL,  /* no: all users of the rank together are at their limit */
};
enum share_room shares_room(const struct shares *all, const struct share *s, enum share_thing thing, uint64_t amount);
/* Seconds for which a thing can be in use before its user gives way to another one. */
double share_grace(enum share_thing thing);
/* Counts that there was no room, and writes to @why what is in use and what to do about it. */
#define SHARES_WHY 200
void shares_turn_away(struct shares *all, const struct share *s, enum share_thing thing, enum share_room full,
		      char why[SHARES_WHY]);

/* For status: what is in use, by rank; what was turned away, by thing. */
json_t *shares_json(const struct shares *all);
json_t *shares_turned_away_json(const struct shares *all);

#endif

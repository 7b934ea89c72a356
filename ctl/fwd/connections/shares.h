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
 * When all of a thing is in use, the user who has the most of it gives way to one who has less. 128 is the setting
 * clients-max.
 */
#ifndef FWD_SHARES_H
#define FWD_SHARES_H

#include "fw/base.h"

#include <jansson.h>
#include <sys/types.h>

struct client;
struct fwd;

enum share_rank { SHARE_ROOT, SHARE_ADMIN, SHARE_READER, SHARE_NRANKS };
enum share_thing {
	SHARE_CONNECTIONS,
	SHARE_LONG,    /* replies that a child process writes */
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
	double long_at; /* when a long reply was begun last */
	/* Clients that wait for their turn, oldest first: as changing or only reading, see turns.c. */
	struct share_queue {
		struct client *first, **end;
	} ready[SHARE_NRANKS];
};

struct shares {
	struct share *first; /* whose turn was longest ago */
	uint64_t used[SHARE_NRANKS][SHARE_NTHINGS];
	/* Since the start: */
	uint64_t turned_away[SHARE_NTHINGS];
	uint64_t gave_way; /* connections that were closed to make room */
};

/* The share of a user, made when there is none; NULL: no memory. */
struct share *shares_of(struct fwd *d, uid_t uid, enum share_rank rank);
/* Frees those of users who have gone. */
void shares_sweep(struct fwd *d);
/* @amount more of a thing is in use, or less when it is negative. */
void shares_add(struct fwd *d, struct share *s, enum share_thing thing, int64_t amount);
/* What a client holds of a thing is @amount from now on. */
void shares_hold(struct client *c, enum share_thing thing, uint64_t amount);

/**
 * shares_room - may a user have @amount more of a thing?
 * @why: when not: what is in use and what to do; NULL: he is not turned away but waits
 *
 * Makes room by closing connections where that is fair.
 */
bool shares_room(struct fwd *d, struct share *s, enum share_thing thing, uint64_t amount, char *why, size_t size);

/* For status: what is in use, by rank; what was turned away, by thing. */
json_t *shares_json(const struct fwd *d);
json_t *shares_turned_away_json(const struct fwd *d);

#endif

/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The latest entries of the log of packets, and who follows them. A follower reads at its own pace: it has a place among the
 * entries, not a queue. If it is slower than the packets, it misses those that are not kept any more, and is told how many.
 */
#ifndef FWD_KEPT_H
#define FWD_KEPT_H

#include "ctl/fwd/log/logged.h"

#define KEPT_MAX 4096 /* entries */

/* Somebody who waits for entries. Embedded in the struct of its owner. */
struct follower {
	struct follower *next;
	void (*wake)(struct follower *f); /* there is an entry that it has not read */
};

struct kept {
	struct logged *entries; /* KEPT_MAX, the one with number n at n % KEPT_MAX; NULL: none yet */
	uint64_t begun;         /* the number of the first entry of this process */
	uint64_t next;          /* the number of the next entry */
	struct follower *followers;
	unsigned nfollowers;
};

/* @milliseconds: since the epoch: numbers grow over restarts. */
void kept_init(struct kept *k, int64_t milliseconds);
void kept_free(struct kept *k);
/* A new entry, its number set, to be filled, then told to all followers; NULL: memory is out. */
struct logged *kept_add(struct kept *k);
void kept_tell(struct kept *k);
/* The oldest number that is kept. */
uint64_t kept_oldest(const struct kept *k);
/* The entry with this number, from kept_oldest() to k->next - 1. */
const struct logged *kept_at(const struct kept *k, uint64_t number);

void kept_follow(struct kept *k, struct follower *f);
void kept_leave(struct kept *k, struct follower *f);

#endif

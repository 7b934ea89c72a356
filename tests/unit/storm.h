/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Transactions at random on tables that other threads look packets up in, and
 * what each packet may be answered: for every generation the oracle's answers to
 * a fixed pool of packets are there before the generation is published.
 */
#ifndef FW_TEST_STORM_H
#define FW_TEST_STORM_H

#include "fw/live.h"
#include "tests/unit/random.h"

#define STORM_KEYS 128
/* Generations whose answers are kept. */
#define STORM_RING 32
#define STORM_READERS 4

struct storm;
struct storm_ops {
	/* The first image or a change was committed: packets see s->live->now. */
	void (*published)(struct storm *s);
	/* Waits for all packets that are under way; NULL: once every reader has passed, they are through. */
	void (*grace)(struct storm *s);
	/* No packet counts at this slot of a deleted rule any more, and its counter is about to be cleared. May be NULL. */
	void (*released)(struct storm *s, uint32_t slot);
};

struct storm_answers {
	uint32_t generation;
	struct fw_result want[STORM_KEYS];
	uint32_t passed[STORM_KEYS][FW_TURNS]; /* to which want[] refers */
};

struct storm_reader {
	uint64_t seen; /* the epoch that it was in when it last was between two packets */
	char pad[56];
};

struct storm {
	const struct storm_ops *ops;
	void *ctx;
	struct random_shape shape;
	struct fw_ruleset *rs;
	struct random_maker *maker;
	struct fw_live *live;
	struct fw_swap first;
	struct fw_key key[STORM_KEYS];
	struct storm_answers ring[STORM_RING];
	uint32_t ready; /* the last generation whose answers are in the ring */
	uint64_t epoch;
	struct storm_reader reader[STORM_READERS];
	unsigned nreaders;
	/* Of the writer alone: */
	bool waiting; /* for a grace period, begun in epoch @since */
	uint64_t since;
	/* Of deleted rules: [0] to [covered - 1] wait for the grace period that has begun, the rest for another. */
	uint32_t *slots;
	size_t nslots, slots_cap, covered;
	uint64_t changed, rebuilt, refused;
};

/* A ruleset and its first image, not yet published, in @kern or in @pool. @keys makes the STORM_KEYS packets. */
bool storm_open(struct storm *s, const struct random_shape *shape, struct fw_kern *kern, struct fw_pool *pool,
		void (*keys)(struct storm *s));
/* Frees everything; no reader is there any more. */
void storm_close(struct storm *s);
/* Puts the answers of the first generation into the ring and publishes it. */
void storm_publish_first(struct storm *s);
/* One transaction, or one that is aborted, and perhaps a part of a grace period. */
void storm_step(struct storm *s);
/* Publishes what is prepared, and ends the transaction. */
void storm_commit(struct storm *s, struct fw_transaction *t);
/* Grace periods until nothing waits for any. */
void storm_settle(struct storm *s);

/* For readers: between two packets. */
static inline void storm_passed(struct storm *s, unsigned reader)
{
	__atomic_store_n(&s->reader[reader].seen, __atomic_load_n(&s->epoch, __ATOMIC_SEQ_CST), __ATOMIC_RELEASE);
}

/* May packet @key be answered so by one of the generations @from to @to, which are in the ring? */
bool storm_is_right(const struct storm *s, uint32_t from, uint32_t to, unsigned key, struct fw_result got);

#endif

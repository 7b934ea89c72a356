// SPDX-License-Identifier: GPL-2.0-only
/*
 * Threads look packets up while the tables change under them: each answer is
 * that of the generation that the packet began in. To be run with TSan too.
 */
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/storm.h"

/* FW_ROUNDS asks for more. */
#define ROUNDS 4
#define STEPS 40
#define NREADERS 2

/* Shared between the threads. */
static uint64_t control;
static bool stop;

struct reader {
	struct storm *s;
	pthread_t thread;
	struct fw_classifier *classifier;
	unsigned number;
	uint64_t packets;
	/* The first answer that was wrong: */
	bool wrong;
	uint32_t generation;
	unsigned key;
	struct fw_result got;
};

static void run_on(unsigned cpu)
{
	cpu_set_t one;

	CPU_ZERO(&one);
	CPU_SET(cpu, &one);
	/* On a machine of one CPU everything runs there. */
	pthread_setaffinity_np(pthread_self(), sizeof(one), &one);
}

/* A thread that looks up packets and notes the first answer that was not right in the generation that it saw. */
static void *reader_run(void *arg)
{
	struct reader *r = arg;
	struct fw_random random = { r->number };

	run_on(1);
	while (!__atomic_load_n(&stop, __ATOMIC_RELAXED)) {
		uint64_t seen = __atomic_load_n(&control, __ATOMIC_ACQUIRE);
		uint32_t generation = (uint32_t)(seen >> 32);
		unsigned key = (unsigned)fw_random_below(&random, STORM_KEYS);
		struct fw_result got;

		fw_classifier_publish(r->classifier, (uint32_t)seen, generation);
		got = fw_classifier_result(r->classifier, &r->s->key[key]);
		if (!r->wrong && !storm_is_right(r->s, generation, generation, key, got)) {
			r->wrong = true;
			r->generation = generation;
			r->key = key;
			r->got = got;
		}
		storm_passed(r->s, r->number);
		/* The other reader is on this CPU too, and the writer waits for both. */
		if (!(++r->packets % 256))
			sched_yield();
	}
	/* Never to be waited for again. */
	__atomic_store_n(&r->s->reader[r->number].seen, UINT64_MAX, __ATOMIC_RELEASE);
	return NULL;
}

static void published(struct storm *s)
{
	const struct fw_image *image = &s->live->now->image;

	__atomic_store_n(&control, FW_CONTROL(image->root, image->generation), __ATOMIC_RELEASE);
}

static const struct storm_ops ops = { .published = published };

static void keys(struct storm *s)
{
	for (unsigned i = 0; i < STORM_KEYS; i++)
		random_key(s->rs, &s->key[i]);
}

static void readers_start(struct storm *s, struct reader *r)
{
	__atomic_store_n(&stop, false, __ATOMIC_RELAXED);
	for (unsigned i = 0; i < NREADERS; i++) {
		r[i] = (struct reader){ .s = s, .number = i };
		assert_int_equal(fw_classifier_new(s->live->pool, i & 1, &r[i].classifier), 0);
		assert_int_equal(pthread_create(&r[i].thread, NULL, reader_run, &r[i]), 0);
	}
}

/* Ends the readers and fails the test if one has seen a wrong answer. Return: packets looked up. */
static uint64_t readers_end(struct storm *s, struct reader *r)
{
	uint64_t packets = 0;

	__atomic_store_n(&stop, true, __ATOMIC_RELAXED);
	for (unsigned i = 0; i < NREADERS; i++) {
		pthread_join(r[i].thread, NULL);
		fw_classifier_free(r[i].classifier);
		packets += r[i].packets;
	}
	for (unsigned i = 0; i < NREADERS; i++) {
		struct fw_result want = s->ring[r[i].generation % STORM_RING].want[r[i].key];

		if (r[i].wrong)
			fail_msg(
				"seed %llu: generation %u (of %u): verdict %d, slot %u, reason %u, %u passed; right: %d, %u, %u, %u",
				(unsigned long long)random_seed(), r[i].generation, s->live->now->image.generation,
				r[i].got.verdict, r[i].got.slot, r[i].got.reason, r[i].got.npassed, want.verdict,
				want.slot, want.reason, want.npassed);
	}
	return packets;
}

static void storm(void **state)
{
	unsigned rounds = random_amount("FW_ROUNDS", ROUNDS);
	uint64_t packets = 0, changed = 0, rebuilt = 0, refused = 0;

	for (unsigned round = 0; round < rounds; round++) {
		struct random_shape shape = { random_below(2) ? 20 : 200, 20, 1 + random_below(20),
					      random_below(3) ? random_below(4) : 8, random_below(100) };
		struct storm s = { .ops = &ops, .nreaders = NREADERS };
		struct reader readers[NREADERS];
		struct fw_pool *pool;

		random_chains(random_below(2) * (1 + random_below(8)));
		assert_int_equal(fw_pool_new(&pool), 0);
		if (storm_open(&s, &shape, NULL, pool, keys)) {
			storm_publish_first(&s);
			readers_start(&s, readers);
			for (int i = 0; i < STEPS; i++)
				storm_step(&s);
			storm_settle(&s);
			packets += readers_end(&s, readers);
		}
		changed += s.changed;
		rebuilt += s.rebuilt;
		refused += s.refused;
		storm_close(&s);
		assert_int_equal(pool->nsegments, 0);
		fw_pool_free(pool);
	}
	print_message("%llu changes, %llu by recompiling, %llu refused or undone; %llu packets compared\n",
		      (unsigned long long)changed, (unsigned long long)rebuilt, (unsigned long long)refused,
		      (unsigned long long)packets);
	assert_true(packets > (uint64_t)rounds * STEPS);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(storm),
	};

	run_on(0);
	random_start();
	return cmocka_run_group_tests(tests, NULL, NULL);
}

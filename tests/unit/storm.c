// SPDX-License-Identifier: GPL-2.0-only
/* The thread that makes the transactions. */
#include "fw/oracle.h"

#include "tests/unit/storm.h"

#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static struct fw_diags ds;

static struct storm_answers *answers_of(const struct storm *s, uint32_t generation)
{
	return (struct storm_answers *)&s->ring[generation % STORM_RING];
}

static bool passed(const struct storm *s, uint64_t epoch)
{
	for (unsigned i = 0; i < s->nreaders; i++)
		if (__atomic_load_n(&s->reader[i].seen, __ATOMIC_ACQUIRE) < epoch)
			return false;
	return true;
}

static uint64_t epoch_next(struct storm *s)
{
	return __atomic_add_fetch(&s->epoch, 1, __ATOMIC_SEQ_CST);
}

/* Every reader begins another packet, or would; and no packet is under way that began before. */
static void wait_readers(struct storm *s)
{
	uint64_t epoch = epoch_next(s);

	while (!passed(s, epoch))
		sched_yield();
	if (s->ops->grace)
		s->ops->grace(s);
}

static void answer_make(const struct fw_ruleset *rs, const struct fw_key *key, uint32_t *passed, struct fw_result *want)
{
	struct fw_way way = fw_oracle_way(rs, key);

	*want = (struct fw_result){
		.verdict = way.verdict, .reason = way.reason, .npassed = way.npassed, .passed = passed
	};
	if (way.rule >= 0)
		want->slot = rs->rules[way.rule]->slot;
	for (uint32_t i = 0; i < way.npassed; i++)
		passed[i] =
			FW_WHAT(rs->rules[way.passed[i]]->slot + FW_COUNTER_RULES, rs->rules[way.passed[i]]->action);
}

/* The answers of the next generation; a turn of the ring later nobody asks for those that stood there. */
static void answers_make(struct storm *s, uint32_t generation)
{
	struct storm_answers *a = answers_of(s, generation);

	if (generation % (STORM_RING / 2) == 0)
		wait_readers(s);
	assert_int_equal(fw_ruleset_order(s->rs), 0);
	a->generation = generation;
	for (unsigned i = 0; i < STORM_KEYS; i++)
		answer_make(s->rs, &s->key[i], a->passed[i], &a->want[i]);
	__atomic_store_n(&s->ready, generation, __ATOMIC_RELEASE);
}

static bool same(struct fw_result a, struct fw_result b)
{
	return a.verdict == b.verdict && a.slot == b.slot && a.reason == b.reason && a.npassed == b.npassed &&
	       !memcmp(a.passed, b.passed, a.npassed * sizeof(*a.passed));
}

bool storm_is_right(const struct storm *s, uint32_t from, uint32_t to, unsigned key, struct fw_result got)
{
	for (uint32_t g = from; g <= to; g++)
		if (answers_of(s, g)->generation == g && same(answers_of(s, g)->want[key], got))
			return true;
	return false;
}

static void validate(const struct storm *s)
{
	const char *reason;

	if (fw_image_validate(s->live->pool, s->live->now->image.root, &reason))
		fail_msg("seed %llu: %s", (unsigned long long)random_seed(), reason);
}

/* Slots of deleted rules, which the library releases in the same order. */
static void slots_keep(struct storm *s, const struct fw_edit *e)
{
	for (size_t i = 0; i < e->nrules; i++)
		if (!e->rules[i].after)
			assert_int_equal(fw_vec_push(s->slots, s->nslots, s->slots_cap, e->rules[i].slot), 0);
}

static void slots_released(struct storm *s)
{
	for (size_t i = 0; i < s->covered && s->ops->released; i++)
		s->ops->released(s, s->slots[i]);
	if (s->nslots > s->covered)
		memmove(s->slots, s->slots + s->covered, (s->nslots - s->covered) * sizeof(*s->slots));
	s->nslots -= s->covered;
	s->covered = 0;
}

/* A grace period that has begun ends, once it is over. */
static void grace_end(struct storm *s)
{
	if (s->ops->grace)
		s->ops->grace(s);
	slots_released(s);
	assert_true(fw_live_grace_end(s->live, NULL));
	s->waiting = false;
	validate(s);
}

static void grace_begin(struct storm *s)
{
	s->waiting = fw_live_grace_begin(s->live);
	s->since = epoch_next(s);
	s->covered = s->nslots;
}

static void grace_whole(struct storm *s)
{
	if (!s->waiting)
		grace_begin(s);
	if (!s->waiting)
		return;
	while (!passed(s, s->since))
		sched_yield();
	grace_end(s);
}

void storm_settle(struct storm *s)
{
	while (fw_live_grace_pending(s->live))
		grace_whole(s);
}

/* Grace periods in storm_step(): some last for several transactions, some are waited for. */
static void grace_some(struct storm *s)
{
	if (s->waiting && passed(s, s->since))
		grace_end(s);
	else if (!s->waiting && !random_below(3))
		grace_begin(s);
	else if (!random_below(16))
		grace_whole(s);
}

bool storm_open(struct storm *s, const struct random_shape *shape, struct fw_kern *kern, struct fw_pool *pool,
		void (*keys)(struct storm *s))
{
	struct fw_live_options options = { .kern = kern, .pool = pool, .compile = random_options() };
	int err;

	s->shape = *shape;
	s->rs = random_ruleset(shape);
	s->maker = random_maker_new(s->rs, &s->shape);
	keys(s);
	assert_int_equal(fw_live_new(&options, &s->live), 0);
	s->first.next = calloc(1, sizeof(*s->first.next));
	assert_non_null(s->first.next);
	s->first.next->rs = s->rs;
	ds.n = ds.total = 0;
	err = fw_live_compile(s->live, s->first.next, &ds);
	if (err != -E2BIG)
		assert_int_equal(err, 0);
	return !err;
}

void storm_close(struct storm *s)
{
	random_maker_free(s->maker);
	fw_swap_free(&s->first);
	fw_live_free(s->live);
	free(s->slots);
}

/* The answers of the next generation are there before any packet sees it. */
static int journal(void *ctx)
{
	struct storm *s = ctx;

	answers_make(s, s->live->now ? s->live->now->image.generation + 1 : 1);
	return 0;
}

void storm_publish_first(struct storm *s)
{
	assert_int_equal(fw_swap_ready(s->live, &s->first, &ds), 0);
	assert_int_equal(fw_swap_commit(s->live, &s->first, journal, s, &ds), 0);
	validate(s);
	s->ops->published(s);
}

void storm_commit(struct storm *s, struct fw_transaction *t)
{
	assert_int_equal(fw_transaction_commit(t, journal, s), 0);
	s->ops->published(s);
	slots_keep(s, &t->edit);
	fw_transaction_end(t, NULL, NULL);
	validate(s);
}

static void edit_some(struct storm *s, struct fw_edit *e)
{
	unsigned n = random_below(4) ? 1 : 1 + random_below(20);
	bool sets = !random_below(4);

	for (; n; n--)
		if (sets)
			random_edit_set(s->maker, e);
		else
			random_edit(s->maker, e, 8);
}

/* A random edit as a transaction, which is committed, aborted or refused. */
static void transaction(struct storm *s)
{
	struct fw_transaction t;
	int err;

	ds.n = ds.total = 0;
	assert_int_equal(fw_transaction_begin(s->live, &t), 0);
	edit_some(s, &t.edit);
	err = fw_transaction_prepare(&t, &ds);
	if (!err && random_below(8)) {
		s->rebuilt += t.rebuilt;
		s->changed += !t.rebuilt;
		storm_commit(s, &t);
		return;
	}
	if (err && err != -EBUSY && err != -E2BIG)
		fail_msg("seed %llu: %s", (unsigned long long)random_seed(), strerror(-err));
	fw_transaction_abort(&t);
	s->refused++;
	validate(s);
	if (err == -EBUSY)
		grace_whole(s);
}

void storm_step(struct storm *s)
{
	transaction(s);
	grace_some(s);
}

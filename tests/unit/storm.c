// SPDX-License-Identifier: GPL-2.0-only
/* Who makes the transactions. */
#include "fw/oracle.h"
#include "fw/tables.h"

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

/* The answers of the next generation; a turn of the ring later nobody asks for those that stood there. */
static void answers_make(struct storm *s, uint32_t generation)
{
	struct storm_answers *a = answers_of(s, generation);

	if (generation % (STORM_RING / 2) == 0)
		wait_readers(s);
	assert_int_equal(fw_ruleset_order(s->rs), 0);
	a->generation = generation;
	for (unsigned i = 0; i < STORM_KEYS; i++) {
		const struct fw_key *key = &s->key[i];
		long rule = fw_oracle(s->rs, key);
		struct fw_result *want = &a->want[i];

		*want = (struct fw_result){ .verdict = fw_oracle_verdict(s->rs, rule, key), .reason = FW_R_NONE };
		if (rule >= 0)
			want->slot = s->rs->rules[rule]->slot;
		else
			want->reason = key->reason == FW_R_NONE ? key->f[FW_F_HOOK] : key->reason;
	}
	__atomic_store_n(&s->ready, generation, __ATOMIC_RELEASE);
}

static bool same(struct fw_result a, struct fw_result b)
{
	return a.verdict == b.verdict && a.slot == b.slot && a.reason == b.reason;
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

	if (fw_image_validate(s->pool, s->image.root, &reason))
		fail_msg("seed %llu: %s", (unsigned long long)random_seed(), reason);
}

static void publish(struct storm *s)
{
	s->ops->publish(s);
}

/* A grace period that has begun ends, once it is over. */
static void grace_end(struct storm *s)
{
	if (s->ops->grace)
		s->ops->grace(s);
	fw_image_grace_end(&s->image, s->ticket, NULL);
	for (size_t i = 0; i < s->covered; i++)
		assert_int_equal(fw_ruleset_slot_release(s->rs, s->slots[i]), 0);
	if (s->nslots > s->covered)
		memmove(s->slots, s->slots + s->covered, (s->nslots - s->covered) * sizeof(*s->slots));
	s->nslots -= s->covered;
	s->covered = 0;
	s->waiting = false;
	validate(s);
}

static void grace_begin(struct storm *s)
{
	s->ticket = fw_image_grace_begin(&s->image);
	s->since = epoch_next(s);
	s->covered = s->nslots;
	s->waiting = true;
}

static void grace_whole(struct storm *s)
{
	if (!s->waiting)
		grace_begin(s);
	while (!passed(s, s->since))
		sched_yield();
	grace_end(s);
}

void storm_settle(struct storm *s)
{
	while (fw_image_grace_wanted(&s->image) || s->nslots)
		grace_whole(s);
}

/* What storm_step() does beside transactions: grace periods that last, or are waited for. */
static void grace_some(struct storm *s)
{
	if (s->waiting && passed(s, s->since))
		grace_end(s);
	else if (!s->waiting && !random_below(3))
		grace_begin(s);
	else if (!random_below(16))
		grace_whole(s);
}

static int image_compile(struct storm *s, struct fw_image *out)
{
	ds.n = ds.total = 0;
	assert_int_equal(fw_ruleset_order(s->rs), 0);
	return fw_tables_compile(s->rs, s->pool, &s->options, &ds, out);
}

bool storm_open(struct storm *s, const struct random_shape *shape, struct fw_pool *pool, void (*keys)(struct storm *s))
{
	int err;

	s->shape = *shape;
	s->options = random_options();
	s->pool = pool;
	s->rs = random_ruleset(shape);
	s->maker = random_maker_new(s->rs, &s->shape);
	keys(s);
	err = image_compile(s, &s->image);
	if (err != -E2BIG)
		assert_int_equal(err, 0);
	s->image.generation = 1;
	return !err;
}

void storm_close(struct storm *s)
{
	fw_image_free(&s->image);
	random_maker_free(s->maker);
	fw_ruleset_free(s->rs);
	free(s->slots);
}

void storm_publish_first(struct storm *s)
{
	validate(s);
	s->ops->sync(s);
	answers_make(s, s->image.generation);
	publish(s);
}

/* Slots of rules that are gone stay theirs until no packet counts there. */
static void slots_keep(struct storm *s, const struct fw_edit *e)
{
	for (size_t i = 0; i < e->nrules; i++)
		if (e->rules[i].before && !e->rules[i].after)
			assert_int_equal(fw_vec_push(s->slots, s->nslots, s->slots_cap, e->rules[i].before->slot), 0);
}

/* Everything anew, beside what packets see, which goes when they are through. */
static bool rebuild(struct storm *s)
{
	struct fw_image image, old = s->image;
	int err = image_compile(s, &image);

	if (err == -E2BIG)
		return false;
	assert_int_equal(err, 0);
	image.generation = old.generation + 1;
	s->image = image;
	validate(s);
	s->ops->sync(s);
	answers_make(s, image.generation);
	publish(s);
	wait_readers(s);
	fw_image_free(&old);
	/* The grace period was one for the slots too. */
	s->waiting = false;
	s->covered = 0;
	return true;
}

void storm_commit(struct storm *s, struct fw_edit *e, struct fw_update *c)
{
	s->ops->sync(s);
	answers_make(s, s->image.generation + 1);
	fw_update_commit(c);
	publish(s);
	slots_keep(s, e);
	fw_edit_commit(e);
	s->changed++;
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

static void transaction(struct storm *s)
{
	struct fw_update *c;
	struct fw_edit e;
	int err;

	ds.n = ds.total = 0;
	assert_int_equal(fw_edit_begin(s->rs, &e), 0);
	edit_some(s, &e);
	err = fw_tables_update(&s->image, &e, &ds, &c);
	if (!err && random_below(8)) {
		storm_commit(s, &e, c);
		return;
	}
	if (!err)
		fw_update_abort(c);
	else if (err != -EAGAIN && err != -EBUSY && err != -E2BIG)
		fail_msg("seed %llu: %s", (unsigned long long)random_seed(), strerror(-err));
	if (err == -EAGAIN && rebuild(s)) {
		slots_keep(s, &e);
		fw_edit_commit(&e);
		s->rebuilt++;
		return;
	}
	fw_edit_abort(&e);
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

// SPDX-License-Identifier: GPL-2.0-only
/*
 * Changes to tables that are in use: after any sequence of them the tables say
 * what the ruleset says, and hold together; undone ones leave nothing behind.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "fw/compile.h"
#include "tests/unit/random.h"

#define PACKETS 200

/* A ruleset, its tables, and a lookup over them. */
struct live {
	struct fw_ruleset *rs;
	struct fw_pool *pool;
	struct fw_image image;
	struct fw_classifier *classifier;
	struct random_maker *maker;
	uint64_t changed, rebuilt, refused;
};

static struct fw_diags ds;

static void live_publish(struct live *l)
{
	fw_classifier_publish(l->classifier, l->image.root, l->image.generation);
}

/* The whole ruleset anew, beside what is there. */
static bool live_compile(struct live *l)
{
	struct fw_image image;
	uint32_t generation = l->image.generation;
	int err;

	ds.n = ds.total = 0;
	assert_int_equal(fw_ruleset_order(l->rs), 0);
	err = fw_compile(l->rs, l->pool, &ds, &image);
	if (err == -E2BIG)
		return false;
	assert_int_equal(err, 0);
	fw_image_free(&l->image);
	l->image = image;
	l->image.generation = generation + 1;
	live_publish(l);
	return true;
}

static bool live_open(struct live *l, const struct random_shape *shape)
{
	*l = (struct live){ .rs = random_ruleset(shape) };
	l->maker = random_maker_new(l->rs, shape);
	assert_int_equal(fw_pool_new(&l->pool), 0);
	assert_int_equal(fw_classifier_new(l->pool, random_below(2), &l->classifier), 0);
	return live_compile(l);
}

static void live_close(struct live *l)
{
	fw_classifier_free(l->classifier);
	fw_image_free(&l->image);
	assert_int_equal(l->pool->nsegments, 0);
	fw_pool_free(l->pool);
	random_maker_free(l->maker);
	fw_ruleset_free(l->rs);
}

static void live_grace(struct live *l)
{
	fw_image_grace_end(&l->image, fw_image_grace_begin(&l->image));
}

static void live_check(const struct live *l)
{
	const char *reason;

	if (fw_image_validate(l->pool, l->image.root, &reason))
		fail_msg("seed %llu: %s", (unsigned long long)random_seed(), reason);
	assert_int_equal(fw_ruleset_order(l->rs), 0);
	for (int i = 0; i < PACKETS; i++) {
		struct fw_result got;
		struct fw_key key;
		long want;

		random_key(l->rs, &key);
		want = fw_oracle(l->rs, &key);
		got = fw_classifier_run(l->classifier, &key);
		if (got.verdict != fw_oracle_verdict(l->rs, want, &key) ||
		    (want >= 0 && (got.reason != FW_R_NONE || got.slot != l->rs->rules[want]->slot)) ||
		    (want < 0 && got.reason == FW_R_NONE))
			fail_msg("seed %llu: generation %u: rule %ld", (unsigned long long)random_seed(),
				 l->image.generation, want);
	}
}

/* A transaction of up to @most changes, which may be undone. */
static void transaction(struct live *l, unsigned most, unsigned kinds)
{
	struct fw_change *c;
	struct fw_edit e;
	int err;

	ds.n = ds.total = 0;
	assert_int_equal(fw_edit_begin(l->rs, &e), 0);
	if (kinds > 7 && !random_below(4)) {
		random_edit_set(l->maker, &e);
	} else {
		for (unsigned n = 1 + random_below(most); n; n--)
			random_edit(l->maker, &e, kinds);
	}
	err = fw_change_prepare(&l->image, &e, &ds, &c);
	while (err == -EBUSY) {
		live_grace(l);
		err = fw_change_prepare(&l->image, &e, &ds, &c);
	}
	if (!err && !random_below(8)) {
		fw_change_abort(c);
		fw_edit_abort(&e);
		l->refused++;
	} else if (!err) {
		fw_change_commit(c);
		live_publish(l);
		fw_edit_commit(&e);
		l->changed++;
	} else if (err == -EAGAIN && live_compile(l)) {
		fw_edit_commit(&e);
		l->rebuilt++;
	} else {
		if (err != -E2BIG && err != -EAGAIN)
			fail_msg("seed %llu: %s", (unsigned long long)random_seed(), strerror(-err));
		fw_edit_abort(&e);
		l->refused++;
	}
}

static void storm(void **state)
{
	uint64_t changed = 0, rebuilt = 0, refused = 0;

	for (int round = 0; round < 40; round++) {
		struct random_shape shape = { random_below(2) ? 20 : 300, 20, 1 + random_below(20), random_below(4),
					      random_below(100) };
		struct live l;

		if (live_open(&l, &shape))
			for (int i = 0; i < 120; i++) {
				transaction(&l, random_below(4) ? 1 : 20, 9);
				if (!random_below(3))
					live_grace(&l);
				live_check(&l);
			}
		changed += l.changed;
		rebuilt += l.rebuilt;
		refused += l.refused;
		live_close(&l);
	}
	printf("%llu changes, %llu by compiling anew, %llu refused or undone\n", (unsigned long long)changed,
	       (unsigned long long)rebuilt, (unsigned long long)refused);
	assert_true(changed > rebuilt);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(storm),
	};

	random_start();
	return cmocka_run_group_tests(tests, NULL, NULL);
}

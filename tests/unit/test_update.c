// SPDX-License-Identifier: GPL-2.0-only
/*
 * Updates of tables that are in use: after any sequence of them the tables agree with the ruleset and are consistent; an
 * update that is aborted changes nothing.
 */
#include <malloc.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>
#include "fw/oracle.h"
#include "fw/tables.h"
#include "fw/text.h"
#include "tests/unit/every_match.h"
#include "tests/unit/random.h"
#include "tests/unit/rows.h"
#include "tests/unit/ruleset_check.h"

#define PACKETS 200

/* A ruleset, its tables, and a lookup over them. */
struct live {
	struct fw_ruleset *rs;
	struct fw_pool *pool;
	struct fw_image image;
	struct fw_classifier *classifier;
	struct random_maker *maker;
	struct fw_compile_options options;
	uint64_t changed, rebuilt, refused;
	bool ending; /* a grace period is over, and some of what waited for it is still to be done */
	uint32_t ticket;
};

static struct fw_diags ds;

static void live_publish(struct live *l)
{
	fw_classifier_publish(l->classifier, l->image.root, l->image.generation);
}

/* Compiles the whole ruleset next to the live tables. */
static bool live_compile(struct live *l)
{
	struct fw_image image;
	uint32_t generation = l->image.generation;
	int err;

	ds.n = ds.total = 0;
	assert_int_equal(fw_ruleset_order(l->rs), 0);
	err = fw_tables_compile(l->rs, l->pool, &l->options, &ds, &image);
	if (err == -E2BIG)
		return false;
	assert_int_equal(err, 0);
	fw_image_free(&l->image);
	l->ending = false;
	l->image = image;
	l->image.generation = generation + 1;
	live_publish(l);
	return true;
}

static bool live_open(struct live *l, const struct random_shape *shape)
{
	*l = (struct live){ .rs = random_ruleset(shape), .options = random_options() };
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

/* Ends a grace period: does a part of what waited for it; the rest is done later, after other updates. */
static void live_grace_some(struct live *l)
{
	int64_t work = random_below(200);

	if (!l->ending)
		l->ticket = fw_image_grace_begin(&l->image);
	l->ending = !fw_image_grace_end(&l->image, l->ticket, &work);
}

static void live_grace(struct live *l)
{
	while (l->ending)
		live_grace_some(l);
	do
		live_grace_some(l);
	while (l->ending);
}

/* The live image is valid and gives PACKETS random packets the oracle's answers, every match included. */
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
		assert_every_match(l->pool, &l->image, l->rs, &key);
		want = fw_oracle(l->rs, &key);
		got = fw_classifier_result(l->classifier, &key);
		if (got.verdict != fw_oracle_verdict(l->rs, want, &key) ||
		    (want >= 0 && (got.reason != FW_R_NONE || got.slot != l->rs->rules[want]->slot)) ||
		    (want < 0 && got.reason == FW_R_NONE))
			fail_msg("seed %llu: generation %u: rule %ld", (unsigned long long)random_seed(),
				 l->image.generation, want);
	}
}

static bool grace_wanted(const struct live *l)
{
	return fw_image_grace_wanted(&l->image);
}

static void live_settle(struct live *l)
{
	while (grace_wanted(l))
		live_grace(l);
}

/*
 * Memory that runs out: the allocation after @left others fails and, if @all, every one after it. Less than 0: none fails. The
 * linker redirects the calls of this program to these functions.
 */
static struct {
	long left;
	bool all;
	uint64_t failed;
} shortage = { .left = -1 };

static bool short_of_memory(void)
{
	if (shortage.left < 0)
		return false;
	if (shortage.left-- > 0)
		return false;
	if (shortage.all)
		shortage.left = 0;
	shortage.failed++;
	return true;
}

void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *p, size_t size);

void *__wrap_malloc(size_t size)
{
	return short_of_memory() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t n, size_t size)
{
	return short_of_memory() ? NULL : __real_calloc(n, size);
}

void *__wrap_realloc(void *p, size_t size)
{
	return short_of_memory() ? NULL : __real_realloc(p, size);
}

static void shortage_begin(void)
{
	shortage.left = random_below(60);
	shortage.all = random_below(2);
}

static void shortage_end(void)
{
	shortage.left = -1;
}

/* Ends an edit: it is published, or undone. @scarce: memory may run out. */
static int live_finish(struct live *l, struct fw_edit *e, bool undo, bool scarce)
{
	struct fw_update *c;
	int err;

	ds.n = ds.total = 0;
	if (scarce)
		shortage_begin();
	err = fw_tables_update(&l->image, e, &ds, &c);
	shortage_end();
	if (!err && undo) {
		fw_update_abort(c);
		fw_edit_abort(e);
		l->refused++;
	} else if (!err) {
		fw_update_commit(c);
		live_publish(l);
		fw_edit_commit(e);
		l->changed++;
	} else if (err == -EAGAIN && live_compile(l)) {
		fw_edit_commit(e);
		l->rebuilt++;
		err = 0;
	} else {
		fw_edit_abort(e);
		l->refused++;
		if (err == -EBUSY) {
			live_grace(l);
			return 0;
		}
		err = err == -EAGAIN ? -E2BIG : err;
	}
	return err;
}

static void edit_some(struct live *l, struct fw_edit *e, unsigned most, unsigned kinds)
{
	assert_int_equal(fw_edit_begin(l->rs, e), 0);
	if (kinds > 7 && !random_below(4)) {
		random_edit_set(l->maker, e);
		return;
	}
	for (unsigned n = 1 + random_below(most); n; n--)
		random_edit(l->maker, e, kinds);
}

/* A transaction of up to @most edits, which may be undone. */
static void transaction(struct live *l, unsigned most, unsigned kinds)
{
	struct fw_edit e;
	int err;

	edit_some(l, &e, most, kinds);
	err = live_finish(l, &e, !random_below(8), false);
	if (err && err != -E2BIG)
		fail_msg("seed %llu: %s", (unsigned long long)random_seed(), strerror(-err));
}

static void storm(void **state)
{
	uint64_t changed = 0, rebuilt = 0, refused = 0;

	for (int round = 0; round < 40; round++) {
		struct random_shape shape = { random_below(2) ? 20 : 300, 20, 1 + random_below(20),
					      random_below(3) ? random_below(4) : 8, random_below(100) };
		struct live l;

		random_chains(round % 2 * (1 + random_below(8)));
		if (live_open(&l, &shape))
			for (int i = 0; i < 120; i++) {
				transaction(&l, random_below(4) ? 1 : 20, 9);
				if (!random_below(3))
					live_grace_some(&l);
				live_check(&l);
			}
		changed += l.changed;
		rebuilt += l.rebuilt;
		refused += l.refused;
		live_close(&l);
	}
	random_chains(0);
	printf("%llu changes, %llu by recompiling, %llu refused or undone\n", (unsigned long long)changed,
	       (unsigned long long)rebuilt, (unsigned long long)refused);
	assert_true(changed > rebuilt);
}

/* Once nothing waits, an image uses about as much as a new one; a few short prefixes may have been kept. */
static void check_usage(struct live *l)
{
	uint64_t used, fresh, room;

	live_settle(l);
	live_check(l);
	fw_image_usage(&l->image, &used, &room);
	assert_true(live_compile(l));
	fw_image_usage(&l->image, &fresh, &room);
	if (used > fresh + fresh / 4 + 500)
		fail_msg("seed %llu: %llu lines in use, %llu when recompiled", (unsigned long long)random_seed(),
			 (unsigned long long)used, (unsigned long long)fresh);
}

/* Small changes to a ruleset without sets, nearly all of them updates. */
static const struct random_shape plain = { 200, 40, 30, 2, 30 };

/* The ruleset is consistent; and if a change failed, as it was, chains and instances included. */
static void check_failed(const struct live *l, bool failed, uint64_t before)
{
	const char *why = ruleset_check(l->rs, RULESET_HELD_SOME);

	if (why)
		fail_msg("seed %llu: %s", (unsigned long long)random_seed(), why);
	if (failed)
		assert_int_equal(ruleset_digest(l->rs), before);
}

/* Whatever allocation fails, nothing has changed, and later updates are right. */
static void memory_out(void **state)
{
	uint64_t failed = 0;

	for (int round = 0; round < 6; round++) {
		struct random_shape shape = plain;
		struct live l;

		random_chains(round / 2 * 3);
		shape.expressions = round & 1 ? 40 : 20;
		shape.any = round % 3 ? shape.any : 8;
		while (!live_open(&l, &shape)) /* too many rules that let one packet go on */
			live_close(&l);
		for (int i = 0; i < 200; i++) {
			uint64_t before = ruleset_digest(l.rs);
			struct fw_edit e;
			int err;

			edit_some(&l, &e, random_below(3) ? 1 : 8, 8);
			err = live_finish(&l, &e, !random_below(8), random_below(4));
			check_failed(&l, err, before);
			if (err && err != -E2BIG)
				assert_int_equal(err, -ENOMEM);
			failed += err == -ENOMEM;
			live_check(&l);
			if (!random_below(3)) {
				shortage_begin();
				live_grace(&l);
				shortage_end();
				live_check(&l);
			}
		}
		check_usage(&l);
		live_close(&l);
	}
	random_chains(0);
	print_message("%llu changes failed for want of memory\n", (unsigned long long)failed);
	assert_true(failed > 50);
}

/* A rule from many networks, so that the tables need much memory. */
static void edit_wide(struct live *l, struct fw_edit *e)
{
	static struct fw_addr_range r[4000];
	size_t n = 1 + random_below(ROWS(r));
	struct fw_rule draft = { .action = (uint8_t)random_below(2) }, *old = random_rule(l->rs);

	for (size_t i = 0; i < n; i++)
		r[i] = fw_addr_prefix(FW_IP4, (struct fw_addr){ random_u64() & 0xffffffff00000000ull, 0 },
				      17 + random_below(16));
	assert_int_equal(fw_edit_begin(l->rs, e), 0);
	assert_int_equal(fw_ruleset_addrs(l->rs, r, n, NULL, 0, false, random_below(2) ? &draft.src : &draft.dst), 0);
	if (l->rs->nrules > 200 || random_below(2))
		assert_int_equal(fw_edit_delete(e, l->rs->nrules > 200 ? l->rs->first : old), 0);
	assert_int_equal(
		fw_edit_add(e, &draft, (struct fw_position){ FW_FIRST, NULL }, (struct fw_place){ 0 }, NULL, NULL), 0);
}

/* The same where the pool is full. */
static void pool_full(void **state)
{
	uint64_t failed = 0;

	for (int round = 0; round < 3; round++) {
		struct live l;
		uint32_t limit;

		assert_true(live_open(&l, &plain));
		limit = l.pool->limit;
		for (int i = 0; i < 400; i++) {
			struct fw_edit e;
			int err;

			l.pool->limit = l.pool->nsegments;
			edit_wide(&l, &e);
			err = live_finish(&l, &e, !random_below(8), false);
			l.pool->limit = limit;
			if (err && err != -E2BIG)
				assert_int_equal(err, -ENOSPC);
			failed += err == -ENOSPC;
			live_check(&l);
			if (err == -ENOSPC || !random_below(16))
				live_grace(&l);
		}
		check_usage(&l);
		live_close(&l);
	}
	print_message("%llu changes found the pool full\n", (unsigned long long)failed);
	assert_true(failed > 20);
}

/* Rules from ever longer prefixes of one address. */
static void add_nested(struct live *l, struct fw_edit *e, unsigned from, unsigned to)
{
	struct fw_addr a = { 0x20010db85a5aa5a5ull, 0x123456789abcdef0ull };

	for (unsigned len = from; len < to; len++) {
		struct fw_addr_range r = fw_addr_prefix(FW_IP6, a, len);
		struct fw_rule draft = { .action = len & 1 };

		assert_int_equal(fw_ruleset_addrs(l->rs, &r, 1, NULL, 0, false, &draft.src), 0);
		assert_int_equal(fw_edit_add(e, &draft, (struct fw_position){ FW_FIRST, NULL }, (struct fw_place){ 0 },
					     NULL, NULL),
				 0);
	}
}

/* As many prefixes around one address as possible: in one transaction, one too many, and one that replaces another. */
static void nesting(void **state)
{
	const struct random_shape shape = { 0, 1, 1, 0, 0 };

	for (unsigned there = 28; there <= FW_CLASS_MAX - 1; there++) {
		for (unsigned more = 1; more <= 6; more++) {
			struct live l;
			struct fw_edit e;

			assert_true(live_open(&l, &shape));
			assert_int_equal(fw_edit_begin(l.rs, &e), 0);
			add_nested(&l, &e, 20, 20 + there);
			assert_int_equal(live_finish(&l, &e, false, false), 0);
			assert_int_equal(fw_edit_begin(l.rs, &e), 0);
			add_nested(&l, &e, 80, 80 + more);
			assert_int_equal(live_finish(&l, &e, false, false),
					 there + more <= FW_CLASS_MAX - 1 ? 0 : -E2BIG);
			live_check(&l);
			assert_int_equal(fw_edit_begin(l.rs, &e), 0);
			for (unsigned i = 0; i < more; i++)
				assert_int_equal(fw_edit_delete(&e, l.rs->first), 0);
			add_nested(&l, &e, 100, 100 + more);
			assert_int_equal(live_finish(&l, &e, false, false), 0);
			live_check(&l);
			live_close(&l);
		}
	}
}

/* A rule in front from one prefix of IPv4. */
static void add_from(struct live *l, struct fw_edit *e, uint32_t addr, unsigned len)
{
	struct fw_addr_range r = fw_addr_prefix(FW_IP4, (struct fw_addr){ (uint64_t)addr << 32, 0 }, len);
	struct fw_rule draft = { .action = (uint8_t)random_below(2) };

	assert_int_equal(fw_ruleset_addrs(l->rs, &r, 1, NULL, 0, false, &draft.src), 0);
	assert_int_equal(
		fw_edit_add(e, &draft, (struct fw_position){ FW_FIRST, NULL }, (struct fw_place){ 0 }, NULL, NULL), 0);
}

static size_t sources(const struct fw_ruleset *rs)
{
	size_t n = 0;

	for (size_t i = FW_ANY + 1; i < rs->naddrs; i++)
		n += rs->addrs[i].ranges && rs->addrs[i].rules;
	return n;
}

/* All numbers of identities are in use: one more is refused, and removing one makes room, even before a grace period is over. */
static void identities_run_out(void **state)
{
	const struct random_shape shape = { 0, 1, 1, 0, 0 };
	unsigned refused = 0;
	struct live l;

	assert_true(live_open(&l, &shape));
	l.options.identities_max = 10 + FW_IDENTITIES_FIXED;
	assert_true(live_compile(&l));
	for (unsigned i = 0; i < 2000; i++) {
		struct fw_edit e;
		uint64_t before = l.refused;
		bool too_many;
		int err;

		assert_int_equal(fw_edit_begin(l.rs, &e), 0);
		for (unsigned n = random_below(4); n; n--)
			add_from(&l, &e, 0x0a000000 + random_below(1000), 32);
		for (unsigned n = random_below(4); n && l.rs->last; n--)
			assert_int_equal(fw_edit_delete(&e, l.rs->last), 0);
		too_many = sources(l.rs) > 10;
		err = live_finish(&l, &e, false, false);
		if (err || l.refused == before) /* not only because a grace period is needed */
			assert_int_equal(err, too_many ? -E2BIG : 0);
		if (err)
			assert_non_null(strstr(ds.d[0].message, "more than 10 different source addresses"));
		refused += err < 0;
		assert_true(fw_image_identities(&l.image, 0) <= 10);
		live_check(&l);
		if (!random_below(5))
			live_settle(&l);
	}
	assert_true(refused > 10);
	live_close(&l);
}

/* A prefix around thousands of hosts is appended to their classes in place, even where lower numbers are free. */
static void wide(void **state)
{
	const struct random_shape shape = { 0, 1, 1, 0, 0 };
	uint64_t before, used, room;
	struct fw_edit e;
	struct live l;

	assert_true(live_open(&l, &shape));
	assert_int_equal(fw_edit_begin(l.rs, &e), 0);
	for (uint32_t i = 0; i < 5000; i++)
		add_from(&l, &e, 0x0a000000 + i * 1237, 32);
	assert_int_equal(live_finish(&l, &e, false, false), 0);
	for (unsigned len = 10; len > 7; len--) {
		assert_int_equal(fw_edit_begin(l.rs, &e), 0);
		assert_int_equal(fw_edit_delete(&e, l.rs->first), 0);
		assert_int_equal(live_finish(&l, &e, false, false), 0);
		live_settle(&l);
		fw_image_usage(&l.image, &before, &room);
		assert_int_equal(fw_edit_begin(l.rs, &e), 0);
		add_from(&l, &e, 0x0a000000, len);
		assert_int_equal(live_finish(&l, &e, false, false), 0);
		live_check(&l);
		/* Before a grace period nothing is free again. */
		fw_image_usage(&l.image, &used, &room);
		assert_true(used < before + 100);
	}
	assert_int_equal(l.rebuilt, 1);
	check_usage(&l);
	live_close(&l);
}

/* Expressions that no rule has any more are freed, including those that waited when everything was compiled again. */
static void expressions_go(void **state)
{
	struct live l;
	size_t naddrs = 0;

	assert_true(live_open(&l, &plain));
	for (int i = 0; i < 1500; i++) {
		struct fw_edit e;

		edit_some(&l, &e, 8, 6);
		live_finish(&l, &e, false, false);
		if (!(i % 4)) {
			assert_true(live_compile(&l));
			live_settle(&l);
		}
		while (l.rs->nrules > 250) {
			assert_int_equal(fw_edit_begin(l.rs, &e), 0);
			assert_int_equal(fw_edit_delete(&e, l.rs->first), 0);
			assert_int_equal(live_finish(&l, &e, false, false), 0);
		}
		if (i == 500)
			naddrs = l.rs->naddrs;
	}
	assert_true(l.rs->naddrs < naddrs * 2);
	live_close(&l);
}

/* One change to about a thousand rules, and now and then a grace period, after which slots of deleted rules are free. */
static void steady_step(struct live *l, int i)
{
	struct fw_rule *r = random_rule(l->rs);
	struct fw_edit e;
	int err;

	assert_int_equal(fw_edit_begin(l->rs, &e), 0);
	if (l->rs->nrules > 1000)
		assert_int_equal(fw_edit_delete(&e, r), 0);
	else
		random_edit(l->maker, &e, 3);
	err = live_finish(l, &e, false, false);
	if (err)
		assert_int_equal(err, -E2BIG);
	if (!(i % 4))
		live_grace(l);
	if (i % 64)
		return;
	live_settle(l);
	for (uint32_t slot = 0; slot < l->rs->next_slot; slot++)
		if (!fw_ruleset_by_slot(l->rs, slot))
			fw_ruleset_slot_release(l->rs, slot);
}

/* Memory depends on the ruleset, not on how many changes there were. FW_CHANGES sets another number. */
static void steady(void **state)
{
	const struct random_shape shape = { 1000, 400, 100, 2, 30 };
	int changes = (int)random_amount("FW_CHANGES", 20000);
	size_t heap[2] = { 0, 0 };
	uint32_t segments[2] = { 0, 0 };
	struct live l;

	assert_true(live_open(&l, &shape));
	for (int i = 0; i < changes; i++) {
		int half = i >= changes / 2;

		steady_step(&l, i);
		if (i % 100 || i < changes / 10)
			continue;
		if (l.pool->nsegments > segments[half])
			segments[half] = l.pool->nsegments;
		if (mallinfo2().uordblks > heap[half])
			heap[half] = mallinfo2().uordblks;
	}
	print_message("%d changes: at most %u segments and %zu KiB in the first half, %u and %zu in the second\n",
		      changes, segments[0], heap[0] >> 10, segments[1], heap[1] >> 10);
	assert_true(segments[1] <= segments[0] + 2);
	assert_true(heap[1] <= heap[0] + heap[0] / 4 + (1 << 20));
	check_usage(&l);
	live_close(&l);
}

/*
 * For an element between others, the tables on the way to it are copied: a few places, even in a dense part of the trie. Very
 * many elements at once are left to a compilation of everything, during which others are served.
 */
static void many_elements_in_a_dense_part(void **state)
{
	struct fw_ruleset *rs = fw_ruleset_new(NULL);
	struct fw_pool *pool = NULL;
	struct fw_image image = { 0 };
	static const char rule[] = "rule from @s drop\n";
	uint32_t set;

	assert_int_equal(fw_ruleset_set(rs, "s", NULL, &set), 0);
	for (uint64_t i = 0; i < 20000; i++) {
		struct fw_addr_range r = fw_addr_prefix(FW_IP4, (struct fw_addr){ (0x0a070000 + i * 2) << 32, 0 }, 32);

		assert_int_equal(fw_set_push(&rs->sets[set], &r), 0);
	}
	assert_int_equal(fw_text_parse(rs, rule, strlen(rule), NULL, NULL), 0);
	assert_int_equal(fw_ruleset_order(rs), 0);
	assert_int_equal(fw_pool_new(&pool), 0);
	assert_int_equal(fw_tables_compile(rs, pool, NULL, NULL, &image), 0);
	image.generation = 1;
	for (uint64_t n = 1; n <= 10000; n *= 100) {
		struct fw_update *c = NULL;
		struct fw_edit e;

		assert_int_equal(fw_edit_begin(rs, &e), 0);
		for (uint64_t i = 0; i < n; i++) {
			struct fw_addr_range r =
				fw_addr_prefix(FW_IP4, (struct fw_addr){ (0x0a070001 + i * 2) << 32, 0 }, 32);

			assert_int_equal(fw_edit_set_add(&e, set, &r, (struct fw_place){ 0 }, NULL), 0);
		}
		assert_int_equal(fw_edit_settle(&e), 0);
		assert_int_equal(fw_tables_update(&image, &e, NULL, &c), n > 100 ? -EAGAIN : 0);
		if (c)
			fw_update_abort(c);
		fw_edit_abort(&e);
	}
	fw_image_free(&image);
	fw_pool_free(pool);
	fw_ruleset_free(rs);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(many_elements_in_a_dense_part),
		cmocka_unit_test(storm),
		cmocka_unit_test(nesting),
		cmocka_unit_test(memory_out),
		cmocka_unit_test(identities_run_out),
		cmocka_unit_test(wide),
		cmocka_unit_test(pool_full),
		cmocka_unit_test(expressions_go),
		cmocka_unit_test(steady),
	};

	random_start();
	cmocka_set_test_filter(getenv("FW_TEST"));
	return cmocka_run_group_tests(tests, NULL, NULL);
}

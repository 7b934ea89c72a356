// SPDX-License-Identifier: GPL-2.0-only
/*
 * A thread runs packets through the loaded program while the tables change under
 * it: each answer is that of a generation that was published while the packet
 * ran, and every packet is counted where its answer said. Skipped where programs may not be loaded.
 */
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "fw/kern.h"
#include "tests/unit/rows.h"
#include "tests/unit/storm.h"
#include "tests/unit/untracked.h"
#include "tests/unit/sandbox.h"

/* FW_ROUNDS asks for more. */
#define ROUNDS 6
#define STEPS 60
#define LOOPBACK 1 /* the ingress interface of test packets */
#define PACKETS_LEAST 4000
#define SLOTS 16384 /* more than rules of a round ever get */

static struct fw_kern *kern;
static struct random_frame frame[STORM_KEYS];
/* Packets see at least this generation. */
static uint32_t published;
static bool stop;

struct reader {
	struct storm *s;
	pthread_t thread;
	uint64_t packets;
	uint64_t by_slot[SLOTS], by_reason[FW_NREASONS][FW_NTERMINAL];
	uint64_t passed;   /* by rules that let a packet go on; by_slot has them too */
	uint64_t released; /* packets counted by slots that were released since */
	/* The first answer that was wrong: */
	bool wrong;
	uint32_t from, to;
	unsigned key;
	struct fw_result got;
	int err;
};

static void run_on(unsigned cpu)
{
	cpu_set_t one;

	CPU_ZERO(&one);
	CPU_SET(cpu, &one);
	/* On a machine of one CPU everything runs there. */
	pthread_setaffinity_np(pthread_self(), sizeof(one), &one);
}

static void tally_slot(struct reader *r, uint32_t slot)
{
	if (slot >= SLOTS)
		abort();
	r->by_slot[slot]++;
}

static void tally(struct reader *r, struct fw_result got)
{
	r->packets++;
	r->passed += got.npassed;
	for (uint32_t i = 0; i < got.npassed; i++)
		tally_slot(r, fw_result_passed(&got, i));
	if (got.reason != FW_R_NONE)
		r->by_reason[got.reason][got.verdict]++;
	else
		tally_slot(r, got.slot);
}

static void one_packet(struct reader *r, unsigned key)
{
	uint32_t from = __atomic_load_n(&published, __ATOMIC_ACQUIRE), to;
	struct fw_result got;
	int err = fw_kern_test(kern, FW_PROG_XDP, frame[key].bytes, frame[key].meta.len, 0, &got);

	if (err) {
		r->err = err;
		return;
	}
	to = __atomic_load_n(&r->s->ready, __ATOMIC_ACQUIRE);
	if (!r->wrong && !storm_is_right(r->s, from, to, key, got)) {
		r->wrong = true;
		r->from = from;
		r->to = to;
		r->key = key;
		r->got = got;
	}
	tally(r, got);
}

static void *reader_run(void *arg)
{
	struct reader *r = arg;
	struct fw_random random = { 0 };

	run_on(1);
	while (!__atomic_load_n(&stop, __ATOMIC_RELAXED) || r->packets < PACKETS_LEAST) {
		one_packet(r, fw_random_below(&random, STORM_KEYS));
		if (r->err)
			break;
		storm_passed(r->s, 0);
	}
	/* Never to be waited for again. */
	__atomic_store_n(&r->s->reader[0].seen, UINT64_MAX, __ATOMIC_RELEASE);
	return NULL;
}

static void storm_published(struct storm *s)
{
	__atomic_store_n(&published, s->live->now->image.generation, __ATOMIC_RELEASE);
}

static void grace(struct storm *s)
{
	assert_int_equal(fw_kern_grace(kern), 0);
}

/* Every packet of the rule was counted there. The reader has no answer that names this slot and is not tallied. */
static void released(struct storm *s, uint32_t slot)
{
	struct reader *r = s->ctx;

	assert_int_equal(fw_kern_rule_count(kern, slot).packets, r->by_slot[slot]);
	r->released += r->by_slot[slot];
	r->by_slot[slot] = 0;
}

static const struct storm_ops ops = { storm_published, grace, released };

/* Incoming packets on an interface that no rule names, as test runs can send them. */
static void keys(struct storm *s)
{
	for (unsigned i = 0; i < STORM_KEYS; i++) {
		struct random_frame *f = &frame[i];

		random_frame(s->rs, f);
		f->meta = (struct fw_meta){ .hook = FW_IN,
					    .iface = FW_IFACE_OTHER,
					    .asked = FW_FIELD_BIT(FW_F_FROM_IF) | FW_FIELD_BIT(FW_F_STATE),
					    .state = (uint32_t)FW_ABSENT_STATE,
					    .from_if = FW_IFACE_OTHER,
					    .len = f->meta.len };
		fw_packet_parse(f->bytes, f->bytes + f->meta.len, &f->meta, &s->key[i]);
		s->key[i].f[FW_F_STATE] = untracked_state(&s->key[i], false);
	}
}

static void check_answers(const struct reader *r)
{
	const struct storm_answers *a = &r->s->ring[r->from % STORM_RING];
	struct fw_result want = a->want[r->key];

	assert_int_equal(r->err, 0);
	if (r->wrong)
		fail_msg(
			"seed %llu: generations %u to %u: verdict %d, slot %u, reason %u, %u passed; right by the first (%u): %d, %u, %u, %u",
			(unsigned long long)random_seed(), r->from, r->to, r->got.verdict, r->got.slot, r->got.reason,
			r->got.npassed, a->generation, want.verdict, want.slot, want.reason, want.npassed);
}

/* Every packet was counted once by what decided it, and by each rule that let it go on. */
static void check_counters(const struct reader *r)
{
	uint64_t sum = r->released;

	for (uint32_t slot = 0; slot < SLOTS; slot++) {
		uint64_t n = fw_kern_rule_count(kern, slot).packets;

		assert_int_equal(n, r->by_slot[slot]);
		sum += n;
	}
	for (int i = 0; i < FW_NREASONS * FW_NTERMINAL; i++) {
		uint64_t n = fw_kern_reason_count(kern, (enum fw_reason)(i / FW_NTERMINAL),
						  (enum fw_verdict)(i % FW_NTERMINAL))
				     .packets;

		assert_int_equal(n, r->by_reason[i / FW_NTERMINAL][i % FW_NTERMINAL]);
		sum += n;
	}
	assert_int_equal(sum, r->packets + r->passed);
}

/* A program of its own, so that generations and counters begin at their beginning. */
static uint64_t round_run(struct storm *s, const struct random_shape *shape, bool no_flow_cache)
{
	struct fw_kern_options opts = { .no_flow_cache = no_flow_cache, .pool = sandbox_pool() };
	static struct reader r;

	r = (struct reader){ .s = s };
	s->ctx = &r;
	assert_int_equal(fw_kern_open(&opts, NULL, &kern), 0);
	assert_int_equal(fw_kern_iface_set(kern, LOOPBACK, FW_IFACE_OTHER), 0);
	if (storm_open(s, shape, kern, NULL, keys)) {
		storm_publish_first(s);
		__atomic_store_n(&stop, false, __ATOMIC_RELAXED);
		assert_int_equal(pthread_create(&r.thread, NULL, reader_run, &r), 0);
		for (int i = 0; i < STEPS; i++)
			storm_step(s);
		storm_settle(s);
		__atomic_store_n(&stop, true, __ATOMIC_RELAXED);
		pthread_join(r.thread, NULL);
		check_answers(&r);
		check_counters(&r);
	}
	storm_close(s);
	fw_kern_close(kern);
	return r.packets;
}

static void storm(void **state)
{
	unsigned rounds = random_amount("FW_ROUNDS", ROUNDS);
	uint64_t packets = 0, changed = 0, rebuilt = 0, refused = 0;

	for (unsigned round = 0; round < rounds; round++) {
		struct random_shape shape = { random_below(2) ? 20 : 300, 20, 1 + random_below(20),
					      random_below(3) ? random_below(4) : 8, random_below(100) };
		struct storm s = { .ops = &ops, .nreaders = 1 };

		random_chains(random_below(2) * (1 + random_below(8)));
		packets += round_run(&s, &shape, round & 1);
		changed += s.changed;
		rebuilt += s.rebuilt;
		refused += s.refused;
	}
	print_message(
		"%llu changes, %llu by recompiling, %llu refused or undone; %llu packets of the kernel compared\n",
		(unsigned long long)changed, (unsigned long long)rebuilt, (unsigned long long)refused,
		(unsigned long long)packets);
	random_chains(0);
}

/* A rule from so many networks all over the address space that the tables need much new memory. */
static void edit_wide(struct storm *s, struct fw_edit *e)
{
	static struct fw_addr_range r[6000];
	struct fw_rule draft = { .action = (uint8_t)random_below(2) };

	for (size_t i = 0; i < ROWS(r); i++)
		r[i] = fw_addr_prefix(FW_IP4, (struct fw_addr){ random_u64() & 0xffffffff00000000ull, 0 },
				      20 + random_below(13));
	/* Packets of the pool are among them. */
	for (size_t i = 0; i < STORM_KEYS; i++)
		if (s->key[i].family == FW_IP4)
			r[i] = fw_addr_prefix(FW_IP4, s->key[i].src, 20 + random_below(13));
	assert_int_equal(fw_ruleset_addrs(s->rs, r, ROWS(r), NULL, 0, false, &draft.src), 0);
	assert_int_equal(
		fw_edit_add(e, &draft, (struct fw_position){ FW_FIRST, NULL }, (struct fw_place){ 0 }, NULL, NULL), 0);
}

static void check_unchanged(struct storm *s)
{
	static struct reader r;

	r = (struct reader){ .s = s };
	for (unsigned i = 0; i < STORM_KEYS && !r.wrong; i++)
		one_packet(&r, i);
	check_answers(&r);
}

/* Packets see nothing of a change that is prepared, nor of a grace period's end, also where these take new segments. */
static void unseen(void **state)
{
	struct random_shape shape = { 50, 20, 10, 1, 30 };
	struct fw_kern_options opts = { .no_flow_cache = true, .pool = sandbox_pool() };
	struct storm s = { .ops = &ops };
	uint32_t segments;

	assert_int_equal(fw_kern_open(&opts, NULL, &kern), 0);
	assert_int_equal(fw_kern_iface_set(kern, LOOPBACK, FW_IFACE_OTHER), 0);
	assert_true(storm_open(&s, &shape, kern, NULL, keys));
	storm_publish_first(&s);
	segments = s.live->pool->nsegments;
	for (int i = 0; i < 16; i++) {
		struct fw_transaction t;

		assert_int_equal(fw_transaction_begin(s.live, &t), 0);
		edit_wide(&s, &t.edit);
		assert_int_equal(fw_transaction_prepare(&t, NULL), 0);
		assert_false(t.rebuilt);
		check_unchanged(&s);
		if (i & 1)
			fw_transaction_abort(&t);
		else
			storm_commit(&s, &t);
		check_unchanged(&s);
	}
	assert_true(s.live->pool->nsegments > segments + 2);
	while (s.rs->first && s.rs->nrules > 40) {
		struct fw_transaction t;

		assert_int_equal(fw_transaction_begin(s.live, &t), 0);
		assert_int_equal(fw_edit_delete(&t.edit, s.rs->first), 0);
		assert_int_equal(fw_transaction_prepare(&t, NULL), 0);
		storm_commit(&s, &t);
		check_unchanged(&s);
	}
	while (fw_live_grace_begin(s.live)) {
		assert_true(fw_live_grace_end(s.live, NULL));
		check_unchanged(&s);
	}
	storm_close(&s);
	fw_kern_close(kern);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(storm),
		cmocka_unit_test(unseen),
	};
	int err;

	run_on(0);
	random_start();
	err = fw_kern_open(&(struct fw_kern_options){ .pool = sandbox_pool() }, NULL, &kern);
	if (err == -EPERM) {
		print_message("skipped: the kernel, for want of CAP_BPF\n");
		return 0;
	}
	if (err)
		return 1;
	fw_kern_close(kern);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

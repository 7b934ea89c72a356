// SPDX-License-Identifier: GPL-2.0-only
/* The flow cache: which packets are looked up in it, and that its verdicts are those of the lookup. */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/random.h"
#include "tests/unit/rows.h"
#include "tests/unit/rulesets.h"

#include "fw/tables.h"
#include "fw/memory_pool.h"

#include "fw/table/flow.h"

/* Sources that differ by their last bit have different verdicts. */
static const char rules[] =
	"policy in accept\nrule in from 10.0.0.0/31 drop\nrule in from 10.0.0.2/31 proto tcp dport 80 drop\n";

static struct {
	struct fw_pool *pool;
	struct fw_image image;
	struct fw_cpu cpu;
} fx;

static int setup(void **state)
{
	struct fw_ruleset *rs = ruleset_of(rules);

	assert_int_equal(fw_pool_new(&fx.pool), 0);
	assert_int_equal(fw_tables_compile(rs, fx.pool, NULL, NULL, &fx.image), 0);
	fw_ruleset_free(rs);
	return 0;
}

static int teardown(void **state)
{
	fw_image_free(&fx.image);
	fw_pool_free(fx.pool);
	return 0;
}

static void start(void)
{
	memset(&fx.cpu, 0, sizeof(fx.cpu));
	fw_pool_base = fx.pool->base;
	assert_int_equal(fw_begin(&fx.cpu, FW_CONTROL(fx.image.root, 1)), 0);
}

/* Makes a packet of flow number @n. */
static void packet(uint64_t n)
{
	struct fw_key *key = &fx.cpu.key;

	memset(key, 0, sizeof(*key));
	key->family = FW_IP4;
	key->src.hi = (0x0a000000 + (n & 0xffff)) << 32;
	key->dst.hi = (0x0b000000 + (n >> 16)) << 32;
	key->f[FW_F_PROTO] = 6;
	key->f[FW_F_DPORT] = 80;
	key->reason = FW_R_NONE;
}

/* The result is the same with the cache as without. */
static void classify(uint64_t n)
{
	uint32_t what;

	packet(n);
	assert_int_equal(fw_classify(&fx.cpu, 1), (n & 0xffff) < 4 ? FW_DROP : FW_ACCEPT);
	what = fx.cpu.answer.what;
	packet(n);
	fw_classify(&fx.cpu, 0);
	assert_int_equal(what, fx.cpu.answer.what);
}

static uint32_t places(uint64_t n)
{
	packet(n);
	return fw_flow_places(&fx.cpu);
}

/* Flows that repeat are found, also among as many others. */
static void repeating(void **state)
{
	start();
	for (uint64_t i = 0; i < 200000; i++)
		classify(i & 1 ? i : i % 100);
	assert_int_equal(places(1), FW_FLOWS);
}

/* Flows that never repeat soon bypass the cache. */
static void passing(void **state)
{
	uint64_t n = 1 << 20;
	uint32_t asked = 0, touched = 0;

	start();
	for (uint64_t i = 0; i < 3 * FW_DOUBT_MOST; i++)
		classify(n++);
	memset(fx.cpu.flows, 0, sizeof(fx.cpu.flows));
	for (uint32_t i = 0; i < 100000; i++) {
		uint32_t before = fx.cpu.unasked;

		asked += places(n) != 0;
		fx.cpu.unasked = before;
		classify(n++);
	}
	assert_in_range(asked, 100000 / FW_DOUBT_TRIALS / 2, 100000 / FW_DOUBT_TRIALS * 2);
	for (size_t i = 0; i < ROWS(fx.cpu.flows); i++)
		touched += fx.cpu.flows[i].generation != 0;
	assert_in_range(touched, 1, FW_FLOWS / FW_DOUBT_TRIALS);
}

/* A flow that starts to repeat is noticed before all trials are over, whichever it is, also among others. */
static void noticed(void **state)
{
	for (int others = 0; others < 2; others++) {
		uint64_t flow = random_below(1 << 30), n = 1ull << 31, left = 2ull * FW_DOUBT_TRIALS * FW_DOUBT_PACKETS;

		start();
		fx.cpu.doubt = FW_DOUBT_MOST;
		while (fx.cpu.doubt >= FW_DOUBT_MOST / 2) {
			assert_true(left--);
			classify(flow);
			if (others)
				classify(n++);
		}
		assert_int_equal(places(flow), FW_FLOWS);
	}
}

/* Entries made while few places were used stay correct afterwards. */
static void to_and_fro(void **state)
{
	start();
	for (int i = 0; i < 300000; i++) {
		if (!(i % 1000))
			fx.cpu.doubt = random_below(FW_DOUBT_MOST + 1);
		if (!(i % 7000))
			assert_int_equal(fw_begin(&fx.cpu, FW_CONTROL(fx.image.root, i / 7000 + 2)), 0);
		classify(random_below(8000));
	}
}

int main(int argc, char **argv)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(repeating),
		cmocka_unit_test(passing),
		cmocka_unit_test(noticed),
		cmocka_unit_test(to_and_fro),
	};

	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	random_start();
	return cmocka_run_group_tests(tests, setup, teardown);
}

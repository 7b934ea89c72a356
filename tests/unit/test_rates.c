// SPDX-License-Identifier: GPL-2.0-only
/*
 * Rates as the kernel keeps them: packets run through the programs on two CPUs at once, for some seconds. How many a rule let
 * through is compared with the time that has passed, whatever else the machine had to do meanwhile.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include <bpf/bpf.h>
#include <pthread.h>
#include <sched.h>

#include "fw/tables.h"
#include "tests/unit/limits.h"
#include "tests/unit/random.h"
#include "tests/unit/rows.h"
#include "tests/unit/rulesets.h"
#include "tests/unit/sandbox.h"

#define CPUS 2
#define SECONDS 1.5

struct user {
	struct fw_kern *k;
	struct fw_ruleset *rs;
	struct fw_image image;
};

/* A ruleset of one rule with this action, counted in slot 0. */
static struct user start(const struct fw_action *a)
{
	struct fw_rule draft = { .src = FW_ANY, .dst = FW_ANY };
	struct user u = { .rs = ruleset_of("policy in drop\n") };
	int action = fw_ruleset_action(u.rs, a);

	assert_true(action >= FW_NVERDICTS);
	draft.action = (uint8_t)action;
	assert_int_equal(fw_ruleset_add(u.rs, &draft, (struct fw_place){ 0 }, NULL, NULL), 0);
	assert_int_equal(fw_kern_open(&(struct fw_kern_options){ .pool = sandbox_pool() }, NULL, &u.k), 0);
	assert_int_equal(fw_tables_compile(u.rs, fw_kern_pool(u.k), NULL, NULL, &u.image), 0);
	assert_int_equal(fw_kern_counters_reserve(u.k, u.rs->next_slot), 0);
	assert_int_equal(fw_kern_buckets_reserve(u.k), 0);
	assert_int_equal(fw_kern_publish(u.k, u.image.root, 1), 0);
	return u;
}

static void end(struct user *u)
{
	fw_image_free(&u->image);
	fw_kern_close(u->k);
	fw_ruleset_free(u->rs);
}

struct sender {
	pthread_t thread;
	int prog, cpu;
	struct fw_frame frame;
};

/* Runs one packet again and again on one CPU; where that is slow, it must not go on for long after the other CPU has ended. */
static void *send_all(void *arg)
{
	const struct sender *s = arg;
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = s->frame.data, .data_size_in = s->frame.len, .repeat = 10000);
	double start = fw_now();
	cpu_set_t one;

	CPU_ZERO(&one);
	CPU_SET((unsigned)s->cpu, &one);
	sched_setaffinity(0, sizeof(one), &one); /* on a machine with one CPU all run there */
	while (fw_now() - start < SECONDS)
		bpf_prog_test_run_opts(s->prog, &opts);
	return NULL;
}

/* Sends packets of two sources for a while. Return: how long that took. */
static double flood(const struct user *u, const char *const packets[CPUS])
{
	struct sender s[CPUS];
	double start = fw_now();

	for (int i = 0; i < CPUS; i++) {
		s[i] = (struct sender){ .prog = fw_kern_prog_fd(u->k, FW_PROG_XDP), .cpu = i };
		assert_int_equal(fw_text_frame(packets[i], &s[i].frame, NULL), 0);
		assert_int_equal(pthread_create(&s[i].thread, NULL, send_all, &s[i]), 0);
	}
	for (int i = 0; i < CPUS; i++)
		pthread_join(s[i].thread, NULL);
	return fw_now() - start;
}

/*
 * @held: the burst is so long that the CPUs may be away for a second without losing a token, so that no fewer packets than the
 * rate come through either. @buckets: that fill independently.
 */
static void rates(void **state)
{
	static const char *const packets[CPUS] = { "udp 10.0.0.1:1 > 10.0.0.9:2", "udp 10.0.1.1:1 > 10.0.0.9:2" };
	static const struct {
		const char *name;
		struct fw_action action;
		uint32_t packets, burst, buckets;
		bool held;
	} rows[] = {
		{ "cheap clock", { .verdict = FW_ACCEPT }, 1000, 1000, 1, true },
		{ "exact clock", { .verdict = FW_ACCEPT }, 20000, 20, 1, false },
		{ "from", { .verdict = FW_ACCEPT, .per = FW_PER_FROM, .per4 = 32, .per6 = 128 }, 1000, 1000, 2, true },
		{ "to", { .verdict = FW_ACCEPT, .per = FW_PER_TO, .per4 = 32, .per6 = 128 }, 1000, 1000, 1, true },
		{ "from a network",
		  { .verdict = FW_ACCEPT, .per = FW_PER_FROM, .per4 = 16, .per6 = 64 },
		  1000,
		  1000,
		  1,
		  true },
	};

	for (size_t i = 0; i < ROWS(rows); i++) {
		struct fw_action a = rows[i].action;
		uint64_t n;
		double most;
		struct user u;

		a.limit = limits_rate(rows[i].packets, rows[i].burst);
		u = start(&a);
		most = flood(&u, packets) * rows[i].packets + rows[i].burst;
		n = fw_kern_rule_count(u.k, 0).packets;
		print_message("%s: %llu packets of at most %.0f\n", rows[i].name, (unsigned long long)n,
			      most * rows[i].buckets);
		assert_true((double)n <= most * rows[i].buckets * 1.02);
		if (rows[i].held)
			assert_true((double)n >= most * rows[i].buckets * 0.9);
		end(&u);
	}
}

/* `over` matches what exceeds the rate: all others get the policy's verdict. */
static void over(void **state)
{
	static const char *const packets[CPUS] = { "udp 10.0.0.1:1 > 10.0.0.9:2", "udp 10.0.1.1:1 > 10.0.0.9:2" };
	struct fw_action a = { .verdict = FW_ACCEPT, .flags = FW_ACTION_LIMIT_OVER, .limit = limits_rate(1000, 1000) };
	struct user u = start(&a);
	double most = flood(&u, packets) * 1000 + 1000;
	uint64_t within = fw_kern_reason_count(u.k, FW_R_IN, FW_DROP).packets;

	print_message("%llu packets within the rate, at most %.0f\n", (unsigned long long)within, most);
	assert_in_range(within, (uint64_t)(most * 0.9), (uint64_t)(most * 1.02));
	assert_true(fw_kern_rule_count(u.k, 0).packets > 0);
	end(&u);
}

/* A dry run uses no token. A bucket is full again when its slot is given to another rule. */
static void tokens(void **state)
{
	struct fw_action a = { .verdict = FW_ACCEPT, .limit = limits_rate(1, 1) };
	struct user u = start(&a);
	struct fw_probe probe;
	struct fw_result got;
	struct fw_frame f;

	assert_int_equal(fw_text_frame("udp 10.0.0.1:1 > 10.0.0.9:2", &f, NULL), 0);
	probe = (struct fw_probe){ .hook = FW_IN, .frame = f.data, .len = f.len };
	for (int i = 0; i < 3; i++) {
		assert_int_equal(fw_kern_probe(u.k, &probe, &got), 0);
		assert_int_equal(got.verdict, FW_ACCEPT);
	}
	assert_int_equal(fw_kern_test(u.k, FW_PROG_XDP, f.data, f.len, 0, &got), 0);
	assert_int_equal(got.verdict, FW_ACCEPT);
	assert_int_equal(fw_kern_test(u.k, FW_PROG_XDP, f.data, f.len, 0, &got), 0);
	assert_int_equal(got.verdict, FW_DROP);
	fw_kern_counter_clear(u.k, 0);
	assert_int_equal(fw_kern_test(u.k, FW_PROG_XDP, f.data, f.len, 0, &got), 0);
	assert_int_equal(got.verdict, FW_ACCEPT);
	end(&u);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(rates),
		cmocka_unit_test(over),
		cmocka_unit_test(tokens),
	};

	random_start();
	if (!sandbox_enter())
		return 0;
	return cmocka_run_group_tests(tests, NULL, NULL);
}

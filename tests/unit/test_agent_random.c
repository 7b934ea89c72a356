// SPDX-License-Identifier: GPL-2.0-only
/*
 * Random faults around an agent. The world watches throughout that no ruleset is loaded that is not the fleet's, that is older than
 * the way back, or without a way back of its own, and that fwd gets one request at a time; here, that the agent arrives in the end.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/agent/world.h"

#define ROUNDS 300
#define FAULTS 12 /* in each */

/* The highest generation that the agent has accepted, which may be one that it did not load. */
static unsigned accepted(struct world *w)
{
	static const char before[] = "\"highest\":{\"generation\":";
	const char *state = world_file(w, "state"), *at = state ? strstr(state, before) : NULL;

	return at ? (unsigned)strtoul(at + strlen(before), NULL, 10) : 0;
}

/* The head moves on, or back to the parent of the newest; sometimes somebody plays an old one again. */
static void move_head(struct world *w, struct fw_random *r)
{
	unsigned newest = accepted(w) > w->head ? accepted(w) : w->head;

	switch (fw_random_below(r, 6)) {
	case 0:
		world_head(w, newest > 1 ? newest - 1 : 1);
		break;
	case 1:
		world_head(w, 1 + (unsigned)fw_random_below(r, newest));
		break;
	default:
		world_head(w, newest < WORLD_GENERATIONS ? newest + 1 : newest);
	}
}

static void faults_end(struct world *w)
{
	w->web_down = w->web_damaged = w->fwd_down = w->disk_full = w->target_down = w->fwd_dies = w->kills = false;
	w->web_cut = 0;
	if (w->etcd_down)
		world_etcd(w, true);
	if (!w->agent)
		world_start_agent(w);
}

static void fault(struct world *w, struct fw_random *r)
{
	switch (fw_random_below(r, 16)) {
	case 0:
		w->web_down = !w->web_down;
		break;
	case 1:
		w->web_damaged = !w->web_damaged;
		break;
	case 2:
		world_etcd(w, w->etcd_down);
		break;
	case 3:
		w->fwd_down = !w->fwd_down;
		break;
	case 4:
		w->disk_full = !w->disk_full;
		break;
	case 5:
		w->web_cut += 1;
		break;
	case 6:
		w->fwd_dies = true;
		break;
	case 7:
		w->kills = true;
		w->kill_at = (unsigned)fw_random_below(r, 8);
		break;
	case 8:
		world_kill_agent(w);
		break;
	case 9:
		world_restart_fwd(w);
		break;
	case 10:
		world_ban(w);
		break;
	case 11:
		world_admin(w, WORLD_ADMIN);
		break;
	case 12:
		/* What is not reached before a load cannot tell that it cuts the host off: then none does. */
		w->target_down = !w->target_down && !w->some_bad;
		break;
	default:
		move_head(w, r);
	}
	if (!w->agent && fw_random_percent(r, 70))
		world_start_agent(w);
}

/* Where the agent has to arrive. */
static void check_end(struct world *w)
{
	unsigned head = w->head;
	bool allowed = head && head + 1 >= accepted(w);
	const struct fw_report *status = world_status(w);
	struct fw_report report;

	assert_string_equal(w->waiting, "");
	assert_int_not_equal(w->live, WORLD_MIXED);
	assert_false(w->live <= WORLD_GENERATIONS && w->artifact[w->live].bad);
	if (allowed && !w->artifact[head].bad && !w->artifact[head].refused) {
		assert_int_equal(w->live, head);
		assert_int_equal(status->state, FW_REPORT_CONFIRMED);
		assert_int_equal(status->running.number, head);
	} else if (head && status->running.number != head) {
		assert_int_not_equal(status->state, FW_REPORT_CONFIRMED);
	}
	if (w->has_etcd) {
		assert_true(world_report(w, &report));
		assert_int_equal(report.state, status->state);
		assert_int_equal(report.running.number, status->running.number);
	}
}

static void one_round(uint64_t seed, bool etcd)
{
	struct fw_random r = { seed };
	struct world w;

	world_open(&w, seed ^ 1, etcd);
	w.config.drift = FW_DRIFT_REPLACE;
	w.config.confirm = 5 + (unsigned)fw_random_below(&r, 60);
	w.some_bad = fw_random_percent(&r, 50); /* some are */
	for (unsigned n = 2; n <= WORLD_GENERATIONS; n++) {
		w.artifact[n].bad = w.some_bad && fw_random_percent(&r, 15);
		w.artifact[n].refused = fw_random_percent(&r, 10);
	}
	world_head(&w, 1);
	world_start_agent(&w);
	world_run(&w, (double)fw_random_below(&r, 60));
	for (int i = 0; i < FAULTS; i++) {
		fault(&w, &r);
		world_run(&w, (double)fw_random_below(&r, 400) / 10);
	}
	faults_end(&w);
	world_run(&w, 400);
	if (w.agent)
		agent_retry(w.agent); /* what failed for a fault, not for itself */
	world_run(&w, 600);
	check_end(&w);
	world_close(&w);
}

static uint64_t last_seed;

/* After a failure: the seed of its round. */
static int print_seed(void **state)
{
	print_message("seed %llu (FW_SEED)\n", (unsigned long long)last_seed);
	return 0;
}

static void rounds(bool etcd)
{
	const char *text = getenv("FW_SEED");
	uint64_t seed = text ? strtoull(text, NULL, 0) : (uint64_t)(fw_now() * 1e6);

	for (int i = 0; i < (text ? 1 : ROUNDS); i++, seed++) {
		struct fw_random spread = { seed };

		last_seed = seed;
		one_round(fw_random_next(&spread), etcd);
	}
}

static void with_etcd(void **state)
{
	rounds(true);
}

static void with_polls(void **state)
{
	rounds(false);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(with_etcd, print_seed),
		cmocka_unit_test_teardown(with_polls, print_seed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

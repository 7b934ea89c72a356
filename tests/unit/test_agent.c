// SPDX-License-Identifier: GPL-2.0-only
/* What an agent does in each situation, in a world without kernel and network. FW_AGENT_LOG=1 shows its log. */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/unit/agent/world.h"

/* A host that runs generation @n. */
static void running(struct world *w, unsigned n, bool etcd)
{
	world_open(w, 7, etcd);
	world_head(w, n);
	world_start_agent(w);
	world_run(w, 60);
	assert_int_equal(w->live, n);
	assert_int_equal(world_status(w)->state, FW_REPORT_CONFIRMED);
}

static void assert_runs(struct world *w, unsigned n)
{
	assert_int_equal(w->live, n);
	assert_string_equal(w->waiting, "");
	assert_true(!world_status(w)->why[0] || !strncmp(world_status(w)->why, "the first", 9));
	assert_int_equal(world_status(w)->state, FW_REPORT_CONFIRMED);
	assert_int_equal(world_status(w)->running.number, n);
	assert_false(world_status(w)->worse);
}

/* The first by its snapshot, the next by its delta; the report in etcd follows. */
static void follows_the_head(void **state)
{
	struct fw_report r;
	unsigned puts;
	struct world w;

	running(&w, 3, true);
	assert_int_equal(w.loads, 1);
	world_head(&w, 4);
	world_run(&w, 30);
	assert_runs(&w, 4);
	assert_int_equal(w.loads, 1);
	assert_int_equal(w.changes, 1);
	assert_true(world_report(&w, &r));
	assert_int_equal(r.state, FW_REPORT_CONFIRMED);
	assert_int_equal(r.running.number, 4);
	assert_string_equal(r.ring, "all");
	puts = w.puts;
	world_run(&w, 1000);
	assert_true(world_report(&w, &r)); /* the lease is kept, */
	assert_int_equal(w.puts, puts);    /* and nothing is written */
	world_close(&w);
}

static void polls_without_etcd(void **state)
{
	struct world w;

	running(&w, 1, false);
	world_head(&w, 2);
	world_run(&w, 40);
	assert_runs(&w, 2);
	world_close(&w);
}

/* Two generations on: the delta starts from another ruleset. */
static void snapshot_when_the_delta_does_not_fit(void **state)
{
	struct world w;

	running(&w, 1, true);
	world_head(&w, 3);
	world_run(&w, 40);
	assert_runs(&w, 3);
	assert_int_equal(w.changes, 0);
	world_close(&w);
}

static void cut_off_is_taken_back(void **state)
{
	struct fw_report r;
	struct world w;

	running(&w, 1, true);
	w.artifact[2].bad = true;
	world_head(&w, 2);
	world_run(&w, 30);
	assert_int_equal(w.live, 1);
	assert_int_equal(world_status(&w)->state, FW_REPORT_TAKEN_BACK);
	assert_string_equal(world_status(&w)->why, "tcp:10.0.0.1:22 is not reached");
	assert_int_equal(world_status(&w)->running.number, 1);
	world_run(&w, 600); /* not again */
	assert_int_equal(w.changes + w.loads, 2);
	assert_true(world_report(&w, &r));
	assert_int_equal(r.state, FW_REPORT_TAKEN_BACK);
	world_head(&w, 1);
	world_run(&w, 30);
	assert_runs(&w, 1);
	w.artifact[2].bad = false;
	world_head(&w, 2); /* the head has changed: again */
	world_run(&w, 60);
	assert_runs(&w, 2);
	world_close(&w);
}

static void told_to_try_again(void **state)
{
	struct world w;

	running(&w, 1, true);
	w.artifact[2].bad = true;
	world_head(&w, 2);
	world_run(&w, 60);
	w.artifact[2].bad = false;
	agent_retry(w.agent);
	world_run(&w, 60);
	assert_runs(&w, 2);
	world_close(&w);
}

static void drops_are_taken_back(void **state)
{
	struct world w;

	running(&w, 1, true);
	w.artifact[2].drops = true;
	world_head(&w, 2);
	world_run(&w, 60);
	assert_int_equal(w.live, 1);
	assert_int_equal(world_status(&w)->state, FW_REPORT_TAKEN_BACK);
	assert_non_null(strstr(world_status(&w)->why, "of packets are dropped"));
	world_close(&w);
}

static void refused_by_fwd(void **state)
{
	struct world w;

	running(&w, 1, true);
	w.artifact[2].refused = true;
	world_head(&w, 2);
	world_run(&w, 60);
	assert_int_equal(w.live, 1);
	assert_int_equal(world_status(&w)->state, FW_REPORT_REFUSED);
	assert_string_equal(world_status(&w)->why, "line 3: there is no field 'prot'");
	assert_int_equal(agent_status(w.agent)->errors[AGENT_ERROR_RULES], 1);
	world_close(&w);
}

static void too_little_memory(void **state)
{
	struct world w;

	running(&w, 1, true);
	w.memory = 1000;
	world_head(&w, 3);
	world_run(&w, 60);
	assert_int_equal(w.live, 1);
	assert_int_equal(world_status(&w)->state, FW_REPORT_REFUSED);
	assert_string_equal(world_status(&w)->why, "it needs 2 MiB of memory, and 0 are free");
	world_close(&w);
}

/* Only the way back: the parent of the highest. */
static void older_ones_are_refused(void **state)
{
	struct world w;

	running(&w, 5, true);
	world_head(&w, 3);
	world_run(&w, 60);
	assert_int_equal(w.live, 5);
	assert_int_equal(world_status(&w)->state, FW_REPORT_REFUSED);
	assert_string_equal(world_status(&w)->why, "generation 3 is older than 5, and not its parent");
	world_head(&w, 4);
	world_run(&w, 60);
	assert_runs(&w, 4);
	world_head(&w, 3); /* of the highest, not of what runs */
	world_run(&w, 60);
	assert_int_equal(w.live, 4);
	world_start_agent(&w); /* and it knows after a restart */
	world_run(&w, 60);
	assert_int_equal(w.live, 4);
	assert_int_equal(world_status(&w)->state, FW_REPORT_REFUSED);
	world_close(&w);
}

static void wrong_key(void **state)
{
	struct fw_public_key public;
	struct fw_secret_key other;
	struct world w;

	running(&w, 1, true);
	assert_int_equal(fw_key_make(&other, &public), 0);
	world_sign(&w, 2, &other, "edge");
	world_head(&w, 2);
	world_run(&w, 60);
	assert_int_equal(w.live, 1);
	assert_int_equal(world_status(&w)->state, FW_REPORT_REFUSED);
	world_sign(&w, 3, &w.secret, "core");
	world_head(&w, 3);
	world_run(&w, 60);
	assert_int_equal(w.live, 1);
	assert_string_equal(world_status(&w)->why, "it is of the fleet 'core'");
	world_close(&w);
}

/* Damaged and truncated files are fetched again; meanwhile the report says so. */
static void damaged_files(void **state)
{
	struct world w;

	running(&w, 1, true);
	w.web_damaged = true;
	world_head(&w, 3);
	world_run(&w, 60);
	assert_int_equal(w.live, 1);
	assert_int_equal(world_status(&w)->state, FW_REPORT_REFUSED);
	w.web_damaged = false;
	w.web_cut = 2;
	world_run(&w, 200);
	assert_runs(&w, 3);
	assert_int_equal(agent_status(w.agent)->errors[AGENT_ERROR_OBJECT], 2);
	world_close(&w);
}

static void servers_down(void **state)
{
	struct world w;

	running(&w, 1, true);
	w.web_down = true;
	world_head(&w, 2);
	world_run(&w, 300);
	assert_int_equal(w.live, 1);
	assert_int_equal(world_status(&w)->state, FW_REPORT_FETCHING);
	w.web_down = false;
	world_run(&w, 150);
	assert_runs(&w, 2);
	world_etcd(&w, false);
	world_run(&w, 300);
	assert_int_equal(w.live, 2);
	assert_false(agent_status(w.agent)->connected);
	world_etcd(&w, true);
	world_head(&w, 3);
	world_run(&w, 100);
	assert_runs(&w, 3);
	world_close(&w);
}

static void fwd_down(void **state)
{
	struct world w;

	running(&w, 1, true);
	w.fwd_down = true;
	world_head(&w, 2);
	world_run(&w, 100);
	assert_true(agent_status(w.agent)->errors[AGENT_ERROR_FWD] > 0);
	w.fwd_down = false;
	world_run(&w, 150);
	assert_runs(&w, 2);
	world_restart_fwd(&w);
	world_run(&w, 100);
	assert_runs(&w, 2);
	world_close(&w);
}

/* Elements of dynamic sets are no drift: the delta still fits. */
static void bans(void **state)
{
	struct world w;

	running(&w, 1, true);
	world_ban(&w);
	world_head(&w, 2);
	world_run(&w, 100);
	assert_runs(&w, 2);
	assert_int_equal(w.changes, 1);
	world_close(&w);
}

static void drift_is_reported(void **state)
{
	struct world w;

	running(&w, 1, true);
	world_admin(&w, WORLD_ADMIN);
	world_run(&w, 100);
	assert_int_equal(world_status(&w)->state, FW_REPORT_DRIFTED);
	world_head(&w, 2);
	world_run(&w, 300);
	assert_int_equal(w.live, WORLD_ADMIN);
	assert_int_equal(world_status(&w)->state, FW_REPORT_DRIFTED);
	world_admin(&w, 1);
	world_run(&w, 200);
	assert_runs(&w, 2);
	world_close(&w);
}

static void drift_is_replaced(void **state)
{
	struct world w;

	running(&w, 1, true);
	w.config.drift = FW_DRIFT_REPLACE;
	world_admin(&w, WORLD_ADMIN);
	world_run(&w, 100);
	assert_runs(&w, 1);
	world_close(&w);
}

/* A fwd without rules, on a new disk, is no drift. */
static void fwd_without_its_store(void **state)
{
	struct world w;

	running(&w, 1, true);
	world_restart_fwd(&w);
	world_admin(&w, 0);
	world_run(&w, 100);
	assert_runs(&w, 1);
	world_close(&w);
}

static void overruled(void **state)
{
	char path[] = "/tmp/fw-local-XXXXXX";
	int fd = mkstemp(path);
	struct world w;

	assert_true(fd >= 0);
	close(fd);
	remove(path);
	running(&w, 1, true);
	snprintf(w.config.local, sizeof(w.config.local), "%s", path);
	fclose(fopen(path, "w"));
	world_head(&w, 2);
	world_admin(&w, WORLD_ADMIN);
	world_run(&w, 100);
	assert_int_equal(w.live, WORLD_ADMIN);
	assert_int_equal(world_status(&w)->state, FW_REPORT_OVERRULED);
	world_start_agent(&w);
	world_run(&w, 100);
	assert_int_equal(world_status(&w)->state, FW_REPORT_OVERRULED);
	remove(path);
	world_run(&w, 100);
	assert_runs(&w, 2);
	world_close(&w);
}

/* It accepts what the head says, and says that it could not tell. */
static void state_is_lost(void **state)
{
	struct world w;

	running(&w, 5, true);
	world_kill_agent(&w);
	world_damage_file(&w, "state");
	world_start_agent(&w);
	world_run(&w, 60);
	assert_int_equal(w.live, 5);
	assert_int_equal(w.loads, 1); /* fwd has it already */
	assert_int_equal(world_status(&w)->state, FW_REPORT_CONFIRMED);
	assert_non_null(strstr(world_status(&w)->why, "the first that the agent knows of"));
	world_close(&w);
}

static void kept_files_are_damaged(void **state)
{
	struct world w;

	running(&w, 2, true);
	world_kill_agent(&w);
	world_damage_file(&w, "object-");
	world_damage_file(&w, "manifest-");
	world_admin(&w, WORLD_ADMIN);
	w.config.drift = FW_DRIFT_REPLACE;
	world_start_agent(&w);
	world_run(&w, 100);
	assert_runs(&w, 2);
	world_close(&w);
}

/* From the copy on this host, with the web server down. */
static void back_without_web_server(void **state)
{
	struct world w;

	running(&w, 2, true);
	world_head(&w, 3);
	world_run(&w, 60);
	assert_runs(&w, 3);
	w.web_down = true;
	world_head(&w, 2);
	world_run(&w, 60);
	assert_runs(&w, 2);
	world_close(&w);
}

static void disk_full(void **state)
{
	struct world w;

	running(&w, 1, true);
	w.disk_full = true;
	world_head(&w, 2);
	world_run(&w, 200);
	assert_int_equal(w.live, 1); /* not without a note of it */
	assert_true(agent_status(w.agent)->errors[AGENT_ERROR_DISK] > 0);
	w.disk_full = false;
	world_run(&w, 200);
	assert_runs(&w, 2);
	world_close(&w);
}

/* A target fails later: it is reported, nothing is undone. */
static void worse_later(void **state)
{
	struct fw_report r;
	struct world w;

	running(&w, 1, true);
	w.target_down = true;
	world_run(&w, 60);
	assert_int_equal(w.live, 1);
	assert_true(world_status(&w)->worse);
	assert_true(world_report(&w, &r));
	assert_true(r.worse);
	w.target_down = false;
	world_run(&w, 60);
	assert_runs(&w, 1);
	world_close(&w);
}

/* A target that is down already is not held against a new ruleset. */
static void was_not_well_before(void **state)
{
	struct world w;

	running(&w, 1, true);
	w.target_down = true;
	world_run(&w, 60);
	world_head(&w, 2);
	world_run(&w, 60);
	assert_int_equal(w.live, 2);
	assert_int_equal(world_status(&w)->state, FW_REPORT_CONFIRMED);
	world_close(&w);
}

/* The head goes back while the new one is being watched: it is undone at once. */
static void head_goes_back(void **state)
{
	struct world w;

	running(&w, 1, true);
	world_head(&w, 2);
	for (int i = 0; i < 100 && w.live != 2; i++)
		world_run(&w, 0.2);
	assert_int_equal(w.live, 2);
	world_head(&w, 1);
	world_run(&w, 5);
	assert_int_equal(w.live, 1);
	world_run(&w, 60);
	assert_runs(&w, 1);
	world_head(&w, 2);
	world_run(&w, 60);
	assert_runs(&w, 2);
	world_close(&w);
}

/* At each write of a file in turn, before it and after it. */
static void killed_at_each_write(void **state)
{
	for (unsigned at = 0; at < 24; at++) {
		struct world w;

		running(&w, 1, true);
		w.random.state += at;
		w.kills = true;
		w.kill_at = at / 2;
		world_head(&w, 2);
		world_run(&w, 20);
		world_start_agent(&w);
		world_run(&w, 200);
		assert_runs(&w, 2);
		world_close(&w);
	}
}

/* At each moment. */
static void killed_at_each_moment(void **state)
{
	for (unsigned at = 0; at < 200; at++) {
		struct world w;

		running(&w, 1, true);
		w.random.state += at;
		w.artifact[3].bad = true;
		world_head(&w, at % 2 ? 3 : 2);
		world_run(&w, at * 0.1);
		world_start_agent(&w);
		world_run(&w, 200);
		if (at % 2) {
			assert_int_equal(w.live, 1);
			assert_int_equal(world_status(&w)->state, FW_REPORT_TAKEN_BACK);
		} else {
			assert_runs(&w, 2);
		}
		world_close(&w);
	}
}

/* A ruleset with which the agent ends each time is given up. */
static void killed_each_time(void **state)
{
	struct world w;

	running(&w, 1, true);
	world_head(&w, 2);
	for (int i = 0; i < 6; i++) {
		for (int k = 0; k < 100 && w.live == 2; k++)
			world_run(&w, 0.2);
		for (int k = 0; k < 100 && w.live != 2; k++)
			world_run(&w, 0.2);
		world_start_agent(&w);
	}
	world_run(&w, 100);
	assert_int_equal(w.live, 1);
	assert_int_equal(world_status(&w)->state, FW_REPORT_TAKEN_BACK);
	world_close(&w);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(follows_the_head),
		cmocka_unit_test(polls_without_etcd),
		cmocka_unit_test(snapshot_when_the_delta_does_not_fit),
		cmocka_unit_test(cut_off_is_taken_back),
		cmocka_unit_test(told_to_try_again),
		cmocka_unit_test(drops_are_taken_back),
		cmocka_unit_test(refused_by_fwd),
		cmocka_unit_test(too_little_memory),
		cmocka_unit_test(older_ones_are_refused),
		cmocka_unit_test(wrong_key),
		cmocka_unit_test(damaged_files),
		cmocka_unit_test(servers_down),
		cmocka_unit_test(fwd_down),
		cmocka_unit_test(bans),
		cmocka_unit_test(drift_is_reported),
		cmocka_unit_test(drift_is_replaced),
		cmocka_unit_test(fwd_without_its_store),
		cmocka_unit_test(overruled),
		cmocka_unit_test(state_is_lost),
		cmocka_unit_test(kept_files_are_damaged),
		cmocka_unit_test(back_without_web_server),
		cmocka_unit_test(disk_full),
		cmocka_unit_test(worse_later),
		cmocka_unit_test(was_not_well_before),
		cmocka_unit_test(head_goes_back),
		cmocka_unit_test(killed_at_each_write),
		cmocka_unit_test(killed_at_each_moment),
		cmocka_unit_test(killed_each_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

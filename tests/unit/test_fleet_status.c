// SPDX-License-Identifier: GPL-2.0-only
/* The status file of an agent as others read it, and the metrics that are made of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "ctl/agent/status.h"
#include "ctl/exporter/page/metrics.h"
#include "fw/fleet/status.h"

static char path[32];

static void write_file(const char *text)
{
	FILE *f = fopen(path, "we");

	assert_non_null(f);
	fputs(text, f);
	assert_int_equal(fclose(f), 0);
}

static int setup(void **state)
{
	snprintf(path, sizeof(path), "/tmp/fw-status-XXXXXX");
	close(mkstemp(path));
	return 0;
}

static int teardown(void **state)
{
	unlink(path);
	return 0;
}

static const struct agent_status example = {
	.report = { .host = "web1",
		    .ring = "canary",
		    .state = FW_REPORT_TAKEN_BACK,
		    .running = { .number = 11 },
		    .wanted = { .number = 12 },
		    .worse = true,
		    .dropped = 0.25,
		    .why = "tcp:10.0.0.1:22 is not reached" },
	.confirmed = { .number = 10 },
	.connected = true,
	.errors = { [AGENT_ERROR_FETCH] = 2, [AGENT_ERROR_PROBE] = 1 },
};

/* As an agent writes it @ago seconds ago. */
static void write_status(const struct agent_status *s, bool etcd, int ago)
{
	static struct fw_fleet_config config = { .fleet = "edge" };
	const struct agent_setup by = { .config = &config, .etcd = etcd ? (struct fw_etcd *)&config : NULL };
	fw_cleanup(fw_buf_free) struct fw_buf b = { 0 };
	struct agent_status now = *s;
	uint64_t at = (uint64_t)time(NULL) - (uint64_t)ago;

	now.report.since = at - 600;
	status_print(&b, &by, &now, at - 60, at);
	write_file(b.text);
}

static void is_believed(void **state)
{
	struct fw_fleet_status s;

	write_status(&example, true, 20);
	assert_int_equal(fw_fleet_status_read(path, &s), 0);
	assert_non_null(s.object);
	assert_true(s.age >= 20 && s.age < 30);
	assert_string_equal(fw_fleet_status_text(&s, "fleet"), "edge");
	assert_string_equal(fw_fleet_status_text(&s, "ring"), "canary");
	assert_string_equal(fw_fleet_status_text(&s, "state"), "taken-back");
	assert_string_equal(fw_fleet_status_text(&s, "why"), "tcp:10.0.0.1:22 is not reached");
	assert_int_equal(fw_fleet_status_generation(&s, "running"), 11);
	assert_int_equal(fw_fleet_status_generation(&s, "wanted"), 12);
	assert_int_equal(fw_fleet_status_generation(&s, "confirmed"), 10);
	fw_fleet_status_free(&s);
	assert_int_equal(fw_fleet_status_generation(&s, "running"), 0);
	assert_string_equal(fw_fleet_status_text(&s, "fleet"), "");
}

/* Files that are there, but say nothing about the host: of an agent that is gone, of another clock, or broken. */
static void is_not_believed(void **state)
{
	static const struct {
		const char *text; /* NULL: a status that was written @ago seconds ago */
		int ago;
		const char *why;
	} rows[] = {
		{ NULL, FW_FLEET_STATUS_AGE + 5, "has not written it for" },
		{ NULL, 86400, "has not written it for" },
		{ NULL, -FW_FLEET_STATUS_AGE - 5, "has not written it for" },
		{ "", 0, "no status" },
		{ "{", 0, "no status" },
		{ "[]", 0, "no status" },
		{ "{\"written\":\"now\",\"state\":\"idle\"}", 0, "no status" },
		{ "{\"written\":1,\"state\":3}", 0, "no status" },
		{ "{\"written\":1,\"written\":2,\"state\":\"idle\"}", 0, "no status" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct fw_fleet_status s;

		if (rows[i].text)
			write_file(rows[i].text);
		else
			write_status(&example, true, rows[i].ago);
		assert_int_equal(fw_fleet_status_read(path, &s), 0);
		if (s.object || !strstr(s.why, rows[i].why))
			fail_msg("row %zu: %s", i, s.why);
		assert_true(rows[i].text ? s.age < 0 : s.age > FW_FLEET_STATUS_AGE);
		fw_fleet_status_free(&s);
	}
}

static void is_no_file(void **state)
{
	struct fw_fleet_status s;

	assert_int_equal(fw_fleet_status_read("/nonexistent/status", &s), -ENOENT);
	assert_int_equal(fw_fleet_status_read("/tmp", &s), -EISDIR);
	assert_int_equal(fw_fleet_status_read("/dev/zero", &s), -ENODEV);
	assert_int_equal(truncate(path, 1 << 20), 0);
	assert_int_equal(fw_fleet_status_read(path, &s), -EFBIG);
}

/* The samples of a fleet, without heads, as the file makes them. free() it. */
static char *samples(bool in_fleet)
{
	struct snapshot snap = { .in_fleet = in_fleet };
	struct page page = { .format = PAGE_PROMETHEUS };
	struct self self = { 0 };
	fw_cleanup(fw_buf_free) struct fw_buf out = { 0 };

	if (in_fleet)
		assert_int_equal(fw_fleet_status_read(path, &snap.fleet), 0);
	for (size_t i = 0; i < metrics_n; i++)
		if (!strncmp(metrics_table[i].family.name, "fw_fleet", 8))
			metrics_emit(&metrics_table[i], &snap, &self, &page);
	fw_buf_word(&out, "");
	for (const char *line = page.b.text; line && *line; line += strcspn(line, "\n") + 1)
		if (*line != '#')
			fw_buf_add(&out, line, strcspn(line, "\n") + 1);
	fw_buf_free(&page.b);
	snapshot_free(&snap);
	return strdup(out.text ? out.text : "");
}

static void has_samples(void **state)
{
	static const char *const want[] = {
		"fw_fleet_agent_up 1\n",
		"fw_fleet_status_age_seconds 2",
		"fw_fleet_info{fleet=\"edge\",ring=\"canary\"} 1\n",
		"fw_fleet_generation 11\n",
		"fw_fleet_wanted 12\n",
		"fw_fleet_confirmed 10\n",
		"fw_fleet_state{state=\"taken-back\"} 1\n",
		"fw_fleet_state{state=\"confirmed\"} 0\n",
		"fw_fleet_state_age_seconds 62",
		"fw_fleet_connected 1\n",
		"fw_fleet_heard_age_seconds 8",
		"fw_fleet_worse 1\n",
		"fw_fleet_dropped_ratio 0.25\n",
		"fw_fleet_errors_total{kind=\"fetch\"} 2\n",
		"fw_fleet_errors_total{kind=\"disk\"} 0\n",
	};
	fw_autofree char *text = NULL;

	write_status(&example, true, 20);
	text = samples(true);
	for (size_t i = 0; i < sizeof(want) / sizeof(*want); i++)
		if (!strstr(text, want[i]))
			fail_msg("no %s in\n%s", want[i], text);
}

/* A host that has just joined: nothing runs and nothing is wanted yet, and there is no etcd. */
static void has_few_samples(void **state)
{
	static const struct agent_status fresh = { .report = { .host = "web1" } };
	fw_autofree char *text = NULL;

	write_status(&fresh, false, 0);
	text = samples(true);
	assert_non_null(strstr(text, "fw_fleet_generation 0\n"));
	assert_non_null(strstr(text, "fw_fleet_wanted 0\n"));
	assert_non_null(strstr(text, "fw_fleet_state{state=\"idle\"} 1\n"));
	assert_null(strstr(text, "connected "));
}

/* Of an agent that is gone only that; of a host without a fleet nothing. */
static void has_no_samples(void **state)
{
	fw_autofree char *gone = NULL, *broken = NULL, *none = NULL;

	write_status(&example, true, 1000);
	gone = samples(true);
	assert_memory_equal(gone, "fw_fleet_agent_up 0\nfw_fleet_status_age_seconds 1000", 52);
	assert_null(strstr(gone, "fw_fleet_generation"));
	assert_null(strstr(gone, "errors"));
	write_file("{}");
	broken = samples(true);
	assert_string_equal(broken, "fw_fleet_agent_up 0\n");
	none = samples(false);
	assert_string_equal(none, "");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(is_believed, setup, teardown),
		cmocka_unit_test_setup_teardown(is_not_believed, setup, teardown),
		cmocka_unit_test_setup_teardown(is_no_file, setup, teardown),
		cmocka_unit_test_setup_teardown(has_samples, setup, teardown),
		cmocka_unit_test_setup_teardown(has_few_samples, setup, teardown),
		cmocka_unit_test_setup_teardown(has_no_samples, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

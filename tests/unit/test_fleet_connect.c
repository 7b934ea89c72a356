// SPDX-License-Identifier: GPL-2.0-only
/* From the settings of a host to what etcd is opened with. */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "fw/fleet/connect.h"

#define ROWS(a) (sizeof(a) / sizeof((a)[0]))

/* Writes a temporary file. Return: its path, which the next call overwrites. */
static const char *file(const char *text, size_t len)
{
	static char path[64];
	int fd;

	snprintf(path, sizeof(path), "/tmp/fw-connect-XXXXXX");
	fd = mkstemp(path);
	assert_true(fd >= 0 && write(fd, text, len) == (ssize_t)len);
	close(fd);
	return path;
}

static int try(struct fw_fleet_config *c, struct fw_fleet_access *out, char *error, size_t size)
{
	struct fw_diags ds = { .n = 0 };
	int err = fw_fleet_access(c, "fleet.conf", out, &ds);

	error[0] = '\0';
	if (ds.n)
		fw_diag_format(&ds.d[0], error, size);
	assert_int_equal(!err, !ds.n);
	return err;
}

static void good(void **state)
{
	static const char *const texts[] = { "correct horse", "correct horse\n", "correct horse\nwhatever\n" };

	for (size_t i = 0; i < ROWS(texts); i++) {
		struct fw_fleet_config c = {
			.fleet = "edge", .etcd = "https://192.0.2.1:2379", .user = "agent", .ca = "/ca"
		};
		struct fw_fleet_access a;
		char error[512];

		snprintf(c.password, sizeof(c.password), "%s", file(texts[i], strlen(texts[i])));
		assert_int_equal(try(&c, &a, error, sizeof(error)), 0);
		unlink(c.password);
		assert_string_equal(a.etcd.password, "correct horse");
		assert_string_equal(a.etcd.user, "agent");
		assert_string_equal(a.etcd.endpoints, c.etcd);
		assert_string_equal(a.etcd.identity.ca, "/ca");
		assert_true(a.etcd.timeout > 0);
	}
}

static void bad(void **state)
{
	static const struct {
		struct fw_fleet_config config;
		const char *error;
	} rows[] = {
		{ { .etcd = "http://[::1]:2379" },
		  "fleet.conf: it does not name the fleet\n  hint: a line such as `fleet edge`" },
		{ { .fleet = "edge" },
		  "fleet.conf: it does not name the endpoints of etcd\n"
		  "  hint: a line such as `etcd https://192.0.2.1:2379,https://192.0.2.2:2379`" },
		{ { .fleet = "edge", .etcd = "http://[::1]:2379", .password = "/nosuch/file" },
		  "/nosuch/file: cannot read the password of etcd's user: No such file or directory" },
		{ { .fleet = "edge", .etcd = "http://[::1]:2379", .password = "/dev/zero" },
		  "/dev/zero: cannot read the password of etcd's user: No such device" },
	};

	for (size_t i = 0; i < ROWS(rows); i++) {
		struct fw_fleet_config c = rows[i].config;
		struct fw_fleet_access a;
		char error[512];

		assert_int_equal(try(&c, &a, error, sizeof(error)), -EINVAL);
		assert_string_equal(error, rows[i].error);
	}
}

/* An empty password, and one that does not fit. */
static void bad_passwords(void **state)
{
	static const char longest[FW_SETTING_TEXT + 1] = { [0 ... FW_SETTING_TEXT - 1] = 'x' };
	static const struct {
		const char *text;
		size_t len;
		int err;
	} rows[] = {
		{ "", 0, -EINVAL },
		{ "\nsecret\n", 8, -EINVAL },
		{ longest, FW_SETTING_TEXT - 1, 0 },
		{ longest, FW_SETTING_TEXT, -EINVAL },
		{ longest, FW_SETTING_TEXT + 1, -EINVAL },
	};

	for (size_t i = 0; i < ROWS(rows); i++) {
		struct fw_fleet_config c = { .fleet = "edge", .etcd = "http://[::1]:2379" };
		struct fw_fleet_access a;
		char error[512];

		snprintf(c.password, sizeof(c.password), "%s", file(rows[i].text, rows[i].len));
		if (try(&c, &a, error, sizeof(error)) != rows[i].err)
			fail_msg("row %zu: %s", i, error);
		unlink(c.password);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good),
		cmocka_unit_test(bad),
		cmocka_unit_test(bad_passwords),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

// SPDX-License-Identifier: GPL-2.0-only
/* fwd's settings: each value is stored in its field, each error is reported with its place. */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "ctl/fwd/config.h"
#include "tests/unit/tree.h"

static int parse(const char *text, struct config *c, struct fw_diags *ds)
{
	*c = (struct config){ .socket = "" };
	fw_settings_defaults(&config_settings, c);
	*ds = (struct fw_diags){ .n = 0 };
	return fw_settings_parse(&config_settings, c, text, strlen(text), "fwd.conf", ds);
}

static void defaults(void **state)
{
	struct config c = { .socket = "" };

	fw_settings_defaults(&config_settings, &c);
	assert_string_equal(c.socket, "/run/fwd/fwd.sock");
	assert_string_equal(c.store, "/var/lib/fwd/fwd.db");
	assert_string_equal(c.pins, "/sys/fs/bpf/fwd");
	assert_string_equal(c.rules, "");
	assert_string_equal(c.group, "fwd");
	assert_string_equal(c.admin_group, "fwd-admin");
	assert_int_equal(c.clients_max, 128);
	assert_int_equal(c.client_timeout, 30);
}

static void values(void **state)
{
	struct fw_diags ds;
	struct config c;

	assert_int_equal(
		parse("# a comment\n\n  socket\t/tmp/a b \r\nclients-max 1\nrules /etc/x#y\nclient-timeout 3600", &c,
		      &ds),
		0);
	assert_string_equal(c.socket, "/tmp/a b");
	assert_string_equal(c.rules, "/etc/x#y");
	assert_int_equal(c.clients_max, 1);
	assert_int_equal(c.client_timeout, 3600);
	assert_int_equal(parse("rules", &c, &ds), 0);
	assert_string_equal(c.rules, "");
	assert_int_equal(parse("", &c, &ds), 0);
}

static void errors(void **state)
{
	static char long_path[400] = "socket /";
	const struct {
		const char *text, *want;
	} rows[] = {
		{ "sockte /x", "fwd.conf:1:1: there is no setting 'sockte'" },
		{ "\n  clients-max many", "fwd.conf:2:15: 'clients-max' wants a number from 1 to 4096, not 'many'" },
		{ "clients-max 0", "fwd.conf:1:13: 'clients-max' wants a number from 1 to 4096, not '0'" },
		{ "clients-max 4097", "fwd.conf:1:13: 'clients-max' wants a number from 1 to 4096, not '4097'" },
		{ "clients-max -1", "fwd.conf:1:13: 'clients-max' wants a number from 1 to 4096, not '-1'" },
		{ "clients-max", "fwd.conf:1:12: 'clients-max' wants a number from 1 to 4096, not ''" },
		{ "client-timeout 1 2", "fwd.conf:1:16: 'client-timeout' wants a number from 1 to 3600, not '1 2'" },
		{ "store fwd.db", "fwd.conf:1:7: 'store' wants a path that begins with '/', not 'fwd.db'" },
		{ "group", "fwd.conf:1:6: 'group' wants the name of a group, not ''" },
		{ "pins /a\nsocket /s\npins /b", "fwd.conf:3:6: 'pins' is already set in line 1" },
		{ long_path, "fwd.conf:1:8: 'socket' wants a path that begins with '/', of at most 107 bytes" },
	};
	char said[1024];

	memset(long_path + 8, 'x', sizeof(long_path) - 9);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct fw_diags ds;
		struct config c;

		assert_int_equal(parse(rows[i].text, &c, &ds), -EINVAL);
		assert_int_equal(ds.total, 1);
		fw_diag_format(&ds.d[0], said, sizeof(said));
		assert_memory_equal(said, rows[i].want, strlen(rows[i].want));
	}
}

static void every_error_is_told(void **state)
{
	struct fw_diags ds;
	struct config c;

	assert_int_equal(parse("a\nb\nsocket /x\nclients-max x\n", &c, &ds), -EINVAL);
	assert_int_equal(ds.total, 3);
}

/* The installed file names every setting, with the default of the table. */
static void installed_file(void **state)
{
	fw_autofree char *text = tree_text("etc/fwd.conf");
	struct config c, plain;
	struct fw_diags ds;

	for (size_t i = 0; i < config_settings.n; i++) {
		const struct fw_setting *s = &config_settings.rows[i];
		char line[FW_SETTING_TEXT * 2];

		snprintf(line, sizeof(line), "\n#%s%s%s\n", s->name, s->value[0] ? " " : "", s->value);
		char *at = strstr(text, line);

		assert_non_null(at);
		at[1] = ' ';
	}
	assert_int_equal(parse("", &plain, &ds), 0);
	assert_int_equal(parse(text, &c, &ds), 0);
	assert_memory_equal(&c, &plain, sizeof(c));
}

static void files(void **state)
{
	struct fw_diags ds = { .n = 0 };
	struct config c = { .socket = "" };

	fw_settings_defaults(&config_settings, &c);
	assert_int_equal(fw_settings_read(&config_settings, &c, "/nonexistent/fwd.conf", false, &ds), 0);
	assert_int_equal(ds.total, 0);
	assert_int_equal(fw_settings_read(&config_settings, &c, "/nonexistent/fwd.conf", true, &ds), -ENOENT);
	assert_int_equal(ds.total, 1);
	assert_int_equal(fw_settings_read(&config_settings, &c, "/", false, &ds), -EISDIR);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(defaults),       cmocka_unit_test(values),
		cmocka_unit_test(errors),         cmocka_unit_test(every_error_is_told),
		cmocka_unit_test(installed_file), cmocka_unit_test(files),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

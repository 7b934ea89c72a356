// SPDX-License-Identifier: GPL-2.0-only
/* The settings of a host in a fleet, and the targets of its probes. */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <arpa/inet.h>
#include <cmocka.h>

#include "fw/fleet/config.h"
#include "fw/fleet/probe.h"
#include "tests/unit/tree.h"

static int parse(const char *text, struct fw_fleet_config *c, struct fw_diags *ds)
{
	*c = (struct fw_fleet_config){ .fleet = "" };
	fw_settings_defaults(&fw_fleet_settings, c);
	*ds = (struct fw_diags){ .n = 0 };
	return fw_settings_parse(&fw_fleet_settings, c, text, strlen(text), "fleet.conf", ds);
}

static void values(void **state)
{
	struct fw_fleet_config c;
	struct fw_diags ds;

	assert_int_equal(parse("", &c, &ds), 0);
	assert_string_equal(c.keys, "/etc/fwd/fleet.keys");
	assert_string_equal(c.state, "/var/lib/fw-agent");
	assert_int_equal(c.drift, FW_DRIFT_REPORT);
	assert_int_equal(c.lead, 0);
	assert_int_equal(
		parse("fleet edge-1\nurl https://web/fleet\netcd http://a:2379,http://b:2379\nprobes tcp:10.0.0.1:22 "
		      "icmp:10.0.0.1\ndrift replace\nlead on\nlocal\nstatus",
		      &c, &ds),
		0);
	assert_string_equal(c.fleet, "edge-1");
	assert_string_equal(c.url, "https://web/fleet");
	assert_string_equal(c.etcd, "http://a:2379,http://b:2379");
	assert_string_equal(c.probes, "tcp:10.0.0.1:22 icmp:10.0.0.1");
	assert_int_equal(c.drift, FW_DRIFT_REPLACE);
	assert_int_equal(c.lead, 1);
	assert_string_equal(c.local, "");
	assert_string_equal(c.status, "");
}

static void errors(void **state)
{
	static const struct {
		const char *text, *want;
	} rows[] = {
		{ "fleet a b", "fleet.conf:1:7: 'fleet' wants up to 63 letters, digits, '-', '_' and '.', not 'a b'" },
		{ "fleet a/b", "fleet.conf:1:7: 'fleet' wants up to 63 letters" },
		{ "url web/fleet",
		  "fleet.conf:1:5: 'url' wants a URL that begins with http:// or https://, not 'web/fleet'" },
		{ "url file:///x", "fleet.conf:1:5: 'url' wants" },
		{ "poll 0", "fleet.conf:1:6: 'poll' wants a number from 1 to 86400, not '0'" },
		{ "confirm 1", "fleet.conf:1:9: 'confirm' wants a number from 5 to 3600, not '1'" },
		{ "probes tcp:web:80", "fleet.conf:1:8: 'probes' wants tcp:ADDRESS:PORT and icmp:ADDRESS" },
		{ "drift keep", "fleet.conf:1:7: 'drift' wants report or replace, not 'keep'" },
		{ "keys", "fleet.conf:1:5: 'keys' wants a path that begins with '/', not ''" },
		{ "lead yes", "fleet.conf:1:6: 'lead' wants off or on, not 'yes'" },
		{ "ring abcdefghijklmnopqrstuvwxyz123456", "fleet.conf:1:6: 'ring' wants up to 31 letters" },
	};
	char said[1024];

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct fw_fleet_config c;
		struct fw_diags ds;

		assert_int_equal(parse(rows[i].text, &c, &ds), -EINVAL);
		assert_int_equal(ds.total, 1);
		fw_diag_format(&ds.d[0], said, sizeof(said));
		assert_memory_equal(said, rows[i].want, strlen(rows[i].want));
	}
}

/* The installed file names every setting, with the default of the table. */
static void installed_file(void **state)
{
	fw_autofree char *text = tree_text("etc/fleet.conf");
	struct fw_fleet_config c, plain;
	struct fw_diags ds;

	for (size_t i = 0; i < fw_fleet_settings.n; i++) {
		const struct fw_setting *s = &fw_fleet_settings.rows[i];
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

static void targets(void **state)
{
	static const char *const wrong[] = {
		"tcp:10.0.0.1",
		"tcp:10.0.0.1:",
		"tcp:10.0.0.1:0",
		"tcp:10.0.0.1:65536",
		"tcp:10.0.0.1:1x",
		"tcp::80",
		"icmp:",
		"icmp:host",
		"icmp:2001:db8::1",
		"udp:10.0.0.1:53",
		"10.0.0.1",
		"icmp:[]",
		"icmp:[::1",
		"icmp:10.0.0.1,icmp:10.0.0.2",
	};
	struct fw_probes p;
	char address[INET6_ADDRSTRLEN];

	assert_int_equal(fw_probes_parse("  tcp:10.0.0.1:22  icmp:[2001:db8::1] tcp:[::1]:65535 ", &p), 0);
	assert_int_equal(p.n, 3);
	assert_int_equal(p.probe[0].kind, FW_PROBE_TCP);
	assert_int_equal(ntohs(p.probe[0].to.in.sin_port), 22);
	assert_string_equal(inet_ntop(AF_INET, &p.probe[0].to.in.sin_addr, address, sizeof(address)), "10.0.0.1");
	assert_int_equal(p.probe[1].kind, FW_PROBE_ICMP);
	assert_string_equal(inet_ntop(AF_INET6, &p.probe[1].to.in6.sin6_addr, address, sizeof(address)), "2001:db8::1");
	assert_string_equal(p.probe[1].name, "icmp:[2001:db8::1]");
	assert_int_equal(ntohs(p.probe[2].to.in6.sin6_port), 65535);
	assert_int_equal(fw_probes_parse("", &p), 0);
	assert_int_equal(p.n, 0);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++)
		assert_int_equal(fw_probes_parse(wrong[i], &p), -EINVAL);
}

/* As many as there is room for, and one more. */
static void many_targets(void **state)
{
	struct fw_probes p;
	char text[512] = "";

	for (int i = 0; i < FW_PROBES_MAX; i++)
		strcat(text, "icmp:10.0.0.1 ");
	assert_int_equal(fw_probes_parse(text, &p), 0);
	assert_int_equal(p.n, FW_PROBES_MAX);
	strcat(text, "icmp:10.0.0.1");
	assert_int_equal(fw_probes_parse(text, &p), -EINVAL);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(values),  cmocka_unit_test(errors),       cmocka_unit_test(installed_file),
		cmocka_unit_test(targets), cmocka_unit_test(many_targets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

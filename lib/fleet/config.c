// SPDX-License-Identifier: GPL-2.0-only
/* The table of settings of a host in a fleet. */
#include "fw/fleet/config.h"

#include "fw/client.h"
#include "fw/fleet/manifest.h"
#include "fw/fleet/probe.h"

#include <string.h>
#include <unistd.h>

#define DAY (24 * 60 * 60)

static const char *const drift_names[] = { "report", "replace" };
static const char *const off_on[] = { "off", "on" };

/* Of a fleet, a ring or a host. */
static int parse_name(const struct fw_setting *s, const char *value, void *field)
{
	return value[strspn(value, FW_FLEET_NAME_BYTES)] ? -EINVAL : fw_setting_text(s, value, field);
}

static int parse_url(const struct fw_setting *s, const char *value, void *field)
{
	if (value[0] && strncmp(value, "http://", 7) && strncmp(value, "https://", 8))
		return -EINVAL;
	return fw_setting_text(s, value, field);
}

static int parse_probes(const struct fw_setting *s, const char *value, void *field)
{
	struct fw_probes probes;

	return fw_probes_parse(value, &probes) ? -EINVAL : fw_setting_text(s, value, field);
}

#define AT(field) offsetof(struct fw_fleet_config, field)
#define PATH "a path that begins with '/'"
#define TEXT_MAX (FW_SETTING_TEXT - 1)

/* clang-format off */
static const struct fw_setting rows[] = {
	{ "fleet", "NAME", "name of the fleet", "",
	  "up to 63 letters, digits, '-', '_' and '.'", parse_name, AT(fleet), 0, FW_FLEET_NAME, NULL },
	{ "host", "NAME", "this host's name in the fleet (default: the machine's)", "",
	  "up to 253 letters, digits, '-', '_' and '.'", parse_name, AT(host), 0, 253, NULL },
	{ "url", "URL", "where the fleet's rulesets are: the folder of head, manifest/ and object/", "",
	  "a URL that begins with http:// or https://", parse_url, AT(url), 0, TEXT_MAX, NULL },
	{ "keys", "FILE", "public keys that are trusted, one a line", "/etc/fwd/fleet.keys",
	  PATH, fw_setting_path, AT(keys), 2, TEXT_MAX, NULL },
	{ "etcd", "URLS", "endpoints of etcd, separated by commas (default: none, and the agent polls URL/head)", "",
	  "URLs, separated by commas", fw_setting_text, AT(etcd), 0, TEXT_MAX, NULL },
	{ "user", "NAME", "user of etcd", "",
	  "the name of a user", fw_setting_text, AT(user), 0, TEXT_MAX, NULL },
	{ "password", "FILE", "file with the password of etcd's user", "",
	  PATH, fw_setting_path, AT(password), 0, TEXT_MAX, NULL },
	{ "ca", "FILE", "PEM file of the authorities that etcd's and the web server's certificates are checked by (default: the system's)", "",
	  PATH, fw_setting_path, AT(ca), 0, TEXT_MAX, NULL },
	{ "cert", "FILE", "PEM file of this host's certificate, for etcd and the web server; with key", "",
	  PATH, fw_setting_path, AT(cert), 0, TEXT_MAX, NULL },
	{ "key", "FILE", "PEM file of the certificate's private key", "",
	  PATH, fw_setting_path, AT(key), 0, TEXT_MAX, NULL },
	{ "ring", "NAME", "the ring that this host belongs to (default: as the fleet's rings say)", "",
	  "up to 31 letters, digits, '-', '_' and '.'", parse_name, AT(ring), 0, 31, NULL },
	{ "poll", "SECONDS", "how often URL/head is read, without etcd", "60",
	  "a number from 1 to 86400", fw_setting_number, AT(poll), 1, DAY, NULL },
	{ "confirm", "SECONDS", "how long a new ruleset is watched; fwd undoes it if it is not confirmed within that time", "30",
	  "a number from 5 to 3600", fw_setting_number, AT(confirm), 5, 3600, NULL },
	{ "probes", "TARGETS", "what this host must reach, tcp:ADDRESS:PORT or icmp:ADDRESS, separated by spaces", "",
	  "tcp:ADDRESS:PORT and icmp:ADDRESS, up to 16, separated by spaces; IPv6 addresses in brackets", parse_probes, AT(probes), 0, TEXT_MAX, NULL },
	{ "dropped", "POINTS", "percentage points by which the share of dropped packets may grow; 100: any", "20",
	  "a number from 1 to 100", fw_setting_number, AT(dropped), 1, 100, NULL },
	{ "drift", "WHAT", "what becomes of changes that others make to the fleet's rules: report, or replace them", "report",
	  "report or replace", fw_setting_choice, AT(drift), 0, 2, drift_names },
	{ "local", "FILE", "a ruleset of this host alone: while the file exists, the fleet's are not loaded", "/etc/fwd/local.rules",
	  PATH, fw_setting_path, AT(local), 0, TEXT_MAX, NULL },
	{ "state", "DIR", "what the agent remembers", "/var/lib/fw-agent",
	  PATH, fw_setting_path, AT(state), 2, TEXT_MAX, NULL },
	{ "status", "FILE", "where the agent writes its status, as JSON", "/run/fw-agent/status",
	  PATH, fw_setting_path, AT(status), 0, TEXT_MAX, NULL },
	{ "lead", "WHETHER", "on: this host takes part in leading rollouts; one of those leads at a time", "off",
	  "off or on", fw_setting_choice, AT(lead), 0, 2, off_on },
	{ "socket", "PATH", "fwd's socket", FW_CLIENT_SOCKET,
	  PATH ", of at most 107 bytes", fw_setting_path, AT(socket), 2, 107, NULL },
};
/* clang-format on */
_Static_assert(sizeof(rows) / sizeof(rows[0]) <= FW_SETTINGS_MAX, "room for each setting");
const struct fw_settings fw_fleet_settings = { rows, sizeof(rows) / sizeof(rows[0]) };

const char *fw_fleet_host(const struct fw_fleet_config *c, char out[FW_SETTING_TEXT])
{
	if (c->host[0])
		return c->host;
	if (gethostname(out, FW_SETTING_TEXT))
		out[0] = '\0';
	out[FW_SETTING_TEXT - 1] = '\0';
	return out;
}

// SPDX-License-Identifier: GPL-2.0-only
/* The table of settings. */
#include "settings.h"

#include "fw/client.h"
#include "fw/fleet/status.h"
#include "fw/pinned.h"
#include "fw/unix_socket.h"
#include "host.h"
#include "ctl/exporter/page/page.h"

#include <arpa/inet.h>
#include <string.h>

const char *const rules_names[RULES_NCHOICES] = { "selected", "all", "none" };

/* The path of a Unix socket, or an address; a link-local one may end with '%' and its interface. */
static int parse_address(const struct fw_setting *s, const char *value, void *field)
{
	if (value[0] == '/')
		return fw_setting_text(s, value, field);

	const char *zone = strchr(value, '%');
	size_t len = zone ? (size_t)(zone - value) : strlen(value);
	char address[INET6_ADDRSTRLEN] = "";
	struct in6_addr in;

	if (len >= sizeof(address) || (zone && !zone[1]))
		return -EINVAL;
	snprintf(address, sizeof(address), "%.*s", (int)len, value);
	if (inet_pton(AF_INET6, address, &in) != 1 && (zone || inet_pton(AF_INET, address, &in) != 1))
		return -EINVAL;
	return fw_setting_text(s, value, field);
}

static int parse_host(const struct fw_setting *s, const char *value, void *field)
{
	return !value[0] || hosts_valid(value) ? fw_setting_text(s, value, field) : -EINVAL;
}

/* Permissions of owner, group and others, without set-user-ID and the like. */
static int parse_mode(const struct fw_setting *s, const char *value, void *field)
{
	char *end;
	unsigned long v = strtoul(value, &end, 8);

	if (value[0] < '0' || value[0] > '7' || *end || v > 0777)
		return -EINVAL;
	*(unsigned *)field = (unsigned)v;
	return 0;
}

#define AT(field) offsetof(struct settings, field)
#define PATH "a path that begins with '/'"
#define PATH_MAX_BYTES (FW_SETTING_TEXT - 1)

/* clang-format off */
static const struct fw_setting rows[] = {
	{ "address", "ADDRESS", "where to listen: an address, or the path of a Unix socket", "127.0.0.1",
	  "an IPv4 or IPv6 address, such as 127.0.0.1, ::1, or :: for all, or a path of at most 107 bytes", parse_address,
	  AT(address), 2, FW_UNIX_PATH_MAX, NULL },
	{ "group", "GROUP", "group of the Unix socket, whose members may connect (default: the group that runs it)", "",
	  "the name of a group", fw_setting_text, AT(group), 1, 32, NULL },
	{ "mode", "MODE", "permissions of the Unix socket", "660",
	  "up to three octal digits, such as 660", parse_mode, AT(mode), 0, 0, NULL },
	{ "host", "NAMES", "names to answer to, separated by commas, besides addresses, localhost and the machine's own names", "",
	  "names of hosts, separated by commas", parse_host, AT(host), 0, FW_SETTING_TEXT - 1, NULL },
	{ "port", "PORT", "TCP port; 0: any that is free, which is logged", "9479",
	  "a number from 0 to 65535", fw_setting_number, AT(port), 0, 65535, NULL },
	{ "tls-cert", "FILE", "PEM file of certificates, for HTTPS; with --tls-key", "",
	  PATH, fw_setting_path, AT(tls_cert), 2, PATH_MAX_BYTES, NULL },
	{ "tls-key", "FILE", "PEM file of the certificate's private key", "",
	  PATH, fw_setting_path, AT(tls_key), 2, PATH_MAX_BYTES, NULL },
	{ "socket", "PATH", "fwd's socket", FW_CLIENT_SOCKET,
	  PATH ", of at most 107 bytes", fw_setting_path, AT(socket), 2, 107, NULL },
	{ "pins", "DIR", "fwd's folder in bpffs, for the time that fwd does not answer", FW_PINS,
	  PATH, fw_setting_path, AT(pins), 2, PATH_MAX_BYTES, NULL },
	{ "agent", "FILE", "fw-agent's status, on a host of a fleet; empty: no metrics of a fleet", FW_FLEET_STATUS,
	  PATH ", or nothing", fw_setting_path, AT(agent), 0, PATH_MAX_BYTES, NULL },
	{ "rules", "WHICH", "rules with series of their own: selected, all or none", "selected",
	  "selected, all or none", fw_setting_choice, AT(rules), 0, RULES_NCHOICES, rules_names },
	{ "max-rules", "N", "selected: of the rules with a name or the word `counter`, the N with the lowest ids", "1000",
	  "a number from 0 to 1000000", fw_setting_number, AT(max_rules), 0, 1000000, NULL },
	{ "top", "N", "selected: of the other rules, the N with the most packets", "20",
	  "a number from 0 to 10000", fw_setting_number, AT(top), 0, 10000, NULL },
	{ "clients-max", "N", "open connections; another one closes the one that has been idle longest", "64",
	  "a number from 1 to 4096", fw_setting_number, AT(clients_max), 1, 4096, NULL },
	{ "timeout", "SECONDS", "how long a client may take to send a request, and to read the answer", "30",
	  "a number from 1 to 3600", fw_setting_number, AT(timeout), 1, 3600, NULL },
	{ "format", "FORMAT", "format of --once: prometheus or openmetrics", "prometheus",
	  "prometheus or openmetrics", fw_setting_choice, AT(format), 0, PAGE_NFORMATS, page_format_names },
};
/* clang-format on */
_Static_assert(sizeof(rows) / sizeof(rows[0]) <= FW_SETTINGS_MAX, "room for each setting");
const struct fw_settings settings_table = { rows, sizeof(rows) / sizeof(rows[0]) };

bool settings_is_unix(const struct settings *c)
{
	return c->address[0] == '/';
}

int settings_check(const struct settings *c, struct fw_diags *ds)
{
	if (c->group[0] && !settings_is_unix(c))
		return fw_diag_add(ds, (struct fw_place){ 0 }, "give --address PATH", "--group needs a Unix socket");
	if (!c->tls_cert[0] == !c->tls_key[0])
		return 0;
	return fw_diag_add(ds, (struct fw_place){ 0 }, "give both, or none for plain HTTP", "--%s is missing",
			   c->tls_cert[0] ? "tls-key" : "tls-cert");
}

// SPDX-License-Identifier: GPL-2.0-only
/* The table of settings. */
#include "ctl/fwd/config.h"

#define AT(field) offsetof(struct config, field)

static const char *const off_on[] = { "off", "on" };

/* clang-format off */
static const struct fw_setting rows[] = {
	{ "socket", "PATH", "where clients connect", "/run/fwd/fwd.sock",
	  "a path that begins with '/', of at most 107 bytes", fw_setting_path, AT(socket), 2, 107, NULL },
	{ "store", "PATH", "the database of the ruleset and the attachments", "/var/lib/fwd/fwd.db",
	  "a path that begins with '/'", fw_setting_path, AT(store), 2, FW_SETTING_TEXT - 1, NULL },
	{ "pins", "DIR", "the folder in bpffs for what keeps filtering while fwd does not run", FW_PINS,
	  "a path that begins with '/'", fw_setting_path, AT(pins), 2, FW_SETTING_TEXT - 1, NULL },
	{ "pool", "KIND", "memory for the tables: `arena` (faster), `maps` (any kernel), or `auto`: an arena if the kernel has them",
	  "auto", "auto, arena or maps", fw_setting_choice, AT(pool), 0, FW_NPOOLS, fw_kern_pool_names },
	{ "rules", "PATH", "the ruleset to start with while the store has none, and to reload at SIGHUP", "",
	  "a path that begins with '/'", fw_setting_path, AT(rules), 0, FW_SETTING_TEXT - 1, NULL },
	{ "group", "GROUP", "members may connect and read, also the files of counters", "fwd",
	  "the name of a group", fw_setting_text, AT(group), 1, 32, NULL },
	{ "admin-group", "GROUP", "members may make changes, if they may connect", "fwd-admin",
	  "the name of a group", fw_setting_text, AT(admin_group), 1, 32, NULL },
	{ "owner", "USER", "the user who alone may change the ruleset, such as fw-agent for a fleet; empty: every administrator", "",
	  "the name of a user, or nothing", fw_setting_text, AT(owner), 0, 32, NULL },
	{ "local", "FILE", "while this file exists, `owner` does not apply; the same as in fleet.conf", "/etc/fwd/local.rules",
	  "a path that begins with '/', or nothing", fw_setting_path, AT(local), 0, FW_SETTING_TEXT - 1, NULL },
	{ "clients-max", "N", "open connections for each of: root, the admin group, readers", "128",
	  "a number from 1 to 4096", fw_setting_number, AT(clients_max), 1, 4096, NULL },
	{ "client-timeout", "SECONDS", "how long a client may stop in the middle of a request or a reply", "30",
	  "a number from 1 to 3600", fw_setting_number, AT(client_timeout), 1, 3600, NULL },
	{ "reject-rate", "N", "rejected packets that XDP and tc answer at most: in a second, and at once; 0: none", "1000",
	  "a number from 0 to 1000000", fw_setting_number, AT(reject_rate), 0, 1000000, NULL },
	{ "log-journal", "on|off", "write the packets that rules log to the journal", "off",
	  "on or off", fw_setting_choice, AT(log_journal), 0, 2, off_on },
};
/* clang-format on */
_Static_assert(sizeof(rows) / sizeof(rows[0]) <= FW_SETTINGS_MAX, "room for each setting");
const struct fw_settings config_settings = { rows, sizeof(rows) / sizeof(rows[0]) };

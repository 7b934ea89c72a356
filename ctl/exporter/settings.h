/* SPDX-License-Identifier: GPL-2.0-only */
/* The exporter's settings. */
#ifndef EXPORTER_SETTINGS_H
#define EXPORTER_SETTINGS_H

#include "fw/settings.h"

/* Which rules get series of their own. */
enum rules { RULES_SELECTED, RULES_ALL, RULES_NONE, RULES_NCHOICES };
extern const char *const rules_names[RULES_NCHOICES]; /* as in the request to fwd */

struct settings {
	char address[FW_SETTING_TEXT]; /* or the path of a Unix socket */
	char group[FW_SETTING_TEXT];   /* of the Unix socket; empty: that of the process */
	unsigned mode;                 /* of the Unix socket */
	char host[FW_SETTING_TEXT];    /* names separated by commas; empty: none */
	unsigned port;
	char tls_cert[FW_SETTING_TEXT], tls_key[FW_SETTING_TEXT]; /* empty: none */
	char socket[FW_SETTING_TEXT];
	char pins[FW_SETTING_TEXT];
	char agent[FW_SETTING_TEXT]; /* fw-agent's status; empty: none */
	unsigned rules;              /* enum rules */
	unsigned max_rules, top;
	unsigned clients_max;
	unsigned timeout; /* seconds */
	unsigned format;  /* enum page_format, of --once */
};

extern const struct fw_settings settings_table;

/* Is the address the path of a Unix socket? */
bool settings_is_unix(const struct settings *c);
/* Are they consistent? Return: 0, or -EINVAL with a diagnostic. */
int settings_check(const struct settings *c, struct fw_diags *ds);

#endif

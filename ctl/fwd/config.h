/* SPDX-License-Identifier: GPL-2.0-only */
/* The daemon's settings. */
#ifndef FWD_CONFIG_H
#define FWD_CONFIG_H

#include "fw/kern.h"
#include "fw/settings.h"

#define CONFIG_DEFAULT_FILE "/etc/fwd/fwd.conf"

struct config {
	char socket[FW_SETTING_TEXT];
	char store[FW_SETTING_TEXT];
	char pins[FW_SETTING_TEXT];
	enum fw_kern_pool pool;
	char rules[FW_SETTING_TEXT]; /* empty: none */
	char group[FW_SETTING_TEXT];
	char admin_group[FW_SETTING_TEXT];
	char owner[FW_SETTING_TEXT]; /* empty: none */
	char local[FW_SETTING_TEXT]; /* while this file exists, there is no owner; empty: none */
	unsigned clients_max;
	unsigned client_timeout; /* seconds */
	unsigned reject_rate;
	unsigned log_journal; /* 1: packets that rules log go to the journal too */
};

extern const struct fw_settings config_settings;

#endif

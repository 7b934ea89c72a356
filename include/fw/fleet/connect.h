/* SPDX-License-Identifier: GPL-2.0-only */
/* How the programs of a fleet reach its etcd, by the settings of a host. */
#ifndef FW_FLEET_CONNECT_H
#define FW_FLEET_CONNECT_H

#include "fw/fleet/config.h"
#include "fw/fleet/etcd.h"

#define FW_FLEET_TIMEOUT 10.0 /* seconds of an operation on etcd */

struct fw_fleet_access {
	char password[FW_SETTING_TEXT];
	struct fw_http_identity identity; /* of etcd and of the web server */
	struct fw_etcd_settings etcd;
};
/**
 * fw_fleet_access - read the password, and put together what fw_etcd_open() takes
 * @c:    borrowed by @out
 * @name: the file that the settings are from, for diagnostics
 * @out:  stays in place while it is used: it refers to itself
 * Return: 0, or -EINVAL with a diagnostic: no fleet, no etcd, a password that cannot be read.
 */
int fw_fleet_access(const struct fw_fleet_config *c, const char *name, struct fw_fleet_access *out,
		    struct fw_diags *ds);

#endif

// SPDX-License-Identifier: GPL-2.0-only
/* From the settings of a host to the connection with etcd. */
#include "fw/fleet/connect.h"

#include <string.h>

/* The password is the first line of its file. */
static int read_password(const char *path, char out[FW_SETTING_TEXT], struct fw_diags *ds)
{
	fw_autofree char *text = NULL;
	size_t len;
	int err = fw_file_read(path, FW_FILE_NO_DEVICE, FW_SETTING_TEXT, &text, &len);

	if (err)
		return fw_diag_add(ds, (struct fw_place){ .file = path }, NULL,
				   "cannot read the password of etcd's user: %s", strerror(-err));
	len = strcspn(text, "\n");
	if (!len || len >= FW_SETTING_TEXT)
		return fw_diag_add(ds, (struct fw_place){ .file = path, .line = 1 }, NULL,
				   "the password of etcd's user has to have 1 to %d bytes", FW_SETTING_TEXT - 1);
	memcpy(out, text, len);
	out[len] = '\0';
	explicit_bzero(text, len);
	return 0;
}

int fw_fleet_access(const struct fw_fleet_config *c, const char *name, struct fw_fleet_access *out, struct fw_diags *ds)
{
	const struct fw_place at = { .file = name };

	*out = (struct fw_fleet_access){ .password = "" };
	if (!c->fleet[0])
		return fw_diag_add(ds, at, "a line such as `fleet edge`", "it does not name the fleet");
	if (!c->etcd[0])
		return fw_diag_add(ds, at, "a line such as `etcd https://192.0.2.1:2379,https://192.0.2.2:2379`",
				   "it does not name the endpoints of etcd");
	if (c->password[0] && read_password(c->password, out->password, ds))
		return -EINVAL;
	out->identity = (struct fw_http_identity){ .ca = c->ca, .cert = c->cert, .key = c->key };
	out->etcd = (struct fw_etcd_settings){ .endpoints = c->etcd,
					       .user = c->user,
					       .password = out->password,
					       .identity = out->identity,
					       .timeout = FW_FLEET_TIMEOUT };
	return 0;
}

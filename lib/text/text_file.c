// SPDX-License-Identifier: GPL-2.0-only
/* Files of rules and of sets into memory. */
#include "lib/text/internal.h"

#define FILE_BYTES_MAX ((size_t)1 << 30)

int fw_text_file_read(const char *path, struct fw_place at, struct fw_diags *ds, char **text, size_t *len)
{
	enum fw_file_kind kind = path ? FW_FILE_NO_DEVICE : FW_FILE_ANY;
	int err = fw_file_read(path, kind, FILE_BYTES_MAX, text, len);

	if (err == -ENODEV)
		fw_diag_add(ds, at, "name a file or a pipe", "cannot read '%s': it is a device", path);
	else if (err && err != -ENOMEM)
		fw_diag_add(ds, at, NULL, "cannot read '%s': %s", path ? path : "standard input", strerror(-err));
	return err;
}

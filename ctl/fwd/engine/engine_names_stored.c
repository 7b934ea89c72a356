// SPDX-License-Identifier: GPL-2.0-only
/* Names of interfaces by number, in the store, since tables of a process before use these numbers. */
#include "engine_internal.h"

#include <string.h>

#define SETTING \
	"interfaces" /* names by number, one a line; for a number without a name, one that no interface can have */

int names_write(struct engine *e, struct fw_ruleset *rs, struct fw_diags *ds)
{
	fw_cleanup(fw_buf_free) struct fw_buf b = { 0 };
	int err;

	for (size_t i = 0; i < rs->nifaces; i++)
		if (rs->ifaces[i].name)
			fw_buf_printf(&b, "%s\n", rs->ifaces[i].name);
		else
			fw_buf_printf(&b, "/%zu\n", i);
	if (b.failed)
		return -ENOMEM;
	err = store_set(e->store, SETTING, b.text ? b.text : "", ds);
	if (err)
		return err;
	e->names_stored = rs->ifaces_named;
	fw_ruleset_ifaces_settle(rs);
	return 0;
}

int names_store(struct engine *e, struct fw_ruleset *rs, struct fw_diags *ds)
{
	e->names_stuck = false;
	return rs->ifaces_fresh ? names_write(e, rs, ds) : 0;
}

int names_restore(struct engine *e, struct fw_ruleset *rs)
{
	fw_autofree char *names = NULL;
	char *save = NULL;
	int err = store_get(e->store, SETTING, &names);

	if (err)
		return err == -ENOENT ? 0 : err;
	for (char *name = strtok_r(names, "\n", &save); name && !err; name = strtok_r(NULL, "\n", &save))
		err = fw_ruleset_iface_append(rs, name[0] == '/' ? NULL : name);
	fw_ruleset_ifaces_settle(rs);
	return err;
}

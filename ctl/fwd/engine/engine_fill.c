// SPDX-License-Identifier: GPL-2.0-only
/* Built-in sets get the addresses of this network namespace, before packets see their ruleset. */
#include "engine_internal.h"

#include "fw/own_addresses.h"

#include <string.h>

int own_read(const struct engine *e, struct fw_own_addresses *out, struct fw_diags *ds)
{
	int err = e->own.fake ? e->own.fake(out) : fw_own_addresses_read(out);

	if (err && ds)
		fw_diag_add(ds, (struct fw_place){ 0 }, "rules name @local or @broadcast: try again, or name addresses",
			    "cannot ask the kernel for the addresses of this machine: %s", strerror(-err));
	return err;
}

int own_fill(const struct engine *e, struct fw_ruleset *rs, struct fw_diags *ds)
{
	struct fw_own_addresses own = { 0 };
	int err = fw_ruleset_wants_own(rs, false) ? own_read(e, &own, ds) : 0;

	if (!err)
		err = fw_ruleset_fill(rs, &own);
	fw_own_addresses_free(&own);
	return err;
}

int own_fill_edit(const struct engine *e, struct fw_edit *edit, struct fw_diags *ds)
{
	struct fw_own_addresses own = { 0 };
	int err;

	if (!fw_ruleset_wants_own(edit->rs, true))
		return 0;
	err = own_read(e, &own, ds);
	if (!err)
		err = fw_edit_fill(edit, &own);
	fw_own_addresses_free(&own);
	return err;
}

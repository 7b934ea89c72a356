// SPDX-License-Identifier: GPL-2.0-only
/* Diagnostics for errors that have none yet. */
#include "engine_internal.h"

#include <string.h>

void engine_explain(int err, const char *what, struct fw_diags *ds)
{
	if (ds->n)
		return;
	fw_diag_add(ds, (struct fw_place){ 0 },
		    err == -ENOSPC ? "fewer rules, or fewer distinct ones, need less room" : NULL, "cannot %s: %s",
		    what, err == -ENOSPC ? "the tables have no room left" : strerror(-err));
}

int engine_kernel_error(int err, const char *what, struct fw_diags *ds)
{
	if (err)
		fw_diag_add(ds, (struct fw_place){ 0 }, NULL, "the kernel cannot %s: %s", what, strerror(-err));
	return err;
}

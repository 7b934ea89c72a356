// SPDX-License-Identifier: GPL-2.0-only
/* A ruleset and the tables compiled from it. */
#include "fw/live.h"
#include "fw/tables.h"

void fw_compiled_free(struct fw_compiled *c)
{
	if (!c)
		return;
	fw_image_free(&c->image);
	if (c->free) {
		c->free(c);
		return;
	}
	fw_ruleset_free(c->rs);
	free(c);
}

int fw_live_compile(const struct fw_live *live, struct fw_compiled *c, struct fw_diags *ds)
{
	int err = fw_ruleset_order(c->rs);

	if (err)
		return err;
	return (c->restored ? fw_tables_restore : fw_tables_compile)(c->rs, live->pool, &live->options.compile, ds,
								     &c->image);
}

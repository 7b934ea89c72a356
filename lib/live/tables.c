// SPDX-License-Identifier: GPL-2.0-only
/* From rules to tables in one step. */
#include "fw/lower.h"
#include "fw/tables.h"

static int compile(struct fw_ruleset *rs, bool check, struct fw_pool *pool, const struct fw_compile_options *options,
		   struct fw_diags *ds, struct fw_image *out)
{
	struct fw_lowered l;
	int err = fw_lower(rs, ds, &l);

	if (err)
		return err;
	if (check)
		err = fw_turns_check(rs, ds);
	if (!err)
		err = fw_compile(&l, pool, options, ds, out);
	fw_lowered_free(&l);
	return err;
}

int fw_tables_compile(struct fw_ruleset *rs, struct fw_pool *pool, const struct fw_compile_options *options,
		      struct fw_diags *ds, struct fw_image *out)
{
	return compile(rs, true, pool, options, ds, out);
}

int fw_tables_restore(struct fw_ruleset *rs, struct fw_pool *pool, const struct fw_compile_options *options,
		      struct fw_diags *ds, struct fw_image *out)
{
	return compile(rs, false, pool, options, ds, out);
}

int fw_tables_update(struct fw_image *image, struct fw_edit *e, struct fw_diags *ds, struct fw_update **out)
{
	struct fw_lowered_edit l;
	int err = fw_lower_edit(e, ds, &l);

	if (err)
		return err;
	err = fw_turns_check_edit(e, ds);
	if (!err)
		err = fw_update_prepare(image, &l, ds, out);
	fw_lowered_edit_free(&l);
	return err;
}

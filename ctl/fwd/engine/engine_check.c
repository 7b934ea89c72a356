// SPDX-License-Identifier: GPL-2.0-only
/* Checks a store: everything that starting fwd on it would do, without a kernel. */
#include "fw/tables.h"

#include "engine_internal.h"

#include <string.h>

static void pool_freep(struct fw_pool **pool)
{
	fw_pool_free(*pool);
}

static int compile(struct fw_ruleset *rs, struct fw_diags *ds)
{
	fw_cleanup(pool_freep) struct fw_pool *pool = NULL;
	fw_cleanup(fw_image_free) struct fw_image image = { 0 };
	const char *reason = NULL;
	int err = fw_pool_new(&pool);

	if (!err)
		err = fw_tables_compile(rs, pool, NULL, ds, &image);
	if (err || !fw_image_validate(pool, image.root, &reason))
		return err;
	return fw_diag_add(ds, (struct fw_place){ 0 }, "report it, with the store: it is a defect of fwd",
			   "its tables are wrong: %s", reason);
}

static int check_ruleset(struct engine *e, struct engine_stored *out, struct fw_diags *ds)
{
	fw_cleanup(stored_free) struct stored st = { .rs = NULL };
	int err = stored_read(e, &(struct stored_options){ .files = true }, &st, ds);

	if (!err)
		err = compile(st.rs, ds);
	if (err)
		return err;
	*out = (struct engine_stored){ .rules = st.rs->nrules, .changes = st.changes, .held = st.loaded || st.changes };
	for (size_t i = 0; i < st.rs->nsets; i++)
		out->sets += st.rs->sets[i].name != NULL;
	return 0;
}

int engine_check_store(struct store *s, struct engine_stored *out, struct fw_diags *ds)
{
	struct engine e = { .store = s };
	struct engine_stored before;
	int err = store_check(s, ds);

	if (!err)
		err = check_ruleset(&e, out, ds);
	if (err || !store_keeps(s))
		return err;
	/* The ruleset that it may go back to; @s is a copy. */
	out->waits = true;
	err = store_rollback(s, &(struct store_change){ .len = 0 }, ds);
	return err ? err : check_ruleset(&e, &before, ds);
}

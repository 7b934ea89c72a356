/* SPDX-License-Identifier: GPL-2.0-only */
/* From rules to tables in one step: lowered, then compiled. */
#ifndef FW_TABLES_OF_RULES_H
#define FW_TABLES_OF_RULES_H

#include "fw/compile.h"
#include "fw/edit.h"

/* As fw_compile(). @rs: in order (fw_ruleset_order()); it must outlive the image, if the image is to be updated. */
int fw_tables_compile(struct fw_ruleset *rs, struct fw_pool *pool, const struct fw_compile_options *options,
		      struct fw_diags *ds, struct fw_image *out);
/*
 * The same for a ruleset that was accepted before. More rules that let a packet go on may match one packet by now, since
 * dynamic sets have other elements: such a packet gets the policy FW_R_TURNS, and the ruleset is not refused.
 */
int fw_tables_restore(struct fw_ruleset *rs, struct fw_pool *pool, const struct fw_compile_options *options,
		      struct fw_diags *ds, struct fw_image *out);
/* As fw_update_prepare(). @e: settled (fw_edit_settle()), and open until the update ends. */
int fw_tables_update(struct fw_image *image, struct fw_edit *e, struct fw_diags *ds, struct fw_update **out);

#endif

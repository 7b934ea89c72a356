/* SPDX-License-Identifier: GPL-2.0-only */
/* The table of skips. Private to lib/compile. */
#ifndef FW_COMPILE_SKIP_H
#define FW_COMPILE_SKIP_H

#include "tables.h"

/* Writes a table, and its place into a root: 0, -E2BIG with a diagnostic, -ENOMEM, -ENOSPC. @skips: in the order of ranks. */
int skips_write(struct fw_tables *t, const struct fw_skip *skips, size_t n, struct fw_root *root);
/* Writes the table after an update, if that differs, and its place into the next root. Errors as of skips_write(). */
int skips_prepare(struct fw_tables *t, const struct fw_lowered_edit *l, struct fw_root *root);
/* The update ends; @root: the next one. Frees its table, or on @commit, a grace period later, that of t->root. */
void skips_end(struct fw_tables *t, const struct fw_root *root, bool commit);
/* The lines that a root's table has. */
uint32_t skips_lines(const struct fw_root *root);

#endif

/* SPDX-License-Identifier: GPL-2.0-only */
/* Texts of rules: see engine_text.c. */
#ifndef FWD_ENGINE_TEXT_H
#define FWD_ENGINE_TEXT_H

#include "engine.h"

/* For struct fw_files: the context is a struct store_text. 0 or -ENOENT. */
int text_find_file(void *ctx, const char *path, const char **text, size_t *len);
/* @accepted: the text was accepted before, so it may name what a new one may not. 0, -errno with diagnostics. */
int text_parse(const struct store_text *t, bool accepted, struct fw_ruleset *rs, struct fw_diags *ds);
/*
 * Refuses what a full disk or an empty template leaves behind, and what would open everything: a text without rules in the
 * place of a ruleset that has some, and one that contains nothing at all. 0, or -EINVAL with a diagnostic.
 */
int text_check_empty(const struct engine_load *l, const struct fw_ruleset *rs, const struct fw_ruleset *old,
		     struct fw_diags *ds);

#endif

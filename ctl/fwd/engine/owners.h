/* SPDX-License-Identifier: GPL-2.0-only */
/* What those may change who are no administrators: rules of chains that a group of theirs owns. */
#ifndef FWD_OWNERS_H
#define FWD_OWNERS_H

#include "fw/edit.h"

/*
 * The groups that own chains and of which @is_in says that somebody is a member: malloc()ed, the caller's, never NULL. 0 or -ENOMEM.
 */
int owners_of(const struct fw_ruleset *rs, bool (*is_in)(void *ctx, uint32_t group), void *ctx, uint32_t **out,
	      size_t *n);
/* Does the edit change only rules of chains that these groups own? 0, or -EPERM with a diagnostic. */
int owners_check(const struct fw_edit *e, const uint32_t *owners, size_t n, struct fw_diags *ds);

#endif

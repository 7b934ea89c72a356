/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What those may change who may not change everything. A chain may have an owner, a group, whose members change its rules. The
 * rest of the ruleset is the administrators', or belongs to the user whom fwd's setting `owner` names.
 */
#ifndef FWD_OWNERS_H
#define FWD_OWNERS_H

#include "fw/edit.h"

struct owners_rights {
	const uint32_t *groups; /* whose chains' rules may be changed */
	size_t n;
	bool admin;        /* rules of all chains that a group owns may be, and elements of dynamic sets */
	const char *owner; /* of the ruleset, for messages; NULL: the administrators */
};

/*
 * The groups that own chains and of which @is_in says that somebody is a member: malloc()ed, the caller's, never NULL. 0 or -ENOMEM.
 */
int owners_of(const struct fw_ruleset *rs, bool (*is_in)(void *ctx, uint32_t group), void *ctx, uint32_t **out,
	      size_t *n);
/* Does the edit, which must be settled, change only what it may? 0, or -EPERM with a diagnostic. */
int owners_check(const struct fw_edit *e, const struct owners_rights *r, struct fw_diags *ds);
/* Somebody else than the owner of the ruleset wants to @what: "load it". -EPERM with a diagnostic. */
int owners_refuse(const char *owner, const char *what, struct fw_diags *ds);

#endif

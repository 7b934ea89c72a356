/* SPDX-License-Identifier: GPL-2.0-only */
/* The rules that become several instances. Private to lib/lower. */
#ifndef FW_INLINE_H
#define FW_INLINE_H

#include "expand.h"

/* Makes the instances that are missing, in a ruleset that is not in use, or where none are. Errors as of fw_expand(). */
int lower_inline(struct fw_ruleset *rs, struct fw_diags *ds);
/* Makes those that an edit asks for, as a part of it; once more: nothing is left to do. */
int lower_inline_edit(struct fw_edit *e, struct fw_diags *ds);

#endif

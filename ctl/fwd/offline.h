/* SPDX-License-Identifier: GPL-2.0-only */
/* What can be done with a store while fwd is not running. */
#ifndef FWD_OFFLINE_H
#define FWD_OFFLINE_H

#include "ctl/fwd/config.h"

/* Both print to standard output what they found and did. 0, or -errno with diagnostics. */
int offline_check(const struct config *c, struct fw_diags *ds);
/* Replaces the store of the settings by a copy of the store @from; the former one is kept under another name next to it. */
int offline_restore(const struct config *c, const char *from, struct fw_diags *ds);

#endif

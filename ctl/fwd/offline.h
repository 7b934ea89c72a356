/* SPDX-License-Identifier: GPL-2.0-only */
/* What is done to a store while fwd does not run. */
#ifndef FWD_OFFLINE_H
#define FWD_OFFLINE_H

#include "ctl/fwd/config.h"

/* Both say on standard output what they found and did. 0, or -errno with diagnostics. */
int offline_check(const struct config *c, struct fw_diags *ds);
/* Puts the store @from in the place of the one of the settings, which stays beside under another name. */
int offline_restore(const struct config *c, const char *from, struct fw_diags *ds);

#endif

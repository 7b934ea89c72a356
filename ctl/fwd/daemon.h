/* SPDX-License-Identifier: GPL-2.0-only */
/* From a configuration to a filter, and back. */
#ifndef FWD_DAEMON_H
#define FWD_DAEMON_H

#include "ctl/fwd/config.h"

/* Serves until SIGTERM or SIGINT; filtering goes on then. 0, or -errno with diagnostics: it could not start. */
int daemon_run(const struct config *c, struct fw_diags *ds);
/* Nothing is filtered any more, until the next start. 0, or -errno with diagnostics. */
int daemon_detach(const struct config *c, struct fw_diags *ds);

#endif

/* SPDX-License-Identifier: GPL-2.0-only */
/* Running the daemon, and ending the filtering that a former one has left. */
#ifndef FWD_DAEMON_H
#define FWD_DAEMON_H

#include "ctl/fwd/config.h"

/* Serves until SIGTERM or SIGINT; filtering continues after that. 0, or -errno with diagnostics: it could not start. */
int daemon_run(const struct config *c, struct fw_diags *ds);
/* Stops filtering until the next start. 0, or -errno with diagnostics. */
int daemon_detach(const struct config *c, struct fw_diags *ds);

#endif

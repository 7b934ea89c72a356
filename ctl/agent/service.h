/* SPDX-License-Identifier: GPL-2.0-only */
/* fw-agent as a service: the agent with the real host around it, and a candidate for the lead. */
#ifndef AGENT_SERVICE_H
#define AGENT_SERVICE_H

#include "fw/fleet/config.h"

/* Are all settings there that an agent needs, and the keys readable? 0, or -errno with diagnostics. */
int service_check(const struct fw_fleet_config *c, struct fw_diags *ds);
/* Runs until a signal ends it. 0, or -errno with diagnostics, or without. */
int service_run(const struct fw_fleet_config *c, struct fw_diags *ds);

#endif

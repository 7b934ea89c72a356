/* SPDX-License-Identifier: GPL-2.0-only */
/* What fw-agent says about this host, for `fwctl status`. */
#ifndef FWCTL_FLEET_STATUS_H
#define FWCTL_FLEET_STATUS_H

#include "ctl/fwctl/command_line/command.h"

/* Prints it as rows of the table, or as an object {"fleet"}; nothing on a host without a fleet. */
void ctl_fleet_status(const struct ctl_settings *s);

#endif

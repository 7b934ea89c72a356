/* SPDX-License-Identifier: GPL-2.0-only */
/* What commands show while fwd does not run: what the kernel goes on with, read from what fwd has pinned. */
#ifndef FWCTL_LEFT_H
#define FWCTL_LEFT_H

#include "ctl/fwctl/ctl.h"

/* Called when fwd was found not to run, and it was said. Return: enum ctl_exit. */
int ctl_left_counters(const struct ctl_settings *s);
/* CTL_NO_DAEMON, whatever there is to show. */
int ctl_left_status(const struct ctl_settings *s);
/* An interface, as in the status. */
void ctl_print_device(const json_t *device);

#endif

/* SPDX-License-Identifier: GPL-2.0-only */
/* What commands show while fwd is not running: the state in the kernel, read from fwd's pins. */
#ifndef FWCTL_PINNED_H
#define FWCTL_PINNED_H

#include "ctl/fwctl/command_line/command.h"

/* For `fwctl counters`, after fwd was found not to run and that was printed. Return: enum ctl_exit. */
int ctl_pinned_counters(const struct ctl_settings *s);
/* The same for `fwctl status`. Return: CTL_NO_DAEMON, whether there is state or not. */
int ctl_pinned_status(const struct ctl_settings *s);

#endif

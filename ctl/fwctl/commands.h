/* SPDX-License-Identifier: GPL-2.0-only */
/* The table of commands. */
#ifndef FWCTL_COMMANDS_H
#define FWCTL_COMMANDS_H

#include "command_line/command.h"

/* All commands, ended by NULL, in the order in which help and manual list them. */
extern const struct ctl_command *const ctl_commands[];

#endif

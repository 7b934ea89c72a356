/* SPDX-License-Identifier: GPL-2.0-only */
/* Usage and help, written from the table of commands. */
#ifndef FWCTL_HELP_H
#define FWCTL_HELP_H

#include "ctl/fwctl/command_line/command.h"

#include <stdio.h>

/* How fwctl is called, and a line for each command. @commands: ended by NULL. */
void ctl_print_usage(FILE *f, const struct ctl_command *const *commands);
/* What a command does and takes, on standard output. */
void ctl_print_help(const struct ctl_command *cmd);

/* The commands of this folder; they read the table in struct ctl_settings. */
extern const struct ctl_command ctl_help, ctl_man, ctl_completion;

#endif

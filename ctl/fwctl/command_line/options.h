/* SPDX-License-Identifier: GPL-2.0-only */
/* From an argument vector to settings and operands. */
#ifndef FWCTL_OPTIONS_H
#define FWCTL_OPTIONS_H

#include "command.h"

/* Reads the options before the command; @args: first the program's, then what follows. Return: as ctl_options_parse(). */
int ctl_options_global(struct ctl_arguments *args, struct ctl_settings *s);
/**
 * ctl_options_parse - reads the options and operands of a command
 * @args: first the last word of the command and what follows; then the operands
 * @s:    as ctl_options_global() left it
 * Return: 0; CTL_USAGE: an error, which is printed; -1: --help was given.
 */
int ctl_options_parse(const struct ctl_command *cmd, struct ctl_arguments *args, struct ctl_settings *s);
/* Calls @each for every option that a command takes, the global ones last. */
void ctl_options_each(const struct ctl_command *cmd, void (*each)(const struct ctl_option *o, void *ctx), void *ctx);

#endif

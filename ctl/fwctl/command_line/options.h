/* SPDX-License-Identifier: GPL-2.0-only */
/* From an argument vector to settings and operands. */
#ifndef FWCTL_OPTIONS_H
#define FWCTL_OPTIONS_H

#include "command.h"

/*
 * Options in front of the command: @argc and @argv become what is left. Return as ctl_options_parse().
 */
int ctl_options_global(int *argc, char ***argv, struct ctl_settings *s);
/**
 * ctl_options_parse - the options and operands of a command
 * @argv:     argv[0] is the command's last word
 * @s:        as ctl_options_global() left it
 * @operands: those that are not options, inside @argv; @n of them
 * Return: 0; CTL_USAGE when it is wrong, and said so; -1 when help was asked for.
 */
int ctl_options_parse(const struct ctl_command *cmd, int argc, char **argv, struct ctl_settings *s, int *n,
		      char ***operands);
/* Calls @each for every option that a command takes, the global ones last. */
void ctl_options_each(const struct ctl_command *cmd, void (*each)(const struct ctl_option *o, void *ctx), void *ctx);

#endif

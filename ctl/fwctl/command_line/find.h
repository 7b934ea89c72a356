/* SPDX-License-Identifier: GPL-2.0-only */
/* Finding the command that an argument vector names, or the one that was probably meant. */
#ifndef FWCTL_FIND_H
#define FWCTL_FIND_H

#include "command.h"

/**
 * ctl_command_find - the command that an argument vector begins with
 * @commands: all of them, ended by NULL
 * @argv:     @argc words, at least one
 * @words:    how many of them name it
 * Return: NULL: there is none; an error with a suggestion is printed.
 */
const struct ctl_command *ctl_command_find(const struct ctl_command *const *commands, int argc, char **argv,
					   int *words);
/* The command that does what other firewalls call @word; NULL: none. */
const char *ctl_other_command(const char *word);

#endif

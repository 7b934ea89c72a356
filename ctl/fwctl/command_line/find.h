/* SPDX-License-Identifier: GPL-2.0-only */
/* Which command an argument vector names, and which one was meant by a word that names none. */
#ifndef FWCTL_FIND_H
#define FWCTL_FIND_H

#include "command.h"

/**
 * ctl_command_find - the command that an argument vector begins with
 * @commands: all of them, ended by NULL
 * @argv:     @argc words, at least one
 * @words:    how many of them name it
 * Return: NULL when there is none, which is printed with what could have been meant.
 */
const struct ctl_command *ctl_command_find(const struct ctl_command *const *commands, int argc, char **argv,
					   int *words);
/* The command that does what other firewalls call @word; NULL: none. */
const char *ctl_other_command(const char *word);

#endif

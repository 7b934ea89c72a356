/* SPDX-License-Identifier: GPL-2.0-only */
/* The completion scripts: a writer for each shell, and what they share. All is written from the table of commands. */
#ifndef FWCTL_COMPLETION_H
#define FWCTL_COMPLETION_H

#include "help.h"

/* Write the script of a shell to standard output. */
void completion_bash(const struct ctl_command *const *commands);
void completion_zsh(const struct ctl_command *const *commands);

/* Writes the letters by which the scripts know kinds of operands; '@' and '!' are words. */
void completion_kinds(unsigned kinds);
/* Calls @each for a word whose value follows it: letters of kinds ('A': sets with '@'), and values separated by blanks. */
void completion_fields(void (*each)(const char *word, const char *letters, const char *values));
/* Writes the shell function that finds such a word on the line; both shells have the same. */
void completion_field_function(void);
/* Writes the words of kinds of operands, each after a blank: of the rule language, of commands. */
void completion_words(const struct ctl_command *const *commands, unsigned kinds);
/* Is @c the first of the commands that share its first word, which is @len bytes long? */
bool completion_first(const struct ctl_command *const *commands, const struct ctl_command *const *c, size_t *len);

#endif

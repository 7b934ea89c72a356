/* SPDX-License-Identifier: GPL-2.0-only */
/* What the scripts that complete fwctl's command lines share: one writer a shell, all of them from the table of commands. */
#ifndef FWCTL_COMPLETION_H
#define FWCTL_COMPLETION_H

#include "help.h"

/* Write the script to standard output. */
void completion_bash(const struct ctl_command *const *commands);
void completion_zsh(const struct ctl_command *const *commands);

/* The letters of kinds of operands, as the scripts know them; '@' and '!' stand for words. */
void completion_kinds(unsigned kinds);
/* A word whose value is typed next: what that may be, letters of kinds ('A': sets with '@') and words between blanks. */
void completion_fields(void (*each)(const char *word, const char *letters, const char *values));
/* Writes the function of both scripts that finds such a word on the line. */
void completion_field_function(void);
/* The words that go with kinds of operands, each with a blank in front: of the rule language, of commands. */
void completion_words(const struct ctl_command *const *commands, unsigned kinds);
/* Is @c the first of those commands (of two words, or one) that begin with its first word, @len bytes long? */
bool completion_first(const struct ctl_command *const *commands, const struct ctl_command *const *c, size_t *len);

#endif

/* SPDX-License-Identifier: GPL-2.0-only */
/* Words of a command line as one line of the rule language. */
#ifndef FWCTL_LINE_H
#define FWCTL_LINE_H

#include "fw/text.h"

/**
 * ctl_line_join - appends words to a line, with blanks between
 * @prefix: what the line begins with
 * Words are taken unchanged; only the one after `comment` becomes a string.
 * Return: 0, -EINVAL (a line break), -ENOMEM; an error is printed.
 */
int ctl_line_join(const char *prefix, int n, char *const *words, struct fw_buf *out);
/* Appends a word as a string of the rule language, unless it is one. */
void ctl_line_string(struct fw_buf *out, const char *word);

#endif

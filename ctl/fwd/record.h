/* SPDX-License-Identifier: GPL-2.0-only */
/* What was done, by whom and with what result, in words that are safe to print. Pure. */
#ifndef FWD_RECORD_H
#define FWD_RECORD_H

#include "fw/base.h"

/**
 * record_text - a text as one line: control characters become \n, \t or \x1b, what does not fit "..."
 * @text: of @len bytes
 * Return: @out, ended by NUL.
 */
char *record_text(char *out, size_t size, const char *text, size_t len);
/* What a change is: its line, or, when it has several, "batch NAME". */
char *record_change(char *out, size_t size, const char *text, size_t len, const char *name);

#endif

/* SPDX-License-Identifier: GPL-2.0-only */
/* Diagnostics with their place: file, line, column, the line itself and a hint. */
#ifndef FWCTL_DIAGS_H
#define FWCTL_DIAGS_H

#include "fw/base.h"

/* A text that diagnostics refer to. */
struct ctl_source {
	const char *name;  /* as diagnostics name it; NULL: words of the command line, under any name */
	const char *shown; /* the name to print; NULL: the same */
	const char *text;
	size_t len;
	const struct ctl_source *next;
};
/*
 * Prints every diagnostic on standard error as compilers do: place, message, the line with the column marked, hint; then
 * how many there are. A text that is not among @sources (may be NULL) is read from its file.
 */
void ctl_print_diags(const struct fw_diags *ds, const struct ctl_source *sources);
/* The same as warnings, in one line each. */
void ctl_print_warnings(const struct fw_diags *ds);
/* The diagnostics, or when there are none, @what and the errno of @err. */
void ctl_print_failure(const struct fw_diags *ds, const char *what, int err);
/* Do both name the same file, @shown being escaped? */
bool ctl_is_shown_as(const char *name, const char *shown);

#endif

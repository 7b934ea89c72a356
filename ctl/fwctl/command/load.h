/* SPDX-License-Identifier: GPL-2.0-only */
/* Loading a text that is in memory already. */
#ifndef FWCTL_LOAD_H
#define FWCTL_LOAD_H

#include "ctl/fwctl/command_line/command.h"

#include <stddef.h>

/* As `fwctl load` with a file of this name; takes @text. Return: enum ctl_exit. */
int ctl_load_text(const struct ctl_settings *s, const char *name, char *text, size_t len);

#endif

/* SPDX-License-Identifier: GPL-2.0-only */
/* Loading a text that is in memory already. */
#ifndef FWCTL_LOAD_H
#define FWCTL_LOAD_H

#include "ctl/fwctl/command_line/command.h"

#include <jansson.h>
#include <stddef.h>

/*
 * As `fwctl load` with a file of this name; takes @text, and @counts, where counters of new rules begin: an array of
 * [line, packets, bytes], by line; NULL: at 0. Return: enum ctl_exit.
 */
int ctl_load_text(const struct ctl_settings *s, const char *name, char *text, size_t len, json_t *counts);

#endif

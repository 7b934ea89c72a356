/* SPDX-License-Identifier: GPL-2.0-only */
/* Packets that fwd classifies. */
#ifndef FWCTL_CLASSIFY_H
#define FWCTL_CLASSIFY_H

#include "ctl/fwctl/command_line/command.h"

/* Packets of the command line, and those of the capture that @s names. Return: enum ctl_exit. */
int ctl_classify_live(const struct ctl_settings *s, int n, char **packets);

#endif

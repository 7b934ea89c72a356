/* SPDX-License-Identifier: GPL-2.0-only */
/* The two ways to answer which rule decides on a packet. Packets are those of the command line and of --pcap. */
#ifndef FWCTL_CLASSIFY_H
#define FWCTL_CLASSIFY_H

#include "ctl/fwctl/command_line/command.h"

/* fwd's live tables answer. Return: enum ctl_exit. */
int ctl_classify_fwd(const struct ctl_settings *s, int n, char **packets);
/* The rules of the file --rules answer, without fwd. Return: enum ctl_exit. */
int ctl_classify_rules(const struct ctl_settings *s, int n, char **packets);

#endif

/* SPDX-License-Identifier: GPL-2.0-only */
/* The packets that fwctl classify answers for, and what both kinds of answer print. */
#ifndef FWCTL_CLASSIFY_PACKETS_H
#define FWCTL_CLASSIFY_PACKETS_H

#include "ctl/fwctl/command_line/command.h"

#include "fw/pcap.h"

/* What to do with a packet. An error is printed and noted in @ctx; the next packet follows. */
struct ctl_packet_ops {
	void (*text)(void *ctx, const char *text);              /* of the command line */
	void (*frame)(void *ctx, const struct fw_frame *frame); /* of a capture */
};
/* Packets of the command line, then those of the capture that @s names. Return: 0 or -errno of the capture, which is printed. */
int ctl_packets_each(const struct ctl_settings *s, int n, char **packets, const struct ctl_packet_ops *ops, void *ctx);
/* The line of an answer when no rule decided. @policy: its name. */
void ctl_classify_print_policy(const char *policy, const char *verdict);

#endif

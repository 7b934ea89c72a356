/* SPDX-License-Identifier: GPL-2.0-only */
/* Packets from a capture file, one after the other. Part of lib/text: reads the file, never prints. */
#ifndef FW_PCAP_H
#define FW_PCAP_H

#include "fw/text.h"

struct fw_pcap;

/**
 * fw_pcap_open - a capture file (pcap or pcapng) of Ethernet, IP, PPP, or what tcpdump writes of `any`
 * @path: "-": standard input; copied
 * @out:  closed with fw_pcap_close(); untouched on failure
 * Return: 0, -EINVAL with a diagnostic (no such file, no capture, another link type), -ENOMEM.
 */
int fw_pcap_open(const char *path, struct fw_diags *ds, struct fw_pcap **out);

/**
 * fw_pcap_next - the next packet
 * @frame: at most FW_FRAME_MAX bytes of it, with an Ethernet header even where there was none, and its true length; hook
 *         FW_IN, no interface, mark 0
 * Return: 1 a packet, 0 the end, -EINVAL with a diagnostic when the file is broken.
 */
int fw_pcap_next(struct fw_pcap *p, struct fw_diags *ds, struct fw_frame *frame);

void fw_pcap_close(struct fw_pcap *p); /* NULL is fine */

#endif

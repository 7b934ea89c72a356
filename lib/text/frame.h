/* SPDX-License-Identifier: GPL-2.0-only */
/* A packet as described by hand, between its text (frame.c) and its bytes (frame_build.c). */
#ifndef FW_TEXT_FRAME_H
#define FW_TEXT_FRAME_H

#include "fw/text.h"

#define FW_PPPOE_LENGTH_MAX (65535 - 2)

struct fw_packet {
	struct fw_addr src, dst;
	enum fw_family family;
	uint32_t f[FW_KEY_SLOTS]; /* FW_F_VLAN may be absent; fields that its protocol lacks, and FW_F_IFACE: any */
	char iface[FW_IFNAME_MAX + 1];
	bool proto_named; /* by name, not by number */
	bool pppoe;       /* in a PPPoE session; its length is at most FW_PPPOE_LENGTH_MAX then */
};

/* What follows the IP header. */
struct fw_l4 {
	uint8_t proto;
	uint8_t family; /* FW_FAMILY_NONE: either */
	uint8_t bytes;  /* of the header as it is built */
	uint8_t least;  /* that a valid packet needs */
	bool ports, flags, icmp;
};
/* Never NULL: protocols without fields have a row of zeros, and so do later fragments. */
const struct fw_l4 *fw_packet_l4(const struct fw_packet *p);

/* True for IPv6 extension headers. */
bool fw_packet_is_ext(uint32_t proto);

/* Bytes of the IP header and the fragment header. */
uint32_t fw_packet_headers(const struct fw_packet *p);

/* The bytes. The packet must hold together: a length of at least fw_packet_headers() and fw_packet_l4()->least. */
void fw_packet_build(const struct fw_packet *p, struct fw_frame *out);

#endif

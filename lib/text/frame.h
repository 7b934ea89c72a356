/* SPDX-License-Identifier: GPL-2.0-only */
/* A packet as described by hand, between its text (frame.c) and its bytes (frame_build.c). */
#ifndef FW_TEXT_FRAME_H
#define FW_TEXT_FRAME_H

#include "fw/text.h"

#define FW_PPPOE_LENGTH_MAX (65535 - 2)

struct fw_packet {
	struct fw_addr src, dst;
	enum fw_family family;
	uint32_t f[FW_KEY_SLOTS]; /* may be absent; fields that its protocol lacks, and interfaces: any */
	char iface[FW_IFNAME_MAX + 1], from_if[FW_IFNAME_MAX + 1], to_if[FW_IFNAME_MAX + 1];
	bool proto_named; /* by name, not by number */
	bool pppoe;       /* in a PPPoE session; its length is at most FW_PPPOE_LENGTH_MAX then */
};

/* The layers of fields that it has, by its family, protocol and fragment: see fw_proto_layers(). */
unsigned fw_packet_layers(const struct fw_packet *p);

/* The hooks that know the field of such a packet, a bit each. */
unsigned fw_packet_hooks(const struct fw_packet *p, enum fw_field field);
/* The value of a field that is not given. All fields before it, the family and the hook must be known. */
uint32_t fw_packet_usual(const struct fw_packet *p, enum fw_field field);

/* True for IPv6 extension headers. */
bool fw_packet_is_ext(uint32_t proto);

/* The header after that of IPv6, if the packet has no more extension headers than the other fields @f ask for; absent: not IPv6. */
uint32_t fw_next_header_usual(enum fw_family family, const uint32_t *f);
/* Can it be @next? */
bool fw_packet_can_begin(const struct fw_packet *p, uint32_t next);

/* The extension headers of an IPv6 packet, in their order, and the protocol after them. Return: how many. */
#define FW_PACKET_EXTS 3
unsigned fw_packet_exts(const struct fw_packet *p, uint8_t ext[FW_PACKET_EXTS + 1]);

/* Bytes of the IP header and the extension headers. */
uint32_t fw_packet_headers(const struct fw_packet *p);

/* The shortest length that a valid packet can have, and that of one as it is built, without payload. */
uint32_t fw_packet_least(const struct fw_packet *p);
uint32_t fw_packet_bytes(const struct fw_packet *p);

/* Its bytes, checksums and all. The packet must hold together: its length is at least fw_packet_least(). */
void fw_packet_build(const struct fw_packet *p, struct fw_frame *out);

#endif

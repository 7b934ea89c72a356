/* SPDX-License-Identifier: GPL-2.0-only */
/* Packets of every kind as bytes, and the reply that each must get when it is rejected: written without the programs' code. */
#ifndef FW_TEST_REJECTED_H
#define FW_TEST_REJECTED_H

#include "fw/table/reject.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define REJECTED_MAX 4096

enum rejected_sum { SUM_OK, SUM_WRONG, SUM_PSEUDO, SUM_ZERO, SUM_IP_WRONG };

/* What differs from a plain UDP packet from .2 to .1 of 192.0.2.0/24, or of 2001:db8:0:1::/64. */
struct rejected {
	const char *name;
	const char *from, *to;
	bool six;
	uint8_t proto; /* 0: UDP */
	uint8_t flags; /* of TCP */
	uint8_t type;  /* of ICMP */
	uint16_t payload;
	uint8_t tags;        /* VLAN tags in the frame */
	uint8_t pppoe;       /* bytes of the PPP protocol; 0: no PPPoE */
	uint8_t options;     /* bytes, a multiple of 8: IPv4 options, or an IPv6 destination options header */
	uint8_t tcp_options; /* bytes, a multiple of 4 */
	uint8_t tos;
	uint8_t frag;    /* enum fw_frag */
	uint8_t sum;     /* enum rejected_sum */
	uint8_t padding; /* bytes after the packet */
	bool group;      /* the frame is for a multicast address */
	bool other;      /* the frame is for another host */
	uint8_t kind;    /* enum fw_reject */
};

struct rejected_bytes {
	uint8_t data[REJECTED_MAX];
	size_t len, network;
};

/* The Ethernet addresses: of the receiver, and of the sender. */
struct rejected_macs {
	uint8_t to[6], from[6];
};

void rejected_make(const struct rejected *p, const struct rejected_macs *macs, struct rejected_bytes *out);
/* The reply to a packet that may have one. */
void rejected_reply(const struct rejected *p, const struct rejected_macs *macs, struct rejected_bytes *out);
/* Does the answer consist of a TCP segment? */
bool rejected_by_reset(const struct rejected *p);

#endif

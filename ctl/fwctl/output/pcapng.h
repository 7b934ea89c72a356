/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Captures of packets, as Wireshark and tcpdump read them: pcapng (draft-ietf-opsawg-pcapng), with the interface of each packet
 * and a comment. All interfaces are of link type Ethernet, since libpcap reads no file with several link types.
 */
#ifndef FWCTL_PCAPNG_H
#define FWCTL_PCAPNG_H

#include "fw/base.h"

#define PCAPNG_SNAP 65535 /* bytes of a packet at most */

struct pcapng {
	FILE *f;     /* borrowed */
	char **name; /* of each interface that was written so far */
	size_t n, cap;
};

/* A packet, from its Ethernet header. */
struct pcapng_packet {
	const char *iface;    /* its name, or where it was captured */
	const char *comment;  /* NULL: none */
	bool out;             /* it was leaving */
	uint64_t time;        /* microseconds since the epoch */
	const uint8_t *bytes; /* @len of them, of @wire */
	uint32_t len, wire;
};

/* Writes the beginning of the file. 0 or -errno. */
int pcapng_begin(struct pcapng *p, FILE *f);
/* Writes a packet, and before the first one of an interface a description of that. 0 or -errno. */
int pcapng_add(struct pcapng *p, const struct pcapng_packet *packet);
void pcapng_end(struct pcapng *p);

#endif

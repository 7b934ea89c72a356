/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How many connections addresses have, according to the kernel's connection tracking: followed by its events, and told to the
 * programs for `connections per from over N`. A connection counts from the moment when its first packet has passed all hooks until the
 * kernel forgets it, but a TCP connection only until it is closed. Its source and destination are those of its first packet, before NAT.
 */
#ifndef FW_TRACKED_H
#define FW_TRACKED_H

#include "fw/kern.h"

/* What rules ask for: the number of connections of an address, or of a prefix of that length, if it is at least @least. */
struct fw_tracked_want {
	uint8_t side; /* enum fw_connections_side */
	uint8_t prefix4, prefix6;
	uint32_t least; /* counts below this are not needed; at least 1 */
};

struct fw_tracked;
/* Starts to follow, without anything to count. 0 or -errno. */
int fw_tracked_open(struct fw_kern *k, struct fw_tracked **out);
/* The programs are told nothing any more, and see what they were told last. NULL is fine. */
void fw_tracked_close(struct fw_tracked *t);
/* Readable when there is something to read. */
int fw_tracked_fd(const struct fw_tracked *t);
/* Counts from now on for these, @n of them, of which each side and prefixes are there once. 0 or -errno. */
int fw_tracked_want(struct fw_tracked *t, const struct fw_tracked_want *wants, size_t n);
/*
 * Reads some of the events. If the kernel could not deliver all of them, the counts stay as they are until all connections have been
 * read again. 0 or -errno.
 */
int fw_tracked_read(struct fw_tracked *t);
/* From time to time: whether it is time to read all of them again. 0 or -errno. */
int fw_tracked_look(struct fw_tracked *t, double now);

struct fw_tracked_status {
	uint64_t connections; /* number of connections that are counted */
	uint64_t addresses;   /* number of addresses and prefixes that have connections */
	uint64_t told;        /* number of these whose counts the programs know */
	uint64_t left_out;    /* connections not counted because there were too many, since the start */
	uint64_t lost;        /* number of times that events were lost, since the start */
};
void fw_tracked_status(const struct fw_tracked *t, struct fw_tracked_status *out);

#endif

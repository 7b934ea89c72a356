/* SPDX-License-Identifier: GPL-2.0-only */
/* The stage's namespaces, devices and routes. */
#ifndef FWBENCH_STAGE_NET_H
#define FWBENCH_STAGE_NET_H

#include <stdint.h>

#define STAGE_SOURCE_DEVICE "fwb-out"
#define STAGE_FORWARD_DEVICE "fwb-fwd"
#define STAGE_SINK_DEVICE "fwb-end"
/* How a frame for the device under test begins: to whom, from whom. */
#define STAGE_ETHERNET "\x02\x00\x00\x00\xfb\x02\x02\x00\x00\x00\xfb\x01"

enum stage_place { STAGE_SOURCE, STAGE_TEST, STAGE_SINK, STAGE_PLACES };

/* Descriptors; -1: none. */
struct stage_net {
	int ns[STAGE_PLACES];
	int statistics[STAGE_PLACES]; /* /proc/net/dev of each */
};

/* The counters of a device. */
struct stage_device {
	uint64_t received, received_dropped, sent, sent_dropped;
};

/* Prints errors. 0 or -errno; @net can be closed in any case. Leaves this thread in STAGE_TEST. */
int stage_net_open(struct stage_net *net);
void stage_net_close(struct stage_net *net);
/* Moves this thread into that namespace. 0, or -errno after printing why. */
int stage_net_go(const struct stage_net *net, enum stage_place place);
/* 0, or -errno after printing why. */
int stage_net_count(const struct stage_net *net, enum stage_place place, const char *device, struct stage_device *out);

#endif

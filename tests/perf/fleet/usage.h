/* SPDX-License-Identifier: GPL-2.0-only */
/* What processes and the network have used, from /proc. */
#ifndef FLEET_USAGE_H
#define FLEET_USAGE_H

#include "fw/base.h"

#include <sys/types.h>

struct usage {
	double cpu;     /* seconds, user and system */
	uint64_t bytes; /* resident now; of a sum: of all */
	uint64_t peak;  /* the most that was resident */
};
/* Of a process and its children; pid 0: none. */
struct usage usage_of(pid_t pid);
/* Bytes that the loopback interface of this network namespace has carried. */
uint64_t usage_network(void);

#endif

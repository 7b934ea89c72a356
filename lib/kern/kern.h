/* SPDX-License-Identifier: GPL-2.0-only */
/* The loaded program and its maps as this process holds them. Private to lib/kern. */
#ifndef FW_KERN_PRIVATE_H
#define FW_KERN_PRIVATE_H

#include "fw/kern.h"

#define PENDING_MAX 64
/* Rule counters at most: 2^24. */
#define COUNTER_CHUNKS 1024

/* Something attached: a link that goes away with its descriptor, or a classic tc filter. */
struct attachment {
	int link; /* descriptor, or -1 for a classic filter */
	uint32_t ifindex;
	enum fw_kern_prog prog;
	uint32_t handle, priority; /* of a classic filter */
	bool qdisc;                /* the clsact qdisc is ours to remove */
};

struct fw_kern {
	struct fw_pool pool; /* first: the pool's owner is found from it */
	struct fw_bpf *skel;
	double load_seconds;
	uint32_t ncpus;      /* possible ones */
	struct fw_cpu *cpus; /* mmapped */
	uint32_t generation;
	int pending[PENDING_MAX]; /* segments that the program does not know yet, ending at pool.nsegments */
	uint32_t npending;
	struct fw_counter **chunks; /* chunk * ncpus + CPU, mmapped */
	uint32_t nchunks;
	struct attachment *attached;
	size_t nattached, attached_cap;
};

/* Detaches everything. */
void kern_detach_all(struct fw_kern *k);

#endif

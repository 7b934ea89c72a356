/* SPDX-License-Identifier: GPL-2.0-only */
/* The loaded program and its maps as this process holds them. Private to lib/kern. */
#ifndef FW_KERN_PRIVATE_H
#define FW_KERN_PRIVATE_H

#include "fw/kern.h"

/* Descriptors of segments that are held open at the same time. */
#define PENDING_MAX 256
/* Rule counters at most: 2^24. */
#define COUNTER_CHUNKS 1024

enum kern_map { MAP_POOL, MAP_COUNTERS, MAP_CPUS, MAP_IFACES, MAP_CONTROL, NMAPS };

/* Something attached: a link that goes away with its descriptor, or a classic tc filter. */
struct attachment {
	int link; /* descriptor, or -1 for a classic filter */
	uint32_t ifindex;
	enum fw_kern_prog prog;
	uint32_t handle, priority; /* of a classic filter */
	bool qdisc;                /* the clsact qdisc is ours to remove */
};

/* A segment that the program does not know yet. */
struct segment {
	uint32_t index;
	int fd;
};

struct fw_kern {
	struct fw_pool pool;               /* first: the pool's owner is found from it */
	int progs[FW_NPROGS], maps[NMAPS]; /* descriptors */
	double load_seconds;
	uint32_t ncpus;      /* possible ones */
	struct fw_cpu *cpus; /* mmapped */
	uint64_t *control;   /* mmapped */
	struct segment pending[PENDING_MAX];
	uint32_t npending;
	uint64_t known[FW_POOL_SEGMENTS / 64]; /* segments that the program knows */
	int hole;     /* stands in the pool's map where a segment was given back; -1: there was none yet */
	int grace[2]; /* a map of maps and its value where membarrier() does not wait; else -1 */
	struct fw_counter **chunks; /* chunk * ncpus + CPU, mmapped */
	uint32_t nchunks;
	struct attachment *attached;
	size_t nattached, attached_cap;
};

/* An mmap-able array of one value of @bytes: its descriptor, or -errno. */
int kern_value_map(const char *name, uint32_t bytes);
/* Closes a descriptor and puts -1 in its place; -1 is fine. */
void kern_close_fd(int *fd);
/* The callbacks of the pool, and what they leave behind. */
void kern_segments_init(struct fw_kern *k);
void kern_segments_fini(struct fw_kern *k);
int kern_grace_init(struct fw_kern *k);
void kern_counters_fini(struct fw_kern *k);
/* Detaches everything. */
void kern_detach_all(struct fw_kern *k);

#endif

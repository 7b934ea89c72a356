/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * fwd's lookup for many packets at a time, in user space: what the kernel, which hands over one packet after the other, has
 * no use for. The tables are those of include/fw/table/format.h, and so is the way through them; only that all packets take a
 * step before any takes the next one, so that they wait for memory together.
 */
#ifndef FWBENCH_BATCH_H
#define FWBENCH_BATCH_H

#include "fw/compile.h"

#define BATCH_PACKETS 32

struct batch;

/* What it is compiled for; the last of them runs everywhere. */
struct batch_method {
	const char *name;
	bool (*has)(void); /* can this CPU? */
	/* Up to BATCH_PACKETS packets, FW_WHAT of each. No one may change the tables meanwhile. */
	void (*run)(struct batch *b, const struct fw_key *keys, unsigned n, uint32_t *what);
};
#define BATCH_METHODS 2
extern const struct batch_method batch_avx512, batch_plain;
extern const struct batch_method *const batch_methods[BATCH_METHODS];

/* @pool: borrowed. Not shared between threads. 0 or -ENOMEM; batch_free(NULL) is fine. */
int batch_new(const struct fw_pool *pool, struct batch **out);
void batch_free(struct batch *b);
/* From now on the image at @root, as generation @generation. */
void batch_publish(struct batch *b, uint32_t root, uint32_t generation);
/* The first of the methods that this CPU can. */
const struct batch_method *batch_best(void);

#endif

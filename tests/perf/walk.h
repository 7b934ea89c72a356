/* SPDX-License-Identifier: GPL-2.0-only */
/* Shared between walk.bpf.c and its user: the first bytes of a packet, with all headers. */
#ifndef FWBENCH_WALK_H
#define FWBENCH_WALK_H

#include <linux/types.h>

#define WALK_HEADER_WORDS 16

struct walk_header {
	__u64 words[WALK_HEADER_WORDS];
};

#endif

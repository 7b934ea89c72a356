/* SPDX-License-Identifier: GPL-2.0-only */
/* What walk.bpf.c and its user share: the first bytes of a packet, headers included. */
#ifndef FWBENCH_WALK_H
#define FWBENCH_WALK_H

#include <linux/types.h>

#define WALK_HEADER_WORDS 16

struct walk_header {
	__u64 words[WALK_HEADER_WORDS];
};

#endif

/* SPDX-License-Identifier: GPL-2.0-only */
/* What stage.bpf.c and its user share: frames as the generator sends them, and marks on its way. */
#ifndef FWBENCH_STAGE_FRAME_H
#define FWBENCH_STAGE_FRAME_H

#include <linux/types.h>

#define STAGE_FRAMES 65536 /* as many as an IPv4 identification can number */
#define STAGE_FRAME 60     /* bytes */
#define STAGE_BATCHES 1024 /* whose time is kept, the latest; a power of two */

struct stage_frame {
	__u64 words[7];
	__u32 last;
	__u32 unused;
};

/* How far it was at a time (monotonic clock, ns). */
struct stage_mark {
	__u64 at, sent, passed;
};

#endif

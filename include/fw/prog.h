/* SPDX-License-Identifier: GPL-2.0-only */
/* What the program and who loads it agree on, beyond the tables. */
#ifndef FW_PROG_H
#define FW_PROG_H

#include <linux/types.h>

/* States of CPUs: two for each, the second one for a packet that interrupts another, and the last one for fw_dry_run(). */
#define FW_CPU_STATES(ncpus) (2 * (ncpus) + 1)

/* Before the frame that fw_dry_run() is asked about: an Ethernet header of no type that the kernel looks into. */
#define FW_DRY_HEAD 14
/* What is asked: words of skb->cb. */
struct fw_dry_run {
	__u32 hook;    /* enum fw_hook */
	__u32 ifindex; /* 0: none */
	__u32 len;     /* of the frame, however much of it is there */
};

#endif

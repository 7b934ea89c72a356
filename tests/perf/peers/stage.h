/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The stage: three network namespaces of our own in a line, which go away with
 * this process however it ends.
 *
 *	source                   device under test                       sink
 *	fwb-out  ------------>  fwb-in   (routes)   fwb-fwd  ---------->  fwb-end
 *	a program sends frames   a peer filters here                     what got through is counted
 *	from inside the kernel
 *
 * Everything runs on one CPU: a packet's time is that of its whole way, and the
 * way without a filter is taken off.
 */
#ifndef FWBENCH_STAGE_H
#define FWBENCH_STAGE_H

#include "tests/perf/peers/work.h"

struct stage;

/* 0 or -errno after printing why on standard error. Enters a mount and network namespace of its own first; once in a process. */
int stage_open(struct stage **out);
void stage_close(struct stage *st); /* NULL is fine */
/* This thread is in the namespace of the device under test from stage_open() on; the index of its device fwb-in there. */
uint32_t stage_ifindex(const struct stage *st);
#define STAGE_DEVICE "fwb-in"

/* Packets that came in at fwb-in (with the generator alone: that were made), and those of them that came out at fwb-end. */
struct stage_count {
	uint64_t sent, passed;
};
struct stage_flood {
	const struct work_packet *packets; /* @n of them, over and over; borrowed */
	size_t n;
	bool generator; /* drop frames where they are made: what the generator alone costs */
	double seconds; /* about how long */
	uint64_t sent;  /* how many for that; 0 at first, and found out then */
	/* Filled in: */
	struct stage_count count;
	struct stage_count all; /* until the last packet is through; not with the generator alone */
	double took;            /* seconds, until the last packet is through */
	double each;            /* seconds a packet of the median batch: what others took the CPU for is not in it */
};
/* Sends packets at full rate. 0, or -errno after printing why. */
int stage_flood(struct stage *st, struct stage_flood *f);
/**
 * stage_judge - the verdict of each packet, as it shows on the wire
 * @accept: for each of @n packets: did it get through?
 * Return: 0, or -errno after printing why: packets were lost on the way that a second try did not find.
 */
int stage_judge(struct stage *st, const struct work_packet *packets, size_t n, bool *accept);

#endif

/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Arithmetic without branches, for the lookup: a branch on a table's contents is
 * mispredicted, and multiplies the states that the verifier follows.
 */
#ifndef FW_BITS_H
#define FW_BITS_H

#include "fw/table/port.h"

/* The sign bit of x, as 0 or 1. Opaque before and after; otherwise the compiler turns it into a compare and a branch. */
static __always_inline __u64 fw_sign(__u64 x)
{
	fw_opaque(x);
	x >>= 63;
	fw_opaque(x);
	return x;
}

/* 1 if x is 0, else 0. */
static __always_inline __u64 fw_is_zero(__u64 x)
{
	return fw_sign(~x & (x - 1));
}

/* The smaller of two hits, both below 2^63. */
static __always_inline __u64 fw_min_hit(__u64 a, __u64 b)
{
	__u64 d = b - a;

	return a + (d & -fw_sign(d));
}

static __always_inline __u32 fw_popcount(__u64 x)
{
	x -= x >> 1 & 0x5555555555555555ull;
	x = (x & 0x3333333333333333ull) + (x >> 2 & 0x3333333333333333ull);
	x = (x + (x >> 4)) & 0x0f0f0f0f0f0f0f0full;
	return x * 0x0101010101010101ull >> 56;
}

/* Number of trailing zeros of x, which is not 0: the population count of the bits below the lowest one. */
static __always_inline __u32 fw_lowest_bit(__u64 x)
{
	return fw_popcount((x & -x) - 1);
}

#endif

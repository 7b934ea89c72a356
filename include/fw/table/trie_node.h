/* SPDX-License-Identifier: GPL-2.0-only */
/* Finds the run of a trie node that holds a value, for the lookup and for updates of a trie. */
#ifndef FW_TRIE_NODE_H
#define FW_TRIE_NODE_H

#include "fw/table/bits.h"
#include "fw/table/format.h"

/* Counts the bytes in the even places of x that are at least b. 16-bit lanes leave room for the borrow. */
#define FW_EVEN_BYTES 0x00ff00ff00ff00ffull
#define FW_BYTE_LANES 0x0001000100010001ull
static __always_inline __u64 fw_lanes_at_least(__u64 x, __u64 b)
{
	return ((FW_BYTE_LANES << 8 | (x & FW_EVEN_BYTES)) - b * FW_BYTE_LANES) >> 8 & FW_BYTE_LANES;
}

/* The run that holds byte b: the number of runs that end below it. */
static __always_inline __u32 fw_runs8_find(const struct fw_runs8 *node, __u64 b)
{
	__u64 low = *(const __u64 *)node->last, high = *(const __u32 *)(node->last + 8);
	__u64 lanes = fw_lanes_at_least(low, b) + fw_lanes_at_least(low >> 8, b);

	/* The four lanes above the last four bytes hold 0xff and count as at least b: hence the 4 below. */
	high |= 0xffffffff00000000ull;
	lanes += fw_lanes_at_least(high, b) + fw_lanes_at_least(high >> 8, b);
	return FW_RUNS8 - 1 + 4 - (__u32)(lanes * FW_BYTE_LANES >> 48);
}

static __always_inline __u32 fw_runs32_find(const struct fw_runs32 *node, __u64 value)
{
	__u32 n = 0;

#pragma GCC unroll 8
	for (int i = 0; i < FW_RUNS32 - 1; i++)
		n += fw_sign(node->last[i] - value);
	return n;
}

#endif
